//! The device grant over HTTP: the device's side, the person's side, and who must not stand between.

use loop_testkit::{
    Outcome,
    html::{Form, forms},
};
use reqwest::Response;

use super::*;

const EMAIL: &str = "kim@example.com";

/// A device's own client.
async fn tv(server: &Server) -> String {
    let body = json!({
        "client_name": "Loop on the TV",
        "grant_types": ["urn:ietf:params:oauth:grant-type:device_code", "refresh_token"],
        "token_endpoint_auth_method": "none",
    });
    let answer = server
        .http
        .post(server.at("/register"))
        .json(&body)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 201);
    let client: Value = answer.json().await.unwrap();
    assert!(client.get("redirect_uris").is_none() && client.get("response_types").is_none());
    text(&client, "client_id").to_owned()
}

async fn begin(server: &Server, form: &[(&str, &str)]) -> (u16, Value) {
    let url = server.at("/device_authorization");
    let answer = server.http.post(url).form(form).send().await.unwrap();
    assert_eq!(answer.headers()["cache-control"], "no-store");
    (answer.status().as_u16(), answer.json().await.unwrap())
}

async fn codes(server: &Server, client: &str) -> Value {
    let (status, codes) = begin(server, &[("client_id", client)]).await;
    assert_eq!(status, 200, "{codes}");
    codes
}

async fn poll(server: &Server, client: &str, codes: &Value) -> (u16, Value) {
    let form = [
        ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
        ("client_id", client),
        ("device_code", text(codes, "device_code")),
    ];
    server.token(&form).await
}

async fn error(server: &Server, client: &str, codes: &Value) -> String {
    let (status, body) = poll(server, client, codes).await;
    assert_eq!(status, 400, "{body}");
    text(&body, "error").to_owned()
}

/// A person at the code page.
struct Person {
    browser: Browser,
    page: Url,
    form: Form,
}

/// What a page says, and its form if it has one.
async fn read(answer: Response) -> (u16, String, Option<Form>) {
    let status = answer.status().as_u16();
    let html = answer.text().await.unwrap();
    let form = forms(&html).into_iter().next();
    (status, html, form)
}

impl Person {
    async fn at(server: &Server, path: &str) -> Self {
        let browser = Browser::new();
        let url = server.at(path);
        let reached = browser
            .authorize(&url, EMAIL, PASSWORD, Decision::Allow)
            .await;
        let Outcome::Page {
            status,
            url: page,
            html,
        } = reached
        else {
            panic!("{reached:?}");
        };
        assert_eq!(status, 200, "{html}");
        let form = forms(&html).remove(0);
        assert!(form.has("user_code"), "{html}");
        Self {
            browser,
            page,
            form,
        }
    }

    async fn types(&self, code: &str) -> (u16, String, Option<Form>) {
        let mut form = self.form.clone();
        form.set("user_code", code);
        read(self.browser.submit(&self.page, &form, None).await).await
    }

    async fn answers(&self, form: &Form, decision: &str) -> (u16, String) {
        let button = Some(("decision", decision));
        let (status, html, _) = read(self.browser.submit(&self.page, form, button).await).await;
        (status, html)
    }
}

#[actix_web::test]
async fn a_device_logs_in_by_another_ones_browser() {
    let server = Server::start().await;
    server.user(EMAIL, "member").await;
    let client = tv(&server).await;
    let codes = codes(&server, &client).await;
    let page = format!("{}/oauth/device", server.url);
    assert_eq!(text(&codes, "verification_uri"), page);
    let user_code = text(&codes, "user_code");
    assert_eq!(
        text(&codes, "verification_uri_complete"),
        format!("{page}?user_code={user_code}")
    );
    assert_eq!(
        (&codes["expires_in"], &codes["interval"]),
        (&json!(600), &json!(5))
    );
    assert_eq!(
        error(&server, &client, &codes).await,
        "authorization_pending"
    );
    assert_eq!(error(&server, &client, &codes).await, "slow_down");

    let person = Person::at(&server, "/oauth/device").await;
    let typed = user_code.to_lowercase().replace('-', " ");
    let (status, html, form) = person.types(&typed).await;
    assert_eq!(status, 200, "{html}");
    for shown in [
        "Loop on the TV",
        &client,
        user_code,
        EMAIL,
        "mcp:read",
        "your own device",
    ] {
        assert!(html.contains(shown), "no {shown} in {html}");
    }
    let (status, html) = person.answers(&form.unwrap(), "allow").await;
    assert!(status == 200 && html.contains("is connected"), "{html}");

    server.clock.advance(15);
    let (status, tokens) = poll(&server, &client, &codes).await;
    assert_eq!(status, 200, "{tokens}");
    let said = claims(text(&tokens, "access_token"));
    assert_eq!(
        (said["client_id"].as_str(), &said["roles"]),
        (Some(&*client), &json!(["member"]))
    );
    let refresh = text(&tokens, "refresh_token");
    let (status, again) = server.refresh(&client, refresh).await;
    assert_eq!(status, 200, "{again}");
    assert_eq!(error(&server, &client, &codes).await, "invalid_grant");
    let form = [("token", refresh), ("client_id", &client)];
    server
        .http
        .post(server.at("/revoke"))
        .form(&form)
        .send()
        .await
        .unwrap();
    assert_eq!(
        server
            .refresh(&client, text(&again, "refresh_token"))
            .await
            .0,
        400
    );
}

