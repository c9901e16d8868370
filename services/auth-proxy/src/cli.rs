//! The command line: what is asked for, and what must never be said there.
//!
//! In: the arguments of this process. Out: an exit code. Never: a secret in an argument, where `ps` shows it.

use std::process::ExitCode;

use clap::parser::ValueSource;
use clap::{ArgMatches, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use loop_auth::boot::Opening;
use loop_auth::config::Database;
use loop_auth::federation_config::FederationArgs;
use loop_shared::audit::{Head, verify_files};
use loop_shared::resource_server::{self, exit_code};
use loop_shared::service::config::Problems;

use crate::add::{AddArgs, add};
use crate::boot;
use crate::config::{IDENTITY, ProxyArgs};
use crate::connections_config::providers;
use crate::rekey::rekey;
use crate::server_config::ServerArgs;
use crate::tls::{self, TlsArgs};

/// Flags that hold secrets, and the variables to use instead. `--password` is for this machine alone.
const SECRETS: [(&str, &str); 6] = [
    ("auth_encryption_secret", "AUTH_ENCRYPTION_SECRET"),
    ("database_url", "DATABASE_URL"),
    ("redis_url", "REDIS_URL"),
    ("google_client_secret", "GOOGLE_CLIENT_SECRET"),
    ("github_client_secret", "GITHUB_CLIENT_SECRET"),
    ("oidc_client_secret", "OIDC_CLIENT_SECRET"),
];

const ABOUT: &str = "\
A login in front of any MCP server.

auth-proxy runs an MCP server (or speaks to one that runs already) and lets in only people who signed in. Clients such
as Claude, ChatGPT or an IDE find the login by themselves: they are refused with the address of the authorization
server, register there, and send their user's browser to its login page. The server behind stays as it is and never
sees a token.";

const EXAMPLES: &str = "\
EXAMPLES
  A server from npm, with everything inside, for this machine:
    auth-proxy --external-url http://localhost:8080 --password changeme -- \\
        npx -y @modelcontextprotocol/server-filesystem ./

  The same for others, with a certificate of Let's Encrypt (or without TLS=acme, behind a TLS proxy):
    PASSWORD_FILE=/run/secrets/password AUTH_ENCRYPTION_SECRET_FILE=/run/secrets/key \\
    TLS=acme TLS_ACCEPT_TOS=true BIND_ADDRESS=0.0.0.0 \\
    auth-proxy --external-url https://mcp.example.com -- npx -y @modelcontextprotocol/server-filesystem /srv/files

  A server that runs already, behind Loop's central login:
    auth-proxy --external-url https://mcp.example.com --issuer https://loop.example.com \\
        --server-url http://10.0.0.5:9000/mcp
  (RESOURCES of loop-auth must list https://mcp.example.com/mcp=mcp:read; pages and people's accounts also want its
  WEB_CLIENTS and WEB_SECRET_FILE here: docs/connections.md.)

  A server for people's own mail, asked for step by step:
    auth-proxy add gmail

  Many servers, each at /<name>/mcp; `auth-proxy check mcp_servers.json` finds every mistake with its line:
    auth-proxy --external-url http://localhost:8080 --password changeme --config mcp_servers.json

WHAT A COMMAND GETS
  PATH, HOME, LANG and the like, and the variables of PASS_ENV; nothing else of this environment. No shell reads it.
  Each user has a process of their own, in a process group of its own; it is ended after CHILD_IDLE_SECONDS, when it
  takes more than CHILD_MEMORY_MB or CHILD_PROCESSES, and with the proxy, however that ends.

SECRETS
  Never on the command line, where ps shows them to everybody on this machine: set the variable, or NAME_FILE with
  the path of a file that holds the secret. --password is the exception, for trying things out.

FILES
  DATA_DIR/auth-proxy.db      users, clients, grants and signing keys of the login inside; it survives restarts
  DATA_DIR/connections.db     people's own accounts, their tokens encrypted
  DATA_DIR/tls                certificates that the proxy got or made itself, with their keys
  DATA_DIR/auth-proxy.secret  under which sessions are signed, unless AUTH_ENCRYPTION_SECRET is set

More: docs/auth-proxy.md";

/// A login in front of any MCP server.
#[derive(Debug, Parser)]
#[command(
    name = "auth-proxy",
    version,
    about = "A login in front of any MCP server",
    long_about = ABOUT,
    after_long_help = EXAMPLES,
    args_conflicts_with_subcommands = true,
    disable_help_subcommand = true
)]
pub struct Cli {
    /// Without a command: serve.
    #[command(subcommand)]
    command: Option<Task>,
    /// The settings.
    #[command(flatten)]
    proxy: ProxyArgs,
    /// The MCP server's program and its arguments
    #[arg(last = true, value_name = "COMMAND")]
    server: Vec<String>,
}

