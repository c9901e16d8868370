//! A day of the clients that will knock (`docs/clients.md`): an hour passes, the access token is over, they refresh.

use futures_util::future::join_all;
use loop_oauth::store::Grants as _;

use super::*;

/// What is registered, what is asked with, and how many processes refresh the same token at once.
const CLIENTS: [(&str, &str, usize); 6] = [
    (
        "https://chatgpt.com/connector_platform_oauth_redirect",
        "https://chatgpt.com/connector_platform_oauth_redirect",
        1,
    ),
    (
        "https://claude.ai/api/mcp/auth_callback",
        "https://claude.ai/api/mcp/auth_callback",
        1,
    ),
    (
        "http://localhost/callback",
        "http://localhost:51763/callback",
        6,
    ),
    ("http://127.0.0.1:33418/", "http://127.0.0.1:33418/", 2),
    ("http://[::1]:33418/", "http://[::1]:50107/", 1),
    (
        "cursor://anysphere.cursor-mcp/oauth/callback",
        "cursor://anysphere.cursor-mcp/oauth/callback",
        2,
    ),
];

/// A client that is logged in.
struct Client {
    id: String,
    processes: usize,
    token: String,
}

impl Client {
    async fn log_in(server: &Server, (registered, asks, processes): (&str, &str, usize)) -> Self {
        let id = server.client_at(registered).await;
        let url = server.authorize_url(&id, &[("redirect_uri", asks)]);
        let landed = Browser::new()
            .authorize(&url, "kim@example.com", PASSWORD, Decision::Allow)
            .await;
        let code = landed.parameter("code").unwrap();
        let form = [
            ("grant_type", "authorization_code"),
            ("client_id", &id),
            ("code", &code),
            ("redirect_uri", asks),
            ("code_verifier", VERIFIER),
        ];
        let (status, tokens) = server.token(&form).await;
        assert_eq!(status, 200, "{tokens}");
        let token = text(&tokens, "refresh_token").to_owned();
        Self {
            id,
            processes,
            token,
        }
    }

    /// All its processes refresh at once; what they were told, which is the same for all.
    async fn refresh(&self, server: &Server, hour: usize) -> String {
        let all = (0..self.processes).map(|_| server.refresh(&self.id, &self.token));
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
    let server = Server::start().await;
    server.user("kim@example.com", "member").await;
    let mut clients = Vec::new();
    for client in CLIENTS {
        clients.push(Client::log_in(&server, client).await);
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
