//! Logout tokens over real sockets.

use std::{
    io::{Read as _, Write as _},
    net::TcpListener,
    sync::{Arc, Mutex},
    time::Duration,
};

use loop_oauth::client_metadata_document::Allowed;

use super::*;
use crate::backchannel;

/// A client's logout address: notes bodies, answers with the statuses in turn, then 200. Status 0 says
/// nothing at all.
struct Receiver {
    url: String,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Receiver {
    fn start(answers: Vec<u16>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/backchannel", listener.local_addr().unwrap());
        let heard = Arc::<Mutex<Vec<String>>>::default();
        let notes = Arc::clone(&heard);
        std::thread::spawn(move || {
            let mut answers = answers.into_iter();
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                stream
                    .set_read_timeout(Some(Duration::from_secs(2)))
                    .unwrap();
                let mut request = Vec::new();
                let mut buffer = [0; 4096];
                while !is_whole(&request) {
                    match stream.read(&mut buffer) {
                        Ok(0) | Err(_) => break,
                        Ok(count) => request.extend_from_slice(&buffer[..count]),
                    }
                }
                notes
                    .lock()
                    .unwrap()
                    .push(String::from_utf8(request).unwrap());
                let status = answers.next().unwrap_or(200);
                if status > 0 {
                    let location = "location: http://127.0.0.1:1/\r\n";
                    let begins = format!("HTTP/1.1 {status} X\r\n{location}content-length: 0\r\n");
                    let _ = write!(stream, "{begins}connection: close\r\n\r\n");
                }
            }
        });
        Self { url, heard }
    }

    fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }

    /// The logout tokens it got.
    fn tokens(&self) -> Vec<String> {
        let body = |request: &String| request.split("\r\n\r\n").nth(1).unwrap().to_owned();
        let token = |body: String| body.strip_prefix("logout_token=").unwrap().to_owned();
        self.heard().iter().map(body).map(token).collect()
    }
}

fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request).to_lowercase();
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    length.is_some_and(|length| body.len() >= length.trim().parse::<usize>().unwrap())
}

async fn house(receiver: &Receiver) -> House {
    House::with(json!({"backchannel_logout_uri": receiver.url})).await
}

async fn send(house: &House) {
    send_to(house, "127.0.0.1").await;
}

/// Sends what is due, with this much opened.
async fn send_to(house: &House, allowed: &str) {
    let http = backchannel::http(Allowed::parse(allowed).unwrap(), None).unwrap();
    backchannel::once(&house.server.app, &http).await.unwrap();
}

async fn log_out(house: &House, browser: &Browser) {
    let page = house.server.at("/oauth/logout");
    let asked = form(browser.get(&page).await).await;
    assert_eq!(browser.submit(&page, &asked, None).await.status(), 200);
}

#[actix_web::test]
async fn a_logout_is_told_once_to_the_client_that_knows_the_session() {
    let receiver = Receiver::start(vec![]);
    let house = house(&receiver).await;
    let (browser, other) = (Browser::new(), Browser::new());
    let tokens = house.tokens(&browser, &[]).await;
    house.tokens(&other, &[]).await;
    send(&house).await;
    assert!(receiver.heard().is_empty());
    log_out(&house, &browser).await;
    send(&house).await;
    send(&house).await;
    let told = receiver.tokens();
    assert_eq!(told.len(), 1);
    let request = receiver.heard().remove(0);
    assert!(
        request.starts_with("POST /backchannel HTTP/1.1"),
        "{request}"
    );
    assert_eq!(jws_header(&told[0])["typ"], "logout+jwt");
    let (said, id) = (claims(&told[0]), claims(text(&tokens, "id_token")));
    for name in ["iss", "aud", "sub", "sid"] {
        assert_eq!(said[name], id[name], "{name}");
    }
    assert!(said["jti"].is_string() && said.get("nonce").is_none());
    assert_eq!(
        said["exp"].as_i64(),
        said["iat"].as_i64().map(|iat| iat + 120)
    );
    let event = "http://schemas.openid.net/event/backchannel-logout";
    assert_eq!(said["events"], json!({event: {}}));
    // A logout token is neither an access token nor a hint.
    assert_eq!(house.userinfo(&told[0]).await.status(), 401);
    let answer = other
        .get(&house.logout(&[("id_token_hint", &told[0])]))
        .await;
    assert_eq!(answer.status(), 200);
    assert!(house.is_in(&other).await);
}

