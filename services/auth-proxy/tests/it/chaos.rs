//! Servers that die, hang, flood, fork and eat; a proxy that is killed. Nothing is left behind, everybody is told.

use std::process::Command;
use std::time::{Duration, Instant};

use loop_testkit::postgres::Schema;
use serde_json::{Value, json};

use crate::harness::{EMAIL, Proxy, eventually, fake, lives};

#[tokio::test]
async fn a_server_that_dies_is_told_and_started_again_for_the_same_session() {
    let proxy = Proxy::of_fake(&[]);
    let token = proxy.token(EMAIL).await;
    let session = proxy.session(&token, json!({})).await;
    let first = session.text("pid", json!({})).await;
    let died = session.call("die", json!({})).await;
    let why = died["error"]["message"].as_str().unwrap();
    assert!(
        why.contains("status 7") && why.contains("I cannot go on"),
        "{why}"
    );
    let second = session.text("pid", json!({})).await;
    assert_ne!(first, second);
    let killed = Command::new("kill").args(["-9", &second]).status().unwrap();
    assert!(killed.success());
    eventually("the server lives", || !lives(second.parse().unwrap()));
    let mut third = session.call("pid", json!({})).await;
    let started = Instant::now();
    while third["error"].is_object() {
        assert!(started.elapsed() < Duration::from_secs(10), "{third}");
        tokio::time::sleep(Duration::from_millis(300)).await;
        third = session.call("pid", json!({})).await;
    }
}

#[tokio::test]
async fn a_server_that_dies_at_its_start_is_told_at_once_with_its_last_words() {
    let proxy = Proxy::of(&[&fake(), "--die"], &[]);
    let token = proxy.token(EMAIL).await;
    let started = Instant::now();
    let (_, refused) = proxy.initialize(&token, json!({})).await;
    assert!(started.elapsed() < Duration::from_secs(5));
    let why = refused["error"]["message"].as_str().unwrap();
    assert!(
        why.contains("status 3") && why.contains("cannot find the moon"),
        "{why}"
    );
    assert!(!why.contains("ghp_"), "a token is masked: {why}");
    let (_, again) = proxy.initialize(&token, json!({})).await;
    let why = again["error"]["message"].as_str().unwrap();
    assert!(why.contains("next attempt"), "{why}");
}

#[tokio::test]
async fn a_command_that_is_not_there_is_told() {
    let proxy = Proxy::of(&["/no/such/program"], &[]);
    let token = proxy.token(EMAIL).await;
    let (_, refused) = proxy.initialize(&token, json!({})).await;
    let why = refused["error"]["message"].as_str().unwrap();
    assert!(why.contains("/no/such/program cannot be started"), "{why}");
}

#[tokio::test]
async fn a_server_that_never_answers_initialize_is_given_up() {
    let proxy = Proxy::of(&[&fake(), "--mute"], &[("START_TIMEOUT_SECONDS", "1")]);
    let token = proxy.token(EMAIL).await;
    let (_, refused) = proxy.initialize(&token, json!({})).await;
    let why = refused["error"]["message"].as_str().unwrap();
    assert!(
        why.contains("did not answer initialize within 1 s"),
        "{why}"
    );
    let name = format!("{} --mute", fake());
    eventually("it still runs", || count(&name) == 0);
}

/// How many processes have this command line.
fn count(command: &str) -> usize {
    let all = std::fs::read_dir("/proc").unwrap().flatten();
    let lines = all.filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok());
    lines
        .filter(|line| {
            let line = String::from_utf8_lossy(line).replace('\0', " ");
            line.trim_end() == command
        })
        .count()
}

#[tokio::test]
async fn a_request_that_hangs_is_cancelled_and_others_go_on() {
    let proxy = Proxy::of_fake(&[("REQUEST_TIMEOUT_SECONDS", "2")]);
    let token = proxy.token(EMAIL).await;
    let session = proxy.session(&token, json!({})).await;
    let hanging = session.call("hang", json!({}));
    let others = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        session.text("echo", json!({ "a": 1 })).await
    };
    let (hung, other) = tokio::join!(hanging, others);
    assert_eq!(other, r#"{"a":1}"#);
    let why = hung["error"]["message"].as_str().unwrap();
    assert!(why.contains("no sign of life for 2 s"), "{why}");
    eventually("it was not told", || {
        proxy.service.logs().contains("cancelled")
    });
}

