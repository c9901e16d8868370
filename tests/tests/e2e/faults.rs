//! What breaks under a running loop-auth: whoever asks is told so, nothing that was answered is lost, and nobody has to help.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use loop_testkit::postgres::Schema;
use loop_testkit::{Service, ServiceBuilder, cargo_binary};

use crate::support::oauth::{Answer, Client, http};
use crate::support::stack::ADMIN;

/// How long a service may take to notice that everything is well again.
const PATIENCE: Duration = Duration::from_secs(30);

fn loop_auth() -> ServiceBuilder {
    let service = ServiceBuilder::new(cargo_binary("loop-auth", "loop-auth"));
    let url = service.base_url();
    service
        .env("EXTERNAL_URL", url)
        .env("BCRYPT_COST", "10")
        .env("ADMIN_EMAIL", ADMIN.0)
        .env("ADMIN_PASSWORD", ADMIN.1)
}

/// Somebody who is connected: the client and its refresh token.
async fn connect(service: &Service) -> (Client, String) {
    let client = Client::register_at(&service.base_url(), "A test client").await;
    let resource = format!("{}/mcp", service.base_url());
    let tokens = client.login(&resource, "mcp:read").await;
    let token = tokens.text("refresh_token");
    (client, token)
}

async fn status(service: &Service, path: &str) -> u16 {
    let url = format!("{}{path}", service.base_url());
    http()
        .get(url)
        .send()
        .await
        .expect("an answer")
        .status()
        .as_u16()
}

