//! A client that comes back for more, and one that asks for several resources at once.

use super::*;

/// Adds the same parameter once more.
fn and(mut url: Url, name: &str, value: &str) -> Url {
    url.query_pairs_mut().append_pair(name, value);
    url
}

#[actix_web::test]
async fn the_consent_page_tells_what_is_new_from_what_was_allowed_before() {
    let server = Server::start().await;
    server.user("kim@example.com", "exec").await;
    let client = server.client().await;
    let exec = format!("{}/exec/mcp", server.url);
    let url = |scope: &str| {
        let extra = [("scope", scope), ("resource", exec.as_str())];
        server.authorize_url(&client, &extra)
    };
    let browser = Browser::new();
    let first = browser
        .authorize(
            &url("mcp:exec"),
            "kim@example.com",
            PASSWORD,
            Decision::Allow,
        )
        .await;
    assert!(first.parameter("code").is_some());
    let page = browser.get(&url("mcp:exec kpi:read")).await;
    assert_eq!(page.status(), 200);
    let html = page.text().await.unwrap();
    let (new, already) = html.split_once("You allowed this before").unwrap();
    assert!(new.contains("New: it will also be able to"), "{new}");
    assert!(new.contains("<code>kpi:read</code>") && !new.contains("<code>mcp:exec</code>"));
    assert!(already.contains("<code>mcp:exec</code>"));
    // nothing new: asked all the same, and the whole question
    let html = browser.get(&url("mcp:exec")).await.text().await.unwrap();
    assert!(html.contains("It will be able to") && !html.contains("You allowed this before"));
    let larger = browser
        .authorize(
            &url("mcp:exec kpi:read"),
            "kim@example.com",
            PASSWORD,
            Decision::Allow,
        )
        .await;
    let code = larger.parameter("code").unwrap();
    let (status, body) = server.exchange(&client, &code).await;
    assert_eq!(
        (status, text(&body, "scope")),
        (200, "mcp:exec kpi:read"),
        "{body}"
    );
}

#[actix_web::test]
async fn a_grant_for_two_resources_is_named_on_the_page_and_gives_tokens_for_one_each() {
    let server = Server::start().await;
    server.user("kim@example.com", "exec").await;
    let client = server.client().await;
    let (mcp, exec) = (
        format!("{}/mcp", server.url),
        format!("{}/exec/mcp", server.url),
    );
    let url = server.authorize_url(&client, &[("scope", "mcp:read kpi:read")]);
    let url = and(and(url, "resource", &mcp), "resource", &exec);
    let browser = Browser::new();
    let outcome = browser
        .authorize(&url, "kim@example.com", PASSWORD, Decision::Allow)
        .await;
    let code = outcome.parameter("code").unwrap();
    let html = browser.get(&url).await.text().await.unwrap();
    for resource in [&mcp, &exec] {
        let shown = resource.replace('/', "&#x2F;");
        assert!(html.contains(&format!("<code>{shown}</code>")), "{html}");
    }
    let (status, body) = server.exchange(&client, &code).await;
    assert_eq!(status, 200, "{body}");
    let token = claims(text(&body, "access_token"));
    assert_eq!(
        (&token["aud"], &token["scope"]),
        (&json!(mcp), &json!("mcp:read"))
    );
    let refresh = text(&body, "refresh_token");
    let form = [
        ("grant_type", "refresh_token"),
        ("client_id", client.as_str()),
        ("refresh_token", refresh),
        ("resource", exec.as_str()),
    ];
    let (status, body) = server.token(&form).await;
    assert_eq!(status, 200, "{body}");
    let token = claims(text(&body, "access_token"));
    assert_eq!(
        (&token["aud"], &token["scope"]),
        (&json!(exec), &json!("kpi:read"))
    );
}
