//! The proxy's own pages behind a central loop-auth: people sign in there, and connect their accounts here.

use std::time::Duration;

use loop_testkit::html::{Form, forms, unescape};
use loop_testkit::provider::{Kind, Person, Provider};
use loop_testkit::{Browser, Decision, Service, ServiceBuilder, cargo_binary, free_port};
use serde_json::json;
use tempfile::TempDir;
use url::Url;

use crate::backend::Backend;
use crate::harness::{EMAIL, PASSWORD, Proxy, program};

/// loop-auth, a proxy behind it, and what is behind the proxy.
struct Central {
    auth: Service,
    proxy: Proxy,
    provider: Provider,
    backend: Backend,
}

/// The proxy's settings, without those of its pages.
fn settings(
    data: &TempDir,
    issuer: &str,
    provider: &Provider,
    backend: &Backend,
) -> ServiceBuilder {
    let servers = json!({ "servers": [{ "name": "drive", "url": backend.url(),
        "tier": 2, "oauth_provider": "oidc", "scopes": ["files", "offline_access"] }] });
    let file = data.path().join("mcp_servers.json");
    std::fs::write(&file, servers.to_string()).unwrap();
    ServiceBuilder::new(program())
        .env("DATA_DIR", data.path())
        .env("CONFIG", &file)
        .env("LOG_LEVEL", "debug")
        .env("ISSUER", issuer)
        .env("OIDC_ISSUER", provider.url())
        .env("OIDC_CLIENT_ID", Provider::CLIENT_ID)
        .env("OIDC_CLIENT_SECRET", Provider::CLIENT_SECRET)
}

impl Central {
    fn start() -> Self {
        let (provider, backend) = (Provider::start(Kind::Oidc), Backend::start());
        let data = tempfile::tempdir().unwrap();
        let secret = data.path().join("pages.secret");
        let (own, port) = (free_port(), free_port());
        let issuer = format!("http://localhost:{own}");
        let proxy = format!("http://localhost:{port}");
        let pages = format!(
            "{proxy}/ http://127.0.0.1:{port} {} Connections",
            secret.display()
        );
        let resources = format!("{proxy}/mcp=mcp:read,{proxy}/drive/mcp=mcp:read");
        let auth = ServiceBuilder::new(cargo_binary("loop-auth", "loop-auth"))
            .port(own)
            .env("EXTERNAL_URL", &issuer)
            .env("OAUTH_DB_PATH", data.path().join("loop-auth.db"))
            .env("BCRYPT_COST", "4")
            .env("ADMIN_EMAIL", EMAIL)
            .env("ADMIN_PASSWORD", PASSWORD)
            .env("RESOURCES", resources)
            .env("WEB_CLIENTS", pages)
            .start();
        let service = settings(&data, &issuer, &provider, &backend)
            .port(port)
            .env("EXTERNAL_URL", &proxy)
            .env("WEB_SECRET_FILE", &secret);
        let proxy = Proxy::started(service, data, "/drive/mcp").behind(issuer);
        Self {
            auth,
            proxy,
            provider,
            backend,
        }
    }

    fn page(&self) -> Url {
        self.proxy.url("/connections").parse().unwrap()
    }

    /// Follows redirects from `url` to a page.
    async fn follow(&self, browser: &Browser, url: Url) -> String {
        let (mut at, mut response) = (url.clone(), browser.get(&url).await);
        for _ in 0..8 {
            let Some(location) = response.headers().get("location") else {
                break;
            };
            at = at.join(location.to_str().unwrap()).unwrap();
            response = browser.get(&at).await;
        }
        response.text().await.unwrap()
    }

    /// Where a browser is sent from `url` for the login.
    async fn login(&self, browser: &Browser, url: &Url) -> Url {
        let sent = browser.get(url).await;
        assert_eq!(sent.status(), 303);
        let start = url.join(sent.headers()["location"].to_str().unwrap());
        let sent = browser.get(&start.unwrap()).await;
        sent.headers()["location"]
            .to_str()
            .unwrap()
            .parse()
            .unwrap()
    }

