//! `/admin`: what administrators see and do.
//!
//! Everything below `/admin` comes through [`handle`], which lets nobody in who is no administrator at this moment, before it
//! looks at what is asked for. What hurts is asked first (`/admin/confirm`) and done by a form of this session
//! (`/admin/do`), after a login that is at most ten minutes old.

mod act;
mod audit;
mod clients;
mod grants;
mod invite;
mod keys;
mod question;
mod users;

use actix_web::{
    FromRequest as _, HttpRequest, HttpResponse,
    dev::Payload,
    http::{Method, StatusCode},
    web::{self, Data},
};
use chrono::DateTime;
use loop_oauth::{
    admin::{AdminError, By},
    invitation::InvitationError,
    store::{Cursor, StoreError},
    user_admin::UserAdminError,
};
use loop_shared::{
    audit::{Outcome, trail},
    service::reading,
};

use crate::{
    app::App,
    extract::{
        comes_from_another_site,
        form::PageForm,
        return_to::{ReturnTo, decode, encode},
        session::{self, Current},
    },
    pages::{
        Page,
        admin::{Section, Shell},
        error::ErrorKind,
    },
    respond::{
        page::{self, Forms},
        redirect,
    },
    routes::{authorize::login_url, invitation},
};

/// Rows of a page.
const ROWS: usize = 25;
/// The longest word that is searched for, in characters.
const MAX_TEXT: usize = 512;

/// Parameters of an address or a form.
type Params = Vec<(String, String)>;

/// Registers `/admin` and everything below, and where the links of invitations lead.
pub(crate) fn routes(prefix: &str, config: &mut web::ServiceConfig) {
    let at = |path: &str| format!("{prefix}{path}");
    config
        .route(&at("/oauth/invitation"), reading().to(invitation::get))
        .route(&at("/oauth/invitation"), web::post().to(invitation::post))
        .route(&at("/admin"), web::route().to(handle))
        .route(&at("/admin/{page:.*}"), web::route().to(handle));
}

/// Why a page is not shown.
enum Refused {
    /// Whoever asks is to log in, and comes back.
    LogIn,
    /// Not an administrator.
    Forbidden,
    /// No such page or thing.
    NotFound,
    /// The form is not of this session.
    Stale,
    /// The form or address says nothing that a page could say.
    Bad,
    /// The server failed.
    Failed(String),
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.to_string())
    }
}

impl From<AdminError> for Refused {
    fn from(error: AdminError) -> Self {
        match error {
            AdminError::Forbidden => Self::Forbidden,
            AdminError::StaleLogin => Self::LogIn,
            AdminError::NotFound => Self::NotFound,
            AdminError::Own | AdminError::LastAdmin => Self::Bad,
            AdminError::Store(error) => error.into(),
        }
    }
}

impl From<InvitationError> for Refused {
    fn from(error: InvitationError) -> Self {
        match error {
            InvitationError::Gone => Self::NotFound,
            InvitationError::Admin(error) => error.into(),
            InvitationError::User(UserAdminError::Store(error)) => error.into(),
            InvitationError::User(error) => Self::Failed(error.to_string()),
        }
    }
}

pub(crate) use invite::link;

type Answer = Result<HttpResponse, Refused>;

/// An administrator's request.
struct Desk<'a> {
    app: &'a App,
    request: &'a HttpRequest,
    current: Current,
    /// Of the address, or of the form.
    params: Params,
}

/// The only way in.
async fn handle(app: Data<App>, request: HttpRequest, body: web::Payload) -> HttpResponse {
    let mut payload = body.into_inner();
    match enter(&app, &request, &mut payload).await {
        Ok(response) => response,
        Err(refused) => refuse(&app, &request, refused),
    }
}

