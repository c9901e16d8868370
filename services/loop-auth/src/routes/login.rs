//! `GET` and `POST /oauth/login`: e-mail and password for a session.
//!
//! The session's identifier is new at every login (RFC 9700 names fixation; OWASP: renew on
//! authentication), and the one before it ends.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{Method, StatusCode, header},
    web::{self, Data},
};
use loop_oauth::{
    authorize,
    budget::Wait,
    login::{LoginError, PasswordError},
    redirect_uri,
    secret::RawSession,
    sign_in::{self, Attempt, Entered, SignInError, SignedIn},
};
use loop_shared::service::{metrics::login_server::LOGINS, reading};
use secrecy::SecretString;
use tokio::time::Instant;

use crate::{
    app::App,
    extract::{
        comes_from_another_site,
        csrf::{self, Form},
        form::PageForm,
        prefer_language,
        return_to::{ReturnTo, decode},
    },
    pages::{
        error::ErrorKind,
        login::{self, AskingApp, LoginPage, LoginProblem},
    },
    respond::{
        add_cookie, evenly,
        page::{self, Forms},
        redirect,
    },
    routes::{identities, second_step},
};

/// Seconds after which a login that met a full queue is worth trying again.
const RETRY_AFTER_SECONDS: i64 = 5;

/// `GET /oauth/login?return_to=…`.
pub(crate) async fn get(app: Data<App>, request: HttpRequest) -> HttpResponse {
    let query = decode(request.query_string());
    let return_to = query
        .iter()
        .find(|(name, _)| name == "return_to")
        .and_then(|(_, text)| ReturnTo::parse(&app.base, text));
    let ask = Ask {
        return_to,
        email: String::new(),
    };
    ask.show(&app, &request, Again::No).await
}

/// `POST /oauth/login`.
pub(crate) async fn post(app: Data<App>, request: HttpRequest, form: PageForm) -> HttpResponse {
    let arrived = Instant::now();
    let field = |name| form.0.get(name).unwrap_or_default();
    let ask = Ask {
        return_to: ReturnTo::parse(&app.base, field("return_to")),
        email: field("email").to_owned(),
    };
    let own = app
        .cookies
        .form_secret(&request)
        .is_some_and(|secret| csrf::fits(&secret, Form::Login, ask.target(), field("csrf")));
    if !own || comes_from_another_site(&request) {
        counted("stale");
        let again = Again::Problem(LoginProblem::Stale);
        return ask.show(&app, &request, again).await;
    }
    let before = app.cookies.session(&request);
    let browser = app.cookies.browser(&request);
    let attempt = Attempt {
        email: &ask.email,
        password: SecretString::from(field("password")),
        from: app.proxies.caller(&request),
        before: before.as_ref(),
        browser: browser.as_ref(),
    };
    let (outcome, answer) = match sign_in::sign_in(&app.cx(), &*app.passwords, attempt).await {
        Ok(Entered::SignedIn(signed_in)) => ("ok", Ok(enter(&app, &ask, &signed_in))),
        Ok(Entered::SecondStep(step)) => {
            let lead = second_step::lead(&app, ask.return_to.as_ref(), &step);
            ("second_step", Ok(lead))
        }
        Err(SignInError::TooMany(wait)) => ("limited", Err(Again::TooMany(wait))),
        Err(SignInError::Login(LoginError::Wrong)) => {
            ("wrong", Err(Again::Problem(LoginProblem::Wrong)))
        }
        Err(SignInError::Login(LoginError::Password(PasswordError::Busy))) => {
            ("busy", Err(Again::Problem(LoginProblem::Busy)))
        }
        Err(SignInError::Login(
            error @ (LoginError::Password(PasswordError::Failed(_))
            | LoginError::Store(_)
            | LoginError::Entropy(_)),
        )) => {
            tracing::error!(%error, "a login failed");
            (
                "failed",
                Ok(page::error(&app, &request, ErrorKind::Unavailable)),
            )
        }
    };
    counted(outcome);
    match answer {
        Ok(answer) => answer,
        Err(again) => ask.show_after(arrived, &app, &request, again).await,
    }
}

/// Where people log in, below a prefix.
pub(crate) fn routes(prefix: &str, config: &mut web::ServiceConfig) {
    let (first, second) = (
        format!("{prefix}/oauth/login"),
        format!("{prefix}/oauth/login/step"),
    );
    config
        .route(&first, reading().to(get))
        .route(&first, web::post().to(post))
        .route(&second, reading().to(second_step::get))
        .route(&second, web::post().to(second_step::post));
}

fn counted(outcome: &'static str) {
    metrics::counter!(LOGINS, "method" => "password", "outcome" => outcome).increment(1);
}

/// The login page again, for who tried something else there.
pub(crate) async fn again(
    app: &App,
    request: &HttpRequest,
    return_to: Option<ReturnTo>,
    problem: LoginProblem,
) -> HttpResponse {
    let ask = Ask {
        return_to,
        email: String::new(),
    };
    ask.show(app, request, Again::Problem(problem)).await
}

