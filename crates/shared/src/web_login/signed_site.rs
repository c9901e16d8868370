//! A service's pages and the login before them: the frame that every such site has.
//!
//! In: a site's templates, texts, style and menu. Out: its pages. Never: what is on a page, who may see it.

use std::fmt;
use std::sync::{Arc, LazyLock};

use actix_web::http::StatusCode;
use actix_web::web::ServiceConfig as Routes;
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;

use super::{Site, Visitor, WebLogin, WebLoginError, routes};
use crate::auth::Scope;
use crate::auth::verify::Verifier;
use crate::service::config::WebLoginConfig;
use crate::service::{Clock, ResourceServerConfig, ServiceConfig, reading};
use crate::web::asset::{self, MARK};
use crate::web::{NavItem, Pages, Phrase, Scripts};

/// What a site's pages are made of.
#[derive(Clone, Copy, Debug)]
pub struct Parts {
    /// Templates by name; `refused.html` is among them and is given a title and a detail.
    pub templates: &'static [(&'static str, &'static str)],
    /// Tables of texts.
    pub texts: &'static [&'static [Phrase]],
    /// The whole stylesheet.
    pub style: &'static LazyLock<String>,
    /// Whether pages have scripts.
    pub scripts: Scripts,
    /// The menu.
    pub menu: &'static [MenuItem],
}

/// An entry of the menu.
#[derive(Clone, Copy, Debug)]
pub struct MenuItem {
    /// The key of its text; pages say by it which entry they are.
    pub key: &'static str,
    /// Path below the site's root.
    pub path: &'static str,
    /// What a visitor needs to see it, besides a session.
    pub scope: Option<Scope>,
}

/// What `refused.html` shows.
#[derive(Clone, Debug, Serialize)]
struct Refused {
    /// What is wrong, in the reader's language.
    title: String,
    /// What the service says about it; may be empty.
    detail: String,
}

/// The pages and their login.
pub struct SignedSite {
    /// The login.
    pub login: WebLogin,
    /// Templates and texts.
    pub pages: Pages,
    parts: Parts,
}

impl SignedSite {
    /// Compiles the templates and prepares the login.
    ///
    /// # Errors
    /// [`WebLoginError`].
    pub fn open(
        (site, parts): (Site, Parts),
        config: &WebLoginConfig,
        parties: (&ServiceConfig, &ResourceServerConfig),
        verifier: Arc<Verifier>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, WebLoginError> {
        let origin = url::Url::parse(&parties.1.issuer)?.origin();
        let frame = (parts.style.as_str(), &*origin.ascii_serialization());
        Ok(Self {
            login: WebLogin::open(site, config, parties, verifier, clock)?,
            pages: Pages::new(parts.templates, parts.texts, frame)?,
            parts,
        })
    }

    /// Registers the login, and stylesheet and mark below `view`, such as `/view`.
    pub fn routes(&self, view: &str, config: &mut Routes) {
        routes(&self.login, config);
        let style = self.parts.style;
        let styled = move |request: HttpRequest| async move {
            asset::answer(&request, style, "text/css; charset=utf-8")
        };
        let mark =
            |request: HttpRequest| async move { asset::answer(&request, MARK, "image/svg+xml") };
        config.route(&format!("{view}/static/pages.css"), reading().to(styled));
        config.route(&format!("{view}/static/loop.svg"), reading().to(mark));
    }

    /// The menu: what this visitor may see; `here` is the key of the page's own entry.
    pub fn menu(&self, visitor: &Visitor, here: &str) -> Vec<NavItem> {
        let may = |item: &&MenuItem| item.scope.is_none_or(|scope| visitor.may(scope));
        let shown = self.parts.menu.iter().filter(may);
        let root = self.login.root();
        let item = |item: &MenuItem| NavItem {
            label: self.pages.say(visitor.locale, item.key),
            href: format!("{root}{}", item.path),
            current: item.key == here,
        };
        shown.map(item).collect()
    }

    /// Writes a page.
    pub fn show(
        &self,
        visitor: &Visitor,
        (here, template): (&str, &str),
        status: StatusCode,
        page: &impl Serialize,
    ) -> HttpResponse {
        let shell = visitor.shell(self.menu(visitor, here));
        let how = (status, self.parts.scripts);
        self.pages
            .answer(how, template, visitor.locale, &shell, page)
    }

    /// The page for a question that has no answer; `title` is the key of a text.
    pub fn refused(
        &self,
        visitor: &Visitor,
        (here, title): (&str, &str),
        status: StatusCode,
        detail: String,
    ) -> HttpResponse {
        let page = Refused {
            title: self.pages.say(visitor.locale, title),
            detail,
        };
        self.show(visitor, (here, "refused.html"), status, &page)
    }
}

impl fmt::Debug for SignedSite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignedSite").finish_non_exhaustive()
    }
}
