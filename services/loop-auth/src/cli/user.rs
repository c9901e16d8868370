//! `loop-auth user add|list|passwd|roles|enable|disable|logout|disconnect|expect|passkeys|forget`.

use std::path::PathBuf;

use chrono::{DateTime, Utc};
use clap::Subcommand;
use loop_oauth::{
    federation::provider::ProviderId,
    passkey,
    store::{Act, Ended, Means},
    user::{User, UserId},
    user_admin::{self, NewUser},
};
use loop_shared::auth::scope::{Role, Roles};

use super::{Desk, password, text};

/// Most users that are listed.
const MAX_LISTED: u64 = 100_000;

/// What to do with users.
#[derive(Debug, Subcommand)]
pub(super) enum UserCommand {
    /// Add a user; the password comes from a prompt, standard input or a file
    Add {
        /// E-mail address: the account's name
        email: String,
        /// Roles, comma-separated: member, analyst, exec, admin
        #[arg(long, default_value = "member")]
        roles: String,
        /// What pages call the user [default: the address]
        #[arg(long, default_value = "")]
        name: String,
        /// File whose first line is the password
        #[arg(long, value_name = "PATH")]
        password_file: Option<PathBuf>,
    },
    /// List users, oldest first
    List,
    /// Set a user's password and end the user's browser sessions
    Passwd {
        /// E-mail address
        email: String,
        /// File whose first line is the password
        #[arg(long, value_name = "PATH")]
        password_file: Option<PathBuf>,
    },
    /// Replace a user's roles; when the highest one goes down, grants are revoked
    Roles {
        /// E-mail address
        email: String,
        /// All roles from now on, comma-separated: member, analyst, exec, admin; "" for none
        #[arg(long)]
        roles: String,
    },
    /// Enable a user who was disabled; nothing that ended comes back
    Enable {
        /// E-mail address
        email: String,
    },
    /// End a user's browser sessions
    Logout {
        /// E-mail address
        email: String,
    },
    /// End all grants of a user: every app is disconnected
    Disconnect {
        /// E-mail address
        email: String,
    },
    /// List a user's passkeys: name, when it was added, when it last signed the user in
    Passkeys {
        /// E-mail address
        email: String,
    },
    /// Forget how a user signs in beside the password, of a lost device for example; sessions end
    #[command(group = clap::ArgGroup::new("what").required(true).multiple(true))]
    Forget {
        /// E-mail address
        email: String,
        /// Every passkey
        #[arg(long, group = "what")]
        passkeys: bool,
        /// The authenticator app and its recovery codes
        #[arg(long, group = "what")]
        app: bool,
    },
    /// Connect a user's next login at a provider, under the user's own address, with the account
    Expect {
        /// E-mail address
        email: String,
        /// The provider's name: google, github, oidc or a name of your own list
        #[arg(long)]
        provider: String,
    },
    /// Disable a user: no login, no refresh; sessions end, grants are revoked
    Disable {
        /// E-mail address
        email: String,
    },
}

pub(super) async fn run(desk: &Desk, command: UserCommand) -> Result<(), String> {
    let cx = desk.cx();
    match command {
        UserCommand::Add {
            email,
            roles,
            name,
            password_file,
        } => {
            let password = password::read(password_file.as_deref())?;
            let new = NewUser {
                email,
                name,
                password,
                roles: Roles::parse(&roles).map_err(|error| text(&error))?,
            };
            add(desk, new).await?;
        }
        UserCommand::List => list(desk).await?,
        UserCommand::Passwd {
            email,
            password_file,
        } => {
            let password = password::read(password_file.as_deref())?;
            let set = user_admin::set_password(&cx, &*desk.passwords, &email, password);
            set.await.map_err(|error| text(&error))?;
            println!("password of {email} set; browser sessions ended");
        }
        UserCommand::Roles { email, roles } => set_roles(desk, &email, &roles).await?,
        UserCommand::Enable { email } => {
            act(desk, &email, Act::Enable).await?;
            println!("{email} enabled");
        }
        UserCommand::Logout { email } => {
            let ended = act(desk, &email, Act::EndSessions).await?;
            println!("{email}: {} sessions ended", ended.sessions);
        }
        UserCommand::Disconnect { email } => {
            let ended = act(desk, &email, Act::RevokeGrantsOf).await?;
            println!("{email}: {} grants ended", ended.grants);
        }
        UserCommand::Passkeys { email } => passkeys(desk, &email).await?,
        UserCommand::Forget {
            email,
            passkeys,
            app,
        } => {
            forget(desk, &email, Means { passkeys, app }).await?;
        }
        UserCommand::Expect { email, provider } => expect(desk, &email, &provider).await?,
        UserCommand::Disable { email } => {
            let Ended { grants, sessions } = act(desk, &email, Act::Disable).await?;
            println!("{email} disabled; {sessions} sessions and {grants} grants ended");
        }
    }
    Ok(())
}

async fn add(desk: &Desk, new: NewUser) -> Result<(), String> {
    let added = user_admin::add_user(&desk.cx(), &*desk.passwords, new).await;
    println!("added {}", row(&added.map_err(|error| text(&error))?));
    Ok(())
}

async fn set_roles(desk: &Desk, email: &str, roles: &str) -> Result<(), String> {
    let roles = Roles::parse(roles).map_err(|error| text(&error))?;
    let set = user_admin::set_roles(&desk.cx(), email, roles).await;
    set.map_err(|error| text(&error))?;
    println!("roles of {email} set: {roles}");
    Ok(())
}

async fn list(desk: &Desk) -> Result<(), String> {
    let users = desk.cx().store.users(MAX_LISTED).await;
    for user in users.map_err(|error| text(&error))? {
        println!("{}", row(&user));
    }
    Ok(())
}

async fn forget(desk: &Desk, email: &str, means: Means) -> Result<(), String> {
    let ended = act(desk, email, |user| Act::Forget(user, means)).await?;
    println!(
        "{email}: forgotten ({}); {} sessions ended",
        means.as_str(),
        ended.sessions
    );
    Ok(())
}

async fn passkeys(desk: &Desk, email: &str) -> Result<(), String> {
    let cx = desk.cx();
    let keys = passkey::of_address(&cx, email).await;
    let keys = keys.map_err(|error| text(&error))?;
    for key in keys.ok_or("no account has this address")? {
        let day = |at: DateTime<Utc>| at.format("%Y-%m-%d").to_string();
        let used = key.used_at.map_or_else(|| "never".to_owned(), day);
        println!("{}\t{}\t{used}", key.name, day(key.created_at));
    }
    Ok(())
}

async fn expect(desk: &Desk, email: &str, provider: &str) -> Result<(), String> {
    let provider = ProviderId::parse(provider).ok_or("this can be no provider's name")?;
    user_admin::expect_identity(&desk.cx(), email, &provider)
        .await
        .map_err(|error| text(&error))?;
    println!("the next login of {email} at {provider} connects the two accounts");
    Ok(())
}

async fn act(
    desk: &Desk,
    email: &str,
    wanted: impl FnOnce(UserId) -> Act,
) -> Result<Ended, String> {
    let acted = user_admin::act_on(&desk.cx(), email, wanted).await;
    acted.map_err(|error| text(&error))
}

/// A user as one tab-separated line.
fn row(user: &User) -> String {
    let roles: Vec<_> = user.roles.iter().map(Role::as_str).collect();
    let state = if user.is_active() {
        "active"
    } else {
        "disabled"
    };
    format!(
        "{}\t{}\t{}\t{state}\t{}",
        user.email.as_str(),
        roles.join(","),
        user.created_at.format("%Y-%m-%d"),
        user.id
    )
}
