//! Tokens that are bound to a key (RFC 9449 §7), stolen and otherwise abused ones first.

use actix_web::dev::{Service, ServiceResponse};
use actix_web::http::header::WWW_AUTHENTICATE;
use actix_web::test::{TestRequest, call_service};
use loop_testkit::dpop::{ProofSpec, thumbprint};
use loop_testkit::{TestIssuer, TestKey, fixed_now};
use serde_json::json;

use super::tests::{app, bearer_with};
use crate::auth::dpop::Nonces;

const URL: &str = "https://loop.example/exec/kpi";
const RESOURCE: &str = "https://loop.example/exec/mcp";

fn nonces() -> Nonces {
    Nonces::new([7; 32], 60)
}

/// A token bound to `key`.
fn bound(issuer: &TestIssuer, key: &TestKey) -> String {
    let cnf = json!({ "jkt": thumbprint(key) });
    let token = issuer.token(RESOURCE, fixed_now()).scope("kpi:read");
    token.claim("cnf", cnf).sign(issuer.signing_key())
}

fn proof(token: &str) -> ProofSpec {
    ProofSpec::new("GET", URL, fixed_now()).token(token)
}

/// Status and challenges of `GET /exec/kpi`, below a `Host` of somebody else's.
async fn ask<S, B>(
    app: &S,
    scheme: &str,
    token: &str,
    proofs: &[&str],
) -> (u16, Vec<String>, Option<String>)
where
    S: Service<actix_http::Request, Response = ServiceResponse<B>, Error = actix_web::Error>,
    B: actix_web::body::MessageBody,
{
    let mut request = TestRequest::get()
        .uri("/exec/kpi?month=2026-01")
        .insert_header(("Host", "evil.example"))
        .insert_header(("X-Forwarded-Host", "evil.example"))
        .insert_header(("Authorization", format!("{scheme} {token}")));
    for proof in proofs {
        request = request.append_header(("DPoP", *proof));
    }
    let response = call_service(app, request.to_request()).await;
    let headers = response.headers();
    let challenges = headers.get_all(WWW_AUTHENTICATE);
    let challenges = challenges.map(|value| value.to_str().unwrap().to_owned());
    let nonce = headers.get("dpop-nonce");
    let nonce = nonce.map(|value| value.to_str().unwrap().to_owned());
    (response.status().as_u16(), challenges.collect(), nonce)
}

#[actix_web::test]
async fn a_stolen_bound_token_is_worth_nothing_without_its_key() {
    let issuer = TestIssuer::start();
    let app = app(bearer_with(&issuer, None)).await;
    let (mine, thief) = (TestKey::p256("mine"), TestKey::ed25519("thief"));
    let token = bound(&issuer, &mine);
    let unbound = issuer.mint(RESOURCE, "kpi:read", fixed_now());
    let good = || proof(&token).sign(&mine);
    let replayed = good();
    assert_eq!(ask(&app, "DPoP", &token, &[&replayed]).await.0, 200);
    for (scheme, token, proofs, error) in [
        ("Bearer", &token, vec![], "invalid_token"),
        ("Bearer", &token, vec![good()], "invalid_token"),
        (
            "DPoP",
            &token,
            vec![proof(&token).sign(&thief)],
            "invalid_token",
        ),
        (
            "DPoP",
            &unbound,
            vec![proof(&unbound).sign(&mine)],
            "invalid_token",
        ),
        ("DPoP", &token, vec![], "invalid_dpop_proof"),
        ("DPoP", &token, vec![String::new()], "invalid_dpop_proof"),
        ("DPoP", &token, vec![good(), good()], "invalid_dpop_proof"),
        ("DPoP", &token, vec![replayed], "invalid_dpop_proof"),
        (
            "DPoP",
            &token,
            vec![proof("another").sign(&mine)],
            "invalid_dpop_proof",
        ),
        (
            "DPoP",
            &token,
            vec![proof(&token).claim("htm", "POST").sign(&mine)],
            "invalid_dpop_proof",
        ),
        (
            "DPoP",
            &token,
            vec![
                proof(&token)
                    .claim("htu", "https://evil.example/exec/kpi")
                    .sign(&mine),
            ],
            "invalid_dpop_proof",
        ),
        (
            "DPoP",
            &token,
            vec![
                proof(&token)
                    .claim("htu", "https://loop.example/exec/report/1")
                    .sign(&mine),
            ],
            "invalid_dpop_proof",
        ),
        (
            "DPoP",
            &token,
            vec![proof(&token).unsigned(&mine)],
            "invalid_dpop_proof",
        ),
        (
            "DPoP",
            &token,
            vec![proof(&token).hs256(&mine)],
            "invalid_dpop_proof",
        ),
    ] {
        let proofs: Vec<&str> = proofs.iter().map(String::as_str).collect();
        let (status, challenges, _) = ask(&app, scheme, token, &proofs).await;
        assert_eq!(status, 401, "{challenges:?}");
        let [bearer, dpop] = &challenges[..] else {
            panic!("{challenges:?}");
        };
        assert!(bearer.starts_with("Bearer "), "{bearer}");
        assert!(bearer.contains("resource_metadata="), "{bearer}");
        assert!(
            dpop.starts_with("DPoP algs=\"ES256 EdDSA RS256\""),
            "{dpop}"
        );
        assert!(
            dpop.contains(&format!("error=\"{error}\"")),
            "{error}: {dpop}"
        );
    }
    // unbound tokens stay what they were, and so does their challenge
    assert_eq!(ask(&app, "Bearer", &unbound, &[]).await.0, 200);
    let (status, challenges, _) = ask(&app, "Bearer", "x.y.z", &[]).await;
    assert_eq!((status, challenges.len()), (401, 1));
}

#[actix_web::test]
async fn a_token_bound_in_an_unknown_way_is_not_taken_for_an_unbound_one() {
    let issuer = TestIssuer::start();
    let app = app(bearer_with(&issuer, None)).await;
    for cnf in [
        json!({ "x5t#S256": "A".repeat(43) }),
        json!({}),
        json!("x"),
        json!({ "jkt": 1 }),
    ] {
        let token = issuer.token(RESOURCE, fixed_now()).scope("kpi:read");
        let token = token.claim("cnf", cnf.clone()).sign(issuer.signing_key());
        assert_eq!(ask(&app, "Bearer", &token, &[]).await.0, 401, "{cnf}");
    }
}

#[actix_web::test]
async fn where_nonces_are_demanded_a_proof_without_a_current_one_is_told_it() {
    let issuer = TestIssuer::start();
    let app = app(bearer_with(&issuer, Some(nonces()))).await;
    let key = TestKey::ed25519("mine");
    let token = bound(&issuer, &key);
    let current = nonces().issue(fixed_now().timestamp());
    let old = nonces().issue(fixed_now().timestamp() - 180);
    for proof in [proof(&token), proof(&token).claim("nonce", old)] {
        let (status, challenges, nonce) = ask(&app, "DPoP", &token, &[&proof.sign(&key)]).await;
        assert_eq!((status, nonce.as_ref()), (401, Some(&current)));
        assert!(challenges[0].starts_with("Bearer "));
        assert!(
            challenges[1].contains("error=\"use_dpop_nonce\""),
            "{challenges:?}"
        );
    }
    let good = proof(&token).claim("nonce", current.as_str()).sign(&key);
    let (status, _, nonce) = ask(&app, "DPoP", &token, &[&good]).await;
    assert_eq!((status, nonce), (200, Some(current)));
}
