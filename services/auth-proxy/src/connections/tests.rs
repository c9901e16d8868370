//! Rules of connections against a provider that rotates refresh tokens and ends everything when one is shown twice.

use std::sync::Arc;
use std::time::Duration;

use loop_oauth::federation::provider::ProviderKind;
use loop_shared::service::config::ExternalUrl;
use loop_testkit::provider::{Kind, Person, Provider as Simulator};
use loop_testkit::redis::Redis;
use loop_testkit::{MockClock, fixed_now};
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use super::provider::{Account, Hand, Provider};
use super::seal::Seals;
use super::store::{ConnectionStore, Key, MemoryConnections, RedisConnections};
use super::travel::{Answer, TravelError};
use super::{Connections, NoToken, Parts, Refreshing};

const BROWSER: &str = "a browser's secret of forty-three characters";

const SECRET: &[u8] = b"the secret of both replicas, long";

/// A provider, a store, and replicas of the proxy on it.
struct World {
    simulator: Simulator,
    clock: MockClock,
    store: Arc<dyn ConnectionStore>,
    account: Account,
}

impl World {
    fn new(kind: Kind) -> Self {
        let simulator = Simulator::start(kind);
        let clock = MockClock::at(fixed_now());
        simulator.follow(&clock);
        let provider = Provider {
            id: "acme".to_owned(),
            name: "Acme".to_owned(),
            kind: match kind {
                Kind::Google => ProviderKind::Google,
                Kind::GitHub => ProviderKind::GitHub,
                Kind::Oidc => ProviderKind::Oidc,
            },
            issuer: simulator.url().to_owned(),
            client_id: Simulator::CLIENT_ID.to_owned(),
            client_secret: Simulator::CLIENT_SECRET.into(),
            api: (kind == Kind::GitHub).then(|| simulator.api_url().parse().unwrap()),
        };
        Self {
            account: Account {
                provider: Arc::new(provider),
                scopes: ["files", "offline_access"].map(str::to_owned).to_vec(),
                hand: Hand::Bearer,
            },
            simulator,
            clock,
            store: Arc::new(MemoryConnections::default()),
        }
    }

    fn replica(&self) -> Arc<Connections> {
        self.replica_with(SECRET)
    }

    fn replica_with(&self, secret: &[u8]) -> Arc<Connections> {
        self.replica_on(Arc::clone(&self.store), secret)
    }

    fn replica_on(&self, store: Arc<dyn ConnectionStore>, secret: &[u8]) -> Arc<Connections> {
        let parts = Parts {
            store,
            seals: Seals::new(secret, &[]),
            providers: vec![Arc::clone(&self.account.provider)],
            refreshing: Refreshing {
                threshold: Duration::from_mins(5),
                retries: 1,
                delay: Duration::from_millis(1),
            },
            clock: Arc::new(self.clock.as_fn()),
            external: ExternalUrl::localhost(8080),
            secret: [7; 32],
        };
        Arc::new(Connections::new(parts).unwrap())
    }

    /// The browser's way to the provider; what comes back.
    async fn visit(&self, url: Url) -> Vec<(String, String)> {
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .unwrap();
        let answered = http.get(url).send().await.unwrap();
        let location = answered.headers()["location"].to_str().unwrap();
        Url::parse(location)
            .unwrap()
            .query_pairs()
            .into_owned()
            .collect()
    }

    async fn connect(&self, connections: &Connections, user: &str) -> Result<(), TravelError> {
        let url = connections
            .depart(key(user), &self.account, BROWSER)
            .await?;
        let back = self.visit(url).await;
        let answer = answer("acme", &back);
        let key = connections.arrive(answer, Some(BROWSER), user).await?;
        connections
            .connect(&key, &self.account, answer, BROWSER)
            .await
    }

    async fn token(&self, connections: &Connections, user: &str) -> Result<SecretString, NoToken> {
        connections.token(&key(user), &self.account, None).await
    }
}

fn stale(got: Result<Key, TravelError>) {
    let why = got.err();
    assert!(matches!(why, Some(TravelError::Stale)), "{why:?}");
}

