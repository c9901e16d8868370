use std::sync::Arc;

use super::*;

/// A kind of store, and what must live as long as it.
type Kept = (
    &'static str,
    Arc<dyn ConnectionStore>,
    Box<dyn std::any::Any>,
);

/// Every kind of store that can be had here.
async fn stores() -> Vec<Kept> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("deep/connections.db");
    let sqlite = SqlConnections::open_file(&file).await.unwrap();
    let mut all: Vec<Kept> = vec![
        (
            "memory",
            Arc::new(MemoryConnections::default()),
            Box::new(()),
        ),
        ("sqlite", Arc::new(sqlite), Box::new(folder)),
    ];
    if let Some(schema) = loop_testkit::postgres::Schema::new() {
        let url = secrecy::SecretString::from(schema.url());
        let store = SqlConnections::open_postgres(&url).await.unwrap();
        all.push(("postgresql", Arc::new(store), Box::new(schema)));
    }
    let folder = tempfile::tempdir().unwrap();
    if let Some(redis) = loop_testkit::redis::Redis::start(folder.path()) {
        let url = secrecy::SecretString::from(redis.url());
        let store = RedisConnections::open(&url).await.unwrap();
        all.push(("redis", Arc::new(store), Box::new((redis, folder))));
    }
    all
}

fn key(user: &str, server: &str) -> Key {
    Key {
        user: user.to_owned(),
        server: server.to_owned(),
    }
}

fn new(user: &str, server: &str) -> Connection {
    Connection {
        key: key(user, server),
        provider: "mark".to_owned(),
        sealed: format!("sealed of {user}"),
        scopes: "a b".to_owned(),
        expires_at: Some(1_000),
        refresh_at: Some(700),
        version: 0,
        is_rejected: false,
        connected_at: 10,
        used_at: None,
    }
}

#[tokio::test]
async fn a_connection_is_kept_replaced_listed_and_taken_once() {
    for (kind, store, _held) in stores().await {
        for (user, server) in [("kim", "mail"), ("kim", "drive"), ("lee", "mail")] {
            store.put(&new(user, server)).await.unwrap();
        }
        let found = store.find(&key("kim", "mail")).await.unwrap().unwrap();
        assert_eq!(
            found,
            Connection {
                version: 1,
                ..new("kim", "mail")
            },
            "{kind}"
        );
        store.touch(&found.key, 77).await.unwrap();
        let again = store.find(&found.key).await.unwrap().unwrap();
        assert_eq!(again.used_at, Some(77), "{kind}");
        let other = Connection {
            expires_at: None,
            ..new("kim", "mail")
        };
        store.put(&other).await.unwrap();
        let found = store.find(&other.key).await.unwrap().unwrap();
        assert_eq!(
            (found.version, found.expires_at, found.used_at),
            (2, None, None),
            "{kind}"
        );
        let servers = |list: Vec<Connection>| -> Vec<String> {
            list.into_iter().map(|it| it.key.server).collect()
        };
        assert_eq!(
            servers(store.list(Some("kim")).await.unwrap()),
            ["drive", "mail"],
            "{kind}"
        );
        assert_eq!(store.list(None).await.unwrap().len(), 3, "{kind}");
        assert!(store.remove(&other.key).await.unwrap().is_some(), "{kind}");
        assert!(store.remove(&other.key).await.unwrap().is_none(), "{kind}");
        assert!(
            store.find(&key("lee", "mail")).await.unwrap().is_some(),
            "{kind}"
        );
    }
}

#[tokio::test]
async fn of_many_who_want_to_refresh_one_may() {
    for (kind, store, _held) in stores().await {
        store.put(&new("kim", "mail")).await.unwrap();
        let key = key("kim", "mail");
        let tries = (0..16).map(|at| {
            let (store, key) = (Arc::clone(&store), key.clone());
            tokio::spawn(async move {
                let holder = format!("holder {at}");
                let lease = Lease {
                    version: 1,
                    holder: &holder,
                    now: 0,
                    until: 60,
                };
                store.lease(&key, lease).await.unwrap().then_some(holder)
            })
        });
        let mut won = Vec::new();
        for attempt in tries {
            won.extend(attempt.await.unwrap());
        }
        assert_eq!(won.len(), 1, "{kind}");
        let renewed = Renewed {
            sealed: "next".to_owned(),
            expires_at: Some(2_000),
            refresh_at: Some(1_700),
        };
        assert!(
            !store
                .renew(&key, 1, "somebody else", &renewed)
                .await
                .unwrap(),
            "{kind}"
        );
        assert!(
            store.renew(&key, 1, &won[0], &renewed).await.unwrap(),
            "{kind}"
        );
        let found = store.find(&key).await.unwrap().unwrap();
        assert_eq!(
            (found.version, found.sealed.as_str()),
            (2, "next"),
            "{kind}"
        );
    }
}

