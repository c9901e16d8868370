//! Mixed traffic for as long as one likes, at a steady memory (`make soak MINUTES=60`).

use std::time::{Duration, Instant};

use loop_testkit::{Browser, Decision};

use crate::metrics::{metrics_url, scrape, value};
use crate::support::oauth::{CALLBACK, Client, http};
use crate::support::stack::{ADMIN, Options, Stack};

/// Growth from the second to the last fifth of the time that is still level: caches fill, allocators settle.
const GROWTH: f64 = 1.2;
/// Growth that is nothing, in MiB.
const NOISE: f64 = 16.0;

/// Resident memory, in MiB.
async fn memory(url: &str) -> f64 {
    let bytes = value(&scrape(url).await, "process_resident_memory_bytes");
    f64::from(u32::try_from(bytes.expect("memory") >> 10).expect("below 4 TiB")) / 1024.0
}

/// What one family of tokens and its people do in a round; how many requests.
async fn round(stack: &Stack, client: &Client, token: &mut String, n: u64) -> u64 {
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
    requests
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "an hour, or LOOP_SOAK_MINUTES"]
async fn memory_stays_level() {
    let minutes = std::env::var("LOOP_SOAK_MINUTES").map_or(Ok(60), |text| text.parse());
    let time = Duration::from_secs(60 * minutes.expect("LOOP_SOAK_MINUTES is a number"));
    let listen = ("METRICS_LISTEN", "127.0.0.1:0");
    let options = Options {
        auth: &[listen],
        apis: &[listen],
        ..Options::default()
    };
    let Some(mut stack) = Stack::start_with(&options) else {
        return;
    };
    let (of_auth, of_api) = (metrics_url(stack.auth()), metrics_url(&stack.api));
    let client = Client::register(&stack).await;
    let mut token = client
        .login(&stack.mcp(), "mcp:read")
        .await
        .text("refresh_token");
    let (since, mut told, mut requests) = (Instant::now(), 0, 0);
    let mut samples: Vec<[f64; 2]> = Vec::new();
    for n in 1.. {
        requests += round(&stack, &client, &mut token, n).await;
        let seconds = since.elapsed().as_secs();
        if seconds / 10 >= told {
            told = seconds / 10 + 1;
            let now = [memory(&of_auth).await, memory(&of_api).await];
            println!(
                "{seconds} s\t{requests} requests\tloop-auth {:.1} MiB\tpublic-api {:.1} MiB",
                now[0], now[1]
            );
            samples.push(now);
        }
        if since.elapsed() >= time {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let fifth = (samples.len() / 5).max(1);
    for (index, name) in ["loop-auth", "public-api"].into_iter().enumerate() {
        let mean = |part: &[[f64; 2]]| {
            let sum: f64 = part.iter().map(|it| it[index]).sum();
            sum / f64::from(u32::try_from(part.len()).expect("few"))
        };
        let early = mean(&samples[fifth..(2 * fifth).min(samples.len())]);
        let late = mean(&samples[samples.len() - fifth..]);
        println!("{name}: {early:.1} MiB, later {late:.1} MiB");
        assert!(
            late <= early * GROWTH + NOISE,
            "{name} grows from {early} to {late} MiB"
        );
    }
}
