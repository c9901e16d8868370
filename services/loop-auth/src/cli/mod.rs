//! Commands: `serve` (the default), `user …`, `client …`, `keys …`, `audit …`, `db …`, `doctor`, `healthcheck`.
//!
//! In: a command line. Out: an exit code; results on standard output, problems on standard error.
//! Never: a password in an argument.

mod audit;
mod client;
mod db;
mod doctor;
mod grant;
mod invitation;
mod keys;
mod password;
mod user;

use std::{process::ExitCode, sync::Arc};

use chrono::TimeDelta;
use clap::{Args, Parser, Subcommand};
use loop_oauth::{
    account::AccountRules,
    client_metadata_document::{DocumentRules, NoDocuments},
    config::{Context, Issuer, Rules},
    device::DeviceRules,
    dpop::DpopRules,
    entropy::OsEntropy,
    federation::FederationRules,
    login::Passwords,
    maintenance::Maintenance,
    par::ParRules,
    pkce_phase::PkceRules,
    register::RegistrationRules,
    resource::Resources,
    sign_in::limits::SignInLimits,
};
use loop_shared::service::{
    ServiceArgs, Shutdown,
    clock::{Clock as _, SystemClock},
    config::Problems,
    healthcheck, telemetry,
};

use crate::{
    audit::of_operator,
    boot::{self, Opened, Opening},
    config::{Database, IDENTITY, ServeArgs, StoreArgs},
};

/// Loop's OAuth 2.1 authorization server.
#[derive(Debug, Parser)]
#[command(
    name = "loop-auth",
    version,
    args_conflicts_with_subcommands = true,
    disable_help_subcommand = true
)]
pub struct Cli {
    /// Without a command: serve.
    #[command(subcommand)]
    command: Option<Command>,
    /// The settings of `serve`.
    #[command(flatten)]
    serve: ServeArgs,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server
    Serve(Box<ServeArgs>),
    /// Add, list, disable users, set their passwords and roles
    User(On<user::UserCommand>),
    /// Add, change, list and remove clients, revoke what they were granted
    Client(On<client::ClientCommand>),
    /// List and end what users granted to clients
    Grant(On<grant::GrantCommand>),
    /// Invite people, reset passwords, take links back
    Invitation(On<invitation::InvitationCommand>),
    /// List and rotate signing keys
    Keys(Box<keys::OnKeys>),
    /// Verify and export the audit log
    Audit(On<audit::AuditCommand>),
    /// Show, migrate, check, back up, restore and copy the database
    Db(Box<db::OnDatabase>),
    /// Look at the deployment from inside and outside and say what to do; exits 1 when something does not work
    Doctor(Box<doctor::OnDoctor>),
    /// Ask the running server whether it is ready; exits 0 or 1
    Healthcheck(ServiceArgs),
}

/// A command on the store.
#[derive(Args, Debug)]
struct On<C: Subcommand> {
    #[command(flatten)]
    store: StoreArgs,
    #[command(subcommand)]
    command: C,
}

/// What commands on the store work with.
struct Desk {
    opened: Opened,
    rules: Rules,
    passwords: Arc<dyn Passwords>,
}

impl Desk {
    fn cx(&self) -> Context<'_> {
        Context {
            rules: &self.rules,
            store: &*self.opened.store,
            entropy: &OsEntropy,
            documents: &NoDocuments,
            now: SystemClock.now(),
        }
    }
}

/// Runs the command line of this process with stores opened by `open`, and databases looked after by `maintenance`.
pub async fn run(
    open: &(dyn Fn(Database) -> Opening + Sync),
    maintenance: &dyn Maintenance,
) -> ExitCode {
    let cli = Cli::parse();
    let command = cli
        .command
        .unwrap_or_else(|| Command::Serve(Box::new(cli.serve)));
    match dispatch(command, open, maintenance).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("loop-auth: {problem}");
            ExitCode::FAILURE
        }
    }
}

