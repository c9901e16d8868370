//! The vault for people, at `/`: search, notes, boards, lint; read only, in Korean and English.
//!
//! In: a signed-in visitor. Out: pages made of the same view as REST's and MCP's. Never: a note that the visitor's token would
//! not show, HTML of a note's own, anything from another host.

mod board;
mod home;
mod layout;
mod links;
mod lint;
mod markdown;
mod note;
mod picture;
mod properties;
mod texts;
mod try_out;

use std::sync::{Arc, LazyLock};

use actix_web::middleware::from_fn;
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use loop_shared::auth::verify::Verifier;
use loop_shared::auth::{Scope, Scopes};
use loop_shared::service::{Clock, reading};
use loop_shared::web::asset::{self, BASE_STYLE, PAGES_STYLE};
use loop_shared::web::{Phrase, Scripts};
use loop_shared::web_login::{Parts, SignedSite, Site, WebLogin, WebLoginError, gate};

use crate::app::App;
use crate::config::Config;
use crate::rest::problem;
use crate::routes::fallback;
use crate::table::vault;

/// The whole stylesheet.
static STYLE: LazyLock<String> = LazyLock::new(|| {
    format!(
        "{BASE_STYLE}{PAGES_STYLE}{}",
        include_str!("../../static/vault.css")
    )
});
/// Search as you type; the page works without it.
const SCRIPT: &str = include_str!("../../static/vault.js");

/// What the pages are to the login.
const SITE: Site = Site {
    name: "vault",
    title: Phrase::new("site", "Loop vault", "Loop 볼트"),
    path: "/",
    scopes: Scopes::of(&[Scope::McpRead]),
};

/// Compiles the templates and prepares the login.
///
/// # Errors
/// [`WebLoginError`].
pub(crate) fn open(
    config: &Config,
    verifier: Arc<Verifier>,
    clock: Arc<dyn Clock>,
) -> Result<SignedSite, WebLoginError> {
    let parts = Parts {
        templates: layout::TEMPLATES,
        texts: &[texts::TEXTS],
        style: &STYLE,
        scripts: Scripts::Own,
        menu: layout::MENU,
    };
    let parties = (&config.service, &config.tokens);
    SignedSite::open((SITE, parts), &config.web, parties, verifier, clock)
}

/// Registers the login, the static parts and the pages.
pub(crate) fn routes(app: &Data<App>, config: &mut ServiceConfig) {
    let login = &app.web().login;
    app.web().routes("/view", config);
    config.route("/view/static/vault.js", reading().to(script));
    let guarded =
        |login: WebLogin| from_fn(move |request, next| gate(login.clone(), request, next));
    config.service(
        web::resource("/")
            .route(reading().to(home::page))
            .wrap(guarded(login.clone())),
    );
    config.service(
        vault(web::scope(try_out::PREFIX))
            .route(try_out::WHO, reading().to(try_out::who))
            .default_service(web::to(fallback::not_found))
            .wrap(from_fn(try_out::as_caller))
            .wrap(from_fn(problem::described))
            .wrap(guarded(login.clone())),
    );
    config.service(
        web::scope("/view")
            .route("/found", reading().to(home::found))
            .route("/note/{path:.*}", reading().to(note::page))
            .route("/board", reading().to(board::page))
            .route("/lint", reading().to(lint::page))
            .default_service(web::to(layout::nothing_here))
            .wrap(guarded(login.clone())),
    );
}

async fn script(request: HttpRequest) -> HttpResponse {
    asset::answer(&request, SCRIPT, "text/javascript; charset=utf-8")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_text_is_there_in_both_languages_once() {
        let mut keys = BTreeSet::new();
        for phrase in texts::TEXTS {
            assert!(keys.insert(phrase.key), "{} is there twice", phrase.key);
            let hangul = phrase.ko.chars().any(|c| ('가'..='힣').contains(&c));
            assert!(hangul, "{}: {}", phrase.key, phrase.ko);
            assert!(
                !phrase.en.is_empty() && phrase.en.is_ascii(),
                "{}",
                phrase.key
            );
        }
    }
}
