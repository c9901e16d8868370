//! `loop-auth invitation create|reset|list|revoke`.

use chrono::{DateTime, Utc};
use clap::{Args, Subcommand};
use loop_oauth::{
    admin::By,
    invitation::{self, Invitation, InvitationId, InvitationState, Invited},
    user::Email,
};
use loop_shared::{
    auth::scope::{Role, Roles},
    service::config::ExternalUrl,
};
use uuid::Uuid;

use super::{Desk, text};

/// Most invitations that are listed.
const MAX_LISTED: u64 = 10_000;

/// What to do with invitations.
#[derive(Debug, Subcommand)]
pub(super) enum InvitationCommand {
    /// Print a link by which somebody makes an account; works once, for 7 days
    Create {
        /// E-mail address: the account's name
        email: String,
        /// Roles, comma-separated: member, analyst, exec, admin
        #[arg(long, default_value = "member")]
        roles: String,
        /// What pages call the user [default: the address]
        #[arg(long, default_value = "")]
        name: String,
        #[command(flatten)]
        site: Site,
    },
    /// Print a link by which a user sets another password; the old one and all sessions end at once
    Reset {
        /// E-mail address
        email: String,
        #[command(flatten)]
        site: Site,
    },
    /// List invitations, the latest first
    List,
    /// Take a link back
    Revoke {
        /// The invitation's identifier, as listed
        id: Uuid,
    },
}

/// Where people reach the server.
#[derive(Args, Debug)]
pub(super) struct Site {
    /// Public address that the link begins with
    #[arg(long, env = "EXTERNAL_URL", value_name = "URL")]
    external_url: String,
}

impl Site {
    fn link(&self, made: &Invited) -> Result<String, String> {
        let url = ExternalUrl::parse(&self.external_url).map_err(|error| text(&error))?;
        let link = crate::routes::admin::link(url.as_str(), made);
        Ok(format!(
            "{link}\nworks once, until {}",
            made.invitation.expires_at.format("%Y-%m-%d %H:%M UTC")
        ))
    }
}

pub(super) async fn run(
    desk: &Desk,
    command: InvitationCommand,
    now: DateTime<Utc>,
) -> Result<(), String> {
    let cx = desk.cx();
    match command {
        InvitationCommand::Create {
            email,
            roles,
            name,
            site,
        } => {
            let roles = Roles::parse(&roles).map_err(|error| text(&error))?;
            let made = invitation::invite(&cx, By::Operator, &email, &name, roles).await;
            println!("{}", site.link(&made.map_err(|error| text(&error))?)?);
        }
        InvitationCommand::Reset { email, site } => {
            let email = Email::parse(&email).ok_or("this is not an e-mail address")?;
            let user = cx.store.user_by_email(&email).await;
            let user = user.map_err(|error| text(&error))?;
            let user = user.ok_or("no account has this address")?;
            let made = invitation::reset(&cx, By::Operator, &*desk.passwords, &user).await;
            println!("{}", site.link(&made.map_err(|error| text(&error))?)?);
        }
        InvitationCommand::List => {
            let all = cx.store.invitations(None, MAX_LISTED).await;
            for it in all.map_err(|error| text(&error))? {
                println!("{}", row(&it, now));
            }
        }
        InvitationCommand::Revoke { id } => {
            let revoked = invitation::revoke(&cx, By::Operator, InvitationId(id)).await;
            revoked.map_err(|error| text(&error))?;
            println!("{id} revoked");
        }
    }
    Ok(())
}

/// An invitation as one tab-separated line.
fn row(it: &Invitation, now: DateTime<Utc>) -> String {
    let state = match it.state(now) {
        InvitationState::Open => "open",
        InvitationState::Used => "used",
        InvitationState::Revoked => "revoked",
        InvitationState::Expired => "expired",
    };
    let roles: Vec<_> = it.roles.iter().map(Role::as_str).collect();
    let purpose = if it.user.is_some() { "reset" } else { "invite" };
    format!(
        "{}\t{}\t{purpose}\t{}\t{state}\t{}",
        it.id,
        it.email.as_str(),
        roles.join(","),
        it.expires_at.format("%Y-%m-%d"),
    )
}
