//! One JSON-RPC message.

use serde_json::{Value, json};

use super::object::{Object, Raw, raw};

/// Error codes that are answered here.
pub(crate) mod codes {
    /// Not JSON.
    pub(crate) const PARSE: i64 = -32700;
    /// No JSON-RPC message.
    pub(crate) const INVALID_REQUEST: i64 = -32600;
    /// Nobody knows the method.
    pub(crate) const METHOD_NOT_FOUND: i64 = -32601;
    /// Wrong parameters.
    pub(crate) const INVALID_PARAMS: i64 = -32602;
    /// Something broke behind this proxy.
    pub(crate) const INTERNAL: i64 = -32603;
    /// The server behind this proxy cannot be used now.
    pub(crate) const UNAVAILABLE: i64 = -32000;
    /// Headers and body disagree (2026-07-28).
    pub(crate) const HEADER_MISMATCH: i64 = -32020;
    /// The client did not declare a capability that this needs (2026-07-28).
    pub(crate) const MISSING_CAPABILITY: i64 = -32021;
    /// The revision is not spoken here (2026-07-28).
    pub(crate) const UNSUPPORTED_VERSION: i64 = -32022;
}

/// A message; ids are as they were written.
#[derive(Clone, Debug)]
pub(crate) enum Message {
    /// Wants an answer.
    Request {
        /// A string or a number.
        id: Raw,
        /// What is asked.
        method: String,
        /// With what.
        params: Option<Raw>,
    },
    /// Wants none.
    Notification {
        /// What is told.
        method: String,
        /// With what.
        params: Option<Raw>,
    },
    /// Answers.
    Response {
        /// Whose id it answers.
        id: Raw,
        /// How it went.
        outcome: Outcome,
    },
}

/// How a request went.
#[derive(Clone, Debug)]
pub(crate) enum Outcome {
    /// The `result` member.
    Result(Raw),
    /// The `error` member.
    Error(Raw),
}

/// Why a text is no message; public sentences.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Malformed {
    /// Not JSON, or an object with a member twice.
    #[error("The message is not a JSON object, or has a member twice")]
    NoObject,
    /// No JSON-RPC 2.0 message.
    #[error("The message is not a JSON-RPC 2.0 request, notification or response")]
    NoMessage,
}

/// An `error` member.
pub(crate) fn error_object(code: i64, message: &str, data: Option<Value>) -> Raw {
    let mut error = json!({ "code": code, "message": message });
    if let Some(data) = data {
        error["data"] = data;
    }
    raw(&error)
}

impl Outcome {
    /// A failure that is answered here.
    pub(crate) fn error(code: i64, message: &str) -> Self {
        Self::Error(error_object(code, message, None))
    }
}

impl Message {
    /// Reads one message.
    ///
    /// # Errors
    /// [`Malformed`].
    pub(crate) fn parse(text: &str) -> Result<Self, Malformed> {
        let mut object = Object::parse(text).map_err(|_| Malformed::NoObject)?;
        if object.text("jsonrpc").as_deref() != Some("2.0") {
            return Err(Malformed::NoMessage);
        }
        let id = object.remove("id");
        if id.as_ref().is_some_and(|id| !is_id(id.get())) {
            return Err(Malformed::NoMessage);
        }
        let params = object.remove("params");
        if let Some(method) = object.remove("method") {
            let method = super::text_of(&method).ok_or(Malformed::NoMessage)?;
            return Ok(match id {
                Some(id) => Self::Request { id, method, params },
                None => Self::Notification { method, params },
            });
        }
        let outcome = match (object.remove("result"), object.remove("error")) {
            (Some(result), None) => Outcome::Result(result),
            (None, Some(error)) => Outcome::Error(error),
            _ => return Err(Malformed::NoMessage),
        };
        let id = id.ok_or(Malformed::NoMessage)?;
        Ok(Self::Response { id, outcome })
    }

    /// An answer.
    pub(crate) fn response(id: Raw, outcome: Outcome) -> Self {
        Self::Response { id, outcome }
    }

    /// A notification made here.
    pub(crate) fn notification(method: &str, params: Option<Raw>) -> Self {
        let method = method.to_owned();
        Self::Notification { method, params }
    }

    /// The message as one line without its end. JSON strings hold no raw line ends, so those that are
    /// there stand between tokens; a server that reads lines must not take what follows for another message.
    pub(crate) fn line(&self) -> String {
        let mut line = String::from("{\"jsonrpc\":\"2.0\"");
        let mut member = |name: &str, value: &str| {
            line.push_str(",\"");
            line.push_str(name);
            line.push_str("\":");
            line.push_str(value);
        };
        match self {
            Self::Request { id, method, params } => {
                member("id", id.get());
                member("method", &quoted(method));
                if let Some(params) = params {
                    member("params", params.get());
                }
            }
            Self::Notification { method, params } => {
                member("method", &quoted(method));
                if let Some(params) = params {
                    member("params", params.get());
                }
            }
            Self::Response { id, outcome } => {
                member("id", id.get());
                match outcome {
                    Outcome::Result(result) => member("result", result.get()),
                    Outcome::Error(error) => member("error", error.get()),
                }
            }
        }
        line.push('}');
        if line.contains(['\n', '\r']) {
            line = line.replace(['\n', '\r'], " ");
        }
        line
    }
}

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

/// Whether this is a string or a number, as ids must be.
fn is_id(text: &str) -> bool {
    text.starts_with(['"', '-']) || text.starts_with(|first: char| first.is_ascii_digit())
}
