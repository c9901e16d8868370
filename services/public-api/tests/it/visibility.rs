//! What is private is not there, at any door: every answer over a vault with private notes is the answer over the
//! same vault without these files.

use std::collections::BTreeSet;

use loop_shared::service::{Clock, SystemClock};
use loop_testkit::TokenSpec;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};

use crate::harness::{RESOURCE, Server, write};
use crate::visibility_vault::{Kind, Planted, vault};

/// Addresses at every route, for one planted note.
#[expect(clippy::too_many_lines, reason = "a table")]
fn asked(route: &str, note: &Planted) -> Vec<String> {
    let word =
        |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let (id, path, stem) = (word(&note.id), word(&note.path), word(note.stem()));
    let own = word(&note.word);
    let with = |queries: &[String]| {
        let addresses = queries.iter().map(|query| format!("{route}?{query}"));
        addresses.collect::<Vec<_>>()
    };
    match route {
        "/api/entities/{id}" => [
            &id,
            &stem,
            &word(&note.alias),
            &id[..id.len() - 1].to_owned(),
        ]
        .map(|name| format!("/api/entities/{name}"))
        .into(),
        "/api/notes/{path}" => vec![
            format!("/api/notes/{}", note.path),
            format!("/api/notes/{}", note.path.trim_end_matches(".md")),
            format!("/api/notes/{}", note.path.to_uppercase()),
            format!("/api/notes/{stem}"),
        ],
        "/api/search" => with(&[
            format!("q={own}"),
            format!("q={id}"),
            format!("q={own}~"),
            format!("q=path:{path}"),
            format!("q=tag:{own}"),
            format!("q=-{own} task&limit=5"),
            format!("q=%22{own} {own}%22"),
            "q=공통&limit=3".to_owned(),
            "q=task status:doing".to_owned(),
        ]),
        "/api/entities" => with(&[
            String::new(),
            format!("q={own}"),
            format!("tag={own}"),
            format!("project={id}"),
            format!("assignee={own}"),
            "status=doing&sort=id&limit=2".to_owned(),
            "type=Task&sort=-due".to_owned(),
        ]),
        "/api/query" => with(&[
            String::new(),
            format!("q=id = {id}"),
            format!("q=path contains \"{own}\" or title contains \"{own}\""),
            "q=group by status".to_owned(),
            "q=group by visibility".to_owned(),
            "q=group by assignee".to_owned(),
            "q=tags contains shared sort by due desc&limit=4".to_owned(),
            "q=visibility exists".to_owned(),
        ]),
        "/api/lint" => with(&[
            String::new(),
            "code=dangling-link,dangling-relation,duplicate-id".to_owned(),
            "level=error&limit=2".to_owned(),
        ]),
        "/api/graph" => with(&[
            format!("id={id}&depth=3"),
            format!("id={stem}&relation=link&direction=in"),
            format!("id={path}&depth=2&limit=3"),
            "id=tsk-00&depth=6".to_owned(),
        ]),
        "/api/graph/path" => with(&[
            format!("from={id}&to=tsk-00"),
            format!("from=tsk-05&to={path}"),
            "from=tsk-00&to=tsk-30&limit=20".to_owned(),
        ]),
        "/api/changes" => with(&[
            String::new(),
            "since=now".to_owned(),
            "since=2020-01-01".to_owned(),
        ]),
        // A stream has no end to compare; what is told in it is told in `/api/changes`, from the same feed.
        "/api/changes/live" => with(&["since=x".to_owned()]),
        "/api/export" => with(&[
            String::new(),
            "format=csv".to_owned(),
            format!("format=csv&columns=assignee,{own},visibility&q=title contains \"{own}\""),
        ]),
        "/api/history" => with(&["from=2026-01-01&to=2026-01-02".to_owned()]),
        "/api/history/{path}" => vec![format!("/api/history/{}", note.path)],
        "/api/projects/{id}" => [&id, &stem]
            .map(|name| format!("/api/projects/{name}?limit=5"))
            .into(),
        "/api/stats" | "/api/status" | "/api/vault/scan" => vec![route.to_owned()],
        _ => Vec::new(),
    }
}

