//! The page that tries the API: complete in itself, and shut against everything else.

use crate::harness::Server;

#[tokio::test]
async fn the_page_loads_only_its_own_files_and_holds_nothing_inline() {
    let server = Server::start();
    let page = server
        .http
        .get(server.url("/api/docs"))
        .send()
        .await
        .unwrap();
    let policy = page
        .headers()
        .get_all("content-security-policy")
        .iter()
        .map(|value| value.to_str().unwrap().to_owned())
        .collect::<Vec<_>>();
    assert_eq!(policy.len(), 1, "{policy:?}");
    assert!(
        policy[0].contains("default-src 'none'") && policy[0].contains("script-src 'self'"),
        "{policy:?}"
    );
    assert!(!policy[0].contains("unsafe"), "{policy:?}");
    let html = page.text().await.unwrap();
    for forbidden in [
        "<style", " style=", "onclick", "onload", "http://", "https://", "//cdn",
    ] {
        assert!(!html.contains(forbidden), "{forbidden}");
    }
    let scripts = html.matches("<script").count();
    assert_eq!(
        (
            scripts,
            html.matches("<script src=\"/api/docs/docs.js\"").count()
        ),
        (1, 1)
    );
    for (path, kind) in [
        ("/api/docs/docs.js", "text/javascript; charset=utf-8"),
        ("/api/docs/docs.css", "text/css; charset=utf-8"),
        ("/api/docs/icon.svg", "image/svg+xml"),
    ] {
        assert!(html.contains(path), "{path}");
        let part = server.http.get(server.url(path)).send().await.unwrap();
        assert_eq!(
            (
                part.status().as_u16(),
                part.headers()["content-type"].to_str().unwrap()
            ),
            (200, kind)
        );
    }
}

#[tokio::test]
async fn the_token_is_never_stored_by_the_page() {
    let server = Server::start();
    let script = server
        .http
        .get(server.url("/api/docs/docs.js"))
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    for forbidden in [
        "localStorage",
        "sessionStorage",
        "document.cookie",
        "indexedDB",
        "innerHTML",
        "eval(",
    ] {
        assert!(!script.contains(forbidden), "{forbidden}");
    }
}
