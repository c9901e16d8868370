//! `/admin`: attacks first, then what administrators do all day.

use loop_oauth::store::{AuditLog as _, Users as _};
use loop_oauth::user::Email;
use loop_shared::audit::Outcome;
use loop_testkit::{Browser, html::forms};
use reqwest::{Response, Url};

use super::{PASSWORD, Server, text};

/// Every address below `/admin` that is read.
const PAGES: [&str; 13] = [
    "/admin",
    "/admin/users",
    "/admin/user?id=018f3c1e-7d0a-7c55-9d8e-0a1b2c3d4e5f",
    "/admin/invitations",
    "/admin/invite",
    "/admin/clients",
    "/admin/client?id=x",
    "/admin/grants",
    "/admin/keys",
    "/admin/audit",
    "/admin/confirm?act=rotate&id=",
    "/admin/do",
    "/admin/no/such/page",
];

async fn enter(server: &Server, email: &str) -> Browser {
    let browser = Browser::new();
    let page = server.at("/oauth/login");
    let html = browser.get(&page).await.text().await.unwrap();
    let mut form = forms(&html).remove(0);
    form.set("email", email);
    form.set("password", PASSWORD);
    let entered = browser.submit(&page, &form, None).await;
    assert_eq!(entered.status(), 303);
    browser
}

async fn admin(server: &Server) -> Browser {
    server.user("root@example.com", "admin").await;
    enter(server, "root@example.com").await
}

async fn id_of(server: &Server, email: &str) -> String {
    let email = Email::parse(email).unwrap();
    let user = server.store.user_by_email(&email).await.unwrap().unwrap();
    user.id.to_string()
}

/// Asks, and says yes on the page that asks.
async fn yes(server: &Server, browser: &Browser, question: &str) -> Response {
    let page = server.at(question);
    let answer = browser.get(&page).await;
    assert_eq!(answer.status(), 200, "{question}");
    let html = answer.text().await.unwrap();
    let form = forms(&html).into_iter().find(|form| form.method == "post");
    browser.submit(&page, &form.unwrap(), None).await
}

fn location(answer: &Response) -> &str {
    answer.headers()["location"].to_str().unwrap()
}

#[actix_web::test]
async fn nobody_but_an_administrator_gets_through_any_door_of_admin() {
    let server = Server::start().await;
    for role in ["member", "analyst", "exec", ""] {
        let email = format!("x{role}@example.com");
        server.user(&email, role).await;
        let browser = enter(&server, &email).await;
        for path in PAGES {
            let got = browser.get(&server.at(path)).await;
            assert_eq!(got.status(), 403, "{role} GET {path}");
            let posted = server
                .http
                .post(server.at(path))
                .form(&[("request", "act=rotate")]);
            let cookies: Vec<_> = browser
                .cookies()
                .iter()
                .map(|(k, v)| format!("{k}={v}"))
                .collect();
            let posted = posted
                .header("cookie", cookies.join("; "))
                .send()
                .await
                .unwrap();
            assert_eq!(posted.status(), 403, "{role} POST {path}");
        }
    }
    for path in PAGES {
        let stranger = server.http.get(server.at(path)).send().await.unwrap();
        assert_eq!(stranger.status(), 302, "{path}");
        assert!(
            location(&stranger).starts_with("/oauth/login?return_to="),
            "{path}"
        );
        let posted = server
            .http
            .post(server.at(path))
            .form(&[("a", "b")])
            .send()
            .await
            .unwrap();
        assert_eq!(posted.status(), 403, "{path}");
    }
    let log = server.store.audit_after(0, 10_000).await.unwrap();
    let refused = log.iter().filter(|r| r.entry.event == "admin_refused");
    assert_eq!(
        refused.count(),
        4 * 2 * PAGES.len(),
        "each attempt is on record"
    );
}

