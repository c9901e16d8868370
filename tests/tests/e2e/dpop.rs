//! Clients that push their requests (RFC 9126) and prove their keys (RFC 9449), through nginx.

use chrono::{DateTime, Utc};
use loop_testkit::dpop::ProofSpec;
use loop_testkit::{Browser, Decision, TestKey};
use serde_json::{Value, json};
use url::Url;

use crate::support::oauth::{CALLBACK, Client, VERIFIER, http};
use crate::support::stack::{ADMIN, Options, Stack};

#[expect(
    clippy::disallowed_methods,
    reason = "a test is an edge: it owns its clock"
)]
fn now() -> DateTime<Utc> {
    Utc::now()
}

/// An answer as such clients read it.
pub(crate) struct Answer {
    status: u16,
    pub body: Value,
    nonce: Option<String>,
    challenges: Vec<String>,
}

/// A client with a key.
pub(crate) struct Prover {
    key: TestKey,
    client: Client,
    base: String,
}

impl Prover {
    pub(crate) async fn register(stack: &Stack, key: TestKey) -> Self {
        Self {
            key,
            client: Client::register(stack).await,
            base: stack.url.clone(),
        }
    }

    /// Sends a form with a proof, again with the nonce when the server wants one.
    async fn form(&self, path: &str, form: &[(&str, &str)]) -> Answer {
        let url = format!("{}{path}", self.base);
        let proof = || ProofSpec::new("POST", &url, now());
        let send = async |proof: ProofSpec| {
            let request = http().post(&url).form(form);
            read(request.header("DPoP", proof.sign(&self.key))).await
        };
        let first = send(proof()).await;
        match &first.nonce {
            Some(nonce) if first.body["error"] == "use_dpop_nonce" => {
                send(proof().claim("nonce", nonce.as_str())).await
            }
            _ => first,
        }
    }

    /// Pushes the request, sends the person through the pages, exchanges the code.
    pub(crate) async fn login(&self, resource: &str) -> Answer {
        let usual = self.client.authorize_url(resource, "mcp:read");
        let form: Vec<(String, String)> = usual.query_pairs().into_owned().collect();
        let form: Vec<_> = form.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        let pushed = self.form("/par", &form).await;
        assert_eq!(pushed.status, 201, "{}", pushed.body);
        let uri = pushed.body["request_uri"].as_str().expect("a request_uri");
        // The last one only tells the test's browser where to stop.
        let brought = [
            ("client_id", self.client.id.as_str()),
            ("request_uri", uri),
            ("redirect_uri", CALLBACK),
        ];
        let url = Url::parse_with_params(&format!("{}/authorize", self.base), brought);
        let landed = Browser::new()
            .authorize(&url.expect("a URL"), ADMIN.0, ADMIN.1, Decision::Allow)
            .await;
        let code = landed.parameter("code").expect("a code");
        let form = [
            ("grant_type", "authorization_code"),
            ("client_id", &self.client.id),
            ("code", &code),
            ("redirect_uri", CALLBACK),
            ("code_verifier", VERIFIER),
        ];
        self.form("/token", &form).await
    }
}

fn proof_of(method: &str, url: &str, token: &str) -> ProofSpec {
    ProofSpec::new(method, url, now()).token(token)
}

async fn read(request: reqwest::RequestBuilder) -> Answer {
    let response = request.send().await.expect("an answer");
    let text = |value: &reqwest::header::HeaderValue| value.to_str().expect("text").to_owned();
    let headers = response.headers();
    Answer {
        status: response.status().as_u16(),
        nonce: headers.get("dpop-nonce").map(text),
        challenges: headers
            .get_all("www-authenticate")
            .iter()
            .map(text)
            .collect(),
        body: response.json().await.unwrap_or(Value::Null),
    }
}

