//! The vault as it was: when its folder is a git checkout.
//!
//! In: a day, a time or a commit. Out: the [`Snapshot`] of that moment, what was written of a note, what changed between two.
//! Never: a byte written into the checkout; a note shown that is private today, or was by what it said then.

mod git;
mod past;
mod versions;

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use chrono::{DateTime, SecondsFormat, Utc};
use loop_shared::vault::IsoDate;
use schemars::JsonSchema;
use serde::Serialize;

pub use past::{PastChange, PastChanges};
pub use versions::{Version, Versions};

use crate::{Privacy, Sight, Snapshot, VaultConfig};
use git::Git;

/// Pictures of the past that are kept.
const KEPT: usize = 4;

/// Whether the past is looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HistoryMode {
    /// Never.
    #[default]
    Off,
    /// When the folder is in a checkout that belongs to the user of this process, as git demands.
    Own,
    /// Whoever owns the checkout.
    Trusted,
}

/// Why the past cannot be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HistoryError {
    /// It is not looked at, or there is none.
    #[error("this vault has no history")]
    None,
    /// It is no day, time or commit.
    #[error("that is no day, time or commit")]
    BadMoment,
    /// The history does not know it, or begins later.
    #[error("the history has nothing at that moment")]
    NoSuchMoment,
    /// The vault was too large then.
    #[error("the vault of that moment is too large")]
    TooLarge,
    /// Too many ask at once.
    #[error("too many questions about the past at once")]
    Busy,
    /// It could not be read.
    #[error("the history cannot be read at the moment")]
    Unavailable,
}

/// A commit and when it was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Moment {
    /// The commit's id.
    pub commit: String,
    /// When it was made, RFC 3339.
    pub at: String,
}

impl Moment {
    /// Its day, in UTC.
    #[must_use]
    pub fn day(&self) -> Option<IsoDate> {
        IsoDate::parse(self.at.get(..10)?)
    }
}

/// The present, in which is found what is private now.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Present<'a> {
    pub(crate) whole: &'a Snapshot,
    pub(crate) open: &'a Snapshot,
}

struct KeptPicture {
    commit: String,
    sight: Sight,
    present: String,
    picture: Arc<Snapshot>,
}

/// The past of one vault.
pub(crate) struct History {
    git: Git,
    config: VaultConfig,
    /// The vault's folder in the repository, with a slash at its end; empty when it is the top.
    prefix: String,
    kept: Mutex<VecDeque<KeptPicture>>,
}

impl std::fmt::Debug for History {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("History").finish_non_exhaustive()
    }
}

impl History {
    /// The past of a vault, when there is any to look at.
    pub(crate) fn open(config: &VaultConfig) -> Option<Self> {
        let trust = match config.history {
            HistoryMode::Off => return None,
            HistoryMode::Own => false,
            HistoryMode::Trusted => true,
        };
        let git = Git::at(&config.root, trust);
        let prefix = git.line(&["rev-parse", "--show-prefix"]).ok()?;
        Some(Self {
            git,
            config: config.clone(),
            prefix,
            kept: Mutex::default(),
        })
    }

    /// The last commit at a moment: of a day its end in UTC.
    pub(crate) fn moment(&self, as_of: &str) -> Result<Moment, HistoryError> {
        let as_of = as_of.trim();
        let commit = if let Some(time) = time(as_of) {
            let before = format!(
                "--before={}",
                time.to_rfc3339_opts(SecondsFormat::Secs, true)
            );
            self.git.line(&["rev-list", "-1", &before, "HEAD"])?
        } else if (4..=64).contains(&as_of.len())
            && as_of.bytes().all(|byte| byte.is_ascii_hexdigit())
        {
            let name = format!("{as_of}^{{commit}}");
            let commit = self
                .git
                .line(&["rev-parse", "--verify", "--quiet", &name])?;
            // What is on other branches is not the vault's past.
            self.git
                .line(&["merge-base", "--is-ancestor", &commit, "HEAD"])?;
            commit
        } else {
            return Err(HistoryError::BadMoment);
        };
        if commit.is_empty() {
            return Err(HistoryError::NoSuchMoment);
        }
        let format = [
            "rev-list",
            "-1",
            "--no-commit-header",
            "--format=%ct",
            &commit,
        ];
        let seconds = self.git.line(&format)?;
        let at = seconds
            .parse()
            .ok()
            .and_then(|at| DateTime::from_timestamp(at, 0));
        let at: DateTime<Utc> = at.ok_or(HistoryError::Unavailable)?;
        Ok(Moment {
            commit,
            at: at.to_rfc3339_opts(SecondsFormat::Secs, true),
        })
    }

    /// The vault at a moment, as a reader of this sight may see it today.
    pub(crate) fn picture(
        &self,
        moment: &Moment,
        present: Present,
        sight: Sight,
    ) -> Result<Arc<Snapshot>, HistoryError> {
        let now = match sight {
            Sight::Whole => String::new(),
            Sight::Open => format!("{}{}", present.whole.hash(), present.open.hash()),
        };
        let found = self.kept(|kept| {
            let kept = kept.iter().find(|kept| {
                kept.commit == moment.commit && kept.sight == sight && kept.present == now
            });
            kept.map(|kept| Arc::clone(&kept.picture))
        });
        if let Some(found) = found {
            return Ok(found);
        }
        let picture = match sight {
            Sight::Whole => Arc::new(self.read(moment, present.whole)?),
            Sight::Open => {
                let whole = self.picture(moment, present, Sight::Whole)?;
                match &self.config.privacy {
                    Some(privacy) => Arc::new(open_then_and_now(&whole, privacy, present)),
                    None => whole,
                }
            }
        };
        self.kept(|kept| {
            kept.push_back(KeptPicture {
                commit: moment.commit.clone(),
                sight,
                present: now,
                picture: Arc::clone(&picture),
            });
            while kept.len() > KEPT {
                kept.pop_front();
            }
        });
        Ok(picture)
    }

    fn kept<T>(&self, work: impl FnOnce(&mut VecDeque<KeptPicture>) -> T) -> T {
        work(&mut self.kept.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Without what was private then, and what is private now: under its path, its id, its bytes, or, when nothing is left
/// under its old path, its file's name.
fn open_then_and_now(past: &Snapshot, privacy: &Privacy, present: Present) -> Snapshot {
    let hidden = versions::hidden_now(present);
    past.only(|note| !privacy.hides(note) && !hidden.names(note, present))
}

fn time(text: &str) -> Option<DateTime<Utc>> {
    let exact = DateTime::parse_from_rfc3339(text).ok();
    let day = || IsoDate::parse(text)?.day()?.and_hms_opt(23, 59, 59);
    exact
        .map(|time| time.to_utc())
        .or_else(|| day().map(|day| day.and_utc()))
}