#[actix_web::test]
async fn a_complete_address_fills_the_code_in_and_still_asks() {
    let server = Server::start().await;
    server.user(EMAIL, "member").await;
    let client = tv(&server).await;
    let codes = codes(&server, &client).await;
    let complete: Url = text(&codes, "verification_uri_complete").parse().unwrap();
    let path = format!("{}?{}", complete.path(), complete.query().unwrap());
    let person = Person::at(&server, &path).await;
    assert_eq!(person.form.value("user_code"), codes["user_code"].as_str());
    assert_eq!(
        error(&server, &client, &codes).await,
        "authorization_pending"
    );
    let (_, html, form) = person.types(text(&codes, "user_code")).await;
    let form = form.unwrap_or_else(|| panic!("{html}"));
    assert!(
        form.buttons.iter().any(|(_, value)| value == "allow"),
        "{html}"
    );
    let (status, html) = person.answers(&form, "deny").await;
    assert!(status == 200 && html.contains("refused"), "{html}");
    server.clock.advance(5);
    assert_eq!(error(&server, &client, &codes).await, "access_denied");
    let hostile = Person::at(&server, "/oauth/device?user_code=%22%3E%3Cscript%3E").await;
    assert_eq!(hostile.form.value("user_code"), Some(""));
}

#[actix_web::test]
async fn codes_that_nobody_answers_run_out() {
    let server = Server::start().await;
    server.user(EMAIL, "member").await;
    let client = tv(&server).await;
    let codes = codes(&server, &client).await;
    let person = Person::at(&server, "/oauth/device").await;
    let (_, _, form) = person.types(text(&codes, "user_code")).await;
    server.clock.advance(600);
    assert_eq!(error(&server, &client, &codes).await, "expired_token");
    let (status, html) = person.answers(&form.unwrap(), "allow").await;
    assert!(status == 400 && html.contains("role=\"alert\""), "{html}");
    assert_eq!(error(&server, &client, &codes).await, "expired_token");
}

#[actix_web::test]
async fn another_site_or_session_cannot_answer_and_nothing_shown_can_be_changed() {
    let server = Server::start().await;
    server.user(EMAIL, "member").await;
    let client = tv(&server).await;
    let (mine, other) = (codes(&server, &client).await, codes(&server, &client).await);
    let person = Person::at(&server, "/oauth/device").await;
    let (_, _, form) = person.types(text(&mine, "user_code")).await;
    let form = form.unwrap();
    let mut swapped = form.clone();
    swapped.set("user_code", text(&other, "user_code"));
    let mut forged = form.clone();
    forged.set("csrf", &"x".repeat(43));
    for form in [&swapped, &forged] {
        assert_eq!(person.answers(form, "allow").await.0, 403);
    }
    assert_eq!(person.answers(&form, "perhaps").await.0, 400);
    let stranger = Person::at(&server, "/oauth/device").await;
    assert_eq!(
        stranger.answers(&form, "allow").await.0,
        403,
        "another session"
    );
    let mut typed = person.form.clone();
    typed.set("csrf", "");
    typed.set("user_code", text(&mine, "user_code"));
    let (status, _, _) = read(person.browser.submit(&person.page, &typed, None).await).await;
    assert_eq!(status, 403);
    for path in ["/oauth/device", "/oauth/device/answer"] {
        let nobody = server
            .http
            .post(server.at(path))
            .form(&[("user_code", "x")]);
        assert_eq!(nobody.send().await.unwrap().status(), 403, "{path}");
        let cookies = person.browser.cookies();
        let cookies: Vec<_> = cookies.iter().map(|(n, v)| format!("{n}={v}")).collect();
        let foreign = server.http.post(server.at(path)).form(&form.fields);
        let foreign = foreign.header("Cookie", cookies.join("; "));
        let foreign = foreign
            .header("Sec-Fetch-Site", "cross-site")
            .send()
            .await
            .unwrap();
        assert_eq!(foreign.status(), 403, "{path}");
    }
    for codes in [&mine, &other] {
        assert_eq!(
            error(&server, &client, codes).await,
            "authorization_pending"
        );
    }
}

