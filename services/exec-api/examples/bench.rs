//! Measures exec-api over real sockets, beside a plain reading of the same notes; `bench.sh` builds and runs it.
//!
//! In: `BENCH_EXEC_API`, the built program; `BENCH_NOTES`, how many notes [default: 5000]. Out: a table in Markdown on the
//! terminal. Never: a provider of the outside world; a local one answers at once.
#![expect(
    clippy::unwrap_used,
    reason = "a program for a terminal; what fails ends it"
)]

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use chrono::{Days, NaiveDate};
use loop_shared::service::{Clock as _, SystemClock};
use loop_testkit::{Service, ServiceBuilder, TestIssuer};
use reqwest::Client;
use serde_json::{Value, json};

/// The day of all questions about cash.
const AS_OF: &str = "2026-11-21";
/// How often a question is asked one after the other.
const TIMES: usize = 300;
/// Callers at once, and questions of each.
const CALLERS: (usize, usize) = (8, 100);

#[tokio::main]
async fn main() {
    let notes = std::env::var("BENCH_NOTES").map_or(5_000, |text| text.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let vault = folder.path().join("vault");
    let written = write_vault(&vault, notes);
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let provider = Provider::start();
    let bench = Bench::start(folder.path(), &vault, &provider.url);
    let mut rows = Vec::new();
    bench.cash(&vault, &mut rows).await;
    plain(&vault, &mut rows);
    bench.kpi(&provider, &mut rows).await;
    println!("{}", report(written, &load, &rows));
}

/// A line of the table: what, p50, p99 in milliseconds, answers a second.
struct Row(&'static str, Option<(Duration, Duration)>, Option<f64>);

struct Bench {
    service: Service,
    token: String,
    http: Client,
    _issuer: TestIssuer,
}

impl Bench {
    fn start(folder: &Path, vault: &Path, provider: &str) -> Self {
        let issuer = TestIssuer::start();
        let service = ServiceBuilder::new(std::env::var("BENCH_EXEC_API").unwrap())
            .env("EXTERNAL_URL", "http://localhost:8082")
            .env("ISSUER", issuer.url())
            .env("JWKS_URL", issuer.jwks_url())
            .env("EXEC_VAULT_DIR", vault)
            .env("EXEC_AUDIT_PATH", folder.join("audit.jsonl"))
            .env("KPI_DB_PATH", folder.join("kpi.db"))
            .env("AMPLITUDE_URL", provider)
            .env("AMPLITUDE_API_KEY", "key")
            .env("AMPLITUDE_SECRET_KEY", "secret")
            .start();
        let token = issuer.token("http://localhost:8082/exec/mcp", SystemClock.now());
        let token = token
            .scope("mcp:exec kpi:read")
            .claim("roles", json!(["exec"]));
        Self {
            token: token.sign(issuer.signing_key()),
            service,
            http: Client::new(),
            _issuer: issuer,
        }
    }

    async fn ask(&self, path: &str) -> Value {
        let url = format!("http://127.0.0.1:{}{path}", self.service.port());
        let answer = self.http.get(url).bearer_auth(&self.token).send().await;
        let answer = answer.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        answer.json().await.unwrap()
    }

    /// How long each of these questions takes, one after the other.
    async fn one_by_one(&self, paths: impl Iterator<Item = String>) -> (Duration, Duration) {
        let mut took = Vec::new();
        for path in paths {
            let began = Instant::now();
            self.ask(&path).await;
            took.push(began.elapsed());
        }
        took.sort_unstable();
        (took[took.len() / 2], took[took.len() * 99 / 100])
    }

    /// Answers a second for several callers at once.
    #[expect(clippy::cast_precision_loss, reason = "a few hundred")]
    async fn at_once(&self, path: &str) -> f64 {
        let caller = async || {
            for _ in 0..CALLERS.1 {
                self.ask(path).await;
            }
        };
        let began = Instant::now();
        futures_util::future::join_all((0..CALLERS.0).map(|_| caller())).await;
        (CALLERS.0 * CALLERS.1) as f64 / began.elapsed().as_secs_f64()
    }

    async fn cash(&self, vault: &Path, rows: &mut Vec<Row>) {
        let plain = format!("/exec/runway?as_of={AS_OF}");
        let scenario = format!("{plain}&hires=3&hire_cost=6000000&revenue_change=-10");
        let flow = format!("/exec/cashflow?as_of={AS_OF}&from=2026-01&to=2026-10");
        let first = self.ask(&plain).await;
        assert!(first["base"]["months_left"].is_string(), "{first}");
        for (what, path) in [
            ("runway", &plain),
            ("runway under a scenario", &scenario),
            ("cash flow of ten months", &flow),
        ] {
            let took = self
                .one_by_one(std::iter::repeat_n(path.clone(), TIMES))
                .await;
            rows.push(Row(what, Some(took), Some(self.at_once(path).await)));
        }
        let mut took = Vec::new();
        for round in 1..=5_u32 {
            let note = format!("{BALANCE}balance: {}\n---\n", 700_000_000 + round);
            let before = self.ask(&plain).await["cash"]["total"]["amount"].take();
            let began = Instant::now();
            std::fs::write(vault.join("balances/acc-0-2026-10.md"), note).unwrap();
            while self.ask(&plain).await["cash"]["total"]["amount"] == before {
                assert!(
                    began.elapsed() < Duration::from_secs(30),
                    "a change is never seen"
                );
            }
            took.push(began.elapsed());
        }
        took.sort_unstable();
        rows.push(Row(
            "runway that knows a note written just now",
            Some((took[2], took[4])),
            None,
        ));
    }

    async fn kpi(&self, provider: &Provider, rows: &mut Vec<Row>) {
        let kept = "/exec/kpi/active_users?from=2026-11-01&to=2026-11-14".to_owned();
        self.ask(&kept).await;
        let took = self
            .one_by_one(std::iter::repeat_n(kept.clone(), TIMES))
            .await;
        rows.push(Row(
            "KPI from cache",
            Some(took),
            Some(self.at_once(&kept).await),
        ));
        let day: NaiveDate = "2024-01-01".parse().unwrap();
        let cold = (0..TIMES as u64).map(|n| {
            let day = day + Days::new(n * 3);
            format!("/exec/kpi/active_users?from={day}&to={day}")
        });
        let took = self.one_by_one(cold).await;
        rows.push(Row("KPI cold (the provider is asked)", Some(took), None));
        provider.down.store(true, Ordering::Relaxed);
        let stale = |n: u64| {
            let from = day + Days::new(n * 3);
            format!(
                "/exec/kpi/active_users?from={from}&to={}",
                from + Days::new(1)
            )
        };
        // The circuit opens after some failures; from then on nobody is asked.
        self.one_by_one((0..10).map(stale)).await;
        let took = self.one_by_one((10..110).map(stale)).await;
        rows.push(Row(
            "KPI from history (the provider is down)",
            Some(took),
            None,
        ));
    }
}

/// What a script does for each question: reads every note, and takes the amounts.
fn plain(vault: &Path, rows: &mut Vec<Row>) {
    for (what, taking) in [
        ("plain reading: every file", false),
        ("plain reading: every file, and its amounts", true),
    ] {
        let mut took = Vec::new();
        for _ in 0..20 {
            let began = Instant::now();
            std::hint::black_box(sum(vault, taking));
            took.push(began.elapsed());
        }
        took.sort_unstable();
        rows.push(Row(what, Some((took[10], took[19])), None));
    }
}

fn sum(folder: &Path, taking: bool) -> i64 {
    let mut total = 0;
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            total += sum(&path, taking);
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        if !taking {
            total += i64::try_from(text.len()).unwrap();
            continue;
        }
        for line in text.lines() {
            let amount = ["amount: ", "balance: ", "burn: "].iter().find_map(|name| {
                let rest = line.split_once(name)?.1;
                let digits = rest.split(|c: char| !c.is_ascii_digit()).next()?;
                digits.parse::<i64>().ok()
            });
            total += amount.unwrap_or_default();
        }
    }
    total
}

const BALANCE: &str = "---\nentity_type: CashBalance\nentity_id: bal-0-2026-10\naccount: acc-0\ncurrency: KRW\ndate: 2026-10-31\n";

/// A vault of five years: accounts, their balances, closed months, and the rest ledgers of one line.
fn write_vault(vault: &Path, notes: usize) -> usize {
    for folder in ["accounts", "balances", "cash", "ledgers"] {
        std::fs::create_dir_all(vault.join(folder)).unwrap();
    }
    let mut written = 0;
    let mut write = |path: String, text: String| {
        std::fs::write(vault.join(path), text).unwrap();
        written += 1;
    };
    let months: Vec<(i32, u32)> = (2022..=2026)
        .flat_map(|year| (1..=12).map(move |month| (year, month)))
        .collect();
    let months: Vec<String> = months
        .into_iter()
        .map(|(year, month)| format!("{year}-{month:02}"))
        .filter(|month| month.as_str() <= "2026-10")
        .collect();
    for account in 0..10 {
        let head = format!(
            "---\nentity_type: CashAccount\nentity_id: acc-{account}\nentity_name: \"계좌 {account}\"\ncurrency: KRW\nopened: 2022-01-01\n---\n"
        );
        write(format!("accounts/acc-{account}.md"), head);
        for month in &months {
            let text = format!(
                "---\nentity_type: CashBalance\nentity_id: bal-{account}-{month}\naccount: acc-{account}\ncurrency: KRW\ndate: {month}-28\nbalance: {}\n---\n",
                100_000_000 + account * 1_000
            );
            write(format!("balances/acc-{account}-{month}.md"), text);
        }
    }
    let ledgers = notes - written - months.len();
    for (at, month) in months.iter().enumerate() {
        // As many ledgers as this month gets below: books and transactions say the same.
        let count = ledgers / months.len() + usize::from(at < ledgers % months.len());
        let text = format!(
            "---\nentity_type: CashMonth\nentity_id: cash-{month}\nmonth: \"{month}\"\ncurrency: KRW\ncash_balance: 1000000000\n\
             income: {}\nburn: {}\nclosed: {}\n---\n\n# {month}\n\n매출과 지출.\n",
            count * IN,
            count * OUT,
            closed(month)
        );
        std::fs::write(vault.join(format!("cash/{month}.md")), text).unwrap();
    }
    for n in 0..ledgers {
        let month = &months[n % months.len()];
        let text = format!(
            "---\nentity_type: Ledger\nentity_id: ledger-{n}\nmonth: \"{month}\"\ncurrency: KRW\nlines:\n  \
             - {{date: {month}-15, direction: out, amount: {OUT}, category: vendor, counterparty: \"거래처 {}\"}}\n  \
             - {{date: {month}-16, direction: in, amount: {IN}, category: sales, counterparty: \"고객 {}\"}}\n---\n\n청구서 {n}.\n",
            n % 40,
            n % 25
        );
        std::fs::write(vault.join(format!("ledgers/{n}.md")), text).unwrap();
    }
    notes
}

/// What a ledger pays and gets.
const OUT: usize = 2_800_000;
const IN: usize = 1_200_000;

/// The fourth of the month after.
fn closed(month: &str) -> NaiveDate {
    let first: NaiveDate = format!("{month}-01").parse().unwrap();
    first + chrono::Months::new(1) + Days::new(3)
}

/// A provider of one series that answers at once, until it is down.
struct Provider {
    url: String,
    down: Arc<AtomicBool>,
}

impl Provider {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let down = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&down);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let down = Arc::clone(&told);
                std::thread::spawn(move || answer(stream, &down));
            }
        });
        Self { url, down }
    }
}

