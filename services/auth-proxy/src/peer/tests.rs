//! A server made of channels, so that every message can be seen.

use std::collections::VecDeque;

use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::*;
use crate::link::{Inbox, Incoming, LinkError};
use crate::wire::{Message, raw};

/// The far end of a link.
struct Far {
    sent: mpsc::UnboundedReceiver<String>,
    sink: mpsc::Sender<Incoming>,
}

#[derive(Debug)]
struct Fake(mpsc::UnboundedSender<String>);

impl Link for Fake {
    fn send(&self, message: Message) -> Result<(), LinkError> {
        self.0.send(message.line()).map_err(|_| LinkError::Closed)
    }

    fn close(&self) {}

    fn last_words(&self) -> String {
        "boom".to_owned()
    }
}

/// A link, and what will come over it.
type Ready = (Arc<dyn Link>, mpsc::Receiver<Incoming>);

struct Opener(Mutex<VecDeque<Ready>>);

#[async_trait]
impl Opens for Opener {
    async fn open(&self) -> Result<Opened, String> {
        let next = lock(&self.0).pop_front();
        let (link, mut incoming) = next.ok_or_else(|| "no link is left".to_owned())?;
        let inbox = Inbox::default();
        let far = inbox.clone();
        tokio::spawn(async move {
            while let Some(incoming) = incoming.recv().await {
                far.put(incoming);
            }
        });
        Ok((link, inbox))
    }
}

impl Far {
    async fn next(&mut self) -> Value {
        serde_json::from_str(&self.sent.recv().await.unwrap()).unwrap()
    }

    async fn say(&self, text: &str) {
        let message = Message::parse(text).unwrap();
        let about = None;
        self.sink
            .send(Incoming::Message { message, about })
            .await
            .unwrap();
    }

    /// Takes the hello.
    async fn greet(&mut self) {
        let hello = self.next().await;
        assert_eq!(hello["method"], "initialize");
        let id = &hello["id"];
        self.say(&format!(
            r#"{{"jsonrpc":"2.0","id":{id},"result":{{"protocolVersion":"2025-11-25","capabilities":{{}}}}}}"#
        ))
        .await;
        assert_eq!(self.next().await["method"], "notifications/initialized");
    }
}

fn peer(links: usize) -> (Peer, Vec<Far>) {
    let mut opened = VecDeque::new();
    let mut fars = Vec::new();
    for _ in 0..links {
        let (out, sent) = mpsc::unbounded_channel();
        let (sink, incoming) = mpsc::channel(16);
        let link: Arc<dyn Link> = Arc::new(Fake(out));
        opened.push_back((link, incoming));
        fars.push(Far { sent, sink });
    }
    let times = Times {
        start: Duration::from_secs(2),
        silence: Duration::from_secs(2),
    };
    let opens = Box::new(Opener(Mutex::new(opened)));
    let hello = raw(&json!({ "protocolVersion": "2025-11-25" }));
    (
        Peer::new("x".into(), hello, opens, times, false, Handle::current()),
        fars,
    )
}

fn call(session: u8, id: u64, method: &str, params: &Value) -> Call {
    Call {
        session: [session; 16],
        id: Some(raw(&json!(id))),
        method: method.to_owned(),
        params: Some(raw(params)),
        cancels: false,
    }
}

/// Starts a call and the server, and gives both ends.
async fn under_way(peer: &Peer, far: &mut Far, one: Call) -> (Exchange, Value) {
    let handed = peer.clone();
    let calling = tokio::spawn(async move { handed.call(one).await });
    if !peer.is_up() {
        far.greet().await;
    }
    let exchange = calling.await.unwrap().ok().unwrap();
    let seen = far.next().await;
    (exchange, seen)
}

