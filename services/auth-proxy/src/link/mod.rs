//! A connection to a server behind the proxy: messages in, messages out.
//!
//! In: where the server is. Out: a [`Link`] and what comes from it. Never: knows a client, a session, a scope.

mod handed;
mod http;
mod http_call;
mod inbox;
mod sse;
mod stderr;
mod stdio;

use std::sync::Arc;

use crate::wire::Message;

pub(crate) use handed::{Badge, Handed};
pub(crate) use http::{HttpLink, HttpTarget};
pub(crate) use inbox::Inbox;
pub(crate) use sse::SseLink;
pub(crate) use stdio::StdioLink;

/// Longest message from a server, in bytes.
pub(crate) const MAX_MESSAGE_BYTES: usize = 64 * 1024 * 1024;

/// What comes from a server.
#[derive(Debug)]
pub(crate) enum Incoming {
    /// A message; `about` is the request on whose stream it came, where the transport tells.
    Message {
        /// The message.
        message: Message,
        /// The number of that request.
        about: Option<u64>,
    },
    /// The request surely did not reach the server: it may be sent again on a new link.
    NotSent(u64),
    /// Nothing comes any more; a sentence for people.
    Closed(String),
}

/// What takes messages to a server. Sending never waits.
pub(crate) trait Link: Send + Sync + std::fmt::Debug {
    /// Sends a message.
    ///
    /// # Errors
    /// [`LinkError`].
    fn send(&self, message: Message) -> Result<(), LinkError>;

    /// Ends the connection; a child is ended with everything below it.
    fn close(&self);

    /// The revision was agreed on; HTTP servers are told it with every request.
    fn agreed(&self, _version: &str) {}

    /// The last lines that the server wrote for people.
    fn last_words(&self) -> String {
        String::new()
    }
}

/// Why a message was not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum LinkError {
    /// The server takes nothing.
    #[error("the server does not read what it is sent")]
    Busy,
    /// It is over.
    #[error("the connection to the server is closed")]
    Closed,
}

/// An open link and what comes from it.
pub(crate) type Opened = (Arc<dyn Link>, Inbox);
