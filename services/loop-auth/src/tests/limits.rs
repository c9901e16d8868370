//! Guessing passwords from one address and from many, and what it must not do to anybody else.

use super::{
    forms::{log_in, timed_login, try_login},
    *,
};
use crate::respond::evenly;

const KIM: &str = "kim@example.com";

/// A browser without history at this address.
fn at(address: &str) -> Browser {
    Browser::new().from_address(address)
}

#[actix_web::test]
async fn one_address_guessing_one_password_is_told_to_wait_in_its_language() {
    let server = Server::start().await;
    server.user(KIM, "member").await;
    for _ in 0..5 {
        let answer = try_login(&server, &at("192.0.2.1"), KIM, "wrong").await;
        assert_eq!(answer.status(), 400);
    }
    for (language, said) in [("en", "Try again in 3 s"), ("ko", "3초 뒤에 다시")] {
        let browser = at("192.0.2.1").in_language(language);
        let answer = try_login(&server, &browser, KIM, PASSWORD).await;
        assert_eq!(answer.status(), 429);
        assert_eq!(answer.headers()["retry-after"], "3");
        assert_eq!(answer.headers()["cache-control"], "no-store");
        let html = answer.text().await.unwrap();
        assert!(html.contains(said) && html.contains(KIM), "{html}");
        assert!(!html.contains(PASSWORD));
    }
    server.clock.advance(3);
    let answer = try_login(&server, &at("192.0.2.1"), KIM, PASSWORD).await;
    assert_eq!(answer.status(), 303, "and then the right one gets in");
}

#[actix_web::test]
async fn what_a_client_writes_into_forwarded_for_gives_it_no_new_tries() {
    let server = Server::start().await;
    server.user(KIM, "member").await;
    let mut refused = 0;
    for n in 0..20 {
        // The proxy adds the true address behind whatever the client made up.
        let forged = format!("203.0.113.{n}, 10.0.0.{n}, 192.0.2.1");
        let answer = try_login(&server, &at(&forged), KIM, "wrong").await;
        refused += usize::from(answer.status() == 429);
    }
    assert_eq!(refused, 15);
}

#[actix_web::test]
async fn one_address_stuffing_many_accounts_is_slowed_down_and_its_neighbours_are_not() {
    let server = Server::start().await;
    server.user(KIM, "member").await;
    let mut refused = 0;
    for n in 0..40 {
        let email = format!("user{n}@example.com");
        let answer = try_login(&server, &at("192.0.2.1"), &email, "from-a-leak").await;
        refused += usize::from(answer.status() == 429);
    }
    assert_eq!(refused, 10, "thirty were looked at");
    let neighbour = try_login(&server, &at("192.0.2.2"), KIM, PASSWORD).await;
    assert_eq!(neighbour.status(), 303);
    let network = try_login(&server, &at("2001:db8::1"), KIM, PASSWORD).await;
    assert_eq!(network.status(), 303);
}

#[actix_web::test]
async fn many_addresses_guessing_one_password_are_slowed_down_and_its_owner_is_not() {
    let server = Server::start().await;
    server.user(KIM, "member").await;
    let own = at("198.51.100.1");
    log_in(&server, &own, KIM).await;
    let cookies = own.cookies();
    assert!(cookies.contains_key("loop_browser"), "{cookies:?}");
    let mut refused = 0;
    for n in 0..100 {
        let bot = at(&format!("10.1.0.{n}"));
        let answer = try_login(&server, &bot, KIM, "wrong").await;
        refused += usize::from(answer.status() == 429);
    }
    assert_eq!(refused, 40, "sixty were looked at");
    let stranger = try_login(&server, &at("203.0.113.1"), KIM, PASSWORD).await;
    assert_eq!(stranger.status(), 429);
    // the owner signed out, and is at another address by now
    server
        .app
        .store
        .end_session(&session_of(&own))
        .await
        .unwrap();
    let moved = own.clone().from_address("203.0.113.2");
    let answer = try_login(&server, &moved, KIM, PASSWORD).await;
    assert_eq!(answer.status(), 303);
    // guesses cost the attackers time, not the account
    server.clock.advance(120);
    let stranger = try_login(&server, &at("203.0.113.1"), KIM, PASSWORD).await;
    assert_eq!(stranger.status(), 303);
}

fn session_of(browser: &Browser) -> loop_oauth::secret::SecretHash {
    loop_oauth::secret::SecretHash::of(&browser.cookies()["loop_session"])
}

