//! Tokens for clients themselves, attacks first.

use futures_util::future::join;

use super::*;
use crate::{
    client::{ClientAuthMethod, ClientOrigin},
    client_admin::{self, Changes},
    grant::RevokeReason,
    introspect::{self, Introspection},
    revoke,
    secret::SecretHash,
    store::Clients as _,
    testing::{JsonSigner, World, claims as claims_of, client},
    user_admin,
};

const MCP: &str = "http://localhost:8082/mcp";
const EXEC: &str = "http://localhost:8082/exec/mcp";

fn machine() -> Client {
    Client {
        origin: ClientOrigin::Operator,
        auth_method: ClientAuthMethod::Basic,
        secret_hash: Some(SecretHash::of("s")),
        redirect_uris: Vec::new(),
        grant_types: vec![GrantType::ClientCredentials],
        scope: Some(Scopes::parse("mcp:read kpi:read").unwrap()),
        ..client("machine", "https://a.example/cb")
    }
}

async fn world() -> World {
    let world = World::default();
    world.store.add_client(&machine()).await.unwrap();
    world
}

fn form(scope: &str, resource: &str) -> ClientForm {
    let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    ClientForm {
        scope: given(scope),
        resource: given(resource),
    }
}

async fn ask(world: &World, form: ClientForm) -> Result<AccessClaims, &'static str> {
    let got = issue(&world.cx(), &JsonSigner, &machine(), form).await;
    got.map(|tokens| {
        assert!(tokens.refresh_token.is_none());
        claims_of(&tokens.access_token)
    })
    .map_err(|error| error.oauth().1)
}

async fn is_active(world: &World, claims: &AccessClaims) -> bool {
    let found = introspect::introspect(&world.cx(), &machine(), "jwt", Some(claims)).await;
    found.unwrap() != Introspection::Inactive
}

#[tokio::test]
async fn a_client_gets_no_more_for_itself_than_the_operator_and_the_resource_allow() {
    let world = world().await;
    for (scope, resource, expected) in [
        ("", "", Ok(("mcp:read", MCP))),
        ("mcp:read", "", Ok(("mcp:read", MCP))),
        ("kpi:read", "", Ok(("kpi:read", EXEC))),
        ("", EXEC, Ok(("kpi:read", EXEC))),
        (
            "kpi:read offline_access",
            "http://localhost:8082/exec/mcp/",
            Ok(("kpi:read", EXEC)),
        ),
        ("mcp:exec", "", Err("invalid_scope")),
        ("mcp:exec kpi:read", "", Err("invalid_scope")),
        ("mcp:read", EXEC, Err("invalid_scope")),
        ("mcp:read kpi:read", MCP, Err("invalid_scope")),
        ("openid", "", Err("invalid_scope")),
        ("", "https://evil.example/mcp", Err("invalid_target")),
    ] {
        let got = ask(&world, form(scope, resource)).await;
        let got = got.map(|claims| (claims.scope.to_string(), claims.aud.as_slice()[0].clone()));
        let expected = expected.map(|(scope, aud)| (scope.to_owned(), aud.to_owned()));
        assert_eq!(got, expected, "{scope:?} at {resource:?}");
    }
}

#[tokio::test]
async fn only_a_client_with_a_secret_that_an_operator_allowed_asks_for_itself() {
    let refused = [
        Client {
            auth_method: ClientAuthMethod::None,
            secret_hash: None,
            ..machine()
        },
        Client {
            grant_types: vec![GrantType::AuthorizationCode],
            ..machine()
        },
        Client {
            grant_types: vec![GrantType::RefreshToken],
            ..machine()
        },
    ];
    for client in refused {
        let world = World::default();
        world.store.add_client(&client).await.unwrap();
        let got = issue(&world.cx(), &JsonSigner, &client, ClientForm::default()).await;
        assert_eq!(
            got.unwrap_err().oauth(),
            (400, "unauthorized_client"),
            "{client:?}"
        );
    }
    let boundless = Client {
        scope: None,
        ..machine()
    };
    let got = issue(
        &world().await.cx(),
        &JsonSigner,
        &boundless,
        form("mcp:read", ""),
    )
    .await;
    assert_eq!(got.unwrap_err().oauth(), (400, "invalid_scope"));
}

#[tokio::test]
async fn a_clients_own_token_names_the_client_and_no_role() {
    let world = world().await;
    let claims = ask(&world, form("", "")).await.unwrap();
    assert_eq!(
        (claims.sub.as_str(), claims.client_id.as_str()),
        ("machine", "machine")
    );
    assert!(claims.roles.is_empty());
    assert_eq!(claims.exp - claims.iat, 3600);
    let again = ask(&world, form("kpi:read", "")).await.unwrap();
    assert_eq!(claims.sid, again.sid, "one grant for all");
    assert_ne!(claims.jti, again.jti);
    let cx = world.cx();
    let (one, two) = join(
        issue(&cx, &JsonSigner, &machine(), ClientForm::default()),
        issue(&cx, &JsonSigner, &machine(), ClientForm::default()),
    )
    .await;
    let sid = |tokens: Result<Tokens, TokenError>| claims_of(&tokens.unwrap().access_token).sid;
    assert_eq!(sid(one), sid(two));
}

