//! The page that tries the API: complete in itself, and shut against everything else.

use serde_json::Value;

use crate::harness::{Server, write};

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

#[tokio::test]
async fn the_session_of_the_pages_opens_the_api_for_its_own_page_alone() {
    let server = Server::with_pages(|vault| {
        write(vault, "open.md", "open");
        write(vault, "private.md", "---\nvisibility: private\n---\nhidden");
    });
    let ask = async |cookie: Option<&str>, path: &str, own: bool| {
        let mut request = server.http.get(server.url(path));
        request = request.header("Sec-Fetch-Mode", "cors");
        if let Some(cookie) = cookie {
            request = request.header("Cookie", cookie);
        }
        if own {
            request = request.header("X-Requested-With", "loop-docs");
        }
        request.send().await.unwrap()
    };
    assert_eq!(ask(None, "/view/api/stats", true).await.status(), 401);
    for (role, sees) in [("member", false), ("exec", true)] {
        let browser = server.signed_in(role, "en").await;
        let cookies = browser.cookies();
        let cookie: Vec<_> = cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let cookie = Some(cookie.join("; "));
        let cookie = cookie.as_deref();
        // Another site can make a browser ask, but not with such a header.
        let foreign = ask(cookie, "/view/api/entities", false).await;
        assert_eq!(foreign.status(), 403, "{role}");
        assert_eq!(
            foreign.headers()["content-type"],
            "application/problem+json"
        );
        assert_eq!(ask(cookie, "/api/entities", true).await.status(), 401);
        let who: Value = ask(cookie, "/view/api/whoami", true)
            .await
            .json()
            .await
            .unwrap();
        assert!(who["name"].is_string(), "{who}");
        let scan = ask(cookie, "/view/api/vault/scan", true).await;
        assert_eq!(scan.status(), 200);
        let scan = scan.text().await.unwrap();
        assert!(scan.contains("open.md"), "{scan}");
        assert_eq!(scan.contains("private.md"), sees, "{role}");
        let nowhere = ask(cookie, "/view/api/nowhere", true).await;
        assert_eq!(nowhere.status(), 404);
        assert_eq!(
            nowhere.headers()["content-type"],
            "application/problem+json"
        );
    }
}
