//! Bytes that no client would send: paths that lead out, in every spelling, and messages that are none.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::json;

use crate::harness::{Server, write};
use crate::odd_inputs::cases;

/// Spellings of ways out of the vault, as they stand in a request line.
const WAYS_OUT: [&str; 24] = [
    "../outside.md",
    "..%2Foutside.md",
    "%2e%2e/outside.md",
    "%2e%2e%2foutside.md",
    "%252e%252e%252foutside.md",
    ".%2e/outside.md",
    "a/../../outside.md",
    "a/..%2f..%2foutside.md",
    "..%5Coutside.md",
    "..%c0%afoutside.md",
    "%c0%ae%c0%ae/outside.md",
    "%uff0e%uff0e/outside.md",
    "%EF%BC%8E%EF%BC%8E/outside.md",
    "%EF%BC%8E%EF%BC%8E%EF%BC%8Foutside.md",
    "..%E2%88%95outside.md",
    "..%00/outside.md",
    "outside.md%00.md",
    "/outside.md",
    "//outside.md",
    "%2Foutside.md",
    "file:%2F%2F%2Foutside.md",
    "C:%5Coutside.md",
    "link.md",
    "folder/outside.md",
];

fn vault() -> Server {
    Server::over(|vault| {
        let outside = vault.parent().unwrap().join(format!(
            "{}-outside",
            vault.file_name().unwrap().to_string_lossy()
        ));
        std::fs::create_dir_all(&outside).unwrap();
        std::fs::write(outside.join("outside.md"), "TOP SECRET").unwrap();
        write(vault, "a/inside.md", "inside");
        std::os::unix::fs::symlink(outside.join("outside.md"), vault.join("link.md")).unwrap();
        std::os::unix::fs::symlink(&outside, vault.join("folder")).unwrap();
    })
}

/// Sends a request line as it is: clients would tidy it up.
fn raw(server: &Server, method: &str, target: &str, token: &str, body: &[u8]) -> String {
    let url = reqwest::Url::parse(&server.url("/")).unwrap();
    let mut stream = TcpStream::connect(url.socket_addrs(|| None).unwrap()[0]).unwrap();
    let head = format!(
        "{method} {target} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\
         Accept: application/json, text/event-stream\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(body).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

fn status(answer: &str) -> u16 {
    answer
        .split(' ')
        .nth(1)
        .and_then(|code| code.parse().ok())
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_spelling_of_a_path_leads_out_of_the_vault_at_any_door() {
    let server = vault();
    let token = server.token("mcp:read");
    for way in WAYS_OUT {
        for door in [
            "/api/notes/",
            "/api/history/",
            "/api/entities/",
            "/api/projects/",
            "/api/graph?id=",
            "/api/search?q=TOP&cursor=",
        ] {
            let answer = raw(&server, "GET", &format!("{door}{way}"), &token, b"");
            assert!(!answer.contains("SECRET"), "{door}{way}");
            assert!(
                (400..500).contains(&status(&answer)),
                "{door}{way}: {answer}"
            );
        }
        let written = percent_encoding::percent_decode_str(way).decode_utf8_lossy();
        for id in [way, &written] {
            for (tool, arguments) in [
                ("fetch", json!({ "id": id })),
                ("get_entity", json!({ "id": id })),
                ("graph", json!({ "id": id })),
            ] {
                let result = server.tool(tool, arguments).await;
                assert_eq!(result["isError"], true, "{tool} {id}: {result}");
            }
            for kind in ["note", "entity"] {
                let uri = format!("vault://{kind}/{id}");
                let answer = server.legacy("resources/read", json!({ "uri": uri })).await;
                assert!(answer["error"]["code"].is_i64(), "{uri}: {answer}");
            }
        }
    }
    let found = server.json("/api/search?q=SECRET").await;
    assert_eq!(found["total"], 0);
}

/// Messages whose members are not what they should be, and bytes that are no message.
fn messages() -> impl Strategy<Value = Vec<u8>> {
    let method = prop::sample::select(
        &[
            "tools/call",
            "resources/read",
            "resources/list",
            "resources/subscribe",
            "resources/unsubscribe",
            "completion/complete",
            "prompts/get",
            "initialize",
            "ping",
            "nothing/there",
        ][..],
    );
    let odd = prop_oneof![
        Just(json!(null)),
        Just(json!([])),
        any::<i64>().prop_map(|n| json!(n)),
        "\\PC{0,40}".prop_map(|text| json!(text)),
        "vault://(note|entity)/[a-z./%0-9A-F{}+-]{0,30}".prop_map(|text| json!(text)),
        Just(json!({ "a": { "b": [] } })),
    ];
    let member = prop::sample::select(
        &[
            "uri",
            "name",
            "arguments",
            "cursor",
            "ref",
            "argument",
            "_meta",
            "x",
        ][..],
    );
    let params = prop::collection::vec((member, odd), 0..4);
    let message = (method, params).prop_map(|(method, params)| {
        let params: serde_json::Map<_, _> = params
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect();
        json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params })
            .to_string()
            .into_bytes()
    });
    prop_oneof![
        3 => message,
        1 => prop::collection::vec(any::<u8>(), 0..200),
        1 => (1..3_000_usize).prop_map(|deep| "[".repeat(deep).into_bytes()),
    ]
}

#[test]
fn no_bytes_make_the_mcp_endpoint_fail() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let server = {
        let _inside = runtime.enter();
        vault()
    };
    let token = server.token("mcp:read");
    let body = messages();
    let config = Config {
        cases: cases(300),
        failure_persistence: None,
        ..Config::default()
    };
    TestRunner::new(config)
        .run(&body, |body| {
            let answer = raw(&server, "POST", "/mcp", &token, &body);
            let shown = String::from_utf8_lossy(&body);
            prop_assert!(status(&answer) < 500, "{}: {}", shown, answer);
            Ok(())
        })
        .unwrap();
}
