//! `/servers`: what each server does at this moment, for administrators.
//!
//! In: a browser with an administrator's session. Out: a page. Never: anything for anybody else, an argument, a token.

use actix_web::http::{StatusCode, header};
use actix_web::web::{self, Data};
use actix_web::{HttpRequest, HttpResponse};
use loop_auth::visitors::Visitors;
use serde::Serialize;
use tera::{Context, Tera};

use crate::app::App;

const TEMPLATE: &str = include_str!("pages/servers.html");
const NAME: &str = "servers.html";

/// One server.
#[derive(Clone, Debug, Default, Serialize)]
struct Row {
    name: String,
    kind: &'static str,
    url: String,
    /// People for whom it is kept.
    users: usize,
    /// Processes or connections that are up.
    running: usize,
    /// What went wrong last, of those that are kept.
    trouble: Option<String>,
    /// Whose accounts it works with.
    provider: Option<String>,
}

#[derive(Clone, Debug, Default, Serialize)]
struct ServersPage {
    account: String,
    rows: Vec<Row>,
    /// Why the file of servers was not taken.
    trouble: Option<String>,
}

/// Registers the page.
pub(crate) fn routes(config: &mut web::ServiceConfig) {
    config.route("/servers", web::get().to(page));
}

async fn page(request: HttpRequest, app: Data<App>, visitors: Data<Visitors>) -> HttpResponse {
    let visitor = match visitors.visitor(&request).await {
        Ok(Some(visitor)) => visitor,
        Ok(None) => {
            return HttpResponse::SeeOther()
                .insert_header((header::LOCATION, "/oauth/login?return_to=%2Fservers%3F"))
                .insert_header((header::CACHE_CONTROL, "no-store"))
                .finish();
        }
        Err(error) => {
            tracing::error!(%error, "a session cannot be read");
            return text(StatusCode::SERVICE_UNAVAILABLE, "Try again in a moment.\n");
        }
    };
    if !visitor.is_admin {
        return text(StatusCode::FORBIDDEN, "This page is for administrators.\n");
    }
    let html = render(&ServersPage {
        account: visitor.account,
        rows: rows(&app),
        trouble: app.registry.trouble().map(|it| it.to_string()),
    });
    let Ok(html) = html else {
        return text(
            StatusCode::INTERNAL_SERVER_ERROR,
            "This page did not render.\n",
        );
    };
    HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'",
        ))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .body(html)
}

fn rows(app: &App) -> Vec<Row> {
    let reports = app.pool.reports();
    let entries = app.registry.entries();
    let row = |entry: &std::sync::Arc<crate::registry::Entry>| {
        let server = &entry.server;
        let report = reports.get(&server.name).cloned().unwrap_or_default();
        let account = server.account.as_ref();
        Row {
            name: server.title().to_owned(),
            kind: server.kind(),
            url: app.connections.external().join(&server.path()),
            users: report.users.len(),
            running: report.running,
            trouble: report.trouble,
            provider: account.map(|account| account.provider.name.clone()),
        }
    };
    entries.iter().map(row).collect()
}

fn render(page: &ServersPage) -> Result<String, tera::Error> {
    let mut tera = Tera::default();
    tera.add_raw_template(NAME, TEMPLATE)?;
    tera.render(NAME, &Context::from_serialize(page)?)
}

fn text(status: StatusCode, text: &'static str) -> HttpResponse {
    HttpResponse::build(status)
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .body(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_said_is_text() {
        let evil = "<script>alert('x')</script>".to_owned();
        let row = Row {
            trouble: Some(evil.clone()),
            provider: Some(evil.clone()),
            name: evil.clone(),
            ..Row::default()
        };
        let page = ServersPage {
            account: evil.clone(),
            rows: vec![row, Row::default()],
            trouble: Some(evil),
        };
        let html = render(&page).unwrap();
        assert!(
            !html.contains("<script") && html.contains("&lt;script&gt;"),
            "{html}"
        );
    }
}
