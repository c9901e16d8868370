//! Proof of possession over HTTP (RFC 9449): `/token`, `/par`, introspection, metadata.

use loop_shared::auth::dpop::Nonces;
use loop_testkit::{
    TestKey,
    dpop::{ProofSpec, thumbprint},
};

use super::*;

impl Server {
    fn proof(&self, path: &str) -> ProofSpec {
        let url = format!("{}{path}", self.app.rules.issuer);
        ProofSpec::new("POST", &url, self.clock.now())
    }

    /// Status, body and nonce of a form with proofs, sent below a foreign `Host`.
    async fn prove(
        &self,
        path: &str,
        form: &[(&str, &str)],
        proofs: &[String],
    ) -> (u16, Value, Option<String>) {
        let mut request = self.http.post(self.at(path)).form(form);
        for proof in proofs {
            request = request.header("DPoP", proof);
        }
        let answer = request.header("X-Forwarded-Host", "evil.example");
        let answer = answer.send().await.unwrap();
        let nonce = answer.headers().get("dpop-nonce");
        let nonce = nonce.map(|value| value.to_str().unwrap().to_owned());
        let status = answer.status().as_u16();
        (status, answer.json().await.unwrap(), nonce)
    }
}

/// The form of a code exchange.
fn exchange<'a>(client: &'a str, code: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("grant_type", "authorization_code"),
        ("client_id", client),
        ("code", code),
        ("redirect_uri", REDIRECT),
        ("code_verifier", VERIFIER),
    ]
}

#[actix_web::test]
async fn a_client_with_a_key_gets_bound_tokens_and_keeps_them_by_its_key() {
    let server = Server::start().await;
    server.user("kim@example.com", "member").await;
    let client = server.client().await;
    let (mine, thief) = (TestKey::p256("mine"), TestKey::ed25519("thief"));
    let code = server
        .code(&Browser::new(), &client, "kim@example.com")
        .await;
    let form = exchange(&client, &code);
    let good = server.proof("/token").sign(&mine);
    let elsewhere = server.proof("/par").sign(&mine);
    let evil = server
        .proof("/token")
        .claim("htu", "http://evil.example/token")
        .sign(&mine);
    let get = server.proof("/token").claim("htm", "GET").sign(&mine);
    for proofs in [
        vec![elsewhere],
        vec![evil],
        vec![get],
        vec![good.clone(), server.proof("/token").sign(&mine)],
        vec![String::new()],
        vec![server.proof("/token").unsigned(&mine)],
    ] {
        let (status, body, _) = server.prove("/token", &form, &proofs).await;
        assert_eq!(
            (status, text(&body, "error")),
            (400, "invalid_dpop_proof"),
            "{body}"
        );
    }
    let (status, body, nonce) = server
        .prove("/token", &form, std::slice::from_ref(&good))
        .await;
    assert_eq!((status, nonce), (200, None), "{body}");
    assert_eq!(body["token_type"], "DPoP");
    assert_eq!(
        claims(text(&body, "access_token"))["cnf"]["jkt"],
        thumbprint(&mine)
    );
    let token = text(&body, "refresh_token").to_owned();
    let refresh = [
        ("grant_type", "refresh_token"),
        ("client_id", &client),
        ("refresh_token", &token),
    ];
    // the same proof again, another key, no key
    for (proofs, error) in [
        (vec![good], "invalid_dpop_proof"),
        (vec![server.proof("/token").sign(&thief)], "invalid_grant"),
        (vec![], "invalid_dpop_proof"),
    ] {
        let (status, body, _) = server.prove("/token", &refresh, &proofs).await;
        assert_eq!((status, text(&body, "error")), (400, error));
    }
    let proofs = [server.proof("/oauth/token").sign(&mine)];
    let (status, body, _) = server.prove("/oauth/token", &refresh, &proofs).await;
    assert_eq!((status, text(&body, "token_type")), (200, "DPoP"), "{body}");
}

#[actix_web::test]
async fn a_nonce_is_handed_out_and_demanded_where_the_operator_says_so() {
    let dpop = DpopRules {
        nonces: Some(Nonces::new([7; 32], 60)),
    };
    let server = Server::start_with(Setup {
        dpop,
        ..Setup::default()
    })
    .await;
    server.user("kim@example.com", "member").await;
    let client = server.client().await;
    let key = TestKey::p256("mine");
    let code = server
        .code(&Browser::new(), &client, "kim@example.com")
        .await;
    let form = exchange(&client, &code);
    let (status, body, nonce) = server
        .prove("/token", &form, &[server.proof("/token").sign(&key)])
        .await;
    assert_eq!((status, text(&body, "error")), (400, "use_dpop_nonce"));
    let nonce = nonce.unwrap();
    let answering = server
        .proof("/token")
        .claim("nonce", nonce.as_str())
        .sign(&key);
    let (status, body, next) = server.prove("/token", &form, &[answering]).await;
    assert_eq!((status, next), (200, Some(nonce)), "{body}");
}

