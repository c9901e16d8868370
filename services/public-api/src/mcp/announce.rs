//! What changed, to those who subscribed: resources by their URI, and that there are others than before.
//!
//! In: the caller's own change feed. Out: which of the URIs it asked about are concerned. Never: a note that the caller cannot
//! see, or that there is one: the feed is the caller's, and a URI is resolved in the caller's view.
//! Source: MCP 2025-11-25, "Resources"; 2026-07-28, "Subscriptions";
//! [decision 31](../../../../docs/decisions/0031-what-changed-is-announced.md).

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use futures_util::stream;
use loop_shared::auth::bearer::Caller;
use loop_shared::mcp::{
    Announcement, Announcements, Announcer, Listener, MAX_BYTES, MAX_URIS, Session, Subscriptions,
    Told,
};
use loop_shared::service::{Clock as _, SystemClock};
use loop_vault::Snapshot;
use loop_vault::feed::{ChangeEvent, ChangeKind};
use rmcp::model::SubscriptionFilter;

use super::VaultTools;
use super::resources::Target;
use crate::app::App;
use crate::follow::{Following, Step};
use crate::refusal::Refusal;

/// What somebody asked to be told.
#[derive(Debug)]
pub(super) enum Wanted {
    /// Once and for all, in the request that listens.
    Named(SubscriptionFilter),
    /// Whatever the session is subscribed to at the moment, and the list.
    Session(Subscriptions, Session),
}

/// Somebody who listens.
#[derive(Debug)]
pub(super) struct Announcing {
    app: Arc<App>,
    following: Following,
    wanted: Wanted,
    /// Where each URI led the last time.
    known: HashMap<String, String>,
    /// The place from which it should have gone on is lost: everything may be other than it was.
    lost: bool,
}

/// As much of a filter as is served: the list of resources, and URIs of notes and entities up to the bounds. Whether there is
/// such a note is not asked, so nothing is learned from what is accepted.
pub(super) fn accepted(requested: &SubscriptionFilter) -> SubscriptionFilter {
    let mut accepted = SubscriptionFilter::new();
    accepted.resources_list_changed = requested.resources_list_changed;
    let mut bytes = 0;
    let uris = requested.resource_subscriptions.iter().flatten();
    let uris = uris
        .filter(|uri| Target::of(uri).is_some())
        .take(MAX_URIS)
        .take_while(|uri| {
            bytes += uri.len();
            bytes <= MAX_BYTES
        });
    let uris: Vec<String> = uris.cloned().collect();
    accepted.resource_subscriptions = Some(uris).filter(|uris| !uris.is_empty());
    accepted
}

impl Announcing {
    /// Begins to follow, where the client was cut off or now.
    ///
    /// # Errors
    /// [`Refusal`] when too many follow already.
    pub(super) fn begin(
        app: &Arc<App>,
        caller: Caller,
        wanted: Wanted,
        after: Option<&str>,
    ) -> Result<Self, Refusal> {
        let since = after.unwrap_or("now");
        let (following, lost) = match Following::begin(app, caller.clone(), since) {
            Err(Refusal::Gone | Refusal::BadParameter { .. }) => {
                (Following::begin(app, caller, "now")?, true)
            }
            other => (other?, false),
        };
        Ok(Self {
            app: Arc::clone(app),
            following,
            wanted,
            known: HashMap::new(),
            lost,
        })
    }

    /// What is told next; `None` at the end.
    pub(super) async fn next(&mut self) -> Option<Announcement> {
        if std::mem::take(&mut self.lost) {
            return Some(self.everything());
        }
        match self.following.next().await? {
            Step::Changes(events) => Some(self.told(&events)),
            Step::Quiet => {
                // A session that listens is seen.
                self.wanted.uris();
                Some(Announcement::default())
            }
            Step::End(_) => None,
        }
    }

    fn everything(&self) -> Announcement {
        let uris = self.wanted.uris().into_iter().map(Told::Resource);
        let list = self.wanted.list().then_some(Told::Resources);
        Announcement {
            told: list.into_iter().chain(uris).collect(),
            place: None,
        }
    }

    fn told(&mut self, events: &[Arc<ChangeEvent>]) -> Announcement {
        let view = self.app.view(self.following.caller());
        let mut told = Vec::new();
        let others = events.iter().any(|event| event.kind != ChangeKind::Changed);
        if others && self.wanted.list() {
            told.push(Told::Resources);
        }
        let uris = self.wanted.uris();
        self.known.retain(|uri, _| uris.contains(uri));
        let touched = Touched::by(events);
        for uri in uris {
            if touched.concerns(&view, &uri, &mut self.known) {
                told.push(Told::Resource(uri));
            }
        }
        Announcement {
            told,
            place: events.last().map(|event| event.cursor.clone()),
        }
    }
}

impl Wanted {
    fn uris(&self) -> Vec<String> {
        match self {
            Self::Named(filter) => filter.resource_subscriptions.clone().unwrap_or_default(),
            Self::Session(all, session) => all.of(session, SystemClock.now()),
        }
    }

    fn list(&self) -> bool {
        match self {
            Self::Named(filter) => filter.resources_list_changed == Some(true),
            Self::Session(..) => true,
        }
    }
}

/// What some changes are about.
struct Touched<'a> {
    paths: HashSet<&'a str>,
    ids: HashSet<&'a str>,
}

