//! Every statement that the store runs finds its rows by an index.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use loop_oauth::{
    client::{Client, ClientId, ClientOrigin},
    client_grant::ClientGrant,
    consent::Consent,
    device::{DeviceAuthorization, DeviceState},
    grant::{GrantId, RevokeReason},
    par::PushedRequest,
    store::{
        ClientAdmin as _, ClientGrants as _, Clients as _, Consents as _, Devices as _,
        Grants as _, JtiKind, Jtis as _, KeptClients as _, PushedRequests as _, Registrations as _,
        Sessions as _, SigningKeys as _, StandingGrants as _, Users as _,
    },
    user::{PasswordHash, UserId},
};
use loop_shared::auth::scope::{Roles, Scopes};
use sea_orm::{ConnectionTrait as _, DatabaseConnection, DbBackend, QueryResult, Statement};
use secrecy::SecretString;

use super::{Db, at, client, code, grant, hash, id, kept_clients, key, session, token, user};
use crate::{SqlStore, StoreOptions, open, postgres, writer::Writer};

pub(super) type Seen = Arc<Mutex<BTreeMap<String, Statement>>>;

/// A store whose statements are noted.
pub(super) async fn watched(db: &Db) -> (SqlStore, Seen) {
    let seen = Seen::default();
    let options = StoreOptions::default();
    let watch = |pool: &mut DatabaseConnection| {
        let seen = seen.clone();
        pool.set_metric_callback(move |info| {
            let statement = info.statement.clone();
            seen.lock()
                .unwrap()
                .insert(statement.sql.clone(), statement);
        });
    };
    if let Some(schema) = &db.schema {
        let mut postgres = postgres::open(&schema.url().into(), &options)
            .await
            .unwrap();
        watch(&mut postgres.db);
        return (SqlStore::on_postgres(postgres, options), seen);
    }
    let mut pools = open::open(&db.path(), &options).await.unwrap();
    watch(&mut pools.writer);
    watch(&mut pools.readers);
    let writer = Writer::start(pools.writer).unwrap();
    (SqlStore::on_sqlite(writer, pools.readers, options), seen)
}

/// Calls every method.
#[expect(clippy::too_many_lines, reason = "a list of calls")]
pub(super) async fn call_everything(store: &SqlStore) {
    let (alice, app, family) = (user("alice"), client("app"), grant("family"));
    store.add_first_user(&alice).await.unwrap();
    store.add_user(&user("bob")).await.unwrap();
    store.user(alice.id).await.unwrap();
    store.user_by_email(&alice.email).await.unwrap();
    store.users(10).await.unwrap();
    store.add_client(&app).await.unwrap();
    store.client(&app.id).await.unwrap();
    store.client_by_metadata(&hash("app")).await.unwrap();
    store.clients(10).await.unwrap();
    store.add_session(&session("cookie")).await.unwrap();
    store.session(&hash("cookie")).await.unwrap();
    store.end_session(&hash("cookie")).await.unwrap();
    let consent = Consent {
        user: alice.id,
        client: app.id.clone(),
        resource: "x".to_owned(),
        scopes: Scopes::all(),
        identity: loop_oauth::oidc::IdentityScopes::NONE,
        given_at: at(0),
    };
    store.remember_consent(&consent).await.unwrap();
    store.remember_consent(&consent).await.unwrap();
    store.consent(alice.id, &app.id, "x").await.unwrap();
    store
        .add_grant(&family, &code("code", &family))
        .await
        .unwrap();
    store.code(&hash("code")).await.unwrap();
    store
        .redeem_code(&hash("code"), Some(&token("t1", &family, None)), at(1))
        .await
        .unwrap();
    store.refresh_token(&hash("t1")).await.unwrap();
    store
        .rotate(&hash("t1"), &token("t2", &family, Some("t1")), at(2))
        .await
        .unwrap();
    store
        .rotate(&hash("t2"), &token("t3", &family, Some("t2")), at(2))
        .await
        .unwrap();
    store
        .revoke_grant(family.id, RevokeReason::ByClient, at(2))
        .await
        .unwrap();
    call_everything_of_keys(store).await;
    super::logouts::call_everything(store).await;
    super::own_account::call_everything(store).await;
    super::audit::call_everything(store).await;
    super::administration::call_everything(store).await;
    super::second_factors::call_everything(store).await;
    super::passkeys::call_everything(store).await;
    call_everything_of_pushed(store, &app.id).await;
    call_everything_that_revokes(store, alice.id, &app.id).await;
    call_everything_of_clients(store).await;
    call_everything_of_devices(store).await;
    super::federation::call_everything(store).await;
    store
        .set_password(alice.id, &PasswordHash(SecretString::from("x")))
        .await
        .unwrap();
    store.disable_user(alice.id, at(3)).await.unwrap();
    call_everything_of_described_clients(store).await;
    store.sweep(at(0), 10).await.unwrap();
    store.sweep(at(1_000 * 86_400_000), 10).await.unwrap();
}

