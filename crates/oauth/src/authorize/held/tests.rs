//! Step-up: what is new is told from what stands, and nobody is let in unasked.

use loop_shared::auth::scope::{Role, Scope};

use super::*;
use crate::{
    authorize::{self, ConsentAsk, Next},
    client::{Client, ClientAuthMethod, ClientOrigin},
    grant::RevokeReason,
    secret::SecretHash,
    store::{Clients as _, Consents as _, Grants as _, Users as _},
    testing::{World, challenge, client, user},
};

const MCP: &str = "http://localhost:8082/mcp";
const EXEC: &str = "http://localhost:8082/exec/mcp";
const REDIRECT: &str = "https://app.example/cb";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

struct Scene {
    world: World,
    alice: User,
}

fn proven() -> Client {
    Client {
        origin: ClientOrigin::Operator,
        auth_method: ClientAuthMethod::Basic,
        secret_hash: Some(SecretHash::of("x")),
        ..client("app", REDIRECT)
    }
}

impl Scene {
    async fn of(app: Client) -> Self {
        let world = World::default();
        world.store.add_client(&app).await.unwrap();
        let alice = user("alice@example.com", Role::Exec);
        world.store.add_user(&alice).await.unwrap();
        Self { world, alice }
    }

    async fn request(&self, scope: &str, resources: &[&str]) -> AuthorizeRequest {
        let challenge = challenge(VERIFIER);
        let mut params = vec![
            ("client_id", "app"),
            ("response_type", "code"),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
            ("scope", scope),
        ];
        params.extend(resources.iter().map(|id| ("resource", *id)));
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let params: Vec<_> = params.iter().map(own).collect();
        authorize::check(&self.world.cx(), &params).await.unwrap()
    }

    async fn next(&self, scope: &str, resources: &[&str]) -> Next {
        let request = self.request(scope, resources).await;
        let login = (self.world.session(&self.alice), self.alice.clone());
        let next = authorize::next(&self.world.cx(), &request, Some(&login)).await;
        next.unwrap()
    }

    async fn asked(&self, scope: &str, resources: &[&str]) -> ConsentAsk {
        match self.next(scope, resources).await {
            Next::Consent(asked) => asked,
            other => panic!("{other:?}"),
        }
    }

    /// Lets the person allow it; the newest grant.
    async fn allow(&self, scope: &str, resources: &[&str]) -> Grant {
        let known: Vec<_> = self.world.store.grants().iter().map(|one| one.id).collect();
        let request = self.request(scope, resources).await;
        let session = self.world.session(&self.alice);
        authorize::allow(&self.world.cx(), &request, &self.alice, &session)
            .await
            .unwrap();
        let mut grants = self.world.store.grants();
        grants.retain(|grant| !known.contains(&grant.id));
        grants.remove(0)
    }
}

fn scopes(text: &str) -> Scopes {
    Scopes::parse(text).unwrap()
}

#[tokio::test]
async fn a_client_that_comes_back_for_more_is_asked_for_the_difference_and_gets_the_union() {
    for app in [client("app", REDIRECT), proven()] {
        let scene = Scene::of(app).await;
        let old = scene.allow("mcp:exec", &[EXEC]).await;
        let asked = scene.asked("mcp:exec kpi:read", &[EXEC]).await;
        assert_eq!(asked.scopes, scopes("mcp:exec kpi:read"));
        assert_eq!(asked.already, scopes("mcp:exec"));
        let new = scene.allow("mcp:exec kpi:read", &[EXEC]).await;
        assert_eq!(new.scopes, scopes("mcp:exec kpi:read"));
        // the old one stays: another installation may live by it
        assert_eq!(scene.world.store.grant(old.id).unwrap().1, None);
    }
}

#[tokio::test]
async fn an_unproven_client_is_always_asked_and_the_whole_question_when_nothing_is_new() {
    let scene = Scene::of(client("app", REDIRECT)).await;
    scene.allow("mcp:exec", &[EXEC]).await;
    let asked = scene.asked("mcp:exec", &[EXEC]).await;
    assert_eq!(asked.already, Scopes::NONE);
}

