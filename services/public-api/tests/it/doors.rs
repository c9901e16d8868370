//! What every REST answer has, whichever endpoint made it: codings, validators, problem details, HEAD.

use std::time::Duration;

use reqwest::{Client, Method, Response};
use serde_json::Value;

use crate::harness::{Server, eventually, write};

/// Good addresses of every endpoint that says when nothing changed.
const CONDITIONAL: [&str; 12] = [
    "/api/entities?type=Task",
    "/api/entities/tsk-1",
    "/api/notes/tasks/tsk-1.md",
    "/api/search?q=a",
    "/api/query?q=status%20exists",
    "/api/graph?id=tsk-1",
    "/api/graph/path?from=tsk-1&to=tsk-2",
    "/api/projects/prj-pay",
    "/api/lint",
    "/api/vault/scan",
    "/api/export",
    "/api/export?format=csv",
];

fn big() -> Server {
    Server::over(|vault| {
        for n in 0..300 {
            let text = format!("---\nentity_type: Task\nentity_id: t-{n}\n---\n결제 {n}\n");
            write(vault, &format!("t-{n:03}.md"), &text);
        }
    })
}

fn header<'a>(answer: &'a Response, name: &str) -> Option<&'a str> {
    answer
        .headers()
        .get(name)
        .map(|value| value.to_str().unwrap())
}

