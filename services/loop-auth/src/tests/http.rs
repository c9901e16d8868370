//! Discovery, headers, languages, CORS, issuers with a path and with https.

use super::*;

#[actix_web::test]
async fn both_discovery_addresses_answer_one_document_to_any_origin() {
    let server = Server::start().await;
    let mut documents = Vec::new();
    for path in [
        "/.well-known/oauth-authorization-server",
        "/.well-known/openid-configuration",
    ] {
        let answer = server
            .http
            .get(server.at(path))
            .header("Origin", "https://inspector.example")
            .header("Host", "evil.example")
            .header("X-Forwarded-Host", "evil.example")
            .header("MCP-Protocol-Version", "2026-07-28")
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["access-control-allow-origin"], "*");
        assert!(
            answer
                .headers()
                .get("access-control-allow-credentials")
                .is_none()
        );
        documents.push(answer.json::<Value>().await.unwrap());
    }
    assert_eq!(documents[0], documents[1]);
    let document = &documents[0];
    assert_eq!(text(document, "issuer"), server.url);
    for (name, path) in [
        ("authorization_endpoint", "/authorize"),
        ("token_endpoint", "/token"),
        ("registration_endpoint", "/register"),
        ("revocation_endpoint", "/revoke"),
        ("introspection_endpoint", "/introspect"),
        ("jwks_uri", "/.well-known/jwks.json"),
        ("userinfo_endpoint", "/userinfo"),
        ("end_session_endpoint", "/oauth/logout"),
    ] {
        assert_eq!(text(document, name), format!("{}{path}", server.url));
    }
    assert_eq!(document["response_types_supported"], json!(["code"]));
    assert_eq!(
        document["code_challenge_methods_supported"],
        json!(["S256"])
    );
    assert_eq!(
        document["authorization_response_iss_parameter_supported"],
        true
    );
    assert_eq!(
        document["scopes_supported"],
        json!([
            "mcp:read",
            "mcp:exec",
            "kpi:read",
            "openid",
            "profile",
            "email",
            "offline_access"
        ])
    );
    assert_eq!(
        document["id_token_signing_alg_values_supported"],
        json!(["RS256"])
    );
    for (name, supported) in [
        ("backchannel_logout_supported", true),
        ("backchannel_logout_session_supported", true),
        ("claims_parameter_supported", false),
        ("request_parameter_supported", false),
        ("request_uri_parameter_supported", false),
        ("client_id_metadata_document_supported", true),
    ] {
        assert_eq!(document[name], supported, "{name}");
    }
    assert!(!document.to_string().contains("null"));
}

#[actix_web::test]
async fn a_preflight_lets_browser_clients_in() {
    let server = Server::start().await;
    for path in [
        "/token",
        "/register",
        "/revoke",
        "/userinfo",
        "/.well-known/oauth-authorization-server",
        "/.well-known/jwks.json",
    ] {
        let answer = server
            .http
            .request(reqwest::Method::OPTIONS, server.at(path))
            .header("Origin", "https://inspector.example")
            .header("Access-Control-Request-Method", "POST")
            .header(
                "Access-Control-Request-Headers",
                "content-type, authorization, mcp-protocol-version",
            )
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        let allowed = answer.headers()["access-control-allow-headers"]
            .to_str()
            .unwrap();
        assert!(
            allowed.to_lowercase().contains("mcp-protocol-version"),
            "{allowed}"
        );
    }
}

#[actix_web::test]
async fn every_page_keeps_other_sites_out_and_follows_the_readers_language() {
    let server = Server::start().await;
    for path in [
        "/oauth/login",
        "/oauth/logout",
        "/oauth/",
        "/",
        "/oauth/nothing",
        "/authorize",
    ] {
        for (language, lang) in [
            ("ko-KR,ko;q=0.9,en;q=0.8", "ko"),
            ("en", "en"),
            ("fr", "en"),
        ] {
            let answer = server
                .http
                .get(server.at(path))
                .header("Accept", "text/html")
                .header("Accept-Language", language)
                .send()
                .await
                .unwrap();
            let headers = answer.headers();
            let policy = headers["content-security-policy"].to_str().unwrap();
            for part in [
                "default-src 'none'",
                "frame-ancestors 'none'",
                "base-uri 'none'",
                "form-action 'self'",
            ] {
                assert!(policy.contains(part), "{path}: {policy}");
            }
            assert!(
                !policy.contains("script-src") && !policy.contains("unsafe"),
                "{policy}"
            );
            for (name, value) in [
                ("x-frame-options", "DENY"),
                ("x-content-type-options", "nosniff"),
                ("referrer-policy", "no-referrer"),
                ("cache-control", "no-store"),
                ("content-language", lang),
                ("cross-origin-opener-policy", "unsafe-none"),
            ] {
                assert_eq!(headers[name], value, "{path} {name}");
            }
            let html = answer.text().await.unwrap();
            assert!(html.contains(&format!("<html lang=\"{lang}\">")), "{html}");
        }
    }
}

#[actix_web::test]
async fn what_is_not_served_is_a_404_in_the_readers_format() {
    let server = Server::start().await;
    for (path, accept, kind) in [
        (
            "/.well-known/oauth-protected-resource",
            "*/*",
            "application/json",
        ),
        ("/.well-known/nothing", "text/html", "application/json"),
        (
            "/.well-known/oauth-authorization-server/team",
            "*/*",
            "application/json",
        ),
        ("/oauth/nothing", "*/*", "application/json"),
        ("/oauth/nothing", "text/html", "text/html; charset=utf-8"),
        ("/%ff%00", "*/*", "application/json"),
    ] {
        let request = server.http.get(server.at(path)).header("Accept", accept);
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 404, "{path}");
        assert_eq!(answer.headers()["content-type"], kind, "{path}");
    }
}

