//! Fetches on a stranger's word, attacks first: real sockets, real TLS, names as the tests tell.

use std::{
    collections::VecDeque,
    io,
    net::IpAddr,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use loop_oauth::client_metadata_document::{
    Allowed, BadDocument, ClientDocuments as _, DocumentRules, DocumentUrl, NoDocument, Want,
};
use loop_testkit::{
    keys::{jwks, key},
    web_host::{Answer, WebHost},
};
use serde_json::{Value, json};

use super::{
    Bounds, OutboundDocuments,
    lookup::{Looking, Lookup},
};

/// Answers each lookup with the next list, the last one again and again, and counts.
#[derive(Debug)]
struct Names {
    lists: Mutex<VecDeque<Vec<IpAddr>>>,
    asked: Mutex<Vec<String>>,
}

impl Lookup for Names {
    fn addresses(&self, host: &str) -> Looking {
        self.asked.lock().unwrap().push(host.to_owned());
        let mut lists = self.lists.lock().unwrap();
        let next = if lists.len() > 1 {
            lists.pop_front()
        } else {
            lists.front().cloned()
        };
        Box::pin(async move { next.ok_or_else(|| io::Error::other("no such name")) })
    }
}

fn names(lists: &[&[&str]]) -> Arc<Names> {
    let list = |list: &&[&str]| list.iter().map(|ip| ip.parse().unwrap()).collect();
    Arc::new(Names {
        lists: Mutex::new(lists.iter().map(list).collect()),
        asked: Mutex::default(),
    })
}

const fn quick() -> Bounds {
    Bounds {
        timeout: Duration::from_millis(2_500),
        rest: Duration::from_millis(50),
        cooldown: Duration::from_secs(30),
        shortest: Duration::from_millis(50),
    }
}

fn rules(allowed: &str) -> DocumentRules {
    DocumentRules {
        allowed: Allowed::parse(allowed).unwrap(),
        ..DocumentRules::default()
    }
}

/// What fetches from `host`, to which every name leads.
pub(crate) fn documents(host: &WebHost, allowed: &str) -> OutboundDocuments {
    documents_with(host, allowed, names(&[&["127.0.0.1"]]))
}

fn documents_with(host: &WebHost, allowed: &str, names: Arc<Names>) -> OutboundDocuments {
    OutboundDocuments::bounded(rules(allowed), Some(host.ca_pem()), names, quick()).unwrap()
}

fn url(text: &str) -> DocumentUrl {
    DocumentUrl::parse(text, &rules("127.0.0.1,localhost")).unwrap()
}

fn document(id: &str) -> Value {
    json!({"client_id": id, "client_name": "App", "redirect_uris": ["https://app.example/cb"]})
}

/// A host with a document at `/client`, and the document's URL.
fn host() -> (WebHost, DocumentUrl) {
    let host = WebHost::start();
    let id = host.at("app.example", "/client");
    host.answer("/client", Answer::json(&document(&id)));
    (host, url(&id))
}

const OPEN: &str = "127.0.0.0/8";

#[tokio::test]
async fn a_document_is_fetched_once_for_all_who_ask() {
    let (host, id) = host();
    let slow = Answer {
        delay: Duration::from_millis(200),
        ..Answer::json(&document(id.as_str())).with("Cache-Control", "max-age=60")
    };
    host.answer("/client", slow);
    let documents = documents(&host, OPEN);
    let asking = (0..20).map(|_| documents.document(&id, Want::Fresh));
    for found in futures_util::future::join_all(asking).await {
        assert_eq!(
            found
                .unwrap()
                .client(None, chrono::DateTime::UNIX_EPOCH)
                .name,
            "App"
        );
    }
    documents.document(&id, Want::Fresh).await.unwrap();
    let visits = host.visits();
    assert_eq!(visits.len(), 1, "{visits:?}");
    assert!(visits[0].headers.contains("accept: application/json\r\n"));
    for never in ["cookie", "authorization", "referer", "accept-encoding"] {
        assert!(
            !visits[0].headers.contains(&format!("{never}:")),
            "{}",
            visits[0].headers
        );
    }
}

#[tokio::test]
async fn a_name_that_leads_to_an_address_that_is_not_public_is_not_connected_to() {
    let (host, id) = host();
    for list in [
        &["127.0.0.1"][..],
        &["10.0.0.1"],
        &["169.254.169.254"],
        &["100.64.0.1"],
        &["0.0.0.0"],
        &["::1"],
        &["::ffff:127.0.0.1"],
        &["::7f00:1"],
        &["64:ff9b::7f00:1"],
        &["2002:7f00:1::"],
        &["fd00::1"],
        &["fe80::1"],
        &["1.1.1.1", "127.0.0.1"],
        &["127.0.0.1", "1.1.1.1"],
        &["2606:4700::1111", "::1"],
        &[],
    ] {
        let documents = documents_with(&host, "10.1.0.0/16", names(&[list]));
        let began = Instant::now();
        let got = documents.document(&id, Want::Fresh).await;
        assert!(
            matches!(got, Err(NoDocument::Unreachable(_))),
            "{list:?}: {got:?}"
        );
        assert!(
            began.elapsed() < Duration::from_secs(1),
            "{list:?}: something was connected to"
        );
        let got = documents.keys(&id, Want::Fresh).await;
        assert!(got.is_err(), "{list:?}");
    }
    assert!(host.visits().is_empty());
}

#[tokio::test]
async fn a_name_that_leads_elsewhere_at_its_next_lookup_gains_nothing() {
    let (host, id) = host();
    let names = names(&[&["127.0.0.2"], &["127.0.0.1"]]);
    // The network of one address stands for a public one here.
    let documents = documents_with(&host, "127.0.0.2/32", Arc::clone(&names));
    documents.document(&id, Want::Fresh).await.unwrap();
    assert_eq!(*names.asked.lock().unwrap(), ["app.example"]);
    let addresses: Vec<_> = host
        .visits()
        .iter()
        .map(|visit| visit.to.to_string())
        .collect();
    assert_eq!(addresses, ["127.0.0.2"]);
    // The next fetch looks the name up anew, and is refused for what it finds.
    let second = url(&host.at("app.example", "/second"));
    assert!(documents.document(&second, Want::Fresh).await.is_err());
    assert_eq!(names.asked.lock().unwrap().len(), 2);
    assert_eq!(host.visits().len(), 1);
}

#[tokio::test]
async fn an_address_in_place_of_a_name_is_connected_to_only_where_it_is_opened() {
    let host = WebHost::start();
    let id = host.at("127.0.0.1", "/client");
    host.answer("/client", Answer::json(&document(&id)));
    let id = url(&id);
    assert!(
        documents(&host, "")
            .document(&id, Want::Fresh)
            .await
            .is_err()
    );
    assert!(host.visits().is_empty());
    documents(&host, "127.0.0.1")
        .document(&id, Want::Fresh)
        .await
        .unwrap();
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "a table")]
async fn an_answer_that_is_not_a_plain_small_document_is_refused() {
    let (host, id) = host();
    let good = Answer::json(&document(id.as_str()));
    let mut padded = document(id.as_str());
    padded["padding"] = json!("x".repeat(5_200));
    let bomb = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3];
    let endless = Answer {
        unmeasured: true,
        body: vec![b' '; 1_000_000],
        ..good.clone()
    };
    let trickling = Answer {
        per_byte: Duration::from_millis(40),
        ..good.clone()
    };
    for (name, answer) in [
        (
            "a redirect",
            good.clone()
                .status(302)
                .with("Location", &host.at("other.example", "/x")),
        ),
        (
            "a permanent redirect",
            good.clone().status(308).with("Location", "/elsewhere"),
        ),
        ("created", good.clone().status(201)),
        ("no content", good.clone().status(204)),
        ("not found", good.clone().status(404)),
        ("a failure", good.clone().status(503)),
        ("html", good.clone().with("Content-Type", "text/html")),
        (
            "almost json",
            good.clone().with("Content-Type", "application/jsonp"),
        ),
        ("no type", good.clone().with("Content-Type", "")),
        ("5200 bytes", Answer::json(&padded)),
        (
            "5200 bytes unannounced",
            Answer {
                unmeasured: true,
                ..Answer::json(&padded)
            },
        ),
        ("a megabyte unannounced", endless),
        (
            "compressed",
            Answer {
                body: bomb,
                ..good.clone()
            }
            .with("Content-Encoding", "gzip"),
        ),
        (
            "silence",
            Answer {
                delay: Duration::from_secs(5),
                ..good.clone()
            },
        ),
        ("a byte at a time", trickling),
    ] {
        host.answer("/client", answer);
        let documents = documents(&host, OPEN);
        let began = Instant::now();
        let got = documents.document(&id, Want::Fresh).await;
        assert!(
            matches!(got, Err(NoDocument::Unreachable(_))),
            "{name}: {got:?}"
        );
        assert!(
            began.elapsed() < Duration::from_secs(4),
            "{name}: {:?}",
            began.elapsed()
        );
    }
    assert!(
        host.visits().iter().all(|visit| visit.path == "/client"),
        "a redirect was followed"
    );
    for content_type in [
        "application/json; charset=utf-8",
        "Application/x.client+JSON",
    ] {
        host.answer("/client", good.clone().with("Content-Type", content_type));
        let got = documents(&host, OPEN).document(&id, Want::Fresh).await;
        assert!(got.is_ok(), "{content_type}: {got:?}");
    }
}