fn answer(mut stream: TcpStream, down: &AtomicBool) {
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
    while let Some(Ok(first)) = lines.next() {
        for line in lines.by_ref() {
            if line.is_ok_and(|line| line.is_empty()) {
                break;
            }
        }
        let status = if down.load(Ordering::Relaxed) {
            "500 Down"
        } else {
            "200 OK"
        };
        let body = series(&first).to_string();
        let head = format!(
            "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        if stream.write_all((head + &body).as_bytes()).is_err() {
            return;
        }
    }
}

fn series(request: &str) -> Value {
    let part = |name: &str| {
        let at = request.find(&format!("{name}="))? + name.len() + 1;
        request.get(at..)?.split(['&', ' ']).next()
    };
    let day = |name| NaiveDate::parse_from_str(part(name)?, "%Y%m%d").ok();
    let (Some(start), Some(end)) = (day("start"), day("end")) else {
        return json!({});
    };
    let days: Vec<NaiveDate> = start
        .iter_days()
        .take_while(|day| *day <= end)
        .take(400)
        .collect();
    let values: Vec<usize> = (0..days.len()).map(|n| 1_000 + n * 37).collect();
    json!({ "data": { "series": [values], "seriesMeta": ["Active"], "xValues": days } })
}

fn report(notes: usize, load: &str, rows: &[Row]) -> String {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let mut text = format!(
        "# Benchmarks of exec-api\n\nWritten by `make bench`; figures of other runs differ, ratios should not.\n\n\
         - A vault of {notes} notes over five years. {cores} cores for server, load and provider together; load of the machine before: {}.\n\
         - Real sockets, profile `measured`, every answer recorded in the audit log (on the disk) before it leaves.\n\
         - One question after the other: p50 and p99. {} callers at once: answers a second.\n\
         - The provider is a local server that answers at once. *Plain reading* is what a script does for each question, from the page cache.\n\n\
         | Question | p50 ms | p99 ms | /s, {} at once |\n|---|--:|--:|--:|\n",
        load.split(' ').take(3).collect::<Vec<_>>().join(" "),
        CALLERS.0,
        CALLERS.0,
    );
    let ms = |duration: Duration| format!("{:.2}", duration.as_secs_f64() * 1_000.0);
    for Row(what, took, rate) in rows {
        let (p50, p99) = took.map_or(("–".into(), "–".into()), |(p50, p99)| {
            (ms(p50), ms(p99))
        });
        let rate = rate.map_or_else(|| "–".into(), |rate| format!("{rate:.0}"));
        let _ = writeln!(text, "| {what} | {p50} | {p99} | {rate} |");
    }
    text
}