async fn asked(server: &Server, path: &str, headers: &[(&str, &str)]) -> Response {
    let mut request = server.get(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.send().await.unwrap()
}

/// What a decoder of the test's own makes of a coded body.
fn decoded(coding: &str, body: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    match coding {
        "br" => {
            brotli_decompressor::BrotliDecompress(&mut &*body, &mut plain).unwrap();
        }
        "zstd" => zstd::stream::copy_decode(body, &mut plain).unwrap(),
        "gzip" => {
            use std::io::Read as _;
            flate2::read::GzDecoder::new(body)
                .read_to_end(&mut plain)
                .unwrap();
        }
        _ => plain.extend_from_slice(body),
    }
    plain
}

#[tokio::test]
async fn a_large_answer_comes_in_the_coding_that_the_client_prefers_and_says_the_same() {
    let server = big();
    for path in [
        "/api/entities?limit=200",
        "/api/vault/scan",
        "/api/export?format=csv",
        "/api/openapi.json",
        "/api/docs/docs.js",
    ] {
        let plain = asked(&server, path, &[]).await;
        assert_eq!(header(&plain, "content-encoding"), None, "{path}");
        assert!(
            header(&plain, "vary").unwrap().contains("Accept-Encoding"),
            "{path}"
        );
        let plain = plain.bytes().await.unwrap();
        for (accepted, coding) in [
            ("br, gzip, zstd", "br"),
            ("zstd", "zstd"),
            ("gzip", "gzip"),
            ("br;q=0.5, gzip;q=0.9", "gzip"),
        ] {
            let answer = asked(&server, path, &[("accept-encoding", accepted)]).await;
            assert_eq!(header(&answer, "content-encoding"), Some(coding), "{path}");
            let vary = header(&answer, "vary").unwrap().to_ascii_lowercase();
            assert_eq!(vary.matches("accept-encoding").count(), 1, "{path} {vary}");
            let body = answer.bytes().await.unwrap();
            assert!(body.len() * 2 < plain.len(), "{path} {coding}");
            assert!(decoded(coding, &body) == plain, "{path} {coding}");
        }
    }
}

#[tokio::test]
async fn small_answers_errors_and_event_streams_stay_as_they_are() {
    let server = big();
    for (path, status) in [
        ("/api/entities?type=Nothing", 200),
        ("/api/nowhere", 404),
        ("/api/changes/live", 200),
    ] {
        let answer = asked(&server, path, &[("accept-encoding", "br, gzip")]).await;
        assert_eq!(answer.status(), status, "{path}");
        assert_eq!(header(&answer, "content-encoding"), None, "{path}");
    }
    let refused = asked(
        &server,
        "/api/entities",
        &[("accept-encoding", "deflate, *;q=0")],
    )
    .await;
    assert_eq!(refused.status(), 406);
    assert_eq!(
        header(&refused, "content-type"),
        Some("application/problem+json")
    );
}

#[tokio::test]
async fn pages_that_a_cookie_opens_are_never_compressed() {
    let server = Server::with_pages(|vault| {
        write(vault, "a.md", &"결제 secret ".repeat(400));
    });
    let cookies = server.signed_in("member", "en").await.cookies();
    let cookies: Vec<_> = cookies
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    for path in ["/view/note/a.md", "/view/api/notes/a.md"] {
        let request = server
            .http
            .get(server.url(path))
            .header("cookie", cookies.join("; "))
            .header("x-requested-with", "loop-docs")
            .header("accept-encoding", "br, gzip, zstd");
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        assert_eq!(header(&answer, "content-encoding"), None, "{path}");
    }
}

#[tokio::test]
async fn a_strong_tag_is_that_of_its_coding_and_is_good_for_that_coding_alone() {
    let server = big();
    let path = "/api/entities?limit=200";
    let tag = async |coding| {
        let answer = asked(&server, path, &[("accept-encoding", coding)]).await;
        header(&answer, "etag").unwrap().to_owned()
    };
    let (plain, br, gzip) = (tag("identity").await, tag("br").await, tag("gzip").await);
    assert!(
        plain != br && br != gzip && gzip != plain,
        "{plain} {br} {gzip}"
    );
    for (sent, coding, status) in [
        (&br, "br", 304),
        (&gzip, "gzip", 304),
        (&plain, "identity", 304),
        (&br, "gzip", 200),
        (&br, "identity", 200),
    ] {
        let headers = [
            ("if-none-match", sent.as_str()),
            ("accept-encoding", coding),
        ];
        let answer = asked(&server, path, &headers).await;
        assert_eq!(answer.status(), status, "{sent} for {coding}");
        if status == 304 {
            assert_eq!(header(&answer, "etag"), Some(sent.as_str()));
            assert!(header(&answer, "vary").unwrap().contains("Accept-Encoding"));
        }
    }
}

#[tokio::test]
async fn a_date_is_given_beside_the_tag_and_spares_the_answer_until_a_note_changes() {
    let server = Server::start();
    let date_of = async |path| {
        let answer = asked(&server, path, &[]).await;
        header(&answer, "last-modified").map(str::to_owned)
    };
    eventually("a date", || async {
        date_of(CONDITIONAL[0]).await.is_some()
    })
    .await;
    let mut dates = Vec::new();
    for path in CONDITIONAL {
        let date = date_of(path).await.unwrap_or_else(|| panic!("{path}"));
        let again = asked(&server, path, &[("if-modified-since", &date)]).await;
        assert_eq!(again.status(), 304, "{path}");
        assert!(header(&again, "etag").is_some(), "{path}");
        // A tag that is sent decides alone.
        let other = [("if-modified-since", &*date), ("if-none-match", "\"x\"")];
        assert_eq!(asked(&server, path, &other).await.status(), 200, "{path}");
        dates.push((path, date));
    }
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    server.write("new.md", "new");
    eventually("the note", || async {
        asked(&server, "/api/notes/new.md", &[]).await.status() == 200
    })
    .await;
    for (path, date) in dates {
        let again = asked(&server, path, &[("if-modified-since", &date)]).await;
        assert_eq!(again.status(), 200, "{path}");
    }
}

#[tokio::test]
async fn who_sees_private_notes_shares_no_validator_with_who_does_not() {
    let server = Server::with(
        |vault| {
            write(vault, "open.md", "open");
            write(vault, "private.md", "---\nvisibility: private\n---\nhidden");
        },
        |cli| cli.vault_private_readers = Some("scope:mcp:exec".to_owned()),
    );
    let path = "/api/vault/scan";
    let as_reader = async |scope: &str, header: Option<(&str, String)>| {
        let mut request = server
            .http
            .get(server.url(path))
            .bearer_auth(server.token(scope));
        if let Some((name, value)) = header {
            request = request.header(name, value);
        }
        request.send().await.unwrap()
    };
    eventually("a date", || async {
        let answer = as_reader("mcp:read", None).await;
        header(&answer, "last-modified").is_some()
    })
    .await;
    let open = as_reader("mcp:read", None).await;
    let date = header(&open, "last-modified").unwrap().to_owned();
    let tag = header(&open, "etag").unwrap().to_owned();
    let exec = "mcp:read mcp:exec";
    let whole = as_reader(exec, None).await;
    assert_eq!(header(&whole, "last-modified"), None);
    assert_ne!(header(&whole, "etag"), Some(tag.as_str()));
    // A private note that is edited is no change to who does not see it.
    let hidden = "---\nvisibility: private\n---\nhidden, edited";
    server.write("private.md", hidden);
    eventually("the edit", || async {
        let answer = as_reader(exec, None).await;
        header(&answer, "etag") != header(&whole, "etag")
    })
    .await;
    let same = as_reader("mcp:read", Some(("if-modified-since", date.clone()))).await;
    assert_eq!(same.status(), 304);
    for validator in [("if-modified-since", date), ("if-none-match", tag)] {
        let answer = as_reader(exec, Some(validator)).await;
        assert_eq!(answer.status(), 200);
        assert!(answer.text().await.unwrap().contains("private.md"));
    }
}

#[tokio::test]
async fn head_is_get_without_its_body_everywhere() {
    let server = Server::start();
    let document = server.json("/api/openapi.json").await;
    let documented = document["paths"].as_object().unwrap().keys();
    let paths = documented
        .filter(|path| !path.starts_with("/api/history"))
        .map(|path| match path.as_str() {
            "/api/search" => "/api/search?q=a".to_owned(),
            "/api/graph" => "/api/graph?id=tsk-1".to_owned(),
            "/api/graph/path" => "/api/graph/path?from=tsk-1&to=tsk-2".to_owned(),
            path => path.replace("{id}", "tsk-1").replace("{path}", "broken.md"),
        })
        .chain(["/api/docs", "/api/docs/docs.js", "/api/nowhere"].map(str::to_owned));
    for path in paths {
        let asked = async |method: Method| {
            let request = server
                .http
                .request(method, server.url(&path))
                .bearer_auth(server.token("mcp:read"))
                .header("accept-encoding", "br");
            request.send().await.unwrap()
        };
        let (head, get) = (asked(Method::HEAD).await, asked(Method::GET).await);
        assert_eq!(head.status(), get.status(), "{path}");
        for name in [
            "etag",
            "last-modified",
            "content-type",
            "content-encoding",
            "vary",
        ] {
            assert_eq!(
                head.headers().get(name),
                get.headers().get(name),
                "{path} {name}"
            );
        }
        assert!(head.bytes().await.unwrap().is_empty(), "{path}");
    }
}

#[tokio::test]
async fn what_the_client_does_not_take_is_not_sent() {
    let server = Server::start();
    for (path, accepted, status) in [
        ("/api/entities", "text/html", 406),
        ("/api/entities", "text/html, */*;q=0.1", 200),
        ("/api/entities", "application/json;q=0, */*", 406),
        ("/api/vault/scan", "application/json", 200),
        ("/api/export?format=csv", "text/csv", 200),
        ("/api/changes/live", "application/json", 406),
        ("/api/changes/live", "text/event-stream", 200),
    ] {
        let answer = asked(&server, path, &[("accept", accepted)]).await;
        assert_eq!(answer.status(), status, "{path} {accepted}");
        if status == 406 {
            let body: Value = answer.json().await.unwrap();
            assert_eq!(body["error"], "not_acceptable", "{path}");
        }
    }
}

#[tokio::test]
async fn the_door_itself_refuses_with_problems_and_keeps_its_challenge() {
    let server = Server::start();
    let http = Client::new();
    let bare = http.get(server.url("/api/stats")).send().await.unwrap();
    assert_eq!(bare.status(), 401);
    assert!(
        header(&bare, "www-authenticate")
            .unwrap()
            .starts_with("Bearer ")
    );
    assert_eq!(
        header(&bare, "content-type"),
        Some("application/problem+json")
    );
    let body: Value = bare.json().await.unwrap();
    assert_eq!(
        (&body["status"], &body["error"]),
        (&401.into(), &"unauthorized".into())
    );
    let narrow = http
        .get(server.url("/api/stats"))
        .bearer_auth(server.token("kpi:read"));
    let narrow = narrow.send().await.unwrap();
    assert_eq!(narrow.status(), 403);
    let body: Value = narrow.json().await.unwrap();
    assert_eq!(body["scope"], "mcp:read");
    for method in [Method::POST, Method::PUT, Method::DELETE, Method::PATCH] {
        let request = http
            .request(method.clone(), server.url("/api/entities"))
            .bearer_auth(server.token("mcp:read"))
            .body("x".repeat(100_000));
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 405, "{method}");
        assert_eq!(header(&answer, "allow"), Some("GET, HEAD"), "{method}");
        let body: Value = answer.json().await.unwrap();
        assert_eq!(body["error"], "method_not_allowed", "{method}");
    }
}
