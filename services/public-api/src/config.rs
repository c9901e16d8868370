//! The settings of public-api: flags and environment variables, read once, every mistake at once.
//!
//! In: arguments and environment. Out: [`Config`], or all [`Problems`]. Never: opens the vault, talks to the issuer.

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use loop_shared::service::config::{
    ServiceIdentity, Warnings, WebLoginArgs, WebLoginConfig, flag, folder, given, list,
    state_folder,
};
use loop_shared::service::{
    Problems, ResourceServerArgs, ResourceServerConfig, ServiceArgs, ServiceConfig,
};
use loop_vault::history::HistoryMode;
use loop_vault::{PatternError, Patterns, Privacy};

use crate::lint::LintArgs;
use crate::view::PrivateReaders;
use crate::webhook::{WebhookArgs, WebhookConfig};

/// The service's name, version and port.
pub const IDENTITY: ServiceIdentity = ServiceIdentity {
    name: "public-api",
    version: env!("CARGO_PKG_VERSION"),
    default_port: 8081,
};

/// Where the resource is, under `EXTERNAL_URL`.
pub const MCP_PATH: &str = "/mcp";
/// Where clients of MCP 2024-11-05 open their stream.
pub(crate) const SSE_PATH: &str = "/sse";

/// What else the program can do.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum Command {
    /// Ask the running service whether it is ready; exit status 0 when it is
    Healthcheck,
    /// Look a vault over, without serving it; exit status 1 when something is wrong
    Lint(LintArgs),
}

/// The LOOP vault as REST and MCP. Every flag is also an environment variable.
#[derive(Clone, Debug, Default, Parser)]
#[command(name = "public-api", version, about)]
pub struct Cli {
    /// What to do; without it, serve.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Settings of every service.
    #[command(flatten)]
    pub service: ServiceArgs,
    /// Settings of every resource server.
    #[command(flatten)]
    pub tokens: ResourceServerArgs,
    /// Folder of Markdown notes; it is only read, never written
    #[arg(long, env = "VAULT_DIR", value_name = "FOLDER", help_heading = "Vault")]
    pub vault_dir: Option<String>,
    /// JSON Schema of the vault's entities; without it, loop.schema.json at the vault's top, else the built-in rules
    #[arg(
        long,
        env = "VAULT_SCHEMA",
        value_name = "FILE",
        help_heading = "Vault"
    )]
    pub vault_schema: Option<PathBuf>,
    /// Paths that are kept out altogether, in the notation of .gitignore, separated by commas or lines
    #[arg(
        long,
        env = "VAULT_IGNORE",
        value_name = "PATTERNS",
        help_heading = "Vault"
    )]
    pub vault_ignore: Option<String>,
    /// Paths whose notes are private, as `visibility: private` in a note makes it; in the notation of .gitignore
    #[arg(
        long,
        env = "VAULT_PRIVATE",
        value_name = "PATTERNS",
        help_heading = "Vault"
    )]
    pub vault_private: Option<String>,
    /// Who sees private notes, such as role:exec,scope:mcp:exec; without it, nobody
    #[arg(
        long,
        env = "VAULT_PRIVATE_READERS",
        value_name = "LIST",
        help_heading = "Vault"
    )]
    pub vault_private_readers: Option<String>,
    /// Whether the past is told when the vault is a git checkout: own (when the checkout is this user's), trusted (whoever owns it) or off [default: own]
    #[arg(
        long,
        env = "VAULT_HISTORY",
        value_name = "WHICH",
        help_heading = "Vault"
    )]
    pub vault_history: Option<String>,
    /// Folder for what must survive a restart, outside of the vault; without it every note is read at each start, and the change feed begins anew
    #[arg(long, env = "STATE_DIR", value_name = "FOLDER", help_heading = "Vault")]
    pub state_dir: Option<String>,
    /// Settings of the webhook.
    #[command(flatten)]
    pub webhook: WebhookArgs,
    /// Whether clients of MCP 2024-11-05 are served too, by a stream at /sse [default: false]
    #[arg(long, env = "LEGACY_SSE", value_name = "BOOL", help_heading = "MCP")]
    pub legacy_sse: Option<String>,
    /// Settings of the pages' login.
    #[command(flatten)]
    pub web: WebLoginArgs,
}

/// The checked settings.
#[derive(Clone, Debug)]
pub struct Config {
    /// Settings of every service.
    pub service: ServiceConfig,
    /// Settings of every resource server.
    pub tokens: ResourceServerConfig,
    /// The vault's folder.
    pub vault_dir: PathBuf,
    /// The schema's file, when one is named.
    pub vault_schema: Option<PathBuf>,
    /// What is kept out altogether.
    pub vault_ignore: Patterns,
    /// Which notes are private.
    pub vault_private: Privacy,
    /// Who sees them.
    pub private_readers: PrivateReaders,
    /// Whether the past is told.
    pub vault_history: HistoryMode,
    /// Where the service's own files are kept, if anywhere.
    pub state_dir: Option<PathBuf>,
    /// Who is told of changes, if anybody.
    pub(crate) webhook: Option<WebhookConfig>,
    /// Whether the transport of MCP 2024-11-05 is served too.
    pub legacy_sse: bool,
    /// Settings of the pages' login.
    pub web: WebLoginConfig,
}

