//! A server of the first revision (2024-11-05): it sends on one event stream and takes messages at an address
//! that it names there.
//!
//! Never: a POST to another origin than the stream's, whatever the server names.

use std::sync::Arc;

use reqwest::Client;
use reqwest::header::{ACCEPT, CONTENT_TYPE};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use url::Url;

use super::{HttpTarget, Inbox, Incoming, Link, LinkError, MAX_MESSAGE_BYTES, Opened};
use crate::wire::{Decoder, Message};

/// Messages that wait to be posted.
const OUTGOING: usize = 256;

/// The connection.
#[derive(Debug)]
pub(crate) struct SseLink {
    out: mpsc::Sender<Message>,
    stop: CancellationToken,
}

/// What both directions share.
struct Ends {
    client: Client,
    target: HttpTarget,
    inbox: Inbox,
    stop: CancellationToken,
}

impl SseLink {
    /// Opens the stream in the background.
    ///
    /// # Errors
    /// When TLS cannot be used.
    pub(crate) fn open(target: HttpTarget, runtime: &Handle) -> Result<Opened, reqwest::Error> {
        let (out, outgoing) = mpsc::channel(OUTGOING);
        let inbox = Inbox::default();
        let (named, endpoint) = watch::channel(None);
        let stop = CancellationToken::new();
        let ends = Arc::new(Ends {
            client: HttpTarget::client()?,
            target,
            inbox: inbox.clone(),
            stop: stop.clone(),
        });
        let posting = Arc::clone(&ends);
        runtime.spawn(async move {
            tokio::select! {
                () = post(&posting, outgoing, endpoint) => {}
                () = posting.stop.cancelled() => {}
            }
        });
        runtime.spawn(async move {
            let why = tokio::select! {
                why = follow(&ends, &named) => why,
                () = ends.stop.cancelled() => "it was stopped".to_owned(),
            };
            ends.stop.cancel();
            ends.inbox.put(Incoming::Closed(why));
        });
        Ok((Arc::new(Self { out, stop }), inbox))
    }
}

impl Link for SseLink {
    fn send(&self, message: Message) -> Result<(), LinkError> {
        if self.stop.is_cancelled() {
            return Err(LinkError::Closed);
        }
        self.out.try_send(message).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => LinkError::Busy,
            mpsc::error::TrySendError::Closed(_) => LinkError::Closed,
        })
    }

    fn close(&self) {
        self.stop.cancel();
    }
}

impl Drop for SseLink {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// Follows the stream to its end; why it ended.
async fn follow(ends: &Ends, named: &watch::Sender<Option<Url>>) -> String {
    let request = ends
        .client
        .get(ends.target.url.clone())
        .headers(ends.target.headers())
        .header(ACCEPT, "text/event-stream");
    let mut response = match request.send().await {
        Ok(response) if response.status().is_success() => response,
        Ok(response) => {
            ends.target.note_status(response.status());
            return format!("it answered {}", response.status());
        }
        Err(_) => return "it cannot be reached".to_owned(),
    };
    let mut decoder = Decoder::new(MAX_MESSAGE_BYTES);
    loop {
        let bytes = match response.chunk().await {
            Ok(Some(bytes)) => bytes,
            Ok(None) => return "it ended the stream".to_owned(),
            Err(_) => return "the stream broke off".to_owned(),
        };
        let Ok(events) = decoder.push(&bytes) else {
            return "a message was too long".to_owned();
        };
        for event in events {
            if event.event == "endpoint" {
                match endpoint(&ends.target.url, &event.data) {
                    Some(url) => named.send_replace(Some(url)),
                    None => return "it named an address of another origin".to_owned(),
                };
            } else if let Ok(message) = Message::parse(&event.data) {
                let incoming = Incoming::Message {
                    message,
                    about: None,
                };
                if !ends.inbox.put(incoming) {
                    return "nobody listens".to_owned();
                }
            }
        }
    }
}

/// The address that the server named, if it is the server's own.
fn endpoint(stream: &Url, named: &str) -> Option<Url> {
    let url = stream.join(named.trim()).ok()?;
    (url.origin() == stream.origin()).then_some(url)
}

async fn post(
    ends: &Ends,
    mut outgoing: mpsc::Receiver<Message>,
    mut endpoint: watch::Receiver<Option<Url>>,
) {
    let Ok(url) = endpoint
        .wait_for(Option::is_some)
        .await
        .map(|url| url.clone())
    else {
        return;
    };
    let Some(url) = url else { return };
    while let Some(message) = outgoing.recv().await {
        let request = ends
            .client
            .post(url.clone())
            .headers(ends.target.headers())
            .header(CONTENT_TYPE, "application/json")
            .body(message.line());
        let fault = match request.send().await {
            Ok(response) if response.status().is_success() => continue,
            Ok(response) => {
                ends.target.note_status(response.status());
                format!("it answered {}", response.status())
            }
            Err(_) => "it cannot be reached".to_owned(),
        };
        ends.inbox.put(Incoming::Closed(fault));
        ends.stop.cancel();
        return;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_cannot_send_messages_elsewhere() {
        let stream = Url::parse("http://10.0.0.5:9000/sse").unwrap();
        for (named, expected) in [
            ("/messages?id=1", Some("http://10.0.0.5:9000/messages?id=1")),
            ("messages", Some("http://10.0.0.5:9000/messages")),
            ("http://10.0.0.5:9000/m", Some("http://10.0.0.5:9000/m")),
            ("http://169.254.169.254/latest", None),
            ("//evil.example/m", None),
            ("https://10.0.0.5:9000/m", None),
            ("http://10.0.0.5/m", None),
            ("file:///etc/passwd", None),
        ] {
            let got = endpoint(&stream, named);
            assert_eq!(got.as_ref().map(Url::as_str), expected, "{named}");
        }
    }
}
