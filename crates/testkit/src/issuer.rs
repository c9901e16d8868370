//! An issuer whose keys are served over real HTTP, and that can be stopped, restarted and rotated.

use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::{App, HttpResponse, HttpServer, web};
use chrono::{DateTime, Utc};

use crate::in_process::InProcess;
use crate::keys::{TestKey, jwks, key};
use crate::openid::{self, Desk};
use crate::revocations::{self, ListAnswer};
use crate::tokens::TokenSpec;

/// What `/.well-known/jwks.json` answers.
#[derive(Clone, Debug)]
struct Answer {
    status: u16,
    body: String,
    delay: Duration,
}

#[derive(Debug)]
pub(crate) struct State {
    answer: Mutex<Answer>,
    pub(crate) list: Mutex<ListAnswer>,
    pub(crate) looks: Mutex<Vec<String>>,
    requests: AtomicUsize,
    pub(crate) desk: Mutex<Desk>,
    port: u16,
}

impl State {
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

/// A running (or stopped) issuer; its port stays its own. Dropping it stops it.
pub struct TestIssuer {
    port: u16,
    pub(crate) state: Arc<State>,
    signing: &'static TestKey,
    running: Option<InProcess>,
}

impl TestIssuer {
    /// An issuer on a free port that signs with key 1.
    pub fn start() -> Self {
        let mut issuer = Self::stopped();
        issuer.restart();
        issuer
    }

    /// An issuer that has a port and does not answer yet.
    pub fn stopped() -> Self {
        let signing = key(1);
        let port = crate::free_port();
        let answer = Answer {
            status: 200,
            body: jwks(&[signing]).to_string(),
            delay: Duration::ZERO,
        };
        let state = State {
            answer: Mutex::new(answer),
            list: Mutex::default(),
            looks: Mutex::default(),
            requests: AtomicUsize::new(0),
            desk: Mutex::default(),
            port,
        };
        Self {
            port,
            state: Arc::new(state),
            signing,
            running: None,
        }
    }

    /// The issuer string, without a trailing slash.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Where its keys are.
    pub fn jwks_url(&self) -> String {
        format!("{}/.well-known/jwks.json", self.url())
    }

    /// How often its keys were asked for.
    pub fn requests(&self) -> usize {
        self.state.requests.load(Ordering::SeqCst)
    }

    /// The key it signs with.
    pub fn signing_key(&self) -> &'static TestKey {
        self.signing
    }

    /// Publishes exactly these keys.
    pub fn publish(&self, keys: &[&TestKey]) {
        self.answer_with(200, jwks(keys).to_string());
    }

    /// Signs with `next` from now on and publishes it beside the old key.
    pub fn rotate(&mut self, next: &'static TestKey) {
        self.publish(&[next, self.signing]);
        self.signing = next;
    }

    /// Answers anything instead of keys.
    pub fn answer_with(&self, status: u16, body: impl Into<String>) {
        let mut answer = self.state.answer.lock().expect("the issuer works");
        answer.status = status;
        answer.body = body.into();
    }

    /// Answers late.
    pub fn delay(&self, delay: Duration) {
        self.state.answer.lock().expect("the issuer works").delay = delay;
    }

    /// A token for `audience` that can still be changed; sign it with [`TestIssuer::signing_key`].
    pub fn token(&self, audience: &str, now: DateTime<Utc>) -> TokenSpec {
        TokenSpec::new(&self.url(), audience, now)
    }

    /// A good token with these scopes.
    pub fn mint(&self, audience: &str, scope: &str, now: DateTime<Utc>) -> String {
        self.token(audience, now).scope(scope).sign(self.signing)
    }

    /// Stops answering; connections are refused.
    pub fn stop(&mut self) {
        self.running = None;
    }

    /// Answers again, on the same port.
    pub fn restart(&mut self) {
        self.stop();
        let state = web::Data::from(Arc::clone(&self.state));
        let listener = listen(self.port);
        let running = InProcess::listening(listener, move |listener| {
            let app = move || {
                App::new()
                    .app_data(state.clone())
                    .route("/.well-known/jwks.json", web::get().to(serve))
                    .route("/oauth/revocations", web::get().to(revocations::serve))
                    .configure(openid::routes)
            };
            let server = HttpServer::new(app).workers(1).disable_signals();
            server.listen(listener).expect("a server").run()
        });
        self.running = Some(running);
    }
}

async fn serve(state: web::Data<State>) -> HttpResponse {
    state.requests.fetch_add(1, Ordering::SeqCst);
    let answer = state.answer.lock().expect("the issuer works").clone();
    actix_web::rt::time::sleep(answer.delay).await;
    let status = StatusCode::from_u16(answer.status).expect("a status");
    HttpResponse::build(status)
        .content_type("application/jwk-set+json")
        .body(answer.body)
}

/// Listens on the port, which a server that just stopped may hold for a moment.
fn listen(port: u16) -> TcpListener {
    for _ in 0..100 {
        if let Ok(listener) = TcpListener::bind(("127.0.0.1", port)) {
            return listener;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!("port {port} does not become free");
}