#[actix_web::test]
async fn an_administrator_who_is_demoted_is_out_at_the_next_click() {
    let server = Server::start().await;
    let root = admin(&server).await;
    server.user("second@example.com", "admin").await;
    let second = enter(&server, "second@example.com").await;
    let users = server.at("/admin/users");
    assert_eq!(second.get(&users).await.status(), 200);
    let id = id_of(&server, "second@example.com").await;
    let done = yes(
        &server,
        &root,
        &format!("/admin/confirm?act=roles&id={id}&role=member"),
    )
    .await;
    assert_eq!(done.status(), 303);
    assert_eq!(second.get(&users).await.status(), 403);
}

#[actix_web::test]
async fn no_other_site_and_no_other_question_does_anything_for_an_administrator() {
    let server = Server::start().await;
    let root = admin(&server).await;
    server.user("kim@example.com", "member").await;
    let id = id_of(&server, "kim@example.com").await;
    let question = format!("/admin/confirm?act=enable&id={id}");
    let page = server.at(&question);
    let html = root.get(&page).await.text().await.unwrap();
    let good = forms(&html)
        .into_iter()
        .find(|form| form.method == "post")
        .unwrap();
    // A token of one question does not answer another, nor without a token, nor with another's session.
    let mut forged = good.clone();
    forged.set("request", &format!("act=disable&id={id}"));
    let mut bare = good.clone();
    bare.set("csrf", "");
    for form in [&forged, &bare] {
        assert_eq!(root.submit(&page, form, None).await.status(), 403);
    }
    server.user("second@example.com", "admin").await;
    let second = enter(&server, "second@example.com").await;
    assert_eq!(second.submit(&page, &good, None).await.status(), 403);
    let cookies: Vec<_> = root
        .cookies()
        .iter()
        .map(|(k, v)| format!("{k}={v}"))
        .collect();
    let cross = server.http.post(server.at("/admin/do")).form(&good.fields);
    let cross = cross
        .header("cookie", cookies.join("; "))
        .header("sec-fetch-site", "cross-site");
    assert_eq!(cross.send().await.unwrap().status(), 403);
    // Reading alone changes nothing.
    for act in ["disable", "sessions", "grants", "reset"] {
        let asked = root
            .get(&server.at(&format!("/admin/confirm?act={act}&id={id}")))
            .await;
        assert_eq!(asked.status(), 200);
        let headers = asked.headers();
        assert_eq!(headers["x-frame-options"], "DENY");
        assert!(
            headers["content-security-policy"]
                .to_str()
                .unwrap()
                .contains("frame-ancestors 'none'")
        );
    }
    let email = Email::parse("kim@example.com").unwrap();
    let kim = server.store.user_by_email(&email).await.unwrap().unwrap();
    assert!(kim.is_active());
    assert_eq!(root.submit(&page, &good, None).await.status(), 303);
}

#[actix_web::test]
async fn what_hurts_wants_a_login_of_the_last_ten_minutes() {
    let server = Server::start().await;
    let root = admin(&server).await;
    server.user("kim@example.com", "member").await;
    let id = id_of(&server, "kim@example.com").await;
    let question = format!("/admin/confirm?act=disable&id={id}");
    let page = server.at(&question);
    let html = root.get(&page).await.text().await.unwrap();
    let form = forms(&html)
        .into_iter()
        .find(|form| form.method == "post")
        .unwrap();
    server.clock.advance(601);
    assert_eq!(
        root.get(&server.at("/admin/users")).await.status(),
        200,
        "looking is allowed"
    );
    assert_eq!(root.submit(&page, &form, None).await.status(), 403);
    let asked = root.get(&page).await;
    assert_eq!(asked.status(), 302);
    // The login leads back to the question.
    let login = page.join(location(&asked)).unwrap();
    let html = root.get(&login).await.text().await.unwrap();
    let mut form = forms(&html).remove(0);
    form.set("email", "root@example.com");
    form.set("password", PASSWORD);
    let entered = root.submit(&login, &form, None).await;
    assert_eq!(location(&entered), question);
    assert_eq!(yes(&server, &root, &question).await.status(), 303);
}

