//! A whole installation on a simulated clock: replicas with clocks and views of their own, verifiers that refresh
//! as seldom as they may, caches in between, an operator who rotates and changes the algorithm whenever he likes.
//!
//! Invariant: at no second is a token that has not expired refused by a verifier that looks as it should.

use proptest::prelude::*;

use super::*;
use crate::{
    store::{Inserted, SigningKeys as _},
    testing::MemoryStore,
};

/// How long a replica goes without reading the keys, at most.
const REREAD: i64 = 3;
/// How long an HTTP cache keeps the document, at most.
const MAX_AGE: i64 = 2;
/// How far a replica's clock is off, either way.
const SKEW: i64 = 1;
const MARGIN: i64 = REREAD + MAX_AGE + 2 * SKEW + 1;
/// Clock difference that a verifier forgives.
const LEEWAY: i64 = 2;

#[derive(Clone, Copy, Debug)]
enum Deed {
    /// `keys rotate` at some replica.
    Rotate(usize),
    /// `keys rotate --now`.
    RotateNow(usize),
    /// A replica restarts with another `SIGNING_ALG`.
    Algorithm(usize, SigningAlgorithm),
    /// A replica stops looking after the schedule, and one goes on.
    Nap(usize),
}

#[derive(Debug)]
struct Plan {
    cache: i64,
    ttl: i64,
    rotate_every: Option<i64>,
    replicas: Vec<(i64, i64)>,
    deeds: Vec<(i64, Deed)>,
}

fn plan(emergencies: bool) -> impl Strategy<Value = Plan> {
    let replica = 0..3_usize;
    let algorithm = prop::sample::select(SigningAlgorithm::ALL.to_vec());
    let deed = prop_oneof![
        3 => replica.clone().prop_map(Deed::Rotate),
        3 => replica.clone().prop_map(move |who| if emergencies { Deed::RotateNow(who) } else { Deed::Rotate(who) }),
        2 => (replica.clone(), algorithm).prop_map(|(who, alg)| Deed::Algorithm(who, alg)),
        1 => replica.prop_map(Deed::Nap),
    ];
    (
        1..20_i64,
        1..25_i64,
        prop::option::of(5..60_i64),
        prop::collection::vec((-SKEW..=SKEW, 1..=REREAD), 3),
        prop::collection::vec((1..240_i64, deed), 0..25),
    )
        .prop_map(|(cache, ttl, rotate_every, replicas, deeds)| Plan {
            cache,
            ttl,
            rotate_every,
            replicas,
            deeds,
        })
}

struct Replica {
    skew: i64,
    every: i64,
    policy: Policy,
    view: Vec<SigningKey>,
    naps: bool,
}

impl Replica {
    fn new(plan: &Plan, skew: i64, every: i64) -> Self {
        let policy = Policy {
            alg: SigningAlgorithm::Rs256,
            publish_ahead: TimeDelta::seconds(plan.cache + MARGIN),
            keep_after: TimeDelta::seconds(plan.ttl + LEEWAY + MARGIN),
            rotate_every: plan.rotate_every.map(TimeDelta::seconds),
        };
        Self {
            skew,
            every,
            policy,
            view: Vec::new(),
            naps: false,
        }
    }

    async fn add(&self, store: &MemoryStore, serial: &mut u32, now: i64, from: DateTime<Utc>) {
        *serial += 1;
        let mut made = key(&format!("k{serial}"), 0, None);
        made.alg = self.policy.alg;
        let from = turn_of(&made.kid, &self.view, from);
        (made.created_at, made.signs_from) = (at(now + self.skew), from);
        let added = match newest(&self.view) {
            Some(newest) => store.add_next_key(&made, &newest.kid).await,
            None => store.add_first_key(&made).await,
        };
        assert!(matches!(added, Ok(Inserted::Now | Inserted::AlreadyThere)));
    }

    /// What every replica does at every turn: note, delete, add, read. Decides by what it last read.
    async fn tend(&mut self, store: &MemoryStore, serial: &mut u32, now: i64) {
        let clock = at(now + self.skew);
        for key in to_retire(&self.view, clock) {
            store.retire_key(&key.kid, clock).await.unwrap();
        }
        let limit = delete_before(clock, &self.policy);
        store.delete_keys(limit).await.unwrap();
        if let Some(why) = due(&self.view, clock, &self.policy) {
            let from = signs_from(why, clock, &self.policy);
            self.add(store, serial, now, from).await;
        }
    }

    async fn rotate(&self, store: &MemoryStore, serial: &mut u32, now: i64, at_once: bool) {
        let clock = at(now + self.skew);
        match next(&self.view, clock) {
            Some(waiting) if at_once => {
                let turn = turn_of(&waiting.kid, &self.view, clock);
                store.advance_key(&waiting.kid, turn).await.unwrap();
            }
            Some(_) => {}
            None if at_once => self.add(store, serial, now, clock).await,
            None => {
                let from = signs_from(Due::Age, clock, &self.policy);
                self.add(store, serial, now, from).await;
            }
        }
    }
}