async fn call_everything_of_described_clients(store: &SqlStore) {
    let described = Client {
        origin: ClientOrigin::Document,
        ..client("https://app.example/client")
    };
    store.keep_client(&described).await.unwrap();
    store.keep_client(&described).await.unwrap();
    let keys = kept_clients::client_keys();
    store.keep_keys(&described.id, &keys).await.unwrap();
    let (proof, once) = (JtiKind::DPOP, hash("jti"));
    store.claim_jti(proof, &once, at(9)).await.unwrap();
}

async fn call_everything_that_revokes(store: &SqlStore, user: UserId, client: &ClientId) {
    let by = RevokeReason::ByOperator;
    store.revoke_client(client, by, at(2)).await.unwrap();
    store.revoked_since(at(0), 10).await.unwrap();
    store.set_roles(user, &Roles::NONE, at(3)).await.unwrap();
}

async fn call_everything_of_clients(store: &SqlStore) {
    let app = client("app");
    let own = ClientGrant {
        id: GrantId(id("own")),
        client: app.id.clone(),
        created_at: at(0),
        revoked_at: None,
    };
    store.add_client_grant(&own).await.unwrap();
    store.open_client_grant(&app.id).await.unwrap();
    store.client_grant(own.id).await.unwrap();
    let by = RevokeReason::ByOperator;
    let other = client("other");
    store.add_client(&other).await.unwrap();
    store.change_client(&other, &other, None).await.unwrap();
    store.remove_client(&other.id, by, at(5)).await.unwrap();
    let new = client("new");
    store.add_registration(&new, None, 1).await.unwrap();
    store.registration(&new.id).await.unwrap();
}

async fn call_everything_of_devices(store: &SqlStore) {
    for (name, allowed) in [("tv", true), ("radio", false)] {
        let asked = DeviceAuthorization {
            hash: hash(name),
            user_code: hash(&format!("{name}'s")),
            client: client("app").id,
            resource: "x".to_owned(),
            scopes: Scopes::all(),
            identity: loop_oauth::oidc::IdentityScopes::NONE,
            expires_at: at(10),
            state: DeviceState::Pending,
            interval: 5,
            polled_at: None,
        };
        store.add_device(&asked).await.unwrap();
        store.device_by_user_code(&asked.user_code).await.unwrap();
        store.note_poll(&asked, at(1)).await.unwrap();
        let polled = DeviceAuthorization {
            polled_at: Some(at(1)),
            ..asked.clone()
        };
        store.note_poll(&polled, at(2)).await.unwrap();
        store.slow_device(&asked.hash, 10).await.unwrap();
        if allowed {
            let granted = grant("by device");
            store.allow_device(&asked.hash, &granted).await.unwrap();
            store.device(&asked.hash).await.unwrap();
            let first = token("d1", &granted, None);
            store
                .redeem_device(&asked.hash, Some(&first))
                .await
                .unwrap();
        } else {
            store.deny_device(&asked.hash, at(1)).await.unwrap();
        }
    }
}

