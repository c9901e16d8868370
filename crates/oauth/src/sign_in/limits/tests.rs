use proptest::prelude::*;

use super::*;

fn at(millis: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(1_800_000_000_000 + millis).unwrap()
}

fn guest(account: &str, address: &str) -> Guest {
    Guest::stranger(Typed::account(account), Some(address.parse().unwrap()))
}

/// Tries without a break until the limits say wait, always wrong. Gives how often that was.
fn exhaust(limits: &SignInLimits, guest: &Guest, now: DateTime<Utc>) -> u32 {
    let mut tried = 0;
    while limits.admit(guest, now).is_ok() {
        tried += 1;
        assert!(tried < 1_000, "there is no limit");
    }
    tried
}

#[test]
fn one_address_at_one_account_gets_five_tries_and_then_growing_delays() {
    let limits = SignInLimits::default();
    let eve = guest("kim@example.com", "192.0.2.1");
    assert_eq!(exhaust(&limits, &eve, at(0)), 5);
    let (mut now, mut tries, mut waits) = (0, 5, Vec::new());
    while now < 24 * 3_600_000 {
        match limits.admit(&eve, at(now)) {
            Ok(()) => tries += 1,
            Err(wait) => {
                waits.push(wait.seconds());
                now += wait.seconds() * 1_000;
            }
        }
    }
    assert_eq!(waits[..9], [3, 5, 9, 17, 33, 65, 129, 257, 513]);
    assert!(waits[9..].iter().all(|wait| (513..=901).contains(wait)));
    assert!((90..130).contains(&tries), "{tries} guesses in a day");
}

#[test]
fn what_was_typed_counts_however_it_was_written_and_whether_or_not_there_is_an_account() {
    let limits = SignInLimits::default();
    for typed in [
        "kim@example.com",
        " KIM@example.com",
        "Kim@Example.Com ",
        "kim@example.com",
        "KIM@EXAMPLE.COM",
    ] {
        limits.admit(&guest(typed, "192.0.2.1"), at(0)).unwrap();
    }
    assert!(
        limits
            .admit(&guest("kim@example.com", "192.0.2.1"), at(0))
            .is_err()
    );
    let nobody = guest("not an address", "192.0.2.2");
    assert_eq!(exhaust(&limits, &nobody, at(0)), 5);
}

#[test]
fn one_address_at_many_accounts_gets_thirty_tries() {
    let limits = SignInLimits::default();
    let admitted = (0..1_000)
        .filter(|n| {
            let eve = guest(&format!("user{n}@example.com"), "192.0.2.1");
            limits.admit(&eve, at(0)).is_ok()
        })
        .count();
    assert_eq!(admitted, 30);
    // and its neighbour is not held responsible
    assert!(
        limits
            .admit(&guest("user1@example.com", "192.0.2.2"), at(0))
            .is_ok()
    );
}

#[test]
fn an_ipv6_network_is_one_address() {
    let limits = SignInLimits::default();
    let admitted = (0..1_000)
        .filter(|n| {
            let eve = guest("kim@example.com", &format!("2001:db8:1:2:{n:x}::1"));
            limits.admit(&eve, at(0)).is_ok()
        })
        .count();
    assert_eq!(admitted, 5);
    assert!(
        limits
            .admit(&guest("kim@example.com", "2001:db8:1:3::1"), at(0))
            .is_ok()
    );
}

#[test]
fn many_addresses_at_one_account_make_strangers_wait_and_no_browser_that_is_known() {
    let limits = SignInLimits::default();
    let admitted = (0..1_000)
        .filter(|n| {
            let bot = guest("kim@example.com", &format!("10.0.{}.{}", n / 250, n % 250));
            limits.admit(&bot, at(0)).is_ok()
        })
        .count();
    assert_eq!(admitted, 60);
    assert!(
        limits
            .admit(&guest("kim@example.com", "192.0.2.1"), at(0))
            .is_err()
    );
    let own = Guest::Known(KnownBrowser([7; 16]));
    limits.admit(&own, at(0)).unwrap();
    limits.settle(&own, Tried::Right);
    // a stolen cookie is a browser like any other: it has its own tries
    assert_eq!(exhaust(&limits, &own, at(0)), 10);
}

