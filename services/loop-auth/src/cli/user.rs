//! `loop-auth user add|list|passwd|roles|disable`.

use std::path::PathBuf;

use clap::Subcommand;
use loop_oauth::{
    federation::provider::ProviderId,
    user::User,
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
            let roles = Roles::parse(&roles).map_err(|error| text(&error))?;
            let new = NewUser {
                email,
                name,
                password: password::read(password_file.as_deref())?,
                roles,
            };
            let user = user_admin::add_user(&cx, &*desk.passwords, new)
                .await
                .map_err(|error| text(&error))?;
            println!("added {}", row(&user));
        }
        UserCommand::List => {
            let users = cx.store.users(MAX_LISTED).await;
            for user in users.map_err(|error| text(&error))? {
                println!("{}", row(&user));
            }
        }
        UserCommand::Passwd {
            email,
            password_file,
        } => {
            let password = password::read(password_file.as_deref())?;
            user_admin::set_password(&cx, &*desk.passwords, &email, password)
                .await
                .map_err(|error| text(&error))?;
            println!("password of {email} set; browser sessions ended");
        }
        UserCommand::Roles { email, roles } => {
            let roles = Roles::parse(&roles).map_err(|error| text(&error))?;
            user_admin::set_roles(&cx, &email, roles)
                .await
                .map_err(|error| text(&error))?;
            println!("roles of {email} set: {roles}");
        }
        UserCommand::Expect { email, provider } => {
            let provider = ProviderId::parse(&provider).ok_or("this can be no provider's name")?;
            user_admin::expect_identity(&cx, &email, &provider)
                .await
                .map_err(|error| text(&error))?;
            println!("the next login of {email} at {provider} connects the two accounts");
        }
        UserCommand::Disable { email } => {
            user_admin::disable(&cx, &email)
                .await
                .map_err(|error| text(&error))?;
            println!("{email} disabled; sessions and grants ended");
        }
    }
    Ok(())
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
