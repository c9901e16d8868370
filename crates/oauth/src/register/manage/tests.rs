//! Managing registrations, attacks first.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::{
    client::{ClientAuthMethod, GrantType},
    client_admin::Changes,
    redirect_uri::check_registrable,
    register::{Caller, register, register_from},
    store::Clients as _,
    testing::World,
};

fn confidential() -> Value {
    json!({"client_name": "App", "redirect_uris": ["https://app.example/cb"]})
}

struct Own {
    id: String,
    token: String,
    secret: String,
}

async fn registered(world: &World, metadata: Value) -> Own {
    let registered = register(&world.cx(), metadata).await.unwrap();
    let management = registered.management.as_ref().unwrap();
    assert!(management.uri.ends_with(&registered.client.id.0));
    Own {
        token: management.token.expose().to_owned(),
        id: registered.client.id.0,
        secret: registered
            .secret
            .map_or(String::new(), |secret| secret.expose().to_owned()),
    }
}

fn update(own: &Own, changes: &[(&str, Value)]) -> Value {
    let mut body = confidential();
    body["client_id"] = json!(own.id);
    for (name, value) in changes {
        body[*name] = value.clone();
    }
    body
}

#[tokio::test]
async fn a_shared_client_is_managed_by_nobody_and_an_own_one_by_its_token() {
    let world = World::default();
    let public = |shared: Option<Value>| {
        let mut metadata = confidential();
        metadata["token_endpoint_auth_method"] = json!("none");
        if let Some(shared) = shared {
            metadata["registration_shared"] = shared;
        }
        metadata
    };
    for (metadata, managed) in [
        (public(None), false),
        (public(None), false), // the second is told of the first
        (public(Some(json!(true))), false),
        (public(Some(json!("false"))), false),
        (public(Some(json!(false))), true),
        (public(Some(json!(false))), true),
        (confidential(), true),
    ] {
        let got = register(&world.cx(), metadata.clone()).await.unwrap();
        assert_eq!(got.management.is_some(), managed, "{metadata}");
    }
    let clients = world.store.clients(10).await.unwrap();
    assert_eq!(
        clients.len(),
        4,
        "one shared, two of their own, one with a secret"
    );
}

#[tokio::test]
async fn a_client_cannot_give_itself_an_address_by_managing_its_registration() {
    let world = World::default();
    let own = registered(&world, confidential()).await;
    let body = update(
        &own,
        &[
            (
                "post_logout_redirect_uris",
                json!(["https://app.example/out"]),
            ),
            ("backchannel_logout_uri", json!("http://169.254.169.254/x")),
        ],
    );
    let cx = world.cx();
    let answer = replace(&cx, &own.id, Some(&own.token), &body)
        .await
        .unwrap();
    let logout = &answer.client.logout;
    assert_eq!(logout.redirects, ["https://app.example/out"]);
    assert_eq!(logout.backchannel, None);
    let id = crate::client::ClientId(own.id.clone());
    let stored = world.store.client(&id).await.unwrap().unwrap();
    assert_eq!(stored.logout, *logout);
}

