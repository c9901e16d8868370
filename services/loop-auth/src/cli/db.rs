//! `loop-auth db status|migrate|check|backup|restore|copy`.

use std::{
    path::{Path, PathBuf},
    sync::Mutex,
    time::{Duration, Instant},
};

use chrono::TimeDelta;
use clap::{Args, Subcommand};
use loop_oauth::maintenance::{Maintenance, Place, Progress, Purpose, Report};
use loop_shared::service::{
    clock::{Clock as _, SystemClock},
    config::{Problems, secret_or_file},
};
use secrecy::SecretString;

use super::text;
use crate::{
    boot::Opening,
    config::{Database, StoreArgs},
    key_config::KeyArgs,
    signer, store_config,
};

/// How often progress is told.
const TOLD: Duration = Duration::from_secs(1);

/// The command with the settings of the database and of what seals its keys.
#[derive(Args, Debug)]
pub(super) struct OnDatabase {
    #[command(flatten)]
    store: StoreArgs,
    #[command(flatten)]
    keys: KeyArgs,
    #[command(subcommand)]
    command: DatabaseCommand,
}

/// What to do with a database as a whole.
#[derive(Debug, Subcommand)]
enum DatabaseCommand {
    /// Show schema, tables and rows; changes nothing
    Status,
    /// Bring the schema to this version's, as the server does when it starts
    Migrate,
    /// Read everything and check it; of a backup, that it holds what it held when it was taken
    Check {
        /// A backup [default: the configured database]
        file: Option<PathBuf>,
    },
    /// Write everything, as it is at one moment, into a new file; the server runs on
    Backup {
        /// Where to; must not be there
        file: PathBuf,
    },
    /// Put a backup into the configured database, which must be empty
    Restore {
        /// What `loop-auth db backup` wrote, or a plain copy of a SQLite database
        file: PathBuf,
    },
    /// Copy the configured database into another, empty one, of either engine; stop the server first
    Copy(Elsewhere),
}

/// An empty database.
#[expect(clippy::doc_markdown, reason = "these comments are the text of --help")]
#[derive(Args, Debug)]
#[group(required = true, multiple = false)]
struct Elsewhere {
    /// A SQLite file that is not there yet
    #[arg(long, value_name = "PATH")]
    to: Option<PathBuf>,
    /// A PostgreSQL database without tables; better set as a variable or file
    #[arg(
        long,
        env = "TO_DATABASE_URL",
        value_name = "URL",
        hide_env_values = true
    )]
    to_database_url: Option<SecretString>,
    /// File that holds TO_DATABASE_URL
    #[arg(long, env = "TO_DATABASE_URL_FILE", value_name = "PATH")]
    to_database_url_file: Option<PathBuf>,
}

impl Elsewhere {
    fn resolve(&self, problems: &mut Problems) -> Option<Database> {
        if let Some(path) = &self.to {
            return Some(Database::Sqlite(path.clone()));
        }
        let (value, file) = (
            self.to_database_url.as_ref(),
            self.to_database_url_file.as_deref(),
        );
        let url = secret_or_file("TO_DATABASE_URL", value, file, problems)?;
        match store_config::parse(&url, 1) {
            Ok(database) => Some(database),
            Err(wrong) => {
                let fix = "Write it as postgres://user:password@host:5432/database.";
                problems.add("TO_DATABASE_URL", wrong, fix);
                None
            }
        }
    }
}

