//! Clients that describe themselves, over HTTP: the document host is a real https server.

use std::sync::Mutex;

use async_trait::async_trait;
use loop_oauth::{
    client::{ClientId, ClientOrigin},
    client_keys::PublicKeys,
    client_metadata_document::{Document, DocumentUrl, NoDocument, Want},
    store::Clients as _,
};
use loop_testkit::web_host::{Answer, WebHost};

use super::*;
use crate::outbound::tests::documents;

const KIM: &str = "kim@example.com";
const LOOPBACK: &str = "http://localhost/callback";
/// Where names lead in these tests, opened.
const OPEN: &str = "127.0.0.0/8";

/// What a process knows of documents, which a restart forgets.
struct Process(Mutex<Arc<dyn ClientDocuments>>);

impl Process {
    fn now(&self) -> Arc<dyn ClientDocuments> {
        Arc::clone(&self.0.lock().unwrap())
    }
}

#[async_trait]
impl ClientDocuments for Process {
    async fn document(&self, url: &DocumentUrl, want: Want) -> Result<Arc<Document>, NoDocument> {
        self.now().document(url, want).await
    }

    fn at_hand(&self, url: &DocumentUrl) -> Option<Arc<Document>> {
        self.now().at_hand(url)
    }

    async fn keys(&self, url: &DocumentUrl, want: Want) -> Result<Arc<PublicKeys>, NoDocument> {
        self.now().keys(url, want).await
    }
}

/// A server, the host of documents, and a client that is described there.
pub(super) struct Described {
    pub(super) server: Server,
    pub(super) host: WebHost,
    pub(super) id: String,
    process: Arc<Process>,
}

impl Described {
    pub(super) async fn start(members: &Value) -> Self {
        let host = WebHost::start();
        let process = Arc::new(Process(Mutex::new(Arc::new(documents(&host, OPEN)))));
        let server = Server::start_with(Setup {
            documents: Some(Arc::clone(&process) as _),
            ..Setup::default()
        })
        .await;
        server.user(KIM, "member").await;
        let id = host.at("app.example", "/client");
        let described = Self {
            server,
            host,
            id,
            process,
        };
        described.describe(members);
        described
    }

    /// Publishes the usual document with some members replaced.
    pub(super) fn describe(&self, members: &Value) {
        let home = self.host.at("app.example", "/cb");
        let mut document = json!({
            "client_id": self.id,
            "client_name": "Described",
            "redirect_uris": [REDIRECT, home, LOOPBACK],
        });
        for (name, value) in members.as_object().unwrap() {
            document[name] = value.clone();
        }
        self.host.answer("/client", Answer::json(&document));
    }

    /// As a new process: nothing is remembered but what is stored.
    fn restart(&self) {
        *self.process.0.lock().unwrap() = Arc::new(documents(&self.host, OPEN));
    }

    pub(super) async fn tokens(&self) -> Value {
        let code = self.server.code(&Browser::new(), &self.id, KIM).await;
        let (status, tokens) = self.server.exchange(&self.id, &code).await;
        assert_eq!(status, 200, "{tokens}");
        tokens
    }

    /// Whether the person is asked when the answer goes to `redirect`, a second time.
    async fn is_asked_again(&self, redirect: &str) -> bool {
        let browser = Browser::new();
        let url = self
            .server
            .authorize_url(&self.id, &[("redirect_uri", redirect)]);
        let first = browser
            .authorize(&url, KIM, PASSWORD, Decision::Allow)
            .await;
        first.redirect();
        let second = browser.get(&url).await;
        !second.status().is_redirection()
    }

    async fn consent_page(&self, redirect: &str) -> String {
        let browser = Browser::new();
        let login = self.server.authorize_url(&self.id, &[]);
        browser
            .authorize(&login, KIM, PASSWORD, Decision::Deny)
            .await
            .redirect();
        let url = self.server.authorize_url(
            &self.id,
            &[("redirect_uri", redirect), ("prompt", "consent")],
        );
        let page = browser.get(&url).await;
        assert_eq!(page.status(), 200);
        page.text().await.unwrap()
    }
}