#[actix_web::test]
async fn the_stylesheet_is_kept_by_its_version() {
    let server = Server::start().await;
    let login = server
        .http
        .get(server.at("/oauth/login"))
        .send()
        .await
        .unwrap();
    let html = login.text().await.unwrap();
    let (_, rest) = html.split_once("rel=\"stylesheet\" href=\"").unwrap();
    let (href, _) = rest.split_once('"').unwrap();
    let style = server.http.get(server.at(href)).send().await.unwrap();
    assert_eq!(style.status(), 200);
    assert_eq!(style.headers()["content-type"], "text/css; charset=utf-8");
    assert!(
        style.headers()["cache-control"]
            .to_str()
            .unwrap()
            .contains("immutable")
    );
    let tag = style.headers()["etag"].clone();
    let again = server
        .http
        .get(server.at("/oauth/static/loop.css"))
        .header("If-None-Match", tag);
    let again = again.send().await.unwrap();
    assert_eq!(again.status(), 304);
    assert!(
        !again.headers()["cache-control"]
            .to_str()
            .unwrap()
            .contains("immutable")
    );
}

#[actix_web::test]
async fn health_says_whether_the_database_answers() {
    let server = Server::start().await;
    for path in ["/healthz", "/readyz"] {
        let answer = server.http.get(server.at(path)).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        let body: Value = answer.json().await.unwrap();
        assert_eq!(text(&body, "service"), "loop-auth");
    }
}

#[actix_web::test]
async fn a_proxy_that_strips_the_issuers_path_leads_back_to_it_all_the_same() {
    let setup = Setup {
        external_url: Some("https://login.example/team"),
        passwords: None,
        ..Setup::default()
    };
    let server = Server::start_with(setup).await;
    let client = server.client().await;
    let url = server.authorize_url(&client, &[]);
    let form = url.query().unwrap().to_owned();
    let to = |answer: &reqwest::Response| answer.headers()["location"].to_str().unwrap().to_owned();
    let asked = server.http.get(url).send().await.unwrap();
    let login = to(&asked);
    assert!(
        login.starts_with("/team/oauth/login?return_to=%2Fteam%2Fauthorize%3F"),
        "{login}"
    );
    let posted = server
        .http
        .post(server.at("/authorize"))
        .header("Content-Type", "application/x-www-form-urlencoded")
        .body(form);
    let again = to(&posted.send().await.unwrap());
    assert!(again.starts_with("/team/authorize?"), "{again}");
}

#[actix_web::test]
async fn an_issuer_with_a_path_and_https_has_it_everywhere() {
    let setup = Setup {
        external_url: Some("https://login.example/team"),
        passwords: None,
        ..Setup::default()
    };
    let server = Server::start_with(setup).await;
    server.user("kim@example.com", "member").await;
    for path in [
        "/.well-known/oauth-authorization-server/team",
        "/.well-known/openid-configuration/team",
        "/team/.well-known/openid-configuration",
        "/.well-known/oauth-authorization-server",
    ] {
        let answer = server.http.get(server.at(path)).send().await.unwrap();
        let document: Value = answer.json().await.unwrap();
        assert_eq!(
            text(&document, "issuer"),
            "https://login.example/team",
            "{path}"
        );
    }
    let client = server.client().await;
    let mut url = server.authorize_url(&client, &[]);
    url.set_path("/team/authorize");
    let browser = Browser::new();
    let code = browser
        .authorize(&url, "kim@example.com", PASSWORD, Decision::Allow)
        .await
        .parameter("code");
    assert!(code.is_some());
    assert!(browser.cookies().contains_key("__Host-loop_session"));
    let login = server
        .http
        .get(server.at("/team/oauth/login"))
        .send()
        .await
        .unwrap();
    let cookie = login.headers()["set-cookie"].to_str().unwrap().to_owned();
    for part in [
        "__Host-loop_form=",
        "Secure",
        "HttpOnly",
        "Path=/",
        "SameSite=Lax",
    ] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert!(!cookie.contains("Domain"), "{cookie}");
    let html = login.text().await.unwrap();
    assert!(html.contains("action=\"/team/oauth/login\""), "{html}");
}

#[actix_web::test]
async fn what_can_be_read_can_be_asked_about_with_head() {
    let server = Server::start().await;
    let client = server.client().await;
    let authorize = server.authorize_url(&client, &[]).to_string();
    let authorize = authorize.strip_prefix(&server.url).unwrap();
    for path in [
        "/",
        "/oauth",
        "/oauth/",
        "/oauth/login",
        "/oauth/device",
        "/oauth/logout",
        "/oauth/static/loop.css",
        "/oauth/static/loop.svg",
        "/.well-known/oauth-authorization-server",
        "/.well-known/jwks.json",
        "/healthz",
        authorize,
    ] {
        let read = server.http.get(server.at(path)).send().await.unwrap();
        let asked = server.http.head(server.at(path)).send().await.unwrap();
        assert_eq!(asked.status(), read.status(), "{path}");
        let kind = |answer: &reqwest::Response| answer.headers().get("content-type").cloned();
        assert_eq!(kind(&asked), kind(&read), "{path}");
        assert_eq!(asked.text().await.unwrap(), "", "{path}");
    }
}