#[tokio::test]
async fn only_the_token_of_this_very_registration_opens_it() {
    let world = World::default();
    let (cx, own) = (world.cx(), registered(&world, confidential()).await);
    let other = registered(&world, confidential()).await;
    let long = "x".repeat(9_000);
    for (id, token) in [
        (&*own.id, None),
        (&own.id, Some("")),
        (&own.id, Some("wrong")),
        (&own.id, Some(&*long)),
        (&own.id, Some(&*other.token)),
        (&own.id, Some(&*own.secret)),
        (&other.id, Some(&*own.token)),
        ("nobody", Some(&*own.token)),
        (&long, Some(&*own.token)),
    ] {
        let refused = (401, "invalid_token");
        assert_eq!(read(&cx, id, token).await.unwrap_err().oauth(), refused);
        let body = update(&own, &[]);
        assert_eq!(
            replace(&cx, id, token, &body).await.unwrap_err().oauth(),
            refused
        );
        assert_eq!(delete(&cx, id, token).await.unwrap_err().oauth(), refused);
    }
    let shown = read(&cx, &own.id, Some(&own.token))
        .await
        .unwrap()
        .to_json();
    assert_eq!(shown["registration_access_token"], json!(own.token));
    assert_eq!(shown["client_name"], "App");
    assert!(
        shown.get("client_secret").is_none(),
        "nobody knows it any more"
    );
    assert!(!shown.to_string().contains("null"));
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "a table")]
async fn an_update_says_who_it_is_for_and_takes_nothing_that_is_the_servers() {
    let world = World::default();
    let own = registered(&world, confidential()).await;
    for (changes, expected) in [
        (&[("client_id", json!(null))][..], "invalid_request"),
        (&[("client_id", json!("other"))], "invalid_request"),
        (
            &[("registration_access_token", json!(own.token))],
            "invalid_request",
        ),
        (
            &[("registration_client_uri", json!(null))],
            "invalid_request",
        ),
        (&[("client_secret_expires_at", json!(0))], "invalid_request"),
        (&[("client_id_issued_at", json!(0))], "invalid_request"),
        (&[("client_secret", json!("made up"))], "invalid_request"),
        (&[("client_secret", json!(1))], "invalid_request"),
        (
            &[("redirect_uris", json!(["http://evil.example/cb"]))],
            "invalid_redirect_uri",
        ),
        (&[("redirect_uris", json!([]))], "invalid_redirect_uri"),
        (
            &[("token_endpoint_auth_method", json!("none"))],
            "invalid_client_metadata",
        ),
        (
            &[("grant_types", json!(["client_credentials"]))],
            "invalid_client_metadata",
        ),
        (
            &[("grant_types", json!(["refresh_token"]))],
            "invalid_client_metadata",
        ),
    ] {
        let body = update(&own, changes);
        let got = replace(&world.cx(), &own.id, Some(&own.token), &body).await;
        let (status, code) = got.unwrap_err().oauth();
        assert_eq!((status, code), (400, expected), "{changes:?}");
    }
    for not_an_object in [json!(null), json!([]), json!("x")] {
        let got = replace(&world.cx(), &own.id, Some(&own.token), &not_an_object).await;
        assert_eq!(got.unwrap_err().oauth(), (400, "invalid_request"));
    }
    let good = [
        ("client_name", json!("Renamed")),
        ("redirect_uris", json!(["https://app.example/new"])),
        ("client_secret", json!(own.secret)),
        ("token_endpoint_auth_method", json!("client_secret_post")),
        ("scope", json!("mcp:exec")),
    ];
    let body = update(&own, &good);
    let done = replace(&world.cx(), &own.id, Some(&own.token), &body)
        .await
        .unwrap();
    let shown = done.to_json();
    assert_eq!(shown["client_name"], "Renamed");
    assert_eq!(
        shown["registration_access_token"],
        json!(own.token),
        "it stays"
    );
    assert!(shown.get("scope").is_none(), "an operator's matter");
    let stored = world
        .store
        .client(&ClientId(own.id))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(stored, done.client);
    assert_eq!(stored.redirect_uris, ["https://app.example/new"]);
    assert_eq!(stored.auth_method, ClientAuthMethod::Post);
    assert_eq!(stored.secret_hash, Some(SecretHash::of(&own.secret)));
}

#[tokio::test]
async fn an_update_keeps_what_an_operator_gave_and_gives_itself_nothing() {
    let world = World::default();
    let (cx, own) = (world.cx(), registered(&world, confidential()).await);
    let both = json!(["authorization_code", "client_credentials"]);
    let body = update(&own, &[("grant_types", both)]);
    let done = replace(&cx, &own.id, Some(&own.token), &body)
        .await
        .unwrap();
    assert!(!done.client.may_use(GrantType::ClientCredentials));
    let scope = loop_shared::auth::scope::Scopes::parse("mcp:read").unwrap();
    let allowed = Changes {
        grant_types: Some(vec![
            GrantType::AuthorizationCode,
            GrantType::ClientCredentials,
        ]),
        scope: Some(Some(scope)),
        ..Changes::default()
    };
    let id = ClientId(own.id.clone());
    client_admin::change(&cx, &id, allowed).await.unwrap();
    let done = replace(&cx, &own.id, Some(&own.token), &body)
        .await
        .unwrap();
    assert!(done.client.may_use(GrantType::ClientCredentials));
    assert_eq!(done.client.scope, Some(scope));
}

#[tokio::test]
async fn a_deleted_registration_is_gone_with_its_token() {
    let world = World::default();
    let (cx, own) = (world.cx(), registered(&world, confidential()).await);
    delete(&cx, &own.id, Some(&own.token)).await.unwrap();
    assert_eq!(
        world.store.client(&ClientId(own.id.clone())).await.unwrap(),
        None
    );
    for again in [
        read(&cx, &own.id, Some(&own.token)).await.map(drop),
        delete(&cx, &own.id, Some(&own.token)).await,
    ] {
        assert_eq!(again.unwrap_err().oauth(), (401, "invalid_token"));
    }
}

