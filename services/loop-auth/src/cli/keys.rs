//! `loop-auth keys list|rotate`.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use clap::{Args, Subcommand};
use loop_oauth::key::{self, SigningKey, Stage};
use loop_shared::service::{
    clock::{Clock as _, SystemClock},
    config::Problems,
};

use super::text;
use crate::{
    boot::Opened,
    config::StoreArgs,
    key_config::KeyArgs,
    signer::{
        KeySettings,
        keeper::{self, Rotation},
    },
};

/// The command with its settings, which must be those of the server.
#[derive(Args, Debug)]
pub(super) struct OnKeys {
    #[command(flatten)]
    pub(super) store: StoreArgs,
    #[command(flatten)]
    keys: KeyArgs,
    #[command(subcommand)]
    command: KeysCommand,
}

/// What to do with signing keys.
#[derive(Debug, Subcommand)]
enum KeysCommand {
    /// List keys, oldest first: id, algorithm, stage, when published, from when on it signs, when it retired
    List,
    /// Publish a new key, which signs once every API must have fetched it
    Rotate {
        /// Sign with it at once: APIs that have not fetched it refuse new tokens until they do
        #[arg(long)]
        now: bool,
    },
}

impl OnKeys {
    /// # Errors
    /// Every mistake in the settings.
    pub(super) fn settings(&self) -> Result<KeySettings, String> {
        let mut problems = Problems::new();
        // The lifetime of a token matters only for deleting keys, which the server does.
        let config = self.keys.resolve(TimeDelta::zero(), &mut problems);
        problems.finish().map_err(|problems| text(&problems))?;
        Ok(config.settings)
    }
}

pub(super) async fn run(
    on: &OnKeys,
    settings: &KeySettings,
    opened: &Opened,
) -> Result<(), String> {
    let store = &*opened.store;
    match on.command {
        KeysCommand::List => {
            let keys = store.signing_keys().await.map_err(|error| text(&error))?;
            let now = SystemClock.now();
            for key in &keys {
                println!("{}", row(key, &keys, now));
            }
        }
        KeysCommand::Rotate { now } => {
            if now {
                eprintln!(
                    "loop-auth: warning: a key that signs at once is unknown to whoever fetched the keys before. Loop's own \
                     APIs fetch it when they first see it, at most once in 10 s; other verifiers refuse new tokens for \
                     up to {} s. Tokens that were signed before stay good until they expire.",
                    settings.policy.publish_ahead.num_seconds()
                );
            }
            let done = keeper::rotate(store, settings, now, &SystemClock)
                .await
                .map_err(|error| text(&error))?;
            println!("{}", said(&done)?);
        }
    }
    Ok(())
}

/// A key as one tab-separated line.
fn row(key: &SigningKey, keys: &[SigningKey], now: DateTime<Utc>) -> String {
    let stage = match key::stage(key, keys, now) {
        Stage::Next => "next",
        Stage::Signing => "signing",
        Stage::Retired => "retired",
    };
    format!(
        "{}\t{}\t{stage}\t{}\t{}\t{}",
        key.kid,
        key.alg,
        time(key.created_at),
        time(key.signs_from),
        key.retired_at.map_or_else(|| "-".to_owned(), time)
    )
}

fn said(done: &Rotation) -> Result<String, String> {
    match done {
        Rotation::Added { kid, signs_from } => Ok(format!(
            "published {kid}; it signs from {}",
            time(*signs_from)
        )),
        Rotation::Waiting { kid, signs_from } => Ok(format!(
            "{kid} is published already and signs from {}; nothing changed",
            time(*signs_from)
        )),
        Rotation::Advanced { kid } => Ok(format!("{kid}, which was published already, signs now")),
        Rotation::Raced => Err(
            "somebody else rotated the keys at this moment; see `loop-auth keys list`".to_owned(),
        ),
    }
}

fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}