/// A token: who signed it, when it is over, and whether its signer had been known for long enough.
struct Token {
    kid: String,
    exp: i64,
}

/// Runs the plan; panics with the second at which a verifier refuses a good token.
///
/// With `emergencies` only tokens that were known before must go on working, since a key that signs at once is
/// what no verifier can know: that is what `--now` costs.
#[expect(
    clippy::too_many_lines,
    reason = "one second of a simulation, in the order in which things happen"
)]
async fn run(plan: &Plan, emergencies: bool) {
    let store = MemoryStore::default();
    let mut serial = 0;
    let mut replicas: Vec<_> = plan
        .replicas
        .iter()
        .map(|(skew, every)| Replica::new(plan, *skew, *every))
        .collect();
    let mut tokens: Vec<Token> = Vec::new();
    // What a cache or a verifier holds: key ids, and when they were read.
    let mut cached: Vec<(i64, Vec<String>)> = vec![(i64::MIN, Vec::new()); replicas.len()];
    let mut verifiers: Vec<(i64, Vec<String>)> = vec![(i64::MIN, Vec::new()); replicas.len()];
    for now in 0..260 {
        for replica in &mut replicas {
            // Readings and work fall on different seconds for each.
            if now % replica.every == 0 {
                replica.view = store.signing_keys().await.unwrap();
                if !replica.naps {
                    replica.tend(&store, &mut serial, now).await;
                    replica.view = store.signing_keys().await.unwrap();
                }
            }
        }
        for (_, deed) in plan.deeds.iter().filter(|(when, _)| *when == now) {
            match *deed {
                Deed::Rotate(who) => replicas[who].rotate(&store, &mut serial, now, false).await,
                Deed::RotateNow(who) => replicas[who].rotate(&store, &mut serial, now, true).await,
                Deed::Algorithm(who, alg) => replicas[who].policy.alg = alg,
                Deed::Nap(who) => replicas[who].naps = who != 0,
            }
        }
        for (which, replica) in replicas.iter().enumerate() {
            let clock = at(now + replica.skew);
            if now - MAX_AGE >= cached[which].0 {
                let shown = published(&replica.view, clock, &replica.policy);
                cached[which] = (now, shown.map(|key| key.kid.clone()).collect());
            }
        }
        for (which, verifier) in verifiers.iter_mut().enumerate() {
            if now - plan.cache >= verifier.0 {
                *verifier = (
                    now,
                    cached[(which + serial as usize) % cached.len()].1.clone(),
                );
            }
        }
        for replica in &replicas {
            let signer = signing(&replica.view, at(now + replica.skew))
                .or_else(|| replica.view.iter().min_by_key(|key| key.signs_from));
            let signer = signer.expect("there is always a key to sign with");
            let known = verifiers.iter().all(|(_, kids)| kids.contains(&signer.kid));
            assert!(
                known || emergencies,
                "at {now} {} is unknown: {plan:?}",
                signer.kid
            );
            if known {
                tokens.push(Token {
                    kid: signer.kid.clone(),
                    exp: now + replica.skew + plan.ttl,
                });
            }
        }
        tokens.retain(|token| now < token.exp + LEEWAY);
        for (token, (_, kids)) in tokens
            .iter()
            .flat_map(|token| verifiers.iter().map(move |v| (token, v)))
        {
            assert!(
                kids.contains(&token.kid),
                "at {now} {} is gone: {plan:?}",
                token.kid
            );
        }
        let clock = at(now - SKEW);
        let all = store.signing_keys().await.unwrap();
        let waiting = all
            .iter()
            .filter(|key| at(now + SKEW) < key.signs_from && key.created_at <= clock);
        assert!(waiting.count() <= 1, "at {now} two successors: {plan:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_good_token_is_ever_refused_whatever_the_schedule(plan in plan(false)) {
        futures_util::future::FutureExt::now_or_never(run(&plan, false)).expect("nothing waits");
    }

    #[test]
    fn an_emergency_costs_new_tokens_at_most_and_never_old_ones(plan in plan(true)) {
        futures_util::future::FutureExt::now_or_never(run(&plan, true)).expect("nothing waits");
    }
}

/// Found by the property above: two replicas, each with a view of its own, retired each other's key.
#[test]
fn orders_at_two_replicas_in_one_second_leave_a_key_that_signs() {
    let plan = Plan {
        cache: 7,
        ttl: 2,
        rotate_every: None,
        replicas: vec![(1, 1), (0, 1), (-1, 1)],
        deeds: vec![
            (19, Deed::Algorithm(2, SigningAlgorithm::Es256)),
            (79, Deed::RotateNow(0)),
            (109, Deed::RotateNow(0)),
            (110, Deed::RotateNow(2)),
        ],
    };
    futures_util::future::FutureExt::now_or_never(run(&plan, true)).expect("nothing waits");
}