async fn call_everything_of_pushed(store: &SqlStore, client: &ClientId) {
    let pushed = PushedRequest {
        hash: hash("pushed"),
        client: client.clone(),
        params: vec![],
        expires_at: at(90),
        opened_at: None,
        used_at: None,
    };
    store.add_pushed(&pushed).await.unwrap();
    store.pushed(&pushed.hash).await.unwrap();
    let until = at(900);
    store.open_pushed(&pushed.hash, at(1), until).await.unwrap();
    store.consume_pushed(&pushed.hash, at(2)).await.unwrap();
    let alice = user("alice").id;
    store.standing_grants(alice, client, 10).await.unwrap();
}

async fn call_everything_of_keys(store: &SqlStore) {
    store.add_first_key(&key("one")).await.unwrap();
    store.add_next_key(&key("two"), "one").await.unwrap();
    store.advance_key("two", at(5)).await.unwrap();
    store.retire_key("one", at(5)).await.unwrap();
    let before = key("one").private;
    store.reseal_key("one", &before, &before).await.unwrap();
    store.signing_keys().await.unwrap();
    store.delete_keys(at(5)).await.unwrap();
}

/// Statements that read a table from one end and stop, or read one that has a handful of rows.
pub(super) fn may_scan(sql: &str) -> bool {
    sql.contains("FROM \"signing_keys\"") || sql.contains("COUNT(*)")
}

/// The steps of a statement's plan that look at every row of a table, or that were switched off.
pub(super) async fn scans(raw: &DatabaseConnection, statement: &Statement) -> Vec<String> {
    let backend = raw.get_database_backend();
    let explain = match backend {
        DbBackend::Postgres => "EXPLAIN",
        _ => "EXPLAIN QUERY PLAN",
    };
    let values = statement
        .values
        .clone()
        .map_or_else(Vec::new, |values| values.0);
    let sql = format!("{explain} {}", statement.sql);
    let explain = Statement::from_sql_and_values(backend, sql, values);
    let steps = raw.query_all_raw(explain).await.unwrap();
    let step = |row: QueryResult| -> String {
        match backend {
            DbBackend::Postgres => row.try_get_by_index(0).unwrap(),
            _ => row.try_get("", "detail").unwrap(),
        }
    };
    let bad = |step: &String| {
        if backend == DbBackend::Postgres {
            let few = step.contains(" on guards") || step.contains(" on signing_keys");
            // A step that was switched off and taken all the same (as older and as newer versions say it).
            let forced = step.contains("cost=1000000") || step.contains("Disabled: true");
            return !few && (forced || step.contains("Seq Scan"));
        }
        let by_index = !step.starts_with("SCAN")
            || step.contains("USING INDEX")
            || step.contains("USING COVERING INDEX")
            || step.contains("CONSTANT ROW");
        // What a statement inside chose by an index, up to a bound, is read and counted whole.
        let few = step == "SCAN bounded" || step == "USE TEMP B-TREE FOR count(DISTINCT)";
        !few && (!by_index || step.contains("TEMP B-TREE"))
    };
    steps.into_iter().map(step).filter(bad).collect()
}

#[tokio::test]
async fn every_statement_finds_its_rows_by_an_index() {
    let db = Db::new();
    let (store, seen) = watched(&db).await;
    call_everything(&store).await;
    let raw = db.raw().await;
    if db.backend() == DbBackend::Postgres {
        // A handful of rows is read faster without an index, which says nothing about a million.
        raw.execute_unprepared("SET enable_seqscan = off; SET enable_sort = off")
            .await
            .unwrap();
    }
    let seen = seen.lock().unwrap().clone();
    assert!(seen.len() > 40, "{} statements", seen.len());
    for (sql, statement) in seen {
        if !is_plannable(&sql) || may_scan(&sql) {
            continue;
        }
        let scans = scans(&raw, &statement).await;
        assert!(scans.is_empty(), "{scans:?}: {sql}");
    }
}

/// Not `BEGIN` and its like.
pub(super) fn is_plannable(sql: &str) -> bool {
    ["SELECT", "INSERT", "UPDATE", "DELETE"]
        .iter()
        .any(|verb| sql.starts_with(verb))
}
