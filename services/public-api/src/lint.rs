//! `public-api lint FOLDER`: what is wrong in a vault, for the vault's own CI.
//!
//! In: a folder, perhaps a schema. Out: a report on standard output or in a file, and an exit status: 0 when nothing is as
//! bad as `--fail-on`, 1 when something is, 2 when the vault or the schema cannot be read. Never: writes into the vault.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use loop_shared::service::{Clock, SystemClock};
use loop_shared::vault::IsoDate;
use loop_vault::lint::{Level, Report, Schema, junit, lint, sarif};
use loop_vault::{Snapshot, Vault, VaultConfig};
use serde::Serialize;

use crate::IDENTITY;
use crate::config::patterns;

/// A vault's own rules stand in this file at its top, unless another is named.
const OWN_SCHEMA: &str = "loop.schema.json";
/// A schema is a page or two.
const MAX_SCHEMA_BYTES: u64 = 1024 * 1024;

/// What `lint` is told.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct LintArgs {
    /// Folder of Markdown notes; it is only read, never written
    #[arg(value_name = "FOLDER")]
    pub folder: PathBuf,
    /// How the report is written
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    /// File for the report instead of standard output
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// JSON Schema of the vault's entities; without it, loop.schema.json at the vault's top, else the built-in rules
    #[arg(long, value_name = "FILE")]
    pub schema: Option<PathBuf>,
    /// Paths that are left out, in the notation of .gitignore, separated by commas or lines
    #[arg(long, env = "VAULT_IGNORE", value_name = "PATTERNS")]
    pub ignore: Option<String>,
    /// From which level on the exit status is 1
    #[arg(long, value_enum, default_value_t = FailOn::Error)]
    pub fail_on: FailOn,
}

/// How a report is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// A line for each finding
    #[default]
    Text,
    /// The same as `GET /api/lint`, all of it
    Json,
    /// SARIF 2.1.0, for code scanners
    Sarif,
    /// `JUnit` XML, for test reports
    Junit,
}

/// From which level on a report is a failure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum FailOn {
    /// Contradictions and broken notes
    #[default]
    Error,
    /// Also what works, but not as it should
    Warning,
    /// Also orphans and stale work
    Advice,
    /// Never
    Nothing,
}

impl FailOn {
    const fn level(self) -> Option<Level> {
        match self {
            Self::Error => Some(Level::Error),
            Self::Warning => Some(Level::Warning),
            Self::Advice => Some(Level::Advice),
            Self::Nothing => None,
        }
    }
}

/// Does it.
#[must_use]
pub fn run(args: &LintArgs) -> ExitCode {
    match checked(args) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("{} lint: {error}", IDENTITY.name);
            ExitCode::from(2)
        }
    }
}

/// Whether the vault passes.
fn checked(args: &LintArgs) -> Result<bool, String> {
    let rules = schema(args.schema.as_deref(), &args.folder)?;
    let config = VaultConfig {
        watch: false,
        ignore: patterns(args.ignore.as_deref()).map_err(|error| format!("--ignore: {error}"))?,
        ..VaultConfig::new(&args.folder)
    };
    let vault = Vault::open(config).map_err(|error| error.to_string())?;
    let snapshot = vault.snapshot();
    let report = lint(&snapshot, &rules, today().as_ref());
    let text = written(&report, &snapshot, args)?;
    match &args.output {
        Some(file) => {
            let inside = file.parent().and_then(|folder| folder.canonicalize().ok());
            let vault = args.folder.canonicalize().ok();
            if inside
                .zip(vault)
                .is_some_and(|(file, vault)| file.starts_with(vault))
            {
                return Err("--output lies in the vault, where nothing is written".to_owned());
            }
            fs::write(file, text).map_err(|error| format!("{}: {error}", file.display()))?;
        }
        None => print!("{text}"),
    }
    Ok(!args.fail_on.level().is_some_and(|level| report.has(level)))
}

fn written(report: &Report, snapshot: &Snapshot, args: &LintArgs) -> Result<String, String> {
    Ok(match args.format {
        Format::Text => {
            let lines = report.findings.iter().map(ToString::to_string);
            let mut text = lines.fold(String::new(), |text, line| {
                text + &line
                    + "
"
            });
            let count = |level| report.by_level.get(&level).copied().unwrap_or_default();
            let [errors, warnings, advice] =
                [Level::Error, Level::Warning, Level::Advice].map(count);
            let notes = snapshot.notes().len();
            let sum = format!(
                "{notes} notes: {errors} errors, {warnings} warnings, {advice} pieces of advice\n"
            );
            text.push_str(&sum);
            text
        }
        Format::Json => pretty(report)?,
        Format::Sarif => pretty(&sarif(report, IDENTITY.version))?,
        Format::Junit => junit(
            report,
            snapshot,
            args.fail_on.level().unwrap_or(Level::Error),
        ),
    })
}

fn pretty(value: &impl Serialize) -> Result<String, String> {
    let text = serde_json::to_string_pretty(value).map_err(|error| error.to_string())?;
    Ok(text + "\n")
}

/// The rules of a vault: the named file, else the vault's own, else those of LOOP.
///
/// # Errors
/// A sentence that names the file and what is wrong with it.
pub(crate) fn schema(named: Option<&Path>, vault: &Path) -> Result<Schema, String> {
    let own = vault.join(OWN_SCHEMA);
    let file = named.or_else(|| {
        fs::symlink_metadata(&own)
            .is_ok_and(|found| found.is_file())
            .then_some(own.as_path())
    });
    let Some(file) = file else {
        return Schema::built_in().map_err(|error| error.to_string());
    };
    let said = |error: &dyn std::fmt::Display| format!("{}: {error}", file.display());
    let size = fs::metadata(file).map_err(|error| said(&error))?.len();
    if size > MAX_SCHEMA_BYTES {
        return Err(said(&"is larger than 1 MiB"));
    }
    let text = fs::read_to_string(file).map_err(|error| said(&error))?;
    Schema::parse(&text).map_err(|error| said(&error))
}

/// Today, in UTC.
pub(crate) fn today() -> Option<IsoDate> {
    IsoDate::parse(&SystemClock.now().format("%Y-%m-%d").to_string())
}
