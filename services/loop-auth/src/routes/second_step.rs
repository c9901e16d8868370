//! `GET` and `POST /oauth/login/step`: the code after the password.
//!
//! The step is found by a cookie of its own, which is no session. The session's identifier is made after this step.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{Method, StatusCode, header},
    web::Data,
};
use loop_oauth::{
    authorize,
    second_step::{self, Answer, StepError},
    secret::RawStep,
    sign_in::browser,
};

use crate::{
    app::App,
    extract::{
        comes_from_another_site,
        csrf::{self, Form},
        form::PageForm,
        return_to::{ReturnTo, decode, encode},
    },
    pages::{
        error::ErrorKind,
        login::LoginProblem,
        second_step::{SecondStepPage, StepProblem},
    },
    respond::{
        add_cookie,
        authorize_error::Refusal,
        page::{self, Forms},
        redirect,
    },
    routes::login,
};

/// Seconds after which another try is worth it when there were too many.
const RETRY_AFTER: &str = "60";

/// To the second step, with what finds it.
pub(crate) fn lead(app: &App, return_to: Option<&ReturnTo>, step: &RawStep) -> HttpResponse {
    let ask = Ask {
        return_to: return_to.cloned(),
        recovery: false,
    };
    let mut response = redirect::after(&Method::POST, &ask.address(app));
    add_cookie(&mut response, &app.cookies.set_step(step));
    response
}

/// `GET /oauth/login/step`.
pub(crate) async fn get(app: Data<App>, request: HttpRequest) -> HttpResponse {
    let query = decode(request.query_string());
    let named = |wanted: &str| {
        let found = query.iter().find(|(name, _)| name == wanted);
        found.map(|(_, value)| value.as_str())
    };
    let ask = Ask {
        return_to: named("return_to").and_then(|text| ReturnTo::parse(&app.base, text)),
        recovery: named("with") == Some("recovery"),
    };
    let Some(step) = app.cookies.step(&request) else {
        return ask.over(&app, &request).await;
    };
    match second_step::waiting(&app.cx(), &step).await {
        Ok(Some(_)) => ask.show(&app, &request, &step, None).await,
        Ok(None) => ask.over(&app, &request).await,
        Err(error) => Refusal::from(error).show(&app, &request),
    }
}

/// `POST /oauth/login/step`.
pub(crate) async fn post(app: Data<App>, request: HttpRequest, form: PageForm) -> HttpResponse {
    let field = |name| form.0.get(name);
    let back = field("return_to").unwrap_or_default();
    let ask = Ask {
        return_to: ReturnTo::parse(&app.base, back),
        recovery: field("recovery").is_some(),
    };
    let Some(step) = app.cookies.step(&request) else {
        return ask.over(&app, &request).await;
    };
    let presented = field("csrf").unwrap_or_default();
    let own = csrf::fits(step.expose(), Form::SecondStep, ask.target(), presented);
    if !own || comes_from_another_site(&request) {
        return Refusal::StaleForm.show(&app, &request);
    }
    let answer = match (field("recovery"), field("code")) {
        (Some(typed), _) => Answer::Recovery(typed),
        (None, typed) => Answer::Code(typed.unwrap_or_default()),
    };
    enter(&app, &request, (&ask, &step), answer).await
}

