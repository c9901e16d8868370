//! The service under attack, and what no answer of it may be.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    io::Write,
    rc::Rc,
    sync::Mutex,
    time::{Duration, Instant},
};

use actix_http::Request;
use actix_web::{
    body::to_bytes,
    dev::Service as _,
    http::{
        Method, StatusCode, Uri,
        header::{HeaderMap, HeaderName, HeaderValue},
    },
    rt::System,
    test,
};
use futures_util::future::LocalBoxFuture;
use loop_oauth::{
    authorize, login,
    register::{self, ByOperator},
    secret::SecretHash,
    store::Sessions as _,
};
use proptest::{strategy::Strategy, test_runner::TestRunner};
use tracing_subscriber::{filter::LevelFilter, fmt, fmt::MakeWriter, layer::SubscriberExt as _};

use super::{
    super::*,
    cimd::Published,
    config,
    grammar::{Attempt, HEADER_MARK, HTML_MARK, LOG_MARK},
};

/// Longest an answer may take, on a machine that is busy with other things.
const PATIENCE: Duration = Duration::from_secs(5);
/// Requests after which codes and tokens are new.
const FRESH_EVERY: usize = 128;
pub(super) const ISSUER: &str = "http://localhost:8083";
const EMAIL: &str = "kim@example.com";

/// An answer.
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

impl Reply {
    /// The body, which must be JSON.
    pub(super) fn json(&self) -> Value {
        let kind = self.header("content-type");
        assert!(kind.starts_with("application/json"), "{kind}");
        serde_json::from_slice(&self.body).expect("JSON")
    }

    pub(super) fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.map_or("", |value| value.to_str().expect("ASCII"))
    }

    /// An error as RFC 6749 §5.2 has it, with one of these codes.
    pub(super) fn oauth_error(&self, codes: &[&str]) {
        let body = self.json();
        let code = body["error"].as_str().expect("an error code");
        assert!(codes.contains(&code), "{} {body}", self.status);
        // "Values for the "error_description" parameter MUST NOT include characters outside the set
        // %x20-21 / %x23-5B / %x5D-7E" (RFC 6749 §5.2).
        let said = body["error_description"].as_str().unwrap_or_default();
        let fine = |byte: u8| (0x20..0x7f).contains(&byte) && byte != b'"' && byte != b'\\';
        assert!(said.bytes().all(fine), "{body}");
        assert_eq!(self.header("cache-control"), "no-store", "{body}");
    }
}

/// What is good at the moment.
pub(super) struct Fresh {
    pub(super) code: String,
    pub(super) refresh: String,
    pub(super) access: String,
}

type Door = Box<dyn Fn(Request) -> LocalBoxFuture<'static, Reply>>;

/// The service's state, and who may use it.
pub(super) struct Target {
    app: Data<App>,
    door: Door,
    pub(super) client: String,
    pub(super) machine: String,
    pub(super) secret: String,
    session: RefCell<String>,
    clock: MockClock,
    passwords: Arc<BcryptPasswords>,
    store: Arc<SqlStore>,
    fresh: RefCell<(usize, Option<Rc<Fresh>>)>,
    logs: [Log; 2],
    /// What stands behind the addresses of clients.
    pub(super) published: Arc<Published>,
    /// How often each status was answered.
    statuses: RefCell<BTreeMap<u16, u32>>,
    _folder: tempfile::TempDir,
}

/// What was logged since it was last looked at.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn take(&self) -> String {
        let bytes = std::mem::take(&mut *self.0.lock().expect("a log"));
        String::from_utf8(bytes).expect("UTF-8")
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("a log").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

/// Sends every case; `case` judges what comes back and may send more.
#[expect(
    clippy::needless_pass_by_value,
    reason = "closures are written in place"
)]
pub(super) fn fuzz<S: Strategy>(strategy: &S, case: impl AsyncFn(&Target, S::Value)) {
    let system = System::new();
    let logs = [Log::default(), Log::default()];
    // As `service::telemetry` writes them.
    let json = fmt::layer()
        .json()
        .flatten_event(true)
        .with_span_list(false);
    let subscriber = tracing_subscriber::registry()
        .with(LevelFilter::INFO)
        .with(fmt::layer().with_ansi(false).with_writer(logs[0].clone()))
        .with(json.with_writer(logs[1].clone()));
    let _logging = tracing::subscriber::set_default(subscriber);
    let target = system.block_on(Target::new(logs));
    let mut sent = 0_u32;
    let runner = &mut TestRunner::new(config());
    let sent_ = &RefCell::new(&mut sent);
    let result = runner.run(&strategy, |input| {
        **sent_.borrow_mut() += 1;
        system.block_on(case(&target, input));
        Ok(())
    });
    if let Err(failure) = result {
        panic!("{failure}");
    }
    eprintln!("{sent} cases: {:?}", target.statuses.borrow());
}