#[tokio::test]
async fn a_lease_ends_by_itself_and_a_new_connection_takes_no_result_of_an_old_one() {
    for (kind, store, _held) in stores().await {
        let key = key("kim", "mail");
        store.put(&new("kim", "mail")).await.unwrap();
        store.put(&new("kim", "mail")).await.unwrap();
        let renewed = Renewed {
            sealed: "next".to_owned(),
            expires_at: None,
            refresh_at: None,
        };
        // A lease ends by itself; a connection made anew meanwhile keeps what it has.
        let lease = |holder, now| Lease {
            version: 2,
            holder,
            now,
            until: now + 60,
        };
        assert!(store.lease(&key, lease("a", 100)).await.unwrap(), "{kind}");
        assert!(!store.lease(&key, lease("b", 159)).await.unwrap(), "{kind}");
        assert!(store.lease(&key, lease("b", 160)).await.unwrap(), "{kind}");
        store.put(&new("kim", "mail")).await.unwrap();
        assert!(
            !store.renew(&key, 2, "b", &renewed).await.unwrap(),
            "{kind}"
        );
        store.reject(&key, 2, "b").await.unwrap();
        let found = store.find(&key).await.unwrap().unwrap();
        assert!(
            !found.is_rejected && found.sealed == "sealed of kim",
            "{kind}"
        );

        // The provider's no is kept; nobody asks again.
        let lease = |holder| Lease {
            version: 3,
            holder,
            now: 500,
            until: 560,
        };
        assert!(store.lease(&key, lease("c")).await.unwrap(), "{kind}");
        store.release(&key, "c").await.unwrap();
        assert!(store.lease(&key, lease("d")).await.unwrap(), "{kind}");
        store.reject(&key, 3, "d").await.unwrap();
        assert!(
            store.find(&key).await.unwrap().unwrap().is_rejected,
            "{kind}"
        );
        assert!(!store.lease(&key, lease("e")).await.unwrap(), "{kind}");
    }
}

#[tokio::test]
async fn who_is_on_the_way_comes_back_once_and_is_forgotten_when_late() {
    for (kind, store, _held) in stores().await {
        let departure = |state: &str, expires_at| Departure {
            state: state.to_owned(),
            browser: "b".to_owned(),
            key: key("kim", "mail"),
            provider: "mark".to_owned(),
            expires_at,
        };
        store.depart(&departure("one", 100), 0).await.unwrap();
        store.depart(&departure("two", 200), 0).await.unwrap();
        assert_eq!(
            store.arrive("one").await.unwrap(),
            Some(departure("one", 100)),
            "{kind}"
        );
        assert_eq!(store.arrive("one").await.unwrap(), None, "{kind}");
        store.depart(&departure("three", 300), 200).await.unwrap();
        assert_eq!(store.arrive("two").await.unwrap(), None, "{kind}");
        let before = new("kim", "mail");
        store.put(&before).await.unwrap();
        let before = store.find(&before.key).await.unwrap().unwrap();
        assert!(store.reseal(&before, "anew").await.unwrap(), "{kind}");
        assert!(!store.reseal(&before, "late").await.unwrap(), "{kind}");
    }
}

#[tokio::test]
async fn a_file_of_connections_is_its_owners_alone_and_survives() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("connections.db");
    let store = SqlConnections::open_file(&file).await.unwrap();
    store.put(&new("kim", "mail")).await.unwrap();
    drop(store);
    let mode = std::fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let store = SqlConnections::open_file(&file).await.unwrap();
    assert!(store.find(&key("kim", "mail")).await.unwrap().is_some());
}

#[tokio::test]
async fn what_redis_was_told_survives_its_kill_and_the_store_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let Some(mut redis) = loop_testkit::redis::Redis::start(folder.path()) else {
        return;
    };
    let url = secrecy::SecretString::from(redis.url());
    let store = RedisConnections::open(&url).await.unwrap();
    store.put(&new("kim", "mail")).await.unwrap();
    let key = key("kim", "mail");
    let lease = |holder| Lease {
        version: 1,
        holder,
        now: 0,
        until: 60,
    };
    assert!(store.lease(&key, lease("a")).await.unwrap());
    redis.kill_9();
    let why = store.find(&key).await.unwrap_err().to_string();
    assert!(!why.contains(redis.password()), "{why}");
    redis.restart();
    let mut found = store.find(&key).await;
    for _ in 0..50 {
        if found.is_ok() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        found = store.find(&key).await;
    }
    assert_eq!(found.unwrap().unwrap().sealed, "sealed of kim");
    // The lease too; who has it and lost the answer gets it again.
    assert!(!store.lease(&key, lease("b")).await.unwrap());
    assert!(store.lease(&key, lease("a")).await.unwrap());
}

#[tokio::test]
async fn a_redis_with_another_password_is_not_opened_and_no_password_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let Some(redis) = loop_testkit::redis::Redis::start(folder.path()) else {
        return;
    };
    for url in [
        redis.url().replace(redis.password(), "hunter2hunter2"),
        "redis://:hunter2hunter2@127.0.0.1:1/0".to_owned(),
        "no url hunter2hunter2".to_owned(),
    ] {
        let opened = RedisConnections::open(&secrecy::SecretString::from(url)).await;
        let why = opened.err().unwrap().to_string();
        assert!(!why.contains("hunter2"), "{why}");
    }
}
