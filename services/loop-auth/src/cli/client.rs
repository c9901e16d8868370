//! `loop-auth client add|set|list|revoke|remove`.

mod set;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use loop_oauth::{
    client::{Client, ClientId, GrantType},
    client_admin::{self, ClientAdminError},
    demands::Demands,
    grant::RevokeReason,
    oidc::IdentityScope,
    pkce_phase::Enforcement,
    register::{self, ByOperator},
    user_admin,
};
use loop_shared::auth::scope::{Scope, Scopes};
use serde_json::{Value, json};

use self::set::Set;
use super::{Desk, text};

/// Most clients that are listed.
const MAX_LISTED: u64 = 100_000;

/// What to do with clients.
#[derive(Debug, Subcommand)]
pub(super) enum ClientCommand {
    /// Add a client that an operator vouches for
    Add(Add),
    /// Change a client; what it loses ends its grants
    Set(Set),
    /// List clients, oldest first
    List,
    /// Revoke every grant of a client: its users log in again, its own tokens end
    Revoke {
        /// The client's identifier, as listed
        client_id: String,
    },
    /// Remove a client and revoke every grant of it
    Remove {
        /// The client's identifier, as listed
        client_id: String,
    },
}

/// A client to add.
#[expect(clippy::doc_markdown, reason = "these comments are the text of --help")]
#[derive(Args, Debug)]
pub(super) struct Add {
    /// Name people see on the consent page
    name: String,
    /// Where answers may be sent; several times for several
    #[arg(long = "redirect-uri", value_name = "URI")]
    redirect_uris: Vec<String>,
    /// A client on users' own devices, which can keep no secret
    #[arg(long)]
    public: bool,
    /// The client signs assertions (private_key_jwt); its keys are behind this https URL
    #[arg(long, value_name = "URL", conflicts_with_all = ["public", "jwks_file"])]
    jwks_uri: Option<String>,
    /// The client signs assertions (private_key_jwt); its public keys are in this file, a JWK Set
    #[arg(long, value_name = "PATH", conflicts_with = "public")]
    jwks_file: Option<PathBuf>,
    /// What it may use; several times for several [default: authorization_code, refresh_token]
    #[arg(long = "grant", value_name = "TYPE", value_parser = grant_type)]
    grants: Vec<GrantType>,
    /// The most it may ever ask for, space-separated [default: whatever its resource offers]
    #[arg(long, value_parser = scopes)]
    scope: Option<Scopes>,
    /// PKCE phase of this client: optional, public or all [default: the server's]
    #[arg(long, value_name = "PHASE", value_parser = phase)]
    pkce: Option<Enforcement>,
    /// Refuse its authorization requests unless they were pushed (RFC 9126)
    #[arg(long)]
    require_par: bool,
    /// Refuse its token requests unless they prove a key (RFC 9449)
    #[arg(long)]
    require_dpop: bool,
    #[command(flatten)]
    logout: Logout,
}

/// Where a client wants to hear of logouts (OpenID Connect).
#[derive(Args, Debug)]
struct Logout {
    /// Where a browser may be sent after a logout that the client asked for; several times for several
    #[arg(long = "post-logout-redirect-uri", value_name = "URI")]
    post_logout_redirect_uris: Vec<String>,
    /// Where the client is told of logouts (Back-Channel Logout)
    #[arg(long, value_name = "URI")]
    backchannel_logout_uri: Option<String>,
}