async fn enter(app: &App, request: &HttpRequest, payload: &mut Payload) -> Answer {
    let posts = request.method() == Method::POST;
    let current = session::current(app, request).await?;
    let Some(current) = current else {
        return Err(if posts {
            Refused::Stale
        } else {
            Refused::LogIn
        });
    };
    let (session, user) = &current.who;
    trail::acting(format_args!("user:{}", user.id));
    if (By::Admin { user, session }).may_look().is_err() {
        let path: String = request.path().chars().take(100).collect();
        trail::note("admin_refused", Outcome::Refused, |entry| {
            entry.with("path", path)
        });
        return Err(Refused::Forbidden);
    }
    let params = if posts {
        if comes_from_another_site(request) {
            return Err(Refused::Stale);
        }
        let form = PageForm::from_request(request, payload).await;
        form.map_err(|_| Refused::Bad)?.0.as_slice().to_vec()
    } else {
        decode(request.query_string())
    };
    let desk = Desk {
        app,
        request,
        current,
        params,
    };
    let page = request.match_info().get("page").unwrap_or_default();
    match (request.method().as_str(), page) {
        ("GET" | "HEAD", "") => Ok(desk.go("/admin/users")),
        ("GET" | "HEAD", "users") => users::list(&desk).await,
        ("GET" | "HEAD", "user") => users::one(&desk).await,
        ("GET" | "HEAD", "invitations") => invite::list(&desk).await,
        ("GET" | "HEAD", "invite") => invite::ask(&desk),
        ("GET" | "HEAD", "clients") => clients::list(&desk).await,
        ("GET" | "HEAD", "client") => clients::one(&desk).await,
        ("GET" | "HEAD", "grants") => grants::list(&desk).await,
        ("GET" | "HEAD", "keys") => keys::list(&desk).await,
        ("GET" | "HEAD", "audit") => audit::list(&desk).await,
        ("GET" | "HEAD", "confirm") => act::confirm(&desk).await,
        ("POST", "invite") => invite::make(&desk).await,
        ("POST", "do") => act::perform(&desk).await,
        _ => Err(Refused::NotFound),
    }
}

fn refuse(app: &App, request: &HttpRequest, refused: Refused) -> HttpResponse {
    let kind = match refused {
        Refused::LogIn => {
            let here = ReturnTo::new(&app.base, request.path(), &decode(request.query_string()));
            return redirect::after(request.method(), &login_url(&app.base, &here));
        }
        Refused::Forbidden => ErrorKind::Forbidden,
        Refused::NotFound => ErrorKind::NotFound,
        Refused::Stale => ErrorKind::StaleForm,
        Refused::Bad => ErrorKind::BadRequest,
        Refused::Failed(error) => {
            tracing::error!(%error, "an admin page failed");
            ErrorKind::Unavailable
        }
    };
    page::error(app, request, kind)
}

impl Desk<'_> {
    fn by(&self) -> By<'_> {
        let (session, user) = &self.current.who;
        By::Admin { user, session }
    }

    /// The value of a parameter; an empty one is none.
    fn get(&self, name: &str) -> Option<&str> {
        let found = self.params.iter().find(|(key, _)| key == name);
        let value = found.map(|(_, value)| value.trim())?;
        (!value.is_empty() && value.chars().count() <= MAX_TEXT).then_some(value)
    }

    fn text(&self, name: &str) -> String {
        self.get(name).unwrap_or_default().to_owned()
    }

    fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        let these = self.params.iter().filter(move |(key, _)| key == name);
        these.map(|(_, value)| value.as_str())
    }

    fn shell(&self, section: Section) -> Shell {
        Shell {
            section,
            account: self.current.account(),
            done: self.get("done").and_then(act::done_key),
        }
    }

    fn go(&self, to: &str) -> HttpResponse {
        redirect::after(self.request.method(), &format!("{}{to}", self.app.base))
    }

    fn show<P: Page>(&self, status: StatusCode, page: &P) -> HttpResponse {
        page::show(self.app, self.request, status, page, Forms::Here)
    }

    /// Where the page goes on, as the address says.
    fn cursor(&self) -> Option<Cursor> {
        let (at, id) = self.get("after")?.split_once('.')?;
        let at = DateTime::from_timestamp_millis(at.parse().ok()?)?;
        Some(Cursor {
            at,
            id: id.to_owned(),
        })
    }

    /// The address of the page behind `last`, for the same search.
    fn next(&self, path: &str, last: &str) -> String {
        let kept = self.params.iter();
        let kept =
            kept.filter(|(key, value)| !matches!(&**key, "after" | "done") && !value.is_empty());
        let mut query: Params = kept.cloned().collect();
        query.push(("after".to_owned(), last.to_owned()));
        format!("{path}?{}", encode(&query))
    }
}

/// A place as [`Desk::cursor`] reads it.
fn place(at: chrono::DateTime<chrono::Utc>, id: &dyn std::fmt::Display) -> String {
    format!("{}.{id}", at.timestamp_millis())
}

/// Keeps a page's rows, and says where the next page begins if there is one.
fn cut<T>(rows: &mut Vec<T>, last: impl Fn(&T) -> String) -> Option<String> {
    let more = rows.len() > ROWS;
    rows.truncate(ROWS);
    rows.last().filter(|_| more).map(last)
}

/// A link with one parameter.
fn to(path: &str, name: &str, value: &dyn std::fmt::Display) -> String {
    format!("{path}?{}", encode(&[(name.to_owned(), value.to_string())]))
}