/// What else the program can do.
#[derive(Debug, Subcommand)]
enum Task {
    /// Ask the running proxy whether it is ready; exits 0 or 1
    Healthcheck(Box<ProxyArgs>),
    /// Read a file of servers and report every mistake with its line; exits 0 or 1
    Check {
        /// The file, such as `mcp_servers.json`
        file: String,
        /// Who keeps people's accounts.
        #[command(flatten)]
        federation: Box<FederationArgs>,
        /// TLS.
        #[command(flatten)]
        tls: Box<TlsArgs>,
    },
    /// Ask for what a server needs, show the addresses to register, write entry, variables and compose service
    Add(AddArgs),
    /// Encrypt everybody's tokens and the login's keys anew, with the first of several secrets
    /// (`AUTH_ENCRYPTION_SECRET=new,old`, or the lines of its file)
    Rekey(Box<ProxyArgs>),
    /// Check the record of calls: exits 1 at the first that was changed, taken out, put in or moved
    Audit {
        /// A head of an earlier day: finds a log that was cut off or written anew since
        #[arg(long, value_name = "NUMBER:HASH")]
        head: Option<Head>,
        /// The settings.
        #[command(flatten)]
        args: Box<ProxyArgs>,
    },
}

/// Runs the command line of this process with stores opened by `open`.
pub fn main(open: &(dyn Fn(Database) -> Opening + Sync)) -> ExitCode {
    let matches = Cli::command().get_matches();
    if let Some(why) = secret_on_the_command_line(&matches) {
        eprintln!("auth-proxy: {why}");
        return ExitCode::from(2);
    }
    let cli = match Cli::from_arg_matches(&matches) {
        Ok(cli) => cli,
        Err(error) => error.exit(),
    };
    if let Some(Task::Healthcheck(args)) = &cli.command {
        return healthcheck(args);
    }
    match &cli.command {
        Some(Task::Check {
            file,
            federation,
            tls,
        }) => return check(file, federation, tls),
        Some(Task::Add(args)) => return ask(args),
        Some(Task::Rekey(args)) => return rekey_all(args, open),
        Some(Task::Audit { head, args }) => return audit(*head, args),
        Some(Task::Healthcheck(_)) | None => {}
    }
    match boot::run(&cli.proxy, &cli.server, open) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("auth-proxy: {problem}");
            ExitCode::FAILURE
        }
    }
}

/// `auth-proxy healthcheck`.
fn healthcheck(args: &ProxyArgs) -> ExitCode {
    let Some((address, port)) = args.tls_address() else {
        let asked = resource_server::healthcheck(&args.service, IDENTITY);
        return exit_code(IDENTITY, asked);
    };
    match tls::ask(address, port) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("auth-proxy: {why}");
            ExitCode::FAILURE
        }
    }
}

/// `auth-proxy check`.
fn check(file: &str, federation: &FederationArgs, tls: &TlsArgs) -> ExitCode {
    let mut problems = Problems::new();
    let providers = providers(federation, &mut problems);
    tls.check(&mut problems);
    let servers = problems.finish().and_then(|warnings| {
        for warning in &warnings {
            eprintln!("{warning}");
        }
        ServerArgs::check(file, &providers)
    });
    match servers {
        Ok(servers) => {
            for server in &servers {
                println!("{}  {}  {}", server.path(), server.kind(), server.scopes());
            }
            ExitCode::SUCCESS
        }
        Err(problems) => {
            for problem in problems.as_slice() {
                eprintln!("{problem}");
            }
            eprintln!("auth-proxy: mistakes: {}", problems.as_slice().len());
            ExitCode::FAILURE
        }
    }
}

