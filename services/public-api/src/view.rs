//! What one caller sees of the vault: decided here, once, for every door.
//!
//! In: a verified [`Principal`] and the rule of who may read private notes. Out: [`View`], which every question is asked of.
//! Never: a look at the vault but through it. Whoever is not named in the rule sees the vault without its private notes.
//! Source: [decision 20](../../../docs/decisions/0020-one-view-per-caller.md).

use std::future::{Ready, ready};
use std::ops::Deref;
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::error::ErrorInternalServerError;
use actix_web::web::Data;
use actix_web::{Error, FromRequest, HttpRequest};
use loop_shared::auth::bearer::Caller;
use loop_shared::auth::principal::Principal;
use loop_shared::auth::{Role, Roles, Scope, Scopes};
use loop_shared::service::Problems;
use loop_shared::vault::{IsoDate, NotePath};
use loop_vault::feed::Feed;
use loop_vault::history::{HistoryError, Moment, PastChanges, Versions};
use loop_vault::query::Page;
use loop_vault::{Sight, Snapshot, Vault};

use crate::app::App;
use crate::ask;
use crate::lint::today;
use crate::refusal::Refusal;

/// Who may read private notes: callers with one of these roles or scopes. The default is nobody.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PrivateReaders {
    roles: Roles,
    scopes: Scopes,
}

impl PrivateReaders {
    /// Reads `role:exec, scope:mcp:exec`.
    pub(crate) fn read<'a>(
        variable: &str,
        parts: impl Iterator<Item = &'a str>,
        problems: &mut Problems,
    ) -> Self {
        let mut readers = Self::default();
        for part in parts {
            let role = part
                .strip_prefix("role:")
                .and_then(|name| Role::parse(name).ok());
            let scope = part
                .strip_prefix("scope:")
                .and_then(|name| Scope::parse(name).ok());
            match (role, scope) {
                (Some(role), _) => readers.roles = readers.roles.iter().chain([role]).collect(),
                (None, Some(scope)) => readers.scopes = readers.scopes.with(scope),
                (None, None) => problems.add(
                    variable,
                    format!("{part:?} names nobody"),
                    "Write role:member, role:analyst, role:exec, role:admin, scope:mcp:exec or scope:kpi:read, separated by commas.",
                ),
            }
        }
        if readers.scopes.contains(Scope::McpRead) {
            let wrong = "scope:mcp:read is what every caller has, so nothing is private";
            problems.warn(variable, wrong, "Name a role, or a scope that few have.");
        }
        readers
    }

    /// How much a caller sees. A client that acts for itself has no roles, whatever its token says.
    pub(crate) fn sight_of(self, principal: &Principal) -> Sight {
        let role =
            !principal.is_client() && principal.roles.iter().any(|role| self.roles.contains(role));
        let scope = !self.scopes.intersection(principal.scopes).is_empty();
        if role || scope {
            Sight::Whole
        } else {
            Sight::Open
        }
    }
}

/// The vault at one moment as one caller sees it. Derefs to the [`Snapshot`] that answers are made from.
#[derive(Clone, Debug)]
pub(crate) struct View {
    snapshot: Arc<Snapshot>,
    vault: Vault,
    sight: Sight,
    /// When it is a picture of the past.
    moment: Option<Moment>,
}

impl View {
    pub(crate) fn of(vault: &Vault, sight: Sight) -> Self {
        Self {
            snapshot: vault.seen(sight),
            vault: vault.clone(),
            sight,
            moment: None,
        }
    }

    /// The picture, to keep.
    pub(crate) fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.snapshot)
    }

    /// What changed, as far as the caller sees it.
    pub(crate) fn feed(&self) -> Arc<Feed> {
        self.vault.feed(self.sight)
    }

    /// Refuses while not all of the vault is read.
    ///
    /// # Errors
    /// [`Refusal::Reading`].
    pub(crate) fn is_whole(&self) -> Result<(), Refusal> {
        self.snapshot
            .reading()
            .map_or(Ok(()), |percent| Err(Refusal::Reading(percent)))
    }

    /// The same caller's view of the past, when a moment is named.
    ///
    /// # Errors
    /// [`Refusal`] when there is no such moment.
    pub(crate) async fn at(self, as_of: Option<&str>) -> Result<Self, Refusal> {
        let Some(as_of) = as_of.map(str::to_owned) else {
            return Ok(self);
        };
        // What is private today hides what it was: today has to be known.
        self.is_whole()?;
        let (vault, sight) = (self.vault.clone(), self.sight);
        let (moment, snapshot) = past(move || vault.as_of(&as_of, sight)).await?;
        Ok(Self {
            snapshot,
            moment: Some(moment),
            ..self
        })
    }

    /// What was written of a note that the caller sees today.
    ///
    /// # Errors
    /// [`Refusal`] when there is no such note, or no history.
    pub(crate) async fn versions(&self, path: &str, page: Page) -> Result<Versions, Refusal> {
        let note = ask::note(self, path)?;
        let (vault, sight) = (self.vault.clone(), self.sight);
        past(move || {
            let path = NotePath::parse(&note.note.path).map_err(|_| HistoryError::None)?;
            vault.versions(&path, sight, &page)
        })
        .await
    }

    /// What changed between two moments.
    ///
    /// # Errors
    /// [`Refusal`] when there is no such moment.
    pub(crate) async fn between(
        &self,
        from: String,
        to: String,
        page: Page,
    ) -> Result<PastChanges, Refusal> {
        let (vault, sight) = (self.vault.clone(), self.sight);
        past(move || vault.between(&from, &to, sight, &page)).await
    }

    /// The day of the picture, in UTC: today, unless it is of the past.
    pub(crate) fn day(&self) -> Option<IsoDate> {
        self.moment.as_ref().map_or_else(today, Moment::day)
    }

    /// Whether no note is hidden from the caller.
    pub(crate) fn sees_all(&self) -> bool {
        self.sight == Sight::Whole
    }

    /// Whether it is a picture of the past.
    pub(crate) const fn is_past(&self) -> bool {
        self.moment.is_some()
    }

    /// How much the caller sees.
    pub(crate) const fn sight(&self) -> Sight {
        self.sight
    }
}

