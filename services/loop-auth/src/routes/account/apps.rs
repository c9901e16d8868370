//! `POST /account/apps/disconnect`: takes back what an app holds.

use actix_web::{HttpRequest, HttpResponse, web::Data};
use loop_oauth::{account, client::ClientId};

use super::{Away, OVERVIEW, done, posted};
use crate::{app::App, extract::form::PageForm, pages::account::Done};

/// `POST /account/apps/disconnect`.
pub(crate) async fn disconnect(
    app: Data<App>,
    request: HttpRequest,
    form: PageForm,
) -> HttpResponse {
    take_back(&app, &request, &form)
        .await
        .unwrap_or_else(|away| away.answer(&app, &request))
}

async fn take_back(
    app: &App,
    request: &HttpRequest,
    form: &PageForm,
) -> Result<HttpResponse, Away> {
    let current = posted(app, request, form, OVERVIEW).await?;
    let client = ClientId(form.0.get("client").unwrap_or_default().to_owned());
    account::disconnect(&app.cx(), current.who.1.id, &client).await?;
    Ok(done(app, OVERVIEW, Done::Disconnected))
}