#[actix_web::test]
async fn a_client_that_describes_itself_logs_somebody_in_without_registering() {
    let described = Described::start(&json!({})).await;
    let (server, id) = (&described.server, &described.id);
    let tokens = described.tokens().await;
    let claims = claims(text(&tokens, "access_token"));
    assert_eq!(text(&claims, "client_id"), id);
    let stored = server
        .store
        .client(&ClientId(id.clone()))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (stored.origin, stored.name.as_str()),
        (ClientOrigin::Document, "Described")
    );
    assert!(stored.first_login_at.is_some());
    let (status, again) = server.refresh(id, text(&tokens, "refresh_token")).await;
    assert_eq!(status, 200, "{again}");
    let visits = described.host.visits().len();
    assert!(visits <= 2, "{visits} fetches");
}

#[actix_web::test]
async fn asking_writes_nothing() {
    let described = Described::start(&json!({})).await;
    let url = described.server.authorize_url(&described.id, &[]);
    let answer = Browser::new().get(&url).await;
    assert!(answer.status().is_redirection() || answer.status() == 200);
    let browser = Browser::new();
    browser
        .authorize(&url, KIM, PASSWORD, Decision::Deny)
        .await
        .redirect();
    assert!(described.server.store.clients(10).await.unwrap().is_empty());
}

#[actix_web::test]
async fn whoever_is_logged_in_stays_so_while_the_host_of_the_document_is_down() {
    let described = Described::start(&json!({})).await;
    let (server, id) = (&described.server, &described.id);
    let tokens = described.tokens().await;
    described.host.down(true);
    described.restart();
    let (status, again) = server.refresh(id, text(&tokens, "refresh_token")).await;
    assert_eq!(status, 200, "{again}");
    // A login works with the last good copy, too.
    let fresh = described.tokens().await;
    let form = [
        ("client_id", id.as_str()),
        ("token", text(&fresh, "refresh_token")),
    ];
    let revoked = server
        .http
        .post(server.at("/revoke"))
        .form(&form)
        .send()
        .await;
    assert_eq!(revoked.unwrap().status(), 200);
    let (status, _) = server.refresh(id, text(&fresh, "refresh_token")).await;
    assert_eq!(status, 400);
    // A stranger's document is not to be had, which is said on a page.
    let stranger = described.host.at("other.example", "/client");
    let answer = Browser::new()
        .get(&server.authorize_url(&stranger, &[]))
        .await;
    assert_eq!(answer.status(), 400);
    let page = answer.text().await.unwrap();
    assert!(page.contains("could not be fetched"), "{page}");
}

#[actix_web::test]
async fn a_described_client_that_is_new_here_may_push_its_request() {
    let described = Described::start(&json!({})).await;
    let server = &described.server;
    let url = server.authorize_url(&described.id, &[]);
    let form: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    let pushed = server.http.post(server.at("/par")).form(&form);
    let pushed = pushed.send().await.unwrap();
    assert_eq!(pushed.status(), 201);
    let pushed: Value = pushed.json().await.unwrap();
    assert!(server.store.clients(10).await.unwrap().is_empty());
    let mut brought = server.at("/authorize");
    brought
        .query_pairs_mut()
        .append_pair("client_id", &described.id)
        .append_pair("request_uri", text(&pushed, "request_uri"))
        // Tells the test's browser where to stop.
        .append_pair("redirect_uri", REDIRECT);
    let browser = Browser::new();
    let landed = browser.authorize(&brought, KIM, PASSWORD, Decision::Allow);
    let code = landed.await.parameter("code").unwrap();
    let (status, tokens) = server.exchange(&described.id, &code).await;
    assert_eq!(status, 200, "{tokens}");
    // Nobody else is fetched for behind the browser's back.
    let stranger = described.host.at("other.example", "/client");
    let form = [
        ("client_id", stranger.as_str()),
        ("grant_type", "refresh_token"),
        ("refresh_token", "x"),
    ];
    let visits = described.host.visits().len();
    let (status, _) = server.token(&form).await;
    assert_eq!((status, described.host.visits().len()), (401, visits));
}

