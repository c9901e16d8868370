//! What happens to a checked request: log in, ask, grant or refuse.

use loop_shared::auth::scope::Scopes;

use super::{AuthorizeError, AuthorizeRefusal, AuthorizeRequest, held};
use crate::{
    audit,
    client::ClientOrigin,
    code::AuthCode,
    config::Context,
    entropy::NoEntropy,
    grant::{Grant, GrantId, RotationKey},
    oidc::IdentityScopes,
    par, redirect_uri,
    secret::RawCode,
    session::Session,
    user::User,
};

/// What a consent page shows; all of it is text from others and is to be escaped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsentAsk {
    /// The client's name, or its identifier when it gave none.
    pub client_name: String,
    /// Its identifier.
    pub client_id: String,
    /// Host of its home page, if it names one. Nobody has verified it.
    pub client_host: Option<String>,
    /// Host of its metadata document, if that is who it is: this server fetched the document there.
    pub document_host: Option<String>,
    /// Whether the answer goes to the host of that document.
    pub answered_at_home: bool,
    /// Where the answer goes: host and port, or scheme and host of an application's own scheme.
    pub redirect_host: String,
    /// Whether that is a program on the person's own computer.
    pub redirect_is_loopback: bool,
    /// What would be granted: asked for, and within the person's roles.
    pub scopes: Scopes,
    /// Those of them that the person allowed before and that still stand.
    pub already: Scopes,
    /// What the client would know about the person.
    pub identity: IdentityScopes,
    /// What of that it knows already.
    pub known: IdentityScopes,
    /// For which resources; this server, when only the person is asked for.
    pub resources: Vec<String>,
    /// Who would grant it: the account's e-mail address.
    pub account: String,
}

/// What to do with a checked request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Show the login page, then come back.
    Login,
    /// Show the consent page, then [`allow`] or [`deny`].
    Consent(ConsentAsk),
    /// Consent is remembered: [`allow`] at once.
    Issue,
}

/// Notes a request that came to the authorization endpoint and that the next PKCE phase would refuse.
///
/// Once for each request of the browser: one that comes back from the login page counts again.
pub fn watch(cx: &Context<'_>, request: &AuthorizeRequest) {
    if let Some((phase, count)) = cx.rules.pkce.watch(&request.client, &request.challenge) {
        audit::pkce_next_phase_would_refuse(&request.client.id, phase.as_str(), count);
    }
}

/// Decides what happens next.
///
/// # Errors
/// [`AuthorizeRefusal::Redirect`]: `login_required` or `consent_required` with `prompt=none`,
/// `access_denied` when the person's roles allow nothing that was asked for.
#[tracing::instrument(name = "authorize.next", skip_all, fields(client = %request.client.id))]
pub async fn next(
    cx: &Context<'_>,
    request: &AuthorizeRequest,
    session: Option<&(Session, User)>,
) -> Result<Next, AuthorizeRefusal> {
    let refuse = |error| Err(request.answer().refuse(&cx.rules.issuer, error));
    let Some((_, user)) = session.filter(|(session, user)| counts(cx, request, session, user))
    else {
        let missed = session.is_some_and(|(session, _)| request.oidc.hint.is_missed_by(session));
        if request.prompt.none || missed {
            return refuse(AuthorizeError::LoginRequired);
        }
        return Ok(Next::Login);
    };
    let scopes = grantable(request, user);
    if scopes.is_empty() && !request.is_identity_only() {
        return refuse(AuthorizeError::AccessDenied);
    }
    if !request.prompt.consent && held::is_remembered(cx, request, user, scopes).await? {
        return Ok(Next::Issue);
    }
    if request.prompt.none {
        return refuse(AuthorizeError::ConsentRequired);
    }
    let (already, known) = held::already(cx, request, user, scopes).await?;
    let resources = request.resources_for(cx, scopes);
    let ask = consent_ask(request, user, scopes);
    Ok(Next::Consent(ConsentAsk {
        already,
        known,
        resources,
        ..ask
    }))
}

