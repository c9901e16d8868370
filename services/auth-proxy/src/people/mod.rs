//! Who is in front of the proxy's own pages: by a session of the login inside, or by one that the central login made.
//!
//! In: a browser's request. Out: the person, or the way to the login. Never: a page for somebody who is not signed in.

mod central;

use std::time::Duration;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::{StatusCode, header};
use actix_web::middleware::{Next, from_fn};
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{Error, HttpMessage as _, HttpRequest, HttpResponse, Resource};
use loop_auth::visitors::Visitors;
use loop_shared::auth::scope::Role;
use loop_shared::web_login::{self, Visitor, WebLogin, gate};

use crate::app::App;
use crate::pages::plain;
use crate::{admin, connections};

pub(crate) use central::{WANTED, open};

/// How often it is looked who has left.
const LEAVERS: Duration = Duration::from_secs(2);
/// The page that begins.
const HOME: &str = "/connections";

/// Who signs people in to the pages. Clones share it.
#[derive(Clone)]
pub(crate) enum People {
    /// The login inside.
    Inside(Visitors),
    /// The central login, to which these pages are a client; and its page of accounts.
    Central(WebLogin, String),
}

/// Somebody who is signed in.
pub(crate) struct Person {
    /// The `sub` of their tokens.
    pub(crate) user: String,
    /// The account's name, for people.
    pub(crate) account: String,
    /// Whether they manage this place.
    pub(crate) is_admin: bool,
    /// Where they manage their account.
    pub(crate) manage: String,
}

impl People {
    /// Registers the pages, and what they need.
    pub(crate) fn routes(&self, config: &mut ServiceConfig) {
        config.app_data(Data::new(self.clone()));
        if let Self::Central(login, _) = self {
            web_login::routes(login, config);
            loop_auth::asset_routes("", config);
            let home = web::redirect("/", HOME).see_other();
            config.service(home);
        }
        connections::routes::routes(self, config);
        admin::routes(self, config);
    }

    /// A page that nobody sees without a session.
    pub(crate) fn guarded(
        &self,
        page: Resource,
    ) -> impl actix_web::dev::HttpServiceFactory + use<> {
        let people = self.clone();
        page.wrap(from_fn(move |request, next| {
            people.clone().enter(request, next)
        }))
    }

    async fn enter<B: MessageBody + 'static>(
        self,
        request: ServiceRequest,
        next: Next<B>,
    ) -> Result<ServiceResponse<BoxBody>, Error> {
        match self {
            // Its handlers ask for themselves.
            Self::Inside(_) => Ok(next.call(request).await?.map_into_boxed_body()),
            Self::Central(login, _) => gate(login, request, next).await,
        }
    }

    /// Who asks for `page`, such as `/servers`; otherwise the way to the login.
    pub(crate) async fn person(
        &self,
        request: &HttpRequest,
        page: &str,
    ) -> Result<Person, HttpResponse> {
        match self {
            Self::Inside(visitors) => inside(visitors, request, page).await,
            Self::Central(_, manage) => {
                let visitor = request.extensions().get::<Visitor>().cloned();
                let visitor = visitor.ok_or_else(|| HttpResponse::Unauthorized().finish())?;
                let principal = visitor.principal();
                Ok(Person {
                    user: principal.subject.as_str().to_owned(),
                    account: visitor.shell(Vec::new()).account,
                    is_admin: principal.roles.contains(Role::Admin),
                    manage: manage.clone(),
                })
            }
        }
    }
}

async fn inside(
    visitors: &Visitors,
    request: &HttpRequest,
    page: &str,
) -> Result<Person, HttpResponse> {
    let who = visitors.visitor(request).await.map_err(|error| {
        tracing::error!(%error, "a session cannot be read");
        plain(StatusCode::SERVICE_UNAVAILABLE, "Try again in a moment.\n")
    })?;
    let Some(who) = who else {
        let back = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("return_to", &format!("{page}?"))
            .finish();
        return Err(HttpResponse::SeeOther()
            .insert_header((header::LOCATION, format!("/oauth/login?{back}")))
            .insert_header((header::CACHE_CONTROL, "no-store"))
            .finish());
    };
    Ok(Person {
        user: who.user,
        account: who.account,
        is_admin: who.is_admin,
        manage: "/account".to_owned(),
    })
}

/// Ends the servers of people who left; their tokens are refused by then.
pub(crate) async fn leavers(app: Data<App>, visitors: Visitors) {
    loop {
        tokio::time::sleep(LEAVERS).await;
        for subject in app.pool.subjects() {
            // A login that cannot be asked has sent nobody away.
            if let Ok(false) = visitors.stays(&subject).await {
                tracing::info!("the servers of somebody who left are ended");
                app.pool.end(|_, other| *other == *subject);
            }
        }
    }
}