fn key(user: &str) -> Key {
    Key {
        user: user.to_owned(),
        server: "drive".to_owned(),
    }
}

fn answer<'a>(provider: &'a str, back: &'a [(String, String)]) -> Answer<'a> {
    let field = |name: &str| {
        back.iter()
            .find(|(key, _)| key == name)
            .map(|(_, it)| it.as_str())
    };
    Answer {
        provider,
        state: field("state").unwrap_or_default(),
        code: field("code"),
        iss: field("iss"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_calls_on_two_replicas_refresh_a_rotating_token_once() {
    let world = World::new(Kind::Oidc);
    refreshes_once(&world, &[world.replica(), world.replica()]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_calls_on_replicas_that_share_a_redis_refresh_a_rotating_token_once() {
    let folder = tempfile::tempdir().unwrap();
    let Some(redis) = Redis::start(folder.path()) else {
        return;
    };
    let world = World::new(Kind::Oidc);
    let mut replicas = Vec::new();
    for _ in 0..5 {
        let store = RedisConnections::open(&redis.url().into()).await.unwrap();
        replicas.push(world.replica_on(Arc::new(store), SECRET));
    }
    refreshes_once(&world, &replicas).await;
    // Whoever steals all that Redis keeps has sealed tokens.
    let kept = String::from_utf8_lossy(&redis.dump()).into_owned();
    assert!(kept.contains("sealed") && kept.contains("kim"));
    for secret in world.simulator.secrets() {
        assert!(!kept.contains(&secret), "{secret}");
    }
}

/// Forty calls at once on replicas, when the token is over.
async fn refreshes_once(world: &World, replicas: &[Arc<Connections>]) {
    world.connect(&replicas[0], "kim").await.unwrap();
    let first = world.token(&replicas[1], "kim").await.unwrap();
    world.clock.advance(7_200);
    world
        .simulator
        .fail(|faults| faults.delay = Duration::from_millis(150));
    let calls = (0..40).map(|at| {
        let connections = Arc::clone(&replicas[at % replicas.len()]);
        let account = world.account.clone();
        tokio::spawn(async move {
            connections
                .token(&key("kim"), &account, None)
                .await
                .unwrap()
        })
    });
    let mut tokens = Vec::new();
    for call in calls.collect::<Vec<_>>() {
        tokens.push(call.await.unwrap().expose_secret().to_owned());
    }
    tokens.dedup();
    assert_eq!(tokens.len(), 1, "all got one token");
    assert_ne!(tokens[0], first.expose_secret());
    assert_eq!(world.simulator.holder(&tokens[0]), Some(Person::kim()));
    let refreshes = world.simulator.visits();
    let refreshes = refreshes.iter().filter(|visit| {
        visit.params.get("grant_type").map(String::as_str) == Some("refresh_token")
    });
    assert_eq!(refreshes.count(), 1);
}

#[tokio::test]
async fn a_provider_that_does_not_answer_costs_nothing_and_one_that_says_no_asks_for_a_new_consent()
{
    let world = World::new(Kind::Oidc);
    let connections = world.replica();
    let before = world.token(&connections, "kim").await.unwrap_err();
    assert!(matches!(before, NoToken::NotConnected { .. }));
    world.connect(&connections, "kim").await.unwrap();
    let first = world.token(&connections, "kim").await.unwrap();
    // A little is left: the old token does while the provider is away.
    world.clock.advance(57 * 60);
    for status in [429, 500, 503] {
        world
            .simulator
            .fail(|faults| faults.token_status = Some(status));
        let token = world.token(&connections, "kim").await.unwrap();
        assert_eq!(token.expose_secret(), first.expose_secret(), "{status}");
    }
    // Nothing is left: a readable error, for as long as it takes, and then it goes on without a login.
    world.clock.advance(3_600);
    for body in [
        None,
        Some("no json"),
        Some(r#"{"error":"invalid_client"}"#),
        Some("{}"),
    ] {
        world.simulator.fail(|faults| {
            faults.token_status = body.is_none().then_some(502);
            faults.token_body = body.map(str::to_owned);
        });
        let why = world.token(&connections, "kim").await.unwrap_err();
        assert!(matches!(why, NoToken::Unavailable(_)), "{body:?}: {why}");
        assert!(why.to_string().contains("connection is kept"), "{why}");
    }
    world.simulator.recover();
    let second = world.token(&connections, "kim").await.unwrap();
    assert_ne!(second.expose_secret(), first.expose_secret());
    // The person takes the consent back at the provider.
    world.simulator.revoke_consent("1001");
    world.clock.advance(7_200);
    let why = world.token(&connections, "kim").await.unwrap_err();
    assert!(matches!(why, NoToken::Ended { .. }), "{why}");
    let asked = world.simulator.count("/token");
    assert!(world.token(&connections, "kim").await.is_err());
    assert_eq!(world.simulator.count("/token"), asked, "nobody asks again");
    let said = format!("{:?}", connections.outcome(&why));
    assert!(said.contains("http://localhost:8080/connections"), "{said}");
    world.connect(&connections, "kim").await.unwrap();
    assert!(world.token(&connections, "kim").await.is_ok());
}

#[tokio::test]
async fn an_answer_counts_once_for_its_browser_its_user_and_its_provider() {
    let world = World::new(Kind::Oidc);
    let connections = world.replica();
    let leave = async || {
        let left = connections
            .depart(key("kim"), &world.account, BROWSER)
            .await;
        world.visit(left.unwrap()).await
    };
    // Another browser, no browser, another user, another provider's address or name.
    let back = leave().await;
    stale(
        connections
            .arrive(answer("acme", &back), Some("another"), "kim")
            .await,
    );
    stale(
        connections
            .arrive(answer("acme", &back), Some(BROWSER), "kim")
            .await,
    );
    let back = leave().await;
    stale(connections.arrive(answer("acme", &back), None, "kim").await);
    let back = leave().await;
    stale(
        connections
            .arrive(answer("acme", &back), Some(BROWSER), "mallory")
            .await,
    );
    let back = leave().await;
    stale(
        connections
            .arrive(answer("other", &back), Some(BROWSER), "kim")
            .await,
    );
}

#[tokio::test]
async fn an_answer_that_is_late_mixed_up_or_with_a_stolen_code_connects_nothing() {
    let world = World::new(Kind::Oidc);
    let connections = world.replica();
    let leave = async || {
        let left = connections
            .depart(key("kim"), &world.account, BROWSER)
            .await;
        world.visit(left.unwrap()).await
    };
    for iss in [None, Some("https://evil.example")] {
        let back = leave().await;
        let forged = Answer {
            iss,
            ..answer("acme", &back)
        };
        stale(connections.arrive(forged, Some(BROWSER), "kim").await);
    }
    let back = leave().await;
    world.clock.advance(600);
    stale(
        connections
            .arrive(answer("acme", &back), Some(BROWSER), "kim")
            .await,
    );
    // A code of another way does not fit this one's verifier.
    let (stolen, own) = (leave().await, leave().await);
    let mixed = Answer {
        code: answer("acme", &stolen).code,
        ..answer("acme", &own)
    };
    let key = connections
        .arrive(mixed, Some(BROWSER), "kim")
        .await
        .unwrap();
    let got = connections
        .connect(&key, &world.account, mixed, BROWSER)
        .await;
    assert!(matches!(got, Err(TravelError::Provider(_))), "{got:?}");
    assert!(
        world.token(&connections, "kim").await.is_err(),
        "nothing was kept"
    );
}

#[tokio::test]
async fn rows_that_are_exchanged_in_the_database_open_for_nobody() {
    let world = World::new(Kind::Oidc);
    let connections = world.replica();
    world.connect(&connections, "kim").await.unwrap();
    world
        .simulator
        .sign_in(Person::new("1002", "lee@example.com"));
    world.connect(&connections, "lee").await.unwrap();
    let kims = world.store.find(&key("kim")).await.unwrap().unwrap();
    let mut lees = world.store.find(&key("lee")).await.unwrap().unwrap();
    let token = world.token(&connections, "kim").await.unwrap();
    assert!(
        !format!("{kims:?}").contains(token.expose_secret()),
        "sealed"
    );
    lees.sealed.clone_from(&kims.sealed);
    world.store.put(&lees).await.unwrap();
    assert!(matches!(
        world.token(&connections, "lee").await,
        Err(NoToken::Ended { .. })
    ));
    // Nor for somebody who has the database and another secret.
    let thief = world.replica_with(b"another secret of at least thirty-two");
    assert!(world.token(&thief, "kim").await.is_err());
    // Nor do tokens go to another provider of the same name.
    let mut other = (*world.account.provider).clone();
    other.issuer = "https://evil.example".to_owned();
    let account = Account {
        provider: Arc::new(other),
        ..world.account.clone()
    };
    let got = connections.token(&key("kim"), &account, None).await;
    assert!(matches!(got, Err(NoToken::NotConnected { .. })));
}

#[tokio::test]
async fn disconnecting_revokes_at_every_kind_of_provider() {
    for (kind, path) in [
        (Kind::Oidc, "/revoke"),
        (Kind::Google, "/revoke"),
        (Kind::GitHub, "/api/v3/applications/loop-at-provider/token"),
    ] {
        let world = World::new(kind);
        let connections = world.replica();
        world.connect(&connections, "kim").await.unwrap();
        let token = world.token(&connections, "kim").await.unwrap();
        assert!(
            world.simulator.holder(token.expose_secret()).is_some(),
            "{kind:?}"
        );
        assert!(connections.disconnect(&key("kim")).await.unwrap());
        assert_eq!(world.simulator.count(path), 1, "{kind:?}");
        assert_eq!(
            world.simulator.holder(token.expose_secret()),
            None,
            "{kind:?}"
        );
        assert!(matches!(
            world.token(&connections, "kim").await,
            Err(NoToken::NotConnected { .. })
        ));
        // A provider that is away does not keep anybody connected here.
        world.connect(&connections, "kim").await.unwrap();
        world
            .simulator
            .fail(|faults| faults.revocation_status = Some(500));
        assert!(connections.disconnect(&key("kim")).await.unwrap());
        assert!(!connections.disconnect(&key("kim")).await.unwrap());
    }
}

#[tokio::test]
async fn a_token_that_the_server_refuses_is_refreshed_once_a_minute() {
    let world = World::new(Kind::Oidc);
    let connections = world.replica();
    world.connect(&connections, "kim").await.unwrap();
    let first = world.token(&connections, "kim").await.unwrap();
    let refused = |token: SecretString| {
        let (connections, account) = (Arc::clone(&connections), world.account.clone());
        async move {
            connections
                .token(&key("kim"), &account, Some(&token))
                .await
                .unwrap()
        }
    };
    let second = refused(first.clone()).await;
    assert_ne!(second.expose_secret(), first.expose_secret());
    let third = refused(second.clone()).await;
    assert_eq!(third.expose_secret(), second.expose_secret());
}

#[tokio::test]
async fn rekeying_leaves_nothing_that_needs_the_old_secret() {
    let world = World::new(Kind::Oidc);
    let old = b"the secret of both replicas, long".to_vec();
    world.connect(&world.replica(), "kim").await.unwrap();
    let both = Seals::new(b"the next secret of the proxy, long", &[old]);
    let done = Connections::rekey(&*world.store, &both, 0).await.unwrap();
    assert_eq!(done, (1, 0));
    let done = Connections::rekey(&*world.store, &both, 0).await.unwrap();
    assert_eq!(done, (0, 0), "it was done");
    let next = world.replica_with(b"the next secret of the proxy, long");
    assert!(world.token(&next, "kim").await.is_ok());
    let strange = Seals::new(b"a third secret that nobody has used", &[]);
    let done = Connections::rekey(&*world.store, &strange, 0)
        .await
        .unwrap();
    assert_eq!(done, (0, 1));
}