/// Arguments of every tool, for one planted note.
fn called(tool: &str, note: &Planted) -> Vec<Value> {
    let (id, path, own) = (&note.id, &note.path, &note.word);
    match tool {
        "search" => [own.as_str(), id, "공통", path]
            .map(|query| json!({ "query": query }))
            .into(),
        "fetch" => [path.as_str(), id, note.stem(), &note.alias]
            .map(|id| json!({ "id": id }))
            .into(),
        "get_entity" => [id.as_str(), &note.alias, note.stem(), own]
            .map(|id| json!({ "id": id }))
            .into(),
        "query_entities" => vec![
            json!({}),
            json!({ "tag": own }),
            json!({ "project": id }),
            json!({ "q": own }),
        ],
        "graph" => vec![
            json!({ "id": id, "depth": 2 }),
            json!({ "id": path }),
            json!({ "id": "tsk-00", "to": id }),
        ],
        "project_overview" => vec![json!({ "id": id }), json!({ "id": note.stem() })],
        "lint" => vec![json!({}), json!({ "limit": 100, "level": "warning" })],
        "recent_changes" => vec![json!({}), json!({ "limit": 50 })],
        "vault_info" => vec![json!({})],
        _ => Vec::new(),
    }
}

/// The same without what is only time.
fn timeless(mut value: Value) -> Value {
    fn walk(value: &mut Value) {
        match value {
            Value::Object(map) => {
                for time in ["load_ms", "ago_ms", "took_ms", "cursor", "kept_since"] {
                    map.remove(time);
                }
                map.values_mut().for_each(walk);
            }
            Value::Array(items) => items.iter_mut().for_each(walk),
            // A tool's answer stands in a text once more.
            Value::String(text) if text.starts_with('{') => {
                if let Ok(json) = serde_json::from_str(text) {
                    *text = timeless(json).to_string();
                }
            }
            _ => {}
        }
    }
    walk(&mut value);
    value
}

/// Headers that the vault decides. `Last-Modified` is since when this process saw it so; `doors` looks at that.
fn told(headers: &HeaderMap) -> Vec<String> {
    ["etag", "content-type", "cache-control", "vary"]
        .map(|name| format!("{:?}", headers.get(name)))
        .into()
}

async fn answer(server: &Server, address: &str) -> (u16, Vec<String>, String) {
    let answer = server.get(address).send().await.unwrap();
    let (status, headers) = (answer.status().as_u16(), told(answer.headers()));
    let text = answer.text().await.unwrap();
    let text = match serde_json::from_str(&text) {
        Ok(json) => timeless(json).to_string(),
        Err(_) => text,
    };
    (status, headers, text)
}

fn settings(cli: &mut public_api::Cli) {
    cli.vault_private = Some("/hr/,*.secret.md".to_owned());
    cli.vault_ignore = Some("/ignored/".to_owned());
}

/// The vault with everything, and the one without what is private or ignored.
fn twins(planted: &[Planted]) -> (Server, Server) {
    let over = |keep: fn(Kind) -> bool| {
        let fill = |folder: &std::path::Path| {
            for note in planted.iter().filter(|note| keep(note.kind)) {
                write(folder, &note.path, &note.text);
            }
        };
        Server::with(fill, settings)
    };
    (over(|_| true), over(|kind| kind == Kind::Open))
}

