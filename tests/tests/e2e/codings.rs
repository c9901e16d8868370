//! Answers of the API through nginx: in the coding that the client prefers, with the tag of that coding.

use loop_testkit::TestIssuer;
use reqwest::Response;

use crate::support::oauth::http;
use crate::support::stack::{Options, Stack};

fn header<'a>(answer: &'a Response, name: &str) -> &'a str {
    let value = answer.headers().get(name);
    value.map_or("", |value| value.to_str().expect("a text"))
}

#[tokio::test]
async fn answers_come_through_the_gateway_in_their_coding_and_are_known_by_its_tag() {
    let issuer = TestIssuer::start();
    let options = Options {
        issuer: Some(&issuer),
        ..Options::default()
    };
    let Some(stack) = Stack::start_with(&options) else {
        return;
    };
    let token = issuer.mint(
        &stack.mcp(),
        "mcp:read",
        std::time::SystemTime::now().into(),
    );
    let ask = async |path: &str, headers: &[(&str, &str)]| {
        let request = http().get(format!("{}{path}", stack.url));
        let request = headers
            .iter()
            .fold(request.bearer_auth(&token), |request, (name, value)| {
                request.header(*name, *value)
            });
        request.send().await.expect("an answer")
    };
    let path = "/api/entities?limit=200";
    for coding in ["br", "zstd", "gzip"] {
        let answer = ask(path, &[("accept-encoding", coding)]).await;
        assert_eq!(header(&answer, "content-encoding"), coding);
        let tag = header(&answer, "etag").to_owned();
        assert!(tag.ends_with(&format!("-{coding}\"")), "{tag}");
        let vary = header(&answer, "vary").to_ascii_lowercase();
        assert!(vary.contains("accept-encoding"), "{vary}");
        let known = [("accept-encoding", coding), ("if-none-match", tag.as_str())];
        let again = ask(path, &known).await;
        assert_eq!(again.status(), 304, "{coding}");
        assert_eq!(header(&again, "etag"), tag);
    }
    // Streams of events are not held back and not compressed.
    let mut live = ask("/api/changes/live", &[("accept-encoding", "br, gzip")]).await;
    assert_eq!(header(&live, "content-encoding"), "");
    let first = live.chunk().await.expect("a stream").expect("a comment");
    assert_eq!(&first[..], b": following\n\n");
    // Errors of the gateway name the methods there are.
    let trace = http().request(
        reqwest::Method::TRACE,
        format!("{}/api/entities", stack.url),
    );
    let refused = trace.send().await.expect("an answer");
    assert_eq!(refused.status(), 405);
    assert!(header(&refused, "allow").contains("GET"));
}
