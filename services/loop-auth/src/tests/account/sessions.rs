//! Where somebody is signed in.

use super::*;

/// The public names of the sessions that a page offers to end.
fn offered(person: &Person) -> Vec<String> {
    let all = forms(&person.html);
    let ends = all.iter().filter(|f| f.action == "/account/sessions/end");
    ends.map(|form| {
        let sid = form.fields.iter().find(|(name, _)| name == "sid");
        sid.unwrap().1.clone()
    })
    .collect()
}

#[actix_web::test]
async fn sessions_show_their_browser_and_end_one_by_one_or_all_at_once() {
    let server = Server::start().await;
    server.user(EMAIL, "member").await;
    let mut person = Person::open(&server, "/account", EMAIL).await;
    assert!(person.html.contains("You are signed in nowhere else."));
    assert!(person.html.contains("127.0.0.1"), "{}", person.html);
    let agent = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) Version/18.1 Safari/604.1";
    let mut others = Vec::new();
    for _ in 0..3 {
        let mut other = Person::open(&server, "/account", EMAIL).await;
        let session = other.browser.cookies()["loop_session"].clone();
        server.clock.advance(6 * 60);
        server
            .http
            .get(server.at("/account"))
            .header("user-agent", agent)
            .header("cookie", format!("loop_session={session}"))
            .send()
            .await
            .unwrap();
        other.html.clear();
        others.push(other);
    }
    person.look().await;
    assert!(person.html.contains("Safari on iPhone"), "{}", person.html);
    let names = offered(&person);
    assert_eq!(names.len(), 3, "not this one: {}", person.html);
    let form = person.form("/account/sessions/end", Some(("sid", &names[0])));
    for _ in 0..2 {
        let (status, to, _) = person.send(&form, None).await;
        assert_eq!((status, &*to), (303, "/account?done=signed_out"));
    }
    person.look().await;
    assert_eq!(offered(&person).len(), 2);
    let form = person.form("/account/sessions/end-others", None);
    let (status, to, _) = person.send(&form, None).await;
    assert_eq!((status, &*to), (303, "/account?done=signed_out_others"));
    assert_eq!(person.look().await, 200, "this one stays");
    assert!(offered(&person).is_empty());
    for other in &mut others {
        assert_eq!(other.look().await, 302, "to the login");
    }
}

#[actix_web::test]
async fn nobody_ends_the_session_of_somebody_else() {
    let server = Server::start().await;
    server.user(EMAIL, "member").await;
    server.user("lee@example.com", "admin").await;
    let mut lee = Person::open(&server, "/account", "lee@example.com").await;
    let second = Person::open(&server, "/account", "lee@example.com").await;
    lee.look().await;
    let theirs = offered(&lee).remove(0);
    let kim = Person::open(&server, "/account", EMAIL).await;
    Person::open(&server, "/account", EMAIL).await;
    let mut person = kim;
    person.look().await;
    let mut form = person.form("/account/sessions/end", None);
    form.set("sid", &theirs);
    assert_eq!(person.send(&form, None).await.0, 303, "says nothing of it");
    let mut second = second;
    assert_eq!(second.look().await, 200, "and nothing happened");
    form.set("sid", "not a name");
    assert_eq!(person.send(&form, None).await.0, 400);
}

#[actix_web::test]
async fn a_hostile_browser_name_is_bounded_and_shown_nowhere() {
    let server = Server::start().await;
    server.user(EMAIL, "member").await;
    let mut person = Person::open(&server, "/account", EMAIL).await;
    let session = person.browser.cookies()["loop_session"].clone();
    server.clock.advance(6 * 60);
    let agent = format!("<script>alert(1)</script>{}", "x".repeat(5_000));
    let answer = server
        .http
        .get(server.at("/account"))
        .header("user-agent", agent)
        .header("cookie", format!("loop_session={session}"))
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 200);
    person.look().await;
    assert!(person.html.contains("A browser we do not know"));
    assert!(!person.html.contains("alert(1)"));
}

#[actix_web::test]
async fn when_somebody_is_disabled_the_account_is_shut_at_once() {
    let server = Server::start().await;
    server.user(EMAIL, "member").await;
    let mut person = Person::open(&server, "/account", EMAIL).await;
    user_admin::disable(&server.app.cx(), EMAIL).await.unwrap();
    assert_eq!(person.look().await, 302);
}
