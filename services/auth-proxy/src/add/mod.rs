//! `auth-proxy add`: asks for what a server needs and writes it down.
//!
//! In: a kind of server, answers of a person. Out: an entry of the file of servers, variables, a compose service, and the next
//! step. Never: overwrites what somebody wrote, a secret outside of a file that only its owner reads.

mod files;
mod plan;
#[cfg(test)]
mod tests;

use std::io::{self, BufRead, Write};
use std::path::Path;

use clap::{Args, ValueEnum};

use files::Files;
use plan::{Account, Plan, Reached};

/// What can be added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// Events in people's calendars
    GoogleCalendar,
    /// People's mail
    Gmail,
    /// People's files
    GoogleDrive,
    /// People's repositories
    Github,
    /// A folder of this machine
    Filesystem,
    /// Anything else
    Custom,
}

/// What is added, and where to.
#[derive(Args, Clone, Debug)]
pub(crate) struct AddArgs {
    /// What the server is for
    #[arg(value_enum)]
    kind: Kind,
    /// File of servers; made if it is not there
    #[arg(
        long,
        env = "CONFIG",
        value_name = "PATH",
        default_value = "mcp_servers.json"
    )]
    config: String,
    /// Where people reach the proxy
    #[arg(
        long,
        env = "EXTERNAL_URL",
        value_name = "URL",
        default_value = "http://localhost:8080"
    )]
    external_url: String,
}

/// Why nothing was added.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AddError {
    /// A file, or the terminal.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// An answer that cannot be.
    #[error("{0}")]
    Answer(String),
    /// The file of servers is not as it must be.
    #[error("{0}")]
    File(String),
}

/// Asks a person.
struct Person<'a> {
    answers: &'a mut dyn BufRead,
    says: &'a mut dyn Write,
}

impl Person<'_> {
    /// An answer; an empty one is `default`.
    fn ask(&mut self, question: &str, default: &str) -> Result<String, AddError> {
        if default.is_empty() {
            write!(self.says, "{question}: ")?;
        } else {
            write!(self.says, "{question} [{default}]: ")?;
        }
        self.says.flush()?;
        let mut line = String::new();
        if self.answers.read_line(&mut line)? == 0 && default.is_empty() {
            return Err(AddError::Answer(format!("{question}: there is no answer")));
        }
        let line = line.trim();
        let answer = if line.is_empty() { default } else { line };
        if answer.is_empty() {
            return Err(AddError::Answer(format!("{question}: it cannot be empty")));
        }
        Ok(answer.to_owned())
    }
}

/// Adds a server.
///
/// # Errors
/// [`AddError`]; nothing was written then, except what is said.
pub(crate) fn add(
    args: &AddArgs,
    answers: &mut dyn BufRead,
    says: &mut dyn Write,
) -> Result<(), AddError> {
    let files = Files::beside(Path::new(&args.config));
    let mut person = Person { answers, says };
    let plan = questions(args, &mut person)?;
    let new = files.with_entry(&plan)?;
    if let Some(account) = &plan.account {
        let base = args.external_url.trim_end_matches('/');
        let provider = account.provider;
        writeln!(
            person.says,
            "\nRegister these redirect addresses at {}, to the letter:\n  {base}/connections/callback/{provider}\n  \
             {base}/oauth/federation/{provider}/callback\n",
            account.console()
        )?;
    }
    let mut variables = Vec::new();
    if let Some(account) = &plan.account {
        for &name in account.variables() {
            if files.has_variable(name)? {
                writeln!(person.says, "{name} is in {} already.", files.env.display())?;
            } else {
                variables.push((name, person.ask(name, "")?));
            }
        }
    }
    files.write(&new, &variables, args)?;
    writeln!(
        person.says,
        "\nWritten: {} (the entry), {} (variables; keep it secret), {} (compose).\n\nNext:\n  auth-proxy check {}\n  {}\n\
         then paste {}/{}/mcp into the client.",
        files.config.display(),
        files.env.display(),
        files.compose.display(),
        files.config.display(),
        files.next(),
        args.external_url.trim_end_matches('/'),
        plan.name,
    )?;
    Ok(())
}

/// What must be known of each kind.
fn questions(args: &AddArgs, person: &mut Person<'_>) -> Result<Plan, AddError> {
    let google = |scope: &str| Some(Account::google(scope));
    let (name, account) = match args.kind {
        Kind::GoogleCalendar => ("google-calendar", google("calendar.events")),
        Kind::Gmail => ("gmail", google("gmail.readonly")),
        Kind::GoogleDrive => ("google-drive", google("drive.readonly")),
        Kind::Github => ("github", Some(Account::github())),
        Kind::Filesystem => ("files", None),
        Kind::Custom => ("", None),
    };
    let name = person.ask("Name of the server, a part of its address", name)?;
    let reached = match args.kind {
        Kind::Filesystem => Reached::files(&person.ask("Folder", "./")?),
        Kind::Github => {
            let usual = "npx -y @modelcontextprotocol/server-github";
            Reached::parse(&person.ask("Command, or address of the server", usual)?)
        }
        _ => Reached::parse(&person.ask("Command, or address of the server", "")?),
    };
    let account = match (args.kind, account) {
        (Kind::Custom, _) => custom(person)?,
        (_, Some(mut account)) => {
            let usual = account.scopes.join(" ");
            account.scopes = words(&person.ask("Scopes", &usual)?);
            Some(account)
        }
        (_, None) => None,
    };
    Ok(Plan {
        name,
        reached,
        account,
    })
}

fn custom(person: &mut Person<'_>) -> Result<Option<Account>, AddError> {
    let provider = person.ask(
        "People's own accounts at: google, github, oidc or none",
        "none",
    )?;
    let mut account = match provider.as_str() {
        "none" => return Ok(None),
        "google" => Account::google("userinfo.email"),
        "github" => Account::github(),
        "oidc" => Account::oidc(),
        other => return Err(AddError::Answer(format!("{other:?} is none of these"))),
    };
    account.scopes = words(&person.ask("Scopes", &account.scopes.join(" "))?);
    Ok(Some(account))
}

fn words(text: &str) -> Vec<String> {
    text.split_ascii_whitespace().map(str::to_owned).collect()
}
