//! What a resource server must refuse, tried through nginx against both APIs.

use chrono::Utc;
use loop_testkit::{TestIssuer, TokenSpec, key, tokens::tampered};

use crate::support::oauth::http;
use crate::support::stack::{Options, Stack};

fn run<F: Future<Output = ()>>(test: F) {
    tokio::runtime::Runtime::new()
        .expect("a runtime")
        .block_on(test);
}

/// Status and challenge of a call with this token.
async fn call(url: &str, token: Option<&str>) -> (u16, String) {
    let mut request = http().get(url);
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    let response = request.send().await.expect("an answer");
    let challenge = response.headers().get("www-authenticate");
    let challenge = challenge.map_or("", |value| value.to_str().expect("text"));
    (response.status().as_u16(), challenge.to_owned())
}

#[expect(
    clippy::disallowed_methods,
    reason = "a test is an edge: it owns its clock"
)]
fn now() -> chrono::DateTime<Utc> {
    Utc::now()
}

#[test]
fn without_a_token_every_door_says_where_to_get_one() {
    let Some(stack) = Stack::start() else { return };
    run(async {
        let base = &stack.url;
        let metadata =
            format!("resource_metadata=\"{base}/.well-known/oauth-protected-resource/mcp\"");
        for url in [
            stack.mcp(),
            format!("{base}/api/stats"),
            format!("{base}/api/entities"),
        ] {
            let (status, challenge) = call(&url, None).await;
            assert_eq!(status, 401, "{url}");
            assert!(challenge.starts_with("Bearer "), "{url}: {challenge}");
            assert!(challenge.contains(&metadata), "{url}: {challenge}");
            assert!(
                challenge.contains("scope=\"mcp:read\""),
                "{url}: {challenge}"
            );
            assert!(!challenge.contains("error="), "{url}: {challenge}");
        }
        let document = crate::support::oauth::read(
            http().get(format!("{base}/.well-known/oauth-protected-resource/mcp")),
        )
        .await;
        assert_eq!(document.body["resource"], stack.mcp());
        assert_eq!(
            document.body["authorization_servers"],
            serde_json::json!([base])
        );
    });
}

/// Tokens that open nothing, each with what is wrong with it.
fn attacks(
    issuer: &TestIssuer,
    resource: &str,
    other_resource: &str,
) -> Vec<(&'static str, String)> {
    let signing = issuer.signing_key();
    let kid = signing.kid.as_str();
    let url = issuer.url();
    let token = |iss: &str, aud: &str| TokenSpec::new(iss, aud, now());
    let good = || token(&url, resource);
    let at = |claim: &str, seconds: i64| good().claim(claim, now().timestamp() + seconds);
    let signed = [
        ("another audience", token(&url, "https://other.example/mcp")),
        ("the neighbour's audience", token(&url, other_resource)),
        ("another issuer", token("https://evil.example", resource)),
        (
            "a slash after the issuer",
            token(&format!("{url}/"), resource),
        ),
        ("expired", at("exp", -120)),
        ("not yet valid", at("nbf", 600)),
        ("typ JWT", good().header("typ", "JWT")),
        ("no typ", good().without_header("typ")),
        ("no audience", good().without("aud")),
        ("no expiry", good().without("exp")),
    ];
    let mut attacks = vec![
        ("alg none", good().unsigned(kid)),
        (
            "HS256 with the public key",
            good().hs256(kid, &signing.public_pem()),
        ),
        ("an unknown key", good().sign(key(9))),
        (
            "another key under our kid",
            good().header("kid", kid).sign(key(9)),
        ),
        ("tampered", tampered(&good().sign(signing))),
        ("garbage", "not.a.token".to_owned()),
        ("nothing", "x".to_owned()),
    ];
    attacks.extend(signed.map(|(name, spec)| (name, spec.sign(signing))));
    attacks
}

#[test]
fn every_forged_or_misdirected_token_is_refused() {
    let issuer = TestIssuer::start();
    let options = Options {
        issuer: Some(&issuer),
        ..Options::default()
    };
    let Some(stack) = Stack::start_with(&options) else {
        return;
    };
    let attacks = attacks(&issuer, &stack.mcp(), &stack.exec_mcp());
    let good = issuer.mint(&stack.mcp(), "mcp:read", now());
    run(async {
        for path in ["/mcp", "/api/stats"] {
            let url = format!("{}{path}", stack.url);
            let (status, _) = call(&url, Some(&good)).await;
            assert_ne!(status, 401, "the good token opens {path}");
            for (name, token) in &attacks {
                let (status, challenge) = call(&url, Some(token)).await;
                assert_eq!(status, 401, "{name} at {path}");
                assert!(
                    challenge.contains("error=\"invalid_token\""),
                    "{name}: {challenge}"
                );
            }
        }
    });
}

// private:begin
#[test]
fn a_token_without_mcp_exec_gets_403_that_names_it() {
    let issuer = TestIssuer::start();
    let options = Options {
        issuer: Some(&issuer),
        ..Options::default()
    };
    let Some(stack) = Stack::start_with(&options) else {
        return;
    };
    run(async {
        let mint = |audience: &str, scope: &str| issuer.mint(audience, scope, now());
        let door = stack.exec_mcp();
        let (status, challenge) = call(&door, Some(&mint(&door, "mcp:read"))).await;
        assert_eq!(status, 403);
        for part in [
            "error=\"insufficient_scope\"",
            "mcp:exec",
            "/.well-known/oauth-protected-resource/exec/mcp",
        ] {
            assert!(challenge.contains(part), "{part} in {challenge}");
        }
        let (status, _) = call(&door, Some(&mint(&door, "mcp:exec"))).await;
        assert!(
            ![401, 403].contains(&status),
            "the right scope opens: {status}"
        );
        let crossed = mint(&stack.mcp(), "mcp:exec mcp:read");
        let (status, _) = call(&door, Some(&crossed)).await;
        assert_eq!(status, 401, "public-api's token on exec-api");
        let crossed = mint(&door, "mcp:exec mcp:read");
        let (status, _) = call(&format!("{}/api/stats", stack.url), Some(&crossed)).await;
        assert_eq!(status, 401, "exec-api's token on public-api");
    });
}

#[test]
fn a_member_is_never_granted_what_only_executives_may_have() {
    let Some(stack) = Stack::start() else { return };
    run(async {
        let password = "a long enough password";
        let path = stack.file("password");
        std::fs::write(&path, password).expect("a file can be written");
        let path = path.display().to_string();
        stack.loop_auth(&[
            "user",
            "add",
            "lee@example.com",
            "--roles",
            "member",
            "--password-file",
            &path,
        ]);
        let client = crate::support::oauth::Client::register(&stack).await;
        let url = client.authorize_url(&stack.exec_mcp(), "mcp:exec");
        let outcome = loop_testkit::Browser::new()
            .authorize(
                &url,
                "lee@example.com",
                password,
                loop_testkit::Decision::Allow,
            )
            .await;
        assert_eq!(outcome.parameter("error").as_deref(), Some("access_denied"));
    });
}
// private:end