#[actix_web::test]
async fn the_cookie_of_a_known_browser_lasts_half_a_year_and_opens_nothing() {
    let server = Server::start_with(Setup {
        external_url: Some("https://loop.example"),
        ..Setup::default()
    })
    .await;
    server.user(KIM, "member").await;
    let browser = Browser::new();
    let answer = try_login(&server, &browser, KIM, PASSWORD).await;
    assert_eq!(answer.status(), 303);
    let cookies = answer.headers().get_all("set-cookie");
    let known: Vec<_> = cookies
        .iter()
        .map(|value| value.to_str().unwrap())
        .filter(|value| value.starts_with("__Host-loop_browser="))
        .collect();
    assert_eq!(known.len(), 1);
    for attribute in [
        "HttpOnly",
        "Secure",
        "SameSite=Lax",
        "Path=/",
        "Max-Age=15552000",
    ] {
        assert!(known[0].contains(attribute), "{attribute} in {known:?}");
    }
    let cookie = known[0].split(';').next().unwrap();
    let home = server.http.get(server.at("/oauth/"));
    let html = home.header("Cookie", cookie).send().await.unwrap();
    assert!(!html.text().await.unwrap().contains(KIM));
}

#[actix_web::test]
async fn being_told_to_wait_says_nothing_about_the_account() {
    let server = Server::start().await;
    server.user(KIM, "member").await;
    let mut heard = Vec::new();
    for (email, address) in [(KIM, "192.0.2.1"), ("nobody@example.com", "192.0.2.2")] {
        let mut said = Vec::new();
        for _ in 0..7 {
            let answer = try_login(&server, &at(address), email, "wrong").await;
            let status = answer.status();
            let wait = answer.headers().get("retry-after").cloned();
            let html = answer.text().await.unwrap().replace(email, "…");
            let csrf = html.split("name=\"csrf\" value=\"").nth(1).unwrap();
            let html = html.replace(&csrf[..43], "…");
            said.push((status, wait, html));
        }
        heard.push(said);
    }
    assert_eq!(heard[0], heard[1]);
}

#[actix_web::test]
async fn a_refusal_that_cost_no_check_does_not_leave_before_its_slot() {
    let server = Server::start().await;
    server.user(KIM, "member").await;
    for (email, address) in [(KIM, "192.0.2.1"), ("nobody@example.com", "192.0.2.2")] {
        let mut limited = 0;
        for _ in 0..8 {
            let (answer, took) = timed_login(&server, &at(address), email, "wrong").await;
            if answer.status() == 429 {
                limited += 1;
                assert!(took >= evenly::SLOT, "{email}: {took:?}");
            }
        }
        assert!(limited > 0, "{email}");
    }
}

/// Milliseconds that a refused login takes, of several the one in the middle.
async fn usual_millis(server: &Server, email: &str, net: u8) -> u128 {
    let mut times = Vec::new();
    for n in 0..9 {
        let browser = at(&format!("10.{net}.0.{n}"));
        let (answer, took) = timed_login(server, &browser, email, "wrong").await;
        times.push(took.as_millis());
        assert_eq!(answer.status(), 400);
    }
    times.sort_unstable();
    times[4]
}

#[actix_web::test]
async fn an_unknown_account_takes_as_long_as_a_wrong_password() {
    let cost = 9;
    let server = Server::start_with(Setup {
        passwords: Some(Arc::new(BcryptPasswords::new(cost, 1, 8).unwrap())),
        ..Setup::default()
    })
    .await;
    let new = NewUser {
        email: KIM.to_owned(),
        name: String::new(),
        password: SecretString::from(PASSWORD),
        roles: Roles::parse("member").unwrap(),
    };
    user_admin::add_user(&server.app.cx(), &*server.app.passwords, new)
        .await
        .unwrap();
    // A neighbour on the machine may slow one of the two down; a difference of ours would be there every time.
    let mut seen = Vec::new();
    for round in 0..3 {
        let known = usual_millis(&server, KIM, 2 * round + 1).await;
        let unknown = usual_millis(&server, "nobody@example.com", 2 * round + 2).await;
        let (less, more) = (known.min(unknown), known.max(unknown));
        assert!(less >= 5, "a check at cost {cost} takes longer: {less} ms");
        if more <= less * 2 + 10 {
            return;
        }
        seen.push((known, unknown));
    }
    panic!("known and unknown accounts, milliseconds: {seen:?}");
}
