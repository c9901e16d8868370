//! `POST /account/sessions/end` and `/account/sessions/end-others`: signs browsers out.

use actix_web::{HttpRequest, HttpResponse, web::Data};
use loop_oauth::{account, oidc::Sid};

use super::{Away, OVERVIEW, done, posted};
use crate::{
    app::App, extract::form::PageForm, pages::account::Done, respond::authorize_error::Refusal,
};

/// `POST /account/sessions/end`: the session of this name.
pub(crate) async fn end(app: Data<App>, request: HttpRequest, form: PageForm) -> HttpResponse {
    end_one(&app, &request, &form)
        .await
        .unwrap_or_else(|away| away.answer(&app, &request))
}

/// `POST /account/sessions/end-others`: all but this one.
pub(crate) async fn end_others(
    app: Data<App>,
    request: HttpRequest,
    form: PageForm,
) -> HttpResponse {
    end_all(&app, &request, &form)
        .await
        .unwrap_or_else(|away| away.answer(&app, &request))
}

/// One that ended meanwhile is as good as ended now.
async fn end_one(app: &App, request: &HttpRequest, form: &PageForm) -> Result<HttpResponse, Away> {
    let current = posted(app, request, form, OVERVIEW).await?;
    let sid = form.0.get("sid").and_then(|sid| sid.parse().ok());
    let sid = Sid(sid.ok_or(Refusal::BadRequest)?);
    account::end_session(&app.cx(), current.who.1.id, sid).await?;
    Ok(done(app, OVERVIEW, Done::SignedOut))
}

async fn end_all(app: &App, request: &HttpRequest, form: &PageForm) -> Result<HttpResponse, Away> {
    let current = posted(app, request, form, OVERVIEW).await?;
    account::end_others(&app.cx(), &current.who.0).await?;
    Ok(done(app, OVERVIEW, Done::SignedOutOthers))
}