    /// Signs in at the central login for a page of the proxy's; the page.
    async fn sign_in(&self, browser: &Browser, page: &Url) -> String {
        let login = self.login(browser, page).await;
        assert_eq!(login.port(), Some(self.auth.port()), "{login}");
        let outcome = browser
            .authorize(&login, EMAIL, PASSWORD, Decision::Allow)
            .await;
        let back = outcome.redirect();
        assert_eq!(back.port(), Some(self.proxy.service.port()), "{back}");
        self.follow(browser, back).await
    }
}

fn form(html: &str) -> Form {
    let found = forms(html)
        .into_iter()
        .find(|form| form.action == "/connections/drive");
    found.unwrap_or_else(|| panic!("no form in {html}"))
}

#[tokio::test]
async fn somebody_signs_in_at_the_central_login_and_connects_an_account_at_the_proxy() {
    let central = Central::start();
    let (browser, page) = (Browser::new(), central.page());
    let html = central.sign_in(&browser, &page).await;
    assert!(
        html.contains("Your Any account") || html.contains("drive"),
        "{html}"
    );
    let account = format!("http://localhost:{}/account", central.auth.port());
    assert!(unescape(&html).contains(&account), "{html}");
    central
        .provider
        .sign_in(Person::new("1001", "kim@example.com"));
    let gone = browser
        .submit(&page, &form(&html), Some(("action", "connect")))
        .await;
    let away = gone.headers()["location"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    let html = central.follow(&browser, away).await;
    assert!(html.contains("connected since"), "{html}");

    // The client's token is of the central login too; the server is handed the account's.
    let token = central.proxy.token(EMAIL).await;
    let session = central.proxy.session(&token, json!({})).await;
    let handed = session.text("whoami", json!({})).await;
    let handed = handed.strip_prefix("Bearer ").unwrap();
    assert_eq!(central.provider.given_to(handed).unwrap().subject, "1001");

    let servers = browser
        .get(&central.proxy.url("/servers").parse().unwrap())
        .await;
    assert!(
        servers.text().await.unwrap().contains("drive"),
        "for an administrator"
    );
    let ended = browser
        .submit(&page, &form(&html), Some(("action", "disconnect")))
        .await;
    assert!(ended.text().await.unwrap().contains("not connected"));
    let refused = session.call("whoami", json!({})).await;
    assert_eq!(refused["error"]["code"], -32042, "{refused}");
    drop(central.backend);
}

#[tokio::test]
async fn nobody_reaches_the_pages_without_a_session_of_the_central_login() {
    let mut central = Central::start();
    let (browser, page) = (Browser::new(), central.page());
    let html = central.sign_in(&browser, &page).await;
    let connect = form(&html);
    let stranger = Browser::new();
    for path in [
        "/connections",
        "/servers",
        "/connections/callback/oidc?state=s&code=c",
    ] {
        let url = central.proxy.url(path).parse::<Url>().unwrap();
        let sent = central.login(&stranger, &url).await;
        assert_eq!(sent.port(), Some(central.auth.port()), "{path}");
    }
    let refused = stranger
        .submit(&page, &connect, Some(("action", "connect")))
        .await;
    assert!(refused.status().is_client_error(), "{}", refused.status());
    assert!(refused.headers().get("location").is_none());

    // A form of another person, or of another browser of the same one, is no use.
    let other = Browser::new();
    central.sign_in(&other, &page).await;
    let stale = other
        .submit(&page, &connect, Some(("action", "connect")))
        .await;
    assert!(
        stale.headers().get("location").is_none(),
        "signed for another browser"
    );

    // A restart signs nobody out.
    central.proxy.service.restart();
    // Until the browser has noticed that its connections are closed.
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(browser.get(&page).await.status(), 200);
}

#[test]
fn servers_with_accounts_need_pages_that_people_can_sign_in_to() {
    let (provider, backend) = (Provider::start(Kind::Oidc), Backend::start());
    let data = tempfile::tempdir().unwrap();
    let issuer = "https://loop.example.com";
    let (status, said) = settings(&data, issuer, &provider, &backend).run();
    assert!(
        !status.success() && said.contains("WEB_SECRET_FILE"),
        "{said}"
    );
    assert!(said.contains("WEB_CLIENTS"), "{said}");
}
