//! What the store promises, on a real database. Ids, hashes and times are fixed; nothing is drawn.
//!
//! `lib.rs` mounts this folder twice: as `tests` the suites run on SQLite, as `tests_on_postgres` on PostgreSQL
//! (without one they say so, and run on SQLite again).

mod accounts;
mod administration;
mod audit;
mod client_grants;
mod client_uses;
mod clients;
mod codes;
mod corrupt;
pub(crate) mod crash;
mod devices;
mod federation;
mod jtis;
mod kept_clients;
mod keys;
mod logouts;
mod own_account;
mod passkeys;
mod plans;
mod pushed;
mod races;
mod refresh;
mod revocation;
mod rotation;
mod scale;
mod second_factors;
mod sweep;
mod writers;

use chrono::{DateTime, TimeDelta, Utc};
use loop_oauth::{
    client::{Client, ClientAuthMethod, ClientId, ClientOrigin, GrantType},
    code::{AuthCode, CodeChallenge},
    demands::Demands,
    grant::{Grant, GrantId, RotationKey},
    key::SigningKey,
    refresh::{RefreshState, RefreshToken},
    secret::SecretHash,
    session::Session,
    store::{Clients as _, Grants as _, Users as _},
    user::{Email, PasswordHash, User, UserId},
};
use loop_shared::auth::SigningAlgorithm;
use loop_shared::auth::scope::{Role, Roles, Scope, Scopes};
use loop_testkit::postgres::Schema;
use sea_orm::{ConnectionTrait as _, Database, DatabaseConnection, DbBackend};
use secrecy::SecretString;
use std::path::PathBuf;
use tempfile::TempDir;
use uuid::Uuid;

use crate::{SqlStore, StoreOptions};

/// A database of its own, gone with the value.
pub(crate) struct Db {
    pub(crate) directory: TempDir,
    pub(crate) schema: Option<Schema>,
}

impl Db {
    /// On the engine that the suites are mounted for.
    pub(crate) fn new() -> Self {
        let on_postgres = module_path!().ends_with("on_postgres");
        Self {
            schema: on_postgres.then(Schema::new).flatten(),
            ..Self::on_sqlite()
        }
    }

    pub(crate) fn on_sqlite() -> Self {
        Self {
            directory: tempfile::tempdir().unwrap(),
            schema: None,
        }
    }

    /// Where the SQLite file is.
    pub(crate) fn path(&self) -> PathBuf {
        self.directory.path().join("loop-auth.db")
    }

    pub(crate) async fn open(&self) -> SqlStore {
        self.open_with(StoreOptions::default()).await
    }

    pub(crate) async fn open_with(&self, options: StoreOptions) -> SqlStore {
        match &self.schema {
            Some(schema) => SqlStore::open_postgres(&schema.url().into(), options).await,
            None => SqlStore::open_with(self.path(), options).await,
        }
        .unwrap()
    }

    pub(crate) const fn backend(&self) -> DbBackend {
        match self.schema {
            Some(_) => DbBackend::Postgres,
            None => DbBackend::Sqlite,
        }
    }

    /// A connection that knows nothing of the store.
    pub(crate) async fn raw(&self) -> DatabaseConnection {
        let url = match &self.schema {
            Some(schema) => schema.url(),
            None => format!("sqlite://{}", self.path().display()),
        };
        let mut one = sea_orm::ConnectOptions::new(url);
        one.max_connections(1);
        Database::connect(one).await.unwrap()
    }

    /// Runs SQL that no foreign key minds.
    pub(crate) async fn run(&self, sql: &str) {
        self.try_run(sql).await.unwrap();
    }

    pub(crate) async fn try_run(&self, sql: &str) -> Result<(), sea_orm::DbErr> {
        let raw = self.raw().await;
        let unminded = match self.backend() {
            DbBackend::Postgres => "SET session_replication_role = replica",
            _ => "PRAGMA foreign_keys = OFF",
        };
        raw.execute_unprepared(unminded).await.unwrap();
        let ran = raw.execute_unprepared(sql).await.map(drop);
        raw.close().await.unwrap();
        ran
    }
}

/// Milliseconds after some moment.
pub(crate) fn at(millis: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_763_700_000, 0).unwrap() + TimeDelta::milliseconds(millis)
}