#[actix_web::test]
async fn a_pushed_proof_binds_the_code_to_its_key() {
    let server = Server::start().await;
    server.user("kim@example.com", "member").await;
    let client = server.client().await;
    let (mine, thief) = (TestKey::p256("mine"), TestKey::p256("thief"));
    let url = server.authorize_url(&client, &[]);
    let form: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    let form: Vec<_> = form.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    let proofs = [server.proof("/par").sign(&mine)];
    let (status, body, _) = server.prove("/par", &form, &proofs).await;
    assert_eq!(status, 201, "{body}");
    let mut url = server.at("/authorize");
    url.query_pairs_mut()
        .append_pair("client_id", &client)
        .append_pair("request_uri", text(&body, "request_uri"))
        .append_pair("redirect_uri", REDIRECT);
    let outcome = Browser::new()
        .authorize(&url, "kim@example.com", PASSWORD, Decision::Allow)
        .await;
    let code = outcome.parameter("code").unwrap();
    let form = exchange(&client, &code);
    for (key, expected) in [(&thief, 400), (&mine, 200)] {
        let proofs = [server.proof("/token").sign(key)];
        let (status, body, _) = server.prove("/token", &form, &proofs).await;
        assert_eq!(status, expected, "{body}");
    }
}

#[actix_web::test]
async fn metadata_and_preflight_let_clients_with_keys_in() {
    let server = Server::start().await;
    let document = server
        .http
        .get(server.at("/.well-known/oauth-authorization-server"));
    let document: Value = document.send().await.unwrap().json().await.unwrap();
    assert_eq!(
        document["dpop_signing_alg_values_supported"],
        json!(["ES256", "EdDSA", "RS256"])
    );
    let preflight = server
        .http
        .request(reqwest::Method::OPTIONS, server.at("/token"))
        .header("Origin", "https://inspector.example")
        .header("Access-Control-Request-Method", "POST")
        .header("Access-Control-Request-Headers", "dpop, content-type");
    let answer = preflight.send().await.unwrap();
    let allowed = answer.headers()["access-control-allow-headers"]
        .to_str()
        .unwrap();
    assert!(allowed.to_lowercase().contains("dpop"), "{allowed}");
    let answer = server.http.post(server.at("/token"));
    let answer = answer
        .header("Origin", "https://inspector.example")
        .send()
        .await
        .unwrap();
    let exposed = answer.headers()["access-control-expose-headers"]
        .to_str()
        .unwrap();
    assert!(exposed.to_lowercase().contains("dpop-nonce"), "{exposed}");
}

#[actix_web::test]
async fn userinfo_answers_a_bound_token_to_the_holder_of_its_key_alone_and_once_for_each_proof() {
    let server = Server::start().await;
    server.user("kim@example.com", "member").await;
    let client = server.client().await;
    let url = server.authorize_url(&client, &[("scope", "openid mcp:read")]);
    let browser = Browser::new();
    let outcome = browser
        .authorize(&url, "kim@example.com", PASSWORD, Decision::Allow)
        .await;
    let code = outcome.parameter("code").unwrap();
    let (mine, thief) = (TestKey::p256("mine"), TestKey::p256("thief"));
    let form = exchange(&client, &code);
    let (status, body, _) = server
        .prove("/token", &form, &[server.proof("/token").sign(&mine)])
        .await;
    assert_eq!(status, 200, "{body}");
    let access = text(&body, "access_token");
    let other = server.code(&browser, &client, "kim@example.com").await;
    let (_, unbound) = server.exchange(&client, &other).await;
    let unbound = text(&unbound, "access_token");

    let proof = || server.proof("/userinfo").token(access);
    let good = proof().sign(&mine);
    for (scheme, token, proofs, error) in [
        ("Bearer", access, vec![], "invalid_token"),
        ("Bearer", access, vec![proof().sign(&mine)], "invalid_token"),
        ("DPoP", access, vec![], "invalid_dpop_proof"),
        ("DPoP", access, vec![proof().sign(&thief)], "invalid_token"),
        (
            "DPoP",
            access,
            vec![server.proof("/userinfo").sign(&mine)],
            "invalid_dpop_proof",
        ),
        (
            "DPoP",
            access,
            vec![proof().token(unbound).sign(&mine)],
            "invalid_dpop_proof",
        ),
        (
            "DPoP",
            access,
            vec![proof().sign(&mine), proof().sign(&mine)],
            "invalid_dpop_proof",
        ),
        (
            "DPoP",
            unbound,
            vec![proof().token(unbound).sign(&mine)],
            "invalid_token",
        ),
        ("dpop", access, vec![good.clone()], ""),
        ("DPoP", access, vec![good.clone()], "invalid_dpop_proof"),
    ] {
        let mut asked = server.http.post(server.at("/userinfo"));
        for proof in &proofs {
            asked = asked.header("DPoP", proof);
        }
        let asked = asked.header("Authorization", format!("{scheme} {token}"));
        let answer = asked.send().await.unwrap();
        let status = answer.status().as_u16();
        let challenges = answer.headers().get_all("www-authenticate").iter();
        let challenges: Vec<_> = challenges
            .map(|it| it.to_str().unwrap().to_owned())
            .collect();
        let body: Value = answer.json().await.unwrap();
        if error.is_empty() {
            assert_eq!((status, body["sub"].is_string()), (200, true), "{body}");
            continue;
        }
        assert_eq!(
            (status, text(&body, "error")),
            (401, error),
            "{scheme} {proofs:?}"
        );
        assert!(challenges[0].starts_with("Bearer "), "{challenges:?}");
        assert!(challenges[1].starts_with("DPoP algs=") && challenges[1].contains(error));
    }
}