impl Target {
    async fn new(logs: [Log; 2]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = SqlStore::open(folder.path().join("auth.db")).await.unwrap();
        let store = Arc::new(store);
        let clock = MockClock::default();
        let passwords = Arc::new(BcryptPasswords::new(4, 2, 64).unwrap());
        let external = ExternalUrl::parse(ISSUER).unwrap();
        let ceremonies = Arc::new(WebauthnCeremonies::new(&external));
        let published = Arc::<Published>::default();
        let parts = Parts {
            rules: rules(ISSUER, Enforcement::default()),
            external_url: ExternalUrl::parse(ISSUER).unwrap(),
            store: Arc::clone(&store) as _,
            entropy: Arc::new(OsEntropy),
            clock: Arc::new(clock.as_fn()),
            passwords: Arc::clone(&passwords) as _,
            signer: signer(&store, &clock).await,
            keys: super::super::key_settings(),
            jwks_max_age: Duration::from_mins(5),
            documents: Arc::clone(&published) as _,
            proxies: TrustedProxies::default(),
            providers: crate::outbound::providers::Providers::default(),
            seals: Arc::new(SecretSeals::new(None)),
            ceremonies,
        };
        let app = Data::new(App::new(parts).unwrap());
        let cx = app.cx();
        let new = NewUser {
            email: EMAIL.to_owned(),
            name: String::new(),
            password: SecretString::from(PASSWORD),
            roles: Roles::parse("admin").unwrap(),
        };
        user_admin::add_user(&cx, &*passwords, new).await.unwrap();
        let public = json!({"redirect_uris": [REDIRECT, "http://localhost/cb"], "token_endpoint_auth_method": "none"});
        let public = register::register(&cx, public).await.unwrap();
        let machine = json!({"redirect_uris": [REDIRECT], "token_endpoint_auth_method": "client_secret_basic"});
        let machine = register::add_by_operator(&cx, machine, ByOperator::default());
        let machine = machine.await.unwrap();
        Self {
            door: door(&app, &store).await,
            client: public.client.id.0,
            machine: machine.client.id.0,
            secret: machine.secret.unwrap().expose().to_owned(),
            session: RefCell::default(),
            passwords,
            clock,
            fresh: RefCell::default(),
            statuses: RefCell::default(),
            published,
            store,
            logs,
            app: app.clone(),
            _folder: folder,
        }
    }

    /// The cookie of somebody who is signed in.
    pub(super) fn cookie(&self) -> String {
        format!("loop_session={}", self.session.borrow())
    }

    /// What its clock shows.
    pub(super) fn now(&self) -> chrono::DateTime<chrono::Utc> {
        self.clock.now()
    }

