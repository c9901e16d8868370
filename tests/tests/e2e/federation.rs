//! The login page with several providers, and what a login there can come to, in a real Chromium (`tests/browser/federation.mjs`).

use loop_testkit::provider::{Kind, Person, Provider};
use loop_testkit::{Service, ServiceBuilder, Walk, cargo_binary, free_port};
use serde_json::json;

use crate::support::stack::ADMIN;
use crate::support::tools::top;

/// A page that a provider leads to: its name, its status, and what one of its languages says.
const PAGES: [(&str, u16, &str); 6] = [
    ("cancelled", 400, "was cancelled"),
    ("unverified", 403, "it has verified"),
    ("not-allowed", 403, "not among those"),
    ("taken", 403, "An account with your address exists"),
    ("down", 503, "does not answer"),
    ("refused", 502, "does not fit"),
];

/// Providers that each come to one of [`PAGES`].
fn providers() -> Vec<(&'static str, Provider)> {
    let mut all: Vec<_> = PAGES
        .iter()
        .map(|(name, ..)| (*name, Provider::start(Kind::Oidc)))
        .collect();
    for (name, provider) in &mut all {
        match *name {
            "cancelled" => provider.fail(|f| f.authorize_error = Some("access_denied".to_owned())),
            "unverified" => provider.sign_in(Person::kim().unverified()),
            "not-allowed" => provider.sign_in(Person::new("1", "eve@evil.example")),
            "taken" => provider.sign_in(Person::new("2", ADMIN.0)),
            "down" => provider.stop(),
            _ => provider.fail(|f| f.claim("aud", "somebody else")),
        }
    }
    all
}

/// loop-auth alone, with Google, GitHub and all of these.
fn start(
    google: &Provider,
    github: &Provider,
    others: &[(&str, Provider)],
    folder: &std::path::Path,
) -> (Service, String) {
    let secret = folder.join("secret");
    std::fs::write(&secret, Provider::CLIENT_SECRET).expect("a secret");
    let listed: Vec<_> = others
        .iter()
        .map(|(name, provider)| {
            json!({
                "id": name, "name": format!("The {name} one"), "issuer": provider.url(),
                "client_id": Provider::CLIENT_ID, "client_secret_file": secret,
            })
        })
        .collect();
    let file = folder.join("providers.json");
    std::fs::write(&file, json!(listed).to_string()).expect("a list of providers");
    let port = free_port();
    let url = format!("http://localhost:{port}");
    let service = ServiceBuilder::new(cargo_binary("loop-auth", "loop-auth"))
        .port(port)
        .env("EXTERNAL_URL", &url)
        .env("OAUTH_DB_PATH", folder.join("loop-auth.db"))
        .env("BCRYPT_COST", "10")
        .env("ADMIN_EMAIL", ADMIN.0)
        .env("ADMIN_PASSWORD", ADMIN.1)
        .env("GOOGLE_ISSUER", google.url())
        .env("GOOGLE_CLIENT_ID", Provider::CLIENT_ID)
        .env("GOOGLE_CLIENT_SECRET_FILE", &secret)
        .env("GITHUB_URL", github.url())
        .env("GITHUB_CLIENT_ID", Provider::CLIENT_ID)
        .env("GITHUB_CLIENT_SECRET_FILE", &secret)
        .env("OIDC_PROVIDERS_FILE", &file)
        .env("ALLOWED_USERS", "kim@example.com lee@example.com")
        .start();
    (service, url)
}

#[test]
fn people_sign_in_by_providers_in_chromium_and_read_why_when_they_cannot() {
    let Some(walk) = Walk::of(top().join("tests/browser/federation.mjs")) else {
        return;
    };
    let (google, github) = (Provider::start(Kind::Google), Provider::start(Kind::GitHub));
    google.sign_in(Person::new("3", "lee@example.com"));
    let others = providers();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (_service, url) = start(&google, &github, &others, folder.path());
    let walks: Vec<_> = PAGES
        .iter()
        .map(|(name, status, _)| json!({ "provider": name, "page": name, "status": status }))
        .collect();
    let pages = walk
        .with("url", &url)
        .with("walks", json!(walks).to_string())
        .with("good", "github")
        .with("email", ADMIN.0)
        .with("password", ADMIN.1)
        .seen(folder.path());
    assert_eq!(pages.len(), 4 * (PAGES.len() + 7), "each in four looks");
    for (name, _, says) in PAGES {
        let shown = pages.iter().any(|page| {
            page["page"] == format!("providers-{name}")
                && page["text"]
                    .as_str()
                    .is_some_and(|text| text.contains(says))
        });
        assert!(shown, "{name} says {says:?}");
    }
}