/// A call of the REST API with this scheme, token and proof.
async fn call(url: &str, scheme: &str, token: &str, proof: Option<String>) -> Answer {
    let request = http().get(url);
    let request = request.header("Authorization", format!("{scheme} {token}"));
    let request = match proof {
        Some(proof) => request.header("DPoP", proof),
        None => request,
    };
    read(request).await
}

#[test]
fn a_client_pushes_logs_in_and_calls_the_apis_with_its_key_and_a_thief_does_not() {
    let Some(stack) = Stack::start() else { return };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let client = Prover::register(&stack, TestKey::p256("mine")).await;
        let tokens = client.login(&stack.mcp()).await;
        assert_eq!(tokens.body["token_type"], "DPoP", "{}", tokens.body);
        let token = tokens.body["access_token"].as_str().expect("a token");
        let url = format!("{}/api/search?q=oauth", stack.url);
        let good = || proof_of("GET", &url, token).sign(&client.key);
        let used = good();
        let answer = call(&url, "DPoP", token, Some(used.clone())).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let thief = TestKey::ed25519("thief");
        for (scheme, proof) in [
            ("Bearer", None),
            ("Bearer", Some(good())),
            ("DPoP", None),
            ("DPoP", Some(used)),
            ("DPoP", Some(proof_of("GET", &url, token).sign(&thief))),
            (
                "DPoP",
                Some(proof_of("GET", &stack.mcp(), token).sign(&client.key)),
            ),
            (
                "DPoP",
                Some(proof_of("POST", &url, token).sign(&client.key)),
            ),
        ] {
            let answer = call(&url, scheme, token, proof).await;
            assert_eq!(answer.status, 401, "{scheme}");
            let [first, second] = &answer.challenges[..] else {
                panic!("{:?}", answer.challenges);
            };
            assert!(first.starts_with("Bearer "), "{first}");
            assert!(second.starts_with("DPoP "), "{second}");
        }
        // the MCP endpoint, by POST
        let list = json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
            "protocolVersion": "2025-06-18", "capabilities": {},
            "clientInfo": { "name": "prover", "version": "1" },
        }});
        let mcp = stack.mcp();
        let request = http()
            .post(&mcp)
            .header("Accept", "application/json, text/event-stream")
            .header("Authorization", format!("DPoP {token}"))
            .header("DPoP", proof_of("POST", &mcp, token).sign(&client.key))
            .json(&list);
        assert_eq!(request.send().await.expect("an answer").status(), 200);
        // the refresh token is the key's too
        let refresh = tokens.body["refresh_token"].as_str().expect("a token");
        let stolen = client.client.refresh(refresh).await;
        assert_eq!(stolen.error(), "invalid_dpop_proof");
        let form = [
            ("grant_type", "refresh_token"),
            ("client_id", &client.client.id),
            ("refresh_token", refresh),
        ];
        let fresh = client.form("/token", &form).await;
        assert_eq!(fresh.status, 200, "{}", fresh.body);
    });
}

#[test]
fn where_every_service_demands_nonces_a_client_follows_them() {
    let demanded = [("DPOP_REQUIRE_NONCE", "true")];
    let options = Options {
        auth: &demanded,
        apis: &demanded,
        ..Options::default()
    };
    let Some(stack) = Stack::start_with(&options) else {
        return;
    };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let client = Prover::register(&stack, TestKey::ed25519("mine")).await;
        let tokens = client.login(&stack.mcp()).await;
        let token = tokens.body["access_token"].as_str().expect("a token");
        let url = format!("{}/api/stats", stack.url);
        let proof = || proof_of("GET", &url, token);
        let first = call(&url, "DPoP", token, Some(proof().sign(&client.key))).await;
        assert_eq!(first.status, 401);
        assert!(first.challenges[1].contains("use_dpop_nonce"));
        let nonce = first.nonce.expect("a nonce");
        let answering = proof().claim("nonce", nonce).sign(&client.key);
        let answer = call(&url, "DPoP", token, Some(answering)).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
    });
}
