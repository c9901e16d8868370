//! Who was told what, from which notes: one record in the hash-chained audit log for every exec answer, on the disk
//! before the answer leaves.
//!
//! In: a caller, an operation, its answer. Out: a record, or a refusal: what cannot be recorded is not told. Never: the answer
//! itself, amounts, names of people, what was searched for.

use std::fmt::Write as _;
use std::path::PathBuf;

use chrono::{DateTime, Utc};
use loop_shared::audit::{Entry, FileLog, FileLogError, FileSettings, Outcome};
use loop_shared::auth::principal::Principal;
use sha2::{Digest, Sha256};

use crate::operation::{Answer, Operation};
use crate::refusal::Refusal;

/// The event's name.
const EVENT: &str = "exec.answer";
/// An answer that tells what single persons earn.
const SALARY_EVENT: &str = "exec.answer.salaries";
/// Most details that name notes; their number and a hash of all paths are always there.
const MAX_NAMED: usize = 8;
/// Most characters in one of them; the log cuts longer ones.
const MAX_CHARS: usize = 480;

/// The access log.
#[derive(Debug)]
pub(crate) struct Access {
    /// `None` when no file is configured: the service's own log then has the line alone.
    log: Option<FileLog>,
}

impl Access {
    /// Opens the log.
    ///
    /// # Errors
    /// [`FileLogError`] names the file and says what to do.
    pub(crate) fn open(path: Option<PathBuf>) -> Result<Self, FileLogError> {
        let log = path.map(|path| FileLog::open(&FileSettings::at(path)));
        Ok(Self {
            log: log.transpose()?,
        })
    }

    /// Records that `operation` is answered, over `via` (`rest`, `mcp`).
    ///
    /// # Errors
    /// [`Refusal::NotRecorded`]: the answer must not be given.
    pub(crate) async fn told(
        &self,
        principal: &Principal,
        operation: &Operation,
        via: &str,
        answer: &Answer,
        now: DateTime<Utc>,
    ) -> Result<(), Refusal> {
        tracing::info!(
            target: "exec.answers",
            subject = principal.subject.as_str(),
            client = principal.client_id.as_str(),
            operation = operation.name,
            via,
            salaries = answer.salaries,
            notes = answer.notes.len(),
            "answered"
        );
        let Some(handle) = self.log.as_ref().and_then(FileLog::handle) else {
            return Ok(());
        };
        let entry = entry(principal, operation, via, answer, now);
        handle.record(entry).await.map(drop).map_err(|error| {
            tracing::error!(%error, "an answer is not given because it cannot be recorded");
            Refusal::NotRecorded
        })
    }
}

fn entry(
    principal: &Principal,
    operation: &Operation,
    via: &str,
    answer: &Answer,
    now: DateTime<Utc>,
) -> Entry {
    let event = if answer.salaries { SALARY_EVENT } else { EVENT };
    let who = if principal.is_client() {
        "client"
    } else {
        "user"
    };
    let mut entry = Entry::new(now, event, Outcome::Done)
        .actor(format!("{who}:{}", principal.subject))
        .client(&principal.client_id)
        .with("operation", operation.name)
        .with("via", via)
        .with("scope", operation.scope)
        .with("notes", answer.notes.len());
    if !answer.notes.is_empty() {
        let hash = Sha256::digest(answer.notes.join("\n"));
        entry = entry.with("notes_sha256", hex(&hash));
    }
    for (at, named) in packed(&answer.notes).into_iter().enumerate() {
        entry = entry.with(&format!("notes_{}", at + 1), named);
    }
    entry
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing into a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Paths, as many to a line as fit, on at most [`MAX_NAMED`] lines; the last line says when some are left out.
fn packed(paths: &[String]) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for path in paths {
        let full = lines.len() >= MAX_NAMED;
        match lines.last_mut() {
            Some(line) if line.chars().count() + 2 + path.chars().count() <= MAX_CHARS => {
                line.push_str(", ");
                line.push_str(path);
            }
            Some(line) if full => {
                line.push_str(" …");
                break;
            }
            Some(_) | None => lines.push(path.clone()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_packed_into_a_bounded_number_of_bounded_lines() {
        assert!(packed(&[]).is_empty());
        let few = ["a.md".to_owned(), "b.md".to_owned()];
        assert_eq!(packed(&few), ["a.md, b.md"]);
        let many: Vec<String> = (0..1_000)
            .map(|at| format!("cash/2026-{at:04}-아주-긴-이름.md"))
            .collect();
        let lines = packed(&many);
        assert_eq!(lines.len(), MAX_NAMED);
        assert!(
            lines
                .iter()
                .all(|line| line.chars().count() <= MAX_CHARS + 2)
        );
        assert!(lines[MAX_NAMED - 1].ends_with('…'));
    }
}
