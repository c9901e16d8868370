//! The login that begins a family of refresh tokens.

use loop_shared::auth::scope::Role;
use uuid::Uuid;

use super::text;
use crate::{
    authorize,
    client::Client,
    config::Context,
    grants::authorization_code::{self, CodeForm},
    testing::{JsonSigner, World, challenge, user},
};

/// A new user logs in with the client: the family's first refresh token.
pub(super) async fn log_in(
    cx: &Context<'_>,
    client: &Client,
    unique: Uuid,
) -> Result<String, String> {
    let user = user(&format!("{unique}@example.com"), Role::Member);
    cx.store.add_user(&user).await.map_err(text)?;
    let verifier = "v".repeat(64);
    let params = [
        ("client_id", client.id.0.as_str()),
        ("response_type", "code"),
        ("code_challenge", &challenge(&verifier)),
        ("code_challenge_method", "S256"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()));
    let request = authorize::check(cx, &params).await.map_err(text)?;
    let session = World {
        now: cx.now,
        ..World::default()
    }
    .session(&user);
    let to = authorize::allow(cx, &request, &user, &session)
        .await
        .map_err(text)?;
    let url = url::Url::parse(&to).map_err(text)?;
    let code = url.query_pairs().find(|(name, _)| name == "code");
    let form = CodeForm {
        code: code.ok_or("no code")?.1.into_owned().into(),
        redirect_uri: None,
        code_verifier: Some(verifier.into()),
        resource: None,
        key: None,
    };
    let tokens = authorization_code::exchange(cx, &JsonSigner, client, form)
        .await
        .map_err(text)?;
    let first = tokens.refresh_token.ok_or("no refresh token")?;
    Ok(first.expose().to_owned())
}
