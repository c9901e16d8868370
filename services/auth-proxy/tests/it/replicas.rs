//! Two proxies behind one address on one PostgreSQL: whichever answers, people, sessions and accounts are the same.

use loop_testkit::postgres::Schema;
use loop_testkit::provider::{Kind, Provider};
use loop_testkit::redis::Redis;
use loop_testkit::{Browser, Decision, ServiceBuilder, free_port};
use serde_json::{Value, json};

use crate::backend::Backend;
use crate::harness::{EMAIL, PASSWORD, Proxy, Session, eventually, fake, lives, program};

/// Where replicas keep things.
struct Common {
    database: Schema,
    /// For accounts, where it is not the database.
    redis: Option<Redis>,
}

/// A replica on this database, which believes to be at `external`.
fn replica(
    common: &Common,
    external: &str,
    port: u16,
    servers: &Value,
    provider: &Provider,
) -> Proxy {
    let data = tempfile::tempdir().unwrap();
    let file = data.path().join("mcp_servers.json");
    std::fs::write(&file, servers.to_string()).unwrap();
    let mut service = ServiceBuilder::new(program());
    if let Some(redis) = &common.redis {
        service = service.env("REDIS_URL", redis.url());
    }
    let service = service
        .port(port)
        .env("DATA_DIR", data.path())
        .env("EXTERNAL_URL", external)
        .env("DATABASE_URL", common.database.url())
        .env("CONFIG", &file)
        .env("PASSWORD", PASSWORD)
        .env("BCRYPT_COST", "4")
        .env("LOG_LEVEL", "debug")
        .env(
            "AUTH_ENCRYPTION_SECRET",
            "the secret of both replicas and long enough",
        )
        .env("OIDC_ISSUER", provider.url())
        .env("OIDC_CLIENT_ID", Provider::CLIENT_ID)
        .env("OIDC_CLIENT_SECRET", Provider::CLIENT_SECRET);
    Proxy::started(service, data, "/files/mcp")
}

/// An access token for the server that is spoken to.
async fn sign_in(proxy: &Proxy, browser: &Browser) -> String {
    let (url, client) = proxy.authorization("mcp:read").await;
    let outcome = browser.authorize(&url, EMAIL, PASSWORD, Decision::Allow);
    let code = outcome.await.parameter("code").unwrap();
    let tokens = proxy.redeem(&code, client).await;
    tokens["access_token"].as_str().unwrap().to_owned()
}

/// Connects the account of whoever is signed in.
async fn connect(proxy: &Proxy, browser: &Browser) {
    let to = |response: &reqwest::Response| -> url::Url {
        let location = response.headers()["location"].to_str().unwrap();
        location.parse().unwrap()
    };
    let page = proxy.url("/connections").parse().unwrap();
    let html = browser.get(&page).await.text().await.unwrap();
    let form = loop_testkit::html::forms(&html).remove(0);
    let action = Some(("action", "connect"));
    let away = to(&browser.submit(&page, &form, action).await);
    let back = to(&browser.get(&away).await);
    let connected = browser.get(&back).await;
    assert_eq!(connected.headers()["location"], "/connections?connected");
}

#[tokio::test]
async fn a_session_and_an_account_go_on_at_another_replica_when_one_is_killed() {
    let Some(database) = Schema::new() else {
        return;
    };
    let redis = None;
    go_on(&Common { database, redis }).await;
}

#[tokio::test]
async fn a_session_and_an_account_in_redis_go_on_at_another_replica_when_one_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let (Some(database), Some(redis)) = (Schema::new(), Redis::start(folder.path())) else {
        return;
    };
    let redis = Some(redis);
    let common = Common { database, redis };
    go_on(&common).await;
    let tables = "SELECT count(*) FROM information_schema.tables \
                  WHERE table_schema = current_schema() AND table_name = 'proxy_connections'";
    let kept = common.database.run(tables);
    assert_eq!(kept, "0", "accounts are in Redis alone");
}

async fn go_on(common: &Common) {
    let (provider, backend) = (Provider::start(Kind::Oidc), Backend::start());
    let servers = json!({ "servers": [
        { "name": "files", "command": fake() },
        { "name": "drive", "url": backend.url(), "oauth_provider": "oidc", "scopes": "files offline_access" },
    ]});
    let (one, two) = (free_port(), free_port());
    let external = format!("http://localhost:{one}");
    let mut first = replica(common, &external, one, &servers, &provider);
    let mut second = replica(common, &external, two, &servers, &provider);
    let browser = Browser::new();
    let token = sign_in(&first, &browser).await;
    connect(&first, &browser).await;
    first.at("/drive/mcp");
    let drive = sign_in(&first, &browser).await;
    first.at("/files/mcp");
    let (id, pid) = {
        let session = first.session(&token, json!({})).await;
        (session.id.clone(), session.text("pid", json!({})).await)
    };

    first.service.kill_9();
    eventually("no orphan", || !lives(pid.parse().unwrap()));
    let session = Session {
        proxy: &second,
        token,
        id,
    };
    let other = session.text("pid", json!({})).await;
    assert_ne!(other, pid, "the same session, its server started here");
    drop(session);
    second.at("/drive/mcp");
    let session = second.session(&drive, json!({})).await;
    let upstream = session.text("whoami", json!({})).await;
    let upstream = upstream.strip_prefix("Bearer ").unwrap();
    assert_eq!(provider.holder(upstream).unwrap().subject, "1001");
    let logs = second.service.logs();
    let redis = common.redis.as_ref().map(Redis::password);
    let secrets = [common.database.password(), Provider::CLIENT_SECRET];
    for secret in secrets.into_iter().chain(redis) {
        assert!(secret.is_empty() || !logs.contains(secret));
    }
}
