//! The program itself: first start, restart after a kill, wrong secret, commands, health check.

use loop_testkit::ServiceBuilder;

fn program(folder: &std::path::Path) -> ServiceBuilder {
    ServiceBuilder::new(env!("CARGO_BIN_EXE_loop-auth"))
        .env("OAUTH_DB_PATH", folder.join("data/auth.db"))
        .env("JWKS_FILE", folder.join("jwks.json"))
        .env("BCRYPT_COST", "4")
        .env("AUTH_ENCRYPTION_SECRET", "0123456789abcdef0123456789abcdef")
}

/// A command: no server, no settings but the database.
fn command(folder: &std::path::Path, args: &[&str]) -> (bool, String) {
    let builder = args
        .iter()
        .fold(program(folder), |builder, arg| builder.arg(*arg));
    let (status, output) = builder.run();
    (status.success(), output)
}

#[test]
fn the_first_start_shows_a_password_once_and_a_kill_loses_neither_user_nor_key() {
    let folder = tempfile::tempdir().unwrap();
    let keys = || std::fs::read_to_string(folder.path().join("jwks.json")).unwrap();
    let mut service = program(folder.path())
        .env("ADMIN_EMAIL", "kim@example.com")
        .start();
    let shown = "first admin: kim@example.com password: ";
    assert_eq!(service.logs().matches(shown).count(), 1);
    let before = keys();
    service.kill_9();
    service.restart();
    assert_eq!(keys(), before);
    assert_eq!(service.logs().matches(shown).count(), 1);
    drop(service);

    let (status, output) = program(folder.path())
        .env("AUTH_ENCRYPTION_SECRET", "ffffffffffffffffffffffffffffffff")
        .run();
    assert!(
        !status.success() && output.contains("do not open with this AUTH_ENCRYPTION_SECRET"),
        "{output}"
    );
}

#[test]
fn a_clean_stop_leaves_no_write_ahead_log() {
    let folder = tempfile::tempdir().unwrap();
    let log =
        || std::fs::metadata(folder.path().join("data/auth.db-wal")).map_or(0, |file| file.len());
    let mut service = program(folder.path())
        .env("ADMIN_EMAIL", "kim@example.com")
        .start();
    assert_ne!(log(), 0, "the log is in use while the server runs");
    let status = service.terminate().unwrap();
    assert!(status.success(), "{status}: {}", service.logs());
    assert_eq!(log(), 0, "{}", service.logs());

    let (fine, output) = command(folder.path(), &["user", "list"]);
    assert!(fine && output.contains("kim@example.com"), "{output}");
}

#[test]
fn users_are_added_listed_and_disabled_by_command() {
    let folder = tempfile::tempdir().unwrap();
    let password = folder.path().join("password");
    std::fs::write(&password, "correct horse\n").unwrap();
    let password = password.to_str().unwrap();
    let run = |args: &[&str]| command(folder.path(), args);
    let add = [
        "user",
        "add",
        "kim@example.com",
        "--roles",
        "analyst",
        "--password-file",
        password,
    ];
    assert!(run(&add).0);
    let (fine, output) = run(&add);
    assert!(
        !fine && output.contains("has an account already"),
        "{output}"
    );
    let (_, output) = run(&["user", "list"]);
    assert!(
        output.contains("kim@example.com\tanalyst") && output.contains("\tactive\t"),
        "{output}"
    );
    let (fine, output) = run(&[
        "user",
        "passwd",
        "kim@example.com",
        "--password-file",
        password,
    ]);
    assert!(fine, "{output}");
    let (fine, output) = run(&["user", "disable", "kim@example.com"]);
    assert!(fine, "{output}");
    let (_, output) = run(&["user", "list"]);
    assert!(output.contains("\tdisabled\t"), "{output}");
    let (fine, output) = run(&["user", "disable", "nobody@example.com"]);
    assert!(
        !fine && output.contains("no account has this address"),
        "{output}"
    );
}

