//! Passkeys over HTTP, with an authenticator in software: added, signed in with, stolen, copied, taken away.

use loop_oauth::{
    passkey,
    store::{Act, AuditLog as _, Means},
};
use loop_testkit::Passkey;

use super::*;

/// Makes a device answer wrongly.
type Spoil = fn(&mut Passkey);

const ORIGIN: &str = "http://localhost:8082";

/// A server where passkeys are possible: its address has a name.
async fn server() -> Server {
    let setup = Setup {
        external_url: Some(ORIGIN),
        ..Setup::default()
    };
    let server = Server::start_with(setup).await;
    for email in [EMAIL, "lee@example.com"] {
        server.user(email, "member").await;
    }
    server
}

/// Asks for a challenge in this browser.
async fn challenge_for(person: &Person, action: &str, csrf: &Form) -> Value {
    let mut form = csrf.clone();
    form.action = action.to_owned();
    let answer = person.browser.submit(&person.at, &form, None).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["cache-control"], "no-store");
    answer.json().await.unwrap()
}

/// Adds this device to the account of somebody at the security page. The status and where it leads.
async fn add(person: &Person, device: &mut Passkey, name: &str) -> (u16, String, String) {
    let mut form = person.form("/account/passkeys/add", None);
    let options = challenge_for(person, "/account/passkeys/begin", &form).await;
    form.set("credential", &device.create(&options));
    form.set("name", name);
    person.send(&form, None).await
}

async fn with_key(server: &Server) -> (Person, Passkey) {
    let mut person = Person::open(server, "/account/security", EMAIL).await;
    let mut device = Passkey::new(ORIGIN);
    let (status, to, html) = add(&person, &mut device, "Laptop").await;
    assert_eq!(
        (status, &*to),
        (303, "/account/security?done=passkey_added"),
        "{html}"
    );
    person.look().await;
    (person, device)
}

/// Somebody without a session at the login page.
async fn stranger(server: &Server, path: &str) -> Person {
    let browser = Browser::new();
    let mut at = server.at(path);
    let answer = browser.get(&at).await;
    if let Some(to) = answer.headers().get("location") {
        at = at.join(to.to_str().unwrap()).unwrap();
    }
    let html = browser.get(&at).await.text().await.unwrap();
    Person { browser, at, html }
}

/// Signs in with what the device answers, changed by `spoil`.
async fn sign_in(person: &Person, device: &mut Passkey) -> (u16, String, String) {
    let mut form = person.form("/oauth/passkey", None);
    let options = challenge_for(person, "/oauth/passkey/begin", &form).await;
    form.set("credential", &device.sign(&options));
    person.send(&form, None).await
}

#[actix_web::test]
async fn a_passkey_signs_in_without_a_name_and_goes_where_the_login_was_to_lead() {
    let server = server().await;
    let (person, mut device) = with_key(&server).await;
    assert!(person.html.contains("<bdi>Laptop</bdi>"), "{}", person.html);
    let guest = stranger(&server, "/account").await;
    let (status, to, html) = sign_in(&guest, &mut device).await;
    assert_eq!((status, &*to), (303, "/account?"), "{html}");
    let page = guest.browser.get(&server.at("/account/security")).await;
    let html = page.text().await.unwrap();
    assert!(html.contains(EMAIL) && html.contains("Last used"), "{html}");
    assert!(!guest.browser.cookies().contains_key("loop_passkey"));
}

#[actix_web::test]
async fn it_counts_as_both_steps_and_as_a_login_of_this_moment() {
    let server = server().await;
    let (_, mut device) = with_key(&server).await;
    let client = server.client().await;
    let url = server.authorize_url(&client, &[("scope", "openid mcp:read"), ("max_age", "60")]);
    let path = format!("{}?{}", url.path(), url.query().unwrap());
    let guest = stranger(&server, &path).await;
    sign_in(&guest, &mut device).await;
    let opened = guest
        .browser
        .authorize(&url, "nobody", "nothing", Decision::Allow)
        .await;
    let code = opened.parameter("code").unwrap();
    let (status, tokens) = server.exchange(&client, &code).await;
    assert_eq!(status, 200, "{tokens}");
    let identity = claims(text(&tokens, "id_token"));
    assert_eq!(identity["amr"], json!(["pop", "mfa"]), "{identity}");
    assert_eq!(identity["auth_time"], server.clock.now().timestamp());

    // Two minutes later the same session is too old for this client, and a passkey makes a fresh one.
    server.clock.advance(120);
    let asked = guest.browser.get(&url).await;
    assert_eq!(asked.status(), 302);
    let to = asked.headers()["location"].to_str().unwrap().to_owned();
    assert!(to.contains("/oauth/login"), "{to}");
    let at = url.join(&to).unwrap();
    let html = guest.browser.get(&at).await.text().await.unwrap();
    let again = Person {
        browser: guest.browser.clone(),
        at,
        html,
    };
    let (status, to, _) = sign_in(&again, &mut device).await;
    assert_eq!(status, 303);
    assert!(to.starts_with("/authorize?"), "{to}");
    let opened = again
        .browser
        .authorize(&url, "nobody", "nothing", Decision::Allow)
        .await;
    assert!(opened.parameter("code").is_some());
}