    /// A code as the consent page gives it.
    async fn code(&self) -> String {
        let cx = self.app.cx();
        let asked = [
            ("response_type", "code"),
            ("client_id", &self.client),
            ("redirect_uri", REDIRECT),
            ("code_challenge", &challenge()),
            ("code_challenge_method", "S256"),
            ("scope", "mcp:read"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
        let asked = authorize::check(&cx, &asked).await.unwrap();
        let session = SecretHash::of(&self.session.borrow());
        let (session, user) = self.store.session(&session).await.unwrap().unwrap();
        let to = authorize::allow(&cx, &asked, &user, &session)
            .await
            .unwrap();
        let to: Url = to.parse().unwrap();
        let code = to.query_pairs().find(|(name, _)| name == "code");
        code.unwrap().1.into_owned()
    }

    /// A code and tokens that are good now; new ones every now and then, since attacks may end them.
    pub(super) async fn fresh(&self) -> Rc<Fresh> {
        let (used, known) = self.fresh.borrow().clone();
        if let Some(known) = known.filter(|_| used < FRESH_EVERY) {
            self.fresh.borrow_mut().0 += 1;
            return known;
        }
        // Time passes, so that what is bounded by the hour goes on.
        self.clock.advance(1_800);
        let cx = self.app.cx();
        let login = login::login(&cx, &*self.passwords, EMAIL, SecretString::from(PASSWORD));
        let login = login.await.unwrap();
        login
            .raw
            .expose()
            .clone_into(&mut self.session.borrow_mut());
        let code = self.code().await;
        let form = format!(
            "grant_type=authorization_code&client_id={}&code={code}&redirect_uri={REDIRECT}&code_verifier={VERIFIER}",
            self.client
        );
        let reply = self.send(&form_post("/token", form.into())).await;
        let tokens = reply.json();
        assert_eq!(reply.status, 200, "{tokens}");
        let fresh = Rc::new(Fresh {
            code: self.code().await,
            refresh: text(&tokens, "refresh_token").to_owned(),
            access: text(&tokens, "access_token").to_owned(),
        });
        *self.fresh.borrow_mut() = (0, Some(Rc::clone(&fresh)));
        fresh
    }

    /// Puts good values in, sends, and checks what holds for every answer; `None` for what HTTP itself refuses.
    pub(super) async fn attempt(&self, attempt: &Attempt) -> Option<Reply> {
        let fresh = self.fresh().await;
        let fill = |bytes: &[u8]| {
            let mut bytes = bytes.to_vec();
            for (place, value) in [
                ("{{code}}", &fresh.code),
                ("{{refresh}}", &fresh.refresh),
                ("{{access}}", &fresh.access),
                ("{{client}}", &self.client),
                ("{{machine}}", &self.machine),
                ("{{secret}}", &self.secret),
            ] {
                while let Some(at) = bytes
                    .windows(place.len())
                    .position(|part| part == place.as_bytes())
                {
                    bytes.splice(at..at + place.len(), value.bytes());
                }
            }
            bytes
        };
        let mut target = attempt.path.as_bytes().to_vec();
        if !attempt.query.is_empty() {
            target.push(b'?');
            target.extend(fill(&attempt.query));
        }
        Uri::try_from(target.as_slice()).ok()?;
        let headers = attempt.headers.iter().map(|(name, value)| match *name {
            // It is meant to be logged, whatever its sender writes there.
            "x-request-id" => (*name, value.clone()),
            _ => (*name, fill(value)),
        });
        let filled = Attempt {
            method: attempt.method,
            path: attempt.path,
            query: fill(&attempt.query),
            headers: headers.collect(),
            body: fill(&attempt.body),
        };
        let reply = self.send(&filled).await;
        self.check_logs(&fresh);
        Some(reply)
    }

    /// Sends as it is.
    async fn send(&self, attempt: &Attempt) -> Reply {
        let mut target = attempt.path.as_bytes().to_vec();
        if !attempt.query.is_empty() {
            target.push(b'?');
            target.extend(&attempt.query);
        }
        let mut request = test::TestRequest::default()
            .method(Method::from_bytes(attempt.method.as_bytes()).unwrap())
            .uri(std::str::from_utf8(&target).unwrap_or(attempt.path))
            .set_payload(attempt.body.clone())
            .to_request();
        for (name, value) in &attempt.headers {
            // What is no header value does not get through an HTTP parser.
            if let Ok(value) = HeaderValue::from_bytes(value) {
                request
                    .headers_mut()
                    .append(HeaderName::from_static(name), value);
            }
        }
        let since = Instant::now();
        let reply = (self.door)(request).await;
        let taken = since.elapsed();
        *self
            .statuses
            .borrow_mut()
            .entry(reply.status.as_u16())
            .or_default() += 1;
        assert!(taken < PATIENCE, "{taken:?} for {attempt:?}");
        assert!(
            reply.status.as_u16() < 500,
            "{} for {attempt:?}",
            reply.status
        );
        assert!(
            !reply.headers.contains_key(HEADER_MARK),
            "a forged header for {attempt:?}"
        );
        if reply.header("content-type").starts_with("text/html") {
            let page = String::from_utf8_lossy(&reply.body);
            assert!(
                !page.contains(HTML_MARK),
                "forged markup for {attempt:?}: {page}"
            );
            assert!(
                reply
                    .header("content-security-policy")
                    .contains("default-src 'none'")
            );
        }
        reply
    }

    /// No line is forged, and none holds a secret.
    fn check_logs(&self, fresh: &Fresh) {
        let logs = [self.logs[0].take(), self.logs[1].take()];
        for line in logs[1].lines() {
            let whole: Result<Value, _> = serde_json::from_str(line);
            assert!(whole.is_ok_and(|line| line.is_object()), "{line}");
        }
        for line in logs.iter().flat_map(|log| log.lines()) {
            assert!(!line.trim_start().starts_with(LOG_MARK), "{line}");
            assert!(!line.contains('\u{1b}'), "{line:?}");
            for secret in [
                &fresh.code,
                &fresh.refresh,
                &fresh.access,
                &self.secret,
                &self.session.borrow(),
            ] {
                assert!(!line.contains(secret.as_str()), "a secret in {line}");
            }
        }
    }
}

/// A form as it should be.
pub(super) fn form_post(path: &'static str, body: Vec<u8>) -> Attempt {
    Attempt {
        method: "POST",
        path,
        query: Vec::new(),
        headers: vec![(
            "content-type",
            b"application/x-www-form-urlencoded".to_vec(),
        )],
        body,
    }
}

async fn door(app: &Data<App>, store: &Arc<SqlStore>) -> Door {
    let opened = Opened::new(Arc::clone(store) as _, || Box::pin(async { Ok(()) }));
    let (app, health) = (app.clone(), boot::health(&opened));
    let routes = move |routes: &mut _| boot::register(&app, &health, routes);
    let service = Rc::new(test::init_service(service::app(routes)).await);
    Box::new(move |request| {
        let service = Rc::clone(&service);
        Box::pin(async move {
            let response = match service.call(request).await {
                Ok(response) => response.into_parts().1.map_into_boxed_body(),
                Err(error) => error.error_response(),
            };
            let (head, body) = response.into_parts();
            Reply {
                status: head.status(),
                headers: head.headers().clone(),
                body: to_bytes(body)
                    .await
                    .map(|bytes| bytes.to_vec())
                    .unwrap_or_default(),
            }
        })
    })
}
