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
const FILLED: [&str; 6] = [
    "refresh_tokens",
    "grants",
    "codes",
    "sessions",
    "users",
    "clients",
];
const ROTATIONS: usize = 300;

/// What the engines say differently, for the rows numbered `i`.
struct Words {
    postgres: bool,
}

impl Words {
    /// Eight digits, a number's own, in no order.
    fn digits(&self, number: &str) -> String {
        let spread = format!("({number} * 2654435761) % 4294967296");
        if self.postgres {
            format!("lpad(to_hex({spread}), 8, '0')")
        } else {
            format!("printf('%08x', {spread})")
        }
    }

    fn uuid(&self, number: &str) -> String {
        let digits = self.digits(number);
        format!("{digits} || '-0000-4000-8000-000000000000'")
    }

    /// A hash of row `i`, for each kind (a hexadecimal digit) another.
    fn hash(&self, kind: char) -> String {
        let digits = self.digits("i");
        format!("{digits} || {digits} || '{}'", kind.to_string().repeat(48))
    }

    fn series(&self, from: u64, to: u64) -> String {
        let last = to - 1;
        if self.postgres {
            return format!("FROM generate_series({from}::bigint, {last}::bigint) AS n(i)");
        }
        let rows = format!("SELECT {from} UNION ALL SELECT i + 1 FROM n WHERE i < {last}");
        format!("FROM (WITH RECURSIVE n(i) AS ({rows}) SELECT i FROM n)")
    }
}

async fn fill_people(raw: &DatabaseConnection, words: &Words) {
    let (user, secret) = (words.uuid("i"), words.hash('c'));
    let people = [
        format!(
            "INSERT INTO users (id, email, name, password_hash, roles, created_at) \
             SELECT {user}, {user} || '@example.com', 'A name', 'x', 'member', i {}",
            words.series(0, USERS)
        ),
        format!(
            "INSERT INTO clients (id, name, auth_method, redirect_uris, grant_types, origin, \
             metadata_hash, created_at, first_login_at) \
             SELECT 'client ' || i, 'A client', 'none', '[]', '', 'dynamic', {secret}, i, i {}",
            words.series(0, CLIENTS)
        ),
    ];
    for sql in people {
        raw.execute_unprepared(&sql).await.unwrap();
    }
}

/// Inserts grants number `from` to `to`, each with a live and a retired token, a code and a session.
async fn fill(raw: &DatabaseConnection, from: u64, to: u64) {
    let postgres = raw.get_database_backend() == DbBackend::Postgres;
    let words = Words { postgres };
    if from == 0 {
        fill_people(raw, &words).await;
    }
    let (grant, user) = (words.uuid("i"), words.uuid(&format!("(i % {USERS})")));
    let client = format!("'client ' || (i % {CLIENTS})");
    let end = format!("{} + i", at(86_400_000).timestamp_millis());
    let of = |columns: &str, values: String| format!("INSERT INTO {columns} SELECT {values}");
    let token = "refresh_tokens (hash, grant_id, state, expires_at, retired_at)";
    let kinds = [
        of(
            "grants (id, user_id, client_id, resource, scopes, created_at, rotation_key)",
            format!(
                "{grant}, {user}, {client}, 'https://x/mcp', 'mcp:read', i, {}",
                words.hash('7')
            ),
        ),
        of(
            "codes (hash, grant_id, client_id, challenge, challenge_method, expires_at)",
            format!("{}, {grant}, {client}, 'c', 'S256', {end}", words.hash('d')),
        ),
        of(
            token,
            format!("{}, {grant}, 'live', {end}, NULL", words.hash('a')),
        ),
        of(
            token,
            format!("{}, {grant}, 'retired', {end}, {end}", words.hash('b')),
        ),
        of(
            "sessions (hash, user_id, authenticated_at, expires_at)",
            format!("{}, {user}, i, {end}", words.hash('e')),
        ),
    ];
    for start in (from..to).step_by(usize::try_from(CHUNK).unwrap()) {
        let rows = words.series(start, Ord::min(start + CHUNK, to));
        for insert in &kinds {
            let sql = format!("{insert} {rows}");
            raw.execute_unprepared(&sql).await.unwrap();
        }
    }
    if postgres {
        // As the server does by itself; a file of SQLite is planned without figures, always.
        raw.execute_unprepared("ANALYZE").await.unwrap();
    }
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
    let many = std::env::var("LOOP_SCALE").map_or(1_000_000, |number| number.parse().unwrap());
    let db = Db::new();
    let store = with_people(&db).await;
    let raw = db.raw().await;
    let family = with_family(&store, "of the scale", "token 0").await;
    let (mut done, mut took) = (0, Vec::new());
    let mut filled = 0;
    for grants in [1_000, many] {
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
    let seen = seen.lock().unwrap().clone();
    for (sql, statement) in seen {
        if is_plannable(&sql) && !may_scan(&sql) {
            let mut scans = scans(&raw, &statement).await;
            // The others have a row or two, which are read faster without an index.
            let is_filled = |step: &String| {
                let on = |table: &&str| step.contains(&format!(" on {table} "));
                FILLED.iter().any(on)
            };
            scans.retain(|step| db.backend() == DbBackend::Sqlite || is_filled(step));
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