#[test]
fn clients_are_added_by_command_and_their_secret_is_shown_once() {
    let folder = tempfile::tempdir().unwrap();
    let run = |args: &[&str]| command(folder.path(), args);
    let (fine, output) = run(&[
        "client",
        "add",
        "Dashboard",
        "--redirect-uri",
        "https://dash.example/cb",
    ]);
    assert!(
        fine && output.contains("client_id: ") && output.contains("client_secret: "),
        "{output}"
    );
    let (fine, output) = run(&[
        "client",
        "add",
        "Bad",
        "--redirect-uri",
        "http://dash.example/cb",
    ]);
    assert!(!fine, "{output}");
    let old = [
        "client",
        "add",
        "Old",
        "--redirect-uri",
        "https://o.example/cb",
        "--pkce",
    ];
    let (fine, output) = run(&[&old[..], &["never"]].concat());
    assert!(
        !fine && output.contains("optional, public or all"),
        "{output}"
    );
    assert!(run(&[&old[..], &["optional"]].concat()).0);
    let (_, output) = run(&["client", "list"]);
    for part in [
        "pkce=default\thttps://dash.",
        "pkce=optional\thttps://o.example/cb",
    ] {
        assert!(output.contains(part), "no {part} in {output}");
    }
    assert!(
        output.contains("Dashboard\tclient_secret_basic\toperator\tnever used"),
        "{output}"
    );
    let (fine, _) = run(&["healthcheck"]);
    assert!(!fine, "nothing runs there");
}

/// The `client_id` that `client add` printed.
fn added(output: &str) -> String {
    let after = output.split("client_id: ").nth(1).unwrap_or_default();
    after.lines().next().unwrap_or_default().to_owned()
}

#[test]
fn clients_for_themselves_are_added_changed_and_removed_by_command() {
    let folder = tempfile::tempdir().unwrap();
    let run = |args: &[&str]| command(folder.path(), args);
    let machine = ["client", "add", "Job", "--grant", "client_credentials"];
    for (more, wrong) in [
        (&[][..], "needs a scope"),
        (&["--scope", "mcp:read", "--public"], "keep a secret"),
        (&["--scope", "mcp:everything"], "mcp:everything"),
        (&["--grant", "password"], "use one of"),
    ] {
        let (fine, output) = run(&[&machine[..], more].concat());
        assert!(!fine && output.contains(wrong), "{more:?}: {output}");
    }
    let (fine, output) = run(&[&machine[..], &["--scope", "mcp:read"]].concat());
    assert!(fine && output.contains("client_secret: "), "{output}");
    let id = added(&output);
    let (_, output) = run(&["client", "list"]);
    let row = "\tgrants=client_credentials\tscope=mcp:read";
    assert!(output.contains(&id) && output.contains(row), "{output}");

    let set = |args: &[&str]| run(&[&["client", "set", id.as_str()], args].concat());
    for (args, wrong) in [
        (&[][..], "required"),
        (&["--any-scope"], "needs a scope"),
        (&["--grant", "authorization_code"], "needs a redirect URI"),
        (&["--redirect-uri", "javascript:1"], ""),
        (&["--pkce", "never"], "optional, public, all or default"),
    ] {
        let (fine, output) = set(args);
        assert!(!fine && output.contains(wrong), "{args:?}: {output}");
    }
    let all = [
        "--name",
        "Night job",
        "--pkce",
        "optional",
        "--scope",
        "mcp:read kpi:read",
    ];
    assert!(set(&all).0);
    let (_, output) = run(&["client", "list"]);
    for part in ["Night job", "pkce=optional", "scope=mcp:read,kpi:read"] {
        assert!(output.contains(part), "no {part} in {output}");
    }
    assert!(set(&["--pkce", "default"]).0);
    assert!(run(&["client", "list"]).1.contains("pkce=default"));

    let (fine, output) = run(&["client", "remove", &id]);
    assert!(fine && output.contains("0 grants revoked"), "{output}");
    assert!(!run(&["client", "list"]).1.contains(&id));
    for command in ["remove", "revoke"] {
        let (fine, output) = run(&["client", command, &id]);
        let words = "no client has this identifier";
        assert!(!fine && output.contains(words), "{command}: {output}");
    }
}

