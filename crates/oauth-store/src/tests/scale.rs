//! A million grants: no statement that a request waits for looks at all of them.
//!
//! `cargo nextest run --release -p loop-oauth-store --run-ignored all --no-capture scale` also prints what a
//! rotation takes beside a thousand and beside a million; `LOOP_SCALE` sets another number.

use std::time::{Duration, Instant};

use loop_oauth::{
    grant::Grant,
    store::{Grants as _, Rotated},
};
use sea_orm::{ConnectionTrait as _, DatabaseConnection, DbBackend};

use super::{
    Db, at, hash,
    plans::{call_everything, is_plannable, may_scan, scans, watched},
    token, with_family, with_people,
};
use crate::SqlStore;

/// Rows that one statement inserts.
const CHUNK: u64 = 100_000;
/// Among how many users and clients the grants are spread.
const USERS: u64 = 10_000;
const CLIENTS: u64 = 1_000;
const ROTATIONS: usize = 300;

/// Inserts grants number `from` to `to`, each with a live and a retired token and a code, and sessions.
async fn fill(raw: &DatabaseConnection, from: u64, to: u64) {
    let postgres = raw.get_database_backend() == DbBackend::Postgres;
    // Spread over all eight digits, each number once, so that keys come in no order.
    let digits = |number: &str| match postgres {
        true => format!("lpad(to_hex(({number} * 2654435761) % 4294967296), 8, '0')"),
        false => format!("printf('%08x', ({number} * 2654435761) % 4294967296)"),
    };
    let uuid = |number: &str| format!("{} || '-0000-4000-8000-000000000000'", digits(number));
    let hash = |kind: &str, number: &str| {
        let digits = digits(number);
        format!("{digits} || {digits} || '{}'", kind.repeat(48))
    };
    let series = |from: u64, to: u64| match postgres {
        true => format!(
            "FROM generate_series({from}::bigint, {}::bigint) AS n(i)",
            to - 1
        ),
        false => format!(
            "FROM (WITH RECURSIVE n(i) AS (SELECT {from} UNION ALL SELECT i + 1 FROM n WHERE i < {}) SELECT i FROM n)",
            to - 1
        ),
    };
    let run = async |sql: String| {
        raw.execute_unprepared(&sql).await.unwrap();
    };
    if from == 0 {
        let user = uuid("i");
        run(format!(
            "INSERT INTO users (id, email, name, password_hash, roles, created_at) \
             SELECT {user}, {user} || '@example.com', 'A name', 'x', 'member', i {}",
            series(0, USERS)
        ))
        .await;
        run(format!(
            "INSERT INTO clients (id, name, auth_method, redirect_uris, grant_types, origin, metadata_hash, created_at, first_login_at) \
             SELECT 'client ' || i, 'A client', 'none', '[]', '', 'dynamic', {}, i, i {}",
            hash("c", "i"),
            series(0, CLIENTS)
        ))
        .await;
    }
    let (user, client) = (
        uuid(&format!("(i % {USERS})")),
        format!("'client ' || (i % {CLIENTS})"),
    );
    let soon = at(86_400_000).timestamp_millis();
    for start in (from..to).step_by(usize::try_from(CHUNK).unwrap()) {
        let rows = series(start, Ord::min(start + CHUNK, to));
        let (grant, key) = (uuid("i"), hash("k", "i").replace('k', "7"));
        run(format!(
            "INSERT INTO grants (id, user_id, client_id, resource, scopes, created_at, rotation_key) \
             SELECT {grant}, {user}, {client}, 'https://x/mcp', 'mcp:read', i, {key} {rows}"
        ))
        .await;
        run(format!(
            "INSERT INTO codes (hash, grant_id, client_id, challenge, challenge_method, expires_at) \
             SELECT {}, {grant}, {client}, 'c', 'S256', {soon} + i {rows}",
            hash("d", "i")
        ))
        .await;
        for (kind, state, retired) in [("a", "live", "NULL"), ("b", "retired", "i")] {
            let retired = retired.replace('i', &format!("{soon} + i"));
            run(format!(
                "INSERT INTO refresh_tokens (hash, grant_id, state, expires_at, retired_at) \
                 SELECT {}, {grant}, '{state}', {soon} + i, {retired} {rows}",
                hash(kind, "i")
            ))
            .await;
        }
        run(format!(
            "INSERT INTO sessions (hash, user_id, authenticated_at, expires_at) \
             SELECT {}, {user}, i, {soon} + i {rows}",
            hash("e", "i")
        ))
        .await;
    }
    raw.execute_unprepared("ANALYZE").await.unwrap();
}

/// What a refresh does to the store takes this long on average.
async fn rotation(store: &SqlStore, grant: &Grant, done: &mut usize) -> Duration {
    let name = |step: usize| format!("token {step}");
    let since = Instant::now();
    for _ in 0..ROTATIONS {
        let (old, new) = (name(*done), name(*done + 1));
        store.refresh_token(&hash(&old)).await.unwrap().unwrap();
        let next = token(&new, grant, Some(&old));
        let rotated = store.rotate(&hash(&old), &next, at(2)).await;
        assert_eq!(rotated.unwrap(), Rotated::Now);
        *done += 1;
    }
    since.elapsed() / u32::try_from(ROTATIONS).unwrap()
}

#[tokio::test]
#[ignore = "takes a minute or more, and a gigabyte"]
async fn beside_a_million_grants_nothing_is_scanned_and_a_rotation_is_as_quick() {
    let millions = std::env::var("LOOP_SCALE").map_or(1_000_000, |number| number.parse().unwrap());
    let db = Db::new();
    let store = with_people(&db).await;
    let raw = db.raw().await;
    let family = with_family(&store, "of the scale", "token 0").await;
    let (mut done, mut took) = (0, Vec::new());
    let mut filled = 0;
    for grants in [1_000, millions] {
        fill(&raw, filled, grants).await;
        filled = grants;
        let each = rotation(&store, &family, &mut done).await;
        println!(
            "{:?}: {grants} grants: a rotation takes {each:?}",
            db.backend()
        );
        took.push(each);
    }
    let limit = took[0] * 10 + Duration::from_millis(5);
    assert!(took[1] < limit, "{took:?}");
    store.close().await.unwrap();

    let (store, seen) = watched(&db).await;
    call_everything(&store).await;
    for (sql, statement) in seen.lock().unwrap().clone() {
        if is_plannable(&sql) && !may_scan(&sql) {
            let scans = scans(&raw, &statement).await;
            assert!(scans.is_empty(), "{scans:?}: {sql}");
        }
    }
    let since = Instant::now();
    let swept = store.sweep(at(400 * 86_400_000), 500).await.unwrap();
    println!(
        "{:?}: a sweep of {swept} rows takes {:?}",
        db.backend(),
        since.elapsed()
    );
    assert!(swept >= 500);
}
