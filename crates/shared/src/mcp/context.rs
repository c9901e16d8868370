//! What a tool asks about the request it serves.

use std::sync::Arc;

use rmcp::handler::server::tool::IntoCallToolResult;
use rmcp::model::{CallToolResponse, CallToolResult, ContentBlock, ErrorData, MetaObject};
use rmcp::service::{RequestContext, RoleServer};
use rmcp_actix_web::transport::on_request_extensions;
use serde_json::json;

use crate::auth::access::{self, AccessNote};
use crate::auth::bearer::Caller;
use crate::auth::principal::Principal;
use crate::auth::scope::Scopes;

/// A tool call that its caller may not make: a readable tool error, with a challenge for clients
/// (ChatGPT) that open their login from `_meta["mcp/www_authenticate"]`.
#[derive(Clone, Debug)]
pub struct ToolRefused(Box<CallToolResult>);

impl From<ToolRefused> for CallToolResult {
    fn from(refused: ToolRefused) -> Self {
        *refused.0
    }
}

impl IntoCallToolResult for ToolRefused {
    fn into_call_tool_result(self) -> Result<CallToolResponse, ErrorData> {
        self.0.into_call_tool_result()
    }
}

/// Who calls, with the means to check scopes.
///
/// # Errors
/// An internal error when the endpoint is not mounted behind the bearer middleware.
pub fn caller(context: &RequestContext<RoleServer>) -> Result<Caller, ErrorData> {
    let found = on_request_extensions(&context.extensions)
        .and_then(|extensions| extensions.get::<Caller>().cloned());
    found.ok_or_else(|| ErrorData::internal_error("the request has no caller", None))
}

/// Who calls.
///
/// # Errors
/// As [`caller`].
pub fn principal(context: &RequestContext<RoleServer>) -> Result<Arc<Principal>, ErrorData> {
    caller(context).map(|caller| caller.principal())
}

/// Notes the tool for the request's access line.
pub fn note_tool(context: &RequestContext<RoleServer>, name: &str) {
    let note = on_request_extensions(&context.extensions)
        .and_then(|extensions| extensions.get::<AccessNote>());
    if let Some(note) = note {
        access::note_tool(note, name);
    }
}

/// Demands every one of `scopes` of a tool's caller, unless `ROLE_BYPASS` lets it through.
///
/// # Errors
/// [`ToolRefused`], which a tool returns as its answer.
pub fn require_scope(
    context: &RequestContext<RoleServer>,
    scopes: impl Into<Scopes>,
) -> Result<Arc<Principal>, ToolRefused> {
    let scopes = scopes.into();
    let Ok(caller) = caller(context) else {
        return Err(refused(
            "This server could not tell who is calling.".to_owned(),
            None,
        ));
    };
    caller.check(scopes).map_err(|refusal| {
        let text = format!(
            "This tool needs the permission {scopes}, which your login does not carry. \
             Connect again and allow it, or ask an administrator for the role that has it."
        );
        refused(text, caller.challenge_text(refusal))
    })?;
    Ok(caller.principal())
}

/// Demands every one of `scopes` for a request that is no tool call.
///
/// # Errors
/// Invalid request (-32600), naming the scopes. The door has refused such a caller with 403 before, so that its
/// client steps up; this is the second lock.
pub fn may_read(
    context: &RequestContext<RoleServer>,
    scopes: impl Into<Scopes>,
) -> Result<(), ErrorData> {
    let scopes = scopes.into();
    caller(context)?.check(scopes).map_err(|_| {
        ErrorData::invalid_request(format!("This needs the permission {scopes}."), None)
    })
}

fn refused(text: String, challenge: Option<String>) -> ToolRefused {
    let mut result = CallToolResult::error(vec![ContentBlock::text(text)]);
    if let Some(challenge) = challenge {
        let mut meta = MetaObject::new();
        meta.0
            .insert("mcp/www_authenticate".to_owned(), json!([challenge]));
        result.meta = Some(meta);
    }
    ToolRefused(Box::new(result))
}