#[actix_web::test]
async fn a_document_that_cannot_be_believed_is_a_page_and_never_a_redirect() {
    let described = Described::start(&json!({})).await;
    for (members, reason) in [
        (
            json!({"client_id": "https://claude.ai/client"}),
            "not the document&#39;s URL",
        ),
        (json!({"client_secret": "s3cret"}), "client secret"),
        (
            json!({"token_endpoint_auth_method": "client_secret_basic"}),
            "client secret",
        ),
        (
            json!({"redirect_uris": ["http://app.example/cb"]}),
            "loopback",
        ),
        (json!({"client_name": "\u{202e}x"}), "control characters"),
    ] {
        described.describe(&members);
        described.restart();
        let url = described.server.authorize_url(&described.id, &[]);
        let answer = Browser::new().get(&url).await;
        assert_eq!(answer.status(), 400, "{members}");
        let page = answer.text().await.unwrap();
        assert!(page.contains(reason), "{members}: {page}");
    }
    for id in [
        "https://127.0.0.1/client",
        "https://0x7f.1/client",
        "https://2130706433/client",
        "https://[::ffff:127.0.0.1]/client",
        "http://app.example/client",
        "https://me@app.example/client",
        "https://app.example/client?x=1",
        "https://localhost:8443/client",
    ] {
        let answer = Browser::new()
            .get(&described.server.authorize_url(id, &[]))
            .await;
        assert_eq!(answer.status(), 400, "{id}");
    }
}

#[actix_web::test]
async fn a_redirect_that_the_document_does_not_list_is_a_page() {
    let described = Described::start(&json!({})).await;
    for (redirect, fine) in [
        ("http://localhost:43117/callback", true),
        ("https://evil.example/cb", false),
        ("http://localhost:43117/other", false),
    ] {
        let url = described
            .server
            .authorize_url(&described.id, &[("redirect_uri", redirect)]);
        let answer = Browser::new().get(&url).await;
        assert_eq!(answer.status() == 400, !fine, "{redirect}");
    }
}

#[actix_web::test]
async fn consent_is_remembered_at_the_clients_own_host_and_nowhere_else() {
    let described = Described::start(&json!({})).await;
    let home = described.host.at("app.example", "/cb");
    for (redirect, asked) in [
        (LOOPBACK, true),
        ("http://localhost:43117/callback", true),
        (REDIRECT, true),
        (home.as_str(), false),
        // What was remembered for the host's own address opens nothing else.
        ("http://localhost:43117/callback", true),
        (REDIRECT, true),
    ] {
        assert_eq!(
            described.is_asked_again(redirect).await,
            asked,
            "{redirect}"
        );
    }
}

#[actix_web::test]
async fn people_see_the_host_that_a_client_is_identified_by() {
    let described = Described::start(&json!({"client_uri": "https://claude.ai/"})).await;
    let authority = format!("app.example:{}", described.host.port());
    let home = described.host.at("app.example", "/cb");
    for (redirect, warns_of_elsewhere, warns_of_loopback) in [
        (home.as_str(), false, false),
        (REDIRECT, true, false),
        ("http://localhost:43117/callback", false, true),
    ] {
        let page = described.consent_page(redirect).await;
        assert!(
            page.contains(&format!("identified by the address {authority}")),
            "{page}"
        );
        assert!(
            !page.contains("claude.ai") && !page.contains("registered itself"),
            "{page}"
        );
        assert_eq!(
            page.contains("not the app&#39;s own address"),
            warns_of_elsewhere,
            "{page}"
        );
        assert_eq!(
            page.contains("program on this computer"),
            warns_of_loopback,
            "{page}"
        );
    }
}

#[actix_web::test]
async fn the_metadata_advertises_documents_exactly_when_they_are_read() {
    for enabled in [true, false] {
        let server = Server::start_with(Setup {
            rules: DocumentRules {
                enabled,
                ..DocumentRules::default()
            },
            ..Setup::default()
        })
        .await;
        let at = server.at("/.well-known/oauth-authorization-server");
        let metadata: Value = server
            .http
            .get(at)
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap();
        let expected = enabled.then_some(true);
        assert_eq!(
            metadata["client_id_metadata_document_supported"].as_bool(),
            expected
        );
        let methods = &metadata["token_endpoint_auth_methods_supported"];
        assert_eq!(
            *methods,
            json!([
                "none",
                "client_secret_basic",
                "client_secret_post",
                "private_key_jwt"
            ])
        );
        let algs = &metadata["token_endpoint_auth_signing_alg_values_supported"];
        assert_eq!(*algs, json!(["RS256", "ES256", "EdDSA"]));
        let id = server.authorize_url("https://app.example/client", &[]);
        assert_eq!(Browser::new().get(&id).await.status(), 400);
    }
}
