//! A sign-in provider on a free port: Google's, GitHub's and plain `OpenID` Connect's documented behaviour over real HTTP,
//! with faults that a test switches on.
//!
//! It signs whoever [`Provider::sign_in`] named in without asking, checks what it is sent (client, redirect, PKCE, code once),
//! and notes every visit. Sources: `OpenID` Connect Core and Discovery 1.0, RFC 6749, 7009, 7636, 9207, Google's "OpenID
//! Connect" and "Using OAuth 2.0 for Web Server Applications", GitHub's "Authorizing OAuth apps" and REST API.

mod faults;
mod github;
mod oidc;
mod people;
mod state;
mod tokens;

use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use actix_web::{App, HttpServer, web};
use chrono::{DateTime, Utc};

use crate::MockClock;
use crate::in_process::InProcess;
use crate::keys::key;

pub use faults::{Faults, Forgery};
pub use people::Person;
pub use state::Visit;

use state::State;

/// Whose behaviour a provider shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Google: refresh tokens only for `access_type=offline`, and they stay; `hd` for a hosted domain.
    Google,
    /// GitHub: no `id_token`; a REST API; errors of the token endpoint with status 200.
    GitHub,
    /// Any other: `iss` in the answer (RFC 9207), refresh tokens that rotate and end everything when they are shown twice,
    /// groups in a claim.
    Oidc,
}

/// A running (or stopped) provider; its port stays its own. Dropping it stops it.
pub struct Provider {
    port: u16,
    state: Arc<State>,
    running: Option<InProcess>,
}

impl Provider {
    /// The one client that it knows.
    pub const CLIENT_ID: &'static str = "loop-at-provider";
    /// The secret of that client.
    pub const CLIENT_SECRET: &'static str = "a provider's secret for Loop, kept on the server";

    /// A provider on a free port, at which Kim is signed in.
    pub fn start(kind: Kind) -> Self {
        let port = crate::free_port();
        let mut provider = Self {
            port,
            state: Arc::new(State::new(kind, format!("http://127.0.0.1:{port}"))),
            running: None,
        };
        provider.restart();
        provider
    }

    /// Its address, which is also its issuer identifier.
    pub fn url(&self) -> &str {
        &self.state.url
    }

    /// The base of GitHub's REST API, as on an own GitHub server.
    pub fn api_url(&self) -> String {
        format!("{}/api/v3", self.state.url)
    }

    /// Who is signed in at the provider from now on.
    pub fn sign_in(&self, person: Person) {
        self.state.table().signed_in = person;
    }

    /// Changes what goes wrong.
    pub fn fail(&self, change: impl FnOnce(&mut Faults)) {
        change(&mut self.state.table().faults);
    }

    /// Nothing goes wrong any more.
    pub fn recover(&self) {
        self.state.table().faults = Faults::default();
    }

    /// Lives in the time of this clock.
    pub fn follow(&self, clock: &MockClock) {
        self.state.table().clock = Box::new(clock.as_fn());
    }

    /// How long access tokens live.
    pub fn access_tokens_live(&self, time: Duration) {
        self.state.table().access_ttl = time;
    }

    /// Signs with the key of this number (see [`crate::key`]) and publishes it alone.
    pub fn rotate_key(&self, number: usize) {
        self.state.table().key = key(number);
    }

    /// The person takes back what they allowed: every token of theirs is dead.
    pub fn revoke_consent(&self, subject: &str) {
        self.state.table().revoke(subject);
    }

    /// Changes what the provider knows of everybody with this subject, also behind tokens that are out already.
    pub fn change(&self, subject: &str, change: impl Fn(&mut Person)) {
        self.state.table().change(subject, &change);
    }

    /// Whose access token this is, if it is a live one.
    pub fn holder(&self, access_token: &str) -> Option<Person> {
        self.state.table().holder(access_token)
    }

    /// Whom this access token was given to, whether or not its time is over.
    pub fn given_to(&self, access_token: &str) -> Option<Person> {
        let table = self.state.table();
        let issued = table.access.get(access_token)?;
        Some(issued.person.clone())
    }

    /// Every secret that was handed out: codes, access, refresh and identity tokens.
    pub fn secrets(&self) -> Vec<String> {
        self.state.table().handed_out.clone()
    }

    /// The requests that came, oldest first.
    pub fn visits(&self) -> Vec<Visit> {
        self.state.table().visits.clone()
    }

    /// How many requests came for this path.
    pub fn count(&self, path: &str) -> usize {
        let visits = self.visits();
        visits.iter().filter(|visit| visit.path == path).count()
    }

    /// The time as the provider sees it.
    pub fn now(&self) -> DateTime<Utc> {
        self.state.table().now()
    }

    /// Stops answering; connections are refused.
    pub fn stop(&mut self) {
        self.running = None;
    }

    /// Answers again, on the same port, with everything it knew.
    pub fn restart(&mut self) {
        self.stop();
        let state = web::Data::from(Arc::clone(&self.state));
        let running = InProcess::listening(listen(self.port), move |listener| {
            let app = move || {
                App::new()
                    .app_data(state.clone())
                    .configure(oidc::routes)
                    .configure(github::routes)
            };
            let server = HttpServer::new(app).workers(1).disable_signals();
            server.listen(listener).expect("a server").run()
        });
        self.running = Some(running);
    }
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

#[cfg(test)]
mod tests;
