//! The rules one by one; `schedules` has all of them together.

use chrono::TimeZone as _;

use super::*;

mod schedules;

/// Seconds after a fixed moment.
fn at(seconds: i64) -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 1, 2, 3, 4, 5).unwrap() + TimeDelta::seconds(seconds)
}

fn key(kid: &str, signs_from: i64, retired_at: Option<i64>) -> SigningKey {
    SigningKey {
        kid: kid.to_owned(),
        alg: SigningAlgorithm::Rs256,
        private: SecretString::from("{}"),
        created_at: at(signs_from - 10),
        signs_from: at(signs_from),
        retired_at: retired_at.map(at),
    }
}

fn policy() -> Policy {
    Policy {
        alg: SigningAlgorithm::Rs256,
        publish_ahead: TimeDelta::seconds(10),
        keep_after: TimeDelta::seconds(20),
        rotate_every: Some(TimeDelta::seconds(100)),
    }
}

fn kid(key: Option<&SigningKey>) -> &str {
    key.map_or("-", |key| &key.kid)
}

#[test]
fn a_key_signs_from_its_second_until_that_of_its_successor() {
    let keys = [key("a", 0, None), key("b", 50, None)];
    for (now, signs, waits) in [
        (-1, "-", "b"),
        (0, "a", "b"),
        (49, "a", "b"),
        (50, "b", "-"),
        (500, "b", "-"),
    ] {
        assert_eq!(kid(signing(&keys, at(now))), signs, "at {now}");
        assert_eq!(kid(next(&keys, at(now))), waits, "at {now}");
    }
}

#[test]
fn a_retired_key_signs_nothing_and_is_published_until_its_tokens_are_over() {
    let keys = [key("a", 0, Some(52)), key("b", 50, None)];
    let shown = |now| -> Vec<String> {
        published(&keys, at(now), &policy())
            .map(|key| key.kid.clone())
            .collect()
    };
    assert_eq!(kid(signing(&keys, at(51))), "b");
    assert_eq!(shown(71), ["a", "b"]);
    assert_eq!(shown(72), ["b"]);
    assert_eq!(delete_before(at(72), &policy()), at(52));
}

#[test]
fn a_key_that_a_faster_clock_retired_goes_on_signing_until_its_successor_may() {
    let keys = [key("a", 0, Some(52)), key("b", 50, None)];
    assert_eq!(kid(signing(&keys, at(49))), "a");
    assert_eq!(kid(newest(&keys)), "b");
}

#[test]
fn a_new_key_is_due_in_time_to_be_published_before_it_signs() {
    let old = [key("a", 0, None)];
    let waiting = [key("a", 0, None), key("b", 100, None)];
    let es256 = Policy {
        alg: SigningAlgorithm::Es256,
        ..policy()
    };
    let never = Policy {
        rotate_every: None,
        ..policy()
    };
    for (what, keys, now, policy, expected) in [
        ("no key at all", &[][..], 0, policy(), Some(Due::First)),
        ("a second early", &old, 89, policy(), None),
        ("in time", &old, 90, policy(), Some(Due::Age)),
        ("long overdue", &old, 9_000, policy(), Some(Due::Age)),
        ("one waits", &waiting, 95, policy(), None),
        ("another algorithm", &old, 1, es256, Some(Due::Algorithm)),
        ("another while one waits", &waiting, 95, es256, None),
        ("never by age", &old, 9_000, never, None),
        (
            "all retired",
            &[key("a", 0, Some(5))],
            6,
            policy(),
            Some(Due::First),
        ),
    ] {
        assert_eq!(due(keys, at(now), &policy), expected, "{what}");
    }
    assert_eq!(signs_from(Due::First, at(1), &policy()), at(1));
    assert_eq!(signs_from(Due::Age, at(90), &policy()), at(100));
    assert_eq!(signs_from(Due::Algorithm, at(1), &policy()), at(11));
}

#[test]
fn only_keys_that_were_succeeded_are_retired() {
    let keys = [
        key("a", 0, Some(9)),
        key("b", 5, None),
        key("c", 50, None),
        key("d", 90, None),
    ];
    let retired = |now| -> Vec<String> {
        to_retire(&keys, at(now))
            .map(|key| key.kid.clone())
            .collect()
    };
    assert_eq!(retired(49), Vec::<String>::new());
    assert_eq!(retired(50), ["b"]);
    assert_eq!(retired(90), ["b", "c"]);
}

#[test]
fn turns_never_change_places() {
    let keys = [key("a", 0, None), key("b", 50, None)];
    let ms = TimeDelta::milliseconds(1);
    for (kid, wanted, expected) in [
        ("c", at(60), at(60)),
        ("c", at(50), at(50) + ms),
        ("c", at(20), at(50) + ms),
        ("b", at(20), at(20)),
        ("b", at(0), at(0) + ms),
    ] {
        assert_eq!(turn_of(kid, &keys, wanted), expected, "{kid} at {wanted}");
    }
}

#[test]
fn every_key_is_at_one_stage() {
    let keys = [key("a", 0, None), key("b", 50, None), key("c", 90, None)];
    let stages = [Stage::Retired, Stage::Signing, Stage::Next];
    for (key, expected) in keys.iter().zip(stages) {
        assert_eq!(stage(key, &keys, at(60)), expected, "{}", key.kid);
    }
}