/// Asks again until it works; the last answer.
async fn recovered(client: &Client, token: &str) -> Answer {
    let since = Instant::now();
    loop {
        let answer = client.refresh(token).await;
        if answer.status == 200 {
            return answer;
        }
        assert!(answer.status >= 500, "the token was lost: {answer:?}");
        assert!(since.elapsed() < PATIENCE, "it stays broken: {answer:?}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_goes_away_is_said_and_its_return_noticed() {
    let Some(schema) = Schema::new() else { return };
    let proxy = schema.proxy();
    let url = schema.url_at("127.0.0.1", proxy.port());
    let service = tokio::task::block_in_place(|| loop_auth().env("DATABASE_URL", &url).start());
    let (client, mut token) = connect(&service).await;
    for round in 0..3 {
        if round == 1 {
            // A cable that is pulled, and plugged in again.
            proxy.silence();
        } else {
            proxy.cut();
        }
        let since = Instant::now();
        let down = client.refresh(&token).await;
        assert_eq!(
            (down.status, down.error()),
            (503, "temporarily_unavailable"),
            "{down:?}"
        );
        assert!(since.elapsed() < PATIENCE, "nobody hangs");
        assert_eq!(status(&service, "/healthz").await, 200, "no restart helps");
        assert_eq!(status(&service, "/readyz").await, 503);
        proxy.mend();
        token = recovered(&client, &token).await.text("refresh_token");
        assert_eq!(status(&service, "/readyz").await, 200);
    }
    let logs = service.logs();
    assert!(!logs.contains(schema.password()), "{logs}");
}

#[test]
fn a_database_that_is_down_at_the_start_ends_the_program_with_a_sentence() {
    let Some(schema) = Schema::new() else { return };
    let proxy = schema.proxy();
    proxy.cut();
    let url = schema.url_at("127.0.0.1", proxy.port());
    let (ended, said) = loop_auth().env("DATABASE_URL", &url).run();
    assert!(!ended.success());
    assert!(
        said.contains("loop-auth: ") && !said.contains("panicked"),
        "{said}"
    );
    assert!(!said.contains(schema.password()), "{said}");
}

/// Lets nobody write to these files any more, not even who has them open; `false` where that is not possible.
fn freeze(paths: &[PathBuf], frozen: bool) -> bool {
    let flag = if frozen { "+i" } else { "-i" };
    let ran = Command::new("chattr").arg(flag).args(paths).output();
    ran.is_ok_and(|ran| ran.status.success())
}

/// Thaws when the test ends, however it ends: nobody could delete the folder otherwise.
struct Thaw(Vec<PathBuf>);

impl Drop for Thaw {
    fn drop(&mut self) {
        freeze(&self.0, false);
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a folder");
    let mut all: Vec<PathBuf> = entries.map(|it| it.expect("an entry").path()).collect();
    // Memory that processes share, mapped from a file: the kernel would end whoever writes there, as no disk would.
    all.retain(|path| !path.to_string_lossy().ends_with("-shm"));
    all.push(folder.to_path_buf());
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_takes_no_writes_is_said_and_nothing_is_lost() {
    let folder = tempfile::tempdir().expect("a folder");
    let database = folder.path().join("loop-auth.db");
    let service =
        tokio::task::block_in_place(|| loop_auth().env("OAUTH_DB_PATH", &database).start());
    let (client, token) = connect(&service).await;
    let token = client.refresh(&token).await.text("refresh_token");
    let thaw = Thaw(files(folder.path()));
    if !freeze(&thaw.0, true) {
        println!(
            "SKIPPED: only root, on a file system that knows `chattr +i`, can take the right to write from an open file"
        );
        return;
    }
    let refused = client.refresh(&token).await;
    assert!(refused.status >= 500, "{refused:?}");
    assert!(
        ["temporarily_unavailable", "server_error"].contains(&refused.error()),
        "{refused:?}"
    );
    assert_eq!(status(&service, "/healthz").await, 200);
    assert_eq!(status(&service, "/.well-known/jwks.json").await, 200);
    drop(thaw);
    let next = recovered(&client, &token).await.text("refresh_token");
    assert_eq!(client.refresh(&next).await.status, 200);
    assert!(!service.logs().contains("panicked"), "{}", service.logs());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_cannot_be_read_ends_the_start_with_a_sentence_and_later_all_is_there() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    std::fs::create_dir(&data).expect("a folder");
    let database = data.join("loop-auth.db");
    // Root reads everything, so the service is somebody else then.
    let binary = cargo_binary("loop-auth", "loop-auth");
    let is_root = std::fs::metadata("/proc/self")
        .is_ok_and(|me| std::os::unix::fs::MetadataExt::uid(&me) == 0);
    let allow = |mode: u32| {
        let mode = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(&data, mode).expect("permissions");
    };
    let start = || {
        let service = if is_root {
            let whole = ServiceBuilder::new("/usr/bin/setpriv");
            ["--reuid=65534", "--regid=65534", "--clear-groups"]
                .into_iter()
                .fold(whole, ServiceBuilder::arg)
                .arg(binary.display().to_string())
        } else {
            ServiceBuilder::new(&binary)
        };
        let url = service.base_url();
        service
            .env("EXTERNAL_URL", url)
            .env("BCRYPT_COST", "10")
            .env("ADMIN_EMAIL", ADMIN.0)
            .env("ADMIN_PASSWORD", ADMIN.1)
            .env("OAUTH_DB_PATH", &database)
    };
    if is_root {
        let shared = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(folder.path(), shared).expect("permissions");
        std::os::unix::fs::chown(&data, Some(65534), Some(65534)).expect("root may");
    }
    let readable = Command::new("/usr/bin/setpriv")
        .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
        .args(["test", "-x"])
        .arg(&binary)
        .status();
    if is_root && !readable.is_ok_and(|it| it.success()) {
        println!("SKIPPED: another user cannot run {}", binary.display());
        return;
    }
    let mut service = tokio::task::block_in_place(|| start().start());
    let (client, token) = connect(&service).await;
    tokio::task::block_in_place(|| service.terminate());
    allow(0o000);
    let (ended, said) = tokio::task::block_in_place(|| start().run());
    assert!(!ended.success());
    assert!(
        said.contains("loop-auth") && said.contains("loop-auth.db"),
        "{said}"
    );
    assert!(!said.contains("panicked"), "{said}");
    allow(0o755);
    tokio::task::block_in_place(|| service.restart());
    assert_eq!(client.refresh(&token).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::too_many_lines, reason = "one story, told in order")]
async fn whenever_it_is_killed_what_was_answered_stands() {
    let folder = tempfile::tempdir().expect("a folder");
    let database = folder.path().join("loop-auth.db");
    let mut service =
        tokio::task::block_in_place(|| loop_auth().env("OAUTH_DB_PATH", &database).start());
    let (client, mut token) = connect(&service).await;
    for round in 0..12_u64 {
        // One family is refreshed without a pause, one client after the other registers, and in the middle it dies.
        let base = service.base_url();
        let (own, mut last) = (client.at(&base), token.clone());
        let refreshing = tokio::spawn(async move {
            while let Ok(answer) = own.refresh_request(&last).send().await {
                let Ok(body) = answer.json::<serde_json::Value>().await else {
                    break;
                };
                let next = body["refresh_token"].as_str();
                next.expect("a refresh that was answered")
                    .clone_into(&mut last);
            }
            last
        });
        let at = base.clone();
        let registering = tokio::spawn(async move {
            let mut known = Vec::new();
            for number in 0.. {
                let body = serde_json::json!({
                    "client_name": format!("Client {round} {number}"),
                    "redirect_uris": ["http://localhost/callback"],
                    "token_endpoint_auth_method": "none",
                });
                let sent = http()
                    .post(format!("{at}/register"))
                    .json(&body)
                    .send()
                    .await;
                let Ok(answer) = sent else { break };
                let status = answer.status().as_u16();
                let Ok(body) = answer.json::<serde_json::Value>().await else {
                    break;
                };
                match status {
                    201 => known.push(body["client_id"].as_str().expect("an id").to_owned()),
                    // Enough of them; the others go on.
                    429 => break,
                    other => panic!("{other}: {body}"),
                }
            }
            known
        });
        tokio::time::sleep(Duration::from_millis(20 + 37 * round)).await;
        tokio::task::block_in_place(|| service.kill_9());
        let known = registering.await.expect("registrations");
        token = refreshing.await.expect("refreshes");
        tokio::task::block_in_place(|| service.restart());
        let answer = client.refresh(&token).await;
        assert_eq!(answer.status, 200, "round {round}: {answer:?}");
        token = answer.text("refresh_token");
        for id in known {
            // Known, so that the login page is shown, and not an error.
            let url = client
                .named(&id)
                .authorize_url(&format!("{base}/mcp"), "mcp:read");
            let shown = http().get(url).send().await.expect("an answer").status();
            assert!(shown.as_u16() < 400, "round {round}: {id} is lost: {shown}");
        }
    }
    let checked = Command::new(cargo_binary("loop-auth", "loop-auth"))
        .args(["audit", "verify"])
        .env("OAUTH_DB_PATH", &database)
        .output()
        .expect("loop-auth runs");
    assert!(
        checked.status.success(),
        "the audit log is whole: {checked:?}"
    );
}
