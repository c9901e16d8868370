//! Signing in, userinfo, tokens in the wrong place, the parameters of a request.

use super::*;

#[actix_web::test]
async fn a_dashboard_signs_somebody_in_and_learns_who_it_is() {
    let house = House::new().await;
    let server = &house.server;
    let tokens = house
        .tokens(&Browser::new(), &[("nonce", "n-0S6_WzA2Mj")])
        .await;
    assert_eq!(text(&tokens, "scope"), "openid profile email");
    let id_token = text(&tokens, "id_token");
    let header_ = jws_header(id_token);
    let jwks: Value = serde_json::from_str(&server.app.signer.jwks()).unwrap();
    assert_eq!(header_["typ"], "JWT");
    assert_eq!(header_["kid"], jwks["keys"][0]["kid"]);
    assert_eq!(header_["alg"], jwks["keys"][0]["alg"]);
    let said = claims(id_token);
    assert_eq!(text(&said, "iss"), server.url);
    assert_eq!(text(&said, "aud"), house.id);
    assert_eq!(text(&said, "nonce"), "n-0S6_WzA2Mj");
    assert_eq!(text(&said, "email"), KIM);
    let access = text(&tokens, "access_token");
    let half = &Sha256::digest(access)[..16];
    assert_eq!(text(&said, "at_hash"), URL_SAFE_NO_PAD.encode(half));
    assert_eq!(text(&claims(access), "aud"), server.url);

    let answer = house.userinfo(access).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(header(&answer, "cache-control"), "no-store");
    let told: Value = answer.json().await.unwrap();
    assert_eq!(told["sub"], said["sub"]);
    assert_eq!(told["roles"], json!(["member"]));
    let by_form = server.http.post(server.at("/oauth/userinfo"));
    let by_form = by_form
        .form(&[("access_token", access)])
        .send()
        .await
        .unwrap();
    assert_eq!(by_form.json::<Value>().await.unwrap(), told);
    let empty = server.http.post(server.at("/userinfo")).bearer_auth(access);
    assert_eq!(
        empty.send().await.unwrap().json::<Value>().await.unwrap(),
        told
    );

    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", text(&tokens, "refresh_token")),
    ];
    let asked = server.http.post(server.at("/token"));
    let asked = asked.basic_auth(&house.id, Some(&house.secret)).form(&form);
    let again: Value = asked.send().await.unwrap().json().await.unwrap();
    let renewed = claims(text(&again, "id_token"));
    assert_eq!(
        (&renewed["sub"], &renewed["auth_time"]),
        (&said["sub"], &said["auth_time"])
    );
    assert!(renewed.get("nonce").is_none());

    user_admin::disable(&server.app.cx(), KIM).await.unwrap();
    assert_eq!(house.userinfo(access).await.status(), 401, "at once");
}

#[actix_web::test]
async fn an_mcp_client_that_adds_openid_is_served_as_before() {
    let server = Server::start().await;
    server.user(KIM, "member").await;
    let client = server.client().await;
    let url = server.authorize_url(&client, &[("scope", "openid mcp:read offline_access")]);
    let browser = Browser::new();
    let outcome = browser
        .authorize(&url, KIM, PASSWORD, Decision::Allow)
        .await;
    let code = outcome.parameter("code").unwrap();
    let (status, tokens) = server.exchange(&client, &code).await;
    assert_eq!(status, 200, "{tokens}");
    assert_eq!(text(&tokens, "scope"), "mcp:read openid");
    let access = claims(text(&tokens, "access_token"));
    assert_eq!(text(&access, "aud"), format!("{}/mcp", server.url));
    let (status, _) = server
        .refresh(&client, text(&tokens, "refresh_token"))
        .await;
    assert_eq!(status, 200);
}

#[actix_web::test]
async fn an_id_token_is_no_access_token_and_an_access_token_no_hint() {
    let house = House::new().await;
    let server = &house.server;
    let browser = Browser::new();
    let tokens = house.tokens(&browser, &[]).await;
    let (id_token, access) = (text(&tokens, "id_token"), text(&tokens, "access_token"));
    let answer = house.userinfo(id_token).await;
    assert_eq!(answer.status(), 401);
    assert!(header(&answer, "www-authenticate").contains("invalid_token"));
    let asked = server.http.post(server.at("/introspect"));
    let asked = asked
        .basic_auth(&house.id, Some(&house.secret))
        .form(&[("token", id_token)]);
    let found: Value = asked.send().await.unwrap().json().await.unwrap();
    assert_eq!(found, json!({"active": false}));
    let asked = server.http.post(server.at("/introspect"));
    let asked = asked
        .basic_auth(&house.id, Some(&house.secret))
        .form(&[("token", access)]);
    let found: Value = asked.send().await.unwrap().json().await.unwrap();
    assert_eq!(
        (&found["active"], text(&found, "scope")),
        (&json!(true), "openid profile email")
    );
    for hint in [access, "", "x.y.z", &id_token[..id_token.len() - 4]] {
        let answer = browser.get(&house.logout(&[("id_token_hint", hint)])).await;
        assert_eq!(answer.status(), 200, "asks");
        assert!(house.is_in(&browser).await, "{hint}");
    }
}

