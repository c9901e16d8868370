//! Last good copies of clients outlive the process and take nothing from anybody.

use loop_oauth::{
    client::{Client, ClientAuthMethod, ClientOrigin},
    client_keys::{ClientKeys, KeySource, PublicKeys},
    demands::Demands,
    pkce_phase::Enforcement,
    store::{Clients as _, Grants as _, KeptClients as _, Updated},
};

use super::{Db, at, client, code, grant, with_people};

/// The public key of RFC 8037 §A.2.
const JWKS: &str = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"k",
    "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;

pub(super) fn client_keys() -> ClientKeys {
    ClientKeys {
        source: KeySource::Uri(
            "https://app.example/jwks".to_owned(),
            Some(PublicKeys::parse(JWKS.as_bytes()).unwrap()),
        ),
        alg: None,
        optional: true,
    }
}

fn described() -> Client {
    Client {
        origin: ClientOrigin::Document,
        auth_method: ClientAuthMethod::PrivateKeyJwt,
        keys: Some(client_keys()),
        metadata_hash: None,
        ..client("https://app.example/client")
    }
}

#[tokio::test]
async fn a_described_client_is_there_after_a_restart() {
    let db = Db::new();
    let store = with_people(&db).await;
    store.keep_client(&described()).await.unwrap();
    store.close().await.unwrap();
    let store = db.open().await;
    let found = store.client(&described().id).await.unwrap();
    assert_eq!(found, Some(described()));
}

#[tokio::test]
async fn a_newer_document_replaces_what_it_says_and_nothing_else() {
    let db = Db::new();
    let store = with_people(&db).await;
    let decided = Client {
        pkce: Some(Enforcement::Optional),
        ..described()
    };
    store.keep_client(&decided).await.unwrap();
    let mut grant = grant("family");
    grant.client = decided.id.clone();
    store
        .add_grant(&grant, &code("code", &grant))
        .await
        .unwrap();
    let newer = Client {
        name: "newer".to_owned(),
        auth_method: ClientAuthMethod::None,
        redirect_uris: vec!["https://app.example/new".to_owned()],
        keys: None,
        demands: Demands {
            pushed: true,
            dpop: true,
        },
        pkce: None,
        scope: None,
        created_at: at(5),
        ..described()
    };
    store.keep_client(&newer).await.unwrap();
    let expected = Client {
        pkce: decided.pkce,
        scope: decided.scope,
        created_at: at(0),
        first_login_at: Some(grant.created_at),
        ..newer
    };
    assert_eq!(store.client(&decided.id).await.unwrap(), Some(expected));
}

#[tokio::test]
async fn a_document_never_replaces_a_registered_client() {
    let db = Db::new();
    let store = with_people(&db).await;
    let registered = store.client(&client("app").id).await.unwrap();
    let claims = Client {
        id: client("app").id,
        ..described()
    };
    store.keep_client(&claims).await.unwrap();
    assert_eq!(store.client(&claims.id).await.unwrap(), registered);
}

#[tokio::test]
async fn keys_are_replaced_where_their_client_is() {
    let db = Db::new();
    let store = with_people(&db).await;
    let app = client("app").id;
    let kept = store.keep_keys(&app, &client_keys()).await.unwrap();
    assert_eq!(kept, Updated::Now);
    let found = store.client(&app).await.unwrap().unwrap();
    assert_eq!(found.keys, Some(client_keys()));
    let nobody = client("nobody").id;
    let kept = store.keep_keys(&nobody, &client_keys()).await.unwrap();
    assert_eq!(kept, Updated::NotFound);
}