#[test]
fn what_a_client_is_told_and_what_is_demanded_of_it_change_by_command() {
    let folder = tempfile::tempdir().unwrap();
    let run = |args: &[&str]| command(folder.path(), args);
    let (fine, output) = run(&[
        "client",
        "add",
        "App",
        "--redirect-uri",
        "https://a.example/cb",
    ]);
    assert!(fine, "{output}");
    let id = added(&output);
    let set = |args: &[&str]| run(&[&["client", "set", id.as_str()], args].concat());
    for (args, wrong) in [
        (&["--require-par", "maybe"][..], "true"),
        (
            &["--backchannel-logout-uri", "file:///etc/passwd"],
            "https URL",
        ),
        (
            &[
                "--no-backchannel-logout",
                "--backchannel-logout-uri",
                "https://a.example/",
            ],
            "cannot be used with",
        ),
    ] {
        let (fine, output) = set(args);
        assert!(!fine && output.contains(wrong), "{args:?}: {output}");
    }
    let addresses = [
        "--backchannel-logout-uri",
        "https://job.example/bc",
        "--post-logout-redirect-uri",
        "https://job.example/out",
    ];
    for (args, part) in [
        (&addresses[..], "logout=https://job.example/bc"),
        (&["--require-par", "true"], "demands=par\t"),
        (&["--require-dpop", "true"], "demands=par,dpop\t"),
        (&["--require-par", "false"], "demands=dpop\t"),
        (&["--require-dpop", "false"], "demands=none\t"),
        (
            &["--no-backchannel-logout", "--no-post-logout-redirect"],
            "logout=untold",
        ),
    ] {
        let (fine, output) = set(args);
        assert!(fine, "{args:?}: {output}");
        let (_, output) = run(&["client", "list"]);
        assert!(output.contains(part), "no {part} in {output}");
    }
}

#[test]
fn a_client_that_signs_is_added_with_its_public_keys_and_gets_no_secret() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    // The public key of RFC 8037 §A.2.
    let public = file(
        "public.json",
        r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"k","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#,
    );
    let private = file(
        "private.json",
        r#"{"keys":[{"kty":"OKP","crv":"Ed25519","d":"x","x":"x"}]}"#,
    );
    let add = [
        "client",
        "add",
        "Signer",
        "--redirect-uri",
        "https://s.example/cb",
    ];
    for (option, value, fine) in [
        ("--jwks-file", public.as_str(), true),
        ("--jwks-file", private.as_str(), false),
        ("--jwks-file", "/nowhere.json", false),
        ("--jwks-uri", "https://s.example/jwks.json", true),
        ("--jwks-uri", "http://s.example/jwks.json", false),
    ] {
        let (added, output) = command(folder.path(), &[&add[..], &[option, value]].concat());
        assert_eq!(added, fine, "{option} {value}: {output}");
        assert!(!output.contains("client_secret: "), "{output}");
    }
    let (_, output) = command(folder.path(), &["client", "list"]);
    assert_eq!(
        output.matches("Signer\tprivate_key_jwt\toperator").count(),
        2,
        "{output}"
    );
}

#[test]
fn every_mistake_in_the_settings_is_reported_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let (status, output) = program(folder.path())
        .env("BCRYPT_COST", "99")
        .env("RESOURCES", "nonsense")
        .env("ADMIN_EMAIL", "nobody")
        .env("AUTH_ENCRYPTION_SECRET", "short")
        .env("ACCESS_TTL_SECONDS", "soon")
        .env("PKCE_ENFORCEMENT", "never")
        .env("REGISTRATION", "sometimes")
        .env("TRUSTED_PROXIES", "10.0.0.0/99")
        .env("DEVICE_CODE_TTL_SECONDS", "1")
        .run();
    assert!(!status.success());
    for name in [
        "BCRYPT_COST",
        "RESOURCES",
        "ADMIN_EMAIL",
        "AUTH_ENCRYPTION_SECRET",
        "ACCESS_TTL_SECONDS",
        "PKCE_ENFORCEMENT",
        "REGISTRATION",
        "TRUSTED_PROXIES",
        "DEVICE_CODE_TTL_SECONDS",
    ] {
        assert!(
            output.contains(&format!("- {name}: ")),
            "{name} in {output}"
        );
    }
    assert!(
        !output.contains("\"short\""),
        "a secret is never printed: {output}"
    );
}