#[actix_web::test]
async fn userinfo_refuses_in_the_words_of_rfc_6750() {
    let house = House::new().await;
    let server = &house.server;
    let client = server.client().await;
    let code = server.code(&Browser::new(), &client, KIM).await;
    let (_, plain) = server.exchange(&client, &code).await;
    let plain = format!("Bearer {}", text(&plain, "access_token"));
    for (authorization, status, code) in [
        ("", 401, None),
        ("Basic YTpi", 401, None),
        ("Bearer", 401, None),
        ("Bearer x", 401, Some("invalid_token")),
        ("bearer \u{e9}", 401, None),
        (&plain, 403, Some("insufficient_scope")),
    ] {
        let mut asked = server
            .http
            .get(server.at("/userinfo"))
            .header("Origin", "https://a.example");
        if !authorization.is_empty() {
            asked = asked.header("Authorization", authorization.as_bytes());
        }
        let answer = asked.send().await.unwrap();
        assert_eq!(answer.status(), status, "{authorization}");
        assert_eq!(header(&answer, "access-control-allow-origin"), "*");
        let challenge = header(&answer, "www-authenticate");
        assert!(challenge.starts_with("Bearer "), "{challenge}");
        let named = challenge.contains("error=");
        assert_eq!(named, code.is_some(), "{challenge}");
        assert!(challenge.contains(code.unwrap_or("")), "{challenge}");
    }
    let twice = server.http.post(server.at("/userinfo")).bearer_auth("x");
    let twice = twice.form(&[("access_token", "x")]).send().await.unwrap();
    assert_eq!(twice.status(), 400);
    let in_query = server.http.get(server.at("/userinfo?access_token=x"));
    assert_eq!(in_query.send().await.unwrap().status(), 401);
    let other = server
        .http
        .put(server.at("/userinfo"))
        .send()
        .await
        .unwrap();
    assert_eq!(other.status(), 405);
}

#[actix_web::test]
async fn the_login_and_consent_pages_follow_the_clients_hints() {
    let house = House::new().await;
    let browser = Browser::new(); // prefers English
    let hints = [
        ("ui_locales", "fr ko"),
        ("login_hint", KIM),
        ("prompt", "consent"),
    ];
    let asked = browser.get(&house.url(&hints)).await;
    let login = house.server.at(&header(&asked, "location"));
    let page = browser.get(&login).await;
    assert_eq!(header(&page, "content-language"), "ko");
    let mut login_form = form(page).await;
    assert_eq!(login_form.value("email"), Some(KIM));
    login_form.set("password", "wrong");
    let again = browser.submit(&login, &login_form, None).await;
    assert_eq!(header(&again, "content-language"), "ko");
    let mut login_form = form(again).await;
    login_form.set("password", PASSWORD);
    let back = browser.submit(&login, &login_form, None).await;
    let consent = browser
        .get(&house.server.at(&header(&back, "location")))
        .await;
    assert_eq!(header(&consent, "content-language"), "ko");
    let html = consent.text().await.unwrap();
    for words in ["이름과 역할 보기", "이메일 주소 보기", "openid"] {
        assert!(html.contains(words), "{words} in {html}");
    }
    assert!(!html.contains("접근 대상"), "it opens no service: {html}");
}

#[actix_web::test]
async fn without_pages_a_hint_about_somebody_else_is_login_required() {
    let house = House::new().await;
    house.server.user("lee@example.com", "member").await;
    let (kim, lee) = (Browser::new(), Browser::new());
    let of_kim = house.tokens(&kim, &[]).await;
    log_in(&house.server, &lee, "lee@example.com").await;
    let hint = text(&of_kim, "id_token");
    let silent = house.url(&[("prompt", "none"), ("id_token_hint", hint)]);
    let answer = |browser: Browser, url: Url| async move {
        let outcome = browser
            .authorize(&url, KIM, PASSWORD, Decision::Allow)
            .await;
        outcome.redirect().query().unwrap().to_owned()
    };
    let lees = answer(lee.clone(), silent.clone()).await;
    assert!(lees.contains("error=login_required"), "{lees}");
    let kims = answer(kim.clone(), silent).await;
    assert!(kims.contains("code="), "{kims}");
    house.server.clock.advance(100_000);
    let expired = house.url(&[("prompt", "none"), ("id_token_hint", hint)]);
    let kims = answer(kim, expired).await;
    assert!(
        kims.contains("code="),
        "an expired token is still a hint: {kims}"
    );
    // With pages, lee is asked to log in as the other.
    let asked = lee.get(&house.url(&[("id_token_hint", hint)])).await;
    assert!(header(&asked, "location").contains("/oauth/login?"));
    assert!(
        !header(&asked, "location").contains(hint),
        "the token travels no further"
    );
}
