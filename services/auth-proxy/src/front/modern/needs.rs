//! What a server wants of a client that never said it could (2026-07-28): an error that names the capability, instead of
//! a question that nobody can answer.

use actix_web::http::StatusCode;
use serde_json::json;

use crate::wire::{Object, Raw, codes, error_object};

/// The error, if answering `method` needs a capability that is not among the declared ones.
pub(super) fn missing_capability(method: &str, declared: Option<&Raw>) -> Option<Raw> {
    let needed = match method {
        "sampling/createMessage" => "sampling",
        "elicitation/create" => "elicitation",
        "roots/list" => "roots",
        _ => return None,
    };
    let declared = declared.and_then(|declared| Object::parse(declared.get()).ok());
    if declared.is_some_and(|declared| declared.get(needed).is_some()) {
        return None;
    }
    let text = format!("This needs a client with the capability {needed:?}.");
    let data = json!({ "requiredCapabilities": { needed: {} } });
    Some(error_object(codes::MISSING_CAPABILITY, &text, Some(data)))
}

/// The status of an error that a server answered.
pub(super) fn status(error: &Raw) -> StatusCode {
    let code = Object::parse(error.get()).ok();
    match code.and_then(|error| error.get("code")?.get().parse::<i64>().ok()) {
        Some(codes::METHOD_NOT_FOUND) => StatusCode::NOT_FOUND,
        Some(codes::MISSING_CAPABILITY) => StatusCode::BAD_REQUEST,
        _ => StatusCode::OK,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::raw;

    #[test]
    fn a_question_is_for_clients_that_said_they_could_answer_it() {
        let declared = raw(&json!({ "elicitation": {} }));
        assert!(missing_capability("elicitation/create", Some(&declared)).is_none());
        for (method, declared) in [
            ("sampling/createMessage", Some(&declared)),
            ("roots/list", None),
        ] {
            let error = missing_capability(method, declared).unwrap();
            assert_eq!(status(&error), StatusCode::BAD_REQUEST, "{method}");
        }
        let error = missing_capability("sampling/createMessage", None).unwrap();
        let error: serde_json::Value = serde_json::from_str(error.get()).unwrap();
        assert_eq!(
            error["data"],
            json!({ "requiredCapabilities": { "sampling": {} } })
        );
    }
}
