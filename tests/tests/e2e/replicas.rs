//! Two loop-auth on one PostgreSQL, and nobody who sends a client to the same one twice.

use loop_testkit::postgres::Schema;
use loop_testkit::{Browser, Decision, Service, ServiceBuilder, cargo_binary};
use serde_json::Value;

use crate::support::oauth::{Client, http, read};
use crate::support::stack::ADMIN;

/// Two replicas, started at the same moment on an empty database.
struct Replicas {
    a: Service,
    b: Service,
    schema: Schema,
}

impl Replicas {
    fn start() -> Option<Self> {
        let schema = Schema::new()?;
        let binary = cargo_binary("loop-auth", "loop-auth");
        let replica = || ServiceBuilder::new(&binary);
        let (a, b) = (replica(), replica());
        let url = a.base_url();
        let configured = |service: ServiceBuilder| {
            service
                .env("EXTERNAL_URL", &url)
                .env("DATABASE_URL", schema.url())
                .env("BCRYPT_COST", "10")
                .env("ADMIN_EMAIL", ADMIN.0)
                .env("ADMIN_PASSWORD", ADMIN.1)
        };
        let (a, b) = (configured(a), configured(b));
        let (a, b) = std::thread::scope(|both| {
            let b = both.spawn(|| b.start());
            (a.start(), b.join().expect("the second replica starts"))
        });
        Some(Self { a, b, schema })
    }

    /// A client registered at A, as A and as B see it.
    async fn client(&self) -> (Client, Client) {
        let at_a = Client::register_at(&self.a.base_url(), "A test client").await;
        let at_b = at_a.at(&self.b.base_url());
        (at_a, at_b)
    }

    fn resource(&self) -> String {
        format!("{}/mcp", self.a.base_url())
    }
}

fn run(test: impl AsyncFnOnce(&mut Replicas)) {
    let Some(mut replicas) = Replicas::start() else {
        return;
    };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(test(&mut replicas));
    let password = replicas.schema.password();
    for replica in [&replicas.a, &replicas.b] {
        assert!(!replica.logs().contains(password), "{}", replica.logs());
    }
}

async fn keys(replica: &Service) -> Value {
    let url = format!("{}/.well-known/jwks.json", replica.base_url());
    read(http().get(url)).await.body
}

#[test]
fn whichever_replica_is_asked_the_login_is_the_same() {
    run(async |replicas: &mut Replicas| {
        let (a, b) = (&replicas.a, &replicas.b);
        let published = keys(a).await;
        assert_eq!(published["keys"].as_array().map(Vec::len), Some(1));
        assert_eq!(published, keys(b).await);

        // Registered at A, logged in at B; then A knows the session, and B redeems what A gave.
        let (at_a, at_b) = replicas.client().await;
        let browser = Browser::new();
        let (email, password) = ADMIN;
        let url = at_b.authorize_url(&replicas.resource(), "mcp:read");
        let login = browser.authorize(&url, email, password, Decision::Allow);
        let code = login.await.parameter("code").expect("a code");
        assert_eq!(at_a.exchange(&code).await.status, 200);
        let url = at_a.authorize_url(&replicas.resource(), "mcp:read");
        // With a password that would be refused: no login is asked.
        let consent = browser.authorize(&url, email, "not the password", Decision::Allow);
        let code = consent.await.parameter("code").expect("a code from A");
        let tokens = at_b.exchange(&code).await;
        assert_eq!(tokens.status, 200, "{tokens:?}");
        let again = at_a.exchange(&code).await;
        assert_eq!((again.status, again.error()), (400, "invalid_grant"));
    });
}

#[test]
fn a_refresh_token_presented_to_both_replicas_at_once_has_one_successor() {
    run(async |replicas: &mut Replicas| {
        let (at_a, at_b) = replicas.client().await;
        let mut tokens = at_a.login(&replicas.resource(), "mcp:read").await;
        let first = tokens.text("refresh_token");
        for round in 0..20 {
            let old = tokens.text("refresh_token");
            let (one, two) = tokio::join!(at_a.refresh(&old), at_b.refresh(&old));
            assert_eq!(
                (one.status, two.status),
                (200, 200),
                "{round}: {one:?} {two:?}"
            );
            assert_eq!(one.text("refresh_token"), two.text("refresh_token"));
            tokens = one;
        }
        // A thief's old copy ends the family everywhere.
        let replay = at_a.refresh(&first).await;
        assert_eq!((replay.status, replay.error()), (400, "invalid_grant"));
        for client in [&at_b, &at_a] {
            let heir = client.refresh(&tokens.text("refresh_token")).await;
            assert_eq!((heir.status, heir.error()), (400, "invalid_grant"));
        }
    });
}

#[test]
fn when_one_replica_is_killed_the_other_goes_on() {
    run(async |replicas: &mut Replicas| {
        let (at_a, at_b) = replicas.client().await;
        let tokens = at_b.login(&replicas.resource(), "mcp:read").await;
        let mut token = tokens.text("refresh_token");
        for round in 0..3 {
            // Killed with requests under way; what it had answered stands, the rest is asked again at A.
            let dying: Vec<_> = (0..4)
                .map(|_| tokio::spawn(at_b.refresh_request(&token).send()))
                .collect();
            let pause = std::time::Duration::from_millis(round * 5);
            tokio::time::sleep(pause).await;
            tokio::task::block_in_place(|| replicas.b.kill_9());
            let answer = at_a.refresh(&token).await;
            assert_eq!(answer.status, 200, "{answer:?}");
            for request in dying {
                if let Ok(Ok(answered)) = request.await
                    && let Ok(body) = answered.json::<Value>().await
                {
                    assert_eq!(body["refresh_token"], answer.text("refresh_token").as_str());
                }
            }
            tokio::task::block_in_place(|| replicas.b.restart());
            let answer = at_b.refresh(&answer.text("refresh_token")).await;
            assert_eq!(answer.status, 200, "{answer:?}");
            token = answer.text("refresh_token");
        }
    });
}