impl Cli {
    /// Checks everything.
    ///
    /// # Errors
    /// [`Problems`] lists every mistake with its variable and what to do.
    pub fn resolve(&self) -> Result<(Config, Warnings), Problems> {
        let mut problems = Problems::new();
        let service = self.service.resolve(IDENTITY, &mut problems);
        let tokens = self.tokens.resolve(&service, MCP_PATH, &mut problems);
        let vault_dir = folder(
            "VAULT_DIR",
            self.vault_dir.as_deref(),
            "Point it at the folder of Markdown notes.",
            &mut problems,
        );
        let vault_ignore = checked("VAULT_IGNORE", self.vault_ignore.as_deref(), &mut problems);
        let vault_private = Privacy {
            folders: checked(
                "VAULT_PRIVATE",
                self.vault_private.as_deref(),
                &mut problems,
            ),
        };
        let readers = list(self.vault_private_readers.as_deref());
        let private_readers = PrivateReaders::read("VAULT_PRIVATE_READERS", readers, &mut problems);
        let vault_history = match given(self.vault_history.as_deref()) {
            None | Some("own") => HistoryMode::Own,
            Some("trusted") => HistoryMode::Trusted,
            Some("off") => HistoryMode::Off,
            Some(other) => {
                let wrong = format!("{other:?} is none of own, trusted, off");
                problems.add("VAULT_HISTORY", wrong, "Use one of them.");
                HistoryMode::Off
            }
        };
        let state_dir = self.state_dir.as_deref();
        let state_dir = state_folder("STATE_DIR", state_dir, &vault_dir, &mut problems);
        let webhook = self.webhook.resolve(state_dir.as_deref(), &mut problems);
        let legacy_sse = flag("LEGACY_SSE", self.legacy_sse.as_deref(), &mut problems);
        let web = self.web.resolve(&mut problems);
        let warnings = problems.finish()?;
        Ok((
            Config {
                service,
                tokens,
                vault_dir,
                vault_schema: self.vault_schema.clone(),
                vault_ignore,
                vault_private,
                private_readers,
                state_dir,
                vault_history,
                webhook,
                legacy_sse,
                web,
            },
            warnings,
        ))
    }
}

/// Patterns, separated by commas or lines.
pub(crate) fn patterns(value: Option<&str>) -> Result<Patterns, PatternError> {
    let lines = value.unwrap_or_default().split([',', '\n']);
    Patterns::parse(lines.map(str::trim))
}

fn checked(variable: &str, value: Option<&str>, problems: &mut Problems) -> Patterns {
    patterns(value).unwrap_or_else(|error| {
        let fix = "Write paths as in a .gitignore: /drafts/, *.tmp.md, hr/**.";
        problems.add(variable, error.to_string(), fix);
        Patterns::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::Format;

    #[test]
    fn a_vault_is_needed_and_everything_else_has_a_default() {
        let folder = tempfile::tempdir().unwrap();
        let cli = Cli {
            vault_dir: Some(folder.path().display().to_string()),
            ..Cli::default()
        };
        let (config, warnings) = cli.resolve().unwrap();
        assert_eq!((config.service.port, warnings.len()), (8081, 0));
        assert_eq!(config.tokens.resource, "http://localhost:8082/mcp");
        assert_eq!(config.vault_dir, folder.path());
    }

    #[test]
    fn mistakes_of_all_parts_are_reported_together() {
        let mut cli = Cli {
            vault_dir: Some("/no/such/folder".to_owned()),
            ..Cli::default()
        };
        cli.service.port = Some("http".to_owned());
        cli.tokens.role_bypass = Some("boss".to_owned());
        cli.vault_ignore = Some("a[b".to_owned());
        cli.vault_private = Some("/fine/,c[d".to_owned());
        cli.vault_private_readers = Some("boss".to_owned());
        let problems = cli.resolve().unwrap_err();
        let named: Vec<_> = problems
            .as_slice()
            .iter()
            .map(|problem| problem.variable.as_str())
            .collect();
        assert_eq!(
            named,
            [
                "PORT",
                "ROLE_BYPASS",
                "VAULT_DIR",
                "VAULT_IGNORE",
                "VAULT_PRIVATE",
                "VAULT_PRIVATE_READERS"
            ]
        );
    }

    #[test]
    fn the_state_folder_lies_outside_of_the_vault() {
        let folder = tempfile::tempdir().unwrap();
        let vault = folder.path().join("vault");
        std::fs::create_dir(&vault).unwrap();
        for (state, fine) in [
            ("state", true),
            ("vault", false),
            ("vault/.state", false),
            ("vault/a/b", false),
            ("vault2/a", true),
        ] {
            let cli = Cli {
                vault_dir: Some(vault.display().to_string()),
                state_dir: Some(folder.path().join(state).display().to_string()),
                ..Cli::default()
            };
            assert_eq!(cli.resolve().is_ok(), fine, "{state}");
        }
    }

    #[test]
    fn flags_and_subcommands_are_consistent() {
        use clap::CommandFactory;
        Cli::command().debug_assert();
        let cli = Cli::try_parse_from(["public-api", "--port", "9", "healthcheck"]).unwrap();
        assert_eq!(
            (cli.command, cli.service.port.as_deref()),
            (Some(Command::Healthcheck), Some("9"))
        );
        let cli =
            Cli::try_parse_from(["public-api", "lint", "notes", "--format", "sarif"]).unwrap();
        let Some(Command::Lint(args)) = cli.command else {
            panic!("no lint")
        };
        assert_eq!(
            (args.folder, args.format),
            (PathBuf::from("notes"), Format::Sarif)
        );
    }
}
