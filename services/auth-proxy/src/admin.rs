//! `/servers`: what each server does and did, on all replicas, for administrators.
//!
//! In: a browser with an administrator's session. Out: a page. Never: anything for anybody else, an argument, a token.

use std::collections::HashMap;

use actix_web::http::StatusCode;
use actix_web::web::{self, Data};
use actix_web::{HttpRequest, HttpResponse};
use loop_shared::service::{Clock as _, SystemClock};
use loop_shared::web::Locale;
use serde::Serialize;

use crate::app::App;
use crate::pages::{self, Page, plain, written};
use crate::people::People;
use crate::register::Known;

/// One server.
#[derive(Clone, Debug, Default, Serialize)]
struct Row {
    name: String,
    kind: &'static str,
    url: String,
    /// The key of a text.
    status: &'static str,
    /// People who have used it lately.
    users: i64,
    /// The last use, as `2026-11-28 10:15 UTC`.
    used: Option<String>,
    /// Processes or connections that are up, on all replicas.
    running: i64,
    /// Replicas that live.
    replicas: usize,
    /// What went wrong last.
    trouble: Option<String>,
    /// When.
    trouble_at: Option<String>,
    /// Whose accounts it works with.
    provider: Option<String>,
}

#[derive(Clone, Debug, Default, Serialize)]
struct ServersPage {
    account: String,
    manage: String,
    rows: Vec<Row>,
    /// Why the file of servers was not taken.
    trouble: Option<String>,
    /// Whether only this replica was asked.
    is_partial: bool,
}

impl Page for ServersPage {
    const TEMPLATE: &'static str = "servers.html";
    const FORMS: &'static str = "'none'";
}

/// Registers the page.
pub(crate) fn routes(people: &People, config: &mut web::ServiceConfig) {
    let page = web::resource("/servers").route(web::get().to(page));
    config.service(people.guarded(page));
}

async fn page(request: HttpRequest, app: Data<App>, people: Data<People>) -> HttpResponse {
    let visitor = match people.person(&request, "/servers").await {
        Ok(visitor) => visitor,
        Err(login) => return login,
    };
    if !visitor.is_admin {
        return plain(StatusCode::FORBIDDEN, "This page is for administrators.\n");
    }
    let now = SystemClock.now().timestamp();
    let known = async {
        // What this replica sees at this moment counts too.
        app.register.note(&app.seen(), now).await?;
        app.register.known(now).await
    };
    let known = known.await.map_err(|error| {
        tracing::error!(%error, "the table of servers cannot be used");
    });
    let page = ServersPage {
        account: visitor.account,
        manage: visitor.manage,
        rows: rows(&app, known.as_ref().ok()),
        trouble: app.registry.trouble().map(|it| it.to_string()),
        is_partial: known.is_err(),
    };
    match pages::answer(StatusCode::OK, &page, Locale::of(&request)) {
        Ok((mut response, html)) => response.body(html),
        Err(failed) => *failed,
    }
}

/// The servers as all replicas know them; without the table, as this one does.
fn rows(app: &App, known: Option<&HashMap<String, Known>>) -> Vec<Row> {
    let seen = app.seen().into_iter();
    let entries = app.registry.entries();
    let row = |(entry, seen): (
        &std::sync::Arc<crate::registry::Entry>,
        crate::register::Seen,
    )| {
        let server = &entry.server;
        let account = server.account.as_ref();
        let own = || Known {
            running: i64::try_from(seen.running).unwrap_or(i64::MAX),
            replicas: 1,
            users: i64::try_from(seen.users.len()).unwrap_or(i64::MAX),
            ..Known::default()
        };
        let known = known.and_then(|all| all.get(&*server.name).cloned());
        let known = known.unwrap_or_else(own);
        let status = match (&seen.trouble, known.running) {
            (Some(_), _) => "status_trouble",
            (None, 0) => "status_resting",
            (None, _) => "status_running",
        };
        let (trouble, since) = known.trouble.unzip();
        Row {
            name: server.title().to_owned(),
            kind: server.kind(),
            url: app.connections.external().join(&entry.path),
            status,
            users: known.users,
            used: known.used_at.and_then(|it| written(it, MOMENT)),
            running: known.running,
            replicas: known.replicas,
            trouble: trouble.or(seen.trouble),
            trouble_at: since.and_then(|it| written(it, MOMENT)),
            provider: account.map(|account| account.provider.name.clone()),
        }
    };
    entries.iter().zip(seen).map(row).collect()
}

/// How a moment is written.
const MOMENT: &str = "%Y-%m-%d %H:%M UTC";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_said_is_text_in_both_languages() {
        let evil = "<script>alert('x')</script>{account}".to_owned();
        let row = |status| Row {
            status,
            trouble: Some(evil.clone()),
            provider: Some(evil.clone()),
            name: evil.clone(),
            ..Row::default()
        };
        let page = ServersPage {
            account: evil.clone(),
            manage: evil.clone(),
            rows: ["status_trouble", "status_resting", "status_running"]
                .map(row)
                .to_vec(),
            trouble: Some(evil.clone()),
            is_partial: true,
        };
        for (locale, said) in [(Locale::En, "In trouble"), (Locale::Ko, "문제 있음")] {
            let html = pages::render(&page, locale).unwrap();
            assert!(
                !html.contains("<script") && html.contains("&lt;script&gt;"),
                "{html}"
            );
            assert!(html.contains(said), "{html}");
        }
    }
}
