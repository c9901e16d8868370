//! Tokens of a grant for several resources.

use loop_shared::auth::scope::Role;

use crate::{
    authorize,
    client::Client,
    grants::{self, TokenError, Tokens},
    introspect::{self, Introspection},
    store::{Clients as _, Users as _},
    testing::{JsonSigner, World, challenge, claims, client, user},
};

const MCP: &str = "http://localhost:8082/mcp";
const EXEC: &str = "http://localhost:8082/exec/mcp";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

struct Scene {
    world: World,
    app: Client,
}

impl Scene {
    async fn new() -> Self {
        let world = World::default();
        let app = client("app", "https://app.example/cb");
        world.store.add_client(&app).await.unwrap();
        let alice = user("alice@example.com", Role::Exec);
        world.store.add_user(&alice).await.unwrap();
        Self { world, app }
    }

    async fn code(&self, scope: &str, resources: &[&str]) -> String {
        let challenge = challenge(VERIFIER);
        let mut params = vec![
            ("client_id", "app"),
            ("response_type", "code"),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
            ("scope", scope),
        ];
        params.extend(resources.iter().map(|id| ("resource", *id)));
        let cx = self.world.cx();
        let request = authorize::check(&cx, &pairs(&params)).await.unwrap();
        let again = authorize::check(&cx, &request.to_params()).await.unwrap();
        assert_eq!(again, request);
        let alice = user("alice@example.com", Role::Exec);
        let session = self.world.session(&alice);
        let to = authorize::allow(&cx, &request, &alice, &session).await;
        let url = url::Url::parse(&to.unwrap()).unwrap();
        let code = url.query_pairs().find(|(name, _)| name == "code");
        code.unwrap().1.into_owned()
    }

    async fn exchange(&self, code: &str, more: &[(&str, &str)]) -> Result<Tokens, TokenError> {
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("code_verifier", VERIFIER),
        ];
        form.extend(more);
        self.ask(&form).await
    }

    async fn refresh(&self, of: &Tokens, more: &[(&str, &str)]) -> Result<Tokens, TokenError> {
        let token = of.refresh_token.as_ref().unwrap().expose();
        let mut form = vec![("grant_type", "refresh_token"), ("refresh_token", token)];
        form.extend(more);
        self.ask(&form).await
    }

    async fn ask(&self, form: &[(&str, &str)]) -> Result<Tokens, TokenError> {
        grants::answer(&self.world.cx(), &JsonSigner, &self.app, &pairs(form), None).await
    }
}

fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
    let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    list.iter().map(own).collect()
}

fn told(got: &Result<Tokens, TokenError>) -> (Vec<String>, String) {
    let tokens = got.as_ref().unwrap();
    let claims = claims(&tokens.access_token);
    assert_eq!(claims.scope, tokens.scope);
    (claims.aud.as_slice().to_vec(), tokens.scope.to_string())
}

fn of(resource: &str, scope: &str) -> (Vec<String>, String) {
    (vec![resource.to_owned()], scope.to_owned())
}

#[tokio::test]
async fn each_access_token_is_for_one_resource_of_the_grant_and_its_scopes_alone() {
    let scene = Scene::new().await;
    let all = "mcp:read mcp:exec kpi:read";
    let code = scene.code(all, &[MCP, EXEC]).await;
    let first = scene.exchange(&code, &[]).await;
    assert_eq!(told(&first), of(MCP, "mcp:read"));
    let mut tokens = first.unwrap();
    for (more, expected) in [
        (&[("resource", EXEC)][..], of(EXEC, "mcp:exec kpi:read")),
        (&[], of(MCP, "mcp:read")),
        (&[("scope", "kpi:read")], of(EXEC, "kpi:read")),
        (
            &[("resource", EXEC), ("scope", "mcp:exec")],
            of(EXEC, "mcp:exec"),
        ),
        (&[("resource", MCP), ("resource", MCP)], of(MCP, "mcp:read")),
    ] {
        let next = scene.refresh(&tokens, more).await;
        assert_eq!(told(&next), expected, "{more:?}");
        tokens = next.unwrap();
    }
}

#[tokio::test]
async fn a_code_can_be_exchanged_for_any_of_its_resources_and_for_no_other() {
    let scene = Scene::new().await;
    let code = scene.code("mcp:read kpi:read", &[MCP, EXEC]).await;
    for named in ["https://evil.example/mcp", "http://localhost:8082/"] {
        let got = scene.exchange(&code, &[("resource", named)]).await;
        assert_eq!(got.unwrap_err().oauth().1, "invalid_target", "{named}");
    }
    let two = [("resource", MCP), ("resource", EXEC)];
    let got = scene.exchange(&code, &two).await;
    assert_eq!(got.unwrap_err().oauth().1, "invalid_target");
    let exec = [("resource", "http://LOCALHOST:8082/exec/mcp/")];
    let got = scene.exchange(&code, &exec).await;
    assert_eq!(told(&got), of(EXEC, "kpi:read"));
}

#[tokio::test]
async fn a_refresh_never_leaves_the_grant() {
    let scene = Scene::new().await;
    let code = scene.code("mcp:read", &[MCP]).await;
    let tokens = scene.exchange(&code, &[]).await.unwrap();
    for more in [
        &[("resource", EXEC)][..],
        &[("resource", EXEC), ("scope", "mcp:read")],
    ] {
        let got = scene.refresh(&tokens, more).await;
        assert_eq!(got.unwrap_err().oauth().1, "invalid_target", "{more:?}");
    }
    let got = scene.refresh(&tokens, &[("scope", "kpi:read")]).await;
    assert_eq!(got.unwrap_err().oauth().1, "invalid_scope");
    let code = scene.code("mcp:read kpi:read", &[MCP, EXEC]).await;
    let tokens = scene.exchange(&code, &[]).await.unwrap();
    let crossed = [("resource", EXEC), ("scope", "mcp:read")];
    let got = scene.refresh(&tokens, &crossed).await;
    assert_eq!(got.unwrap_err().oauth().1, "invalid_scope");
}

#[tokio::test]
async fn introspection_names_the_resource_of_the_token_it_is_shown() {
    let scene = Scene::new().await;
    let mut desk = client("desk", "https://desk.example/cb");
    desk.origin = crate::client::ClientOrigin::Operator;
    desk.auth_method = crate::client::ClientAuthMethod::Basic;
    let code = scene.code("mcp:read kpi:read", &[MCP, EXEC]).await;
    let tokens = scene.exchange(&code, &[("resource", EXEC)]).await.unwrap();
    let claims = claims(&tokens.access_token);
    let cx = scene.world.cx();
    let found = introspect::introspect(&cx, &desk, "x", Some(&claims)).await;
    let Introspection::Active(active) = found.unwrap() else {
        panic!("inactive");
    };
    assert_eq!(
        (active.resource.as_str(), active.scope),
        (EXEC, tokens.scope)
    );
}