/// `auth-proxy rekey`.
fn rekey_all(args: &ProxyArgs, open: &(dyn Fn(Database) -> Opening + Sync)) -> ExitCode {
    let done = match rekey(args, open) {
        Ok(done) => done,
        Err(problem) => {
            eprintln!("auth-proxy: {problem}");
            return ExitCode::FAILURE;
        }
    };
    let (connections, login, shut) = (done.connections, done.login, done.shut);
    let anew =
        format!("{connections} connections and {login} secrets of the login were encrypted anew");
    if shut == 0 {
        println!("{anew}; all open with the first secret alone.");
        return ExitCode::SUCCESS;
    }
    eprintln!(
        "auth-proxy: {anew}; {shut} open with none of the secrets. Add theirs to AUTH_ENCRYPTION_SECRET, or let those \
         people connect again."
    );
    ExitCode::FAILURE
}

/// `auth-proxy add`.
fn ask(args: &AddArgs) -> ExitCode {
    let (mut answers, mut says) = (std::io::stdin().lock(), std::io::stdout().lock());
    match add(args, &mut answers, &mut says) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("\nauth-proxy: {problem}");
            ExitCode::FAILURE
        }
    }
}

/// `auth-proxy audit`.
fn audit(remembered: Option<Head>, args: &ProxyArgs) -> ExitCode {
    let Some(path) = args.audit_file() else {
        eprintln!("auth-proxy: AUDIT_FILE is off");
        return ExitCode::FAILURE;
    };
    match verify_files(&path, remembered, |_| {}) {
        Ok(Ok(verified)) => {
            let whole = verified.head.seq.saturating_sub(verified.first) + 1;
            println!("whole: {whole} records\nhead: {}", verified.head);
            ExitCode::SUCCESS
        }
        Ok(Err(broken)) => {
            eprintln!("auth-proxy: the record of calls was tampered with: {broken}");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("auth-proxy: {}: {error}", path.display());
            ExitCode::FAILURE
        }
    }
}

/// Why the command line is refused.
fn secret_on_the_command_line(matches: &ArgMatches) -> Option<String> {
    let told = |id: &&(&str, &str)| matches.value_source(id.0) == Some(ValueSource::CommandLine);
    let (id, variable) = SECRETS.iter().find(told)?;
    let flag = id.replace('_', "-");
    Some(format!(
        "--{flag} is refused: everybody on this machine can read a command line (ps, /proc), and shells keep it in \
         their history. Set the variable {variable}, or {variable}_FILE with the path of a file that holds it."
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed_and_the_server_keeps_its_own_flags() {
        Cli::command().debug_assert();
        let line = [
            "auth-proxy",
            "--password",
            "changeme",
            "--",
            "npx",
            "-y",
            "--help",
        ];
        let cli = Cli::try_parse_from(line).unwrap();
        assert_eq!(cli.server, ["npx", "-y", "--help"]);
    }

    #[test]
    fn secrets_on_the_command_line_are_refused_with_the_reason() {
        for (flag, refused) in [
            ("--auth-encryption-secret", true),
            ("--database-url", true),
            ("--redis-url", true),
            ("--password", false),
            ("--auth-encryption-secret-file", false),
        ] {
            let line = ["auth-proxy", flag, "s3cret", "--", "x"];
            let matches = Cli::command().try_get_matches_from(line).unwrap();
            let why = secret_on_the_command_line(&matches);
            assert_eq!(why.is_some(), refused, "{flag}");
            if let Some(why) = why {
                assert!(why.contains("_FILE") && !why.contains("s3cret"), "{why}");
            }
        }
    }

    #[test]
    fn the_manual_names_every_part() {
        let help = Cli::command().render_long_help().to_string();
        for part in [
            "EXAMPLES",
            "SECRETS",
            "FILES",
            "--password",
            "CHILD_MEMORY_MB",
            "npx -y",
            "[COMMAND]",
        ] {
            assert!(help.contains(part), "{part}");
        }
    }
}
