//! `POST /account/language`: which language the pages of this browser speak.

use actix_web::{HttpRequest, HttpResponse, web::Data};

use super::{Away, OVERVIEW, done, posted};
use crate::{
    app::App,
    extract::form::PageForm,
    pages::{account::Done, locale::Locale},
    respond::{add_cookie, authorize_error::Refusal},
};

/// `POST /account/language`.
pub(crate) async fn post(app: Data<App>, request: HttpRequest, form: PageForm) -> HttpResponse {
    choose(&app, &request, &form)
        .await
        .unwrap_or_else(|away| away.answer(&app, &request))
}

async fn choose(app: &App, request: &HttpRequest, form: &PageForm) -> Result<HttpResponse, Away> {
    posted(app, request, form, OVERVIEW).await?;
    let chosen = form.0.get("language").and_then(Locale::named);
    let chosen = chosen.ok_or(Refusal::BadRequest)?;
    let mut response = done(app, OVERVIEW, Done::Language);
    add_cookie(&mut response, &app.cookies.set_language(chosen));
    Ok(response)
}