/// Grants: stores the grant with its code in one step and gives the URL to answer to.
///
/// To be called after [`Next::Issue`], or after the person said yes on the consent page.
///
/// # Errors
/// [`AuthorizeRefusal::Redirect`] when the session no longer counts (`login_required`) or the roles
/// allow nothing any more (`access_denied`).
#[tracing::instrument(name = "authorize.allow", skip_all, fields(client = %request.client.id, user = %user.id))]
pub async fn allow(
    cx: &Context<'_>,
    request: &AuthorizeRequest,
    user: &User,
    session: &Session,
) -> Result<String, AuthorizeRefusal> {
    let refuse = |error| Err(request.answer().refuse(&cx.rules.issuer, error));
    if !counts(cx, request, session, user) {
        return refuse(AuthorizeError::LoginRequired);
    }
    let scopes = grantable(request, user);
    if scopes.is_empty() && !request.is_identity_only() {
        return refuse(AuthorizeError::AccessDenied);
    }
    let mut grant = new_grant(cx, request, user, scopes)?;
    grant.identity = request.oidc.identity(session);
    let raw = RawCode::generate(cx.entropy)?;
    let code = AuthCode {
        hash: raw.hash(),
        grant: grant.id,
        client: grant.client.clone(),
        redirect_uri: request
            .redirect_uri_given
            .then(|| request.redirect_uri.clone()),
        challenge: request.challenge.bind(),
        key: request.dpop_jkt.clone(),
        expires_at: cx.now + cx.rules.code_ttl,
        used_at: None,
    };
    if let Some(request_uri) = &request.pushed {
        par::consume(cx, request_uri).await?;
    }
    if request.client.origin == ClientOrigin::Document {
        cx.store.keep_client(&request.client).await?;
    }
    if is_proven(request) {
        held::remember(cx, &grant).await?;
    }
    cx.store.add_grant(&grant, &code).await?;
    let resources = grant.resources().collect::<Vec<_>>().join(" ");
    audit::granted(grant.id, user.id, &grant.client, &resources);
    Ok(request.answer().success(&cx.rules.issuer, raw.expose()))
}

/// The URL that tells the client that the person said no.
#[must_use]
pub fn deny(cx: &Context<'_>, request: &AuthorizeRequest) -> String {
    audit::denied(&request.client.id);
    request
        .answer()
        .failure(&cx.rules.issuer, AuthorizeError::AccessDenied)
}

/// Whether this session is a login of this user that the request accepts.
fn counts(cx: &Context<'_>, request: &AuthorizeRequest, session: &Session, user: &User) -> bool {
    session.user == user.id
        && user.is_active()
        && !session.is_expired(cx.now)
        && request.oidc.hint.fits(session, request.prompt.none)
        && request
            .login_after
            .is_none_or(|after| session.authenticated_at > after)
}

fn grantable(request: &AuthorizeRequest, user: &User) -> Scopes {
    request.scopes.intersection(user.roles.allowed_scopes())
}

pub(super) fn is_proven(request: &AuthorizeRequest) -> bool {
    request.client.identity_is_proven_at(&request.redirect_uri)
}

fn consent_ask(request: &AuthorizeRequest, user: &User, scopes: Scopes) -> ConsentAsk {
    let client = &request.client;
    let name = if client.name.is_empty() {
        &client.id.0
    } else {
        &client.name
    };
    ConsentAsk {
        client_name: name.clone(),
        client_id: client.id.0.clone(),
        client_host: client
            .client_uri
            .as_deref()
            .map(redirect_uri::display_host)
            .filter(|host| !host.is_empty()),
        document_host: (client.origin == ClientOrigin::Document)
            .then(|| redirect_uri::display_host(&client.id.0)),
        answered_at_home: redirect_uri::same_origin(&client.id.0, &request.redirect_uri),
        redirect_host: redirect_uri::display_host(&request.redirect_uri),
        redirect_is_loopback: redirect_uri::is_loopback(&request.redirect_uri),
        scopes,
        already: Scopes::NONE,
        identity: request.oidc.scopes,
        known: IdentityScopes::NONE,
        resources: Vec::new(),
        account: user.email.as_str().to_owned(),
    }
}

fn new_grant(
    cx: &Context<'_>,
    request: &AuthorizeRequest,
    user: &User,
    scopes: Scopes,
) -> Result<Grant, NoEntropy> {
    let mut resources = request.resources_for(cx, scopes).into_iter();
    let first = resources.next();
    Ok(Grant {
        id: GrantId(cx.uuid()?),
        user: user.id,
        client: request.client.id.clone(),
        resource: first.unwrap_or_else(|| request.resource.clone()),
        more_resources: resources.collect(),
        scopes,
        created_at: cx.now,
        revoked_at: None,
        rotation_key: RotationKey(cx.entropy.bytes32()?),
        identity: None,
    })
}
