//! Which log messages of a server a request hears.

use crate::wire::{Message, Object, Raw};

/// The member of `_meta` by which a request asks for log messages (2026-07-28).
const LEVEL: &str = "io.modelcontextprotocol/logLevel";
/// Levels, the least important first (RFC 5424).
const LEVELS: [&str; 8] = [
    "debug",
    "info",
    "notice",
    "warning",
    "error",
    "critical",
    "alert",
    "emergency",
];

/// Which log messages are passed on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Logs {
    /// All that the server sends: its level was set with `logging/setLevel`.
    All,
    /// Those of this level or a more important one.
    From(usize),
    /// None: nobody asked for them.
    None,
}

impl Logs {
    /// Those that a request of 2026-07-28 asks for.
    pub(super) fn asked_for(meta: &Object) -> Self {
        meta.text(LEVEL)
            .and_then(|level| rank(&level))
            .map_or(Self::None, Self::From)
    }

    /// Whether a message goes on to the client. What is no log message always does.
    pub(super) fn pass(self, message: &Message) -> bool {
        let Message::Notification { method, params } = message else {
            return true;
        };
        if method != "notifications/message" {
            return true;
        }
        match self {
            Self::All => true,
            Self::None => false,
            Self::From(least) => level(params.as_ref()).is_some_and(|rank| rank >= least),
        }
    }
}

fn level(params: Option<&Raw>) -> Option<usize> {
    rank(&Object::parse(params?.get()).ok()?.text("level")?)
}

fn rank(level: &str) -> Option<usize> {
    LEVELS.iter().position(|known| *known == level)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::wire::raw;

    #[test]
    fn a_request_hears_of_the_level_it_asked_for_and_nothing_otherwise() {
        let asking = |level: &str| {
            let mut meta = Object::default();
            meta.set(LEVEL, raw(&json!(level)));
            Logs::asked_for(&meta)
        };
        let log = |level: &str| {
            let params = raw(&json!({ "level": level, "data": "x" }));
            Message::notification("notifications/message", Some(params))
        };
        assert!(asking("warning").pass(&log("error")) && asking("warning").pass(&log("warning")));
        assert!(!asking("warning").pass(&log("info")) && !asking("loud").pass(&log("emergency")));
        let silent = Logs::asked_for(&Object::default());
        assert!(!silent.pass(&log("emergency")) && Logs::All.pass(&log("debug")));
        let progress = Message::notification("notifications/progress", None);
        assert!(silent.pass(&progress));
    }
}
