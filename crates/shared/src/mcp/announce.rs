//! What a server tells unasked: that a resource, or the list of them, is not as before.
//!
//! In: what changed. Out: JSON-RPC notifications as server-sent events. Never: what the resource says now; a client reads it.
//! Source: MCP 2025-11-25, "Resources"; HTML Living Standard, "Server-sent events".

use std::pin::Pin;

use futures_util::Stream;
use serde_json::{Value, json};

use super::session::Session;
use crate::auth::bearer::Caller;

/// One notification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// The resource with this URI, as it was subscribed to, is not as before.
    Resource(String),
    /// There are others than before.
    Resources,
}

/// What is told at once; nothing, now and then, to see whether somebody is still there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Announcement {
    /// The notifications.
    pub told: Vec<Told>,
    /// Where a client that is cut off after them goes on.
    pub place: Option<String>,
}

/// Announcements until the token, the grant or the service ends.
pub type Announcements = Pin<Box<dyn Stream<Item = Announcement> + Send>>;

/// Who listens.
#[derive(Clone, Debug)]
pub struct Listener {
    /// The caller, who hears of what it may see.
    pub caller: Caller,
    /// Whose subscriptions count.
    pub session: Session,
    /// Where it was cut off, as [`Announcement::place`] said.
    pub after: Option<String>,
}

/// A server that tells its clients what changed.
pub trait Announcer: Send + Sync + 'static {
    /// Begins to tell; `None` when as many listen as can.
    fn announce(&self, listener: Listener) -> Option<Announcements>;

    /// The session is over for good.
    fn left(&self, session: &Session);
}

impl Told {
    /// The notification (JSON-RPC 2.0).
    pub(super) fn message(&self) -> Value {
        match self {
            Self::Resource(uri) => json!({
                "jsonrpc": "2.0",
                "method": "notifications/resources/updated",
                "params": { "uri": uri },
            }),
            Self::Resources => {
                json!({ "jsonrpc": "2.0", "method": "notifications/resources/list_changed" })
            }
        }
    }
}

impl Announcement {
    /// The events, the place with the last one; a comment when there is nothing to tell.
    pub(super) fn events(&self) -> String {
        let last = self.told.len().saturating_sub(1);
        let events = self.told.iter().enumerate().map(|(at, told)| {
            let place = self.place.as_deref().filter(|_| at == last);
            event(place, &told.message().to_string())
        });
        let text: String = events.collect();
        if text.is_empty() {
            COMMENT.to_owned()
        } else {
            text
        }
    }
}

/// A line that readers skip.
pub const COMMENT: &str = ":\n\n";

/// One message as an event. JSON has no line ends of its own, so one line of `data` is enough.
pub fn event(place: Option<&str>, json: &str) -> String {
    match place {
        Some(place) => format!("id: {place}\nevent: message\ndata: {json}\n\n"),
        None => format!("event: message\ndata: {json}\n\n"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_is_that_behind_the_last_notification() {
        let announcement = Announcement {
            told: vec![
                Told::Resources,
                Told::Resource("vault://note/a\nb.md".into()),
            ],
            place: Some("p1".into()),
        };
        assert_eq!(
            announcement.events(),
            "event: message\ndata: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/resources/list_changed\"}\n\n\
             id: p1\nevent: message\ndata: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/resources/updated\",\"params\":{\"uri\":\"vault://note/a\\nb.md\"}}\n\n"
        );
        assert_eq!(Announcement::default().events(), COMMENT);
    }
}
