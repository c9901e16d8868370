//! A day of the clients that will knock (`docs/clients.md`): an hour passes, the access token is over, they refresh.

use futures_util::future::join_all;
use loop_oauth::store::Grants as _;
use loop_testkit::{
    keys::{jwks, key},
    web_host::{Answer, WebHost},
};

use super::{
    assertions::{assertion, signed},
    *,
};
use crate::outbound::tests::documents;

/// How a client is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Known {
    /// It registers.
    Registered,
    /// By its document, as a public client.
    Described,
    /// By its document; it signs its assertions with a key from another address.
    Signing,
}

/// How it is known, what it names as its redirect, what it asks with, and how many processes refresh the same token at once.
type Habit = (Known, &'static str, &'static str, usize);

const CHATGPT: &str = "https://chatgpt.com/connector_platform_oauth_redirect";
const CLAUDE: &str = "https://claude.ai/api/mcp/auth_callback";
const CODE: [&str; 2] = [
    "http://localhost/callback",
    "http://localhost:51763/callback",
];
const VS_CODE: &str = "http://127.0.0.1:33418/";
const CURSOR: &str = "cursor://anysphere.cursor-mcp/oauth/callback";

const CLIENTS: [Habit; 10] = [
    (Known::Registered, CHATGPT, CHATGPT, 1),
    (Known::Signing, CHATGPT, CHATGPT, 2),
    (Known::Registered, CLAUDE, CLAUDE, 1),
    (Known::Described, CLAUDE, CLAUDE, 1),
    (Known::Registered, CODE[0], CODE[1], 6),
    (Known::Described, CODE[0], CODE[1], 6),
    (Known::Registered, VS_CODE, VS_CODE, 2),
    (Known::Described, VS_CODE, VS_CODE, 2),
    (
        Known::Registered,
        "http://[::1]:33418/",
        "http://[::1]:50107/",
        1,
    ),
    (Known::Registered, CURSOR, CURSOR, 2),
];

/// A client that is logged in.
struct Client {
    id: String,
    known: Known,
    processes: usize,
    token: String,
}

/// Publishes a document, and its keys elsewhere; the client's identifier.
fn describe(host: &WebHost, number: usize, known: Known, redirect: &str) -> String {
    let path = format!("/{number}/client");
    let id = host.at("app.example", &path);
    let mut document = json!({
        "client_id": id, "client_name": format!("Described {number}"), "redirect_uris": [redirect],
        "token_endpoint_auth_method": "none",
    });
    if known == Known::Signing {
        document["token_endpoint_auth_method"] = json!("private_key_jwt");
        document["token_endpoint_auth_methods_supported"] = json!(["none", "private_key_jwt"]);
        document["jwks_uri"] = json!(host.at("app.example", "/jwks"));
        host.answer("/jwks", Answer::json(&jwks(&[key(0)])));
    }
    host.answer(&path, Answer::json(&document));
    id
}

impl Client {
    async fn log_in(server: &Server, host: &WebHost, number: usize, habit: Habit) -> Self {
        let (known, named, asks, processes) = habit;
        let id = match known {
            Known::Registered => server.client_at(named).await,
            Known::Described | Known::Signing => describe(host, number, known, named),
        };
        let url = server.authorize_url(&id, &[("redirect_uri", asks)]);
        let landed = Browser::new()
            .authorize(&url, "kim@example.com", PASSWORD, Decision::Allow)
            .await;
        let code = landed.parameter("code").unwrap();
        let mut client = Self {
            id,
            known,
            processes,
            token: String::new(),
        };
        let form = [
            ("grant_type", "authorization_code"),
            ("code", &code),
            ("redirect_uri", asks),
            ("code_verifier", VERIFIER),
        ];
        let (status, tokens) = client.asks(server, &form).await;
        assert_eq!(status, 200, "{tokens}");
        text(&tokens, "refresh_token").clone_into(&mut client.token);
        client
    }

    /// A token request with whatever the client proves itself by.
    async fn asks(&self, server: &Server, form: &[(&str, &str)]) -> (u16, Value) {
        let form = [form, &[("client_id", self.id.as_str())]].concat();
        if self.known == Known::Signing {
            let proof = assertion(server, &self.id, key(0));
            return server.token(&signed(&form, &proof)).await;
        }
        server.token(&form).await
    }

    /// All its processes refresh at once; what they were told, which is the same for all.
    async fn refresh(&self, server: &Server, hour: usize) -> String {
        let form = [
            ("grant_type", "refresh_token"),
            ("refresh_token", self.token.as_str()),
        ];
        let all = (0..self.processes).map(|_| self.asks(server, &form));
        let mut told: Vec<_> = join_all(all)
            .await
            .into_iter()
            .map(|(status, tokens)| {
                assert_eq!(status, 200, "{} at {hour} h: {tokens}", self.id);
                text(&tokens, "refresh_token").to_owned()
            })
            .collect();
        told.dedup();
        assert_eq!(told.len(), 1, "{} at {hour} h", self.id);
        told.remove(0)
    }
}

#[actix_web::test]
async fn a_day_of_refreshes_ends_no_login() {
    let host = WebHost::start();
    let server = Server::start_with(Setup {
        documents: Some(Arc::new(documents(&host, "127.0.0.0/8"))),
        ..Setup::default()
    })
    .await;
    server.user("kim@example.com", "member").await;
    let mut clients = Vec::new();
    for (number, habit) in CLIENTS.into_iter().enumerate() {
        clients.push(Client::log_in(&server, &host, number, habit).await);
    }
    for hour in 1..=24 {
        server.clock.advance(3_600);
        for client in &mut clients {
            let next = client.refresh(&server, hour).await;
            // Every fifth answer is lost, and is asked for once more.
            if hour % 5 == 0 {
                let again = client.refresh(&server, hour).await;
                assert_eq!(again, next, "{} at {hour} h", client.id);
            }
            client.token = next;
        }
        server.store.sweep(server.clock.now(), 1_000).await.unwrap();
    }
}
