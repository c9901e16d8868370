//! A request from the client to the server and back.

use actix_web::http::StatusCode;
use tokio::sync::mpsc;
use tokio::time::timeout;

use loop_shared::audit;

use super::lens::Lens;
use super::logs::Logs;
use super::reply::Part;
use crate::audit::Receipt;
use crate::peer::{Ask, Call, Event, Exchange, Peer};
use crate::wire::{Message, Outcome, Raw, codes};

/// A request under way.
pub(super) struct Run {
    /// The server.
    pub(super) peer: Peer,
    /// The request.
    pub(super) call: Call,
    /// The id that the client waits for.
    pub(super) id: Raw,
    /// What the caller may see.
    pub(super) lens: Lens,
    /// The record of the call.
    pub(super) receipt: Receipt,
    /// Which of the server's log messages the client hears.
    pub(super) logs: Logs,
}

/// How a run went on.
pub(super) enum Went {
    /// With the answer.
    Answered(Outcome),
    /// With a question for the client.
    Asked(Ask),
    /// The client is gone, or has cancelled.
    Nowhere,
}

impl Run {
    /// Hands the request over.
    pub(super) async fn begin(&self) -> Result<Exchange, Outcome> {
        self.peer
            .call(self.call.clone())
            .await
            .map_err(|error| error.outcome())
    }

    /// Follows the exchange up to its answer or, where `asks` says so, to the next question. Notifications go to
    /// `parts` at once, and so do questions otherwise.
    pub(super) async fn follow(
        &self,
        exchange: &mut Exchange,
        parts: &mpsc::Sender<Part>,
        asks: bool,
    ) -> Went {
        let mut again = true;
        loop {
            let event = tokio::select! {
                event = timeout(self.peer.silence(), exchange.next()) => event,
                () = parts.closed() => return Went::Nowhere,
            };
            let Ok(event) = event else {
                exchange.give_up("it took too long");
                let seconds = self.peer.silence().as_secs();
                let text = format!(
                    "The server gave no sign of life for {seconds} s; the request was cancelled."
                );
                return Went::Answered(Outcome::error(codes::UNAVAILABLE, &text));
            };
            let message = match event {
                None => return Went::Nowhere,
                Some(Event::Answer(outcome)) => return Went::Answered(outcome),
                Some(Event::Lost(why)) => {
                    let text = format!("{why}\nIt is started again for the next request.");
                    return Went::Answered(Outcome::error(codes::UNAVAILABLE, &text));
                }
                Some(Event::Again) if again => {
                    again = false;
                    match self.begin().await {
                        Ok(next) => *exchange = next,
                        Err(outcome) => return Went::Answered(outcome),
                    }
                    continue;
                }
                Some(Event::Again) => {
                    let text = "The server forgot its session twice. Try again in a moment.";
                    return Went::Answered(Outcome::error(codes::UNAVAILABLE, text));
                }
                Some(Event::Ask(ask)) if asks => return Went::Asked(ask),
                Some(Event::Ask(ask)) => ask.message(),
                Some(Event::Notice(message)) if self.logs.pass(&message) => message,
                Some(Event::Notice(_)) => continue,
            };
            if parts.send(Part::more(&message)).await.is_err() {
                return Went::Nowhere;
            }
        }
    }

    /// Runs to the answer; everything goes to `parts`, the server's questions too.
    pub(super) async fn serve(self, parts: mpsc::Sender<Part>) {
        let outcome = match self.begin().await {
            Err(outcome) => outcome,
            Ok(mut exchange) => match self.follow(&mut exchange, &parts, false).await {
                Went::Answered(outcome) => outcome,
                Went::Asked(_) | Went::Nowhere => return,
            },
        };
        // A client that is gone needs no answer.
        let _ = parts.send(self.last(outcome, StatusCode::OK)).await;
        self.over().await;
    }

    /// Nothing more is done: the call is recorded, once its answer is on the way.
    pub(super) async fn over(self) {
        tokio::task::yield_now().await;
        drop(self.receipt);
    }

    /// The last part.
    pub(super) fn last(&self, outcome: Outcome, status: StatusCode) -> Part {
        match &outcome {
            Outcome::Result(_) => self.receipt.finish(audit::Outcome::Done, ""),
            Outcome::Error(_) => {
                let why = "the server, or the way to it, failed";
                self.receipt.finish(audit::Outcome::Failed, why);
            }
        }
        let outcome = self.lens.apply(outcome);
        Part::last(&Message::response(self.id.clone(), outcome), status)
    }
}
