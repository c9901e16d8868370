//! `loop-auth client set`: what an operator changes of a client.

use clap::Args;
use loop_oauth::{
    client::{ClientId, GrantType},
    client_admin::Changes,
    pkce_phase::Enforcement,
};
use loop_shared::auth::scope::Scopes;

use super::{grant_type, phase, scopes};

/// What is to be different; the rest stays.
#[derive(Args, Debug)]
#[command(group = clap::ArgGroup::new("change").required(true).multiple(true))]
pub(in crate::cli) struct Set {
    /// The client's identifier, as listed
    client_id: String,
    /// Name people see on the consent page
    #[arg(long, group = "change")]
    name: Option<String>,
    /// Where answers may be sent, instead of what was; several times for several
    #[arg(long = "redirect-uri", value_name = "URI", group = "change")]
    redirect_uris: Vec<String>,
    /// What it may use, instead of what was; several times for several
    #[arg(long = "grant", value_name = "TYPE", value_parser = grant_type, group = "change")]
    grants: Vec<GrantType>,
    /// The most it may ever ask for, space-separated
    #[arg(long, value_parser = scopes, group = "change", conflicts_with = "any_scope")]
    scope: Option<Scopes>,
    /// It may ask for whatever its resource offers
    #[arg(long, group = "change")]
    any_scope: bool,
    /// PKCE phase of this client: optional, public, all, or default for the server's
    #[arg(long, value_name = "PHASE", value_parser = phase_or_default, group = "change")]
    pkce: Option<Phase>,
    /// Whether its authorization requests must be pushed (RFC 9126): true or false
    #[arg(long, value_name = "BOOL", group = "change")]
    require_par: Option<bool>,
    /// Whether its token requests must prove a key (RFC 9449): true or false
    #[arg(long, value_name = "BOOL", group = "change")]
    require_dpop: Option<bool>,
    #[command(flatten)]
    logout: Logout,
}

/// Where the client hears of logouts from now on (`OpenID` Connect).
#[derive(Args, Debug)]
struct Logout {
    /// Where a browser may be sent after a logout, instead of what was; several times for several
    #[arg(
        long = "post-logout-redirect-uri",
        value_name = "URI",
        group = "change"
    )]
    post_logout_redirect_uris: Vec<String>,
    /// A browser is sent nowhere after a logout
    #[arg(
        long = "no-post-logout-redirect",
        group = "change",
        conflicts_with = "post_logout_redirect_uris"
    )]
    sent_nowhere: bool,
    /// Where the client is told of logouts (Back-Channel Logout)
    #[arg(long, value_name = "URI", group = "change")]
    backchannel_logout_uri: Option<String>,
    /// The client is told of no logout any more
    #[arg(
        long = "no-backchannel-logout",
        group = "change",
        conflicts_with = "backchannel_logout_uri"
    )]
    told_nowhere: bool,
}

/// A phase of its own, or the server's.
#[derive(Clone, Copy, Debug)]
struct Phase(Option<Enforcement>);

impl Set {
    /// Which client, and what becomes of it.
    pub(super) fn changes(self) -> (ClientId, Changes) {
        let logout = self.logout;
        let some = |list: Vec<String>| (!list.is_empty()).then_some(list);
        let changes = Changes {
            name: self.name,
            redirect_uris: some(self.redirect_uris),
            grant_types: (!self.grants.is_empty()).then_some(self.grants),
            scope: self.scope.map(Some).or(self.any_scope.then_some(None)),
            pkce: self.pkce.map(|phase| phase.0),
            post_logout_redirect_uris: some(logout.post_logout_redirect_uris)
                .or(logout.sent_nowhere.then(Vec::new)),
            backchannel_logout_uri: logout
                .backchannel_logout_uri
                .map(Some)
                .or(logout.told_nowhere.then_some(None)),
            require_pushed: self.require_par,
            require_dpop: self.require_dpop,
        };
        (ClientId(self.client_id), changes)
    }
}

fn phase_or_default(name: &str) -> Result<Phase, String> {
    if name == "default" {
        return Ok(Phase(None));
    }
    let own = phase(name).map(|own| Phase(Some(own)));
    own.map_err(|_| "use optional, public, all or default".to_owned())
}
