//! `GET /exec/`: the first figures of everything that the visitor may see.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use loop_shared::auth::Scope;
use loop_shared::web_login::Visitor;
use serde::Serialize;

use super::ask::answer;
use super::chart::Chart;
use super::kpi::{self, Card};
use super::layout::{OVERVIEW, refused};
use super::sections::{cashflow_charts, foot, people_chart, runway_chart};
use super::{people, runway};
use crate::app::App;
use crate::refusal::Refusal;

#[derive(Debug, Default, Serialize)]
struct Page {
    exec: Option<Exec>,
    kpi: Option<Vec<Card>>,
}

#[derive(Debug, Serialize)]
struct Exec {
    runway: runway::Head,
    runway_chart: Chart,
    cashflow_charts: Vec<Chart>,
    people: people::Head,
    people_chart: Chart,
    foot: super::sections::Foot,
}

pub(super) async fn page(app: Data<App>, visitor: Visitor) -> HttpResponse {
    match made(&app, &visitor).await {
        Ok(page) => {
            app.web()
                .site
                .show(&visitor, (OVERVIEW, "overview.html"), StatusCode::OK, &page)
        }
        Err(refusal) => refused(&app, &visitor, OVERVIEW, &refusal),
    }
}

async fn made(app: &App, visitor: &Visitor) -> Result<Page, Refusal> {
    let mut page = Page::default();
    let (pages, locale) = (app.web().pages(), visitor.locale);
    if visitor.may(Scope::McpExec) {
        let cash = answer(app, visitor, "runway", "").await?;
        let flow = answer(app, visitor, "cashflow", "").await?;
        let staff = answer(app, visitor, "people", "").await?;
        page.exec = Some(Exec {
            runway: runway::head(pages, locale, &cash),
            runway_chart: runway_chart(pages, locale, &cash),
            cashflow_charts: cashflow_charts(pages, locale, &flow),
            people: people::head(app, visitor, &staff),
            people_chart: people_chart(pages, locale, &staff),
            foot: foot(pages, locale, &cash),
        });
    }
    if visitor.may(Scope::KpiRead) {
        let listed = answer(app, visitor, "kpi_list", "").await?;
        page.kpi = Some(kpi::cards(app, visitor, &listed, "").await?);
    }
    Ok(page)
}
