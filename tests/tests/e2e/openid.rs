//! A dashboard that only signs people in, through nginx and over real sockets, and survives `kill -9`.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use loop_testkit::html::forms;
use loop_testkit::{Browser, Decision};
use serde_json::{Value, json};
use url::Url;

use crate::support::oauth::{CALLBACK, VERIFIER, challenge, claims, http, read};
use crate::support::stack::{ADMIN, Options, Stack};

const LOGGED_OUT: &str = "http://localhost:8765/logged-out";

/// The dashboard's logout address: notes logout tokens; while it is down it hangs up.
struct Receiver {
    url: String,
    up: Arc<Mutex<bool>>,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Receiver {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}/bc", listener.local_addr().expect("an address"));
        let (up, heard) = (Arc::new(Mutex::new(false)), Arc::<Mutex<Vec<_>>>::default());
        let (is_up, notes) = (Arc::clone(&up), Arc::clone(&heard));
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                if !*is_up.lock().expect("a lock") {
                    continue;
                }
                let _ = stream.set_read_timeout(Some(Duration::from_millis(300)));
                let mut request = Vec::new();
                let mut buffer = [0; 4096];
                while let Ok(count @ 1..) = stream.read(&mut buffer) {
                    request.extend_from_slice(&buffer[..count]);
                }
                let request = String::from_utf8_lossy(&request).into_owned();
                if let Some((_, token)) = request.split_once("logout_token=") {
                    notes.lock().expect("a lock").push(token.to_owned());
                }
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
            }
        });
        Self { url, up, heard }
    }

    /// The tokens heard once there are `count`, within `seconds`.
    async fn heard(&self, count: usize, seconds: u64) -> Vec<String> {
        let started = Instant::now();
        loop {
            let heard = self.heard.lock().expect("a lock").clone();
            if heard.len() >= count || started.elapsed() > Duration::from_secs(seconds) {
                return heard;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

struct Dashboard {
    base: String,
    id: String,
    secret: String,
}

impl Dashboard {
    fn add(stack: &Stack, receiver: &Receiver) -> Self {
        let said = stack.loop_auth(&[
            "client",
            "add",
            "Grafana",
            "--redirect-uri",
            CALLBACK,
            "--scope",
            "openid profile email",
            "--post-logout-redirect-uri",
            LOGGED_OUT,
            "--backchannel-logout-uri",
            &receiver.url,
        ]);
        let after = |name: &str| {
            let line = said.lines().find_map(|line| line.strip_prefix(name));
            let word = line.and_then(|line| line.split_whitespace().next());
            word.unwrap_or_else(|| panic!("{name} in {said}"))
                .to_owned()
        };
        Self {
            base: stack.url.clone(),
            id: after("client_id: "),
            secret: after("client_secret: "),
        }
    }

    async fn sign_in(&self, browser: &Browser) -> Value {
        let query = [
            ("response_type", "code"),
            ("client_id", &self.id),
            ("redirect_uri", CALLBACK),
            ("scope", "openid profile email"),
            ("nonce", "n-1"),
            ("code_challenge", &challenge(VERIFIER)),
            ("code_challenge_method", "S256"),
        ];
        let url = Url::parse_with_params(&format!("{}/authorize", self.base), query);
        let url = url.expect("a URL");
        let outcome = browser
            .authorize(&url, ADMIN.0, ADMIN.1, Decision::Allow)
            .await;
        let code = outcome.parameter("code").expect("a code");
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code.as_str()),
            ("redirect_uri", CALLBACK),
            ("code_verifier", VERIFIER),
        ];
        let token = http().post(format!("{}/token", self.base));
        let token = token.basic_auth(&self.id, Some(&self.secret)).form(&form);
        let answer = read(token).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.body
    }
}

fn text<'a>(body: &'a Value, name: &str) -> &'a str {
    body[name]
        .as_str()
        .unwrap_or_else(|| panic!("{name} in {body}"))
}

async fn log_out(stack: &Stack, browser: &Browser) {
    let page: Url = format!("{}/oauth/logout", stack.url)
        .parse()
        .expect("a URL");
    let html = browser.get(&page).await.text().await.expect("a page");
    let form = forms(&html).remove(0);
    let answer = browser.submit(&page, &form, None).await;
    assert_eq!(answer.status(), 200);
}

#[test]
fn a_dashboard_signs_in_by_discovery_and_hears_of_a_logout_although_everybody_was_down() {
    let options = Options {
        auth: &[("LOGOUT_ALLOW", "127.0.0.1")],
        ..Options::default()
    };
    let Some(mut stack) = Stack::start_with(&options) else {
        return;
    };
    let receiver = Receiver::start();
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let dashboard = Dashboard::add(&stack, &receiver);
    let (one, two) = (Browser::new(), Browser::new());
    let sid = runtime.block_on(async {
        let found = http().get(format!("{}/.well-known/openid-configuration", stack.url));
        let found = read(found).await;
        let tokens = dashboard.sign_in(&one).await;
        let (access, id_token) = (text(&tokens, "access_token"), text(&tokens, "id_token"));
        let userinfo = http().get(found.text("userinfo_endpoint"));
        let told = read(userinfo.bearer_auth(access)).await;
        assert_eq!(told.status, 200, "{told:?}");
        assert_eq!(told.text("email"), ADMIN.0);
        assert_eq!(told.body["roles"], json!(["admin"]));
        let said = claims(id_token);
        assert_eq!(
            (text(&said, "nonce"), &said["sub"]),
            ("n-1", &told.body["sub"])
        );
        // Neither of them opens an API.
        for token in [access, id_token] {
            let notes = http().get(format!("{}/api/stats", stack.url));
            assert_eq!(read(notes.bearer_auth(token)).await.status, 401);
        }
        // A logout on the client's word comes back.
        let query = [
            ("id_token_hint", id_token),
            ("post_logout_redirect_uri", LOGGED_OUT),
            ("state", "s"),
        ];
        let end = found.text("end_session_endpoint");
        let end = Url::parse_with_params(&end, query).expect("a URL");
        let answer = one.get(&end).await;
        let location = answer.headers()["location"].to_str().expect("a text");
        assert_eq!(location, format!("{LOGGED_OUT}?state=s"));
        // A logout while the dashboard is down.
        let tokens = dashboard.sign_in(&two).await;
        log_out(&stack, &two).await;
        assert!(receiver.heard(1, 2).await.is_empty(), "it is down");
        claims(text(&tokens, "id_token"))["sid"].clone()
    });
    stack.auth().kill_9();
    *receiver.up.lock().expect("a lock") = true;
    stack.auth().restart();
    let heard = runtime.block_on(receiver.heard(2, 90));
    let sids: Vec<_> = heard
        .iter()
        .map(|token| claims(token)["sid"].clone())
        .collect();
    assert_eq!(sids.len(), 2, "{}", stack.logs());
    assert!(sids.contains(&sid), "{sids:?}");
}
