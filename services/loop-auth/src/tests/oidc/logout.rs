//! Logout on a client's word, attacks first.

use super::*;

#[actix_web::test]
async fn a_client_with_a_token_of_the_session_logs_out_and_gets_the_browser_back() {
    let house = House::new().await;
    let browser = Browser::new();
    let tokens = house.tokens(&browser, &[]).await;
    let hint = text(&tokens, "id_token");
    let url = house.logout(&[
        ("id_token_hint", hint),
        ("post_logout_redirect_uri", LOGGED_OUT),
        ("state", "s&1"),
    ]);
    assert!(house.is_in(&browser).await);
    let answer = browser.get(&url).await;
    assert_eq!(answer.status(), 302);
    assert_eq!(
        header(&answer, "location"),
        format!("{LOGGED_OUT}?state=s%261")
    );
    assert!(!house.is_in(&browser).await);
    // It is asked twice, or nobody is logged in: the browser comes back all the same.
    let answer = browser.get(&url).await;
    assert_eq!(
        header(&answer, "location"),
        format!("{LOGGED_OUT}?state=s%261")
    );
}

#[actix_web::test]
async fn nobody_is_logged_out_by_a_link_an_image_or_a_foreign_form() {
    let house = House::new().await;
    let (kim, other) = (Browser::new(), Browser::new());
    let session = log_in(&house.server, &kim, KIM).await;
    let elsewhere = house.tokens(&other, &[]).await;
    let hint = text(&elsewhere, "id_token");
    for params in [
        &[][..],
        &[("client_id", house.id.as_str())],
        &[("id_token_hint", hint)],
        &[
            ("id_token_hint", hint),
            ("post_logout_redirect_uri", LOGGED_OUT),
        ],
    ] {
        let answer = kim.get(&house.logout(params)).await;
        assert_eq!(answer.status(), 200, "{params:?}");
        let html = answer.text().await.unwrap();
        assert!(html.contains("name=\"csrf\""), "asks: {html}");
        let posted = house.server.http.post(house.server.at("/oauth/logout"));
        let posted = posted
            .header("Cookie", format!("loop_session={session}"))
            .form(params)
            .send()
            .await
            .unwrap();
        assert_eq!(posted.status(), 303, "{params:?}");
        assert!(header(&posted, "location").starts_with("/oauth/logout"));
        assert!(house.is_in(&kim).await, "{params:?}");
    }
}

#[actix_web::test]
async fn after_a_yes_the_browser_goes_to_a_registered_address_and_nowhere_else() {
    for (uri, good) in [
        (LOGGED_OUT, true),
        ("https://evil.example/", false),
        ("https://client.example/logged-out/x", false),
        ("//evil.example", false),
        ("javascript:alert(1)", false),
        ("https://client.example/logged-out\r\nX: y", false),
    ] {
        let house = House::new().await;
        let browser = Browser::new();
        log_in(&house.server, &browser, KIM).await;
        let url = house.logout(&[
            ("client_id", &house.id),
            ("post_logout_redirect_uri", uri),
            ("state", "1"),
            ("ui_locales", "ko"),
        ]);
        let answer = browser.get(&url).await;
        assert_eq!(header(&answer, "content-language"), "ko");
        let policy = header(&answer, "content-security-policy");
        assert_eq!(
            policy.contains("form-action 'self' https:"),
            good,
            "{policy}"
        );
        let asked = form(answer).await;
        let mut changed = asked.clone();
        changed.set("request", &format!("client_id={}&state=2", house.id));
        assert_eq!(
            browser.submit(&url, &changed, None).await.status(),
            403,
            "bound to the request"
        );
        let answer = browser.submit(&url, &asked, None).await;
        if good {
            assert_eq!(answer.status(), 303);
            assert_eq!(header(&answer, "location"), format!("{LOGGED_OUT}?state=1"));
        } else {
            assert_eq!(answer.status(), 200, "{uri}");
            assert_eq!(header(&answer, "location"), "");
        }
        assert!(!house.is_in(&browser).await);
        // Nobody is there to say yes, and no token vouches.
        assert_eq!(browser.get(&url).await.status(), 200, "{uri}");
    }
}

#[actix_web::test]
async fn a_client_registers_where_its_people_go_and_no_address_to_be_called() {
    let server = Server::start().await;
    let body = json!({
        "redirect_uris": [REDIRECT],
        "token_endpoint_auth_method": "none",
        "post_logout_redirect_uris": [LOGGED_OUT],
        "backchannel_logout_uri": "https://client.example/bc",
    });
    let register = async |body: &Value| {
        let asked = server.http.post(server.at("/register")).json(body);
        let answer = asked.send().await.unwrap();
        (
            answer.status().as_u16(),
            answer.json::<Value>().await.unwrap(),
        )
    };
    let (status, one) = register(&body).await;
    assert_eq!(status, 201);
    assert_eq!(one["post_logout_redirect_uris"], json!([LOGGED_OUT]));
    assert!(one.get("backchannel_logout_uri").is_none(), "{one}");
    let mut other = body.clone();
    other["post_logout_redirect_uris"] = json!(["https://evil.example/"]);
    let (_, two) = register(&other).await;
    assert_ne!(one["client_id"], two["client_id"], "another client");
    other["post_logout_redirect_uris"] = json!(["javascript:alert(1)"]);
    let (status, refused) = register(&other).await;
    assert_eq!(
        (status, text(&refused, "error")),
        (400, "invalid_client_metadata")
    );
}