#[tokio::test]
async fn every_route_answers_as_if_the_private_files_were_not_there() {
    for seed in 1..=2 {
        let planted = vault(seed);
        let (with, without) = twins(&planted);
        let described: Value = with.json("/api/openapi.json").await;
        let routes: BTreeSet<&String> = described["paths"]
            .as_object()
            .unwrap()
            .iter()
            .filter(|(_, item)| item["get"]["security"] != json!([]))
            .map(|(route, _)| route)
            .collect();
        assert!(routes.len() >= 8, "{routes:?}");
        let mut asked_before = BTreeSet::new();
        for note in &planted {
            for route in &routes {
                let addresses = asked(route, note);
                assert!(
                    !addresses.is_empty(),
                    "{route} is not in the table of this test"
                );
                for address in addresses {
                    if !asked_before.insert(address.clone()) {
                        continue;
                    }
                    let (one, other) = (
                        answer(&with, &address).await,
                        answer(&without, &address).await,
                    );
                    assert_eq!(one, other, "seed {seed}: {address}");
                }
            }
        }
        assert!(asked_before.len() > 300);
    }
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "every door once")]
async fn every_tool_resource_and_completion_answers_as_if_the_private_files_were_not_there() {
    let planted = vault(7);
    let (with, without) = twins(&planted);
    let same = async |method: &str, params: Value| {
        let one = timeless(with.legacy(method, params.clone()).await);
        let other = timeless(without.legacy(method, params.clone()).await);
        assert_eq!(one, other, "{method} {params}");
        one
    };
    let listed = same("tools/list", json!({})).await;
    let tools = listed["result"]["tools"].as_array().unwrap();
    let listed = same("resources/templates/list", json!({})).await;
    let templates = listed["result"]["resourceTemplates"].as_array().unwrap();
    let listed = same("prompts/list", json!({})).await;
    let prompts = listed["result"]["prompts"].as_array().unwrap();
    same("resources/list", json!({})).await;
    for note in &planted {
        for tool in tools {
            let name = tool["name"].as_str().unwrap();
            let calls = called(name, note);
            assert!(!calls.is_empty(), "{name} is not in the table of this test");
            for arguments in calls {
                same(
                    "tools/call",
                    json!({ "name": name, "arguments": arguments }),
                )
                .await;
            }
        }
        for uri in [
            format!("vault://note/{}", note.path),
            format!("vault://entity/{}", note.id),
        ] {
            same("resources/read", json!({ "uri": uri })).await;
        }
        for template in templates {
            let uri = &template["uriTemplate"];
            let name = if uri == "vault://entity/{id}" {
                "id"
            } else {
                "path"
            };
            for typed in ["", &note.word, &note.id] {
                let params = json!({
                    "ref": { "type": "ref/resource", "uri": uri },
                    "argument": { "name": name, "value": typed },
                });
                same("completion/complete", params).await;
            }
        }
    }
    for prompt in prompts {
        for argument in prompt["arguments"].as_array().unwrap() {
            for typed in ["", "t", "가"] {
                let params = json!({
                    "ref": { "type": "ref/prompt", "name": prompt["name"] },
                    "argument": { "name": argument["name"], "value": typed },
                });
                same("completion/complete", params).await;
            }
        }
    }
}

#[tokio::test]
async fn a_hidden_note_leaves_no_trace_in_what_is_said_of_it() {
    let secret = "---\nentity_type: Task\nentity_id: tsk-secret\nvisibility: private\n---\n비밀\n";
    let server = Server::over(|folder| {
        write(folder, "open.md", "[[secret]]");
        write(folder, "secret.md", secret);
    });
    for (hidden, absent) in [
        ("/api/notes/secret.md", "/api/notes/absent.md"),
        ("/api/entities/tsk-secret", "/api/entities/tsk-absent"),
    ] {
        let (one, other) = (answer(&server, hidden).await, answer(&server, absent).await);
        let (one_text, other_text) = (one.2.replace("secret", "x"), other.2.replace("absent", "x"));
        assert_eq!(
            (one.0, &one.1, one_text),
            (404, &other.1, other_text),
            "{hidden}"
        );
    }
}

#[tokio::test]
async fn who_is_named_sees_private_notes_at_every_door_and_who_is_not_does_not() {
    let server = Server::with(
        |folder| write(folder, "secret.md", "---\nvisibility: private\n---\n비밀\n"),
        |cli| cli.vault_private_readers = Some("role:exec".to_owned()),
    );
    let issuer = &server.issuer;
    let spec = || issuer.token(RESOURCE, SystemClock.now());
    let signed = |spec: TokenSpec| spec.sign(issuer.signing_key());
    let machine = spec()
        .claim("roles", json!(["exec"]))
        .claim("sub", json!("robot"));
    for (who, token, expected) in [
        ("exec", signed(spec().claim("roles", json!(["exec"]))), 1),
        (
            "member",
            signed(spec().claim("roles", json!(["member"]))),
            0,
        ),
        ("nobody", signed(spec()), 0),
        (
            "a machine",
            signed(machine.claim("client_id", json!("robot"))),
            0,
        ),
    ] {
        let found = server
            .http
            .get(server.url("/api/search?q=비밀"))
            .bearer_auth(&token);
        let found: Value = found.send().await.unwrap().json().await.unwrap();
        assert_eq!(found["total"], expected, "{who}");
        let call = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call",
            "params": { "name": "search", "arguments": { "query": "비밀" } } });
        let found = server
            .http
            .post(server.url("/mcp"))
            .bearer_auth(&token)
            .json(&call);
        let found = found
            .header("Accept", "application/json, text/event-stream")
            .header("MCP-Protocol-Version", "2025-11-25");
        let found: Value = found.send().await.unwrap().json().await.unwrap();
        let results = &found["result"]["structuredContent"]["results"];
        assert_eq!(results.as_array().unwrap().len(), expected, "{who}");
    }
}