pub(crate) fn hash(name: &str) -> SecretHash {
    SecretHash::of(name)
}

pub(crate) fn user(name: &str) -> User {
    User {
        id: UserId(id(name)),
        email: Email::parse(&format!("{name}@example.com")).unwrap(),
        name: format!("{name} 김"),
        password: PasswordHash(SecretString::from("$2b$12$hash")),
        roles: Roles::from(Role::Member).with(Role::Admin),
        created_at: at(0),
        disabled_at: None,
    }
}

pub(crate) fn id(name: &str) -> Uuid {
    let digest = hash(name).0;
    Uuid::from_slice(&digest[..16]).unwrap()
}

pub(crate) fn client(name: &str) -> Client {
    Client {
        id: ClientId(name.to_owned()),
        name: "A \"client\"".to_owned(),
        auth_method: ClientAuthMethod::None,
        secret_hash: None,
        redirect_uris: vec![
            "http://localhost/callback".to_owned(),
            "cursor://a/\"b\"".to_owned(),
        ],
        grant_types: vec![GrantType::AuthorizationCode, GrantType::RefreshToken],
        scope: Some(Scope::McpRead.into()),
        client_uri: None,
        origin: ClientOrigin::Dynamic,
        metadata_hash: Some(hash(name)),
        created_at: at(0),
        first_login_at: None,
        pkce: None,
        logout: loop_oauth::oidc::ClientLogout::default(),
        keys: None,
        demands: Demands::default(),
    }
}

pub(crate) fn grant(name: &str) -> Grant {
    Grant {
        id: GrantId(id(name)),
        user: UserId(id("alice")),
        client: ClientId("app".to_owned()),
        resource: "https://x/mcp".to_owned(),
        more_resources: Vec::new(),
        scopes: Scopes::all(),
        created_at: at(0),
        revoked_at: None,
        rotation_key: RotationKey([7; 32]),
        identity: None,
    }
}

pub(crate) fn code(name: &str, grant: &Grant) -> AuthCode {
    AuthCode {
        hash: hash(name),
        grant: grant.id,
        client: grant.client.clone(),
        redirect_uri: Some("http://localhost:1/callback".to_owned()),
        challenge: CodeChallenge::S256("c".repeat(43)),
        key: None,
        expires_at: at(60_000),
        used_at: None,
    }
}

pub(crate) fn token(name: &str, grant: &Grant, parent: Option<&str>) -> RefreshToken {
    RefreshToken {
        hash: hash(name),
        grant: grant.id,
        parent: parent.map(hash),
        state: RefreshState::Live,
        key: None,
        expires_at: at(90 * 86_400_000),
    }
}

pub(crate) fn session(name: &str) -> Session {
    Session {
        hash: hash(name),
        sid: loop_oauth::oidc::Sid(id(name)),
        user: UserId(id("alice")),
        authenticated_at: at(1),
        how: loop_oauth::session::Method::Password.into(),
        expires_at: at(1_000),
    }
}

pub(crate) fn key(kid: &str) -> SigningKey {
    SigningKey {
        kid: kid.to_owned(),
        alg: SigningAlgorithm::Rs256,
        private: SecretString::from("{}"),
        created_at: at(0),
        signs_from: at(10),
        retired_at: None,
    }
}

/// A store in which alice and the client `app` are.
pub(crate) async fn with_people(db: &Db) -> SqlStore {
    let store = db.open().await;
    store.add_user(&user("alice")).await.unwrap();
    store.add_client(&client("app")).await.unwrap();
    store
}

/// A grant whose code was redeemed for the refresh token `first`.
pub(crate) async fn with_family(store: &SqlStore, name: &str, first: &str) -> Grant {
    let grant = grant(name);
    let code = code(&format!("code of {name}"), &grant);
    store.add_grant(&grant, &code).await.unwrap();
    let first = token(first, &grant, None);
    store
        .redeem_code(&code.hash, Some(&first), at(1))
        .await
        .unwrap();
    grant
}

pub(crate) async fn state_of(store: &SqlStore, name: &str) -> Option<RefreshState> {
    let found = store.refresh_token(&hash(name)).await.unwrap();
    found.map(|found| found.token.state)
}