/// JSON of any shape that knows the members' names.
fn any_metadata() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,30}".prop_map(Value::from),
        Just(json!("https://app.example/cb")),
        Just(json!([
            "authorization_code",
            "refresh_token",
            "client_credentials"
        ])),
        Just(json!(["https://app.example/cb", "http://evil.example/"])),
    ];
    let name = prop_oneof![
        Just("client_name".to_owned()),
        Just("redirect_uris".to_owned()),
        Just("grant_types".to_owned()),
        Just("response_types".to_owned()),
        Just("token_endpoint_auth_method".to_owned()),
        Just("client_uri".to_owned()),
        Just("client_secret".to_owned()),
        Just("client_id".to_owned()),
        Just("registration_access_token".to_owned()),
        Just("registration_shared".to_owned()),
        ".{0,12}",
    ];
    leaf.prop_recursive(3, 24, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::hash_map(name.clone(), inner, 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn arbitrary_updates_never_panic_and_never_change_what_is_not_theirs(
        body in any_metadata(),
        named in any::<bool>(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let world = World::default();
            let own = registered(&world, confidential()).await;
            let id = ClientId(own.id.clone());
            let before = world.store.client(&id).await.unwrap().unwrap();
            let mut body = body;
            if let Some(members) = body.as_object_mut().filter(|_| named) {
                members.insert("client_id".into(), json!(own.id));
            }
            let got = replace(&world.cx(), &own.id, Some(&own.token), &body).await;
            let after = world.store.client(&id).await.unwrap().unwrap();
            match got {
                Ok(done) => assert_eq!(done.client, after),
                Err(error) => {
                    assert!(error.oauth().0 < 500, "{error}");
                    assert_eq!(before, after);
                }
            }
            assert!(after.redirect_uris.iter().all(|uri| check_registrable(uri).is_ok()));
            assert!(!after.may_use(GrantType::ClientCredentials));
            assert_eq!(
                (after.secret_hash, after.origin, after.scope, after.is_public()),
                (before.secret_hash, before.origin, before.scope, before.is_public())
            );
        });
    }
}

#[tokio::test]
async fn a_closed_or_guarded_door_lets_in_whom_it_should() {
    use crate::register::{Access, RegistrationRules};
    let token = SecretHash::of("initial token");
    for (access, presented, expected) in [
        (Access::Open, None, Ok(())),
        (Access::Open, Some("whatever"), Ok(())),
        (Access::Token(token), None, Err((401, "invalid_token"))),
        (
            Access::Token(token),
            Some("wrong"),
            Err((401, "invalid_token")),
        ),
        (Access::Token(token), Some(""), Err((401, "invalid_token"))),
        (Access::Token(token), Some("initial token"), Ok(())),
        (
            Access::Closed,
            Some("initial token"),
            Err((403, "access_denied")),
        ),
    ] {
        let mut world = World::default();
        world.rules.registration = RegistrationRules::from(access);
        let caller = Caller {
            token: presented,
            ..Caller::default()
        };
        let got = register_from(&world.cx(), confidential(), &caller).await;
        let got = got.map(drop).map_err(|error| error.oauth());
        assert_eq!(got, expected, "{access:?} {presented:?}");
    }
}

#[tokio::test]
async fn new_clients_cost_and_known_ones_do_not_and_the_oldest_unused_make_room() {
    use crate::{
        budget::Rate,
        register::{Access, RegistrationRules},
    };
    use chrono::TimeDelta;

    let rate = |burst| Rate {
        burst,
        every: TimeDelta::minutes(1),
    };
    let mut world = World::default();
    world.rules.registration = RegistrationRules::new(Access::Open, 3, rate(100), rate(5));
    let named = |n: u32| {
        json!({
            "client_name": format!("App {n}"), "redirect_uris": ["https://app.example/cb"],
            "token_endpoint_auth_method": "none",
        })
    };
    let from = |address: &str| Caller {
        address: Some(address.parse().unwrap()),
        ..Caller::default()
    };
    for n in 0..5 {
        for _ in 0..30 {
            register_from(&world.cx(), named(n), &from("192.0.2.1"))
                .await
                .unwrap();
        }
        world.pass(TimeDelta::milliseconds(1));
    }
    let refused = register_from(&world.cx(), named(5), &from("192.0.2.1"))
        .await
        .unwrap_err();
    assert_eq!(refused.oauth(), (429, "temporarily_unavailable"));
    assert!((1..=60).contains(&refused.retry_after().unwrap()));
    register_from(&world.cx(), named(4), &from("192.0.2.1"))
        .await
        .unwrap();
    register_from(&world.cx(), named(5), &from("192.0.2.2"))
        .await
        .unwrap();
    let left = world.store.clients(99).await.unwrap();
    let kept: Vec<_> = left.iter().map(|client| client.name.as_str()).collect();
    assert_eq!(kept, ["App 3", "App 4", "App 5"]);
}