#[tokio::test]
async fn a_flood_on_standard_error_blocks_nothing() {
    let proxy = Proxy::of_fake(&[("LOG_LEVEL", "info")]);
    let token = proxy.token(EMAIL).await;
    let session = proxy.session(&token, json!({})).await;
    assert_eq!(session.text("flood", json!({})).await, "done");
}

#[tokio::test]
async fn an_idle_server_ends_and_comes_back() {
    let proxy = Proxy::of_fake(&[("CHILD_IDLE_SECONDS", "1")]);
    let token = proxy.token(EMAIL).await;
    let session = proxy.session(&token, json!({})).await;
    let first: u32 = session.text("pid", json!({})).await.parse().unwrap();
    eventually("it is still there", || !lives(first));
    let second: u32 = session.text("pid", json!({})).await.parse().unwrap();
    assert_ne!(first, second);
}

#[tokio::test]
async fn whoever_takes_too_much_memory_is_ended_and_told_why() {
    let proxy = Proxy::of_fake(&[("CHILD_MEMORY_MB", "100")]);
    let token = proxy.token(EMAIL).await;
    let session = proxy.session(&token, json!({})).await;
    let ended = session.call("eat", json!({})).await;
    let why = ended["error"]["message"].as_str().unwrap();
    assert!(why.contains("more than 100 MB of memory"), "{why}");
    assert_eq!(session.text("echo", json!({})).await, "{}");
}

#[tokio::test]
async fn nothing_outlives_the_server_or_a_proxy_that_is_killed() {
    let mut proxy = Proxy::of_fake(&[]);
    let token = proxy.token(EMAIL).await;
    let forked =
        |text: String| -> Vec<u32> { text.split(' ').map(|pid| pid.parse().unwrap()).collect() };
    let pids = {
        let session = proxy.session(&token, json!({})).await;
        let first = forked(session.text("fork", json!({})).await);
        assert!(first.iter().all(|pid| lives(*pid)), "{first:?}");
        // The server ends; what it left behind goes too, whether it stayed in the group or not.
        session.call("die", json!({})).await;
        eventually("something outlives its server", || {
            first.iter().all(|pid| !lives(*pid))
        });
        let mut pids = forked(session.text("fork", json!({})).await);
        pids.push(session.text("pid", json!({})).await.parse().unwrap());
        pids
    };
    assert!(pids.iter().all(|pid| lives(*pid)), "{pids:?}");
    proxy.service.kill_9();
    eventually("an orphan", || pids.iter().all(|pid| !lives(*pid)));
}

#[tokio::test]
async fn a_proxy_that_is_asked_to_stop_takes_its_servers_along() {
    let mut proxy = Proxy::of_fake(&[]);
    let token = proxy.token(EMAIL).await;
    let pid: u32 = {
        let session = proxy.session(&token, json!({})).await;
        session.text("pid", json!({})).await.parse().unwrap()
    };
    assert!(proxy.service.terminate().unwrap().success());
    assert!(!lives(pid));
}

#[tokio::test]
async fn while_the_database_is_away_calls_go_on_and_whoever_signs_in_is_told() {
    let Some(database) = Schema::new() else {
        return;
    };
    let road = database.proxy();
    let url = database.url_at("127.0.0.1", road.port());
    let proxy = Proxy::of_fake(&[("DATABASE_URL", &url)]);
    let tokens = proxy.tokens(EMAIL).await;
    let session = proxy.session(tokens["access_token"].as_str().unwrap(), json!({}));
    let session = session.await;
    let first = session.text("pid", json!({})).await;
    let refresh = || {
        let form = [
            ("grant_type", "refresh_token"),
            ("refresh_token", tokens["refresh_token"].as_str().unwrap()),
            ("client_id", tokens["client_id"].as_str().unwrap()),
        ];
        proxy.http.post(proxy.url("/token")).form(&form).send()
    };
    road.cut();
    assert_eq!(session.text("pid", json!({})).await, first);
    let away = refresh().await.unwrap();
    assert_eq!(away.status(), 503);
    let told: Value = away.json().await.unwrap();
    assert_eq!(told["error"], "temporarily_unavailable", "{told}");
    // Looking for those who left finds nobody out while nobody can be asked.
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(session.text("pid", json!({})).await, first);
    road.mend();
    let again = Instant::now();
    let mut back = refresh().await.unwrap().status();
    while back != 200 && again.elapsed() < Duration::from_secs(20) {
        tokio::time::sleep(Duration::from_millis(500)).await;
        back = refresh().await.unwrap().status();
    }
    assert_eq!(back, 200, "nobody signs in again");
    assert_eq!(session.text("pid", json!({})).await, first);
}
