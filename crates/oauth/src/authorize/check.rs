//! Checks an authorization request before anything is shown.

use chrono::{DateTime, Utc};
use loop_shared::auth::{dpop::Thumbprint, scope::Scopes};

use super::{
    AUTH_AFTER, AuthorizeError, AuthorizeRefusal, AuthorizeRequest, PageRefusal, Prompt,
    request::Answer,
};
use crate::{
    client::{Client, GrantType},
    client_auth::MAX_CLIENT_ID_BYTES,
    client_metadata_document,
    config::Context,
    oidc, par,
    params::{Params, Repeated},
    pkce::Requested,
    redirect_uri,
    resource::{self, Resource},
};

/// The longest request that is read, names and values together, in bytes.
pub const MAX_REQUEST_BYTES: usize = 8192;

/// The most resources that one request may name.
const MAX_RESOURCES: usize = 8;

/// The longest `state` that is echoed, in bytes.
pub const MAX_STATE_BYTES: usize = 2048;

const REPEATED: AuthorizeError = AuthorizeError::InvalidRequest("a parameter is repeated");

const PUSH: AuthorizeError =
    AuthorizeError::InvalidRequest("push the request to the pushed_authorization_request_endpoint");

/// Parameters whose repetition is refused although nothing else reads them.
const KNOWN: [&str; 3] = ["display", "acr_values", "claims"];

/// Checks a request. Unknown parameters are ignored (RFC 6749 §3.1).
///
/// # Errors
/// [`AuthorizeRefusal::Page`] until client and redirect are proven, [`AuthorizeRefusal::Redirect`] after.
#[tracing::instrument(name = "authorize.check", skip_all)]
pub async fn check(
    cx: &Context<'_>,
    params: &[(String, String)],
) -> Result<AuthorizeRequest, AuthorizeRefusal> {
    let params = Params::new(params);
    if params.bytes() > MAX_REQUEST_BYTES {
        return Err(PageRefusal::TooLong.into());
    }
    if let Some(opened) = par::open(cx, params).await? {
        let mut request = check_pushed(cx, &opened.params).await?;
        request.pushed = Some(opened.request_uri);
        return Ok(request);
    }
    let request = whole(cx, params).await?;
    if cx.rules.par.required || request.client.demands.pushed {
        return Err(request.answer().refuse(&cx.rules.issuer, PUSH));
    }
    Ok(request)
}

/// Checks a request that is being pushed, or that was.
pub(crate) async fn check_pushed(
    cx: &Context<'_>,
    params: &[(String, String)],
) -> Result<AuthorizeRequest, AuthorizeRefusal> {
    whole(cx, Params::new(params)).await
}

async fn whole(cx: &Context<'_>, params: Params<'_>) -> Result<AuthorizeRequest, AuthorizeRefusal> {
    let client = client(cx, params).await?;
    let (redirect_uri, redirect_uri_given) = redirect(&client, params)?;
    let state = state(params);
    let answer = Answer {
        redirect_uri: &redirect_uri,
        state: state.ok().flatten(),
    };
    let refuse = |error| answer.refuse(&cx.rules.issuer, error);
    let state = state.map_err(refuse)?.map(str::to_owned);
    let asked = ask(cx, &client, params).map_err(refuse)?;
    Ok(AuthorizeRequest {
        client,
        redirect_uri,
        redirect_uri_given,
        scopes: asked.scopes,
        resource: asked.resource,
        more_resources: asked.more_resources,
        state,
        challenge: asked.challenge,
        prompt: asked.prompt,
        login_after: asked.login_after,
        oidc: asked.oidc,
        dpop_jkt: asked.dpop_jkt,
        pushed: None,
    })
}

async fn client(cx: &Context<'_>, params: Params<'_>) -> Result<Client, AuthorizeRefusal> {
    let id = params
        .once("client_id")
        .map_err(|Repeated| PageRefusal::ClientRepeated)?
        .ok_or(PageRefusal::ClientMissing)?;
    if id.len() > MAX_CLIENT_ID_BYTES {
        return Err(PageRefusal::ClientUnknown.into());
    }
    client_metadata_document::find(cx, id).await
}

/// Where to answer, and whether the request said so. What is stored is checked again: a row that
/// somebody edited by hand must not turn this server into an open redirector.
fn redirect(client: &Client, params: Params<'_>) -> Result<(String, bool), PageRefusal> {
    let requested = params
        .once("redirect_uri")
        .map_err(|Repeated| PageRefusal::RedirectRepeated)?;
    let (uri, given) = match (requested, client.redirect_uris.as_slice()) {
        (Some(requested), registered) if redirect_uri::matches(registered, requested) => {
            (requested, true)
        }
        (Some(_), _) => return Err(PageRefusal::RedirectUnregistered),
        (None, [only]) => (only.as_str(), false),
        (None, _) => return Err(PageRefusal::RedirectMissing),
    };
    if redirect_uri::check_registrable(uri).is_err() {
        return Err(PageRefusal::RedirectUnregistered);
    }
    Ok((uri.to_owned(), given))
}

