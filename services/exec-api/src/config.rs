//! The settings of exec-api: flags and environment variables, read once, every mistake at once.
//!
//! In: arguments and environment. Out: [`Config`], or all [`Problems`]. Never: opens the vault, talks to the issuer.

use std::path::PathBuf;

use clap::Parser;
use loop_shared::resource_server::Command;
use loop_shared::service::config::{
    ServiceIdentity, Warnings, WebLoginArgs, WebLoginConfig, folder, given, state_folder,
};
use loop_shared::service::{
    Problems, ResourceServerArgs, ResourceServerConfig, ServiceArgs, ServiceConfig,
};

use crate::kpi_config::{KpiArgs, KpiConfig};

/// The service's name, version and port.
pub const IDENTITY: ServiceIdentity = ServiceIdentity {
    name: "exec-api",
    version: env!("CARGO_PKG_VERSION"),
    default_port: 8084,
};

/// Where the resource is, under `EXTERNAL_URL`.
pub const MCP_PATH: &str = "/exec/mcp";

/// The Exec vault as REST and MCP. Every flag is also an environment variable.
#[derive(Clone, Debug, Default, Parser)]
#[command(name = "exec-api", version, about)]
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
    #[arg(
        long = "exec-vault-dir",
        env = "EXEC_VAULT_DIR",
        value_name = "FOLDER",
        help_heading = "Vault"
    )]
    pub vault_dir: Option<String>,
    /// Folder for what must survive a restart, outside of the vault; without it every note is read at each start
    #[arg(
        long = "exec-state-dir",
        env = "EXEC_STATE_DIR",
        value_name = "FOLDER",
        help_heading = "Vault"
    )]
    pub state_dir: Option<String>,
    /// File that records every exec answer in a hash chain: who, client, what, which notes; it is created
    #[arg(
        long,
        env = "EXEC_AUDIT_PATH",
        value_name = "PATH",
        help_heading = "Vault"
    )]
    pub exec_audit_path: Option<String>,
    /// Settings of KPI analytics.
    #[command(flatten)]
    pub kpi: KpiArgs,
    /// Settings of the dashboard's login.
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
    /// Where the vault's own files are kept, if anywhere.
    pub state_dir: Option<PathBuf>,
    /// The file of the access audit.
    pub audit: Option<PathBuf>,
    /// Settings of KPI analytics.
    pub kpi: KpiConfig,
    /// Settings of the dashboard's login.
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
            "EXEC_VAULT_DIR",
            self.vault_dir.as_deref(),
            "Point it at the folder of Markdown notes.",
            &mut problems,
        );
        let state_dir = self.state_dir.as_deref();
        let state_dir = state_folder("EXEC_STATE_DIR", state_dir, &vault_dir, &mut problems);
        let audit = given(self.exec_audit_path.as_deref()).map(PathBuf::from);
        if audit.is_none() {
            let wrong = "is not set, so exec answers are recorded in the service's log alone";
            let fix = "Name a file on a disk that stays.";
            problems.warn("EXEC_AUDIT_PATH", wrong, fix);
        }
        let kpi = self.kpi.resolve(&mut problems);
        let web = self.web.resolve(&mut problems);
        let warnings = problems.finish()?;
        Ok((
            Config {
                service,
                tokens,
                vault_dir,
                state_dir,
                audit,
                kpi,
                web,
            },
            warnings,
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vault_is_needed_and_everything_else_has_a_default() {
        let folder = tempfile::tempdir().unwrap();
        let cli = Cli {
            vault_dir: Some(folder.path().display().to_string()),
            ..Cli::default()
        };
        let (config, warnings) = cli.resolve().unwrap();
        assert_eq!((config.service.port, warnings.len()), (8084, 1));
        assert_eq!(config.tokens.resource, "http://localhost:8082/exec/mcp");
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
        assert_eq!(named, ["PORT", "ROLE_BYPASS", "EXEC_VAULT_DIR"]);
    }

    #[test]
    fn flags_and_subcommands_are_consistent() {
        use clap::CommandFactory;
        Cli::command().debug_assert();
        let cli = Cli::try_parse_from(["exec-api", "--port", "9", "healthcheck"]).unwrap();
        assert_eq!(
            (cli.command, cli.service.port.as_deref()),
            (Some(Command::Healthcheck), Some("9"))
        );
    }
}
