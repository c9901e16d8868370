//! One open stream: the server behind it, and what is written to it.
//!
//! In: messages from the inbox. Out: server-sent events: answers, notifications, a comment now and then. Never: anything after
//! the session may not go on.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use actix_web::web::Bytes;
use futures_util::{Stream, StreamExt as _, stream};
use rmcp::ServerHandler;
use rmcp::model::{ClientJsonRpcMessage, ServerJsonRpcMessage};
use rmcp::service::serve_server_with_ct;
use rmcp_actix_web::transport::CancellationToken;
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio_util::sync::{DropGuard, PollSender};

use super::sessions::SseOpened;
use crate::mcp::announce::{Announcements, Announcer, COMMENT, Listener, event};
use crate::mcp::mount::McpMount;
use crate::mcp::session::Session;
use crate::service::{Clock as _, SystemClock};

/// Time between two looks at the clock; also how late the end of a token or grant is noticed at most.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// Answers that wait for the reader.
const WAITING: usize = 32;

/// The stream.
pub(super) struct Open {
    opened: SseOpened<Sender<ClientJsonRpcMessage>>,
    session: Session,
    answers: Receiver<ServerJsonRpcMessage>,
    announcer: Option<Arc<dyn Announcer>>,
    announcements: Option<Announcements>,
    stop: CancellationToken,
    _running: DropGuard,
}

impl Open {
    /// Starts a server for the session; `None` when nobody may listen any more.
    pub(super) fn serve<S: ServerHandler>(
        server: S,
        opened: SseOpened<Sender<ClientJsonRpcMessage>>,
        inbox: Receiver<ClientJsonRpcMessage>,
        rules: &McpMount,
    ) -> Option<Self> {
        let (session, _) = opened.current(SystemClock.now())?;
        let (sender, answers) = mpsc::channel(WAITING);
        let running = CancellationToken::new();
        let inbox = stream::unfold(inbox, |mut inbox| async move {
            Some((inbox.recv().await?, inbox))
        });
        let transport = (PollSender::new(sender), Box::pin(inbox));
        let stop = running.clone();
        tokio::spawn(async move {
            match serve_server_with_ct(server, transport, stop).await {
                Ok(server) => drop(server.waiting().await),
                Err(error) => {
                    tracing::debug!(%error, "a session of the old transport did not begin");
                }
            }
        });
        let mut open = Self {
            opened,
            session,
            answers,
            announcer: rules.announcer.clone(),
            announcements: None,
            stop: rules.stop.clone(),
            _running: running.drop_guard(),
        };
        open.listen().then_some(open)
    }

    /// The events, the address for messages first.
    pub(super) fn events(
        self,
        first: String,
    ) -> impl Stream<Item = Result<Bytes, Infallible>> + use<> {
        let rest = stream::unfold(self, |mut open| async move {
            Some((Bytes::from(open.next().await?), open))
        });
        stream::iter([Bytes::from(first)]).chain(rest).map(Ok)
    }

    /// Begins to hear what changed, with the newest token; whether the stream may go on.
    fn listen(&mut self) -> bool {
        let Some((session, caller)) = self.opened.current(SystemClock.now()) else {
            return false;
        };
        let Some(announcer) = &self.announcer else {
            return true;
        };
        self.announcements = announcer.announce(Listener {
            caller,
            session,
            after: None,
        });
        self.announcements.is_some()
    }

    /// What is written next; `None` at the end.
    async fn next(&mut self) -> Option<String> {
        loop {
            let announcements = &mut self.announcements;
            let told = async {
                match announcements {
                    Some(announcements) => announcements.next().await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = self.stop.cancelled() => return None,
                answer = self.answers.recv() => {
                    let json = serde_json::to_string(&answer?).ok()?;
                    return Some(event(None, &json));
                }
                told = told => match told {
                    Some(told) => {
                        self.opened.current(SystemClock.now())?;
                        return Some(told.events());
                    }
                    // With the token that it began with; a newer one may have come.
                    None if self.listen() => {}
                    None => return None,
                },
                () = tokio::time::sleep(HEARTBEAT) => {
                    self.opened.current(SystemClock.now())?;
                    return Some(COMMENT.to_owned());
                }
            }
        }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        if let Some(announcer) = &self.announcer {
            announcer.left(&self.session);
        }
    }
}
