//! The program on a database of the first release (`tests/fixtures/first-release`): nobody logs in again.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod first_release;

use first_release::{LIVING, SECRET, fixture, refresh, settings};
use loop_testkit::{Service, ServiceBuilder, postgres::Schema};
use serde_json::Value;

/// The name of its signing key.
const KEY: &str = "G-5k_unyOh13uq1ez4MYrNGLe91yZ5f1tpcwBzenx4E";

/// The program of today, as it is to be started on it.
fn program() -> ServiceBuilder {
    settings(ServiceBuilder::new(env!("CARGO_BIN_EXE_loop-auth")))
}

/// The kid in a JWT's header.
fn kid(token: &str) -> String {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    let header = token.split('.').next().unwrap();
    let header: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).unwrap()).unwrap();
    header["kid"].as_str().unwrap().to_owned()
}

/// The live token refreshes, signed by the old key, and the family goes on; the old ones are still known as used.
async fn goes_on(service: &mut Service) {
    let first = LIVING;
    let (status, answer) = refresh(service, first).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(kid(answer["access_token"].as_str().unwrap()), KEY);
    let next = answer["refresh_token"].as_str().unwrap().to_owned();
    // An answer that was lost: the same token again, before its successor is used.
    let (status, again) = refresh(service, first).await;
    assert_eq!(
        (status, again["refresh_token"].as_str()),
        (200, Some(&*next))
    );
    tokio::task::block_in_place(|| {
        service.kill_9();
        service.restart();
    });
    let (status, answer) = refresh(service, &next).await;
    assert_eq!(status, 200, "{answer}");
    let (status, answer) = refresh(service, "first-release-retired").await;
    assert_eq!(
        (status, answer["error"].as_str()),
        (400, Some("invalid_grant"))
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sqlite_database_of_the_first_release_refreshes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("auth.db");
    std::fs::copy(fixture("sqlite.db"), &path).unwrap();
    goes_on(&mut program().env("OAUTH_DB_PATH", &path).start()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_postgresql_database_of_the_first_release_refreshes() {
    let Some(schema) = Schema::new() else { return };
    schema.run(&std::fs::read_to_string(fixture("postgres.sql")).unwrap());
    goes_on(&mut program().env("DATABASE_URL", schema.url()).start()).await;
}

/// The whole way of an operator: back up while it runs, restore elsewhere, move to PostgreSQL, go on there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_is_restored_moved_to_postgresql_and_goes_on_there() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    std::fs::copy(fixture("sqlite.db"), path("auth.db")).unwrap();
    let run = |database: &str, args: &[&str], more: &[(&str, &str)]| {
        let builder = args.iter().fold(program(), |it, arg| it.arg(*arg));
        let builder = more
            .iter()
            .fold(builder, |it, (name, value)| it.env(name, value));
        let (status, output) = builder.env("OAUTH_DB_PATH", database).run();
        assert!(!output.contains(SECRET), "{output}");
        (status.success(), output)
    };
    let (fine, output) = run(&path("auth.db"), &["db", "status"], &[]);
    assert!(
        fine && output.contains("migrations are to be run"),
        "{output}"
    );
    let running = program().env("OAUTH_DB_PATH", path("auth.db")).start();
    let backup = ["db", "backup", &path("backup.db")];
    let (fine, output) = run(&path("auth.db"), &backup, &[]);
    assert!(
        fine && output.contains("Keep AUTH_ENCRYPTION_SECRET"),
        "{output}"
    );
    let (fine, output) = run(&path("auth.db"), &backup, &[]);
    assert!(!fine && output.contains("is there already"), "{output}");
    drop(running);
    let (fine, output) = run(&path("x.db"), &["db", "check", &path("backup.db")], &[]);
    assert!(
        fine && output.contains("everything reads as it should"),
        "{output}"
    );

    let restore = ["db", "restore", &path("backup.db")];
    let (fine, output) = run(&path("new.db"), &restore, &[]);
    assert!(fine && output.contains("signing keys open"), "{output}");
    let wrong = [("AUTH_ENCRYPTION_SECRET", "ffffffffffffffffffffffffffffffff")];
    let (fine, output) = run(&path("other.db"), &restore, &wrong);
    let words = "everything was carried over, but the signing keys do not open";
    assert!(!fine && output.contains(words), "{output}");
    let (fine, output) = run(&path("new.db"), &restore, &[]);
    assert!(!fine && output.contains("is there already"), "{output}");
    let (fine, output) = run(&path("new.db"), &["db", "migrate"], &[]);
    assert!(fine && output.contains("0 migrations run"), "{output}");
    let (fine, output) = run(&path("new.db"), &["db", "copy"], &[]);
    assert!(!fine && output.contains("required"), "{output}");

    let Some(schema) = Schema::new() else { return };
    let url = [("TO_DATABASE_URL", &*schema.url())];
    let (fine, output) = run(&path("new.db"), &["db", "copy"], &url);
    assert!(fine && output.contains("signing keys open"), "{output}");
    assert!(!output.contains(schema.password()), "{output}");
    let (fine, output) = run(&path("new.db"), &["db", "copy"], &url);
    assert!(!fine && output.contains("not empty"), "{output}");
    assert!(!output.contains(schema.password()), "{output}");
    goes_on(&mut program().env("DATABASE_URL", schema.url()).start()).await;
}