#[test]
fn a_right_password_clears_its_pair_and_nobody_elses_strikes() {
    let limits = SignInLimits::default();
    // Somebody with an account of his own cannot wash the address with it.
    for n in 0..29 {
        let victim = guest(&format!("user{n}@example.com"), "192.0.2.1");
        limits.admit(&victim, at(0)).unwrap();
        let own = guest("eve@example.com", "192.0.2.1");
        limits.admit(&own, at(0)).unwrap();
        limits.settle(&own, Tried::Right);
    }
    let next = guest("user30@example.com", "192.0.2.1");
    assert_eq!(exhaust(&limits, &next, at(0)), 1);
    // Five typing errors, then the right one: the next day starts anew.
    let kim = guest("kim@example.com", "192.0.2.9");
    for _ in 0..4 {
        limits.admit(&kim, at(0)).unwrap();
        limits.settle(&kim, Tried::Wrong);
    }
    limits.admit(&kim, at(0)).unwrap();
    limits.settle(&kim, Tried::Right);
    assert_eq!(exhaust(&limits, &kim, at(0)), 5);
}

#[test]
fn a_try_that_was_not_looked_at_costs_nothing() {
    let limits = SignInLimits::default();
    for guest in [
        guest("kim@example.com", "192.0.2.1"),
        Guest::Known(KnownBrowser([1; 16])),
    ] {
        for _ in 0..100 {
            limits.admit(&guest, at(0)).unwrap();
            limits.settle(&guest, Tried::Unchecked);
        }
    }
}

#[test]
fn tries_at_once_are_counted_before_any_of_them_is_settled() {
    let limits = SignInLimits::default();
    let eve = guest("kim@example.com", "192.0.2.1");
    assert_eq!(exhaust(&limits, &eve, at(0)), 5, "none was settled");
}

#[derive(Clone, Debug)]
struct Step {
    /// Milliseconds since the step before.
    after: i64,
    /// Which of a few accounts.
    account: u8,
    /// Which of a few addresses.
    address: u8,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = (0..600_000_i64, 0..4_u8, 0..3_u8).prop_map(|(after, account, address)| Step {
        after,
        account,
        address,
    });
    prop::collection::vec(step, 0..400)
}

proptest! {
    /// Whatever up to three addresses do, at whatever pace, nobody else waits, and no wait is longer than a quarter of an hour.
    #[test]
    fn a_few_addresses_never_make_anybody_else_wait(steps in steps()) {
        let limits = SignInLimits::default();
        let mut now = 0;
        for step in steps {
            now += step.after;
            let eve = guest(&format!("user{}@example.com", step.account), &format!("192.0.2.{}", step.address));
            if let Err(wait) = limits.admit(&eve, at(now)) {
                prop_assert!(wait.seconds() <= 901, "{wait}");
            }
        }
        for account in 0..4 {
            let owner = guest(&format!("user{account}@example.com"), "198.51.100.1");
            prop_assert!(limits.admit(&owner, at(now)).is_ok());
        }
    }

    /// The same for those who only ever attack one account as fast as they may.
    #[test]
    fn three_addresses_as_fast_as_they_may_never_make_the_owner_wait(hours in 1..72_i64) {
        let limits = SignInLimits::default();
        let mut now = 0;
        while now < hours * 3_600_000 {
            let mut soonest = 900_000;
            for address in 0..3 {
                let eve = guest("kim@example.com", &format!("192.0.2.{address}"));
                match limits.admit(&eve, at(now)) {
                    Ok(()) => soonest = 1,
                    Err(wait) => soonest = soonest.min(wait.seconds() * 1_000),
                }
            }
            now += soonest;
        }
        prop_assert!(limits.admit(&guest("kim@example.com", "198.51.100.1"), at(now)).is_ok());
    }
}
