//! A server that answers as it is told, and a clock that is moved by hand.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix_web::web::{self, Bytes, Data};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use chrono::{DateTime, TimeDelta, Utc};
use loop_shared::service::Clock;
use loop_testkit::InProcess;
use serde_json::Value;
use tokio::sync::OnceCell;

use crate::kpi::provider::amplitude::{self, Amplitude};
use crate::kpi::provider::http::{Http, Policy};
use crate::kpi::provider::revenuecat::{self, RevenueCat};
use crate::kpi::service::Settings;
use crate::kpi::{GET_PARAMS, History, Kpis, Question, Trend};
use crate::params::Values;

/// What the server says next.
#[derive(Clone, Debug)]
pub(super) enum Say {
    /// This JSON.
    Json(Value),
    /// This status with these headers and body.
    Status(u16, Vec<(&'static str, &'static str)>, &'static str),
    /// This text as if it were JSON.
    Text(&'static str),
    /// Fewer bytes than announced.
    Truncated,
    /// Nothing in time.
    Slow,
}

#[derive(Default)]
pub(super) struct Script {
    next: VecDeque<Say>,
    /// Address and `Authorization` of every request.
    pub(super) asked: Vec<(String, String)>,
}

/// The moved clock.
#[derive(Clone)]
pub(super) struct HandClock(Arc<Mutex<DateTime<Utc>>>);

impl HandClock {
    pub(super) fn advance(&self, seconds: i64) {
        *self.0.lock().unwrap() += TimeDelta::seconds(seconds);
    }

    pub(super) fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap()
    }

    fn shared(&self) -> Arc<dyn Clock> {
        let hands = Arc::clone(&self.0);
        Arc::new(move || *hands.lock().unwrap())
    }
}

/// A service whose providers are one local server.
pub(super) struct Rig {
    pub(super) kpis: Kpis,
    pub(super) clock: HandClock,
    script: Arc<Mutex<Script>>,
    server: InProcess,
    _folder: tempfile::TempDir,
}

impl Rig {
    pub(super) fn start() -> Self {
        Self::with(|_| ())
    }

    pub(super) fn with(change: impl Fn(&mut Policy)) -> Self {
        Self::keeping(None, change)
    }

    /// With another history than a file of its own.
    pub(super) fn keeping(history: Option<History>, change: impl Fn(&mut Policy)) -> Self {
        let script: Arc<Mutex<Script>> = Arc::default();
        let data = Data::new(Arc::clone(&script));
        let server = InProcess::start(move |listener| {
            let server = HttpServer::new(move || {
                App::new()
                    .app_data(data.clone())
                    .default_service(web::to(answer))
            });
            server
                .workers(1)
                .disable_signals()
                .listen(listener)
                .unwrap()
                .run()
        });
        let start = DateTime::from_timestamp(1_795_824_000, 0).unwrap(); // 2026-11-28
        let clock = HandClock(Arc::new(Mutex::new(start)));
        let folder = tempfile::tempdir().unwrap();
        let base = server.url("").trim_end_matches('/').to_owned();
        let door = |name, mut policy: Policy| {
            policy.timeout = Duration::from_millis(300);
            policy.pause = Duration::from_millis(5);
            policy.patience = Duration::from_secs(1);
            change(&mut policy);
            Http::new(name, policy, clock.shared()).unwrap()
        };
        let kpis = Kpis::new(Settings {
            amplitude: Some(Amplitude {
                http: door("amplitude", amplitude::POLICY),
                base: base.clone(),
                api_key: "the-key".into(),
                secret_key: "the-secret".into(),
                key_event: Some("Play Song".into()),
                funnel: vec!["Sign Up".into(), "Pay".into()],
            }),
            revenuecat: Some(RevenueCat {
                http: door("revenuecat", revenuecat::POLICY),
                base,
                key: "sk_verysecret".into(),
                project: Some("proj1".into()),
                currency: "USD".into(),
                found: OnceCell::new(),
            }),
            history: history.unwrap_or_else(|| History::File(folder.path().join("kpi.db"))),
            clock: clock.shared(),
        });
        Self {
            kpis,
            clock,
            script,
            server,
            _folder: folder,
        }
    }

    pub(super) fn say(&self, next: impl IntoIterator<Item = Say>) {
        self.script.lock().unwrap().next.extend(next);
    }

    pub(super) fn base(&self) -> String {
        self.server.url("").trim_end_matches('/').to_owned()
    }

    pub(super) fn asked(&self) -> Vec<(String, String)> {
        self.script.lock().unwrap().asked.clone()
    }

    pub(super) fn question(&self, query: &str) -> Question {
        let values = Values::from_query(query, GET_PARAMS).unwrap();
        Question::of(&values, self.clock.now().date_naive()).unwrap()
    }

    pub(super) async fn get(&self, query: &str) -> Trend {
        self.kpis.get(&self.question(query)).await
    }
}

async fn answer(script: Data<Arc<Mutex<Script>>>, request: HttpRequest) -> HttpResponse {
    let said = {
        let mut script = script.lock().unwrap();
        let key = request
            .headers()
            .get("authorization")
            .map(|value| value.to_str().unwrap().to_owned());
        script
            .asked
            .push((request.uri().to_string(), key.unwrap_or_default()));
        script.next.pop_front()
    };
    match said {
        Some(Say::Json(json)) => HttpResponse::Ok().json(json),
        Some(Say::Status(status, headers, body)) => {
            let mut answer = HttpResponse::build(status.try_into().unwrap());
            for header in headers {
                answer.insert_header(header);
            }
            answer.body(body)
        }
        Some(Say::Text(text)) => HttpResponse::Ok()
            .content_type("application/json")
            .body(text),
        Some(Say::Truncated) => {
            let part = futures_util::stream::iter([
                Ok(Bytes::from_static(b"{\"data\":")),
                Err(std::io::Error::other("broken off")),
            ]);
            HttpResponse::Ok().streaming(part)
        }
        Some(Say::Slow) => {
            tokio::time::sleep(Duration::from_millis(900)).await;
            HttpResponse::Ok().json(serde_json::json!({}))
        }
        None => HttpResponse::InternalServerError().body("nothing is said"),
    }
}