#[actix_web::test]
async fn answers_for_another_origin_host_or_challenge_or_without_the_person_are_refused() {
    let server = server().await;
    let (_, device) = with_key(&server).await;
    let spoils: [(&str, Spoil); 5] = [
        ("another origin", |it| {
            it.origin = "https://evil.example".to_owned();
        }),
        ("another port", |it| {
            it.origin = "http://localhost:8083".to_owned();
        }),
        ("another host's key", |it| {
            it.host = "evil.example".to_owned();
        }),
        ("nobody was looked at", |it| it.verifies = false),
        ("another account's name", |it| {
            it.person = Passkey::new(ORIGIN).id();
        }),
    ];
    for (what, spoil) in spoils {
        let mut wrong = device.clone();
        spoil(&mut wrong);
        let guest = stranger(&server, "/account").await;
        let (status, _, html) = sign_in(&guest, &mut wrong).await;
        assert_eq!(status, 400, "{what}: {html}");
        assert!(html.contains("This passkey was not accepted"), "{what}");
        assert!(
            !guest.browser.cookies().contains_key("loop_session"),
            "{what}"
        );
    }
    let guest = stranger(&server, "/account").await;
    let mut form = guest.form("/oauth/passkey", None);
    for answer in ["", "{}", "null", "[]", &"x".repeat(40_000)] {
        challenge_for(&guest, "/oauth/passkey/begin", &form).await;
        form.set("credential", answer);
        let (status, ..) = guest.send(&form, None).await;
        assert!(
            matches!(status, 400 | 413),
            "{status} for {} bytes",
            answer.len()
        );
    }
}

#[actix_web::test]
async fn an_answer_is_good_once_and_in_the_browser_that_asked() {
    let server = server().await;
    let (_, mut device) = with_key(&server).await;
    let guest = stranger(&server, "/account").await;
    let mut form = guest.form("/oauth/passkey", None);
    let options = challenge_for(&guest, "/oauth/passkey/begin", &form).await;
    let answer = device.sign(&options);
    form.set("credential", &answer);

    // Somebody who stole the answer, in another browser with a challenge of its own.
    let thief = stranger(&server, "/account").await;
    let mut stolen = thief.form("/oauth/passkey", None);
    let (status, ..) = thief.send(&stolen, None).await;
    assert_eq!(status, 400, "no challenge at all");
    challenge_for(&thief, "/oauth/passkey/begin", &stolen).await;
    stolen.set("credential", &answer);
    assert_eq!(thief.send(&stolen, None).await.0, 400);

    let cookies = guest.browser.cookies();
    assert_eq!(guest.send(&form, None).await.0, 303);
    let jar: Vec<String> = cookies.iter().map(|(n, v)| format!("{n}={v}")).collect();
    let replay = server
        .http
        .post(server.at("/oauth/passkey"))
        .header("cookie", jar.join("; "))
        .form(&form.fields)
        .send()
        .await
        .unwrap();
    assert_eq!(replay.status(), 400);

    // A copy of the device, behind by one.
    device.counter -= 1;
    let guest = stranger(&server, "/account").await;
    assert_eq!(sign_in(&guest, &mut device).await.0, 400, "a copied key");
}

