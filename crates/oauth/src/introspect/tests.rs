//! Introspection, attacks first.

use chrono::TimeDelta;
use loop_shared::auth::{
    claims::{self, Audience},
    scope::{Role, Roles},
};

use super::*;
use crate::{
    client::ClientAuthMethod,
    code::{AuthCode, CodeChallenge},
    grant::{Grant, RevokeReason, RotationKey},
    refresh::RefreshToken,
    secret::{RawClientSecret, RawCode},
    store::{Grants as _, Users as _},
    testing::{World, client, user},
};

const MCP: &str = "http://localhost:8082/mcp";
const SID: GrantId = GrantId(Uuid::from_bytes([9; 16]));

fn raw() -> RawRefreshToken {
    RawRefreshToken::from_bytes([5; 32])
}

/// A confidential client that an operator added.
fn trusted(id: &str) -> Client {
    Client {
        origin: ClientOrigin::Operator,
        auth_method: ClientAuthMethod::Basic,
        secret_hash: Some(RawClientSecret::from_bytes([1; 32]).hash()),
        ..client(id, "https://a.example/cb")
    }
}

/// One grant of `own` with one refresh token.
async fn world() -> World {
    let world = World::default();
    let user = user("alice@example.com", Role::Member);
    world.store.add_user(&user).await.unwrap();
    let grant = Grant {
        id: SID,
        user: user.id,
        client: ClientId("own".into()),
        resource: MCP.into(),
        more_resources: Vec::new(),
        scopes: Scopes::all(),
        created_at: world.now,
        revoked_at: None,
        rotation_key: RotationKey([1; 32]),
    };
    let code = AuthCode {
        hash: RawCode::from_bytes([1; 32]).hash(),
        grant: SID,
        client: grant.client.clone(),
        redirect_uri: None,
        challenge: CodeChallenge::None,
        key: None,
        expires_at: world.now,
        used_at: None,
    };
    let first = RefreshToken {
        hash: raw().hash(),
        grant: SID,
        parent: None,
        state: RefreshState::Live,
        key: None,
        expires_at: world.now + world.rules.refresh_ttl,
    };
    world.store.add_grant(&grant, &code).await.unwrap();
    let redeemed = world.store.redeem_code(&code.hash, Some(&first), world.now);
    redeemed.await.unwrap();
    world
}

fn access(world: &World) -> AccessClaims {
    AccessClaims {
        iss: "http://localhost:8082".into(),
        sub: claims::Subject(user("alice@example.com", Role::Member).id.to_string()),
        aud: Audience::one(MCP),
        exp: world.now.timestamp() + 3600,
        iat: world.now.timestamp(),
        nbf: None,
        jti: "j".into(),
        client_id: "own".into(),
        scope: Scopes::parse("mcp:read").unwrap(),
        roles: Role::Member.into(),
        sid: Some(claims::GrantId(SID.to_string())),
        cnf: None,
    }
}

async fn ask(
    world: &World,
    who: &Client,
    token: &str,
    access: Option<&AccessClaims>,
) -> Result<Option<Active>, (u16, &'static str)> {
    match introspect(&world.cx(), who, token, access).await {
        Ok(Introspection::Inactive) => Ok(None),
        Ok(Introspection::Active(active)) => Ok(Some(*active)),
        Err(error) => Err(error.oauth()),
    }
}

#[tokio::test]
async fn only_a_confidential_client_of_the_operator_may_ask() {
    let world = world().await;
    let claims = access(&world);
    let refused = Err((401, "invalid_client"));
    let public = Client {
        origin: ClientOrigin::Operator,
        ..client("own", "https://a.example/cb")
    };
    let dynamic = Client {
        origin: ClientOrigin::Dynamic,
        ..trusted("own")
    };
    for who in [public, dynamic, client("own", "https://a.example/cb")] {
        assert_eq!(ask(&world, &who, "jwt", Some(&claims)).await, refused);
        // its own refresh token included, and no oracle for junk
        assert_eq!(ask(&world, &who, raw().expose(), None).await, refused);
        assert_eq!(ask(&world, &who, "junk", None).await, refused);
    }
}

#[tokio::test]
async fn an_access_token_is_active_only_while_everything_about_it_holds() {
    type Change = fn(&mut AccessClaims);
    let world = world().await;
    let now = world.now.timestamp();
    assert_eq!(now, 1_800_000_000);
    let table: [(&str, Change, bool); 14] = [
        ("untouched", |_| {}, true),
        ("its last second", |c| c.exp = 1_800_000_001, true),
        ("its exp", |c| c.exp = 1_800_000_000, false),
        ("long over", |c| c.exp = 0, false),
        ("nbf now", |c| c.nbf = Some(1_800_000_000), true),
        ("nbf later", |c| c.nbf = Some(1_800_000_001), false),
        (
            "another issuer",
            |c| c.iss = "https://evil.example".into(),
            false,
        ),
        (
            "its issuer with a slash",
            |c| c.iss = "http://localhost:8082/".into(),
            false,
        ),
        ("no grant", |c| c.sid = None, false),
        (
            "no such grant",
            |c| c.sid = Some(claims::GrantId(Uuid::nil().to_string())),
            false,
        ),
        (
            "a sid that is none",
            |c| c.sid = Some(claims::GrantId("x".into())),
            false,
        ),
        ("another client", |c| c.client_id = "stranger".into(), false),
        ("another user", |c| c.sub = "u".into(), false),
        (
            "another resource",
            |c| c.aud = Audience::one("https://x/mcp"),
            false,
        ),
    ];
    for (what, change, active) in table {
        let mut claims = access(&world);
        change(&mut claims);
        let got = ask(&world, &trusted("api"), "jwt", Some(&claims)).await;
        assert_eq!(got.unwrap().is_some(), active, "{what}");
    }
}

