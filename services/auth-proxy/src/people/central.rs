//! The pages as a client of the central login: their settings, and the login of their making.
//!
//! Their tokens are for `EXTERNAL_URL/mcp`, which among several servers is none: they open no server.

use std::path::Path;
use std::sync::Arc;

use loop_shared::auth::bearer::Required;
use loop_shared::auth::{Scope, Scopes};
use loop_shared::resource_server::Resource;
use loop_shared::service::config::{Problems, WebLoginConfig};
use loop_shared::service::{Shutdown, SystemClock};
use loop_shared::web::Phrase;
use loop_shared::web_login::{Site, WebLogin, WebLoginError};

use super::People;
use crate::app::App;
use crate::boot::StartError;
use crate::config::{Config, ProxyArgs};
use crate::servers::Server;

/// What the pages are to the central login.
const SITE: Site = Site {
    name: "proxy",
    title: Phrase::new("site", "Connections", "연결"),
    path: "/",
    scopes: Scopes::of(&[Scope::McpRead]),
};

/// What is wrong with servers that nobody could connect an account for.
pub(crate) const WANTED: &str =
    "servers with accounts of people's own need pages that people can sign in to";

impl ProxyArgs {
    /// The pages' settings behind a central login; `None`: it is inside, or there are no pages.
    pub(crate) fn pages(
        &self,
        embedded: bool,
        data: &Path,
        servers: &[Server],
        problems: &mut Problems,
    ) -> Option<WebLoginConfig> {
        if embedded {
            return None;
        }
        let mut config = self.web.resolve(problems);
        let kept = config.state_dir.take();
        config.state_dir = Some(kept.unwrap_or_else(|| data.join("pages")));
        if config.secret.is_none() && servers.iter().any(|server| server.account.is_some()) {
            problems.add(
                "WEB_SECRET_FILE",
                WANTED,
                "Name this proxy in WEB_CLIENTS at the issuer, and set the file that it writes.",
            );
        }
        config.secret.is_some().then_some(config)
    }
}

/// The pages behind the central login. Asks it nothing yet.
///
/// # Errors
/// [`StartError`].
pub(crate) fn open(
    config: &Config,
    pages: &WebLoginConfig,
    app: &App,
    shutdown: &Shutdown,
) -> Result<People, StartError> {
    let (service, tokens) = (&config.service, &config.tokens);
    let resource = Resource {
        name: "The pages of auth-proxy".to_owned(),
        scopes: SITE.scopes,
        required: Required::from(SITE.scopes),
        documentation: None,
        waiting: "The issuer's keys are not known yet.",
    };
    let door = app.registry.beside(resource, service, tokens, shutdown)?;
    let login = WebLogin::open(
        SITE,
        pages,
        (service, tokens),
        door.verifier(),
        Arc::new(SystemClock),
    )
    .map_err(Box::<WebLoginError>::new)?;
    let issuer = tokens.issuer.trim_end_matches('/');
    Ok(People::Central(login, format!("{issuer}/account")))
}
