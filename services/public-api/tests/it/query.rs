//! Typed queries over REST.

use serde_json::json;

use crate::harness::{Server, write};

#[actix_web::test]
async fn one_line_and_json_ask_the_same_and_mistakes_are_said_with_their_place() {
    let server = Server::over(|vault| {
        for (id, status, due) in [
            ("a", "doing", "2020-01-01"),
            ("b", "done", "2020-01-02"),
            ("c", "todo", "2999-01-01"),
        ] {
            let text = format!(
                "---\nentity_type: Task\nentity_id: {id}\nstatus: {status}\ndue: {due}\n---\n"
            );
            write(vault, &format!("{id}.md"), &text);
        }
    });
    let ask = async |name: &str, value: &str| {
        let request = server.get("/api/query").query(&[(name, value)]);
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        (status, answer.json::<serde_json::Value>().await.unwrap())
    };
    let (_, line) = ask("q", "due < today and status != done").await;
    assert_eq!(
        (
            &line["total"],
            &line["results"][0]["id"],
            &line["results"][0]["fields"]["due"]
        ),
        (&json!(1), &json!("a"), &json!("2020-01-01"))
    );
    let condition = json!({ "where": { "and": [
        { "field": "due", "op": "<", "value": "today" },
        { "not": { "field": "status", "op": "=", "value": "done" } },
    ] } });
    assert_eq!(
        ask("query", &condition.to_string()).await.1["results"][0]["id"],
        "a"
    );
    let (_, groups) = ask("q", "group by status").await;
    assert_eq!(
        (&groups["total"], groups["groups"].as_array().unwrap().len()),
        (&json!(3), 3)
    );
    let (status, wrong) = ask("q", "due <").await;
    assert_eq!(status, 400);
    assert!(
        wrong
            .to_string()
            .contains("at character 6: expected a value"),
        "{wrong}"
    );
    assert_eq!(ask("query", "{\"were\": 1}").await.0, 400);
}