#[actix_web::test]
async fn no_administrator_is_shut_out_by_their_own_click_or_as_the_last_one() {
    let server = Server::start().await;
    let root = admin(&server).await;
    let id = id_of(&server, "root@example.com").await;
    for question in [
        format!("/admin/confirm?act=disable&id={id}"),
        format!("/admin/confirm?act=roles&id={id}&role=member"),
        format!("/admin/confirm?act=roles&id={id}"),
    ] {
        let refused = yes(&server, &root, &question).await;
        assert_eq!(refused.status(), 409, "{question}");
        let html = refused.text().await.unwrap();
        assert!(
            html.contains("your own account") && !html.contains("name=\"csrf\""),
            "{html}"
        );
    }
    assert_eq!(root.get(&server.at("/admin/users")).await.status(), 200);
}

#[actix_web::test]
async fn disabling_says_in_numbers_what_ends_and_ends_it() {
    let server = Server::start().await;
    let root = admin(&server).await;
    server.user("kim@example.com", "member").await;
    let client = server.client().await;
    let kim = Browser::new();
    let code = server.code(&kim, &client, "kim@example.com").await;
    let (_, tokens) = server.exchange(&client, &code).await;
    let id = id_of(&server, "kim@example.com").await;
    let user = format!("/admin/user?id={id}");
    let html = root.get(&server.at(&user)).await.text().await.unwrap();
    assert!(
        html.contains("Test client") && html.contains("mcp:read"),
        "{html}"
    );
    let question = format!("/admin/confirm?act=disable&id={id}");
    let html = root.get(&server.at(&question)).await.text().await.unwrap();
    for said in [
        "Disable kim@example.com?",
        "<dd><bdi>1</bdi></dd>",
        "within seconds",
    ] {
        assert!(html.contains(said), "{said} in {html}");
    }
    let done = yes(&server, &root, &question).await;
    assert_eq!(done.status(), 303);
    let after = server.at("/").join(location(&done)).unwrap();
    let html = root.get(&after).await.text().await.unwrap();
    assert!(
        html.contains("The account is disabled.") && html.contains("disabled"),
        "{html}"
    );
    let (status, _) = server
        .refresh(&client, text(&tokens, "refresh_token"))
        .await;
    assert_eq!(status, 400);
    let log = server.store.audit_after(0, 1_000).await.unwrap();
    let record = log
        .iter()
        .find(|r| r.entry.event == "user_disabled")
        .unwrap();
    assert_eq!(record.entry.outcome, Outcome::Done);
    assert_eq!(record.entry.details["grants"], "1");
    assert_eq!(record.entry.subject, Some(format!("user:{id}")));
    let root_id = id_of(&server, "root@example.com").await;
    assert_eq!(record.entry.actor, Some(format!("user:{root_id}")));
    assert_eq!(record.entry.address.as_deref(), Some("127.0.0.1"));
    let html = root
        .get(&server.at("/admin/audit?event=user_disabled"))
        .await
        .text()
        .await
        .unwrap();
    assert!(html.contains("grants=1; sessions=1"), "{html}");
}

/// The link that a page shows once.
fn link_in(html: &str) -> Url {
    let start = html.find("/oauth/invitation?token=").unwrap();
    let start = html[..start].rfind("http").unwrap();
    let end = html[start..].find('<').unwrap();
    html[start..start + end].parse().unwrap()
}

async fn accept(browser: &Browser, link: &Url, password: &str) -> Response {
    let html = browser.get(link).await.text().await.unwrap();
    let mut form = forms(&html).remove(0);
    form.set("password", password);
    form.set("again", password);
    browser.submit(link, &form, None).await
}

