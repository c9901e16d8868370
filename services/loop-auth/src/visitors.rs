//! Who is signed in, for a program that serves pages of its own beside the login.
//!
//! In: a request with the login's cookie. Out: the person. Never: the cookie's value, a session of somebody who may no longer log in.

use actix_web::{HttpRequest, web::Data};
use loop_oauth::{federation, store::StoreError, user::UserId};
use loop_shared::auth::scope::Role;
use uuid::Uuid;

use crate::{app::App, extract::session};

/// Knows the login's sessions. Clones share it.
#[derive(Clone)]
pub struct Visitors(Data<App>);

/// A signed-in person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visitor {
    /// The `sub` of their tokens.
    pub user: String,
    /// The account's name, for people.
    pub account: String,
    /// Whether they manage this place.
    pub is_admin: bool,
}

impl Visitors {
    pub(crate) const fn new(app: Data<App>) -> Self {
        Self(app)
    }

    /// Who sent the request; `None` for somebody who is not signed in.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn visitor(&self, request: &HttpRequest) -> Result<Option<Visitor>, StoreError> {
        let current = session::current(&self.0, request).await?;
        Ok(current.map(|current| Visitor {
            user: current.who.1.id.to_string(),
            account: current.account(),
            is_admin: current.who.1.roles.contains(Role::Admin),
        }))
    }

    /// Whether somebody, by the `sub` of their tokens, is still a user whom today's rules allow.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn stays(&self, user: &str) -> Result<bool, StoreError> {
        let Ok(id) = Uuid::parse_str(user) else {
            return Ok(false);
        };
        let cx = self.0.cx();
        match cx.store.user(UserId(id)).await? {
            Some(user) if user.is_active() => federation::may_stay(&cx, &user).await,
            Some(_) | None => Ok(false),
        }
    }
}
