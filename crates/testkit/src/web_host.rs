//! A small https server with a certificate authority of its own, to be fetched from: it answers what it is told, as
//! badly as it is told, and notes who came.

use std::{
    collections::HashMap,
    io::{Read, Write},
    net::{IpAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use openssl::{
    asn1::Asn1Time,
    bn::{BigNum, MsbOption},
    ec::{EcGroup, EcKey},
    hash::MessageDigest,
    nid::Nid,
    pkey::{PKey, Private},
    ssl::{SslAcceptor, SslMethod, SslStream},
    x509::{
        X509, X509NameBuilder,
        extension::{BasicConstraints, SubjectAlternativeName},
    },
};
use serde_json::Value;

/// Names that the certificate is good for.
const NAMES: [&str; 4] = ["localhost", "app.example", "other.example", "keys.example"];

/// What a path answers.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Status.
    pub status: u16,
    /// Headers beside `Connection` and, unless `unmeasured`, `Content-Length`.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: Vec<u8>,
    /// Whether the length is left out.
    pub unmeasured: bool,
    /// How long nothing comes.
    pub delay: Duration,
    /// How long each byte of the body takes.
    pub per_byte: Duration,
}

impl Answer {
    /// A JSON document.
    pub fn json(body: &Value) -> Self {
        Self {
            status: 200,
            headers: vec![("Content-Type".to_owned(), "application/json".to_owned())],
            body: body.to_string().into_bytes(),
            unmeasured: false,
            delay: Duration::ZERO,
            per_byte: Duration::ZERO,
        }
    }

    /// The same with a header set.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers
            .retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same with another status.
    #[must_use]
    pub fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }
}

/// A request that came.
#[derive(Clone, Debug)]
pub struct Visit {
    /// Path and query.
    pub path: String,
    /// Header lines, in lower case.
    pub headers: String,
    /// The address that was connected to.
    pub to: IpAddr,
}

#[derive(Default)]
struct State {
    answers: HashMap<String, Answer>,
    visits: Vec<Visit>,
    down: bool,
}

/// The server; on every address of this machine, until the process ends.
#[derive(Clone)]
pub struct WebHost {
    port: u16,
    ca_pem: Vec<u8>,
    state: Arc<Mutex<State>>,
}

