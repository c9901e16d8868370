//! Interactive views (MCP Apps), for clients that announce them and for nobody else.

use loop_shared::mcp::{VIEW_MIME_TYPE, VIEWS_EXTENSION};
use serde_json::{Value, json};

use crate::harness::Server;

const VIEWS: [(&str, &str); 2] = [
    ("runway", "ui://loop-exec/runway"),
    ("kpi_get", "ui://loop-exec/kpi"),
];

/// A client of one era, with or without views.
struct Client<'a> {
    server: &'a Server,
    token: String,
    modern: bool,
    views: bool,
    session: Option<String>,
}

impl<'a> Client<'a> {
    async fn connect(server: &'a Server, scope: &str, modern: bool, views: bool) -> Self {
        let token = server.token(scope, "exec");
        let mut client = Self {
            server,
            token,
            modern,
            views,
            session: None,
        };
        let answer = if modern {
            client.ask("server/discover", json!({})).await
        } else {
            let hello = json!({
                "protocolVersion": "2025-11-25", "capabilities": client.capabilities(),
                "clientInfo": { "name": "test", "version": "1" },
            });
            client.ask("initialize", hello).await
        };
        let told = &answer["result"]["capabilities"];
        assert_eq!(told["resources"].is_object(), views, "{answer}");
        assert_eq!(
            told["extensions"][VIEWS_EXTENSION].is_object(),
            views,
            "{answer}"
        );
        client
    }

    fn capabilities(&self) -> Value {
        if self.views {
            json!({ "extensions": { VIEWS_EXTENSION: { "mimeTypes": [VIEW_MIME_TYPE] } } })
        } else {
            json!({})
        }
    }

    async fn ask(&mut self, method: &str, mut params: Value) -> Value {
        let version = if self.modern {
            "2026-07-28"
        } else {
            "2025-11-25"
        };
        if self.modern {
            params["_meta"] = json!({
                "io.modelcontextprotocol/protocolVersion": version,
                "io.modelcontextprotocol/clientInfo": { "name": "test", "version": "1" },
                "io.modelcontextprotocol/clientCapabilities": self.capabilities(),
            });
        }
        let name = params["name"]
            .as_str()
            .or(params["uri"].as_str())
            .map(str::to_owned);
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        let mut request = self
            .server
            .http
            .post(self.server.url("/exec/mcp"))
            .bearer_auth(&self.token);
        request = request
            .header("Accept", "application/json, text/event-stream")
            .header("MCP-Protocol-Version", version);
        if self.modern {
            request = request.header("Mcp-Method", method);
            if let Some(name) = name {
                request = request.header("Mcp-Name", name);
            }
        }
        if let Some(session) = &self.session {
            request = request.header("Mcp-Session-Id", session);
        }
        let answer = request.json(&body).send().await.unwrap();
        if let Some(id) = answer.headers().get("mcp-session-id") {
            assert_eq!(method, "initialize");
            self.session = Some(id.to_str().unwrap().to_owned());
        }
        answer.json().await.unwrap()
    }

    async fn call(&mut self, tool: &str, arguments: Value) -> Value {
        let called = json!({ "name": tool, "arguments": arguments });
        self.ask("tools/call", called).await["result"].take()
    }
}

#[tokio::test]
async fn a_client_that_announces_views_is_given_them_in_both_eras() {
    let server = Server::start();
    for modern in [false, true] {
        let mut client = Client::connect(&server, "mcp:exec kpi:read", modern, true).await;
        assert_eq!(client.session.is_some(), !modern);
        let listed = client.ask("tools/list", json!({})).await;
        for tool in listed["result"]["tools"].as_array().unwrap() {
            let view = VIEWS.iter().find(|(name, _)| tool["name"] == *name);
            let uri = view.map_or(Value::Null, |(_, uri)| json!(uri));
            assert_eq!(tool["_meta"]["ui"]["resourceUri"], uri, "{tool}");
        }
        let resources = client.ask("resources/list", json!({})).await;
        let uris: Vec<_> = resources["result"]["resources"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["uri"].clone())
            .collect();
        assert_eq!(uris, VIEWS.map(|(_, uri)| json!(uri)));
        for (_, uri) in VIEWS {
            let read = client.ask("resources/read", json!({ "uri": uri })).await;
            let contents = &read["result"]["contents"][0];
            assert_eq!(
                (&contents["uri"], &contents["mimeType"]),
                (&json!(uri), &json!(VIEW_MIME_TYPE)),
                "{read}"
            );
            assert!(
                contents["text"]
                    .as_str()
                    .unwrap()
                    .starts_with("<!doctype html>")
            );
            assert_eq!(contents["_meta"]["ui"]["csp"]["connectDomains"], json!([]));
        }
    }
}

