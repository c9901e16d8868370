//! The way in, at every provider.

use super::*;

#[actix_web::test]
async fn each_provider_has_its_button_and_a_first_login_makes_a_member() {
    let kinds = [Kind::Google, Kind::GitHub, Kind::Oidc];
    for kind in kinds {
        let place = Place::start(&kinds, "kim@example.com").await;
        let browser = Browser::new();
        let html = browser.get(&place.server.at("/oauth/login")).await;
        let html = html.text().await.unwrap();
        for name in ["GOOGLE", "GITHUB", "CORP"] {
            assert!(html.contains(&format!("Continue with {name}")), "{html}");
        }
        let answer = place.sign_in(&browser, name_of(kind)).await;
        assert_eq!(
            (answer.status().as_u16(), location(&answer).path()),
            (302, "/oauth/")
        );
        assert_eq!(
            place.account(&browser).await.as_deref(),
            Some("kim@example.com")
        );
        let users = place.server.store.users(9).await.unwrap();
        assert_eq!(users.len(), 1);
        assert_eq!(users[0].roles.to_string(), "member");
        // the second login finds the same account
        let again = Browser::new();
        place.sign_in(&again, name_of(kind)).await;
        assert_eq!(
            place.account(&again).await.as_deref(),
            Some("kim@example.com")
        );
        assert_eq!(place.users().await, 1);
    }
}

#[actix_web::test]
async fn an_app_that_asked_for_the_login_gets_its_code_and_the_provider_sees_pkce_state_and_nonce()
{
    let place = Place::usual().await;
    let client = place.server.client().await;
    let ask = place.server.authorize_url(&client, &[]);
    let browser = Browser::new();
    let login = location(&browser.get(&ask).await);
    let (_, to) = login.query_pairs().into_owned().next().unwrap();
    let departed = place.press(&browser, "corp", Some(&to)).await;
    let there = location(&departed);
    let sent: std::collections::HashMap<_, _> = there.query_pairs().into_owned().collect();
    for name in ["state", "nonce", "code_challenge"] {
        assert_eq!(sent[name].len(), 43, "{name}: 256 bits");
    }
    assert_eq!(sent["code_challenge_method"], "S256");
    assert_eq!(
        sent["redirect_uri"],
        format!("{}/oauth/callback/corp", place.server.url)
    );
    let policy = departed.headers()["referrer-policy"].to_str().unwrap();
    assert_eq!(policy, "no-referrer");
    let arrived = browser.get(&back_from(&there).await).await;
    assert_eq!(location(&arrived).path(), "/authorize");
    let outcome = browser.authorize(&ask, "", "", Decision::Allow).await;
    let code = outcome.parameter("code").unwrap();
    let (status, tokens) = place.server.exchange(&client, &code).await;
    assert_eq!(status, 200, "{tokens}");
    let refresh = text(&tokens, "refresh_token");
    assert_eq!(place.server.refresh(&client, refresh).await.0, 200);
}

#[actix_web::test]
async fn the_login_page_lets_its_buttons_lead_to_the_providers_and_nowhere_else() {
    let place = Place::start(&[Kind::Oidc, Kind::GitHub], "*").await;
    let answer = place
        .server
        .http
        .get(place.server.at("/oauth/login"))
        .send()
        .await
        .unwrap();
    let policy = answer.headers()["content-security-policy"]
        .to_str()
        .unwrap();
    let urls: Vec<_> = place.providers.iter().map(Provider::url).collect();
    let expected = format!("form-action 'self' {} {};", urls[0], urls[1]);
    assert!(policy.contains(&expected), "{policy}");
}

