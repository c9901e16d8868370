//! People's own accounts behind servers, as people and servers see them: connected in a browser, never mixed up, revoked.

use std::collections::BTreeSet;
use std::time::Duration;

use loop_testkit::html::{Form, forms};
use loop_testkit::provider::{Kind, Person, Provider};
use loop_testkit::redis::Redis;
use loop_testkit::{Browser, Decision, ServiceBuilder};
use serde_json::{Value, json};
use url::Url;

use crate::backend::Backend;
use crate::harness::{EMAIL, PASSWORD, Proxy, Session, fake, program, subject};

/// A proxy whose servers work with accounts at `provider`, by which people also sign in.
fn proxy(provider: &Provider, backend: &Backend) -> Proxy {
    proxy_with(provider, backend, &[])
}

/// The same with further settings.
fn proxy_with(provider: &Provider, backend: &Backend, more: &[(&str, &str)]) -> Proxy {
    let account =
        json!({ "tier": 2, "oauth_provider": "oidc", "scopes": ["files", "offline_access"] });
    let with = |mut entry: Value| {
        for (name, value) in account.as_object().unwrap() {
            entry[name] = value.clone();
        }
        entry
    };
    let servers = json!({ "servers": [
        with(json!({ "name": "drive", "url": backend.url() })),
        with(json!({ "name": "tool", "command": fake(), "token_env": "DRIVE_TOKEN" })),
    ]});
    let mut settings = vec![
        ("OIDC_ISSUER", provider.url()),
        ("OIDC_CLIENT_ID", Provider::CLIENT_ID),
        ("OIDC_CLIENT_SECRET", Provider::CLIENT_SECRET),
        ("ALLOWED_USERS", "*@example.com"),
        ("TOKEN_REFRESH_RETRY_DELAY", "0"),
    ];
    settings.extend_from_slice(more);
    Proxy::of_file("/drive/mcp", &servers, &settings)
}

/// Somebody with a browser of their own and an account at the provider.
struct Someone {
    browser: Browser,
    person: Person,
}

impl Someone {
    fn new(subject: &str, email: &str) -> Self {
        Self {
            browser: Browser::new(),
            person: Person::new(subject, email),
        }
    }

    /// Follows redirects from `url` to a page: its address and text.
    async fn follow(&self, url: Url) -> (Url, String) {
        let (mut page, mut response) = (url.clone(), self.browser.get(&url).await);
        for _ in 0..12 {
            let Some(location) = response.headers().get("location") else {
                break;
            };
            page = page.join(location.to_str().unwrap()).unwrap();
            response = self.browser.get(&page).await;
        }
        (page, response.text().await.unwrap())
    }

    /// Signs in by the provider, for the page of connections.
    async fn sign_in(&self, proxy: &Proxy, provider: &Provider) -> String {
        provider.sign_in(self.person.clone());
        let start = proxy.url("/connections").parse::<Url>().unwrap();
        let (page, html) = self.follow(start).await;
        let button = forms(&html)
            .into_iter()
            .find(|form| form.action.contains("oidc"));
        let response = self
            .browser
            .submit(&page, &button.expect("a button"), None)
            .await;
        let location = response.headers()["location"].to_str().unwrap();
        let (_, html) = self.follow(page.join(location).unwrap()).await;
        assert!(html.contains("Connections"), "{html}");
        html
    }

    async fn page(&self, proxy: &Proxy) -> String {
        self.follow(proxy.url("/connections").parse().unwrap())
            .await
            .1
    }

    /// Presses a button of a server on the page; the page that follows.
    async fn press(&self, proxy: &Proxy, server: &str, action: &str) -> String {
        let html = self.page(proxy).await;
        let response = self
            .browser
            .submit(
                &proxy.url("/connections").parse().unwrap(),
                &form(&html, server),
                Some(("action", action)),
            )
            .await;
        match response.headers().get("location") {
            Some(location) => {
                let next = location.to_str().unwrap().parse().unwrap();
                self.follow(next).await.1
            }
            None => response.text().await.unwrap(),
        }
    }

