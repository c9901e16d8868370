//! `loop-auth doctor` on healthy and on broken deployments: each finding says what is wrong and what to do.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use loop_testkit::{
    Service, ServiceBuilder, free_port,
    postgres::Schema,
    web_host::{Answer, WebHost},
};
use serde_json::{Value, json};

const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// The settings of a deployment whose server listens on `port`.
fn program(folder: &Path, port: u16) -> ServiceBuilder {
    let url = format!("http://127.0.0.1:{port}");
    ServiceBuilder::new(env!("CARGO_BIN_EXE_loop-auth"))
        .port(port)
        .env("EXTERNAL_URL", &url)
        // No API is part of these tests but the one that says so.
        .env("RESOURCES", format!("{url}/nothing=mcp:read"))
        .env("OAUTH_DB_PATH", folder.join("data/auth.db"))
        .env("BCRYPT_COST", "4")
        .env("AUTH_ENCRYPTION_SECRET", SECRET)
}

fn doctor(settings: ServiceBuilder, more: &[&str]) -> (bool, String) {
    let settings = more
        .iter()
        .fold(settings.arg("doctor"), |it, arg| it.arg(*arg));
    let (status, output) = settings.run();
    assert!(!output.contains(SECRET), "{output}");
    (status.success(), output)
}

struct Deployment {
    folder: tempfile::TempDir,
    port: u16,
    service: Service,
}

fn deployment() -> Deployment {
    let (folder, port) = (tempfile::tempdir().unwrap(), free_port());
    let service = program(folder.path(), port).start();
    Deployment {
        folder,
        port,
        service,
    }
}

impl Deployment {
    fn settings(&self) -> ServiceBuilder {
        program(self.folder.path(), self.port)
    }
}

fn says(settings: ServiceBuilder, fine: bool, parts: &[&str]) {
    let (healthy, output) = doctor(settings, &[]);
    for part in parts {
        assert!(output.contains(part), "no {part:?} in {output}");
    }
    assert_eq!(healthy, fine, "{output}");
}

#[test]
fn a_healthy_deployment_has_no_problem() {
    let it = deployment();
    let parts = [
        "ok       database: SQLite ",
        "ok       AUTH_ENCRYPTION_SECRET: 1 keys open",
        "has signed for 0 days",
        "ok       server: ready",
        "ok       clock: ",
        "ok       issuer: ",
        "ok       keys outside: 1 are shown, those of this database",
        "ok       proxy: forged X-Forwarded-Host and Forwarded change nothing",
        "ok       disk: ",
        "no problem",
    ];
    says(it.settings(), true, &parts);
}