impl WebHost {
    /// Starts it. Every path is 404 until told otherwise.
    pub fn start() -> Self {
        let listener = TcpListener::bind("0.0.0.0:0").expect("a free port");
        let port = listener.local_addr().expect("a bound port").port();
        let (ca_pem, acceptor) = certificates();
        let state = Arc::new(Mutex::new(State::default()));
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (acceptor, state) = (acceptor.clone(), Arc::clone(&shared));
                thread::spawn(move || serve(stream, &acceptor, &state));
            }
        });
        Self {
            port,
            ca_pem,
            state,
        }
    }

    /// Its port.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// The authority that signed its certificate, PEM.
    pub fn ca_pem(&self) -> &[u8] {
        &self.ca_pem
    }

    /// The URL of a path at one of its names: `localhost`, `app.example`, `other.example`, `keys.example`.
    pub fn at(&self, name: &str, path: &str) -> String {
        format!("https://{name}:{}{path}", self.port)
    }

    /// Tells what a path answers.
    pub fn answer(&self, path: &str, answer: Answer) {
        self.state().answers.insert(path.to_owned(), answer);
    }

    /// Hangs up on everybody, or stops doing so.
    pub fn down(&self, down: bool) {
        self.state().down = down;
    }

    /// Who came, in order.
    pub fn visits(&self) -> Vec<Visit> {
        self.state().visits.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn serve(stream: TcpStream, acceptor: &SslAcceptor, state: &Mutex<State>) {
    let lock = || state.lock().unwrap_or_else(PoisonError::into_inner);
    let Ok(to) = stream.local_addr() else { return };
    if lock().down {
        return;
    }
    let Ok(mut stream) = acceptor.accept(stream) else {
        return;
    };
    let Some(request) = head(&mut stream) else {
        return;
    };
    let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
    let answer = {
        let mut state = lock();
        state.visits.push(Visit {
            path: path.clone(),
            headers: request.to_ascii_lowercase(),
            to: to.ip(),
        });
        state.answers.get(&path).cloned()
    };
    let none = Answer::json(&Value::Null).status(404);
    // Whoever asked may have had enough.
    let _ = send(&mut stream, &answer.unwrap_or(none));
    let _ = stream.shutdown();
}

fn head(stream: &mut SslStream<TcpStream>) -> Option<String> {
    let mut bytes = Vec::new();
    let mut byte = [0];
    while !bytes.ends_with(b"\r\n\r\n") && bytes.len() < 16_384 {
        stream.read_exact(&mut byte).ok()?;
        bytes.push(byte[0]);
    }
    String::from_utf8(bytes).ok()
}

fn send(stream: &mut SslStream<TcpStream>, answer: &Answer) -> std::io::Result<()> {
    thread::sleep(answer.delay);
    let mut head = format!("HTTP/1.1 {} Answer\r\nConnection: close\r\n", answer.status);
    for (name, value) in &answer.headers {
        head.extend([name, ": ", value, "\r\n"]);
    }
    if !answer.unmeasured {
        let length = answer.body.len().to_string();
        head.extend(["Content-Length: ", &length, "\r\n"]);
    }
    head.push_str("\r\n");
    stream.write_all(head.as_bytes())?;
    if answer.per_byte.is_zero() {
        return stream.write_all(&answer.body);
    }
    for byte in &answer.body {
        thread::sleep(answer.per_byte);
        stream.write_all(&[*byte])?;
    }
    Ok(())
}

/// An authority, and an acceptor with a certificate of it.
fn certificates() -> (Vec<u8>, SslAcceptor) {
    let (ca_key, own_key) = (key(), key());
    let ca = certificate("test authority", &ca_key, None);
    let own = certificate("test host", &own_key, Some((&ca, &ca_key)));
    let mut acceptor = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls()).expect("an acceptor");
    acceptor.set_private_key(&own_key).expect("a key");
    acceptor.set_certificate(&own).expect("a certificate");
    (ca.to_pem().expect("PEM"), acceptor.build())
}

fn key() -> PKey<Private> {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).expect("P-256");
    PKey::from_ec_key(EcKey::generate(&group).expect("a key")).expect("a key")
}

fn certificate(name: &str, key: &PKey<Private>, by: Option<(&X509, &PKey<Private>)>) -> X509 {
    let mut subject = X509NameBuilder::new().expect("a name");
    subject.append_entry_by_text("CN", name).expect("a name");
    let subject = subject.build();
    let mut serial = BigNum::new().expect("a number");
    serial
        .rand(120, MsbOption::MAYBE_ZERO, false)
        .expect("a number");
    let mut made = X509::builder().expect("a builder");
    made.set_version(2).expect("version 3");
    made.set_serial_number(&serial.to_asn1_integer().expect("a number"))
        .expect("a serial");
    made.set_subject_name(&subject).expect("a subject");
    made.set_issuer_name(by.map_or(&subject, |(ca, _)| ca.subject_name()))
        .expect("an issuer");
    made.set_not_before(&Asn1Time::days_from_now(0).expect("today"))
        .expect("a start");
    made.set_not_after(&Asn1Time::days_from_now(2).expect("a day"))
        .expect("an end");
    made.set_pubkey(key).expect("a key");
    if let Some((ca, _)) = by {
        let mut names = SubjectAlternativeName::new();
        for name in NAMES {
            names.dns(name);
        }
        names.ip("127.0.0.1");
        let names = names
            .build(&made.x509v3_context(Some(ca), None))
            .expect("names");
        made.append_extension(names).expect("names");
    } else {
        let authority = BasicConstraints::new()
            .critical()
            .ca()
            .build()
            .expect("an authority");
        made.append_extension(authority).expect("an authority");
    }
    made.sign(by.map_or(key, |(_, key)| key), MessageDigest::sha256())
        .expect("a signature");
    made.build()
}
