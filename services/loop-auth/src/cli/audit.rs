//! `loop-auth audit verify|export|head`.

use std::{
    fs::File,
    io::{self, IsTerminal as _, Write},
    path::PathBuf,
};

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use clap::{Args, Subcommand, ValueEnum};
use loop_oauth::store::{AuditFilter, Store, StoreError};
use loop_shared::audit::{Broken, Fault, Head, Record, Verifier, csv};

use super::text;

/// Records that are read at once.
const CHUNK: u64 = 2_000;
/// After how many records progress is told.
const TOLD_EVERY: u64 = 100_000;

/// What to do with the audit log.
#[derive(Debug, Subcommand)]
pub(super) enum AuditCommand {
    /// Check the whole chain; exits 1 at the first record that was changed, taken out, put in, moved or cut off
    Verify {
        /// A head of an earlier day: finds a log that was written anew or cut off since
        #[arg(long, value_name = "NUMBER:HASH")]
        head: Option<Head>,
    },
    /// Print the head: keep it where whoever may change the database cannot
    Head,
    /// Write records out, oldest first
    Export(Export),
}

/// Which records, and how.
#[derive(Args, Debug)]
pub(super) struct Export {
    /// How: jsonl (verifiable) or csv (for a spreadsheet; cells that look like formulas are disarmed)
    #[arg(long, value_enum, default_value = "jsonl")]
    format: Format,
    /// From this moment on: 2026-01-31 or 2026-01-31T09:00:00Z
    #[arg(long, value_parser = moment)]
    from: Option<DateTime<Utc>>,
    /// Before this moment
    #[arg(long, value_parser = moment)]
    to: Option<DateTime<Utc>>,
    /// Only this event
    #[arg(long)]
    event: Option<String>,
    /// Only what was done by or to: user:<id>, operator, …
    #[arg(long)]
    who: Option<String>,
    /// Only this client
    #[arg(long)]
    client: Option<String>,
    /// The file to write, which must not be there yet [default: standard output]
    #[arg(long, value_name = "PATH")]
    output: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Jsonl,
    Csv,
}

pub(super) async fn run(store: &dyn Store, command: AuditCommand) -> Result<(), String> {
    match command {
        AuditCommand::Verify { head } => {
            let verified = verify(store, head).await.map_err(|error| text(&error))?;
            println!("whole: {} records", verified.seq);
            println!("head: {verified}");
        }
        AuditCommand::Head => {
            let head = store.audit_head().await.map_err(|error| text(&error))?;
            println!("{head}");
        }
        AuditCommand::Export(export) => {
            let wrote = export.run(store).await?;
            eprintln!("{wrote} records written");
        }
    }
    Ok(())
}

/// Why a log is not whole.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotWhole {
    /// A record does not fit.
    #[error("the audit log was tampered with: {0}")]
    Broken(#[from] Broken),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Checks the chain up to where it ends now, against the stored head and one that somebody remembers.
///
/// # Errors
/// [`NotWhole`].
pub(crate) async fn verify(store: &dyn Store, remembered: Option<Head>) -> Result<Head, NotWhole> {
    let stored = store.audit_head().await?;
    let mut verifier = Verifier::after(Head::GENESIS, remembered);
    let mut progress = Progress::default();
    loop {
        let seq = verifier.head().seq;
        let records = match store.audit_after(seq, CHUNK).await {
            Err(StoreError::Corrupt { .. }) => one_by_one(store, &mut verifier).await?,
            records => records?,
        };
        if records.is_empty() {
            break;
        }
        for record in &records {
            verifier.check(record)?;
        }
        progress.at(verifier.head().seq);
    }
    let head = verifier.finish()?;
    let fault = if head.seq < stored.seq {
        Fault::CutOff { to: stored.seq }
    } else if head.seq == stored.seq && head.hash != stored.hash {
        Fault::Rewritten
    } else {
        return Ok(head);
    };
    let seq = head.seq + u64::from(head.seq < stored.seq);
    Err(Broken { seq, fault }.into())
}

/// Finds which of the next records cannot be read.
async fn one_by_one(store: &dyn Store, verifier: &mut Verifier) -> Result<Vec<Record>, NotWhole> {
    loop {
        match store.audit_after(verifier.head().seq, 1).await {
            Ok(records) if records.is_empty() => return Ok(records),
            Ok(records) => records
                .iter()
                .try_for_each(|record| verifier.check(record))?,
            Err(StoreError::Corrupt { .. }) => return Err(verifier.unreadable().into()),
            Err(error) => return Err(error.into()),
        }
    }
}

impl Export {
    async fn run(self, store: &dyn Store) -> Result<u64, String> {
        let filter = AuditFilter {
            event: self.event,
            who: self.who,
            client: self.client,
            from: self.from,
            to: self.to,
        };
        let mut out: Box<dyn Write> = match &self.output {
            Some(path) => {
                let file = File::create_new(path);
                let file = file.map_err(|error| format!("{}: {error}", path.display()))?;
                Box::new(io::BufWriter::new(file))
            }
            None => Box::new(io::BufWriter::new(io::stdout())),
        };
        write(store, &filter, self.format, &mut *out).await
    }
}

async fn write(
    store: &dyn Store,
    filter: &AuditFilter,
    format: Format,
    out: &mut dyn Write,
) -> Result<u64, String> {
    let broken = |error: io::Error| format!("the records cannot be written: {error}");
    if format == Format::Csv {
        out.write_all(csv::HEADER.as_bytes()).map_err(broken)?;
    }
    let (mut seq, mut wrote, mut progress) = (0, 0, Progress::default());
    loop {
        let records = store.audit_after(seq, CHUNK).await;
        let records = records.map_err(|error| text(&error))?;
        let Some(last) = records.last() else { break };
        seq = last.seq;
        for record in records.iter().filter(|record| filter.has(record)) {
            let line = match format {
                Format::Csv => csv::line(record),
                Format::Jsonl => record.to_line().map_err(|error| text(&error))? + "\n",
            };
            out.write_all(line.as_bytes()).map_err(broken)?;
            wrote += 1;
        }
        progress.at(seq);
    }
    out.flush().map_err(broken)?;
    Ok(wrote)
}

/// Tells a person at a terminal how far it is.
#[derive(Default)]
struct Progress(u64);

impl Progress {
    fn at(&mut self, seq: u64) {
        if seq / TOLD_EVERY > self.0 / TOLD_EVERY && io::stderr().is_terminal() {
            eprintln!("{seq} records …");
        }
        self.0 = seq;
    }
}

/// A day (its beginning, UTC) or a moment.
fn moment(text: &str) -> Result<DateTime<Utc>, String> {
    if let Ok(day) = text.parse::<NaiveDate>() {
        return Ok(day.and_time(NaiveTime::MIN).and_utc());
    }
    let moment = DateTime::parse_from_rfc3339(text);
    moment
        .map(|moment| moment.to_utc())
        .map_err(|_| "write a moment as 2026-01-31 or 2026-01-31T09:00:00Z".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_a_day_or_a_time_with_its_zone() {
        for (text, expected) in [
            ("2026-01-31", Some("2026-01-31T00:00:00+00:00")),
            (
                "2026-01-31T09:00:00+09:00",
                Some("2026-01-31T00:00:00+00:00"),
            ),
            ("2026-01-31T09:00:00", None),
            ("yesterday", None),
            ("2026-02-30", None),
        ] {
            let got = moment(text).ok().map(|moment| moment.to_rfc3339());
            assert_eq!(got.as_deref(), expected, "{text}");
        }
    }
}