#[actix_web::test]
async fn a_challenge_for_adding_is_of_one_session_and_a_key_of_one_account() {
    let server = server().await;
    let (mut kim, device) = with_key(&server).await;
    let (status, ..) = add(&kim, &mut device.clone(), "again").await;
    assert_eq!(status, 400, "it is there");
    let lee = Person::open(&server, "/account/security", "lee@example.com").await;
    let (status, ..) = add(&lee, &mut device.clone(), "mine now").await;
    assert_eq!(status, 409, "it is somebody else's");

    // Lee answers Kim's challenge: the cookie is not enough.
    let mut planted = lee.form("/account/passkeys/add", None);
    let kims = kim.form("/account/passkeys/add", None);
    let options = challenge_for(&kim, "/account/passkeys/begin", &kims).await;
    let mut another = Passkey::new(ORIGIN);
    planted.set("credential", &another.create(&options));
    let cookie = |person: &Person, name: &str| person.browser.cookies()[name].clone();
    let sent = server
        .http
        .post(server.at("/account/passkeys/add"))
        .header(
            "cookie",
            format!(
                "loop_session={}; loop_passkey={}",
                cookie(&lee, "loop_session"),
                cookie(&kim, "loop_passkey")
            ),
        )
        .form(&planted.fields)
        .send()
        .await
        .unwrap();
    assert_eq!(sent.status(), 400);

    let mut remove = kim.form("/account/passkeys/remove", None);
    let foreign = lee.form("/account/passkeys/add", None);
    let mut theirs = remove.clone();
    theirs.set("csrf", foreign.value("csrf").unwrap());
    lee.send(&theirs, None).await;
    kim.look().await;
    assert!(
        kim.html.contains("<bdi>Laptop</bdi>"),
        "nobody else removes it"
    );
    server.clock.advance(601);
    let (status, to, _) = kim.send(&remove, None).await;
    assert_eq!((status, &*to), (303, "/account/security"), "an old login");
    let mut kim = Person::open(&server, "/account/security", EMAIL).await;
    remove = kim.form("/account/passkeys/remove", None);
    kim.send(&remove, None).await;
    kim.look().await;
    assert!(!kim.html.contains("<bdi>Laptop</bdi>"), "{}", kim.html);
    let guest = stranger(&server, "/account").await;
    assert_eq!(sign_in(&guest, &mut device.clone()).await.0, 400);
}

#[actix_web::test]
async fn a_disabled_persons_passkey_opens_nothing_and_an_operator_can_take_them_away() {
    let server = server().await;
    let (person, mut device) = with_key(&server).await;
    let cx = || server.app.cx();
    let keys = passkey::of_address(&cx(), EMAIL).await.unwrap().unwrap();
    assert_eq!((keys.len(), &*keys[0].name), (1, "Laptop"));
    user_admin::disable(&cx(), EMAIL).await.unwrap();
    let guest = stranger(&server, "/account").await;
    assert_eq!(sign_in(&guest, &mut device).await.0, 400);
    user_admin::act_on(&cx(), EMAIL, Act::Enable).await.unwrap();
    assert_eq!(sign_in(&guest, &mut device).await.0, 303);
    let lost = Means {
        passkeys: true,
        app: false,
    };
    let ended = user_admin::act_on(&cx(), EMAIL, |user| Act::Forget(user, lost)).await;
    assert_eq!(ended.unwrap().sessions, 1);
    let guest = stranger(&server, "/account").await;
    assert_eq!(sign_in(&guest, &mut device).await.0, 400);
    let left = passkey::of_address(&cx(), EMAIL).await.unwrap();
    assert_eq!(left, Some(Vec::new()));
    let log = server.store.audit_after(0, 1_000).await.unwrap();
    let events: Vec<&str> = log.iter().map(|it| &*it.entry.event).collect();
    for event in ["passkey_added", "login_failed", "sign_in_means_removed"] {
        assert!(events.contains(&event), "{event} in {events:?}");
    }
    drop(person);
}

#[actix_web::test]
async fn pages_that_run_the_script_say_so_in_their_policy_and_no_others_do() {
    let server = server().await;
    let policy = async |path: &str| {
        let answer = Browser::new().get(&server.at(path)).await;
        let value = answer.headers()["content-security-policy"].to_str();
        value.unwrap().to_owned()
    };
    let login = policy("/oauth/login").await;
    assert!(
        login.contains("script-src 'self'; connect-src 'self';"),
        "{login}"
    );
    assert!(login.starts_with("default-src 'none'"), "{login}");
    assert!(!login.contains("unsafe"), "{login}");
    let other = policy("/oauth/nowhere").await;
    assert!(!other.contains("script-src"), "{other}");
    // An address without a name has no passkeys, and no script.
    let numbered = Server::start().await;
    let html = Browser::new().get(&numbered.at("/oauth/login")).await;
    let html = html.text().await.unwrap();
    assert!(
        !html.contains("passkey") && !html.contains("<script"),
        "{html}"
    );
}