fn state(params: Params<'_>) -> Result<Option<&str>, AuthorizeError> {
    let state = params.once("state").map_err(|Repeated| REPEATED)?;
    if state.is_some_and(|state| state.len() > MAX_STATE_BYTES) {
        return Err(AuthorizeError::InvalidRequest("state is too long"));
    }
    Ok(state)
}

/// What is asked for, once it is known who asks and where to answer.
struct Asked {
    scopes: Scopes,
    resource: String,
    more_resources: Vec<String>,
    challenge: Requested,
    prompt: Prompt,
    login_after: Option<DateTime<Utc>>,
    oidc: oidc::Asked,
    dpop_jkt: Option<Thumbprint>,
}

fn ask(cx: &Context<'_>, client: &Client, params: Params<'_>) -> Result<Asked, AuthorizeError> {
    let once = |name| params.once(name).map_err(|Repeated| REPEATED);
    for name in KNOWN {
        once(name)?;
    }
    if once("request")?.is_some() {
        return Err(AuthorizeError::RequestNotSupported);
    }
    if once("request_uri")?.is_some() {
        return Err(AuthorizeError::RequestUriNotSupported);
    }
    if !client.may_use(GrantType::AuthorizationCode) {
        return Err(AuthorizeError::UnauthorizedClient);
    }
    match once("response_type")? {
        Some("code") => {}
        Some(_) => return Err(AuthorizeError::UnsupportedResponseType),
        None => {
            return Err(AuthorizeError::InvalidRequest("response_type is missing"));
        }
    }
    if once("response_mode")?.is_some_and(|mode| mode != "query") {
        return Err(AuthorizeError::InvalidRequest(
            "only response_mode query is supported",
        ));
    }
    let phase = cx.rules.pkce.phase_of(client);
    let (sent, method) = (once("code_challenge")?, once("code_challenge_method")?);
    let challenge = phase
        .read(client, sent, method)
        .map_err(AuthorizeError::InvalidRequest)?;
    let requested = params
        .several("resource", MAX_RESOURCES)
        .map_err(|Repeated| AuthorizeError::InvalidTarget)?;
    let oidc = oidc::Asked::read(params, cx.now)?;
    let asked = (once("scope")?, oidc.scopes);
    let (scopes, resource, more_resources) = scopes(cx, client, asked, &requested)?;
    let prompt = once("prompt")?.map_or(Ok(Prompt::default()), Prompt::parse)?;
    let login_after = oidc::login_after(cx.now, prompt.login, oidc.max_age, once(AUTH_AFTER)?);
    let dpop_jkt = once("dpop_jkt")?.map(key).transpose()?;
    Ok(Asked {
        scopes,
        resource,
        more_resources,
        challenge,
        prompt,
        login_after,
        oidc,
        dpop_jkt,
    })
}

fn key(text: &str) -> Result<Thumbprint, AuthorizeError> {
    let wrong = "dpop_jkt is no SHA-256 thumbprint in base64url";
    Thumbprint::parse(text).ok_or(AuthorizeError::InvalidRequest(wrong))
}

/// Unknown scopes are dropped; nothing known left at a resource is an error; no scope means all of the resources'.
/// Identity scopes alone are for the userinfo endpoint: their resource is this server.
fn scopes(
    cx: &Context<'_>,
    client: &Client,
    (scope, identity): (Option<&str>, oidc::IdentityScopes),
    requested: &[&str],
) -> Result<(Scopes, String, Vec<String>), AuthorizeError> {
    let asked = scope.map(Scopes::parse_lossy);
    if asked.is_some_and(Scopes::is_empty) {
        let issuer = cx.rules.issuer.as_str();
        let elsewhere = requested.iter().any(|id| !resource::same(issuer, id));
        return if !identity.is_empty() && !elsewhere {
            Ok((Scopes::NONE, issuer.to_owned(), Vec::new()))
        } else {
            Err(AuthorizeError::InvalidScope)
        };
    }
    let resources = &cx.rules.resources;
    let mut named = Vec::new();
    for id in requested {
        let resource = resources.find(id).ok_or(AuthorizeError::InvalidTarget)?;
        if !named.contains(&resource) {
            named.push(resource);
        }
    }
    if named.is_empty() {
        named.push(resources.for_scopes(asked.or(client.scope).unwrap_or(Scopes::NONE)));
    }
    let all = named
        .iter()
        .fold(Scopes::NONE, |all, resource| all.union(resource.scopes));
    let offered = client.scope.map_or(all, |limit| limit.intersection(all));
    let scopes = asked.map_or(offered, |asked| asked.intersection(offered));
    let idle = |resource: &&Resource| scopes.intersection(resource.scopes).is_empty();
    if named.iter().any(idle) {
        return Err(AuthorizeError::InvalidScope);
    }
    let mut ids = named.into_iter().map(|resource| resource.id.clone());
    let first = ids.next().ok_or(AuthorizeError::InvalidTarget)?;
    Ok((scopes, first, ids.collect()))
}
