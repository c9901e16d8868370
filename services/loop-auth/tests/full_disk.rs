//! A disk without room: refreshing is put off, nothing is half done, and with room it goes on.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod first_release;

use std::{path::Path, process::Command};

use first_release::{LIVING, fixture, refresh, settings};
use loop_testkit::{Service, ServiceBuilder};

/// Started so that a write beyond the limit fails, as it does on a full disk, instead of ending the process.
fn start(database: &Path) -> Service {
    let script = format!("trap '' XFSZ; exec {}", env!("CARGO_BIN_EXE_loop-auth"));
    settings(ServiceBuilder::new("/bin/sh"))
        .arg("-c")
        .arg(script)
        .env("OAUTH_DB_PATH", database)
        .start()
}

/// The process writes into no file beyond this many bytes from now on.
fn limit(service: &Service, bytes: &str) {
    let pid = service.pid().to_string();
    let limit = format!("--fsize={bytes}:");
    let set = Command::new("prlimit")
        .args(["--pid", &pid, &limit])
        .status();
    assert!(set.unwrap().success());
}

async fn get(service: &Service, path: &str) -> u16 {
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let asked = http.get(format!("{}{path}", service.base_url())).send();
    asked.await.unwrap().status().as_u16()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_room_a_refresh_is_put_off_whole_and_with_room_the_same_token_works() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("auth.db");
    std::fs::copy(fixture("sqlite.db"), &database).unwrap();
    let mut service = start(&database);
    let (status, answer) = refresh(&service, LIVING).await;
    assert_eq!(status, 200, "{answer}");
    let token = answer["refresh_token"].as_str().unwrap().to_owned();

    limit(&service, "0");
    for _ in 0..3 {
        let (status, answer) = refresh(&service, &token).await;
        assert_eq!(status, 503, "{answer}");
        assert_eq!(answer["error"], "temporarily_unavailable", "{answer}");
        assert!(answer["error_description"].is_string() && answer.get("access_token").is_none());
    }
    // What only reads goes on: nothing is to be restarted.
    for path in ["/healthz", "/readyz", "/.well-known/jwks.json"] {
        assert_eq!(get(&service, path).await, 200, "{path}");
    }
    // Nothing was half done: the older token has not been retired by the newer one's failed use.
    limit(&service, "unlimited");
    let (status, again) = refresh(&service, LIVING).await;
    assert_eq!(
        (status, again["refresh_token"].as_str()),
        (200, Some(&*token))
    );
    let (status, answer) = refresh(&service, &token).await;
    assert_eq!(status, 200, "{answer}");
    let next = answer["refresh_token"].as_str().unwrap().to_owned();
    assert_ne!(next, token);

    tokio::task::block_in_place(|| {
        service.kill_9();
        service.restart();
    });
    assert_eq!(refresh(&service, &next).await.0, 200);
    let (status, answer) = refresh(&service, LIVING).await;
    assert_eq!(
        (status, &answer["error"]),
        (400, &"invalid_grant".into()),
        "it is retired now"
    );
}
