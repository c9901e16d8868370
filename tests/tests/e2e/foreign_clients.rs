//! OAuth libraries that others wrote, headless, against the real stack: `tests/clients/`.
//!
//! `docs/clients.md` says what each was tested with; the last test holds it to this table.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};

use loop_testkit::web_host::{Answer as Page, WebHost};
use loop_testkit::{Browser, Decision};
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use url::Url;

use crate::device;
use crate::support::oauth::CALLBACK;
use crate::support::stack::{ADMIN, Options, Stack};
use crate::support::tools::{tool, top};

/// A library: its name, what runs it, where its version is written, and what it is tested with, in this order.
pub(crate) struct Library {
    name: &'static str,
    interpreter: &'static str,
    script: &'static str,
    pinned: &'static str,
    capabilities: &'static [&'static str],
}

pub(crate) const LIBRARIES: [Library; 4] = [
    Library {
        name: "openid-client",
        interpreter: "LOOP_NODE",
        script: "node.mjs",
        pinned: "package.json",
        capabilities: &[
            "register",
            "code",
            "iss check",
            "refresh",
            "introspection",
            "revocation",
            "client_credentials",
            "par",
            "dpop",
            "device",
            "cimd",
            "openid",
        ],
    },
    Library {
        name: "oauth4webapi",
        interpreter: "LOOP_NODE",
        script: "node.mjs",
        pinned: "package.json",
        capabilities: &[
            "register",
            "code",
            "iss check",
            "JWT access token",
            "refresh",
            "introspection",
            "revocation",
            "client_credentials",
            "par",
            "dpop",
            "device",
            "cimd",
            "openid",
        ],
    },
    Library {
        name: "authlib",
        interpreter: "LOOP_PYTHON",
        script: "python.py",
        pinned: "requirements.txt",
        capabilities: &[
            "register",
            "code",
            "refresh",
            "introspection",
            "revocation",
            "client_credentials",
            "device",
            "openid",
        ],
    },
    Library {
        name: "requests-oauthlib",
        interpreter: "LOOP_PYTHON",
        script: "python.py",
        pinned: "requirements.txt",
        capabilities: &[
            "register",
            "code",
            "refresh",
            "revocation",
            "client_credentials",
        ],
    },
];

/// A confidential client on an operator's word: its identifier and secret.
fn machine(stack: &Stack) -> (String, String) {
    let said = stack.loop_auth(&[
        "client",
        "add",
        "A machine",
        "--redirect-uri",
        CALLBACK,
        "--grant",
        "client_credentials",
        "--grant",
        "authorization_code",
        "--grant",
        "urn:ietf:params:oauth:grant-type:device_code",
        "--scope",
        "mcp:read",
    ]);
    let value = |name: &str| {
        let line = said.lines().find_map(|line| line.strip_prefix(name));
        line.and_then(|rest| rest.split_ascii_whitespace().next())
            .unwrap_or_else(|| panic!("no {name} in {said}"))
            .to_owned()
    };
    (value("client_id: "), value("client_secret: "))
}

/// What a person, or whoever publishes for them, does for a client that asks for it; what it is told then.
async fn person(said: &Value, host: &WebHost) -> Option<String> {
    if let Some(url) = said["open"].as_str() {
        let url: Url = url.parse().expect("a URL");
        let browser = Browser::new();
        let visit = browser.authorize_to(&url, Some(CALLBACK), ADMIN, Decision::Allow);
        return Some(visit.await.redirect().into());
    }
    if let Some(url) = said["answer"].as_str() {
        let code = said["code"].as_str().expect("a code");
        device::answer(url, code, "allow").await;
        return Some("allowed".to_owned());
    }
    let mut document = said.get("publish")?.clone();
    let id = host.at("localhost", "/oauth/client.json");
    document["client_id"] = json!(id);
    host.answer("/oauth/client.json", Page::json(&document));
    Some(id)
}

/// Runs a library through all it is tested with; a new person for every login.
fn drive(library: &Library) {
    let Some(interpreter) = tool(library.interpreter) else {
        return;
    };
    let host = WebHost::start();
    let ca = tempfile::NamedTempFile::new().expect("a temporary file");
    std::fs::write(ca.path(), host.ca_pem()).expect("the CA file");
    let ca = ca.path().to_str().expect("a path");
    let options = Options {
        auth: &[("CIMD_ALLOW", "localhost"), ("OUTBOUND_CA_FILE", ca)],
        ..Options::default()
    };
    let Some(stack) = Stack::start_with(&options) else {
        return;
    };
    let runtime = Runtime::new().expect("a runtime");
    let (id, secret) = machine(&stack);
    let mut child = Command::new(interpreter)
        .arg(top().join("tests/clients").join(library.script))
        .args([library.name, &stack.url, &stack.mcp(), CALLBACK])
        .args(library.capabilities)
        .env("NO_PROXY", "*")
        .envs([("CLIENT_ID", &id), ("CLIENT_SECRET", &secret)])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the interpreter starts");
    let mut input = child.stdin.take().expect("an input");
    let output = BufReader::new(child.stdout.take().expect("an output"));
    let mut worked = Vec::new();
    for line in output.lines().map(|line| line.expect("a line")) {
        let said: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("{line}"));
        if let Some(reply) = runtime.block_on(person(&said, &host)) {
            writeln!(input, "{reply}").expect("the client reads");
            continue;
        }
        let capability = said["capability"].as_str().unwrap_or_default().to_owned();
        let error = said["error"].as_str().unwrap_or_default();
        assert_eq!(said["ok"], true, "{} {capability}: {error}", library.name);
        worked.push(capability);
    }
    let ended = child.wait().expect("it ends");
    assert!(
        ended.success(),
        "{}: {ended}, after {worked:?}",
        library.name
    );
    assert_eq!(worked, library.capabilities, "{}", library.name);
}

#[test]
fn openid_client_does_everything_it_is_tested_with() {
    drive(&LIBRARIES[0]);
}

#[test]
fn oauth4webapi_does_everything_it_is_tested_with() {
    drive(&LIBRARIES[1]);
}

#[test]
fn authlib_does_everything_it_is_tested_with() {
    drive(&LIBRARIES[2]);
}

#[test]
fn requests_oauthlib_does_everything_it_is_tested_with() {
    drive(&LIBRARIES[3]);
}

/// The version of a library, as it is installed for the tests.
fn version(library: &Library) -> String {
    let text = std::fs::read_to_string(top().join("tests").join(library.pinned));
    let text = text
        .expect("a list of packages")
        .replace("==", ":")
        .replace(['"', ',', ' '], "");
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix(&format!("{}:", library.name)));
    line.unwrap_or_else(|| panic!("{} is not pinned", library.name))
        .to_owned()
}

#[test]
fn the_page_of_clients_says_what_is_tested() {
    let page = std::fs::read_to_string(top().join("docs/clients.md")).expect("the page");
    let rows: BTreeSet<&str> = page.lines().collect();
    for library in &LIBRARIES {
        let row = format!(
            "| {} {} | {} |",
            library.name,
            version(library),
            library.capabilities.join(", ")
        );
        assert!(rows.contains(&*row), "docs/clients.md lacks: {row}");
    }
    for profile in &crate::profiles::PROFILES {
        let start = format!("| {} | {} |", profile.name, profile.redirect());
        assert!(
            rows.iter().any(|row| row.starts_with(&start)),
            "docs/clients.md lacks: {start}"
        );
    }
}
