//! `grant_type=client_credentials` over HTTP: a client for itself.

use loop_oauth::{
    client::{Client, ClientId, GrantType},
    client_admin::{self, Changes},
    grant::RevokeReason,
    register::{self, ByOperator},
    store::Clients as _,
};
use loop_shared::auth::{revocation::RevocationClaims, scope::Scopes};

use super::*;

/// A client of the operator with its secret.
async fn machine(server: &Server, grants: &[&str], scope: &str) -> (String, String) {
    let metadata = json!({
        "client_name": "Job", "grant_types": grants, "redirect_uris": [REDIRECT],
    });
    let decided = ByOperator {
        scope: Some(Scopes::parse(scope).unwrap()),
        pkce: None,
    };
    let added = register::add_by_operator(&server.app.cx(), metadata, decided).await;
    let added = added.unwrap();
    (added.client.id.0, added.secret.unwrap().expose().to_owned())
}

async fn ask(server: &Server, who: (&str, &str), more: &[(&str, &str)]) -> (u16, Value) {
    let mut form = vec![
        ("grant_type", "client_credentials"),
        ("client_id", who.0),
        ("client_secret", who.1),
    ];
    form.extend(more);
    form.retain(|(_, value)| !value.is_empty());
    server.token(&form).await
}

async fn introspect(server: &Server, who: (&str, &str), token: &str) -> Value {
    let sent = server.http.post(server.at("/introspect"));
    let sent = sent
        .basic_auth(who.0, Some(who.1))
        .form(&[("token", token)]);
    sent.send().await.unwrap().json().await.unwrap()
}

async fn listed(server: &Server) -> Vec<String> {
    server.clock.advance(1);
    let answer = server
        .http
        .get(server.at("/oauth/revocations"))
        .send()
        .await
        .unwrap();
    let read: RevocationClaims =
        serde_json::from_value(claims(&answer.text().await.unwrap())).unwrap();
    read.sids.into_iter().map(|sid| sid.0).collect()
}

#[actix_web::test]
async fn a_client_gets_a_token_for_itself_and_nothing_to_refresh() {
    let server = Server::start().await;
    let (id, secret) = machine(&server, &["client_credentials"], "mcp:read kpi:read").await;
    let who = (&*id, &*secret);
    let (status, tokens) = ask(&server, who, &[("scope", "mcp:read")]).await;
    assert_eq!(status, 200, "{tokens}");
    assert_eq!(text(&tokens, "scope"), "mcp:read");
    assert!(tokens.get("refresh_token").is_none());
    let token = text(&tokens, "access_token");
    let said = claims(token);
    assert_eq!((text(&said, "sub"), text(&said, "client_id")), (&*id, &*id));
    assert_eq!(text(&said, "aud"), format!("{}/mcp", server.url));
    assert!(said.get("roles").is_none(), "{said}");
    let exec = format!("{}/exec/mcp", server.url);
    let (_, there) = ask(&server, who, &[("resource", &exec)]).await;
    assert_eq!(text(&there, "scope"), "kpi:read");

    let found = introspect(&server, who, token).await;
    assert_eq!(found["active"], true, "{found}");
    assert_eq!(
        (text(&found, "sub"), text(&found, "client_id")),
        (&*id, &*id)
    );
    assert_eq!(found["sid"], said["sid"]);
}

#[actix_web::test]
async fn nobody_else_gets_a_token_without_a_person() {
    let server = Server::start().await;
    let (id, secret) = machine(&server, &["client_credentials"], "mcp:read").await;
    let (web, web_secret) = machine(&server, &["authorization_code"], "mcp:read").await;
    let public = server.client().await;
    for (who, more, expected) in [
        ((&*id, "wrong"), &[][..], (401, "invalid_client")),
        ((&*id, ""), &[], (401, "invalid_client")),
        ((&*public, ""), &[], (400, "unauthorized_client")),
        ((&*web, &*web_secret), &[], (400, "unauthorized_client")),
        (
            (&*id, &*secret),
            &[("scope", "mcp:exec")],
            (400, "invalid_scope"),
        ),
        (
            (&*id, &*secret),
            &[("resource", "https://x.example")],
            (400, "invalid_target"),
        ),
        (
            (&*id, &*secret),
            &[("scope", "a"), ("scope", "b")],
            (400, "invalid_request"),
        ),
    ] {
        let (status, body) = ask(&server, who, more).await;
        assert_eq!((status, text(&body, "error")), expected, "{who:?} {more:?}");
    }
}

#[actix_web::test]
async fn a_client_that_registered_itself_cannot_give_itself_the_grant_but_an_operator_can() {
    let server = Server::start().await;
    let body = json!({
        "redirect_uris": [REDIRECT],
        "grant_types": ["authorization_code", "client_credentials"],
        "scope": "mcp:read",
    });
    let answer = server
        .http
        .post(server.at("/register"))
        .json(&body)
        .send()
        .await
        .unwrap();
    let client: Value = answer.json().await.unwrap();
    assert_eq!(client["grant_types"], json!(["authorization_code"]));
    let who = (text(&client, "client_id"), text(&client, "client_secret"));
    let (_, refused) = ask(&server, who, &[]).await;
    assert_eq!(text(&refused, "error"), "unauthorized_client");
    let only = json!({"grant_types": ["client_credentials"]});
    let answer = server
        .http
        .post(server.at("/register"))
        .json(&only)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 400);

    let allowed = Changes {
        grant_types: Some(vec![
            GrantType::AuthorizationCode,
            GrantType::ClientCredentials,
        ]),
        scope: Some(Some(Scopes::parse("mcp:read").unwrap())),
        ..Changes::default()
    };
    let id = ClientId(who.0.to_owned());
    client_admin::change(&server.app.cx(), &id, allowed)
        .await
        .unwrap();
    let (status, tokens) = ask(&server, who, &[]).await;
    assert_eq!(status, 200, "{tokens}");
}

#[actix_web::test]
async fn removing_or_revoking_the_client_lists_its_tokens_within_a_second() {
    for way in ["revoke", "remove", "token"] {
        let server = Server::start().await;
        let (id, secret) = machine(&server, &["client_credentials"], "mcp:read").await;
        let who = (&*id, &*secret);
        let (_, tokens) = ask(&server, who, &[]).await;
        let token = text(&tokens, "access_token");
        let sid = text(&claims(token), "sid").to_owned();
        assert!(listed(&server).await.is_empty());
        let (cx, own) = (server.app.cx(), ClientId(id.clone()));
        match way {
            "revoke" => assert_eq!(user_admin::revoke_client(&cx, &own).await.unwrap(), 1),
            "remove" => {
                let ended = client_admin::remove(&cx, &own, RevokeReason::ByOperator).await;
                assert_eq!(ended.unwrap(), 1);
            }
            _ => {
                let sent = server.http.post(server.at("/revoke"));
                let sent = sent
                    .basic_auth(&id, Some(&secret))
                    .form(&[("token", token)]);
                assert_eq!(sent.send().await.unwrap().status(), 200);
            }
        }
        assert_eq!(listed(&server).await, [sid], "{way}");
        let found: Option<Client> = server.store.client(&own).await.unwrap();
        assert_eq!(found.is_none(), way == "remove");
        if way == "remove" {
            assert_eq!(ask(&server, who, &[]).await.0, 401);
        } else {
            assert_eq!(
                introspect(&server, who, token).await,
                json!({"active": false})
            );
            assert_eq!(ask(&server, who, &[]).await.0, 200, "it may ask again");
        }
    }
}