#[tokio::test]
async fn an_active_token_tells_its_members() {
    let world = world().await;
    let claims = access(&world);
    let expected = Active {
        scope: Scopes::parse("mcp:read").unwrap(),
        client: ClientId("own".into()),
        sub: user("alice@example.com", Role::Member).id.to_string(),
        resource: MCP.into(),
        sid: SID,
        exp: claims.exp,
        access: Some(AccessOnly {
            iat: claims.iat,
            jti: "j".into(),
            key: None,
        }),
    };
    let got = ask(&world, &trusted("api"), "jwt", Some(&claims)).await;
    assert_eq!(got, Ok(Some(expected.clone())));
    let refresh = ask(&world, &trusted("own"), raw().expose(), None).await;
    let expected = Active {
        exp: (world.now + world.rules.refresh_ttl).timestamp(),
        access: None,
        ..expected
    };
    assert_eq!(refresh, Ok(Some(expected)));
}

#[tokio::test]
async fn a_refresh_token_is_shown_to_its_own_client_alone() {
    let world = world().await;
    let long = "x".repeat(9000);
    for (who, token, active) in [
        ("own", raw().expose(), true),
        ("api", raw().expose(), false),
        ("own", "unknown", false),
        ("own", "", false),
        ("own", "a.b.c", false),
        ("own", &long, false),
    ] {
        let got = ask(&world, &trusted(who), token, None).await;
        assert_eq!(got.unwrap().is_some(), active, "{who} {token:?}");
    }
}

#[tokio::test]
async fn asking_consumes_and_extends_nothing() {
    let world = world().await;
    let before = world.store.refresh_token(&raw().hash()).await.unwrap();
    for _ in 0..3 {
        let got = ask(&world, &trusted("own"), raw().expose(), None).await;
        assert!(got.unwrap().is_some());
    }
    let after = world.store.refresh_token(&raw().hash()).await.unwrap();
    assert_eq!(before.unwrap().token, after.unwrap().token);
}

#[tokio::test]
async fn a_refresh_token_is_active_until_its_successor_was_used_and_a_replay_ends_nothing_here() {
    let world = world().await;
    let own = trusted("own");
    let mut parent = raw();
    for seed in [6, 7] {
        let next = RawRefreshToken::from_bytes([seed; 32]);
        let successor = RefreshToken {
            hash: next.hash(),
            grant: SID,
            parent: Some(parent.hash()),
            state: RefreshState::Live,
            key: None,
            expires_at: world.now + world.rules.refresh_ttl,
        };
        world
            .store
            .rotate(&parent.hash(), &successor, world.now)
            .await
            .unwrap();
        let got = ask(&world, &own, parent.expose(), None).await;
        assert!(got.unwrap().is_some(), "its successor is unused");
        parent = next;
    }
    let replayed = ask(&world, &own, raw().expose(), None).await;
    assert_eq!(replayed, Ok(None));
    assert_eq!(world.store.grant(SID).unwrap().1, None, "not revoked");
}

#[tokio::test]
async fn whatever_ends_a_grant_ends_both_kinds_at_once() {
    for what in ["revoked", "disabled", "roles lost", "time"] {
        let mut world = world().await;
        let claims = access(&world);
        let user = user("alice@example.com", Role::Member).id;
        let now = world.now;
        match what {
            "revoked" => {
                let revoked = world.store.revoke_grant(SID, RevokeReason::ByClient, now);
                revoked.await.map(drop).unwrap();
            }
            "disabled" => world.store.disable_user(user, now).await.map(drop).unwrap(),
            "roles lost" => {
                let none = Roles::parse("").unwrap();
                world
                    .store
                    .set_roles(user, &none, now)
                    .await
                    .map(drop)
                    .unwrap();
            }
            _ => world.pass(TimeDelta::days(90)),
        }
        for (token, access) in [("jwt", Some(&claims)), (raw().expose(), None)] {
            let got = ask(&world, &trusted("own"), token, access).await;
            assert_eq!(got, Ok(None), "{what}");
        }
    }
}

#[tokio::test]
async fn scopes_that_the_roles_no_longer_allow_are_not_told() {
    let world = world().await;
    let mut claims = access(&world);
    claims.scope = Scopes::parse("mcp:read mcp:exec").unwrap();
    let got = ask(&world, &trusted("api"), "jwt", Some(&claims)).await;
    assert_eq!(got.unwrap().unwrap().scope.to_string(), "mcp:read");
    claims.scope = Scopes::parse("mcp:exec").unwrap();
    let got = ask(&world, &trusted("api"), "jwt", Some(&claims)).await;
    assert_eq!(got, Ok(None));
}
