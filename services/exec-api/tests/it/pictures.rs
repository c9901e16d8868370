//! Pictures beside a tool's numbers.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::harness::Server;

fn images(result: &Value) -> Vec<Vec<u8>> {
    let content = result["content"].as_array().unwrap();
    let images = content.iter().filter(|block| block["type"] == "image");
    let read = images.map(|image| {
        assert_eq!(image["mimeType"], "image/png");
        assert_eq!(image["annotations"]["audience"], json!(["user"]));
        STANDARD.decode(image["data"].as_str().unwrap()).unwrap()
    });
    read.collect()
}

#[tokio::test]
async fn a_picture_comes_when_it_is_asked_for_and_the_numbers_stay_the_same() {
    let server = Server::start();
    let token = server.token("mcp:exec", "exec");
    for (tool, most) in [("runway", 1), ("cashflow", 3), ("people", 1)] {
        let plain = server
            .tool(tool, json!({ "as_of": "2026-11-21" }), &token)
            .await;
        assert!(images(&plain).is_empty(), "{tool}");
        for chart in ["en", "ko"] {
            let asked = json!({ "as_of": "2026-11-21", "chart": chart });
            let drawn = server.tool(tool, asked, &token).await;
            assert_eq!(
                drawn["structuredContent"], plain["structuredContent"],
                "{tool}"
            );
            assert_eq!(drawn["content"][0], plain["content"][0], "{tool}");
            let images = images(&drawn);
            assert!(
                (1..=most).contains(&images.len()),
                "{tool}: {}",
                images.len()
            );
            for (at, png) in images.iter().enumerate() {
                assert!(
                    png.starts_with(b"\x89PNG") && png.len() < 64 * 1024,
                    "{tool}: {}",
                    png.len()
                );
                if let Ok(folder) = std::env::var("LOOP_SCREENSHOTS") {
                    std::fs::write(format!("{folder}/picture-{tool}-{chart}-{at}.png"), png)
                        .unwrap();
                }
            }
        }
        let none = json!({ "as_of": "2026-11-21", "chart": "none" });
        assert!(
            images(&server.tool(tool, none, &token).await).is_empty(),
            "{tool}"
        );
    }
}

#[tokio::test]
async fn what_cannot_be_drawn_is_said_and_what_is_no_language_is_refused() {
    let server = Server::start();
    let token = server.token("mcp:exec kpi:read", "exec");
    // Nothing is connected, so there is no course over time.
    let few = server
        .tool("kpi_get", json!({ "name": "mrr", "chart": "en" }), &token)
        .await;
    assert_eq!(few["isError"], false);
    assert!(images(&few).is_empty());
    assert!(
        few["content"][1]["text"]
            .as_str()
            .unwrap()
            .starts_with("No picture"),
        "{few}"
    );
    for wrong in [
        json!("fr"),
        json!(true),
        json!(7),
        json!(["en"]),
        json!("EN"),
    ] {
        let refused = server
            .tool("runway", json!({ "chart": wrong }), &token)
            .await;
        assert_eq!(refused["isError"], true, "{wrong}");
        assert!(
            refused["content"][0]["text"]
                .as_str()
                .unwrap()
                .contains("none, en, ko"),
            "{refused}"
        );
    }
    // A tool without charts does not know the argument.
    let refused = server
        .tool("kpi_list", json!({ "chart": "en" }), &token)
        .await;
    assert_eq!(refused["isError"], true);
    assert_eq!(
        server.get("/exec/runway?chart=en", &token).await.status(),
        400
    );
}

#[tokio::test]
async fn tools_say_that_they_draw() {
    let server = Server::start();
    for tool in server
        .tools(&server.token("mcp:exec kpi:read", "exec"))
        .await
    {
        let draws = tool["inputSchema"]["properties"].get("chart").is_some();
        let name = tool["name"].as_str().unwrap();
        let expected = ["runway", "cashflow", "people", "kpi_get"].contains(&name);
        assert_eq!(draws, expected, "{name}");
    }
}
