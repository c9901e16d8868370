//! `GET` and `POST /oauth/logout`: asks, then ends the session of this browser.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web::Data};
use loop_oauth::login;

use crate::{
    app::App,
    extract::{
        comes_from_another_site,
        csrf::{self, Form},
        form::PageForm,
        session,
    },
    pages::{
        error::ErrorKind,
        session::{LoggedOutPage, LogoutPage},
    },
    respond::{
        authorize_error::Refusal,
        page::{self, Forms},
    },
    routes::login::add_cookie,
};

/// `GET /oauth/logout`: changes nothing, so that no image or link can log anybody out.
pub(crate) async fn get(app: Data<App>, request: HttpRequest) -> HttpResponse {
    ask(&app, &request)
        .await
        .unwrap_or_else(|refusal| refusal.show(&app, &request))
}

/// `POST /oauth/logout`.
pub(crate) async fn post(app: Data<App>, request: HttpRequest, form: PageForm) -> HttpResponse {
    end(&app, &request, &form)
        .await
        .unwrap_or_else(|refusal| refusal.show(&app, &request))
}

async fn ask(app: &App, request: &HttpRequest) -> Result<HttpResponse, Refusal> {
    let Some(current) = session::current(app, request).await? else {
        return Ok(logged_out(app, request));
    };
    let Some(csrf) = csrf::token(current.raw.expose(), Form::Logout, "") else {
        return Ok(page::error(app, request, ErrorKind::Unavailable));
    };
    let shown = LogoutPage {
        csrf,
        account: current.account(),
    };
    Ok(page::show(
        app,
        request,
        StatusCode::OK,
        &shown,
        Forms::Here,
    ))
}

async fn end(app: &App, request: &HttpRequest, form: &PageForm) -> Result<HttpResponse, Refusal> {
    if let Some(current) = session::current(app, request).await? {
        let presented = form.0.get("csrf").unwrap_or_default();
        let own = csrf::fits(current.raw.expose(), Form::Logout, "", presented);
        if !own || comes_from_another_site(request) {
            return Err(Refusal::StaleForm);
        }
        login::logout(&app.cx(), &current.raw).await?;
    }
    Ok(logged_out(app, request))
}

fn logged_out(app: &App, request: &HttpRequest) -> HttpResponse {
    let mut response = page::show(app, request, StatusCode::OK, &LoggedOutPage {}, Forms::Here);
    if app.cookies.session(request).is_some() {
        add_cookie(&mut response, &app.cookies.clear_session());
    }
    response
}
