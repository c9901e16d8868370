//! The settings of public-api: flags and environment variables, read once, every mistake at once.
//!
//! In: arguments and environment. Out: [`Config`], or all [`Problems`]. Never: opens the vault, talks to the issuer.

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use loop_shared::service::config::{ServiceIdentity, Warnings, folder};
use loop_shared::service::{
    Problems, ResourceServerArgs, ResourceServerConfig, ServiceArgs, ServiceConfig,
};

use crate::lint::LintArgs;

/// The service's name, version and port.
pub const IDENTITY: ServiceIdentity = ServiceIdentity {
    name: "public-api",
    version: env!("CARGO_PKG_VERSION"),
    default_port: 8081,
};

/// Where the resource is, under `EXTERNAL_URL`.
pub const MCP_PATH: &str = "/mcp";

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
        let warnings = problems.finish()?;
        Ok((
            Config {
                service,
                tokens,
                vault_dir,
                vault_schema: self.vault_schema.clone(),
            },
            warnings,
        ))
    }
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
        let problems = cli.resolve().unwrap_err();
        let named: Vec<_> = problems
            .as_slice()
            .iter()
            .map(|problem| problem.variable.as_str())
            .collect();
        assert_eq!(named, ["PORT", "ROLE_BYPASS", "VAULT_DIR"]);
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
