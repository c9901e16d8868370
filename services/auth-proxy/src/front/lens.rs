//! What one caller may see and call of a server.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError as _};
use loop_shared::auth::bearer::Caller;

use super::{Visit, reply};
use crate::policy;
use crate::registry::Entry;
use crate::wire::{Object, Outcome, Raw, codes};

/// A caller in front of a server.
pub(super) struct Lens {
    entry: Arc<Entry>,
    caller: Caller,
    lists_tools: bool,
}

impl Visit {
    /// Why a call is refused: 403 naming the scopes that it needs, or 400 when nobody can tell what is called.
    pub(super) fn refusal(
        &self,
        id: &Raw,
        method: &str,
        params: Option<&Raw>,
    ) -> Option<HttpResponse> {
        let rules = &self.entry.server.tools;
        if method != "tools/call" || rules.is_empty() {
            return None;
        }
        let name = params.and_then(|params| Object::parse(params.get()).ok()?.text("name"));
        let Some(name) = name else {
            let text = "tools/call needs the name of a tool, once.";
            let id = Some(id.clone());
            return Some(reply::refuse(
                StatusCode::BAD_REQUEST,
                id,
                codes::INVALID_PARAMS,
                text,
            ));
        };
        let needed = policy::needs(rules, &name).union(self.entry.server.scope);
        let refused = self.caller.demand(needed).err();
        refused.map(|refused| refused.error_response())
    }

    /// What the caller may see of an answer to `method`.
    pub(super) fn lens(&self, method: &str) -> Lens {
        Lens {
            entry: Arc::clone(&self.entry),
            caller: self.caller.clone(),
            lists_tools: method == "tools/list",
        }
    }
}

impl Lens {
    /// The outcome without tools that the caller may not call.
    pub(super) fn apply(&self, outcome: Outcome) -> Outcome {
        let rules = &self.entry.server.tools;
        match outcome {
            Outcome::Result(result) if self.lists_tools && !rules.is_empty() => {
                let may = |name: &str| self.caller.demand(policy::needs(rules, name)).is_ok();
                Outcome::Result(policy::filtered(&result, may))
            }
            other => other,
        }
    }
}
