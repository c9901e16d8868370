//! PKCE phases over HTTP: downgrades first.

use loop_oauth::{
    pkce_phase::Enforcement,
    register::{self, ByOperator},
};

use super::*;

const NONE: &[(&str, &str)] = &[("code_challenge", ""), ("code_challenge_method", "")];
const PLAIN: &[(&str, &str)] = &[
    ("code_challenge", VERIFIER),
    ("code_challenge_method", "plain"),
];
const PLAIN_BY_DEFAULT: &[(&str, &str)] =
    &[("code_challenge", VERIFIER), ("code_challenge_method", "")];

async fn in_phase(pkce: Enforcement) -> Server {
    let setup = Setup {
        pkce,
        ..Setup::default()
    };
    let server = Server::start_with(setup).await;
    server.user("kim@example.com", "member").await;
    server
}

/// A client of the operator: its identifier and, for a confidential one, its secret.
async fn added(server: &Server, method: &str, pkce: Option<Enforcement>) -> (String, String) {
    let metadata = json!({"redirect_uris": [REDIRECT], "token_endpoint_auth_method": method});
    let decided = ByOperator { scope: None, pkce };
    let added = register::add_by_operator(&server.app.cx(), metadata, decided)
        .await
        .unwrap();
    let secret = added.secret.map(|secret| secret.expose().to_owned());
    (added.client.id.0, secret.unwrap_or_default())
}

/// What a login with these parameters leads to: a code, or an error.
async fn login(server: &Server, client: &str, extra: &[(&str, &str)]) -> Result<String, String> {
    let url = server.authorize_url(client, extra);
    let outcome = Browser::new()
        .authorize(&url, "kim@example.com", PASSWORD, Decision::Allow)
        .await;
    match outcome.clone().parameter("code") {
        Some(code) => Ok(code),
        None => Err(outcome.parameter("error").unwrap()),
    }
}

async fn exchange(
    server: &Server,
    (client, secret): &(String, String),
    code: &str,
    verifier: &str,
) -> (u16, String) {
    let form = [
        ("grant_type", "authorization_code"),
        ("client_id", client),
        ("client_secret", secret),
        ("code", code),
        ("redirect_uri", REDIRECT),
        ("code_verifier", verifier),
    ];
    let form: Vec<_> = form
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .collect();
    let (status, body) = server.token(&form).await;
    (status, body["error"].as_str().unwrap_or("").to_owned())
}

#[actix_web::test]
async fn taking_the_challenge_out_of_a_request_does_not_make_its_code_usable() {
    let server = in_phase(Enforcement::Optional).await;
    for method in ["none", "client_secret_basic"] {
        let client = added(&server, method, None).await;
        // The attacker strips the challenge; the honest client still sends its verifier.
        let code = login(&server, &client.0, NONE).await.unwrap();
        let refused = (400, "invalid_grant".to_owned());
        assert_eq!(exchange(&server, &client, &code, VERIFIER).await, refused);
        // With a challenge there is no way without its verifier, whatever the phase.
        for (extra, verifier, error) in [
            (&[][..], "", "invalid_request"),
            (
                &[],
                "a-verifier-of-somebody-else-which-is-long-enough",
                "invalid_grant",
            ),
            (&[], &challenge(), "invalid_grant"),
            (PLAIN, "", "invalid_request"),
            (PLAIN, &challenge(), "invalid_grant"),
        ] {
            let code = login(&server, &client.0, extra).await.unwrap();
            let refused = (400, error.to_owned());
            let got = exchange(&server, &client, &code, verifier).await;
            assert_eq!(got, refused, "{method} {extra:?} {verifier:?}");
            let good = exchange(&server, &client, &code, VERIFIER).await;
            assert_eq!(good.0, 200, "refusing spends nothing: {good:?}");
        }
    }
}

