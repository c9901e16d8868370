//! The signing keys: whether they open, how old they are, whether the next one will come.
//!
//! In: the store and the key settings. Out: findings, and which keys are published. Never: makes a key.

use chrono::{DateTime, TimeDelta, Utc};
use loop_oauth::key::{self, SigningKey};

use super::{Findings, Published};
use crate::{
    boot::Opening,
    config::{Config, Database},
    signer,
};

/// How late a rotation may be before somebody should look.
const LATE: TimeDelta = TimeDelta::days(2);
/// How old a key may grow where nothing rotates it.
const OLD: TimeDelta = TimeDelta::days(365);

pub(super) async fn look(
    config: &Config,
    open: &(dyn Fn(Database) -> Opening + Sync),
    now: DateTime<Utc>,
    findings: &mut Findings,
) -> Published {
    let stored = match open(config.store.database.clone()).await {
        Ok(opened) => opened.store.signing_keys().await,
        Err(error) => Err(error),
    };
    let stored = match stored {
        Ok(stored) => stored,
        Err(error) => {
            findings.problem("keys", error.to_string(), "Run: loop-auth db check");
            return None;
        }
    };
    sealed(config, &stored, findings);
    age(config, &stored, now, findings);
    let policy = &config.keys.settings.policy;
    let kids: Vec<String> = key::published(&stored, now, policy)
        .map(|key| key.kid.clone())
        .collect();
    file(config, &kids, findings);
    Some(kids)
}

/// Whether the server could use them.
fn sealed(config: &Config, stored: &[SigningKey], findings: &mut Findings) {
    let settings = &config.keys.settings;
    let closed = stored
        .iter()
        .find_map(|key| signer::opens(key, settings).err());
    if let Some(error) = closed {
        findings.problem(
            "AUTH_ENCRYPTION_SECRET",
            error.to_string(),
            "Without the secret, all that is left is to delete the rows of signing_keys: the next start makes a key, and clients log in again.",
        );
    } else if settings.secret.is_none() {
        findings.warning(
            "AUTH_ENCRYPTION_SECRET",
            "not set: whoever reads the database, or a backup of it, can sign tokens",
            "Set it (openssl rand -base64 32), keep it apart from backups, and run: loop-auth keys rotate",
        );
    } else {
        let plain = stored.iter().filter(|key| signer::is_plain(key)).count();
        if plain == 0 {
            findings.fine(
                "AUTH_ENCRYPTION_SECRET",
                format!("{} keys open", stored.len()),
            );
        } else {
            findings.warning(
                "AUTH_ENCRYPTION_SECRET",
                format!(
                    "{plain} of {} keys were stored before there was a secret, readably",
                    stored.len()
                ),
                "Run: loop-auth keys rotate. They go when their last token has expired.",
            );
        }
    }
}

fn age(config: &Config, stored: &[SigningKey], now: DateTime<Utc>, findings: &mut Findings) {
    let policy = &config.keys.settings.policy;
    let Some(signing) = key::signing(stored, now) else {
        findings.problem(
            "keys",
            "none signs",
            "Start the server, which makes one; if it runs, read its log.",
        );
        return;
    };
    let old = now - signing.signs_from;
    let said = format!("{} has signed for {} days", signing.kid, old.num_days());
    match policy.rotate_every {
        Some(every) if old > every + policy.publish_ahead + LATE => findings.problem(
            "keys",
            format!(
                "{said}, and should have been followed after {}",
                every.num_days()
            ),
            "Nobody rotates: is the server running, with this database? Its log names the reason.",
        ),
        None if old > OLD => findings.warning(
            "keys",
            format!("{said}, and KEY_ROTATION_SECONDS=0 turns rotation off"),
            "Run: loop-auth keys rotate, or set KEY_ROTATION_SECONDS=7776000.",
        ),
        _ => findings.fine("keys", said),
    }
}

/// Whether `JWKS_FILE` holds what is published.
fn file(config: &Config, kids: &[String], findings: &mut Findings) {
    let Some(path) = &config.jwks_file else {
        return;
    };
    let read = std::fs::read(path)
        .map_err(|error| error.to_string())
        .and_then(|bytes| {
            super::outside::kids(&bytes).ok_or_else(|| "it is no JWK Set".to_owned())
        });
    let name = path.display();
    let advice =
        "The server writes it at its start and at every change; its log says why it cannot.";
    match read {
        Err(error) => findings.problem("JWKS_FILE", format!("{name}: {error}"), advice),
        Ok(found) if same(&found, kids) => {
            findings.fine("JWKS_FILE", format!("{name} holds the published keys"));
        }
        Ok(_) => findings.problem(
            "JWKS_FILE",
            format!("{name} holds other keys than those that are published"),
            advice,
        ),
    }
}

/// The same keys, in any order.
pub(super) fn same(a: &[String], b: &[String]) -> bool {
    let set = |keys: &[String]| {
        keys.iter()
            .cloned()
            .collect::<std::collections::BTreeSet<_>>()
    };
    set(a) == set(b)
}