#[tokio::test]
async fn what_ended_or_belongs_to_another_resource_or_person_is_new() {
    let scene = Scene::of(client("app", REDIRECT)).await;
    let ended = scene.allow("mcp:exec", &[EXEC]).await;
    let by = RevokeReason::ByClient;
    let store = &scene.world.store;
    store
        .revoke_grant(ended.id, by, scene.world.now)
        .await
        .unwrap();
    scene.allow("mcp:read", &[MCP]).await;
    let asked = scene.asked("mcp:exec kpi:read", &[EXEC]).await;
    assert_eq!(asked.already, Scopes::NONE);
    scene.allow("kpi:read", &[EXEC]).await;
    let bob = user("bob@example.com", Role::Exec);
    store.add_user(&bob).await.unwrap();
    let scene = Scene {
        alice: bob,
        ..scene
    };
    let asked = scene.asked("mcp:exec kpi:read", &[EXEC]).await;
    assert_eq!(asked.already, Scopes::NONE);
}

#[tokio::test]
async fn several_resources_are_granted_together_each_with_a_consent_of_its_own() {
    let scene = Scene::of(proven()).await;
    let both = [MCP, EXEC];
    let asked = scene.asked("mcp:read kpi:read", &both).await;
    assert_eq!(asked.resources, both);
    let grant = scene.allow("mcp:read kpi:read", &both).await;
    assert_eq!(grant.resources().collect::<Vec<_>>(), both);
    for (resource, expected) in [(MCP, Scope::McpRead), (EXEC, Scope::KpiRead)] {
        let id = &grant.client;
        let consent = scene
            .world
            .store
            .consent(scene.alice.id, id, resource)
            .await;
        assert_eq!(consent.unwrap().unwrap().scopes, expected.into());
        let next = scene.next(expected.as_str(), &[resource]).await;
        assert_eq!(next, Next::Issue);
    }
    assert_eq!(scene.next("mcp:read kpi:read", &both).await, Next::Issue);
    let asked = scene.asked("mcp:read kpi:read mcp:exec", &both).await;
    assert_eq!(asked.already, scopes("mcp:read kpi:read"));
}

#[tokio::test]
async fn a_resource_whose_scopes_the_roles_do_not_allow_is_left_out_of_the_grant() {
    let scene = Scene::of(client("app", REDIRECT)).await;
    let member = user("member@example.com", Role::Member);
    scene.world.store.add_user(&member).await.unwrap();
    let scene = Scene {
        alice: member,
        ..scene
    };
    let asked = scene.asked("mcp:read mcp:exec", &[EXEC, MCP]).await;
    assert_eq!(asked.resources, [MCP]);
    let grant = scene.allow("mcp:read mcp:exec", &[EXEC, MCP]).await;
    assert_eq!(
        (grant.resource.as_str(), grant.more_resources.len()),
        (MCP, 0)
    );
}

#[tokio::test]
async fn what_a_client_knows_about_a_person_is_not_asked_for_as_if_it_were_new() {
    let known = |asked: &ConsentAsk| asked.known.to_string();
    for app in [client("app", REDIRECT), proven()] {
        let proven = app.origin == ClientOrigin::Operator;
        let scene = Scene::of(app).await;
        scene.allow("openid email mcp:exec", &[EXEC]).await;
        let asked = scene.asked("openid email mcp:exec kpi:read", &[EXEC]).await;
        assert_eq!(known(&asked), "openid email");
        assert_eq!(asked.already, scopes("mcp:exec"));
        let asked = scene.asked("openid profile email mcp:exec", &[EXEC]).await;
        assert_eq!(known(&asked), "openid email");
        // At another resource too: it is the same client.
        let asked = scene.asked("openid email mcp:read", &[MCP]).await;
        assert_eq!(
            (known(&asked).as_str(), asked.already),
            ("openid email", Scopes::NONE)
        );
        // Nothing is new: remembered, or the whole question.
        match scene.next("openid email mcp:exec", &[EXEC]).await {
            Next::Issue => assert!(proven),
            Next::Consent(asked) => {
                assert!(!proven && asked.known.is_empty() && asked.already.is_empty());
            }
            Next::Login => panic!("logged in"),
        }
    }
}