#[actix_web::test]
async fn each_phase_lets_in_what_it_says() {
    use Enforcement::{All, Optional, Public};
    for (phase, method, [none, plain, s256]) in [
        (Optional, "none", [true, true, true]),
        (Optional, "client_secret_basic", [true, true, true]),
        (Public, "none", [false, false, true]),
        (Public, "client_secret_basic", [true, false, true]),
        (All, "none", [false, false, true]),
        (All, "client_secret_basic", [false, false, true]),
    ] {
        let server = in_phase(phase).await;
        let client = added(&server, method, None).await;
        for (extra, verifier, expected) in [
            (NONE, "", none),
            (PLAIN, VERIFIER, plain),
            (PLAIN_BY_DEFAULT, VERIFIER, plain),
            (&[], VERIFIER, s256),
        ] {
            let got = login(&server, &client.0, extra).await;
            assert_eq!(
                got.is_ok(),
                expected,
                "{phase:?} {method} {extra:?}: {got:?}"
            );
            match got {
                Ok(code) => {
                    let (status, error) = exchange(&server, &client, &code, verifier).await;
                    assert_eq!(status, 200, "{phase:?} {method} {extra:?}: {error}");
                }
                Err(error) => assert_eq!(error, "invalid_request"),
            }
        }
    }
}

#[actix_web::test]
async fn a_clients_own_phase_comes_before_the_servers() {
    let server = in_phase(Enforcement::All).await;
    let old = added(&server, "none", Some(Enforcement::Optional)).await;
    let new = added(&server, "none", None).await;
    let code = login(&server, &old.0, NONE).await.unwrap();
    assert_eq!(exchange(&server, &old, &code, "").await.0, 200);
    assert!(login(&server, &new.0, NONE).await.is_err());
    let server = in_phase(Enforcement::Optional).await;
    let strict = added(&server, "none", Some(Enforcement::All)).await;
    assert!(login(&server, &strict.0, NONE).await.is_err());
    assert!(login(&server, &strict.0, PLAIN).await.is_err());
}

#[actix_web::test]
async fn a_client_cannot_choose_its_phase_when_it_registers() {
    let server = in_phase(Enforcement::All).await;
    let body = json!({
        "redirect_uris": [REDIRECT],
        "token_endpoint_auth_method": "none",
        "pkce": "optional",
        "pkce_enforcement": "optional",
    });
    let answer = server.http.post(server.at("/register")).json(&body);
    let body: Value = answer.send().await.unwrap().json().await.unwrap();
    let got = login(&server, text(&body, "client_id"), NONE).await;
    assert_eq!(got, Err("invalid_request".to_owned()));
}

#[actix_web::test]
async fn what_the_next_phase_would_refuse_is_counted() {
    for (phase, next, method, extra, counts) in [
        (
            Enforcement::Optional,
            Enforcement::Public,
            "none",
            NONE,
            true,
        ),
        (
            Enforcement::Optional,
            Enforcement::Public,
            "none",
            PLAIN,
            true,
        ),
        (
            Enforcement::Optional,
            Enforcement::Public,
            "none",
            &[],
            false,
        ),
        (
            Enforcement::Optional,
            Enforcement::Public,
            "client_secret_basic",
            NONE,
            false,
        ),
        (
            Enforcement::Public,
            Enforcement::All,
            "client_secret_basic",
            NONE,
            true,
        ),
        (
            Enforcement::Public,
            Enforcement::All,
            "client_secret_basic",
            &[],
            false,
        ),
    ] {
        let server = in_phase(phase).await;
        let client = added(&server, method, None).await;
        let url = server.authorize_url(&client.0, extra);
        let answer = server.http.get(url).send().await.unwrap();
        assert_eq!(answer.status(), 302);
        let counted = server.app.rules.pkce.would_refuse(next);
        assert_eq!(counted, u64::from(counts), "{phase:?} {method} {extra:?}");
    }
}

#[actix_web::test]
async fn metadata_offers_plain_in_the_first_phase_alone() {
    for (phase, methods) in [
        (Enforcement::Optional, json!(["S256", "plain"])),
        (Enforcement::Public, json!(["S256"])),
        (Enforcement::All, json!(["S256"])),
    ] {
        let server = in_phase(phase).await;
        let at = server.at("/.well-known/oauth-authorization-server");
        let answer = server.http.get(at).send().await.unwrap();
        let document: Value = answer.json().await.unwrap();
        assert_eq!(document["code_challenge_methods_supported"], methods);
    }
}