    /// Connects the account of the person at the provider.
    async fn connect(&self, proxy: &Proxy, provider: &Provider, server: &str) {
        provider.sign_in(self.person.clone());
        let html = self.press(proxy, server, "connect").await;
        assert!(html.contains("connected since"), "{html}");
    }

    /// An access token for the server that is spoken to.
    async fn token(&self, proxy: &Proxy) -> String {
        let (url, exchange) = proxy.authorization("mcp:read").await;
        let outcome = self.browser.authorize(&url, "", "", Decision::Allow).await;
        let tokens = proxy
            .redeem(&outcome.parameter("code").expect("a code"), exchange)
            .await;
        tokens["access_token"].as_str().unwrap().to_owned()
    }
}

fn form(html: &str, server: &str) -> Form {
    let action = format!("/connections/{server}");
    let found = forms(html).into_iter().find(|form| form.action == action);
    found.unwrap_or_else(|| panic!("no form for {server} in {html}"))
}

/// Calls that run at once, each telling the token with which the backend was asked.
fn calls(session: &Session<'_>, count: usize) -> Vec<tokio::task::JoinHandle<Value>> {
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call",
        "params": { "name": "slowly", "arguments": {} } });
    let call = |_| {
        let request = session.proxy.post(&session.token, &body);
        let request = request.header("mcp-session-id", &session.id);
        tokio::spawn(async move { request.send().await.unwrap().json().await.unwrap() })
    };
    (0..count).map(call).collect()
}

