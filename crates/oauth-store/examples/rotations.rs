//! Measures durable rotations per second, by one task and by several.
//!
//! `cargo run --release -p loop-oauth-store --example rotations [place] [seconds] [grants]`
//! The place is a directory, whose disk is measured, or a `postgres://` URL of an empty database; `grants` are
//! stored beforehand.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use chrono::{DateTime, TimeDelta};
use loop_oauth::{
    client::{Client, ClientAuthMethod, ClientId, ClientOrigin},
    code::{AuthCode, CodeChallenge},
    grant::{Grant, GrantId, RotationKey},
    refresh::{RefreshState, RefreshToken},
    secret::SecretHash,
    store::{Clients as _, Grants as _, Rotated, StoreError, Users as _},
    user::{Email, PasswordHash, User, UserId},
};
use loop_oauth_store::{SqlStore, StoreOptions};
use loop_shared::auth::scope::{Roles, Scopes};
use secrecy::SecretString;
use uuid::Uuid;

type Failure = Box<dyn std::error::Error + Send + Sync>;

const SEEDERS: u64 = 64;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let place = arguments.next();
    let seconds = arguments.next().map_or(Ok(3), |text| text.parse())?;
    let grants: u64 = arguments.next().map_or(Ok(0), |text| text.parse())?;
    let directory = place
        .as_deref()
        .filter(|place| !place.starts_with("postgres"))
        .map_or_else(std::env::temp_dir, PathBuf::from);
    let directory = tempfile::tempdir_in(directory)?;
    let store = match place {
        Some(url) if url.starts_with("postgres") => {
            SqlStore::open_postgres(&url.into(), StoreOptions::default()).await?
        }
        _ => SqlStore::open(directory.path().join("loop-auth.db")).await?,
    };
    let store = Arc::new(store);
    people(&store).await?;
    seed(&store, grants).await?;
    println!("{grants} grants beforehand");
    for tasks in [1, 8, 32] {
        measure(&store, tasks, Duration::from_secs(seconds)).await?;
    }
    Ok(())
}

async fn people(store: &SqlStore) -> Result<(), Failure> {
    let user = User {
        id: UserId(Uuid::nil()),
        email: Email::parse("a@example.com").ok_or("no address")?,
        name: String::new(),
        password: PasswordHash(SecretString::from("")),
        roles: Roles::NONE,
        created_at: DateTime::UNIX_EPOCH,
        disabled_at: None,
    };
    let client = Client {
        id: ClientId("app".to_owned()),
        name: String::new(),
        auth_method: ClientAuthMethod::None,
        secret_hash: None,
        redirect_uris: Vec::new(),
        grant_types: Vec::new(),
        scope: None,
        client_uri: None,
        origin: ClientOrigin::Operator,
        metadata_hash: None,
        created_at: DateTime::UNIX_EPOCH,
        first_login_at: None,
        pkce: None,
        keys: None,
        demands: loop_oauth::demands::Demands::default(),
    };
    store.add_user(&user).await?;
    store.add_client(&client).await?;
    Ok(())
}

async fn seed(store: &Arc<SqlStore>, grants: u64) -> Result<(), Failure> {
    let seeders: Vec<_> = (0..SEEDERS)
        .map(|seeder| {
            let store = store.clone();
            tokio::spawn(async move {
                for _ in 0..grants / SEEDERS + u64::from(seeder < grants % SEEDERS) {
                    family(&store).await?;
                }
                Ok::<(), StoreError>(())
            })
        })
        .collect();
    for seeder in seeders {
        seeder.await??;
    }
    Ok(())
}

/// A new grant and its first refresh token.
async fn family(store: &SqlStore) -> Result<RefreshToken, StoreError> {
    let grant = Grant {
        id: GrantId(Uuid::new_v4()),
        user: UserId(Uuid::nil()),
        client: ClientId("app".to_owned()),
        resource: "https://x/mcp".to_owned(),
        more_resources: Vec::new(),
        scopes: Scopes::all(),
        created_at: DateTime::UNIX_EPOCH,
        revoked_at: None,
        rotation_key: RotationKey([7; 32]),
    };
    let code = AuthCode {
        hash: SecretHash::of(&Uuid::new_v4().to_string()),
        grant: grant.id,
        client: grant.client.clone(),
        redirect_uri: None,
        challenge: CodeChallenge::S256("c".repeat(43)),
        key: None,
        expires_at: DateTime::UNIX_EPOCH,
        used_at: None,
    };
    let first = RefreshToken {
        hash: SecretHash::of(&Uuid::new_v4().to_string()),
        grant: grant.id,
        parent: None,
        state: RefreshState::Live,
        key: None,
        expires_at: DateTime::UNIX_EPOCH + TimeDelta::days(90),
    };
    store.add_grant(&grant, &code).await?;
    store
        .redeem_code(&code.hash, Some(&first), DateTime::UNIX_EPOCH)
        .await?;
    Ok(first)
}

async fn measure(store: &Arc<SqlStore>, tasks: u64, time: Duration) -> Result<(), Failure> {
    let done = Arc::new(AtomicU64::new(0));
    let mut running = Vec::new();
    for _ in 0..tasks {
        let first = family(store).await?;
        running.push((store.clone(), done.clone(), first));
    }
    let since = Instant::now();
    let running: Vec<_> = running
        .into_iter()
        .map(|(store, done, first)| tokio::spawn(rotate(store, done, first, since + time)))
        .collect();
    let mut longest = Duration::ZERO;
    for task in running {
        longest = longest.max(task.await??);
    }
    let seconds = u32::try_from(since.elapsed().as_millis())?;
    let count = u32::try_from(done.load(Ordering::Relaxed))?;
    let rate = f64::from(count) * 1000.0 / f64::from(seconds);
    println!("{tasks:>3} tasks: {rate:>7.0} rotations/s, the longest took {longest:?}");
    Ok(())
}

/// What a refresh does to the store: reads everything it checks, then rotates. Returns the longest time it took.
async fn rotate(
    store: Arc<SqlStore>,
    done: Arc<AtomicU64>,
    mut token: RefreshToken,
    until: Instant,
) -> Result<Duration, Failure> {
    let mut longest = Duration::ZERO;
    while Instant::now() < until {
        let since = Instant::now();
        let found = store.refresh_token(&token.hash).await?.ok_or("not there")?;
        let successor = RefreshToken {
            hash: SecretHash::of(&Uuid::new_v4().to_string()),
            parent: Some(found.token.hash),
            ..found.token
        };
        if store
            .rotate(&token.hash, &successor, DateTime::UNIX_EPOCH)
            .await?
            != Rotated::Now
        {
            return Err("not rotated".into());
        }
        token = successor;
        done.fetch_add(1, Ordering::Relaxed);
        longest = longest.max(since.elapsed());
    }
    Ok(longest)
}