#[actix_web::test]
async fn an_invitation_makes_an_account_once_and_a_replay_is_refused() {
    let server = Server::start().await;
    let root = admin(&server).await;
    let page = server.at("/admin/invite");
    let html = root.get(&page).await.text().await.unwrap();
    let mut form = forms(&html)
        .into_iter()
        .find(|form| form.method == "post")
        .unwrap();
    form.set("email", "new@example.com");
    form.set("name", "<b>새 사람</b>");
    let html = root.submit(&page, &form, None).await.text().await.unwrap();
    let link = link_in(&html);
    let listed = root
        .get(&server.at("/admin/invitations"))
        .await
        .text()
        .await
        .unwrap();
    assert!(
        listed.contains("new@example.com") && !listed.contains("token="),
        "shown once"
    );
    let guest = Browser::new();
    // A mail scanner opens it, twice.
    for _ in 0..2 {
        assert_eq!(guest.get(&link).await.status(), 200);
    }
    assert_eq!(accept(&guest, &link, "short").await.status(), 400);
    let kept = guest.get(&link).await.text().await.unwrap();
    let replay = forms(&kept).remove(0);
    assert_eq!(accept(&guest, &link, PASSWORD).await.status(), 200);
    assert_eq!(guest.get(&link).await.status(), 404);
    let mut form = replay;
    form.set("password", "another password");
    form.set("again", "another password");
    assert_eq!(
        guest.submit(&link, &form, None).await.status(),
        404,
        "replayed"
    );
    enter(&server, "new@example.com").await;
    let html = root
        .get(&server.at("/admin/users?q=NEW@"))
        .await
        .text()
        .await
        .unwrap();
    assert!(
        html.contains("&lt;b&gt;새 사람&lt;/b&gt;") && !html.contains("root@example.com</bdi>"),
        "{html}"
    );
}

#[actix_web::test]
async fn a_reset_shows_a_link_once_and_the_old_password_is_dead() {
    let server = Server::start().await;
    let root = admin(&server).await;
    server.user("kim@example.com", "member").await;
    let kim = enter(&server, "kim@example.com").await;
    let id = id_of(&server, "kim@example.com").await;
    let shown = yes(&server, &root, &format!("/admin/confirm?act=reset&id={id}")).await;
    let link = link_in(&shown.text().await.unwrap());
    let home = kim.get(&server.at("/oauth/")).await.text().await.unwrap();
    assert!(!home.contains("kim@example.com"), "the session has ended");
    let guest = Browser::new();
    assert_eq!(
        accept(&guest, &link, "quite another one").await.status(),
        200
    );
    let page = server.at("/oauth/login");
    for (password, status) in [(PASSWORD, 400), ("quite another one", 303)] {
        let html = guest.get(&page).await.text().await.unwrap();
        let mut form = forms(&html).remove(0);
        form.set("email", "kim@example.com");
        form.set("password", password);
        assert_eq!(
            guest.submit(&page, &form, None).await.status(),
            status,
            "{password}"
        );
    }
}

#[actix_web::test]
async fn lists_are_searched_and_paged_by_key() {
    let server = Server::start().await;
    let root = admin(&server).await;
    for number in 0..30 {
        server
            .user(&format!("user{number:02}@example.com"), "member")
            .await;
        server.clock.advance(1);
    }
    let html = root
        .get(&server.at("/admin/users?q=user&role=member"))
        .await
        .text()
        .await
        .unwrap();
    assert_eq!(html.matches("@example.com</bdi></a>").count(), 25);
    let start = html
        .find("/admin/users?q=user&amp;role=member&amp;after=")
        .unwrap();
    let end = html[start..].find('"').unwrap();
    let next = html[start..start + end].replace("&amp;", "&");
    let html = root.get(&server.at(&next)).await.text().await.unwrap();
    assert_eq!(html.matches("@example.com</bdi></a>").count(), 5);
    assert!(html.contains("user29@example.com") && !html.contains("rel=\"next\""));
    for (path, said) in [
        ("/admin/users?q=%25", "Nothing fits this search."),
        ("/admin/users?state=disabled", "Nothing fits this search."),
        ("/admin/grants?user=nobody", "This search cannot be read."),
        ("/admin/audit?from=yesterday", "This search cannot be read."),
        ("/admin/clients", "No app has registered yet."),
        ("/admin/grants", "Nothing is granted."),
        ("/admin/invitations", "No invitations yet."),
        ("/admin/keys", "signing"),
    ] {
        let answer = root.get(&server.at(path)).await;
        assert_eq!(answer.status(), 200, "{path}");
        let html = answer.text().await.unwrap();
        assert!(html.contains(said), "{path}: {said} in {html}");
    }
}