/// Asks about the past, on a thread of its own.
async fn past<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, HistoryError> + Send + 'static,
) -> Result<T, Refusal> {
    let answer = tokio::task::spawn_blocking(work).await;
    answer
        .unwrap_or(Err(HistoryError::Unavailable))
        .map_err(ask::past)
}

impl Deref for View {
    type Target = Snapshot;

    fn deref(&self) -> &Snapshot {
        &self.snapshot
    }
}

impl FromRequest for View {
    type Error = Error;
    type Future = Ready<Result<Self, Self::Error>>;

    /// # Errors
    /// A 401 where no bearer middleware stands before the handler: better shut than open.
    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let caller = Caller::from_request(request, payload).into_inner();
        let app = request.app_data::<Data<App>>();
        ready(match (caller, app) {
            (Ok(caller), Some(app)) => Ok(app.view(&caller)),
            (Err(refused), _) => Err(refused.into()),
            (Ok(_), None) => Err(ErrorInternalServerError("no vault")),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use loop_shared::service::config::list;
    use std::time::SystemTime;

    fn principal(subject: &str, scopes: &str, roles: &str) -> Principal {
        Principal {
            subject: subject.into(),
            client_id: "c1".into(),
            scopes: Scopes::parse(scopes).unwrap(),
            roles: Roles::parse(roles).unwrap(),
            sid: None,
            jti: "t1".into(),
            expires_at: SystemTime::UNIX_EPOCH.into(),
            key: None,
        }
    }

    #[test]
    fn private_notes_are_for_those_named_and_for_nobody_by_default() {
        for (rule, subject, scopes, roles, expected) in [
            ("", "u1", "mcp:read mcp:exec kpi:read", "admin", Sight::Open),
            ("role:exec", "u1", "mcp:read", "exec", Sight::Whole),
            ("role:exec", "u1", "mcp:read", "admin", Sight::Open),
            (
                "role:exec",
                "u1",
                "mcp:read mcp:exec",
                "member",
                Sight::Open,
            ),
            (
                "role:exec, role:admin",
                "u1",
                "mcp:read",
                "admin",
                Sight::Whole,
            ),
            (
                "scope:mcp:exec",
                "u1",
                "mcp:read mcp:exec",
                "member",
                Sight::Whole,
            ),
            ("scope:mcp:exec", "u1", "mcp:read", "exec", Sight::Open),
            // A client that acts for itself: roles in its token open nothing.
            ("role:exec", "c1", "mcp:read", "exec", Sight::Open),
            (
                "scope:mcp:exec",
                "c1",
                "mcp:read mcp:exec",
                "",
                Sight::Whole,
            ),
        ] {
            let mut problems = Problems::new();
            let readers = PrivateReaders::read("X", list(Some(rule)), &mut problems);
            assert!(problems.is_empty(), "{rule}");
            let caller = principal(subject, scopes, roles);
            assert_eq!(
                readers.sight_of(&caller),
                expected,
                "{rule} {subject} {scopes} {roles}"
            );
        }
    }

    #[test]
    fn a_rule_that_names_nobody_is_a_mistake_and_one_that_names_everybody_a_warning() {
        for rule in ["exec", "role:boss", "scope:mcp", "role:", "everyone"] {
            let mut problems = Problems::new();
            PrivateReaders::read("X", list(Some(rule)), &mut problems);
            assert!(!problems.is_empty(), "{rule}");
        }
        let mut problems = Problems::new();
        PrivateReaders::read("X", list(Some("scope:mcp:read")), &mut problems);
        assert_eq!(problems.finish().unwrap().len(), 1);
    }
}