async fn enter(
    app: &App,
    request: &HttpRequest,
    (ask, step): (&Ask, &RawStep),
    answer: Answer<'_>,
) -> HttpResponse {
    let cx = app.cx();
    let before = app.cookies.session(request);
    let done = second_step::answer(&cx, &*app.seals, step, answer, before.as_ref()).await;
    let (new, user) = match done {
        Ok(done) => done,
        Err(StepError::Gone) => return ask.over(app, request).await,
        Err(StepError::Wrong) => {
            return ask.show(app, request, step, Some(StepProblem::Wrong)).await;
        }
        Err(StepError::TooMany(_)) => {
            return ask
                .show(app, request, step, Some(StepProblem::TooMany))
                .await;
        }
        Err(error @ (StepError::Seal(_) | StepError::Store(_) | StepError::Entropy(_))) => {
            tracing::error!(%error, "a second step failed");
            return page::error(app, request, ErrorKind::Unavailable);
        }
    };
    let home = format!("{}/oauth/", app.base);
    let to = ask.return_to.as_ref().map_or(&*home, ReturnTo::as_str);
    let mut response = redirect::after(&Method::POST, to);
    add_cookie(&mut response, &app.cookies.set_session(&new.raw));
    add_cookie(&mut response, &app.cookies.clear_step());
    let known = app.cookies.browser(request);
    if let Ok(known) = browser::remember(known.as_ref(), &user, cx.now, cx.entropy) {
        add_cookie(&mut response, &app.cookies.set_browser(&known));
    }
    response
}

/// What the form is shown with.
struct Ask {
    return_to: Option<ReturnTo>,
    recovery: bool,
}

impl Ask {
    /// What the CSRF token is bound to.
    fn target(&self) -> &str {
        self.return_to.as_ref().map_or("", ReturnTo::as_str)
    }

    /// Where this form is.
    fn address(&self, app: &App) -> String {
        let back = self.return_to.as_ref().map(|back| back.as_str().to_owned());
        let with = self.recovery.then(|| "recovery".to_owned());
        let query: Vec<_> = [("return_to", back), ("with", with)]
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), value?)))
            .collect();
        let address = format!("{}/oauth/login/step?{}", app.base, encode(&query));
        address.trim_end_matches('?').to_owned()
    }

    /// The password comes first again, and the page says so.
    async fn over(&self, app: &App, request: &HttpRequest) -> HttpResponse {
        let back = self.return_to.clone();
        let mut response = login::again(app, request, back, LoginProblem::Over).await;
        add_cookie(&mut response, &app.cookies.clear_step());
        response
    }

    /// The token of the login page's form for a passkey, which may answer instead.
    fn passkey_csrf(&self, app: &App, request: &HttpRequest) -> Option<String> {
        let secret = app.cookies.form_secret(request);
        let secret = secret.filter(|_| app.ceremonies.possible())?;
        csrf::token(&secret, Form::Login, self.target())
    }

    async fn show(
        &self,
        app: &App,
        request: &HttpRequest,
        step: &RawStep,
        problem: Option<StepProblem>,
    ) -> HttpResponse {
        let Some(csrf) = csrf::token(step.expose(), Form::SecondStep, self.target()) else {
            return page::error(app, request, ErrorKind::Unavailable);
        };
        let asking = match &self.return_to {
            Some(back) => authorize::check(&app.cx(), &back.params()).await.ok(),
            None => None,
        };
        let forms = match (&self.return_to, &asking) {
            (None, _) => Forms::Here,
            (Some(_), Some(ask)) => Forms::Then(&ask.redirect_uri),
            (Some(back), None) if back.stays_here(&app.base) => Forms::Here,
            (Some(_), None) => Forms::Anywhere,
        };
        let other = Self {
            return_to: self.return_to.clone(),
            recovery: !self.recovery,
        };
        let shown = SecondStepPage {
            csrf,
            return_to: self.return_to.as_ref().map(|back| back.as_str().to_owned()),
            recovery: self.recovery,
            other: other.address(app),
            passkey_csrf: self.passkey_csrf(app, request),
            problem,
        };
        let status = match problem {
            None => StatusCode::OK,
            Some(StepProblem::Wrong) => StatusCode::BAD_REQUEST,
            Some(StepProblem::TooMany) => StatusCode::TOO_MANY_REQUESTS,
        };
        let mut response = page::show(app, request, status, &shown, forms);
        if problem == Some(StepProblem::TooMany) {
            let wait = header::HeaderValue::from_static(RETRY_AFTER);
            response.headers_mut().insert(header::RETRY_AFTER, wait);
        }
        response
    }
}
