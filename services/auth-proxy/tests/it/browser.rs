//! The proxy's own pages in a real Chromium, in both languages, by keyboard alone (`tests/browser/proxy.mjs`).

use loop_testkit::Walk;
use loop_testkit::provider::{Kind, Person, Provider};
use serde_json::json;

use crate::backend::Backend;
use crate::harness::{EMAIL, PASSWORD, Proxy, fake};
use crate::real::tests;

/// What each page says.
const SHOWN: [(&str, &str, &str); 8] = [
    ("not-connected", "ko", "연결되지 않음"),
    ("not-connected", "en", "read your mail"),
    ("connected", "ko", "아직 사용하지 않음"),
    ("connected", "en", "connected since"),
    ("disconnected", "ko", "연결을 해제했습니다"),
    ("disconnected", "en", "Disconnected."),
    ("servers", "ko", "문제 있음"),
    ("servers", "en", "I cannot go on"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_connect_accounts_and_administrators_look_at_servers_in_chromium_in_both_languages()
{
    let Some(walk) = Walk::of(tests().join("browser/proxy.mjs")) else {
        return;
    };
    let (provider, backend) = (Provider::start(Kind::Oidc), Backend::start());
    provider.sign_in(Person::new("1001", EMAIL));
    let long = "a-server-whose-name-is-as-long-as-can-be";
    let servers = json!({ "servers": [
        { "name": "drive", "url": backend.url(), "oauth_provider": "oidc", "scopes": "gmail.readonly files offline_access" },
        { "name": "files", "command": fake() },
        { "name": long, "command": fake() },
    ]});
    let settings = [
        ("OIDC_ISSUER", provider.url()),
        ("OIDC_CLIENT_ID", Provider::CLIENT_ID),
        ("OIDC_CLIENT_SECRET", Provider::CLIENT_SECRET),
    ];
    let proxy = Proxy::of_file("/files/mcp", &servers, &settings);
    let token = proxy.token(EMAIL).await;
    let session = proxy.session(&token, json!({})).await;
    session.call("die", json!({})).await;
    let pages = walk
        .with("url", proxy.url(""))
        .with("email", EMAIL)
        .with("password", PASSWORD)
        .seen(proxy.data());
    for (page, lang, text) in SHOWN {
        let shown = pages
            .iter()
            .find(|it| it["page"] == page && it["lang"] == lang);
        let shown = shown.unwrap_or_else(|| panic!("{page} {lang} was not seen: {pages:#?}"));
        let said = shown["text"].as_str().unwrap();
        assert!(said.contains(text), "{page} {lang}: {said}");
    }
}