/// Kim and Lee, signed in and connected, with their tokens for the server that is spoken to.
async fn two_people(proxy: &Proxy, provider: &Provider) -> [(Someone, String); 2] {
    let sign_in = async |subject, email| {
        let someone = Someone::new(subject, email);
        someone.sign_in(proxy, provider).await;
        for server in ["drive", "tool"] {
            someone.connect(proxy, provider, server).await;
        }
        let token = someone.token(proxy).await;
        (someone, token)
    };
    [
        sign_in("1001", "kim@example.com").await,
        sign_in("1002", "lee@example.com").await,
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_people_at_once_never_meet_each_others_token() {
    let (provider, backend) = (Provider::start(Kind::Oidc), Backend::start());
    let proxy = proxy(&provider, &backend);
    // Calls and refreshes race all the time.
    provider.access_tokens_live(Duration::from_secs(2));
    let people = two_people(&proxy, &provider).await;
    let mut seen: BTreeSet<String> = BTreeSet::new();
    let mut sessions = Vec::new();
    for (_, token) in &people {
        sessions.push(proxy.session(token, json!({})).await);
    }
    for _ in 0..5 {
        let mut running = Vec::new();
        for ((someone, token), session) in people.iter().zip(&sessions) {
            let all = calls(session, 20).into_iter();
            running.extend(all.map(|call| (someone, token, call)));
        }
        for (someone, token, call) in running {
            let answer = call.await.unwrap();
            let text = answer["result"]["content"][0]["text"].as_str();
            let upstream = text.unwrap_or_else(|| panic!("{answer}"));
            let upstream = upstream.strip_prefix("Bearer ").unwrap();
            assert_ne!(upstream, token, "the client's own token");
            let whose = provider.given_to(upstream);
            let whose = whose.expect("a token of the provider's");
            assert_eq!(whose.subject, someone.person.subject, "somebody else's");
            seen.insert(upstream.to_owned());
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    assert!(
        seen.len() >= 4,
        "{} tokens: nothing was refreshed",
        seen.len()
    );
}

#[tokio::test]
async fn no_token_of_a_provider_is_in_a_log_a_page_an_answer_or_the_database() {
    let (provider, backend) = (Provider::start(Kind::Oidc), Backend::start());
    let mut proxy = proxy(&provider, &backend);
    provider.access_tokens_live(Duration::from_secs(2));
    let people = two_people(&proxy, &provider).await;
    let mut answers = String::new();
    for (someone, token) in &people {
        let session = proxy.session(token, json!({})).await;
        provider.fail(|faults| faults.token_status = Some(500));
        tokio::time::sleep(Duration::from_secs(2)).await;
        answers += &session.call("whoami", json!({})).await.to_string();
        provider.recover();
        answers += &someone.page(&proxy).await;
    }
    // A child of their own each, with their own token in its environment alone.
    proxy.at("/tool/mcp");
    for (someone, _) in &people {
        let token = someone.token(&proxy).await;
        let session = proxy.session(&token, json!({})).await;
        let env = session.text("env", json!({})).await;
        let given = env
            .lines()
            .find_map(|line| line.strip_prefix("DRIVE_TOKEN="));
        let whose = provider.given_to(given.unwrap()).unwrap();
        assert_eq!(whose.subject, someone.person.subject);
        session.call("die", json!({})).await;
    }
    let logs = proxy.service.logs();
    let mut database = Vec::new();
    for file in ["connections.db", "connections.db-wal"] {
        database.extend(std::fs::read(proxy.data().join(file)).unwrap_or_default());
    }
    let database = String::from_utf8_lossy(&database);
    assert!(database.contains("gAAAA"), "tokens are kept there");
    let secrets = provider.secrets();
    assert!(secrets.len() > 12);
    for secret in secrets {
        for (place, text) in [
            ("log", &*logs),
            ("database", &*database),
            ("answer", &*answers),
        ] {
            assert!(!text.contains(&secret), "a secret in the {place}");
        }
    }
    assert!(!logs.contains(Provider::CLIENT_SECRET));
}

#[tokio::test]
async fn whoever_has_not_connected_is_told_where() {
    let (provider, backend) = (Provider::start(Kind::Oidc), Backend::start());
    let proxy = proxy(&provider, &backend);
    let kim = Someone::new("1001", "kim@example.com");
    kim.sign_in(&proxy, &provider).await;
    let token = kim.token(&proxy).await;
    let page = proxy.url("/connections");
    let (_, legacy) = proxy.initialize(&token, json!({})).await;
    let modern = proxy.modern(&token, "tools/list", json!({}));
    let modern: Value = modern.send().await.unwrap().json().await.unwrap();
    for refused in [legacy, modern] {
        assert_eq!(refused["error"]["code"], -32042, "{refused}");
        assert_eq!(refused["error"]["data"]["elicitations"][0]["url"], page);
        let said = refused["error"]["message"].as_str().unwrap();
        assert!(said.contains(&page), "{said}");
    }
    assert!(backend.seen().is_empty(), "the server was not asked");
}

#[tokio::test]
async fn disconnecting_revokes_at_the_provider_and_ends_what_held_the_token() {
    let (provider, backend) = (Provider::start(Kind::Oidc), Backend::start());
    let mut proxy = proxy(&provider, &backend);
    proxy.at("/tool/mcp");
    let kim = Someone::new("1001", "kim@example.com");
    let html = kim.sign_in(&proxy, &provider).await;
    assert!(
        html.contains("not connected") && html.contains("stay connected until you disconnect"),
        "{html}"
    );
    // The page about servers is for administrators.
    let servers = proxy.url("/servers").parse().unwrap();
    assert_eq!(kim.browser.get(&servers).await.status(), 403);
    kim.connect(&proxy, &provider, "tool").await;
    let token = kim.token(&proxy).await;
    let session = proxy.session(&token, json!({})).await;
    let env = session.text("env", json!({})).await;
    let given = env
        .lines()
        .find_map(|line| line.strip_prefix("DRIVE_TOKEN="))
        .unwrap()
        .to_owned();
    let pid: u32 = session.text("pid", json!({})).await.parse().unwrap();
    assert!(kim.page(&proxy).await.contains("last used"));
    let html = kim.press(&proxy, "tool", "disconnect").await;
    assert!(
        html.contains("Disconnected.") && html.contains("not connected"),
        "{html}"
    );
    assert_eq!(provider.holder(&given), None, "revoked upstream");
    crate::harness::eventually("the child ends", || !crate::harness::lives(pid));
    let answer = session.call("pid", json!({})).await;
    assert_eq!(answer["error"]["code"], -32042, "{answer}");
}

#[tokio::test]
async fn nobody_connects_an_account_for_somebody_else() {
    let (provider, backend) = (Provider::start(Kind::Oidc), Backend::start());
    let proxy = proxy(&provider, &backend);
    let (kim, mallory) = (
        Someone::new("1001", "kim@example.com"),
        Someone::new("1666", "mallory@example.com"),
    );
    kim.sign_in(&proxy, &provider).await;
    let html = mallory.sign_in(&proxy, &provider).await;
    let page: Url = proxy.url("/connections").parse().unwrap();

    // Mallory's form in Kim's browser, a form without its token, and one that another site sends.
    let stolen = form(&html, "drive");
    let refused = kim
        .browser
        .submit(&page, &stolen, Some(("action", "connect")))
        .await;
    assert_eq!(refused.status(), 200);
    assert!(refused.text().await.unwrap().contains("too old"));
    let mut bare = form(&kim.page(&proxy).await, "drive");
    bare.set("csrf", "");
    let refused = kim
        .browser
        .submit(&page, &bare, Some(("action", "connect")))
        .await;
    assert!(refused.text().await.unwrap().contains("too old"));
}

#[tokio::test]
async fn an_answer_of_the_provider_counts_in_the_browser_that_left_alone() {
    let (provider, backend) = (Provider::start(Kind::Oidc), Backend::start());
    let proxy = proxy(&provider, &backend);
    let (kim, mallory) = (
        Someone::new("1001", "kim@example.com"),
        Someone::new("1666", "mallory@example.com"),
    );
    kim.sign_in(&proxy, &provider).await;
    let html = mallory.sign_in(&proxy, &provider).await;
    let page: Url = proxy.url("/connections").parse().unwrap();
    let stolen = form(&html, "drive");
    // Mallory leaves, and sends Kim the way back: with Mallory's code Kim would write into Mallory's account.
    provider.sign_in(mallory.person.clone());
    let leaving = mallory
        .browser
        .submit(&page, &stolen, Some(("action", "connect")))
        .await;
    let at_provider: Url = leaving.headers()["location"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    let back = mallory.browser.get(&at_provider).await;
    let back: Url = back.headers()["location"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!(
        back.as_str()
            .starts_with(&proxy.url("/connections/callback/oidc?")),
        "{back}"
    );
    let html = kim.follow(back.clone()).await.1;
    assert!(
        html.contains("another browser") && html.contains("not connected"),
        "{html}"
    );
    // It is used up now, for Mallory too; without a login it leads to the login.
    let html = mallory.follow(back.clone()).await.1;
    assert!(html.contains("another browser"), "{html}");
    let stranger = Browser::new().get(&back).await;
    assert!(
        stranger.headers()["location"]
            .to_str()
            .unwrap()
            .starts_with("/oauth/login")
    );
}

#[tokio::test]
async fn a_no_and_an_answer_of_another_issuer_connect_nothing() {
    let (provider, backend) = (Provider::start(Kind::Oidc), Backend::start());
    let proxy = proxy(&provider, &backend);
    let kim = Someone::new("1001", "kim@example.com");
    kim.sign_in(&proxy, &provider).await;
    // The person says no, or the provider answers for another issuer.
    for (fault, said) in [("denied", "said no"), ("mixed up", "another browser")] {
        provider.fail(|faults| {
            faults.authorize_error = (fault == "denied").then(|| "access_denied".to_owned());
            faults.answer_iss = (fault != "denied").then(|| "https://evil.example".to_owned());
        });
        let html = kim.press(&proxy, "drive", "connect").await;
        assert!(
            html.contains(said) && html.contains("not connected"),
            "{fault}: {html}"
        );
        provider.recover();
    }
    assert!(
        !proxy.service.logs().contains("code="),
        "no code in the log"
    );
}

#[tokio::test]
async fn the_password_and_a_provider_stand_on_one_page_and_rules_decide_who_enters() {
    let (provider, backend) = (Provider::start(Kind::Oidc), Backend::start());
    let proxy = proxy(&provider, &backend);
    let owner = Browser::new();
    let (url, exchange) = proxy.authorization("mcp:read").await;
    let outcome = owner
        .authorize(&url, EMAIL, PASSWORD, Decision::Allow)
        .await;
    let tokens = proxy
        .redeem(&outcome.parameter("code").unwrap(), exchange)
        .await;
    assert!(tokens["access_token"].is_string());
    let stranger = Someone::new("1999", "somebody@evil.example");
    provider.sign_in(stranger.person.clone());
    let (page, html) = stranger
        .follow(proxy.url("/connections").parse().unwrap())
        .await;
    let found = forms(&html);
    assert!(
        found.iter().any(|form| form.has("password")),
        "the password is asked for beside it"
    );
    let button = found
        .into_iter()
        .find(|form| form.action.contains("oidc"))
        .unwrap();
    let response = stranger.browser.submit(&page, &button, None).await;
    let location = response.headers()["location"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    let (at, html) = stranger.follow(location).await;
    assert!(!at.path().starts_with("/connections"), "{html}");
    assert!(
        stranger
            .follow(proxy.url("/connections").parse().unwrap())
            .await
            .0
            .path()
            .contains("login")
    );
}

#[tokio::test]
async fn whoever_is_disabled_loses_tokens_and_processes_within_seconds() {
    let (provider, backend) = (Provider::start(Kind::Oidc), Backend::start());
    let mut proxy = proxy(&provider, &backend);
    proxy.at("/tool/mcp");
    let kim = Someone::new("1001", "kim@example.com");
    kim.sign_in(&proxy, &provider).await;
    kim.connect(&proxy, &provider, "tool").await;
    let token = kim.token(&proxy).await;
    let session = proxy.session(&token, json!({})).await;
    let pid: u32 = session.text("pid", json!({})).await.parse().unwrap();
    let admin = Browser::new();
    let (url, _) = proxy.authorization("mcp:read").await;
    admin
        .authorize(&url, EMAIL, PASSWORD, Decision::Allow)
        .await;
    let question = format!("/admin/confirm?act=disable&id={}", subject(&token));
    let question: Url = proxy.url(&question).parse().unwrap();
    let html = admin.get(&question).await.text().await.unwrap();
    let form = forms(&html).into_iter().find(|form| form.method == "post");
    let form = form.unwrap_or_else(|| panic!("{html}"));
    let done = admin.submit(&question, &form, None).await;
    assert!(done.status().as_u16() < 400, "{}", done.status());
    crate::harness::eventually("the process ends", || !crate::harness::lives(pid));
    let list = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list" });
    let mut status = 200;
    for _ in 0..100 {
        status = session.send(&list).await.status().as_u16();
        if status == 401 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(status, 401);
    assert!(!crate::harness::lives(pid));
}

/// Whose token the backend saw in a session of before; the answer when there is none.
async fn seen(proxy: &Proxy, provider: &Provider, token: &str, id: &str) -> Result<String, String> {
    let session = Session {
        proxy,
        token: token.to_owned(),
        id: id.to_owned(),
    };
    let answer = session.call("whoami", json!({})).await;
    let text = answer["result"]["content"][0]["text"].as_str();
    let upstream = text.and_then(|text| text.strip_prefix("Bearer "));
    let whose = upstream.and_then(|upstream| provider.given_to(upstream));
    whose.map(|it| it.subject).ok_or_else(|| answer.to_string())
}

#[tokio::test]
async fn secrets_on_lines_of_a_file_are_exchanged_without_a_login_and_rekey_seals_with_the_first() {
    const OLD: &str = "the old secret of at least 32 bytes";
    const NEW: &str = "the new secret of at least 32 bytes";
    let (provider, backend) = (Provider::start(Kind::Oidc), Backend::start());
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secrets");
    std::fs::write(&file, format!("{OLD}\n")).unwrap();
    let path = file.display().to_string();
    let mut proxy = proxy_with(
        &provider,
        &backend,
        &[("AUTH_ENCRYPTION_SECRET_FILE", &path)],
    );
    let kim = Someone::new("1001", "kim@example.com");
    kim.sign_in(&proxy, &provider).await;
    kim.connect(&proxy, &provider, "drive").await;
    let token = kim.token(&proxy).await;
    let id = proxy.session(&token, json!({})).await.id.clone();
    let rekey = || {
        ServiceBuilder::new(program())
            .env("DATA_DIR", proxy.data())
            .env("AUTH_ENCRYPTION_SECRET_FILE", &file)
            .arg("rekey")
            .run()
    };
    std::fs::write(&file, NEW).unwrap();
    let (status, said) = rekey();
    assert!(
        !status.success() && said.contains("2 open with none"),
        "{said}"
    );
    std::fs::write(&file, format!("{NEW}\r\n{OLD}\r\n")).unwrap();
    let (status, said) = rekey();
    assert!(
        status.success() && said.contains("1 connections and 1 secrets of the login were"),
        "{said}"
    );
    let (status, said) = rekey();
    assert!(
        status.success() && said.contains("0 connections and 0 secrets of the login were"),
        "{said}"
    );
    // The login's own keys of before open too: a token of before is good, and the account is there.
    proxy.service.restart();
    let again = proxy.session(&token, json!({})).await.id.clone();
    assert_eq!(
        seen(&proxy, &provider, &token, &again).await.unwrap(),
        "1001"
    );
    // Sessions are signed with the first secret.
    assert!(seen(&proxy, &provider, &token, &id).await.is_err());
    // The old one is needed no more.
    std::fs::write(&file, NEW).unwrap();
    proxy.service.restart();
    let again = proxy.session(&token, json!({})).await.id.clone();
    assert_eq!(
        seen(&proxy, &provider, &token, &again).await.unwrap(),
        "1001"
    );
    let fresh = kim.token(&proxy).await;
    proxy.session(&fresh, json!({})).await;
    let logs = proxy.service.logs();
    assert!(!logs.contains(NEW) && !logs.contains(OLD));
}

#[tokio::test]
async fn accounts_in_redis_survive_a_kill_of_redis_and_of_the_proxy() {
    let folder = tempfile::tempdir().unwrap();
    let Some(mut redis) = Redis::start(folder.path()) else {
        return;
    };
    let (provider, backend) = (Provider::start(Kind::Oidc), Backend::start());
    let url = redis.url();
    let mut proxy = proxy_with(&provider, &backend, &[("REDIS_URL", &url)]);
    assert!(!proxy.data().join("connections.db").exists());
    let kim = Someone::new("1001", "kim@example.com");
    kim.sign_in(&proxy, &provider).await;
    kim.connect(&proxy, &provider, "drive").await;
    let token = kim.token(&proxy).await;
    let id = proxy.session(&token, json!({})).await.id.clone();
    assert_eq!(seen(&proxy, &provider, &token, &id).await.unwrap(), "1001");
    redis.kill_9();
    let why = seen(&proxy, &provider, &token, &id).await.unwrap_err();
    assert!(why.contains("cannot be read at the moment"), "{why}");
    redis.restart();
    let started = std::time::Instant::now();
    while let Err(why) = seen(&proxy, &provider, &token, &id).await {
        assert!(started.elapsed() < Duration::from_secs(20), "{why}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    proxy.service.restart();
    assert_eq!(seen(&proxy, &provider, &token, &id).await.unwrap(), "1001");
    let kept = String::from_utf8_lossy(&redis.dump()).into_owned();
    assert!(kept.contains("1001") || kept.contains("drive"));
    let logs = proxy.service.logs();
    for secret in provider.secrets() {
        assert!(!kept.contains(&secret) && !logs.contains(&secret));
    }
    assert!(!logs.contains(redis.password()));
}
