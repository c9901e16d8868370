//! `loop-auth client add|list|revoke`.

use clap::Subcommand;
use loop_oauth::{
    client::{Client, ClientId},
    oidc::IdentityScope,
    pkce_phase::Enforcement,
    register::{self, ByOperator},
    user_admin,
};
use loop_shared::auth::scope::{Scope, Scopes, UnknownScope};
use serde_json::json;

use super::{Desk, text};

/// Most clients that are listed.
const MAX_LISTED: u64 = 100_000;

/// What to do with clients.
#[derive(Debug, Subcommand)]
pub(super) enum ClientCommand {
    /// Add a client that an operator vouches for
    Add {
        /// Name people see on the consent page
        name: String,
        /// Where answers may be sent; several times for several
        #[arg(long = "redirect-uri", value_name = "URI", required = true)]
        redirect_uris: Vec<String>,
        /// A client on users' own devices, which can keep no secret
        #[arg(long)]
        public: bool,
        /// The most it may ever ask for, space-separated [default: whatever its resource offers]
        #[arg(long)]
        scope: Option<String>,
        /// PKCE phase of this client: optional, public or all [default: the server's]
        #[arg(long, value_name = "PHASE", value_parser = phase)]
        pkce: Option<Enforcement>,
        /// Where a browser may be sent after a logout that the client asked for; several times for several
        #[arg(long = "post-logout-redirect-uri", value_name = "URI")]
        post_logout_redirect_uris: Vec<String>,
        /// Where the client is told of logouts (OpenID Connect Back-Channel Logout)
        #[arg(long, value_name = "URI")]
        backchannel_logout_uri: Option<String>,
    },
    /// List clients, oldest first
    List,
    /// Revoke every grant of a client: its users log in again
    Revoke {
        /// The client's identifier, as listed
        client_id: String,
    },
}

pub(super) async fn run(desk: &Desk, command: ClientCommand) -> Result<(), String> {
    let cx = desk.cx();
    match command {
        ClientCommand::Add {
            name,
            redirect_uris,
            public,
            scope,
            pkce,
            post_logout_redirect_uris,
            backchannel_logout_uri,
        } => {
            let scope = scope.as_deref().map(api_scopes).transpose();
            let metadata = json!({
                "client_name": name,
                "redirect_uris": redirect_uris,
                "token_endpoint_auth_method": if public { "none" } else { "client_secret_basic" },
                "post_logout_redirect_uris": post_logout_redirect_uris,
                "backchannel_logout_uri": backchannel_logout_uri,
                "backchannel_logout_session_required": true,
            });
            let decided = ByOperator {
                scope: scope.map_err(|error| text(&error))?,
                pkce,
            };
            let added = register::add_by_operator(&cx, metadata, decided)
                .await
                .map_err(|error| text(&error))?;
            println!("client_id: {}", added.client.id);
            if let Some(secret) = &added.secret {
                println!("client_secret: {} (shown only now)", secret.expose());
            }
        }
        ClientCommand::Revoke { client_id } => {
            let id = ClientId(client_id);
            let known = cx.store.client(&id).await.map_err(|error| text(&error))?;
            if known.is_none() {
                return Err(format!("no client has the identifier {id}"));
            }
            let ended = user_admin::revoke_client(&cx, &id).await;
            println!("{} grants revoked", ended.map_err(|error| text(&error))?);
        }
        ClientCommand::List => {
            let clients = cx.store.clients(MAX_LISTED).await;
            for client in clients.map_err(|error| text(&error))? {
                println!("{}", row(&client));
            }
        }
    }
    Ok(())
}

/// Identity scopes need no leave, so they may be named and say nothing: `openid` alone leaves no API.
fn api_scopes(text: &str) -> Result<Scopes, UnknownScope> {
    let identity = |word: &&str| IdentityScope::ALL.iter().any(|s| s.as_str() == *word);
    let words = text.split_ascii_whitespace().filter(|word| !identity(word));
    words.map(Scope::parse).collect()
}

fn phase(name: &str) -> Result<Enforcement, String> {
    Enforcement::parse(name).ok_or_else(|| "use optional, public or all".to_owned())
}

/// A client as one tab-separated line. Names have no control characters; registration strips them.
fn row(client: &Client) -> String {
    let used = if client.first_login_at.is_some() {
        "used"
    } else {
        "never used"
    };
    format!(
        "{}\t{}\t{}\t{}\t{used}\t{}\tpkce={}\t{}",
        client.id,
        client.name,
        client.auth_method.as_str(),
        client.origin.as_str(),
        client.created_at.format("%Y-%m-%d"),
        client.pkce.map_or("default", Enforcement::as_str),
        client.redirect_uris.join(" ")
    )
}
