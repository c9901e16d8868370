//! Two loop-auth on one PostgreSQL, and nobody who sends a client to the same one twice.

use std::net::IpAddr;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use loop_testkit::postgres::Schema;
use loop_testkit::{Browser, Decision, Service, ServiceBuilder, cargo_binary, free_port};
use serde_json::Value;

use crate::support::oauth::{Answer, CALLBACK, Client, VERIFIER, http, read};
use crate::support::stack::{ADMIN, Ports, start_nginx};
use crate::support::tools::tool;

/// Two replicas, started at the same moment on an empty database.
struct Replicas {
    a: Service,
    b: Service,
    schema: Schema,
}

impl Replicas {
    fn start() -> Option<Self> {
        Self::start_at(None)
    }

    /// At another address than the first one's own.
    fn start_at(front: Option<&str>) -> Option<Self> {
        let schema = Schema::new()?;
        let binary = cargo_binary("loop-auth", "loop-auth");
        let replica = || ServiceBuilder::new(&binary);
        let (a, b) = (replica(), replica());
        let url = front.map_or_else(|| a.base_url(), str::to_owned);
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

/// How many log in or refresh at once.
const CROWD: u8 = 6;
const PASSWORD: &str = "a password of their own";

/// How long a client goes on asking a service that says it will be back.
const PATIENCE: Duration = Duration::from_secs(20);

/// Asks again for as long as the answer is 503 or 504, as its `Retry-After` invites to.
async fn insisting(asked: &AtomicUsize, request: impl Fn() -> reqwest::RequestBuilder) -> Answer {
    let since = Instant::now();
    loop {
        let answer = read(request()).await;
        if ![503, 504].contains(&answer.status) || since.elapsed() > PATIENCE {
            return answer;
        }
        asked.fetch_add(1, Ordering::Relaxed);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// What everybody in the test below shares.
struct Load {
    url: String,
    client: String,
    stop: AtomicBool,
    logins: AtomicUsize,
    refreshes: AtomicUsize,
    asked_again: AtomicUsize,
}

impl Load {
    fn going(&self) -> bool {
        !self.stop.load(Ordering::Relaxed)
    }

    fn token(&self, form: &[(&str, &str)]) -> reqwest::RequestBuilder {
        let id = [("client_id", self.client.as_str())];
        let url = format!("{}/token", self.url);
        http().post(url).form(&[&id, form].concat())
    }

    /// A person logs in through the pages, which nobody presses twice, and the client gets tokens.
    async fn login(&self, client: &Client, person: &Person) -> String {
        let url = client.authorize_url(&format!("{}/mcp", self.url), "mcp:read");
        let browser = Browser::new().asking_from(person.address);
        let pages = browser.authorize(&url, &person.email, PASSWORD, Decision::Allow);
        let code = pages.await.parameter("code").expect("a login failed");
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code.as_str()),
            ("redirect_uri", CALLBACK),
            ("code_verifier", VERIFIER),
        ];
        let answer = insisting(&self.asked_again, || self.token(&form)).await;
        assert_eq!(answer.status, 200, "a login failed: {answer:?}");
        self.logins.fetch_add(1, Ordering::Relaxed);
        answer.text("refresh_token")
    }

    async fn refresh(&self, token: &str) -> String {
        let form = [("grant_type", "refresh_token"), ("refresh_token", token)];
        let answer = insisting(&self.asked_again, || self.token(&form)).await;
        assert_eq!(answer.status, 200, "a token was lost: {answer:?}");
        self.refreshes.fetch_add(1, Ordering::Relaxed);
        answer.text("refresh_token")
    }
}

/// Somebody with an account and an address of their own, so that nobody waits for another one's tries.
struct Person {
    email: String,
    address: IpAddr,
}

/// Adds the people of the crowd to the database of the replicas.
fn people(replicas: &Replicas, folder: &Path) -> Vec<Person> {
    let file = folder.join("password");
    std::fs::write(&file, PASSWORD).expect("a password file");
    let add = |number: u8| {
        let email = format!("person{number}@example.com");
        let added = Command::new(cargo_binary("loop-auth", "loop-auth"))
            .args(["user", "add", &email, "--password-file"])
            .arg(&file)
            .env("DATABASE_URL", replicas.schema.url())
            .env("BCRYPT_COST", "10")
            .output()
            .expect("loop-auth runs");
        assert!(added.status.success(), "{added:?}");
        Person {
            email,
            address: [127, 0, 0, 10 + number].into(),
        }
    };
    (0..CROWD).map(add).collect()
}

/// People who log in and clients who refresh, until they are told to stop; each with its last token.
async fn crowd(
    front: &str,
    people: Vec<Person>,
) -> (Arc<Load>, Vec<tokio::task::JoinHandle<String>>) {
    let client = Client::register_at(front, "A test client").await;
    let load = Arc::new(Load {
        url: front.to_owned(),
        client: client.id.clone(),
        stop: AtomicBool::new(false),
        logins: AtomicUsize::new(0),
        refreshes: AtomicUsize::new(0),
        asked_again: AtomicUsize::new(0),
    });
    let one = |(number, person): (usize, Person)| {
        let (load, client) = (Arc::clone(&load), client.at(front));
        let logs_in = number % 2 == 0;
        tokio::spawn(async move {
            let mut token = load.login(&client, &person).await;
            while load.going() {
                token = if logs_in {
                    load.login(&client, &person).await
                } else {
                    load.refresh(&token).await
                };
            }
            token
        })
    };
    let running = people.into_iter().enumerate().map(one).collect();
    (load, running)
}

#[test]
fn behind_nginx_a_killed_replica_costs_no_login_and_no_token() {
    let Some(nginx) = tool("LOOP_NGINX") else {
        return;
    };
    let port = free_port();
    let front = format!("http://127.0.0.1:{port}");
    let Some(mut replicas) = Replicas::start_at(Some(&front)) else {
        return;
    };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let ports = Ports {
        http: port,
        auth: format!("{} {}", replicas.a.port(), replicas.b.port()),
        api: free_port(),
        exec: free_port(),
    };
    let _nginx = start_nginx(&nginx, folder.path(), &ports);
    let people = people(&replicas, folder.path());
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let (load, running) = crowd(&front, people).await;
        for round in 0..6 {
            tokio::time::sleep(Duration::from_millis(1_500)).await;
            let replica = if round % 2 == 0 {
                &mut replicas.b
            } else {
                &mut replicas.a
            };
            tokio::task::block_in_place(|| replica.kill_9());
            tokio::time::sleep(Duration::from_millis(700)).await;
            tokio::task::block_in_place(|| replica.restart());
        }
        load.stop.store(true, Ordering::Relaxed);
        for task in running {
            // Every family that there is goes on.
            let token = task.await.expect("no login failed, no token was lost");
            load.refresh(&token).await;
        }
        let count = |it: &AtomicUsize| it.load(Ordering::Relaxed);
        let (logins, refreshes) = (count(&load.logins), count(&load.refreshes));
        let again = count(&load.asked_again);
        println!("{logins} logins, {refreshes} refreshes, {again} asked again");
        assert!(logins >= 6 && refreshes >= 30, "{logins} and {refreshes}");
    });
}