#[expect(clippy::too_many_lines, reason = "one way after the other")]
#[tokio::test]
async fn whatever_takes_from_the_client_ends_the_tokens_it_has() {
    for way in [
        "revoke token",
        "revoke client",
        "remove",
        "narrow",
        "forbid",
        "rename",
    ] {
        let world = world().await;
        let (cx, id) = (world.cx(), machine().id);
        let claims = ask(&world, form("", "")).await.unwrap();
        assert!(is_active(&world, &claims).await);
        let set = |changes| client_admin::change(&cx, &id, changes);
        match way {
            "revoke token" => revoke::revoke(&cx, &machine(), "jwt", Some(&claims))
                .await
                .unwrap(),
            "revoke client" => assert_eq!(user_admin::revoke_client(&cx, &id).await.unwrap(), 1),
            "remove" => {
                let ended = client_admin::remove(&cx, &id, RevokeReason::ByOperator).await;
                assert_eq!(ended.unwrap(), 1);
            }
            "narrow" => {
                let scope = Some(Some(Scopes::parse("mcp:read").unwrap()));
                assert_eq!(
                    set(Changes {
                        scope,
                        ..Changes::default()
                    })
                    .await
                    .unwrap(),
                    1
                );
            }
            "forbid" => {
                let changes = Changes {
                    grant_types: Some(vec![GrantType::AuthorizationCode]),
                    redirect_uris: Some(vec!["https://a.example/cb".into()]),
                    ..Changes::default()
                };
                assert_eq!(set(changes).await.unwrap(), 1);
            }
            _ => {
                let name = Some("Other".to_owned());
                assert_eq!(
                    set(Changes {
                        name,
                        ..Changes::default()
                    })
                    .await
                    .unwrap(),
                    0
                );
            }
        }
        let ended = way != "rename";
        assert_eq!(is_active(&world, &claims).await, !ended, "{way}");
        let listed = crate::revocations::listed(&cx, 10).await.unwrap().sids;
        assert_eq!(
            listed.contains(claims.sid.as_ref().unwrap()),
            ended,
            "{way}"
        );
        let next = ask(&world, form("mcp:read", "")).await;
        match way {
            "remove" => assert_eq!(next, Err("invalid_client")),
            "forbid" => assert_eq!(next, Err("unauthorized_client")),
            _ => assert_eq!(next.unwrap().sid == claims.sid, !ended, "{way}"),
        }
    }
}

#[tokio::test]
async fn another_client_cannot_end_or_borrow_it() {
    let world = world().await;
    let claims = ask(&world, form("", "")).await.unwrap();
    let stranger = Client {
        id: crate::client::ClientId("stranger".into()),
        ..machine()
    };
    revoke::revoke(&world.cx(), &stranger, "jwt", Some(&claims))
        .await
        .unwrap();
    assert!(is_active(&world, &claims).await);
    for wrong in [
        AccessClaims {
            sub: "somebody".into(),
            ..claims.clone()
        },
        AccessClaims {
            client_id: "stranger".into(),
            ..claims.clone()
        },
        AccessClaims {
            aud: Audience::one("https://evil.example"),
            ..claims.clone()
        },
        AccessClaims {
            aud: Audience::one(EXEC),
            ..claims.clone()
        },
        AccessClaims {
            exp: claims.iat,
            ..claims.clone()
        },
        AccessClaims {
            sid: None,
            ..claims.clone()
        },
    ] {
        assert!(!is_active(&world, &wrong).await, "{wrong:?}");
    }
}

#[test]
fn the_form_is_read_by_the_rules_of_all_forms() {
    let read = |pairs: &[(&str, &str)]| {
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let pairs: Vec<_> = pairs.iter().map(own).collect();
        ClientForm::read(&pairs).map_err(|error| error.oauth().1)
    };
    let good = read(&[
        ("scope", "a"),
        ("resource", "r"),
        ("resource", "r"),
        ("x", "y"),
    ])
    .unwrap();
    assert_eq!(
        (good.scope.as_deref(), good.resource.as_deref()),
        (Some("a"), Some("r"))
    );
    assert_eq!(
        read(&[("scope", "a"), ("scope", "a")]).unwrap_err(),
        "invalid_request"
    );
    assert_eq!(
        read(&[("resource", "r"), ("resource", "s")]).unwrap_err(),
        "invalid_target"
    );
}
