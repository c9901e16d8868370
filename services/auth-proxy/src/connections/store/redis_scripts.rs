//! The scripts: each is one step in Redis, which runs one at a time.
//!
//! `KEYS[1]` is the connection unless a script says otherwise. A script answers 1 when it did its work.

use redis::aio::ConnectionLike;
use redis::{FromRedisValue, RedisResult, Script, ScriptInvocation, ToRedisArgs};

const FIND: &str = "
return redis.call('HMGET', KEYS[1], 'user', 'server', 'provider', 'sealed', 'scopes', 'expires_at', 'refresh_at',
    'version', 'is_rejected', 'connected_at', 'used_at')";

const MEMBERS: &str = "return redis.call('SMEMBERS', KEYS[1])";

/// Keys: the connection, all, the user's. The connection before goes with its lease; its version goes on.
const PUT: &str = "
local version = tonumber(redis.call('HGET', KEYS[1], 'version') or '0') + 1
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'version', version, 'user', ARGV[2], 'server', ARGV[3], 'provider', ARGV[4],
    'sealed', ARGV[5], 'scopes', ARGV[6], 'expires_at', ARGV[7], 'refresh_at', ARGV[8],
    'is_rejected', ARGV[9], 'connected_at', ARGV[10], 'used_at', ARGV[11])
redis.call('SADD', KEYS[2], ARGV[1])
redis.call('SADD', KEYS[3], ARGV[1])
return 1";

/// Keys as of `PUT`.
const REMOVE: &str = "
local row = redis.call('HMGET', KEYS[1], 'user', 'server', 'provider', 'sealed', 'scopes', 'expires_at', 'refresh_at',
    'version', 'is_rejected', 'connected_at', 'used_at')
redis.call('DEL', KEYS[1])
redis.call('SREM', KEYS[2], ARGV[1])
redis.call('SREM', KEYS[3], ARGV[1])
return row";

/// Version, holder, now, until. Who has the lease gets it again: the answer before may have been lost.
const LEASE: &str = "
local row = redis.call('HMGET', KEYS[1], 'version', 'is_rejected', 'holder', 'leased_until')
if row[1] ~= ARGV[1] or row[2] ~= '0' then return 0 end
if row[4] and row[3] ~= ARGV[2] and tonumber(row[4]) > tonumber(ARGV[3]) then return 0 end
redis.call('HSET', KEYS[1], 'holder', ARGV[2], 'leased_until', ARGV[4])
return 1";

/// Version, holder, sealed, expires, refresh.
const RENEW: &str = "
local row = redis.call('HMGET', KEYS[1], 'version', 'holder')
if row[1] ~= ARGV[1] or row[2] ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], 'sealed', ARGV[3], 'expires_at', ARGV[4], 'refresh_at', ARGV[5],
    'version', tonumber(row[1]) + 1)
redis.call('HDEL', KEYS[1], 'holder', 'leased_until')
return 1";

/// Version, holder.
const REJECT: &str = "
local row = redis.call('HMGET', KEYS[1], 'version', 'holder')
if row[1] ~= ARGV[1] or row[2] ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], 'is_rejected', '1')
redis.call('HDEL', KEYS[1], 'holder', 'leased_until')
return 1";

/// Holder.
const RELEASE: &str = "
if redis.call('HGET', KEYS[1], 'holder') ~= ARGV[1] then return 0 end
redis.call('HDEL', KEYS[1], 'holder', 'leased_until')
return 1";

/// Now.
const TOUCH: &str = "
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
redis.call('HSET', KEYS[1], 'used_at', ARGV[1])
return 1";

/// Version, sealed before, sealed now.
const RESEAL: &str = "
local row = redis.call('HMGET', KEYS[1], 'version', 'sealed')
if row[1] ~= ARGV[1] or row[2] ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], 'sealed', ARGV[3])
return 1";

/// Keys: departures, when they are late. State, departure, late, now, most.
const DEPART: &str = "
for _, state in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', ARGV[4])) do
    redis.call('HDEL', KEYS[1], state)
end
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', ARGV[4])
while redis.call('ZCARD', KEYS[2]) >= tonumber(ARGV[5]) do
    redis.call('HDEL', KEYS[1], redis.call('ZPOPMIN', KEYS[2])[1])
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('ZADD', KEYS[2], ARGV[3], ARGV[1])
return 1";

/// Keys as of `DEPART`. State.
const ARRIVE: &str = "
local departure = redis.call('HGET', KEYS[1], ARGV[1])
redis.call('HDEL', KEYS[1], ARGV[1])
redis.call('ZREM', KEYS[2], ARGV[1])
return departure";

/// All of them; Redis knows them by their hashes.
pub(super) struct Scripts {
    pub(super) find: Script,
    pub(super) members: Script,
    pub(super) put: Script,
    pub(super) remove: Script,
    pub(super) lease: Script,
    pub(super) renew: Script,
    pub(super) reject: Script,
    pub(super) release: Script,
    pub(super) touch: Script,
    pub(super) reseal: Script,
    pub(super) depart: Script,
    pub(super) arrive: Script,
}

impl Default for Scripts {
    fn default() -> Self {
        Self {
            find: Script::new(FIND),
            members: Script::new(MEMBERS),
            put: Script::new(PUT),
            remove: Script::new(REMOVE),
            lease: Script::new(LEASE),
            renew: Script::new(RENEW),
            reject: Script::new(REJECT),
            release: Script::new(RELEASE),
            touch: Script::new(TOUCH),
            reseal: Script::new(RESEAL),
            depart: Script::new(DEPART),
            arrive: Script::new(ARRIVE),
        }
    }
}

/// A script with what it is run on.
pub(super) struct Step<'a>(ScriptInvocation<'a>);

impl<'a> Step<'a> {
    /// This script, on nothing yet.
    pub(super) fn of(script: &'a Script) -> Self {
        Self(script.prepare_invoke())
    }

    /// On this key too.
    pub(super) fn key(mut self, key: impl ToRedisArgs) -> Self {
        self.0.key(key);
        self
    }

    /// With this value too.
    pub(super) fn arg(mut self, arg: impl ToRedisArgs) -> Self {
        self.0.arg(arg);
        self
    }

    /// Runs it.
    pub(super) async fn run<T: FromRedisValue>(
        &self,
        redis: &mut impl ConnectionLike,
    ) -> RedisResult<T> {
        self.0.invoke_async(redis).await
    }
}
