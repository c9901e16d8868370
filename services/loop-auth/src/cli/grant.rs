//! `loop-auth grant list|revoke`.

use clap::Subcommand;
use loop_oauth::{
    admin::{self, By},
    client::ClientId,
    grant::GrantId,
    store::{Act, Cursor, FindGrants, GrantUse},
    user::Email,
};
use uuid::Uuid;

use super::{Desk, text};

/// Grants that are read at once.
const CHUNK: u64 = 500;

/// What to do with grants.
#[derive(Debug, Subcommand)]
pub(super) enum GrantCommand {
    /// List grants that stand, the latest first: id, user, client, scopes, when
    List {
        /// Only of this user
        #[arg(long, value_name = "EMAIL")]
        user: Option<String>,
        /// Only to this client
        #[arg(long, value_name = "CLIENT_ID")]
        client: Option<String>,
        /// Those that have ended as well
        #[arg(long)]
        all: bool,
        /// At most so many
        #[arg(long, default_value = "1000")]
        limit: u64,
    },
    /// End one grant: its refresh tokens at once, its access tokens within seconds
    Revoke {
        /// The grant's identifier, as listed
        id: Uuid,
    },
}

pub(super) async fn run(desk: &Desk, command: GrantCommand) -> Result<(), String> {
    let cx = desk.cx();
    match command {
        GrantCommand::List {
            user,
            client,
            all,
            limit,
        } => {
            let user = match user {
                Some(email) => {
                    let email = Email::parse(&email).ok_or("this is not an e-mail address")?;
                    let found = cx.store.user_by_email(&email).await;
                    let found = found.map_err(|error| text(&error))?;
                    Some(found.ok_or("no account has this address")?.id)
                }
                None => None,
            };
            let find = FindGrants {
                user,
                client: client.map(ClientId),
                open: !all,
            };
            list(desk, &find, limit).await
        }
        GrantCommand::Revoke { id } => {
            let ended = admin::act(&cx, By::Operator, Act::RevokeGrant(GrantId(id))).await;
            ended.map_err(|error| text(&error))?;
            println!("{id} revoked");
            Ok(())
        }
    }
}

async fn list(desk: &Desk, find: &FindGrants, limit: u64) -> Result<(), String> {
    let (mut after, mut left) = (None, limit);
    while left > 0 {
        let page = desk
            .cx()
            .store
            .find_grants(find, after.as_ref(), left.min(CHUNK))
            .await;
        let page = page.map_err(|error| text(&error))?;
        let Some(last) = page.last() else { break };
        after = Some(Cursor {
            at: last.grant.created_at,
            id: last.grant.id.to_string(),
        });
        left -= page.len() as u64;
        for it in &page {
            println!("{}", row(it));
        }
    }
    Ok(())
}

/// A grant as one tab-separated line.
fn row(it: &GrantUse) -> String {
    let grant = &it.grant;
    let state = if grant.revoked_at.is_none() {
        "open"
    } else {
        "ended"
    };
    format!(
        "{}\t{}\t{}\t{}\t{}\t{state}",
        grant.id,
        it.user.email.as_str(),
        grant.client,
        grant.scopes.to_string().replace(' ', ","),
        grant.created_at.format("%Y-%m-%d"),
    )
}
