//! Checks a log in files: chain, places of crashes, and a remembered head.
//!
//! In: the path of the log. Out: from where to where it is whole, or the first record that is not. Never: writes; reads at most
//! one line at a time.

use std::{
    fs::File,
    io::{self, BufRead as _, BufReader, Read as _},
    path::Path,
};

use super::{MAX_LINE, open, write::RECOVERED};
use crate::audit::{
    chain::{Broken, Hash, Head, Verifier},
    record::Record,
};

/// A log that is whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The number of the first record that is here: above 1 when older files were moved away.
    pub first: u64,
    /// The last record.
    pub head: Head,
    /// How many crashes left a torn line.
    pub recoveries: u64,
}

/// Checks the files of a log, oldest first. `seen` is told each record.
///
/// # Errors
/// The outer error when a file cannot be read; the inner one names the first record that does not fit.
pub fn verify_files(
    path: &Path,
    remembered: Option<Head>,
    mut seen: impl FnMut(&Record),
) -> io::Result<Result<Verified, Broken>> {
    let mut files = open::archives(path)?;
    if path.exists() {
        files.push(path.to_owned());
    }
    let mut check = Check {
        remembered,
        verifier: None,
        first: 1,
        torn: Vec::new(),
        recoveries: 0,
    };
    for file in files {
        let mut lines = BufReader::new(File::open(file)?);
        loop {
            let mut line = Vec::new();
            if lines
                .by_ref()
                .take(MAX_LINE as u64)
                .read_until(b'\n', &mut line)?
                == 0
            {
                break;
            }
            match check.line(&line) {
                Ok(None) => {}
                Ok(Some(record)) => seen(&record),
                Err(broken) => return Ok(Err(broken)),
            }
        }
    }
    Ok(check.finish())
}

struct Check {
    remembered: Option<Head>,
    verifier: Option<Verifier>,
    first: u64,
    /// Bytes that are no record, until one vouches for them.
    torn: Vec<u8>,
    recoveries: u64,
}

impl Check {
    fn line(&mut self, line: &[u8]) -> Result<Option<Record>, Broken> {
        let record = line
            .strip_suffix(b"\n")
            .and_then(|line| std::str::from_utf8(line).ok())
            .and_then(Record::from_line);
        let Some(record) = record else {
            self.torn.extend_from_slice(line);
            // A crash leaves less than what is written at once.
            return if self.torn.len() > 2 * MAX_LINE {
                Err(self.unreadable())
            } else {
                Ok(None)
            };
        };
        if !self.torn.is_empty() {
            if !vouches(&record, &self.torn) {
                return Err(self.unreadable());
            }
            self.recoveries += 1;
            self.torn.clear();
        }
        let verifier = self.verifier.get_or_insert_with(|| {
            self.first = record.seq;
            let before = Head {
                seq: record.seq.saturating_sub(1),
                hash: if record.seq <= 1 {
                    Hash::GENESIS
                } else {
                    record.prev
                },
            };
            Verifier::after(before, self.remembered)
        });
        verifier.check(&record)?;
        Ok(Some(record))
    }

    fn unreadable(&self) -> Broken {
        let start = || Verifier::after(Head::GENESIS, None);
        self.verifier.clone().unwrap_or_else(start).unreadable()
    }

    fn finish(self) -> Result<Verified, Broken> {
        if !self.torn.is_empty() {
            return Err(self.unreadable());
        }
        let verifier = self
            .verifier
            .unwrap_or_else(|| Verifier::after(Head::GENESIS, self.remembered));
        Ok(Verified {
            first: self.first,
            head: verifier.finish()?,
            recoveries: self.recoveries,
        })
    }
}

/// Whether a record says that exactly these bytes were left by a crash.
fn vouches(record: &Record, torn: &[u8]) -> bool {
    let said = |name: &str| record.entry.details.get(name).map(String::as_str);
    record.entry.event == RECOVERED
        && said("bytes") == Some(&torn.len().to_string())
        && said("sha256") == Some(&Hash::of(torn).to_string())
}
