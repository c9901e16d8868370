//! The dashboard at `/exec/`: figures for people, in Korean and English, on screen and on paper.
//!
//! In: a signed-in visitor and a query. Out: a page made of the same answers as REST's, each recorded before it is shown.
//! Never: a figure without its scope, arithmetic on money, script that the page needs.

mod ask;
mod cashflow;
mod chart;
mod form;
mod kpi;
mod kpi_chart;
mod kpi_texts;
mod layout;
mod marks;
mod notes;
mod overview;
mod page_texts;
mod people;
mod runway;
mod scale;
mod sections;
mod texts;
pub(crate) mod views;
mod warning_texts;

use std::sync::{Arc, LazyLock};

use actix_web::HttpResponse;
use actix_web::middleware::from_fn;
use actix_web::web::{self, Data, ServiceConfig};
use loop_shared::auth::verify::Verifier;
use loop_shared::service::{Clock, reading};
use loop_shared::web::asset::{BASE_STYLE, PAGES_STYLE};
use loop_shared::web::{Pages, Phrase, Scripts};
use loop_shared::web_login::{Parts, SignedSite, Site, WebLogin, WebLoginError, gate};

#[cfg(test)]
pub(crate) use chart::Series;
pub(crate) use chart::{Chart, Kind, escape};
pub(crate) use kpi_chart::kpi_chart;
pub(crate) use sections::{cashflow_charts, people_chart, runway_chart};
use views::Views;

use crate::app::{App, SCOPES};
use crate::config::Config;
use crate::routes as rest;

/// The whole stylesheet.
static STYLE: LazyLock<String> = LazyLock::new(|| {
    format!(
        "{BASE_STYLE}{PAGES_STYLE}{}",
        include_str!("../../static/exec.css")
    )
});

/// What the pages are to the login.
pub(crate) const SITE: Site = Site {
    name: "exec",
    title: Phrase::new("site", "Loop Exec", "Loop 경영"),
    path: "/exec/",
    scopes: SCOPES,
};

/// The pages with their login, and the views.
#[derive(Debug)]
pub(crate) struct Web {
    pub(crate) site: SignedSite,
    pub(crate) views: Views,
}

impl Web {
    /// Compiles the templates and prepares the login.
    ///
    /// # Errors
    /// [`WebLoginError`].
    pub(crate) fn open(
        config: &Config,
        verifier: Arc<Verifier>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, WebLoginError> {
        let parts = Parts {
            templates: layout::TEMPLATES,
            texts: texts::ALL,
            style: &STYLE,
            scripts: Scripts::None,
            menu: layout::MENU,
        };
        let parties = (&config.service, &config.tokens);
        let site = SignedSite::open((SITE, parts), &config.web, parties, verifier, clock)?;
        let views = Views::new(&site.pages)?;
        Ok(Self { site, views })
    }

    /// Templates and texts.
    pub(crate) const fn pages(&self) -> &Pages {
        &self.site.pages
    }
}

/// Registers the login, the static parts and the pages. Call it before the REST routes, which take the whole path.
pub(crate) fn routes(app: &Data<App>, config: &mut ServiceConfig) {
    let site = &app.web().site;
    let (login, view) = (&site.login, "/exec/view");
    site.routes(view, config);
    config.route("/exec", reading().to(to_the_slash));
    let guarded =
        |login: WebLogin| from_fn(move |request, next| gate(login.clone(), request, next));
    config.service(
        web::resource("/exec/")
            .route(reading().to(overview::page))
            .default_service(web::to(rest::method_not_allowed))
            .wrap(guarded(login.clone())),
    );
    config.service(
        web::scope(view)
            .route("/runway", reading().to(runway::page))
            .route("/cashflow", reading().to(cashflow::page))
            .route("/people", reading().to(people::page))
            .route("/kpi", reading().to(kpi::page))
            .route("/notes/{path:.*}", reading().to(notes::page))
            .default_service(web::to(layout::nothing_here))
            .wrap(guarded(login.clone())),
    );
}

async fn to_the_slash() -> HttpResponse {
    HttpResponse::SeeOther()
        .insert_header(("Location", "exec/"))
        .finish()
}

/// Every text, for tests.
#[cfg(test)]
pub(crate) fn every_phrase() -> impl Iterator<Item = &'static Phrase> {
    texts::ALL.iter().flat_map(|table| table.iter())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_text_is_there_in_both_languages_once() {
        let mut keys = BTreeSet::new();
        for phrase in texts::ALL.iter().flat_map(|table| table.iter()) {
            assert!(keys.insert(phrase.key), "{} is there twice", phrase.key);
            assert!(
                !phrase.en.is_empty() && !phrase.ko.is_empty(),
                "{}",
                phrase.key
            );
            let hangul = phrase.ko.chars().any(|c| ('가'..='힣').contains(&c));
            assert!(
                hangul || phrase.ko == "KPI",
                "{}: {}",
                phrase.key,
                phrase.ko
            );
            assert!(phrase.en.is_ascii(), "{}: {}", phrase.key, phrase.en);
        }
    }

    #[test]
    fn every_kpi_field_and_choice_has_its_text() {
        use crate::params::{Kind, Param};
        let known: BTreeSet<&str> = texts::ALL
            .iter()
            .flat_map(|table| table.iter())
            .map(|phrase| phrase.key)
            .collect();
        let tables: [&[Param]; 4] = [
            crate::runway::PARAMS,
            crate::cashflow::PARAMS,
            crate::people::PARAMS,
            crate::kpi::GET_PARAMS,
        ];
        for param in tables
            .into_iter()
            .flatten()
            .filter(|param| param.name != "name")
        {
            assert!(
                known.contains(format!("field_{}", param.name).as_str()),
                "{}",
                param.name
            );
            if let Kind::Word { words, .. } = param.kind {
                for word in words {
                    assert!(known.contains(format!("word_{word}").as_str()), "{word}");
                }
            }
        }
        for kpi in crate::kpi::NAMES {
            assert!(known.contains(format!("kpi_{kpi}").as_str()), "{kpi}");
        }
    }
}
