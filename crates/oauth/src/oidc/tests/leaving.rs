//! Logout on a client's word.

use super::{
    logout::{LogoutRequest, Next, check, known},
    *,
};
use crate::user::UserId;

async fn asked(house: &House, params: &[(&str, &str)], hint: Option<HintClaims>) -> LogoutRequest {
    let read = move |token: &str| hint.clone().filter(|_| token == "good");
    check(&house.world.cx(), &known(&pairs(params)), &read)
        .await
        .unwrap()
}

fn own(house: &House) -> HintClaims {
    HintClaims {
        user: house.alice.id,
        client: "grafana".to_owned(),
        sid: Some(house.session.sid),
    }
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "a table")]
async fn only_a_token_of_this_very_session_logs_out_without_asking() {
    let house = House::new().await;
    let other = UserId(uuid::Uuid::nil());
    for (what, params, hint, expected) in [
        (
            "its own",
            vec![("id_token_hint", "good")],
            own(&house),
            Next::End,
        ),
        (
            "none",
            vec![("client_id", "grafana")],
            own(&house),
            Next::Ask,
        ),
        (
            "forged",
            vec![("id_token_hint", "bad")],
            own(&house),
            Next::Ask,
        ),
        (
            "of another person",
            vec![("id_token_hint", "good")],
            HintClaims {
                user: other,
                ..own(&house)
            },
            Next::Ask,
        ),
        (
            "of an earlier session",
            vec![("id_token_hint", "good")],
            HintClaims {
                sid: Some(Sid(uuid::Uuid::nil())),
                ..own(&house)
            },
            Next::Ask,
        ),
        (
            "without a session",
            vec![("id_token_hint", "good")],
            HintClaims {
                sid: None,
                ..own(&house)
            },
            Next::Ask,
        ),
        (
            "of a client that is gone",
            vec![("id_token_hint", "good")],
            HintClaims {
                client: "gone".to_owned(),
                ..own(&house)
            },
            Next::Ask,
        ),
        (
            "of another client than says so",
            vec![("id_token_hint", "good"), ("client_id", "other")],
            own(&house),
            Next::Ask,
        ),
        (
            "twice",
            vec![("id_token_hint", "good"), ("id_token_hint", "good")],
            own(&house),
            Next::Ask,
        ),
    ] {
        let request = asked(&house, &params, Some(hint)).await;
        assert_eq!(request.next(Some(&house.session)), expected, "{what}");
        assert_eq!(request.next(None), Next::Nobody, "{what}");
    }
}

#[tokio::test]
async fn nobody_is_redirected_to_what_the_client_has_not_registered() {
    let house = House::new().await;
    for (uri, hinted, redirect, unasked) in [
        (LOGGED_OUT, true, true, true),
        (LOGGED_OUT, false, true, false),
        ("https://evil.example/", true, false, false),
        ("https://grafana.example/logout/", true, false, false),
        ("https://grafana.example/logout#x", true, false, false),
        ("//evil.example", true, false, false),
        (REDIRECT, true, false, false),
    ] {
        let mut params = vec![("post_logout_redirect_uri", uri), ("state", "a b&c")];
        params.push(if hinted {
            ("id_token_hint", "good")
        } else {
            ("client_id", "grafana")
        });
        let request = asked(&house, &params, Some(own(&house))).await;
        let expected = redirect.then(|| format!("{LOGGED_OUT}?state=a+b%26c"));
        assert_eq!(request.redirect, expected, "{uri} hinted={hinted}");
        assert_eq!(
            request.redirect_unasked().is_some(),
            unasked,
            "{uri} hinted={hinted}"
        );
    }
    for params in [
        vec![("post_logout_redirect_uri", LOGGED_OUT)],
        vec![
            ("post_logout_redirect_uri", LOGGED_OUT),
            ("client_id", "nobody"),
        ],
        vec![
            ("post_logout_redirect_uri", LOGGED_OUT),
            ("post_logout_redirect_uri", LOGGED_OUT),
            ("client_id", "grafana"),
        ],
        vec![
            ("post_logout_redirect_uri", LOGGED_OUT),
            ("client_id", "other"),
            ("id_token_hint", "good"),
        ],
    ] {
        let request = asked(&house, &params, Some(own(&house))).await;
        assert_eq!(request.redirect, None, "{params:?}");
    }
    let long = "x".repeat(9000);
    assert_eq!(known(&pairs(&[("client_id", "grafana"), ("x", &long)])), []);
}
