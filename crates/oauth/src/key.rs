//! Signing keys and their rotation: published before they sign, kept after they retire (RFC 9700 §4.9).
//!
//! In: the stored keys, now, a [`Policy`]. Out: who signs, what is published, what is to be done. Never: makes a
//! key, knows which replica asks. All replicas decide alike from the same rows; the store settles who was first.
//!
//! A key's life is in its times: stored (and published) at `created_at`, signing from `signs_from` until the next
//! key's `signs_from`, noted as retired soon after that, and deleted when no token of it can be valid any more.

use chrono::{DateTime, TimeDelta, Utc};
use loop_shared::auth::algorithm::SigningAlgorithm;
use secrecy::SecretString;

/// A signing key as it is stored.
#[derive(Clone, Debug)]
pub struct SigningKey {
    /// Key identifier (RFC 7517 §4.5): the JWK thumbprint (RFC 7638).
    pub kid: String,
    /// The one algorithm it signs with.
    pub alg: SigningAlgorithm,
    /// The private key in the service's stored form: a JWK, or a JWE of it when a secret encrypts it.
    pub private: SecretString,
    /// When it was made and published.
    pub created_at: DateTime<Utc>,
    /// From when on it signs.
    pub signs_from: DateTime<Utc>,
    /// When it was noted that another key signs.
    pub retired_at: Option<DateTime<Utc>>,
}

/// The operator's decisions about keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// What new keys sign with.
    pub alg: SigningAlgorithm,
    /// How long a key is published before it signs: as long as verifiers keep what they fetched, and a margin.
    pub publish_ahead: TimeDelta,
    /// How long a key is published after it was noted as retired: as long as its last token may be good.
    pub keep_after: TimeDelta,
    /// How long a key signs; `None`: until somebody asks for another.
    pub rotate_every: Option<TimeDelta>,
}

/// Why a new key is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// There is none at all: the new one signs at once, since nobody can have cached an older document.
    First,
    /// The one that signs is about to have signed for long enough.
    Age,
    /// The one that signs has another algorithm than is wanted.
    Algorithm,
}

/// When a key stands where in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Published, and will sign.
    Next,
    /// Signs.
    Signing,
    /// Published for the tokens it signed.
    Retired,
}

impl SigningKey {
    /// Whether its time to sign has come and nobody noted that it is over.
    fn may_sign(&self, now: DateTime<Utc>) -> bool {
        self.signs_from <= now && self.retired_at.is_none_or(|at| now < at)
    }

    /// Whether some token of it may still be good.
    fn is_needed(&self, now: DateTime<Utc>, policy: &Policy) -> bool {
        self.retired_at
            .is_none_or(|at| now < at + policy.keep_after)
    }

    /// When it signs after which others do: the later one takes over.
    fn turn(&self) -> (DateTime<Utc>, &str) {
        (self.signs_from, &self.kid)
    }
}

/// The key that signs at `now`: the one whose turn came last.
#[must_use]
pub fn signing(keys: &[SigningKey], now: DateTime<Utc>) -> Option<&SigningKey> {
    keys.iter()
        .filter(|key| key.may_sign(now))
        .max_by_key(|key| key.turn())
}

/// The keys to publish at `now`, in the order given.
pub fn published<'k>(
    keys: &'k [SigningKey],
    now: DateTime<Utc>,
    policy: &'k Policy,
) -> impl Iterator<Item = &'k SigningKey> {
    let signing = signing(keys, now).map(|key| &key.kid);
    keys.iter()
        .filter(move |key| key.is_needed(now, policy) || signing == Some(&key.kid))
}

/// Where `key` stands at `now` among `keys`.
#[must_use]
pub fn stage(key: &SigningKey, keys: &[SigningKey], now: DateTime<Utc>) -> Stage {
    match signing(keys, now) {
        Some(signing) if signing.kid == key.kid => Stage::Signing,
        _ if now < key.signs_from => Stage::Next,
        _ => Stage::Retired,
    }
}

/// The key that waits for its turn, if one does. There is never more than one.
#[must_use]
pub fn next(keys: &[SigningKey], now: DateTime<Utc>) -> Option<&SigningKey> {
    keys.iter()
        .filter(|key| now < key.signs_from)
        .max_by_key(|key| key.turn())
}

/// The key whose turn comes last of all: the one that a new key may succeed, and nobody else's successor yet.
#[must_use]
pub fn newest(keys: &[SigningKey]) -> Option<&SigningKey> {
    keys.iter().max_by_key(|key| key.turn())
}

/// Whether a new key must be made at `now`, and why. While one waits for its turn, none is.
#[must_use]
pub fn due(keys: &[SigningKey], now: DateTime<Utc>, policy: &Policy) -> Option<Due> {
    if next(keys, now).is_some() {
        return None;
    }
    let Some(signing) = signing(keys, now) else {
        return Some(Due::First);
    };
    if signing.alg != policy.alg {
        return Some(Due::Algorithm);
    }
    let every = policy.rotate_every?;
    // Published ahead, so that it signs when this one has signed for long enough.
    (signing.signs_from + every - policy.publish_ahead <= now).then_some(Due::Age)
}

/// From when on a key made at `now` signs.
#[must_use]
pub fn signs_from(due: Due, now: DateTime<Utc>, policy: &Policy) -> DateTime<Utc> {
    match due {
        Due::First => now,
        Due::Age | Due::Algorithm => now + policy.publish_ahead,
    }
}

/// The first moment from `wanted` on at which every other key's turn has come before that of `kid`.
///
/// Turns come in the order in which keys were added and never change places, whatever the replicas' clocks say:
/// otherwise two replicas could each note the other's signing key as retired, and none would be left.
#[must_use]
pub fn turn_of(kid: &str, keys: &[SigningKey], wanted: DateTime<Utc>) -> DateTime<Utc> {
    keys.iter()
        .filter(|key| key.kid != kid)
        .map(|key| key.signs_from + TimeDelta::milliseconds(1))
        .fold(wanted, DateTime::max)
}

/// The keys that no longer sign at `now` and are not noted as retired yet.
pub fn to_retire(
    keys: &[SigningKey],
    now: DateTime<Utc>,
) -> impl Iterator<Item = &SigningKey> + use<'_> {
    let signing = signing(keys, now).map(SigningKey::turn);
    keys.iter().filter(move |key| {
        key.retired_at.is_none() && signing.is_some_and(|signing| key.turn() < signing)
    })
}

/// Keys noted as retired before this moment are of no use to anybody and may be deleted.
#[must_use]
pub fn delete_before(now: DateTime<Utc>, policy: &Policy) -> DateTime<Utc> {
    now - policy.keep_after
}

#[cfg(test)]
mod tests;
