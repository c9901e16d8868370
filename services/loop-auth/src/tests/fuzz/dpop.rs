//! Proofs of possession that somebody has worked on, with and without the key (RFC 9449).

use loop_testkit::dpop::{ProofSpec, shared_key};
use proptest::{collection::vec, prelude::*};

use super::{
    jwt::{Work, apply, work},
    target::{ISSUER, form_post, fuzz},
};

/// Whoever holds the key may sign what it likes; only members can be changed then.
fn signed(proof: ProofSpec, all: Vec<Work>) -> String {
    let changed = all.into_iter().fold(proof, |proof, work| match work {
        Work::Member(0, name, value) => proof.header(name, value),
        Work::Member(_, name, value) => proof.claim(name, value),
        Work::Without(0, name) => proof.without_header(name),
        Work::Without(_, name) => proof.without(name),
        _ => proof,
    });
    changed.sign(shared_key())
}

#[test]
fn a_proof_that_was_worked_on_proves_nothing() {
    fuzz(
        &(vec(work(), 1..4), any::<bool>()),
        async |target, (all, holds_key)| {
            let proof = ProofSpec::new("POST", &format!("{ISSUER}/token"), target.now());
            let mut untouched = true;
            let header = if holds_key {
                signed(proof, all).into_bytes()
            } else {
                let good = proof.sign(shared_key());
                let bad = apply(&good, all);
                untouched = bad == good.as_bytes();
                bad
            };
            let form = b"grant_type=refresh_token&client_id={{client}}&refresh_token={{refresh}}";
            let mut attempt = form_post("/token", form.to_vec());
            let sent = actix_web::http::header::HeaderValue::from_bytes(&header).is_ok();
            attempt.headers.push(("dpop", header));
            let reply = target.attempt(&attempt).await.expect("a reply");
            match reply.status.as_u16() {
                200 => assert!(holds_key || untouched || !sent, "{attempt:?}"),
                400 | 413 => {
                    reply.oauth_error(&["invalid_dpop_proof", "use_dpop_nonce", "invalid_grant"]);
                }
                status => panic!("{status} for {attempt:?}"),
            }
        },
    );
}