#[actix_web::test]
async fn guessing_is_over_after_ten_wrong_codes() {
    let server = Server::start().await;
    server.user(EMAIL, "member").await;
    let client = tv(&server).await;
    let codes = codes(&server, &client).await;
    let person = Person::at(&server, "/oauth/device").await;
    for _ in 0..10 {
        let (status, html, _) = person.types("BBBB-BBBB").await;
        assert_eq!(status, 400, "{html}");
        assert!(html.contains("No device waits"), "{html}");
    }
    let again = Person::at(&server, "/oauth/device").await; // a new session is no new try
    for who in [&person, &again] {
        let (status, html, _) = who.types(text(&codes, "user_code")).await;
        assert!(
            status == 429 && html.contains("Too many wrong codes"),
            "{html}"
        );
    }
    server.clock.advance(60);
    assert_eq!(person.types(text(&codes, "user_code")).await.0, 200);
}

#[actix_web::test]
async fn a_person_without_the_scopes_is_told_so() {
    let server = Server::start().await;
    server.user(EMAIL, "member").await;
    let client = tv(&server).await;
    let (_, codes) = begin(&server, &[("client_id", &client), ("scope", "mcp:exec")]).await;
    let person = Person::at(&server, "/oauth/device").await;
    let (status, html, _) = person.types(text(&codes, "user_code")).await;
    assert!(
        status == 403 && html.contains("access to nothing"),
        "{html}"
    );
    assert_eq!(
        error(&server, &client, &codes).await,
        "authorization_pending"
    );
}

#[actix_web::test]
async fn the_device_endpoint_knows_its_clients_and_is_advertised() {
    let server = Server::start().await;
    let (client, web) = (tv(&server).await, server.client().await);
    for (form, status, code) in [
        (&[][..], 400, "invalid_request"),
        (&[("client_id", "nobody")], 401, "invalid_client"),
        (&[("client_id", &*web)], 400, "unauthorized_client"),
        (
            &[("client_id", &*client), ("client_secret", "x")],
            401,
            "invalid_client",
        ),
        (
            &[("client_id", &*client), ("scope", "email")],
            400,
            "invalid_scope",
        ),
        (
            &[("client_id", &*client), ("resource", "https://x.example")],
            400,
            "invalid_target",
        ),
        (
            &[("client_id", &*client), ("scope", "a"), ("scope", "b")],
            400,
            "invalid_request",
        ),
    ] {
        let (got, body) = begin(&server, form).await;
        assert_eq!((got, text(&body, "error")), (status, code), "{form:?}");
    }
    let url = server.at("/.well-known/oauth-authorization-server");
    let document: Value = server
        .http
        .get(url)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let endpoint = format!("{}/device_authorization", server.url);
    assert_eq!(text(&document, "device_authorization_endpoint"), endpoint);
    for grant in [
        "urn:ietf:params:oauth:grant-type:device_code",
        "client_credentials",
    ] {
        let all = document["grant_types_supported"].as_array().unwrap();
        assert!(all.contains(&json!(grant)), "{document}");
    }
    let old = server.http.post(server.at("/oauth/device_authorization"));
    let old = old.form(&[("client_id", &client)]).send().await.unwrap();
    assert_eq!(old.status(), 200);
}

#[actix_web::test]
async fn a_device_signs_somebody_in_after_the_page_said_what_it_would_know() {
    let server = Server::start().await;
    server.user(EMAIL, "member").await;
    let client = tv(&server).await;
    for (scope, resource) in [
        ("openid email", None),
        ("openid mcp:read", Some(format!("{}/mcp", server.url))),
    ] {
        let form = [("client_id", &*client), ("scope", scope)];
        let (status, codes) = begin(&server, &form).await;
        assert_eq!(status, 200, "{codes}");
        let person = Person::at(&server, "/oauth/device").await;
        let (status, html, form) = person.types(text(&codes, "user_code")).await;
        assert_eq!(status, 200, "{html}");
        for asked in scope.split(' ') {
            assert!(html.contains(&format!("<code>{asked}</code>")), "{html}");
        }
        let shown = resource.map(|resource| html.contains(&resource));
        assert!(shown.unwrap_or(!html.contains("/mcp")), "{html}");
        assert_eq!(person.answers(&form.unwrap(), "allow").await.0, 200);
        server.clock.advance(5);
        let (status, tokens) = poll(&server, &client, &codes).await;
        assert_eq!(
            (status, text(&tokens, "scope").contains("openid")),
            (200, true),
            "{tokens}"
        );
        let said = claims(text(&tokens, "id_token"));
        assert_eq!(said["aud"], json!(client));
        assert!(
            said["auth_time"].is_i64() && said.get("nonce").is_none(),
            "{said}"
        );
        let told = server.http.get(server.at("/userinfo"));
        let told = told
            .bearer_auth(text(&tokens, "access_token"))
            .send()
            .await
            .unwrap();
        let told: Value = told.json().await.unwrap();
        assert_eq!(
            (&told["sub"], told.get("email")),
            (&said["sub"], said.get("email"))
        );
    }
}
