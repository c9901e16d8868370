//! The webhook over real HTTP: signed batches, each until it is taken, over restarts, without private notes.

use std::collections::VecDeque;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix_web::web::{self, Bytes, Data};
use actix_web::{App as Routes, HttpRequest, HttpResponse, HttpServer};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use loop_testkit::InProcess;
use serde_json::Value;
use sha2::Sha256;

use crate::harness::{Server, eventually, write};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// What came, and what is answered: 200 when nothing else is said.
#[derive(Default)]
struct State {
    came: Vec<Came>,
    answers: VecDeque<u16>,
}

#[derive(Clone, Debug)]
struct Came {
    path: String,
    id: String,
    body: Value,
}

struct Receiver {
    state: Arc<Mutex<State>>,
    running: InProcess,
}

impl Receiver {
    fn start() -> Self {
        let state = Arc::<Mutex<State>>::default();
        let shared = Data::from(Arc::clone(&state));
        let running = InProcess::start(move |listener| {
            let routes = move || {
                Routes::new()
                    .app_data(shared.clone())
                    .default_service(web::to(receive))
            };
            let server = HttpServer::new(routes).workers(1).disable_signals();
            server.listen(listener).unwrap().run()
        });
        Self { state, running }
    }

    fn answering(self, answers: &[u16]) -> Self {
        self.state.lock().unwrap().answers.extend(answers);
        self
    }

    fn came(&self) -> Vec<Came> {
        self.state.lock().unwrap().came.clone()
    }

    /// Every path of a note that was told, in order.
    fn told(&self) -> Vec<String> {
        let came = self.came();
        let results = came
            .iter()
            .flat_map(|came| came.body["data"]["results"].as_array().unwrap().clone());
        results
            .map(|change| change["path"].as_str().unwrap().to_owned())
            .collect()
    }
}

async fn receive(state: Data<Mutex<State>>, request: HttpRequest, body: Bytes) -> HttpResponse {
    let header = |name: &str| {
        request
            .headers()
            .get(name)
            .unwrap()
            .to_str()
            .unwrap()
            .to_owned()
    };
    let (id, timestamp) = (header("webhook-id"), header("webhook-timestamp"));
    let key = STANDARD
        .decode(SECRET.strip_prefix("whsec_").unwrap())
        .unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
    mac.update(format!("{id}.{timestamp}.").as_bytes());
    mac.update(&body);
    let expected = STANDARD.encode(mac.finalize().into_bytes());
    let signed = header("webhook-signature") == format!("v1,{expected}");
    let mut state = state.lock().unwrap();
    if !signed {
        return HttpResponse::Unauthorized().finish();
    }
    state.came.push(Came {
        path: request.path().to_owned(),
        id,
        body: serde_json::from_slice(&body).unwrap(),
    });
    match state.answers.pop_front().unwrap_or(200) {
        302 => HttpResponse::Found()
            .insert_header(("Location", "/elsewhere"))
            .finish(),
        status => {
            HttpResponse::build(actix_web::http::StatusCode::from_u16(status).unwrap()).finish()
        }
    }
}

/// A service over a vault that stays, which tells the receiver.
fn server(folder: &Path, receiver: &Receiver) -> Server {
    let url = receiver.running.url("/hook");
    Server::with(
        |_| (),
        |cli| {
            cli.vault_dir = Some(folder.join("vault").display().to_string());
            cli.state_dir = Some(folder.join("state").display().to_string());
            cli.webhook.webhook_url = Some(url);
            cli.webhook.webhook_secret = Some(SECRET.into());
            cli.vault_private_readers = Some("role:exec".to_owned());
        },
    )
}

fn vault(folder: &Path) -> std::path::PathBuf {
    let vault = folder.join("vault");
    fs::create_dir_all(&vault).unwrap();
    write(&vault, "first.md", "there from the beginning");
    vault
}

/// The place from which changes are told is kept.
async fn placed(folder: &Path) {
    eventually("a place", async || {
        folder.join("state/webhook.cursor").exists()
    })
    .await;
}

#[tokio::test]
async fn changes_are_told_signed_and_private_notes_are_not() {
    let folder = tempfile::tempdir().unwrap();
    let vault = vault(folder.path());
    let receiver = Receiver::start();
    let _server = server(folder.path(), &receiver);
    placed(folder.path()).await;
    write(
        &vault,
        "secret.md",
        "---\nvisibility: private\n---\nhidden words",
    );
    write(&vault, "open.md", "---\nstatus: todo\n---\n[[secret]]");
    eventually("the open note", async || receiver.told() == ["open.md"]).await;
    write(
        &vault,
        "secret.md",
        "---\nvisibility: private\n---\nhidden again",
    );
    write(&vault, "open.md", "---\nstatus: done\n---\n");
    eventually("its change", async || receiver.told().len() == 2).await;
    let came = receiver.came();
    let last = &came.last().unwrap().body;
    assert_eq!(last["type"], "vault.changes");
    assert_eq!(last["data"]["results"][0]["fields"][0]["after"], "done");
    assert!(!format!("{came:?}").contains("secret.md"), "{came:?}");
    assert!(!format!("{came:?}").contains("hidden"), "{came:?}");
}

#[tokio::test]
async fn what_is_not_taken_is_sent_again_under_the_same_id_and_redirects_are_not_followed() {
    let folder = tempfile::tempdir().unwrap();
    let vault = vault(folder.path());
    let receiver = Receiver::start().answering(&[500, 302]);
    let _server = server(folder.path(), &receiver);
    placed(folder.path()).await;
    write(&vault, "one.md", "one");
    eventually("the third attempt", async || receiver.came().len() == 3).await;
    write(&vault, "two.md", "two");
    eventually("the next batch", async || {
        receiver.told().contains(&"two.md".to_owned())
    })
    .await;
    let came = receiver.came();
    let (first, third) = (&came[0], &came[2]);
    assert_eq!((&first.id, &first.body), (&third.id, &third.body));
    assert_ne!(came[3].id, first.id);
    assert!(came.iter().all(|came| came.path == "/hook"), "{came:?}");
}

#[tokio::test]
async fn what_changed_while_nothing_ran_is_told_at_the_next_start_once() {
    let folder = tempfile::tempdir().unwrap();
    let vault = vault(folder.path());
    let receiver = Receiver::start();
    let running = server(folder.path(), &receiver);
    placed(folder.path()).await;
    write(&vault, "before.md", "before");
    eventually("the first", async || receiver.told() == ["before.md"]).await;
    // The place moves behind the batch when the answer has come.
    tokio::time::sleep(Duration::from_millis(200)).await;
    drop(running);
    let lock = folder.path().join("state/changes-open.lock");
    eventually("the end of the first service", async || {
        fs::File::open(&lock).unwrap().try_lock().is_ok()
    })
    .await;
    write(&vault, "meanwhile.md", "meanwhile");
    let again = server(folder.path(), &receiver);
    eventually("the second", async || {
        receiver.told() == ["before.md", "meanwhile.md"]
    })
    .await;
    drop(again);
}

#[tokio::test]
async fn a_receiver_that_is_gone_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let vault = vault(folder.path());
    let receiver = Receiver::start().answering(&[410]);
    let server = server(folder.path(), &receiver);
    placed(folder.path()).await;
    write(&vault, "one.md", "one");
    eventually("the only attempt", async || receiver.came().len() == 1).await;
    write(&vault, "two.md", "two");
    eventually("the service goes on", async || {
        server.json("/api/search?q=two").await["total"] == 1
    })
    .await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(receiver.came().len(), 1);
}