async fn dispatch(
    command: Command,
    open: &(dyn Fn(Database) -> Opening + Sync),
    maintenance: &dyn Maintenance,
) -> Result<(), String> {
    match command {
        Command::Serve(args) => serve(&args, open).await,
        Command::User(on) => {
            let desk = desk(&on.store, open).await?;
            let work = user::run(&desk, on.command);
            of_operator(&*desk.opened.store, SystemClock.now(), work).await
        }
        Command::Client(on) => {
            let desk = desk(&on.store, open).await?;
            let work = client::run(&desk, on.command);
            of_operator(&*desk.opened.store, SystemClock.now(), work).await
        }
        Command::Grant(on) => {
            let desk = desk(&on.store, open).await?;
            let work = grant::run(&desk, on.command);
            of_operator(&*desk.opened.store, SystemClock.now(), work).await
        }
        Command::Invitation(on) => {
            let desk = desk(&on.store, open).await?;
            let work = invitation::run(&desk, on.command, SystemClock.now());
            of_operator(&*desk.opened.store, SystemClock.now(), work).await
        }
        Command::Audit(on) => {
            let desk = desk(&on.store, open).await?;
            audit::run(&*desk.opened.store, on.command).await
        }
        Command::Keys(on) => {
            let settings = on.settings()?;
            let desk = desk(&on.store, open).await?;
            let work = keys::run(&on, &settings, &desk.opened);
            of_operator(&*desk.opened.store, SystemClock.now(), work).await
        }
        Command::Db(on) => db::run(&on, maintenance, open).await,
        Command::Doctor(on) => doctor::run(&on, maintenance, open).await,
        Command::Healthcheck(args) => {
            let mut problems = Problems::new();
            let service = args.resolve(IDENTITY, &mut problems);
            problems.finish().map_err(|problems| text(&problems))?;
            healthcheck::ask(service.bind_address, service.port)
                .await
                .map_err(|unhealthy| text(&unhealthy))
        }
    }
}

async fn serve(
    args: &ServeArgs,
    open: &(dyn Fn(Database) -> Opening + Sync),
) -> Result<(), String> {
    let config = args.resolve().map_err(|problems| text(&problems))?;
    telemetry::init(&config.service).map_err(|error| text(&error))?;
    for warning in &config.warnings {
        tracing::warn!("{warning}");
    }
    let opened = open(config.store.database.clone())
        .await
        .map_err(|error| text(&error))?;
    boot::serve(config, opened, Shutdown::new())
        .await
        .map_err(|error| text(&error))
}

async fn desk(
    args: &StoreArgs,
    open: &(dyn Fn(Database) -> Opening + Sync),
) -> Result<Desk, String> {
    let mut problems = Problems::new();
    let store = args.resolve(&mut problems);
    problems.finish().map_err(|problems| text(&problems))?;
    let passwords = boot::passwords(store.bcrypt_cost, 1)
        .await
        .map_err(|error| text(&error))?;
    Ok(Desk {
        opened: open(store.database).await.map_err(|error| text(&error))?,
        rules: offline_rules()?,
        passwords: Arc::new(passwords),
    })
}

/// Rules for commands that issue nothing: no issuer and no lifetime is ever used.
fn offline_rules() -> Result<Rules, String> {
    Ok(Rules {
        issuer: Issuer::parse("http://localhost")?,
        resources: Resources::parse("http://localhost/mcp=mcp:read mcp:exec kpi:read")?,
        access_ttl: TimeDelta::hours(1),
        refresh_ttl: TimeDelta::hours(1),
        code_ttl: TimeDelta::minutes(1),
        session_ttl: TimeDelta::hours(1),
        pkce: PkceRules::default(),
        documents: DocumentRules::default(),
        par: ParRules::default(),
        dpop: DpopRules::default(),
        registration: RegistrationRules::default(),
        device: DeviceRules::default(),
        account: AccountRules::default(),
        second_step: loop_oauth::second_step::StepLimits::default(),
        passkey: loop_oauth::passkey::PasskeyRules::default(),
        sign_in: SignInLimits::default(),
        federation: FederationRules::default(),
    })
}

fn text(error: &dyn std::fmt::Display) -> String {
    error.to_string()
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn serving_is_the_default_and_takes_the_same_flags() {
        for line in [
            &["loop-auth", "--port", "9000"][..],
            &["loop-auth", "serve", "--port", "9000"],
        ] {
            let cli = Cli::try_parse_from(line).unwrap();
            let args = match cli.command {
                None => cli.serve,
                Some(Command::Serve(args)) => *args,
                Some(other) => panic!("{other:?}"),
            };
            assert_eq!(args.service.port.as_deref(), Some("9000"), "{line:?}");
        }
    }

    #[test]
    fn no_command_takes_a_password_as_an_argument() {
        for line in [
            &[
                "loop-auth",
                "user",
                "add",
                "a@example.com",
                "--password",
                "x",
            ][..],
            &["loop-auth", "user", "passwd", "a@example.com", "x"],
        ] {
            assert!(Cli::try_parse_from(line).is_err(), "{line:?}");
        }
    }
}
