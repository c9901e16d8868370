//! Rows that somebody or something damaged.

use loop_oauth::{
    consent::Consent,
    refresh::RefreshState,
    store::{
        Clients as _, Consents as _, Grants as _, Sessions as _, SigningKeys as _, StoreError,
        Users as _,
    },
};
use loop_shared::auth::scope::Scopes;

use sea_orm::DbBackend;

use super::{Db, at, client, hash, key, session, state_of, token, user, with_family, with_people};
use crate::SqlStore;

/// Table, column, the SQL of what is put there.
const DAMAGE: &[(&str, &str, &str)] = &[
    ("client", "auth_method", "'telepathy'"),
    ("client", "secret_hash", "'abc'"),
    ("client", "redirect_uris", "'[\"x\"'"),
    ("client", "redirect_uris", "'{}'"),
    ("client", "grant_types", "'authorization_code wish'"),
    ("client", "scope", "'mcp:everything'"),
    ("client", "origin", "'heaven'"),
    ("client", "metadata_hash", "'é'"),
    ("client", "created_at", "'yesterday'"),
    ("client", "created_at", "'1.5'"),
    ("client", "first_login_at", "9223372036854775807"),
    ("client", "pkce", "'never'"),
    ("client", "name", "x'ff'"),
    ("client", "name", "cast(x'ff' as text)"),
    ("user", "email", "'nobody'"),
    ("user", "roles", "'root'"),
    ("user", "created_at", "-9223372036854775808"),
    ("user", "disabled_at", "'no'"),
    ("client", "logout", "'[]'"),
    (
        "client",
        "logout",
        "'{\"backchannel_logout_uri\":\"file:///x\"}'",
    ),
    ("session", "expires_at", "'never'"),
    ("session", "sid", "'x'"),
    ("consent", "identity", "'openid everything'"),
    ("grant", "identity", "'{}'"),
    ("consent", "scopes", "'mcp:everything'"),
    ("consent", "given_at", "9223372036854775807"),
    ("grant", "scopes", "'mcp:everything'"),
    ("grant", "rotation_key", "''"),
    ("grant", "revoked_at", "'now'"),
    ("code", "challenge_method", "'s256'"),
    ("code", "challenge_method", "'none'"),
    ("code", "challenge", "''"),
    ("code", "used_at", "x'00'"),
    ("code", "expires_at", "9223372036854775807"),
    ("refresh token", "state", "'undead'"),
    ("refresh token", "parent", "'abc'"),
    ("refresh token", "expires_at", "''"),
    ("signing key", "created_at", "'x'"),
    ("signing key", "private", "x'ff'"),
    ("signing key", "alg", "'HS256'"),
];

async fn filled(db: &Db) -> SqlStore {
    let store = with_people(db).await;
    with_family(&store, "family", "t1").await;
    store.add_session(&session("cookie")).await.unwrap();
    store.add_first_key(&key("one")).await.unwrap();
    let consent = Consent {
        user: user("alice").id,
        client: client("app").id,
        resource: "x".to_owned(),
        scopes: Scopes::all(),
        identity: loop_oauth::oidc::IdentityScopes::NONE,
        given_at: at(0),
    };
    store.remember_consent(&consent).await.unwrap();
    store
}

async fn read(store: &SqlStore, what: &str) -> Result<(), StoreError> {
    let (alice, app) = (user("alice").id, client("app").id);
    match what {
        "client" => store.client(&app).await.map(drop),
        "user" => store.user(alice).await.map(drop),
        "session" => store.session(&hash("cookie")).await.map(drop),
        "consent" => store.consent(alice, &app, "x").await.map(drop),
        "code" => store.code(&hash("code of family")).await.map(drop),
        "grant" | "refresh token" => store.refresh_token(&hash("t1")).await.map(drop),
        "signing key" => store.signing_keys().await.map(drop),
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn a_damaged_row_is_an_error_and_its_neighbours_are_fine() {
    for (what, column, value) in DAMAGE {
        let db = Db::new();
        let store = filled(&db).await;
        read(&store, what).await.unwrap();
        let table = format!("{}s", what.replace(' ', "_"));
        let damage = format!("UPDATE {table} SET {column} = {value}");
        if db.backend() == DbBackend::Postgres {
            // Its columns take only values of their type, and bytes in hexadecimal are text to it.
            if value.contains("x'") || db.try_run(&damage).await.is_err() {
                continue;
            }
        } else {
            db.run(&damage).await;
        }
        let got = read(&store, what).await;
        let corrupt = matches!(&got, Err(StoreError::Corrupt { .. }));
        assert!(corrupt, "{what}.{column} = {value}: {got:?}");
        store.add_user(&user("bob")).await.unwrap();
        assert!(store.user(user("bob").id).await.unwrap().is_some());
    }
}

#[tokio::test]
async fn a_token_in_no_known_state_is_not_rotated() {
    let db = Db::new();
    let store = with_people(&db).await;
    let grant = with_family(&store, "family", "t1").await;
    db.run("UPDATE refresh_tokens SET state = 'undead'").await;
    let got = store
        .rotate(&hash("t1"), &token("t2", &grant, Some("t1")), at(2))
        .await;
    assert!(
        matches!(
            got,
            Err(StoreError::Corrupt {
                what: "refresh token"
            })
        ),
        "{got:?}"
    );
    db.run("UPDATE refresh_tokens SET state = 'live'").await;
    assert_eq!(state_of(&store, "t1").await, Some(RefreshState::Live));
    assert_eq!(state_of(&store, "t2").await, None);
}

#[tokio::test]
async fn a_token_whose_grant_or_user_has_vanished_is_an_error() {
    for table in ["users", "grants"] {
        let db = Db::new();
        let store = filled(&db).await;
        db.run(&format!("DELETE FROM {table}")).await;
        for what in ["refresh token", "code"] {
            let got = read(&store, what).await;
            assert!(
                matches!(got, Err(StoreError::Corrupt { .. })),
                "{table} {what}: {got:?}"
            );
        }
    }
}