#[tokio::test]
async fn a_document_that_names_another_url_is_not_believed() {
    let (host, id) = host();
    host.answer(
        "/client",
        Answer::json(&document("https://claude.ai/client")),
    );
    let got = documents(&host, OPEN).document(&id, Want::Fresh).await;
    assert_eq!(got, Err(NoDocument::Document(BadDocument::WrongId)));
    // Another name of the same host is another client.
    let other = url(&host.at("other.example", "/client"));
    host.answer("/client", Answer::json(&document(id.as_str())));
    let got = documents(&host, OPEN).document(&other, Want::Fresh).await;
    assert_eq!(got, Err(NoDocument::Document(BadDocument::WrongId)));
}

#[tokio::test]
async fn a_host_whose_certificate_nobody_vouches_for_is_not_asked() {
    let (host, id) = host();
    let lookup = names(&[&["127.0.0.1"]]);
    let documents = OutboundDocuments::bounded(rules(OPEN), None, lookup, quick()).unwrap();
    assert!(documents.document(&id, Want::Fresh).await.is_err());
    let stranger = url(&format!("https://stranger.example:{}/client", host.port()));
    let got = super::tests::documents(&host, OPEN)
        .document(&stranger, Want::Fresh)
        .await;
    assert!(got.is_err());
    assert!(host.visits().is_empty());
}

