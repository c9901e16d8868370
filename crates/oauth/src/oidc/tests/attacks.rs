//! Tokens in the wrong place, hints of others, ended grants.

use loop_shared::auth::claims::Confirmation;

use super::*;
use crate::{
    authorize::Next,
    grant::{GrantId, RevokeReason},
    store::Grants as _,
};

#[tokio::test]
async fn what_ended_says_nothing_more_at_once() {
    for how in ["grant", "user", "expired"] {
        let mut house = House::new().await;
        let tokens = house.tokens(&[]).await;
        let presented = presented(&tokens);
        assert!(
            userinfo::userinfo(&house.world.cx(), &presented, None)
                .await
                .is_ok()
        );
        let (store, now) = (&house.world.store, house.world.now);
        match how {
            "grant" => {
                let id = GrantId(presented.sid.as_ref().unwrap().parse().unwrap());
                store
                    .revoke_grant(id, RevokeReason::ByClient, now)
                    .await
                    .unwrap();
            }
            "user" => {
                store.disable_user(house.alice.id, now).await.unwrap();
            }
            _ => house.world.pass(TimeDelta::hours(1)),
        }
        let refused = userinfo::userinfo(&house.world.cx(), &presented, None).await;
        assert_eq!(
            refused.unwrap_err().oauth(),
            (401, Some("invalid_token")),
            "{how}"
        );
    }
}

#[tokio::test]
async fn a_token_whose_claims_do_not_fit_its_grant_says_nothing() {
    let house = House::new().await;
    let good = presented(&house.tokens(&[]).await);
    let change = |change: &dyn Fn(&mut userinfo::Presented)| {
        let mut changed = good.clone();
        change(&mut changed);
        changed
    };
    for (what, token) in [
        (
            "issuer",
            change(&|t| t.iss = "https://evil.example".to_owned()),
        ),
        (
            "subject",
            change(&|t| t.sub = uuid::Uuid::nil().to_string()),
        ),
        ("client", change(&|t| t.client_id = "other".to_owned())),
        ("no grant", change(&|t| t.sid = None)),
        ("odd grant", change(&|t| t.sid = Some("x".to_owned()))),
        (
            "strange grant",
            change(&|t| t.sid = Some(uuid::Uuid::nil().to_string())),
        ),
        (
            "bound to a key",
            change(&|t| t.cnf = Some(Confirmation { jkt: None })),
        ),
    ] {
        let refused = userinfo::userinfo(&house.world.cx(), &token, None).await;
        assert_eq!(refused.unwrap_err().oauth().0, 401, "{what}");
    }
}

/// A reader of hints that believes one word.
fn reader(user: UserId, client: &str, sid: Option<Sid>) -> impl Fn(&str) -> Option<HintClaims> {
    let claims = HintClaims {
        user,
        client: client.to_owned(),
        sid,
    };
    move |token| (token == "good").then(|| claims.clone())
}

#[tokio::test]
async fn a_token_that_is_bound_to_a_key_stays_so_with_openid() {
    let house = House::new().await;
    let key = loop_shared::auth::dpop::Thumbprint::parse(&"A".repeat(43)).unwrap();
    for scope in ["openid", "openid mcp:read", "mcp:read"] {
        let code = house.code(&[("scope", scope)]).await;
        let form = pairs(&[
            ("grant_type", "authorization_code"),
            ("code", &code),
            ("redirect_uri", REDIRECT),
            ("code_verifier", VERIFIER),
        ]);
        let cx = house.world.cx();
        let tokens = grants::answer(&cx, &JsonSigner, &house.app, &form, Some(&key)).await;
        let tokens = tokens.unwrap();
        assert_eq!(
            read(&tokens.access_token)["cnf"]["jkt"],
            key.as_str(),
            "{scope}"
        );
        if tokens.oidc.id_token.is_some() {
            assert!(id_token(&tokens).get("cnf").is_none());
            let refused = userinfo::userinfo(&cx, &presented(&tokens), None).await;
            assert_eq!(refused.unwrap_err().oauth().0, 401, "shown as a bearer");
        }
    }
}

