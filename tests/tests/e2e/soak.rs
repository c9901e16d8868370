//! Mixed traffic for as long as one likes, at a steady memory (`make soak MINUTES=60`).

use std::time::{Duration, Instant};

use loop_testkit::{Browser, Decision};

use crate::leaving::log_in;
use crate::metrics::{metrics_url, scrape, value};
use crate::support::oauth::{CALLBACK, Client, http};
use crate::support::stack::{ADMIN, Options, Stack};

/// Growth from the second to the last fifth of the time that is still level: caches fill, allocators settle.
const GROWTH: f64 = 1.2;
/// Growth that is nothing, in MiB.
const NOISE: f64 = 16.0;
/// Growth of open files and sockets that is nothing.
const HANDLES: f64 = 16.0;
/// Pages of people and administrators; each reads a list or writes nothing.
const PAGES: [&str; 8] = [
    "/account",
    "/account/security",
    "/admin/users?q=admin",
    "/admin/clients",
    "/admin/grants",
    "/admin/invitations",
    "/admin/keys",
    "/admin/audit",
];

/// What one service holds.
#[derive(Clone, Copy, Debug)]
struct Sample {
    /// Resident memory, in MiB.
    memory: f64,
    /// Files and sockets.
    handles: f64,
}

async fn sample(url: &str) -> Sample {
    let text = scrape(url).await;
    let number = |name| {
        let count = value(&text, name).unwrap_or_else(|| panic!("no {name}: {text}"));
        u64::try_from(count).expect("not below zero")
    };
    let small = |count: u64| f64::from(u32::try_from(count).expect("below 4 TiB"));
    Sample {
        memory: small(number("process_resident_memory_bytes") >> 10) / 1024.0,
        handles: small(number("process_open_fds")),
    }
}

/// Somebody looks at every page; how many requests.
async fn look_around(stack: &Stack, browser: &Browser) -> u64 {
    for path in PAGES {
        let at = format!("{}{path}", stack.url).parse().expect("a URL");
        let answer = browser.get(&at).await;
        assert_eq!(answer.status(), 200, "{path}");
    }
    PAGES.len() as u64
}

/// What one family of tokens and its people do in a round; how many requests.
async fn round(
    stack: &Stack,
    client: &Client,
    (token, browser): (&mut String, &mut Browser),
    n: u64,
) -> u64 {
    let answer = client.refresh(token).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    *token = answer.text("refresh_token");
    let access = answer.text("access_token");
    for path in ["/api/stats", "/api/readyz"] {
        let asked = http()
            .get(format!("{}{path}", stack.url))
            .bearer_auth(&access);
        assert!(asked.send().await.expect("an answer").status().as_u16() < 500);
    }
    let mut requests = 3;
    if n.is_multiple_of(10) {
        *token = client
            .login(&stack.mcp(), "mcp:read")
            .await
            .text("refresh_token");
        requests += 6;
    }
    if n.is_multiple_of(15) {
        requests += look_around(stack, browser).await;
    }
    if n.is_multiple_of(25) {
        let other = Client::register_as(stack, &format!("Client {n}")).await;
        let url = other.authorize_url(&stack.mcp(), "mcp:read");
        let _ = Browser::new()
            .authorize(&url, ADMIN.0, ADMIN.1, Decision::Deny)
            .await;
        let wrong = other.exchange_with("no-such-code", CALLBACK, "x").await;
        assert_eq!(wrong.status, 400, "{wrong:?}");
        let replay = client.refresh("no-such-token").await;
        assert_eq!(replay.status, 400, "{replay:?}");
        requests += 8;
    }
    if n.is_multiple_of(50) {
        // The browser before this one leaves its session behind, as people do.
        *browser = log_in(stack, ADMIN).await;
        requests += 2;
    }
    requests
}

/// Means of the second and the last fifth of what was seen.
fn means(seen: &[f64]) -> (f64, f64) {
    let fifth = (seen.len() / 5).max(1);
    let mean = |part: &[f64]| {
        part.iter().sum::<f64>() / f64::from(u32::try_from(part.len()).expect("few"))
    };
    let early = mean(&seen[fifth.min(seen.len() - 1)..(2 * fifth).min(seen.len()).max(1)]);
    (early, mean(&seen[seen.len() - fifth..]))
}

fn number(name: &str, otherwise: u64) -> u64 {
    let given = std::env::var(name);
    given.map_or(otherwise, |text| text.parse().expect("a number"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "an hour, or LOOP_SOAK_MINUTES; LOOP_SOAK_PAUSE_MS between two rounds"]
async fn memory_stays_level() {
    let time = Duration::from_secs(60 * number("LOOP_SOAK_MINUTES", 60));
    let pause = Duration::from_millis(number("LOOP_SOAK_PAUSE_MS", 20));
    let listen = ("METRICS_LISTEN", "127.0.0.1:0");
    let options = Options {
        auth: &[listen],
        apis: &[listen],
        ..Options::default()
    };
    let Some(mut stack) = Stack::start_with(&options) else {
        return;
    };
    let of = [metrics_url(stack.auth()), metrics_url(&stack.api)];
    let client = Client::register(&stack).await;
    let first = client.login(&stack.mcp(), "mcp:read").await;
    let mut token = first.text("refresh_token");
    let mut browser = log_in(&stack, ADMIN).await;
    let (since, mut told, mut requests) = (Instant::now(), 0, 0);
    let mut samples: Vec<[Sample; 2]> = Vec::new();
    for n in 1.. {
        requests += round(&stack, &client, (&mut token, &mut browser), n).await;
        let seconds = since.elapsed().as_secs();
        if seconds / 10 >= told {
            told = seconds / 10 + 1;
            let [auth, api] = [sample(&of[0]).await, sample(&of[1]).await];
            println!(
                "{seconds} s\t{requests} requests\tloop-auth {:.1} MiB, {} handles\tpublic-api {:.1} MiB, {} handles",
                auth.memory, auth.handles, api.memory, api.handles
            );
            samples.push([auth, api]);
        }
        if since.elapsed() >= time {
            break;
        }
        tokio::time::sleep(pause).await;
    }
    for (index, name) in ["loop-auth", "public-api"].into_iter().enumerate() {
        let of = |what: fn(&Sample) -> f64| {
            let seen: Vec<f64> = samples.iter().map(|it| what(&it[index])).collect();
            means(&seen)
        };
        let (early, late) = of(|it| it.memory);
        println!("{name}: {early:.1} MiB, later {late:.1} MiB");
        assert!(
            late <= early * GROWTH + NOISE,
            "{name} grows from {early} to {late} MiB"
        );
        let (early, late) = of(|it| it.handles);
        println!("{name}: {early:.0} handles, later {late:.0}");
        assert!(
            late <= early + HANDLES,
            "{name} keeps {late} handles open, {early} before"
        );
    }
}