#[tokio::test]
async fn sessions_with_the_same_ids_and_tokens_get_their_own_answers() {
    let (peer, mut fars) = peer(1);
    let far = &mut fars[0];
    let params = json!({ "name": "t", "_meta": { "progressToken": "p" } });
    let (mut one, first) = under_way(&peer, far, call(1, 7, "tools/call", &params)).await;
    let (mut two, second) = under_way(&peer, far, call(2, 7, "tools/call", &params)).await;
    assert_ne!(first["id"], second["id"]);
    let token = &second["params"]["_meta"]["progressToken"];
    assert_ne!(*token, first["params"]["_meta"]["progressToken"]);
    far.say(&format!(
        r#"{{"jsonrpc":"2.0","method":"notifications/progress","params":{{"progressToken":{token},"progress":0.50}}}}"#
    ))
    .await;
    for (id, text) in [(&second["id"], "2"), (&first["id"], "1")] {
        far.say(&format!(
            r#"{{"jsonrpc":"2.0","id":{id},"result":{{"n":{text}}}}}"#
        ))
        .await;
    }
    let Some(Event::Notice(notice)) = two.next().await else {
        panic!()
    };
    assert_eq!(
        notice.line(),
        r#"{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":"p","progress":0.50}}"#
    );
    for (exchange, expected) in [(&mut one, r#"{"n":1}"#), (&mut two, r#"{"n":2}"#)] {
        let Some(Event::Answer(Outcome::Result(result))) = exchange.next().await else {
            panic!()
        };
        assert_eq!(result.get(), expected);
        assert!(exchange.next().await.is_none());
    }
}

#[tokio::test]
async fn one_session_cannot_cancel_the_request_of_another() {
    let (peer, mut fars) = peer(1);
    let far = &mut fars[0];
    let (mut one, seen) = under_way(&peer, far, call(1, 7, "tools/call", &json!({}))).await;
    let cancel = || Some(raw(&json!({ "requestId": 7, "reason": "no" })));
    peer.notify(&[2; 16], "notifications/cancelled", cancel());
    peer.notify(&[1; 16], "notifications/cancelled", cancel());
    let cancelled = far.next().await;
    assert_eq!(cancelled["params"]["requestId"], seen["id"]);
    assert!(one.next().await.is_none());
}

#[tokio::test]
async fn a_server_that_dies_fails_what_it_worked_on_and_is_started_again_as_it_was() {
    let (peer, mut fars) = peer(2);
    let level = call(1, 1, "logging/setLevel", &json!({ "level": "debug" }));
    let (mut set, seen) = under_way(&peer, &mut fars[0], level).await;
    let id = &seen["id"];
    fars[0]
        .say(&format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{}}}}"#))
        .await;
    assert!(matches!(set.next().await, Some(Event::Answer(_))));
    let (mut lost, _) = under_way(&peer, &mut fars[0], call(1, 2, "tools/call", &json!({}))).await;
    let end = Incoming::Closed("it was killed by signal 9".to_owned());
    fars[0].sink.send(end).await.unwrap();
    let Some(Event::Lost(why)) = lost.next().await else {
        panic!()
    };
    assert!(why.contains("signal 9") && why.contains("boom"), "{why}");

    let handed = peer.clone();
    let calling =
        tokio::spawn(async move { handed.call(call(1, 3, "tools/list", &json!({}))).await });
    fars[1].greet().await;
    let replayed = fars[1].next().await;
    assert_eq!(replayed["method"], "logging/setLevel");
    assert_eq!(replayed["params"]["level"], "debug");
    assert_eq!(fars[1].next().await["method"], "tools/list");
    assert!(calling.await.unwrap().is_ok());
}

#[tokio::test]
async fn a_failed_start_is_told_at_once_and_not_tried_again_too_soon() {
    let (peer, mut fars) = peer(1);
    let far = fars.remove(0);
    far.sink
        .send(Incoming::Closed("it ended with status 3".to_owned()))
        .await
        .unwrap();
    let first = peer
        .call(call(1, 1, "tools/list", &json!({})))
        .await
        .err()
        .unwrap();
    assert!(first.to_string().contains("status 3"), "{first}");
    assert!(first.to_string().contains("boom"), "{first}");
    let second = peer
        .call(call(1, 2, "tools/list", &json!({})))
        .await
        .err()
        .unwrap();
    assert!(matches!(second, PeerError::Waiting { .. }), "{second}");
    assert!(second.to_string().contains("status 3"), "{second}");
}

#[tokio::test]
async fn a_server_that_never_says_hello_is_given_up_in_time() {
    let (peer, _fars) = peer(1);
    let error = peer
        .call(call(1, 1, "tools/list", &json!({})))
        .await
        .err()
        .unwrap();
    assert!(error.to_string().contains("within 2 s"), "{error}");
}

#[tokio::test]
async fn what_the_server_asks_reaches_the_client_and_the_answer_comes_back() {
    let (peer, mut fars) = peer(1);
    let far = &mut fars[0];
    let (mut exchange, _) = under_way(&peer, far, call(1, 1, "tools/call", &json!({}))).await;
    far.say(r#"{"jsonrpc":"2.0","id":"q","method":"elicitation/create","params":{"message":"?"}}"#)
        .await;
    far.say(r#"{"jsonrpc":"2.0","id":8,"method":"ping"}"#).await;
    far.say(r#"{"jsonrpc":"2.0","id":9,"method":"own/thing"}"#)
        .await;
    let Some(Event::Ask(ask)) = exchange.next().await else {
        panic!()
    };
    assert_eq!(
        (ask.method.as_str(), far.next().await["id"].clone()),
        ("elicitation/create", json!(8))
    );
    assert_eq!(far.next().await["error"]["code"], -32601);
    let answer = || Outcome::Result(raw(&json!({ "action": "accept" })));
    assert!(!peer.answer(ask.key + 1000, answer()));
    assert!(peer.answer(ask.key, answer()));
    assert!(!peer.answer(ask.key, answer()), "only once");
    let back = far.next().await;
    assert_eq!(
        (&back["id"], &back["result"]["action"]),
        (&json!("q"), &json!("accept"))
    );
}

#[tokio::test]
async fn the_late_news_of_a_server_that_was_stopped_reaches_nobody_who_waits_for_the_next() {
    let (peer, mut fars) = peer(2);
    let (mut first, _) = under_way(&peer, &mut fars[0], call(1, 1, "tools/call", &json!({}))).await;
    peer.sleep();
    assert!(matches!(first.next().await, Some(Event::Lost(_))));
    let (mut second, seen) =
        under_way(&peer, &mut fars[1], call(1, 2, "tools/call", &json!({}))).await;
    let end = Incoming::Closed("it was stopped".to_owned());
    fars[0].sink.send(end).await.unwrap();
    tokio::task::yield_now().await;
    let id = &seen["id"];
    fars[1]
        .say(&format!(
            r#"{{"jsonrpc":"2.0","id":{id},"result":{{"n":1}}}}"#
        ))
        .await;
    assert!(matches!(second.next().await, Some(Event::Answer(_))));
}
