//! A directory that gives certificates (RFC 8555) to a client under test, and does wrong on demand.
//!
//! It checks each signature, nonce, address and key, really fetches the answer to its challenge over HTTP, and issues real
//! certificates. What a client did wrong is in [`Directory::complaints`].

mod issue;
mod jws;
mod routes;

use std::collections::HashSet;
use std::net::TcpListener;
use std::sync::{Arc, Mutex, MutexGuard};

use actix_web::{App, HttpServer, web};
use openssl::pkey::{PKey, Private};
use openssl::x509::X509;

use crate::in_process::InProcess;

pub use issue::certificate_of_this_machine;

/// What goes wrong; by default nothing.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    /// So many nonces more are not taken.
    pub bad_nonces: u32,
    /// Orders are refused with `rateLimited`, to be tried again after so many seconds.
    pub rate_limited: Option<u64>,
    /// Challenges fail, whatever is answered.
    pub disbelieves: bool,
    /// So many looks more show `processing` before a certificate is there.
    pub slow: u32,
    /// The certificate is for another key.
    pub other_key: bool,
    /// The certificate is for another name.
    pub other_name: bool,
    /// Orders lead to this address.
    pub elsewhere: Option<String>,
    /// The token of challenges.
    pub token: Option<String>,
    /// Everything but the directory itself and nonces is answered so.
    pub answer: Option<(u16, Vec<u8>)>,
}

/// An account by its key.
#[derive(Clone, Debug)]
struct Account {
    x: String,
    y: String,
}

#[derive(Default)]
struct Table {
    faults: Faults,
    nonces: HashSet<String>,
    accounts: Vec<Account>,
    /// The name that is ordered, and how far it is.
    order: Option<Order>,
    complaints: Vec<String>,
    issued: usize,
}

#[derive(Clone, Debug)]
struct Order {
    host: String,
    account: usize,
    proven: Option<bool>,
    chain: Option<Vec<u8>>,
}

struct State {
    base: String,
    /// Where names are looked for.
    http_port: u16,
    /// How long certificates live, in seconds.
    lifetime: i64,
    ca: (X509, PKey<Private>),
    table: Mutex<Table>,
}

impl State {
    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().expect("the directory works")
    }
}

/// A running directory.
pub struct Directory {
    state: Arc<State>,
    _running: InProcess,
}

impl Directory {
    /// A directory that looks for every name at this port of 127.0.0.1, and whose certificates live so many seconds.
    pub fn start(http_port: u16, lifetime: i64) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let state = Arc::new(State {
            base: format!("http://127.0.0.1:{port}"),
            http_port,
            lifetime,
            ca: issue::authority(),
            table: Mutex::default(),
        });
        let shared = web::Data::from(Arc::clone(&state));
        let running = InProcess::listening(listener, move |listener| {
            let app = move || {
                App::new()
                    .app_data(shared.clone())
                    .configure(routes::routes)
            };
            let server = HttpServer::new(app).workers(1).disable_signals();
            server.listen(listener).expect("a server").run()
        });
        Self {
            state,
            _running: running,
        }
    }

    /// Where it is.
    pub fn url(&self) -> String {
        format!("{}/directory", self.state.base)
    }

    /// By whom its certificates are vouched for, in PEM.
    pub fn ca(&self) -> Vec<u8> {
        self.state.ca.0.to_pem().expect("a certificate")
    }

    /// Changes what goes wrong.
    pub fn fail(&self, change: impl FnOnce(&mut Faults)) {
        change(&mut self.state.table().faults);
    }

    /// What clients did that RFC 8555 forbids.
    pub fn complaints(&self) -> Vec<String> {
        self.state.table().complaints.clone()
    }

    /// How many accounts there are.
    pub fn accounts(&self) -> usize {
        self.state.table().accounts.len()
    }

    /// How many certificates were issued.
    pub fn issued(&self) -> usize {
        self.state.table().issued
    }
}