pub(super) async fn run(desk: &Desk, command: ClientCommand) -> Result<(), String> {
    let cx = desk.cx();
    match command {
        ClientCommand::Add(new) => add(desk, new).await?,
        ClientCommand::Set(set) => {
            let (id, changes) = set.changes();
            let ended = client_admin::change(&cx, &id, changes).await;
            println!(
                "{} grants revoked",
                ended.map_err(|error| about(&id, &error))?
            );
        }
        ClientCommand::Revoke { client_id } => {
            let id = ClientId(client_id);
            let known = cx.store.client(&id).await.map_err(|error| text(&error))?;
            if known.is_none() {
                return Err(about(&id, &ClientAdminError::Unknown));
            }
            let ended = user_admin::revoke_client(&cx, &id).await;
            println!("{} grants revoked", ended.map_err(|error| text(&error))?);
        }
        ClientCommand::Remove { client_id } => {
            let id = ClientId(client_id);
            let ended = client_admin::remove(&cx, &id, RevokeReason::ByOperator).await;
            println!(
                "{} grants revoked",
                ended.map_err(|error| about(&id, &error))?
            );
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

async fn add(desk: &Desk, new: Add) -> Result<(), String> {
    let jwks = new.jwks_file.as_deref().map(read_jwks).transpose()?;
    let method = match (new.public, new.jwks_uri.is_some() || jwks.is_some()) {
        (true, _) => "none",
        (false, true) => "private_key_jwt",
        (false, false) => "client_secret_basic",
    };
    let mut metadata = json!({
        "client_name": new.name,
        "redirect_uris": new.redirect_uris,
        "token_endpoint_auth_method": method,
        "jwks_uri": new.jwks_uri,
        "jwks": jwks,
        "require_pushed_authorization_requests": new.require_par,
        "post_logout_redirect_uris": new.logout.post_logout_redirect_uris,
        "backchannel_logout_uri": new.logout.backchannel_logout_uri,
        "backchannel_logout_session_required": true,
        "dpop_bound_access_tokens": new.require_dpop,
    });
    if !new.grants.is_empty() {
        metadata["grant_types"] = new.grants.iter().map(|grant| grant.as_str()).collect();
    }
    let decided = ByOperator {
        scope: new.scope,
        pkce: new.pkce,
    };
    let added = register::add_by_operator(&desk.cx(), metadata, decided)
        .await
        .map_err(|error| text(&error))?;
    println!("client_id: {}", added.client.id);
    if let Some(secret) = &added.secret {
        println!("client_secret: {} (shown only now)", secret.expose());
    }
    Ok(())
}

fn read_jwks(path: &Path) -> Result<Value, String> {
    let wrong = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let text = std::fs::read(path).map_err(|error| wrong(&error))?;
    serde_json::from_slice(&text).map_err(|error| wrong(&error))
}

fn about(id: &ClientId, error: &ClientAdminError) -> String {
    format!("{id}: {error}")
}

fn phase(name: &str) -> Result<Enforcement, String> {
    Enforcement::parse(name).ok_or_else(|| "use optional, public or all".to_owned())
}

/// A grant type by its registered name, or by the last part of that.
fn grant_type(name: &str) -> Result<GrantType, String> {
    let short = |grant: &GrantType| grant.as_str().rsplit(':').next() == Some(name);
    let known = GrantType::ALL.into_iter();
    let found = GrantType::parse(name).or_else(|| known.clone().find(short));
    found.ok_or_else(|| {
        let names: Vec<_> = known
            .filter_map(|grant| grant.as_str().rsplit(':').next())
            .collect();
        format!("use one of {}", names.join(", "))
    })
}

/// Identity scopes need no leave: they may be named and say nothing, so that `openid` alone leaves no API.
fn scopes(text: &str) -> Result<Scopes, String> {
    let identity = |word: &&str| IdentityScope::ALL.iter().any(|s| s.as_str() == *word);
    let words = text.split_ascii_whitespace().filter(|word| !identity(word));
    let scopes = words.map(Scope::parse).collect::<Result<_, _>>();
    scopes.map_err(|error| error.to_string())
}

/// A client as one tab-separated line. Names have no control characters; registration strips them.
fn row(client: &Client) -> String {
    let used = if client.first_login_at.is_some() {
        "used"
    } else {
        "never used"
    };
    let grants: Vec<_> = client
        .grant_types
        .iter()
        .map(|grant| grant.as_str())
        .collect();
    format!(
        "{}\t{}\t{}\t{}\t{used}\t{}\tpkce={}\t{}\tgrants={}\tscope={}\tdemands={}\tlogout={}",
        client.id,
        client.name,
        client.auth_method.as_str(),
        client.origin.as_str(),
        client.created_at.format("%Y-%m-%d"),
        client.pkce.map_or("default", Enforcement::as_str),
        client.redirect_uris.join(" "),
        grants.join(","),
        client.scope.map_or("any".to_owned(), |scope| scope
            .to_string()
            .replace(' ', ",")),
        demands(client.demands),
        client.logout.backchannel.as_deref().unwrap_or("untold"),
    )
}

const fn demands(demands: Demands) -> &'static str {
    match (demands.pushed, demands.dpop) {
        (false, false) => "none",
        (true, false) => "par",
        (false, true) => "dpop",
        (true, true) => "par,dpop",
    }
}
