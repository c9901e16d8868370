//! `GET /oauth/`: who is signed in, and what to give an MCP client.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web::Data};

use crate::{
    app::App,
    extract::session::{self, Current},
    pages::session::HomePage,
    respond::{
        authorize_error::Refusal,
        page::{self, Forms},
    },
};

/// `GET /oauth/` and, on the service's own port, `GET /`.
pub(crate) async fn home(app: Data<App>, request: HttpRequest) -> HttpResponse {
    let current = match session::current(&app, &request).await {
        Ok(current) => current,
        Err(error) => return Refusal::from(error).show(&app, &request),
    };
    let shown = HomePage {
        account: current.as_ref().map(Current::account),
        resources: app.rules.resources.iter().map(|r| r.id.clone()).collect(),
    };
    page::show(&app, &request, StatusCode::OK, &shown, Forms::Here)
}