impl<'a> Touched<'a> {
    fn by(events: &'a [Arc<ChangeEvent>]) -> Self {
        let paths = events
            .iter()
            .flat_map(|event| [Some(event.note.path.as_str()), event.from.as_deref()]);
        let ids = events.iter().map(|event| event.note.id.as_deref());
        Self {
            paths: paths.flatten().collect(),
            ids: ids.flatten().collect(),
        }
    }

    /// Whether a URI names one of them, led to one of them, or leads elsewhere than before.
    fn concerns(&self, view: &Snapshot, uri: &str, known: &mut HashMap<String, String>) -> bool {
        let Some(target) = Target::of(uri) else {
            return false;
        };
        let named = match &target {
            Target::Note(path) => self.paths.contains(path.as_str()),
            Target::Entity(id) => self.ids.contains(id.as_str()),
        };
        let now = target.path(view);
        let before = match &now {
            Some(path) => known.insert(uri.to_owned(), path.clone()),
            None => known.remove(uri),
        };
        let led = |path: &Option<String>| {
            path.as_deref()
                .is_some_and(|path| self.paths.contains(path))
        };
        named || led(&now) || led(&before) || before.is_some_and(|path| now != Some(path))
    }
}

impl Announcer for VaultTools {
    fn announce(&self, listener: Listener) -> Option<Announcements> {
        let wanted = Wanted::Session(self.app.subscriptions(), listener.session);
        let after = listener.after.as_deref();
        let announcing = Announcing::begin(&self.app, listener.caller, wanted, after).ok()?;
        Some(Box::pin(stream::unfold(
            announcing,
            |mut announcing| async move { Some((announcing.next().await?, announcing)) },
        )))
    }

    fn left(&self, session: &Session) {
        self.app.subscriptions().forget(session);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(uris: &[String]) -> SubscriptionFilter {
        SubscriptionFilter::builder()
            .resources_list_changed()
            .tools_list_changed()
            .resource_subscriptions(uris.to_vec())
            .build()
    }

    #[test]
    fn what_is_accepted_is_what_can_be_told_within_bounds() {
        let some = [
            "vault://note/a.md",
            "file:///etc/passwd",
            "vault://note/",
            "vault://note/%FF",
            "vault://entity/tsk-1",
            "vault://note/not-there.md",
        ]
        .map(str::to_owned);
        let taken = accepted(&filter(&some));
        assert_eq!(taken.tools_list_changed, None);
        assert_eq!(taken.resources_list_changed, Some(true));
        let expected = [&some[0], &some[4], &some[5]].map(ToOwned::to_owned);
        assert_eq!(taken.resource_subscriptions, Some(expected.to_vec()));
        let many: Vec<_> = (0..500).map(|n| format!("vault://note/{n}.md")).collect();
        let taken = accepted(&filter(&many)).resource_subscriptions.unwrap();
        assert_eq!(taken, many[..MAX_URIS]);
        let long: Vec<_> = (0..20)
            .map(|n| format!("vault://note/{n}{}", "x".repeat(4_000)))
            .collect();
        let taken = accepted(&filter(&long)).resource_subscriptions.unwrap();
        assert!(taken.iter().map(String::len).sum::<usize>() <= MAX_BYTES);
        assert_eq!(accepted(&filter(&[])).resource_subscriptions, None);
    }

    fn event(kind: ChangeKind, path: &str, id: Option<&str>) -> Arc<ChangeEvent> {
        let note = Snapshot::of_texts([(path, "x")]);
        let mut note = loop_vault::NoteRef::of(&note.notes()[0]);
        note.id = id.map(str::to_owned);
        Arc::new(ChangeEvent {
            cursor: "c".into(),
            at: String::new(),
            kind,
            note,
            from: None,
            fields: Vec::new(),
        })
    }

    #[test]
    fn a_uri_is_concerned_by_its_note_its_entity_and_where_it_led() {
        let before = Snapshot::of_texts([
            (
                "a.md",
                "---\nentity_type: Task\nentity_id: tsk-1\naliases: [one]\n---\n",
            ),
            ("b.md", "b"),
        ]);
        let after = Snapshot::of_texts([("b.md", "b")]);
        let mut known = HashMap::new();
        let edit = [event(ChangeKind::Changed, "a.md", Some("tsk-1"))];
        for (uri, expected) in [
            ("vault://note/a.md", true),
            ("vault://note/a", true),
            ("vault://note/b.md", false),
            ("vault://entity/tsk-1", true),
            ("vault://entity/one", true),
            ("vault://entity/tsk-2", false),
            ("other:x", false),
        ] {
            let got = Touched::by(&edit).concerns(&before, uri, &mut known);
            assert_eq!(got, expected, "{uri}");
        }
        // Gone: known by where it led, or by its name alone.
        let gone = [event(ChangeKind::Removed, "a.md", Some("tsk-1"))];
        for (uri, expected) in [
            ("vault://entity/one", true),
            ("vault://entity/tsk-1", true),
            ("vault://note/a.md", true),
            ("vault://note/b.md", false),
        ] {
            let got = Touched::by(&gone).concerns(&after, uri, &mut known);
            assert_eq!(got, expected, "{uri}");
        }
        let got = Touched::by(&gone).concerns(&after, "vault://note/a.md", &mut HashMap::new());
        assert!(got, "nobody looked before it was gone");
    }
}
