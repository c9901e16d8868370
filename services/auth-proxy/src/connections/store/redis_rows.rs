//! What stands in Redis, and back. Redis knows texts alone; an empty one is "nobody said".

use redis::RedisError;
use serde::{Deserialize, Serialize};

use super::{Connection, Departure, Key, StoreError};

/// What a connection is read from.
pub(super) const COLUMNS: [&str; 11] = [
    "user",
    "server",
    "provider",
    "sealed",
    "scopes",
    "expires_at",
    "refresh_at",
    "version",
    "is_rejected",
    "connected_at",
    "used_at",
];

/// Somebody on the way, as text.
#[derive(Serialize, Deserialize)]
struct Row {
    state: String,
    browser: String,
    user: String,
    server: String,
    provider: String,
    expires_at: i64,
}

/// What Redis said; never its address.
pub(super) fn failed(error: &RedisError) -> StoreError {
    let code = error.code().unwrap_or_default();
    StoreError(format!(
        "Redis does not do its work ({:?} {code})",
        error.kind()
    ))
}

/// A time that nobody may have said.
pub(super) fn maybe(time: Option<i64>) -> String {
    time.map_or_else(String::new, |time| time.to_string())
}

/// The fields that `put` writes, in its order.
pub(super) fn fields(it: &Connection) -> [String; 10] {
    [
        it.key.user.clone(),
        it.key.server.clone(),
        it.provider.clone(),
        it.sealed.clone(),
        it.scopes.clone(),
        maybe(it.expires_at),
        maybe(it.refresh_at),
        u8::from(it.is_rejected).to_string(),
        it.connected_at.to_string(),
        maybe(it.used_at),
    ]
}

/// A connection from [`COLUMNS`]; `None` when there is none.
///
/// # Errors
/// When somebody else has written there.
pub(super) fn connection(row: &[Option<String>]) -> Result<Option<Connection>, StoreError> {
    if row.iter().all(Option::is_none) {
        return Ok(None);
    }
    let odd = || StoreError("what Redis holds is no connection".to_owned());
    let [
        user,
        server,
        provider,
        sealed,
        scopes,
        expires_at,
        refresh_at,
        version,
        is_rejected,
        connected_at,
        used_at,
    ] = row
    else {
        return Err(odd());
    };
    let text = |value: &Option<String>| value.clone().ok_or_else(odd);
    let number = |value: &Option<String>| -> Result<i64, StoreError> {
        text(value)?.parse().map_err(|_| odd())
    };
    let time = |value: &Option<String>| match value.as_deref() {
        None | Some("") => Ok(None),
        Some(_) => number(value).map(Some),
    };
    Ok(Some(Connection {
        key: Key {
            user: text(user)?,
            server: text(server)?,
        },
        provider: text(provider)?,
        sealed: text(sealed)?,
        scopes: text(scopes)?,
        expires_at: time(expires_at)?,
        refresh_at: time(refresh_at)?,
        version: number(version)?,
        is_rejected: number(is_rejected)? != 0,
        connected_at: number(connected_at)?,
        used_at: time(used_at)?,
    }))
}

/// Somebody on the way, as text.
///
/// # Errors
/// None that is known of.
pub(super) fn text_of(it: &Departure) -> Result<String, StoreError> {
    let row = Row {
        state: it.state.clone(),
        browser: it.browser.clone(),
        user: it.key.user.clone(),
        server: it.key.server.clone(),
        provider: it.provider.clone(),
        expires_at: it.expires_at,
    };
    serde_json::to_string(&row).map_err(|error| StoreError(error.to_string()))
}

/// Somebody on the way, from text.
///
/// # Errors
/// When somebody else has written there.
pub(super) fn departure(text: &str) -> Result<Departure, StoreError> {
    let odd = |_| StoreError("what Redis holds is nobody on the way".to_owned());
    let row: Row = serde_json::from_str(text).map_err(odd)?;
    Ok(Departure {
        state: row.state,
        browser: row.browser,
        key: Key {
            user: row.user,
            server: row.server,
        },
        provider: row.provider,
        expires_at: row.expires_at,
    })
}

/// What a Redis says of itself (`INFO`) that would lose connections.
pub(super) fn doubts(info: &str) -> Vec<&'static str> {
    let says = |name: &str| {
        let mut lines = info.lines();
        let value = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        value.map(str::trim)
    };
    let mut doubts = Vec::new();
    if says("aof_enabled") == Some("0") {
        doubts.push(
            "this Redis writes no append-only file; what was told to it last is gone when it ends, and with it a refresh \
             token that was just exchanged. Set appendonly yes",
        );
    }
    let bounded = says("maxmemory").is_some_and(|it| it != "0");
    if bounded && says("maxmemory_policy").is_some_and(|it| it != "noeviction") {
        doubts.push(
            "this Redis throws things away when its memory is full, connections too. Set maxmemory-policy noeviction, or \
             use one that is not a cache",
        );
    }
    doubts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redis_that_forgets_is_doubted() {
        for (info, expected) in [
            (
                "# Persistence\r\naof_enabled:1\r\nmaxmemory:0\r\nmaxmemory_policy:noeviction\r\n",
                0,
            ),
            ("aof_enabled:0\r\n", 1),
            (
                "aof_enabled:1\r\nmaxmemory:100\r\nmaxmemory_policy:allkeys-lru\r\n",
                1,
            ),
            (
                "aof_enabled:1\r\nmaxmemory:0\r\nmaxmemory_policy:allkeys-lru\r\n",
                0,
            ),
            ("", 0),
        ] {
            assert_eq!(doubts(info).len(), expected, "{info}");
        }
    }

    #[test]
    fn what_somebody_else_wrote_is_no_connection() {
        assert_eq!(connection(&[const { None }; 11]).unwrap(), None);
        let mut row = [const { None }; 11];
        row[0] = Some("kim".to_owned());
        assert!(connection(&row).is_err());
        assert!(connection(&[Some("x".to_owned())]).is_err());
        let odd = [const { Some(String::new()) }; 11];
        assert!(connection(&odd).is_err());
        for text in ["", "{}", "[]", "{\"state\":1}"] {
            assert!(departure(text).is_err(), "{text}");
        }
    }
}