use crate::user::UserId;

#[tokio::test]
async fn a_hint_about_another_person_is_never_answered_with_this_one() {
    let mut house = House::new().await;
    let bob = user("bob@example.com", Role::Member);
    house.world.store.add_user(&bob).await.unwrap();
    for (hinted, client, token, silent, expected) in [
        (house.alice.id, "grafana", "good", true, "consent_required"),
        (bob.id, "grafana", "good", true, "login_required"),
        (bob.id, "grafana", "good", false, "login"),
        (house.alice.id, "other", "good", true, "login_required"),
        (house.alice.id, "grafana", "forged", true, "login_required"),
        (house.alice.id, "grafana", "forged", false, "consent"),
    ] {
        let prompt = if silent { "none" } else { "" };
        let params = asking("grafana", &[("prompt", prompt), ("id_token_hint", token)]);
        let read = reader(hinted, client, None);
        let params = resolve_hint(params, house.world.now, &read);
        let request = authorize::check(&house.world.cx(), &params).await.unwrap();
        let again = authorize::check(&house.world.cx(), &request.to_params())
            .await
            .unwrap();
        assert_eq!(again, request);
        let login = (house.session.clone(), house.alice.clone());
        let got = match authorize::next(&house.world.cx(), &request, Some(&login)).await {
            Ok(Next::Login) => "login",
            Ok(Next::Consent(_)) => "consent",
            Ok(Next::Issue) => "issue",
            Err(AuthorizeRefusal::Redirect { error, .. }) => error.code(),
            Err(other) => panic!("{other}"),
        };
        assert_eq!(got, expected, "{client} {token} silent={silent}");
    }
    // Whoever logs in as somebody else again is not asked for ever.
    let params = asking("grafana", &[("id_token_hint", "good")]);
    let params = resolve_hint(params, house.world.now, &reader(bob.id, "grafana", None));
    house.world.pass(TimeDelta::seconds(5));
    let again = (house.world.session(&house.alice), house.alice.clone());
    let request = authorize::check(&house.world.cx(), &params).await.unwrap();
    let got = authorize::next(&house.world.cx(), &request, Some(&again)).await;
    assert_eq!(redirected(got), "login_required");
    let refused = authorize::allow(&house.world.cx(), &request, &house.alice, &again.0).await;
    assert_eq!(redirected(refused), "login_required");
}

#[tokio::test]
async fn a_hint_from_outside_can_only_make_a_request_stricter() {
    let house = House::new().await;
    let login = (house.session.clone(), house.alice.clone());
    let own = format!("{}.99999999999999", house.alice.id);
    for (hinted, good) in [
        (own.as_str(), true),
        ("x", false),
        ("?", false),
        ("1.2", false),
    ] {
        let request = house
            .request(&[("hinted", hinted), ("prompt", "none")])
            .await;
        let got = redirected(authorize::next(&house.world.cx(), &request, Some(&login)).await);
        let expected = if good {
            "consent_required"
        } else {
            "login_required"
        };
        assert_eq!(got, expected, "{hinted}");
    }
    // One that nobody has looked at is not believed, and a repeated one is refused.
    let request = house.request(&[("id_token_hint", "raw")]).await;
    assert_eq!(request.oidc.hint, Hint::Unreadable);
    let mut twice = asking("grafana", &[("id_token_hint", "good")]);
    twice.push(("id_token_hint".to_owned(), "good".to_owned()));
    let read = reader(house.alice.id, "grafana", None);
    let twice = resolve_hint(twice, house.world.now, &read);
    let got = authorize::check(&house.world.cx(), &twice).await;
    assert_eq!(redirected(got), "invalid_request");
    assert!(Params::new(&twice).once("id_token_hint").is_err());
}