/// # Errors
/// What is wrong, as one line or more.
pub(super) async fn run(
    on: &OnDatabase,
    maintenance: &dyn Maintenance,
    open: &(dyn Fn(Database) -> Opening + Sync),
) -> Result<(), String> {
    let mut problems = Problems::new();
    let database = on.store.resolve(&mut problems).database;
    // The lifetime of a token matters only for deleting keys, which the server does.
    let keys = on.keys.resolve(TimeDelta::zero(), &mut problems).settings;
    let to = match &on.command {
        DatabaseCommand::Copy(to) => to.resolve(&mut problems),
        _ => None,
    };
    problems.finish().map_err(|problems| text(&problems))?;
    let here = place(&database);
    let said = |error| text(&error);
    match (&on.command, to) {
        (DatabaseCommand::Status, _) => show(&maintenance.status(&here).await.map_err(said)?),
        (DatabaseCommand::Migrate, _) => {
            let before = maintenance.status(&here).await;
            open(database.clone()).await.map_err(said)?;
            let after = maintenance.status(&here).await.map_err(said)?;
            let ran = before.map_or(0, |before| before.pending);
            println!("{ran} migrations run; schema {}", schema(&after));
        }
        (DatabaseCommand::Check { file }, _) => {
            let place = file.as_deref().map_or(here, sqlite);
            let told = Told::default();
            let watch = |progress: Progress<'_>| told.tell(progress);
            show(&maintenance.check(&place, &watch).await.map_err(said)?);
            println!("everything reads as it should");
        }
        (DatabaseCommand::Backup { file }, _) => {
            transfer(maintenance, (&here, &sqlite(file)), Purpose::Backup).await?;
            println!(
                "Keep AUTH_ENCRYPTION_SECRET as well, elsewhere: without it sealed keys do not open. \
                 Check the file where it ends up: loop-auth db check FILE"
            );
        }
        (DatabaseCommand::Restore { file }, _) => {
            transfer(maintenance, (&sqlite(file), &here), Purpose::Restore).await?;
            println!("{}", secrets(open, database, &keys).await?);
        }
        (DatabaseCommand::Copy(_), Some(to)) => {
            transfer(maintenance, (&here, &place(&to)), Purpose::Copy).await?;
            println!("{}", secrets(open, to, &keys).await?);
        }
        (DatabaseCommand::Copy(_), None) => return Err("it is not said where to".to_owned()),
    }
    Ok(())
}

fn place(database: &Database) -> Place {
    match database {
        Database::Sqlite(path) => Place::Sqlite(path.clone()),
        Database::Postgres { url, .. } => Place::Postgres(url.clone()),
    }
}

fn sqlite(file: impl AsRef<Path>) -> Place {
    Place::Sqlite(file.as_ref().to_owned())
}

async fn transfer(
    maintenance: &dyn Maintenance,
    (from, to): (&Place, &Place),
    purpose: Purpose,
) -> Result<(), String> {
    let told = Told::default();
    let since = Instant::now();
    let watch = |progress: Progress<'_>| told.tell(progress);
    let transfer = maintenance.transfer((from, to), purpose, SystemClock.now(), &watch);
    let report = transfer.await.map_err(|error| text(&error))?;
    show(&report);
    let (rows, seconds) = (report.rows(), since.elapsed().as_secs_f64());
    println!("{rows} rows written and read back in {seconds:.1} s; {to}");
    Ok(())
}

/// Whether the keys that were carried over open.
async fn secrets(
    open: &(dyn Fn(Database) -> Opening + Sync),
    database: Database,
    keys: &signer::KeySettings,
) -> Result<String, String> {
    let opened = open(database).await.map_err(|error| text(&error))?;
    let stored = opened.store.signing_keys().await;
    let stored = stored.map_err(|error| text(&error))?;
    for key in &stored {
        signer::opens(key, keys)
            .map_err(|error| format!("everything was carried over, but {error}"))?;
    }
    Ok(format!("{} signing keys open", stored.len()))
}

fn schema(report: &Report) -> String {
    let schema = report
        .schema
        .as_deref()
        .unwrap_or("none: the database is empty");
    match report.pending {
        0 => schema.to_owned(),
        pending => format!("{schema}; {pending} migrations are to be run (loop-auth db migrate)"),
    }
}

fn show(report: &Report) {
    println!("schema {}", schema(report));
    if let Some(taken) = &report.backup {
        println!("backup of {}, by version {}", taken.at, taken.version);
    }
    for (table, rows) in &report.tables {
        println!("{table}\t{rows}");
    }
}

/// Tells how far it is, on standard error, once a second at most.
#[derive(Default)]
struct Told(Mutex<Option<Instant>>);

impl Told {
    fn tell(&self, progress: Progress<'_>) {
        let Ok(mut last) = self.0.lock() else { return };
        let since = last.get_or_insert_with(Instant::now);
        if since.elapsed() >= TOLD {
            *since = Instant::now();
            let Progress {
                step,
                table,
                rows,
                of,
            } = progress;
            eprintln!("{step} {table}: {rows} of {of} rows");
        }
    }
}