#[test]
fn what_is_wrong_inside_is_said_with_what_to_do() {
    let mut it = deployment();
    let wrong = "ffffffffffffffffffffffffffffffff";
    let other = it.settings().env("AUTH_ENCRYPTION_SECRET", wrong);
    says(
        other,
        false,
        &["PROBLEM  AUTH_ENCRYPTION_SECRET", "do not open"],
    );
    says(
        it.settings().env("AUTH_ENCRYPTION_SECRET", ""),
        false,
        &["set AUTH_ENCRYPTION_SECRET"],
    );
    let database = it.folder.path().join("data/auth.db");
    let secret = it.folder.path().join("secret");
    fs::write(&secret, SECRET).unwrap();
    for (path, mode) in [(&secret, 0o644), (&database, 0o604)] {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }
    let files = it.settings().env("AUTH_ENCRYPTION_SECRET", "");
    let files = files.env("AUTH_ENCRYPTION_SECRET_FILE", &secret);
    let parts = [
        "everybody on this machine may read",
        "chmod 600",
        "(mode 0604)",
    ];
    says(files, false, &parts);
    let jwks = it.folder.path().join("jwks.json");
    fs::write(&jwks, r#"{"keys":[{"kid":"another"}]}"#).unwrap();
    let parts = ["PROBLEM  JWKS_FILE", "other keys"];
    says(it.settings().env("JWKS_FILE", &jwks), false, &parts);
    says(
        it.settings()
            .env("OAUTH_DB_PATH", it.folder.path().join("elsewhere.db")),
        false,
        &["PROBLEM  database: there is none at", "set OAUTH_DB_PATH"],
    );
    it.service.kill_9();
    let parts = [
        "PROBLEM  server: ",
        "does not answer",
        "PROBLEM  outside: ",
        "Nothing listens there",
    ];
    says(it.settings(), false, &parts);
    let (_, output) = doctor(it.settings(), &["--inside"]);
    assert!(!output.contains("outside"), "{output}");
}

#[test]
fn a_database_that_was_not_migrated_is_not_touched() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data/auth.db");
    fs::create_dir(path.parent().unwrap()).unwrap();
    let old =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/first-release/sqlite.db");
    fs::copy(old, &path).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    let before = fs::read(&path).unwrap();
    let (_, output) = doctor(program(folder.path(), free_port()), &["--inside"]);
    assert!(
        output.contains("migrations have not run") && output.contains("db migrate"),
        "{output}"
    );
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn a_postgresql_that_is_away_is_said_without_its_password() {
    let it = deployment();
    let away = it
        .settings()
        .env("DATABASE_URL", "postgres://loop:s3cr3t@127.0.0.1:1/loop");
    let (healthy, output) = doctor(away, &["--inside"]);
    assert!(!healthy && output.contains("PostgreSQL: "), "{output}");
    assert!(
        output.contains("may this machine reach it") && !output.contains("s3cr3t"),
        "{output}"
    );
    let Some(schema) = Schema::new() else { return };
    let empty = it.settings().env("DATABASE_URL", schema.url());
    let (_, output) = doctor(empty, &["--inside"]);
    assert!(output.contains("PostgreSQL: empty"), "{output}");
    assert!(!output.contains(schema.password()), "{output}");
}

/// Something that answers at `EXTERNAL_URL`, as it should but for what `change` does.
fn impostor(host: &WebHost, change: impl Fn(&mut Value), headers: &[(&str, &str)]) {
    let base = host.at("localhost", "");
    let mut metadata = json!({
        "issuer": base, "token_endpoint": format!("{base}/token"),
        "jwks_uri": format!("{base}/.well-known/jwks.json"),
    });
    change(&mut metadata);
    let answer = headers
        .iter()
        .fold(Answer::json(&metadata), |it, (name, value)| {
            it.with(name, value)
        });
    host.answer("/.well-known/oauth-authorization-server", answer);
    let keys = json!({"keys": [{"kid": "another"}]});
    host.answer("/.well-known/jwks.json", Answer::json(&keys));
}

#[test]
fn what_is_wrong_outside_is_said_with_what_to_do() {
    let it = deployment();
    let host = WebHost::start();
    let base = host.at("localhost", "");
    let ca = it.folder.path().join("ca.pem");
    fs::write(&ca, host.ca_pem()).unwrap();
    let outside = |change: fn(&mut Value), headers: &[(&str, &str)], parts: &[&str]| {
        impostor(&host, change, headers);
        let settings = it.settings().env("EXTERNAL_URL", &base);
        let settings = settings.env("RESOURCES", format!("{base}/mcp=mcp:read"));
        says(settings.env("OUTBOUND_CA_FILE", &ca), false, parts);
    };
    outside(
        |_| (),
        &[("Date", "Sat, 28 Nov 2020 07:00:00 GMT")],
        &[
            "PROBLEM  clock: ",
            "chrony",
            "warning  TLS: the certificate ends in ",
            "shows other keys than this database has",
            "answers 404",
        ],
    );
    outside(
        |it| it["issuer"] = json!("https://other.example"),
        &[],
        &[
            "PROBLEM  issuer: ",
            "calls itself https://other.example",
            "the same EXTERNAL_URL",
        ],
    );
    outside(
        |it| it["token_endpoint"] = json!("http://internal:8083/token"),
        &[],
        &["token_endpoint is \"http://internal:8083/token\", outside of"],
    );
    let echo = |it: &mut Value| it["seen"] = json!("https://proxy-headers.invalid/");
    outside(echo, &[], &["X-Forwarded-Host comes back"]);
    let api =
        json!({"resource": format!("{base}/mcp"), "authorization_servers": ["https://x.example"]});
    host.answer(
        "/.well-known/oauth-protected-resource/mcp",
        Answer::json(&api),
    );
    outside(|_| (), &[], &["PROBLEM  API: ", "Set ISSUER of that API"]);
    let moved = Answer::json(&Value::Null)
        .status(301)
        .with("Location", "https://www.example/");
    host.answer("/.well-known/oauth-authorization-server", moved);
    let settings = it
        .settings()
        .env("EXTERNAL_URL", &base)
        .env("OUTBOUND_CA_FILE", &ca);
    says(settings, false, &["redirects to https://www.example/"]);
    // Nobody vouches for the certificate.
    let settings = it.settings().env("EXTERNAL_URL", &base);
    says(
        settings,
        false,
        &["PROBLEM  outside: ", "certificate", "OUTBOUND_CA_FILE"],
    );
}
