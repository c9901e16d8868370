//! `GET /oauth/revocations`: what it names, how it is signed, what it costs.

use loop_oauth::store::Users as _;
use loop_shared::auth::revocation::RevocationClaims;

use super::*;

/// A login's access and refresh token.
async fn log_in(server: &Server, client: &str, email: &str) -> Value {
    server.user(email, "admin").await;
    let code = server.code(&Browser::new(), client, email).await;
    server.exchange(client, &code).await.1
}

fn sid(tokens: &Value) -> String {
    text(&claims(text(tokens, "access_token")), "sid").to_owned()
}

async fn get(server: &Server, etag: &str) -> reqwest::Response {
    let request = server.http.get(server.at("/oauth/revocations"));
    let request = request.header("If-None-Match", etag);
    request.send().await.unwrap()
}

/// The list of a second later, its `ETag` and its document.
async fn list(server: &Server) -> (Vec<String>, String, String) {
    server.clock.advance(1);
    let answer = get(server, "").await;
    assert_eq!(answer.status(), 200);
    let etag = answer.headers()["etag"].to_str().unwrap().to_owned();
    let jws = answer.text().await.unwrap();
    let read: RevocationClaims = serde_json::from_value(claims(&jws)).unwrap();
    assert_eq!(
        (read.iss.as_str(), read.refuse_issued_before),
        (&*server.url, None)
    );
    assert_eq!(read.exp - read.iat, 120);
    let sids = read.sids.into_iter().map(|sid| sid.0).collect();
    (sids, etag, jws)
}

#[actix_web::test]
async fn whatever_ends_a_grant_puts_it_on_the_list() {
    let server = Server::start().await;
    let client = server.client().await;
    assert!(list(&server).await.0.is_empty());
    let mut expected = Vec::new();
    for way in ["revoke", "disable", "demote", "client"] {
        let email = format!("{way}@example.com");
        let tokens = log_in(&server, &client, &email).await;
        let token = text(&tokens, "access_token");
        match way {
            "revoke" => {
                let form = [("client_id", &*client), ("token", token)];
                let sent = server.http.post(server.at("/revoke")).form(&form);
                assert_eq!(sent.send().await.unwrap().status(), 200);
            }
            "disable" => {
                let done = user_admin::disable(&server.app.cx(), &email).await;
                done.unwrap();
            }
            "demote" => {
                let roles = Roles::parse("exec").unwrap();
                let done = user_admin::set_roles(&server.app.cx(), &email, roles).await;
                done.unwrap();
            }
            _ => {
                let id = loop_oauth::client::ClientId(client.clone());
                let done = user_admin::revoke_client(&server.app.cx(), &id).await;
                assert_eq!(done.unwrap(), 1);
            }
        }
        expected.push(sid(&tokens));
        expected.sort_unstable();
        assert_eq!(list(&server).await.0, expected, "{way}");
        let refresh = text(&tokens, "refresh_token");
        assert_eq!(server.refresh(&client, refresh).await.0, 400, "{way}");
    }
    server.clock.advance(3600 + 301);
    assert!(list(&server).await.0.is_empty(), "no token can live");
}

#[actix_web::test]
async fn the_tag_follows_what_is_said_and_the_signature_is_renewed() {
    let server = Server::start().await;
    let client = server.client().await;
    let (_, tag, jws) = list(&server).await;
    let (_, same_tag, same) = list(&server).await;
    assert_eq!((&same_tag, &same), (&tag, &jws), "not signed again");
    server.clock.advance(40);
    let (_, same_tag, later) = list(&server).await;
    assert_eq!(same_tag, tag);
    assert_ne!(later, jws, "signed again, so that it does not expire");
    for (etag, status) in [
        (&*tag, 304),
        (&*format!("W/{tag}, \"x\""), 304),
        ("*", 304),
        ("\"x\"", 200),
        ("", 200),
    ] {
        let answer = get(&server, etag).await;
        assert_eq!(answer.status(), status, "{etag}");
        assert_eq!(answer.headers()["cache-control"], "no-cache");
        assert_eq!(answer.headers()["etag"], *tag);
    }
    let tokens = log_in(&server, &client, "kim@example.com").await;
    let user = claims(text(&tokens, "access_token"));
    let id = loop_oauth::user::UserId(text(&user, "sub").parse().unwrap());
    server
        .store
        .disable_user(id, server.clock.now())
        .await
        .unwrap();
    assert_eq!(get(&server, &tag).await.status(), 304, "once a second");
    server.clock.advance(1);
    assert_eq!(get(&server, &tag).await.status(), 200);
}

#[actix_web::test]
async fn the_list_is_no_access_token_and_has_one_method() {
    let server = Server::start().await;
    let (_, _, jws) = list(&server).await;
    assert!(server.app.signer.read_own(&jws).is_none());
    let header = URL_SAFE_NO_PAD.decode(jws.split('.').next().unwrap());
    let header: Value = serde_json::from_slice(&header.unwrap()).unwrap();
    assert_eq!(text(&header, "typ"), "revocations+jwt");
    let keys = server.http.get(server.at("/.well-known/jwks.json"));
    let keys: Value = keys.send().await.unwrap().json().await.unwrap();
    assert_eq!(header["kid"], keys["keys"][0]["kid"]);
    let answer = server.http.post(server.at("/oauth/revocations"));
    let answer = answer.send().await.unwrap();
    assert_eq!(
        (answer.status().as_u16(), &answer.headers()["allow"]),
        (405, &"GET".parse().unwrap())
    );
}