/// Sends the browser where it wanted to go, with its new session.
fn enter(app: &App, ask: &Ask, signed_in: &SignedIn) -> HttpResponse {
    let home = format!("{}/oauth/", app.base);
    let to = ask.return_to.as_ref().map_or(&*home, ReturnTo::as_str);
    let mut response = redirect::after(&Method::POST, to);
    add_cookie(&mut response, &app.cookies.set_session(&signed_in.new.raw));
    if let Some(browser) = &signed_in.browser {
        add_cookie(&mut response, &app.cookies.set_browser(browser));
    }
    response
}

/// Whether the form is shown again, and why.
#[derive(Clone, Copy)]
enum Again {
    /// It is shown for the first time.
    No,
    /// For this reason.
    Problem(LoginProblem),
    /// Because of too many failures.
    TooMany(Wait),
}

impl Again {
    /// Whether no password was checked, whose time would hide how long it took to look for the account.
    const fn cost_no_check(self) -> bool {
        matches!(self, Self::TooMany(_) | Self::Problem(LoginProblem::Busy))
    }

    const fn problem(self) -> Option<LoginProblem> {
        match self {
            Self::No => None,
            Self::Problem(problem) => Some(problem),
            Self::TooMany(_) => Some(LoginProblem::TooMany),
        }
    }

    /// Seconds after which another try is worth it (`Retry-After`).
    fn seconds(self) -> Option<i64> {
        match self {
            Self::TooMany(wait) => Some(wait.seconds()),
            Self::Problem(LoginProblem::Busy) => Some(RETRY_AFTER_SECONDS),
            Self::No | Self::Problem(_) => None,
        }
    }
}

/// What the form is shown with.
struct Ask {
    return_to: Option<ReturnTo>,
    email: String,
}

impl Ask {
    /// What the CSRF token is bound to.
    fn target(&self) -> &str {
        self.return_to.as_ref().map_or("", ReturnTo::as_str)
    }

    /// The form for a try that came then.
    async fn show_after(
        self,
        arrived: Instant,
        app: &App,
        request: &HttpRequest,
        again: Again,
    ) -> HttpResponse {
        let shown = self.show(app, request, again).await;
        if again.cost_no_check() {
            evenly::next_slot(arrived).await;
        }
        shown
    }

    async fn show(self, app: &App, request: &HttpRequest, again: Again) -> HttpResponse {
        let known = app.cookies.form_secret(request);
        let secret = match &known {
            Some(secret) => Some(secret.clone()),
            None => RawSession::generate(app.cx().entropy)
                .ok()
                .map(|fresh| fresh.expose().to_owned()),
        };
        let Some((secret, csrf)) = secret.and_then(|secret| {
            let csrf = csrf::token(&secret, Form::Login, self.target())?;
            Some((secret, csrf))
        }) else {
            return page::error(app, request, ErrorKind::Unavailable);
        };
        let asking = match &self.return_to {
            Some(back) => authorize::check(&app.cx(), &back.params()).await.ok(),
            None => None,
        };
        let said = asking.as_ref().map(|ask| &ask.oidc);
        prefer_language(request, said.and_then(|said| said.ui_locales.as_deref()));
        let hinted = said.and_then(|said| said.login_hint.clone());
        let forms = match (&self.return_to, &asking) {
            (None, _) => Forms::Here,
            (Some(_), Some(ask)) => Forms::Then(&ask.redirect_uri),
            (Some(back), None) if back.stays_here(&app.base) => Forms::Here,
            (Some(_), None) => Forms::Anywhere,
        };
        let shown = LoginPage {
            csrf,
            return_to: self.return_to.as_ref().map(|back| back.as_str().to_owned()),
            email: match hinted {
                Some(hinted) if self.email.is_empty() => hinted,
                _ => self.email,
            },
            app: asking.as_ref().map(|ask| AskingApp {
                name: ask.client.name.clone(),
                host: redirect_uri::display_host(&ask.redirect_uri),
            }),
            passkeys: app.ceremonies.possible(),
            problem: again.problem(),
            providers: identities::buttons(app),
            wait: match again {
                Again::TooMany(wait) => Some(login::Wait::of_seconds(wait.seconds())),
                Again::No | Again::Problem(_) => None,
            },
        };
        let sources = identities::sources(app);
        let forms = (forms, sources.as_str());
        let status = status(again.problem());
        let mut response = page::show_and_lead(app, request, status, &shown, forms);
        if let Some(seconds) = again.seconds() {
            let headers = response.headers_mut();
            headers.insert(header::RETRY_AFTER, header::HeaderValue::from(seconds));
        }
        if known.is_none() {
            add_cookie(&mut response, &app.cookies.set_form_secret(&secret));
        }
        response
    }
}

const fn status(problem: Option<LoginProblem>) -> StatusCode {
    match problem {
        None => StatusCode::OK,
        // Not 401, which "MUST" name an HTTP authentication scheme (RFC 9110 §15.5.2).
        Some(LoginProblem::Wrong | LoginProblem::Passkey | LoginProblem::Over) => {
            StatusCode::BAD_REQUEST
        }
        Some(LoginProblem::Stale) => StatusCode::FORBIDDEN,
        Some(LoginProblem::Busy) => StatusCode::SERVICE_UNAVAILABLE,
        Some(LoginProblem::TooMany) => StatusCode::TOO_MANY_REQUESTS,
    }
}