#[actix_web::test]
async fn a_client_that_is_down_is_told_later_and_a_redirect_is_not_followed() {
    let receiver = Receiver::start(vec![500, 0, 302, 200]);
    let house = house(&receiver).await;
    let browser = Browser::new();
    house.tokens(&browser, &[]).await;
    log_out(&house, &browser).await;
    for (attempts, wait) in [(1, 10), (2, 60), (3, 300), (4, 1_800), (4, 0)] {
        send(&house).await;
        assert_eq!(receiver.heard().len(), attempts);
        send(&house).await;
        assert_eq!(receiver.heard().len(), attempts, "not before its time");
        house.server.clock.advance(wait);
    }
    let told: std::collections::BTreeSet<_> = receiver.tokens().into_iter().collect();
    assert_eq!(told.len(), 4, "each attempt has a token of its own");
}

#[actix_web::test]
async fn a_client_that_refuses_is_left_alone_and_disabling_tells_it_too() {
    let receiver = Receiver::start(vec![400]);
    let house = house(&receiver).await;
    let (one, two) = (Browser::new(), Browser::new());
    house.tokens(&one, &[]).await;
    log_out(&house, &one).await;
    send(&house).await;
    house.server.clock.advance(1_000_000);
    send(&house).await;
    assert_eq!(receiver.heard().len(), 1);
    house.tokens(&two, &[]).await;
    user_admin::disable(&house.server.app.cx(), KIM)
        .await
        .unwrap();
    send(&house).await;
    assert_eq!(receiver.heard().len(), 2);
}

#[actix_web::test]
async fn typing_the_password_again_logs_nobody_out_of_anything() {
    let receiver = Receiver::start(vec![]);
    let house = house(&receiver).await;
    let browser = Browser::new();
    let first = house.tokens(&browser, &[]).await;
    house.server.clock.advance(10);
    // The browser of the tests takes the same page twice for a failure: log in by hand first.
    log_in(&house.server, &browser, KIM).await;
    let second = house.tokens(&browser, &[("max_age", "5")]).await;
    send(&house).await;
    assert!(receiver.heard().is_empty());
    let (one, two) = (
        claims(text(&first, "id_token")),
        claims(text(&second, "id_token")),
    );
    assert_eq!(one["sid"], two["sid"]);
    assert_ne!(one["auth_time"], two["auth_time"]);
    house.server.user("lee@example.com", "member").await;
    log_in(&house.server, &browser, "lee@example.com").await;
    send(&house).await;
    assert_eq!(receiver.heard().len(), 1, "somebody else did");
}

#[actix_web::test]
async fn a_private_address_is_not_posted_to_until_an_operator_opens_it() {
    let receiver = Receiver::start(vec![]);
    let port = receiver.url.rsplit(':').next().unwrap().to_owned();
    for (host, opened) in [("127.0.0.1", "127.0.0.0/8"), ("localhost", "localhost")] {
        let before = receiver.heard().len();
        let uri = format!("http://{host}:{port}");
        let house = House::with(json!({"backchannel_logout_uri": uri})).await;
        let browser = Browser::new();
        house.tokens(&browser, &[]).await;
        log_out(&house, &browser).await;
        for (allowed, wait) in [("", 10), ("10.0.0.0/8,http://169.254.169.254", 60)] {
            send_to(&house, allowed).await;
            assert_eq!(receiver.heard().len(), before, "{host} {allowed:?}");
            house.server.clock.advance(wait);
        }
        // It was only put off: once it is open, the client hears.
        send_to(&house, opened).await;
        assert_eq!(receiver.heard().len(), before + 1, "{host} {opened:?}");
    }
}
