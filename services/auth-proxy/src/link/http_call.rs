//! One POST to a Streamable HTTP server, to its last byte.

use std::sync::Arc;

use reqwest::header::{ACCEPT, CONTENT_TYPE};
use reqwest::{Method, Response, StatusCode};

use super::http::Shared;
use super::{Incoming, MAX_MESSAGE_BYTES};
use crate::wire::{Decoder, Message, Object, Outcome, codes};

/// A message on its way.
pub(super) struct Call {
    shared: Arc<Shared>,
    message: Message,
    /// The request's number, if it is one.
    about: Option<u64>,
}

/// How a stream ended.
pub(super) enum Ended {
    /// By the server.
    Over,
    /// In the middle; a sentence.
    Broken(String),
    /// Nobody listens here any more.
    Deaf,
}

impl Call {
    pub(super) fn new(shared: Arc<Shared>, message: Message) -> Self {
        let about = match &message {
            Message::Request { id, .. } => id.get().parse().ok(),
            Message::Notification { .. } | Message::Response { .. } => None,
        };
        Self {
            shared,
            message,
            about,
        }
    }

    /// Sends it and hands on what comes back.
    pub(super) async fn run(self) {
        let had_session = self.shared.session().is_some();
        let response = match self.send().await {
            Ok(response) => response,
            Err(error) => return self.unreachable(&error),
        };
        self.shared.note_session(response.headers());
        let status = response.status();
        self.shared.target.note_status(status);
        if status == StatusCode::NOT_FOUND && had_session {
            return self.forgotten();
        }
        let kind = response.headers().get(CONTENT_TYPE);
        let kind = kind
            .and_then(|kind| kind.to_str().ok())
            .unwrap_or_default()
            .to_ascii_lowercase();
        let ended = if kind.starts_with("text/event-stream") && status.is_success() {
            Self::stream(&self.shared, response, self.about).await
        } else if kind.starts_with("application/json") {
            match body(response).await {
                Ok(text) if status == StatusCode::BAD_REQUEST && had_session && blames(&text) => {
                    return self.forgotten();
                }
                Ok(text) => self.json(&text, status),
                Err(why) => Ended::Broken(why),
            }
        } else if status.is_success() {
            Ended::Over
        } else {
            Ended::Broken(format!("it answered {status}"))
        };
        match ended {
            // Answering what was answered already does nothing.
            Ended::Over if status.is_success() => {
                self.fail("the stream ended without an answer");
            }
            Ended::Over => self.fail(&format!("it answered {status}")),
            Ended::Broken(why) => self.fail(&why),
            Ended::Deaf => {}
        }
    }

    /// The server does not know the session any more: it saw no request.
    fn forgotten(&self) {
        if let Some(about) = self.about {
            self.shared.inbox.put(Incoming::NotSent(about));
        }
        self.shared.close("it has forgotten the session".to_owned());
    }

    async fn send(&self) -> Result<Response, reqwest::Error> {
        let request = self.shared.request(Method::POST)?;
        request
            .header(ACCEPT, "application/json, text/event-stream")
            .header(CONTENT_TYPE, "application/json")
            .body(self.message.line())
            .send()
            .await
    }

    /// One JSON body: a message, or several (2025-03-26).
    fn json(&self, text: &str, status: StatusCode) -> Ended {
        if let Ok(message) = Message::parse(text) {
            return deliver(&self.shared, message, self.about);
        }
        let several: Vec<crate::wire::Raw> = serde_json::from_str(text).unwrap_or_default();
        for message in several
            .iter()
            .filter_map(|one| Message::parse(one.get()).ok())
        {
            if matches!(deliver(&self.shared, message, self.about), Ended::Deaf) {
                return Ended::Deaf;
            }
        }
        if status.is_success() {
            Ended::Over
        } else {
            Ended::Broken(format!("it answered {status}"))
        }
    }

    /// An event stream.
    pub(super) async fn stream(
        shared: &Arc<Shared>,
        mut response: Response,
        about: Option<u64>,
    ) -> Ended {
        let mut decoder = Decoder::new(MAX_MESSAGE_BYTES);
        loop {
            let bytes = match response.chunk().await {
                Ok(Some(bytes)) => bytes,
                Ok(None) => return Ended::Over,
                Err(_) => return Ended::Broken("the stream broke off".to_owned()),
            };
            let Ok(events) = decoder.push(&bytes) else {
                return Ended::Broken("a message was too long".to_owned());
            };
            for event in events {
                let Ok(message) = Message::parse(&event.data) else {
                    continue;
                };
                if matches!(deliver(shared, message, about), Ended::Deaf) {
                    return Ended::Deaf;
                }
            }
        }
    }

    fn unreachable(&self, error: &reqwest::Error) {
        // The error's own text names the address; the person at the client need not know it.
        tracing::warn!(error = %error.to_string().replace(|c: char| c.is_control(), " "), "a server cannot be reached");
        let why = if error.is_connect() {
            "it cannot be reached"
        } else {
            "the connection broke off"
        };
        self.fail(why);
    }

    /// Answers the request in the server's place.
    fn fail(&self, why: &str) {
        let Message::Request { id, .. } = &self.message else {
            return;
        };
        let text = format!("The server behind this proxy did not answer: {why}.");
        let message = Message::response(id.clone(), Outcome::error(codes::UNAVAILABLE, &text));
        deliver(&self.shared, message, self.about);
    }
}

fn deliver(shared: &Arc<Shared>, message: Message, about: Option<u64>) -> Ended {
    let incoming = Incoming::Message { message, about };
    if shared.inbox.put(incoming) {
        Ended::Over
    } else {
        Ended::Deaf
    }
}

/// Whether a refusal is about the session. The specification wants 404 there; many servers answer 400 to the id of a session
/// that they do not know, with these words and no request's id.
fn blames(text: &str) -> bool {
    let Ok(object) = Object::parse(text) else {
        return false;
    };
    let is_nobodys = object.get("id").is_none_or(|id| id.get() == "null");
    let error = object
        .get("error")
        .map(|error| error.get().to_ascii_lowercase());
    is_nobodys && error.is_some_and(|error| error.contains("session"))
}

/// A whole body, as text.
async fn body(mut response: Response) -> Result<String, String> {
    let mut bytes = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(more)) => bytes.extend_from_slice(&more),
            Ok(None) => break,
            Err(_) => return Err("the answer broke off".to_owned()),
        }
        if bytes.len() > MAX_MESSAGE_BYTES {
            return Err("the answer was too long".to_owned());
        }
    }
    String::from_utf8(bytes).map_err(|_| "the answer was no text".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_for_the_sake_of_the_session_is_told_from_any_other() {
        let session = r#"{"jsonrpc":"2.0","error":{"code":-32000,"message":"Bad Request: No valid session ID provided"},"id":null}"#;
        assert!(blames(session) && blames(&session.replace(r#","id":null"#, "")));
        for other in [
            &session.replace("null", "7"),
            &session.replace("session ID", "JSON"),
            "no session",
            r#"{"result":{"session":1},"id":null}"#,
        ] {
            assert!(!blames(other), "{other}");
        }
    }
}