#[tokio::test]
async fn a_failure_is_forgotten_and_the_last_good_copy_is_not() {
    let (host, id) = host();
    let documents = documents(&host, OPEN);
    let good = host.visits().len();
    host.answer("/client", Answer::json(&Value::Null).status(500));
    for _ in 0..5 {
        assert!(documents.document(&id, Want::Fresh).await.is_err());
    }
    assert!(
        host.visits().len() < good + 3,
        "a host that failed was not left alone"
    );
    tokio::time::sleep(Duration::from_millis(100)).await;
    host.answer(
        "/client",
        Answer::json(&document(id.as_str())).with("Cache-Control", "no-store"),
    );
    let found = documents.document(&id, Want::Fresh).await.unwrap();
    for rubbish in [
        Answer::json(&Value::Null).status(500),
        Answer::json(&document("https://evil.example/client")),
    ] {
        host.answer("/client", rubbish);
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert_eq!(
            documents.document(&id, Want::Fresh).await.as_ref(),
            Ok(&found)
        );
    }
    host.down(true);
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(
        documents.document(&id, Want::Fresh).await.as_ref(),
        Ok(&found)
    );
    assert_eq!(documents.at_hand(&id), Some(found));
}

#[tokio::test]
async fn trouble_with_one_url_of_a_host_does_not_hide_the_others() {
    let (host, id) = host();
    let slow = Bounds {
        rest: Duration::from_mins(1),
        ..quick()
    };
    let lookup = names(&[&["127.0.0.1"]]);
    let documents =
        OutboundDocuments::bounded(rules(OPEN), Some(host.ca_pem()), lookup, slow).unwrap();
    let missing = url(&host.at("app.example", "/missing"));
    assert!(documents.document(&missing, Want::Fresh).await.is_err());
    documents.document(&id, Want::Fresh).await.unwrap();
    assert!(documents.document(&missing, Want::Fresh).await.is_err());
    let asked = host
        .visits()
        .iter()
        .filter(|visit| visit.path == "/missing")
        .count();
    assert_eq!(asked, 1);
}

#[tokio::test]
async fn what_is_at_hand_is_answered_at_once_and_renewed_behind() {
    let (host, id) = host();
    let documents = documents(&host, OPEN);
    assert_eq!(documents.at_hand(&id), None);
    let mut found = None;
    for _ in 0..100 {
        tokio::time::sleep(Duration::from_millis(20)).await;
        found = documents.at_hand(&id);
        if found.is_some() {
            break;
        }
    }
    assert!(found.is_some());
    assert_eq!(host.visits().len(), 1);
}

#[tokio::test]
async fn unknown_keys_make_one_more_fetch_and_then_peace() {
    let host = WebHost::start();
    host.answer(
        "/jwks",
        Answer::json(&jwks(&[key(0)])).with("Cache-Control", "max-age=600"),
    );
    let uri = url(&host.at("keys.example", "/jwks"));
    let documents = documents(&host, OPEN);
    assert!(
        documents
            .keys(&uri, Want::Fresh)
            .await
            .unwrap()
            .has("key-0")
    );
    host.answer(
        "/jwks",
        Answer::json(&jwks(&[key(1)])).with("Cache-Control", "max-age=600"),
    );
    assert!(
        documents
            .keys(&uri, Want::Fresh)
            .await
            .unwrap()
            .has("key-0")
    );
    assert!(
        documents
            .keys(&uri, Want::Newer)
            .await
            .unwrap()
            .has("key-1")
    );
    for _ in 0..10 {
        assert!(
            documents
                .keys(&uri, Want::Newer)
                .await
                .unwrap()
                .has("key-1")
        );
    }
    assert_eq!(host.visits().len(), 2);
    let mut many = jwks(&[key(0)]);
    many["padding"] = json!("x".repeat(70_000));
    host.answer("/many", Answer::json(&many));
    let many = url(&host.at("keys.example", "/many"));
    assert!(documents.keys(&many, Want::Fresh).await.is_err());
}