#[actix_web::test]
async fn todays_rules_decide_at_every_refresh_and_for_every_session() {
    let place = Place::start(&[Kind::Oidc], "group:engineers").await;
    place
        .provider()
        .sign_in(Person::kim().in_groups(&["engineers"]));
    let client = place.server.client().await;
    let browser = Browser::new();
    place.sign_in(&browser, "corp").await;
    let ask = place.server.authorize_url(&client, &[]);
    let outcome = browser.authorize(&ask, "", "", Decision::Allow).await;
    let (_, tokens) = place
        .server
        .exchange(&client, &outcome.parameter("code").unwrap())
        .await;
    let (status, second) = place
        .server
        .refresh(&client, text(&tokens, "refresh_token"))
        .await;
    assert_eq!(status, 200);
    // Kim leaves the group, which is seen when Kim signs in somewhere else.
    place.provider().change("1001", |kim| kim.groups.clear());
    let (status, html) = page(place.sign_in(&Browser::new(), "corp").await).await;
    assert_eq!(status, 403);
    assert!(
        html.contains("not among those that may sign in here"),
        "{html}"
    );
    let (status, refused) = place
        .server
        .refresh(&client, text(&second, "refresh_token"))
        .await;
    assert_eq!((status, text(&refused, "error")), (400, "invalid_grant"));
    assert_eq!(place.account(&browser).await, None);
    let again = browser.get(&ask).await;
    assert_eq!(location(&again).path(), "/oauth/login");
    // Back in the group, everything is as it was.
    place
        .provider()
        .change("1001", |kim| kim.groups.push("engineers".to_owned()));
    place.sign_in(&Browser::new(), "corp").await;
    assert_eq!(
        place
            .server
            .refresh(&client, text(&second, "refresh_token"))
            .await
            .0,
        200
    );
}

#[actix_web::test]
async fn other_rules_after_a_restart_refuse_the_next_refresh() {
    let place = Place::start(&[Kind::GitHub], "github:kim").await;
    let client = place.server.client().await;
    let browser = Browser::new();
    place.sign_in(&browser, "github").await;
    let ask = place.server.authorize_url(&client, &[]);
    let outcome = browser.authorize(&ask, "", "", Decision::Allow).await;
    let (_, tokens) = place
        .server
        .exchange(&client, &outcome.parameter("code").unwrap())
        .await;
    let refresh = text(&tokens, "refresh_token");
    // The same database and clock behind a server with other rules.
    let mut rules = place.server.app.rules.clone();
    for (users, expected) in [("github:lee", 400), ("", 400), ("*@example.com", 200)] {
        rules.federation.allow = AllowRules::parse(users, "").unwrap();
        let cx = loop_oauth::config::Context {
            rules: &rules,
            ..place.server.app.cx()
        };
        let stays = {
            let users = place.server.store.users(1).await.unwrap();
            loop_oauth::federation::may_stay(&cx, &users[0])
                .await
                .unwrap()
        };
        assert_eq!(stays, expected == 200, "{users:?}");
    }
    assert_eq!(place.server.refresh(&client, refresh).await.0, 200);
}

#[actix_web::test]
async fn github_people_are_known_by_number_primary_address_organization_and_team() {
    let place = Place::start(&[Kind::GitHub], "group:acme/engineers").await;
    let github = place.provider();
    for (groups, lets_in) in [
        (&[][..], false),
        (&["acme"], false),
        (&["evil/engineers"], false),
        (&["acme", "acme/engineers"], true),
    ] {
        github.sign_in(Person::kim().in_groups(groups));
        let browser = Browser::new();
        place.sign_in(&browser, "github").await;
        assert_eq!(
            place.account(&browser).await.is_some(),
            lets_in,
            "{groups:?}"
        );
    }
    // A name that changes is the same person; a person who takes the old name is another one.
    github.sign_in(Person {
        login: "renamed".to_owned(),
        ..Person::kim().in_groups(&["acme/engineers"])
    });
    let browser = Browser::new();
    place.sign_in(&browser, "github").await;
    assert_eq!(
        place.account(&browser).await.as_deref(),
        Some("kim@example.com")
    );
    let thief = Person {
        subject: "6666".to_owned(),
        email: Some("thief@evil.example".to_owned()),
        ..Person::kim()
    };
    github.sign_in(thief);
    let browser = Browser::new();
    place.sign_in(&browser, "github").await;
    assert_eq!(place.account(&browser).await, None);
}

#[actix_web::test]
async fn an_account_of_googles_own_is_not_one_of_the_domain_whose_address_it_has() {
    let place = Place::start(&[Kind::Google], "*@example.com").await;
    let browser = Browser::new();
    let (status, html) = page(place.sign_in(&browser, "google").await).await;
    assert_eq!(status, 403, "{html}");
    assert_eq!(place.users().await, 0);
    let hosted = Person {
        hosted_domain: Some("example.com".to_owned()),
        ..Person::kim()
    };
    place.provider().sign_in(hosted);
    place.sign_in(&browser, "google").await;
    assert_eq!(
        place.account(&browser).await.as_deref(),
        Some("kim@example.com")
    );
}