#[tokio::test]
async fn an_answer_carries_what_its_view_shows_in_both_languages() {
    let server = Server::start();
    for modern in [false, true] {
        let mut client = Client::connect(&server, "mcp:exec kpi:read", modern, true).await;
        let answer = client
            .call(
                "runway",
                json!({ "as_of": "2026-11-21", "hires": 3, "hire_cost": "8000000" }),
            )
            .await;
        for (lang, word) in [("en", "Months left"), ("ko", "남은 달")] {
            let html = answer["_meta"]["loop.exec/view"][lang].as_str().unwrap();
            for part in [word, "<svg ", "7.2", "6.4", "<table>"] {
                assert!(html.contains(part), "{lang}: {part}: {html}");
            }
            assert!(
                !html.contains("href=") && !html.contains("<script"),
                "{html}"
            );
        }
        let kpi = client.call("kpi_get", json!({ "name": "mrr" })).await;
        let html = &kpi["_meta"]["loop.exec/view"];
        assert!(
            html["ko"]
                .as_str()
                .unwrap()
                .contains("연결되어 있지 않습니다"),
            "{html}"
        );
        assert!(
            html["en"].as_str().unwrap().contains("is not configured"),
            "{html}"
        );
        let people = client.call("people", json!({})).await;
        assert!(
            people["_meta"].get("loop.exec/view").is_none(),
            "it has no view"
        );
    }
}

#[tokio::test]
async fn a_client_that_does_not_announce_views_sees_nothing_of_them() {
    let server = Server::start();
    for modern in [false, true] {
        let mut client = Client::connect(&server, "mcp:exec kpi:read", modern, false).await;
        assert!(client.session.is_none());
        let listed = client.ask("tools/list", json!({})).await;
        assert!(!listed.to_string().contains("ui://"), "{listed}");
        let resources = client.ask("resources/list", json!({})).await;
        assert_eq!(resources["result"]["resources"], json!([]));
        let plain = client
            .call("runway", json!({ "as_of": "2026-11-21" }))
            .await;
        assert!(plain["_meta"].get("loop.exec/view").is_none());
        let mut other = Client::connect(&server, "mcp:exec", modern, true).await;
        let with_view = other.call("runway", json!({ "as_of": "2026-11-21" })).await;
        assert_eq!(
            plain["content"], with_view["content"],
            "the answer itself is the same"
        );
        assert_eq!(plain["structuredContent"], with_view["structuredContent"]);
    }
}

#[tokio::test]
async fn a_session_id_of_somebodys_own_opens_nothing() {
    let server = Server::start();
    let mut client = Client::connect(&server, "kpi:read", false, false).await;
    client.session = Some("views-forged".to_owned());
    let resources = client.ask("resources/list", json!({})).await;
    let uris = resources["result"]["resources"].to_string();
    assert!(
        uris.contains("ui://loop-exec/kpi") && !uris.contains("runway"),
        "{uris}"
    );
    let refused = client
        .ask("resources/read", json!({ "uri": "ui://loop-exec/runway" }))
        .await;
    assert!(
        refused["error"]["message"]
            .as_str()
            .unwrap()
            .contains("mcp:exec"),
        "{refused}"
    );
    let nothing = client
        .ask("resources/read", json!({ "uri": "ui://loop-exec/../etc" }))
        .await;
    assert!(
        nothing["error"]["message"]
            .as_str()
            .unwrap()
            .contains("ui://loop-exec/kpi"),
        "{nothing}"
    );
    let call = json!({ "name": "runway", "arguments": {} });
    let request = server
        .http
        .post(server.url("/exec/mcp"))
        .bearer_auth(&client.token);
    let request = request
        .header("Mcp-Session-Id", "views-forged")
        .header("Accept", "application/json, text/event-stream");
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call });
    assert_eq!(request.json(&body).send().await.unwrap().status(), 403);
}
