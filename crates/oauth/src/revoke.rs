//! Token revocation (RFC 7009).
//!
//! In: an authenticated client and a token. Out: success, also for tokens nobody knows: "invalid
//! tokens do not cause an error response" (§2.2). Never: another client's token.

use loop_shared::auth::claims::AccessClaims;
use uuid::Uuid;

use crate::{
    client::Client,
    config::Context,
    grant::{GrantId, RevokeReason},
    grants::{self, TokenError},
    secret::RawRefreshToken,
};

/// Ends the grant that the token belongs to, if the token is this client's.
///
/// `access` are the claims of `token` when the caller verified it as an access token (its lifetime
/// may have passed); otherwise it is looked up as a refresh token. A hint is not needed.
///
/// # Errors
/// [`TokenError::Store`] only.
#[tracing::instrument(name = "token.revoke", skip_all, fields(client = %client.id))]
pub async fn revoke(
    cx: &Context<'_>,
    client: &Client,
    token: &str,
    access: Option<&AccessClaims>,
) -> Result<(), TokenError> {
    let grant = match access {
        Some(claims) => of_access(client, claims),
        None => of_refresh(cx, client, token).await?,
    };
    match grant {
        Some(grant) => grants::revoke(cx, grant, client, RevokeReason::ByClient).await,
        None => Ok(()),
    }
}

fn of_access(client: &Client, claims: &AccessClaims) -> Option<GrantId> {
    let own = claims.client_id.as_str() == client.id.0;
    let sid = claims.sid.as_ref().filter(|_| own)?;
    Uuid::parse_str(sid.as_str()).ok().map(GrantId)
}

async fn of_refresh(
    cx: &Context<'_>,
    client: &Client,
    token: &str,
) -> Result<Option<GrantId>, TokenError> {
    let Some(raw) = RawRefreshToken::presented(token) else {
        return Ok(None);
    };
    let found = cx.store.refresh_token(&raw.hash()).await?;
    Ok(found
        .filter(|found| found.grant.client == client.id)
        .map(|found| found.grant.id))
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use loop_shared::auth::{
        claims::{self, Audience},
        scope::{Role, Scopes},
    };

    use super::*;
    use crate::{
        code::{AuthCode, CodeChallenge},
        grant::{Grant, RotationKey},
        refresh::{RefreshState, RefreshToken},
        secret::RawCode,
        store::{Grants as _, Users as _},
        testing::{World, client, user},
    };

    fn token() -> RawRefreshToken {
        RawRefreshToken::from_bytes([5; 32])
    }

    async fn world() -> (World, Client, GrantId) {
        let world = World::default();
        let own = client("own", "https://a.example/cb");
        let user = user("alice@example.com", Role::Member);
        world.store.add_user(&user).await.unwrap();
        let id = GrantId(Uuid::from_bytes([9; 16]));
        let grant = Grant {
            id,
            user: user.id,
            client: own.id.clone(),
            resource: "http://localhost:8082/mcp".into(),
            more_resources: Vec::new(),
            scopes: Scopes::all(),
            created_at: world.now,
            revoked_at: None,
            rotation_key: RotationKey([1; 32]),
        };
        let code = AuthCode {
            hash: RawCode::from_bytes([1; 32]).hash(),
            grant: id,
            client: own.id.clone(),
            redirect_uri: None,
            challenge: CodeChallenge::S256("x".into()),
            key: None,
            expires_at: DateTime::UNIX_EPOCH,
            used_at: None,
        };
        let first = RefreshToken {
            hash: token().hash(),
            grant: id,
            parent: None,
            state: RefreshState::Live,
            key: None,
            expires_at: world.now + world.rules.refresh_ttl,
        };
        world.store.add_grant(&grant, &code).await.unwrap();
        world
            .store
            .redeem_code(&code.hash, Some(&first), world.now)
            .await
            .unwrap();
        (world, own, id)
    }

    fn access(client: &str, sid: Option<GrantId>) -> AccessClaims {
        AccessClaims {
            iss: "http://localhost:8082".into(),
            sub: "u".into(),
            aud: Audience::one("http://localhost:8082/mcp"),
            exp: 0,
            iat: 0,
            nbf: None,
            jti: "j".into(),
            client_id: client.into(),
            scope: Scopes::NONE,
            roles: Role::Member.into(),
            sid: sid.map(|sid| claims::GrantId(sid.to_string())),
            cnf: None,
        }
    }

    #[tokio::test]
    async fn a_client_ends_its_own_grant_and_nobody_elses() {
        let (_, _, sid) = world().await;
        let (refresh, junk) = (token(), "x".repeat(9000));
        for (who, token, access, ends) in [
            ("own", refresh.expose(), None, true),
            ("own", "jwt", Some(access("own", Some(sid))), true),
            ("stranger", refresh.expose(), None, false),
            ("stranger", "jwt", Some(access("own", Some(sid))), false),
            ("own", "jwt", Some(access("stranger", Some(sid))), false),
            ("own", "jwt", Some(access("own", None)), false),
            ("own", "unknown", None, false),
            ("own", "", None, false),
            ("own", &junk, None, false),
        ] {
            let (world, own, id) = world().await;
            let who = Client {
                id: crate::client::ClientId(who.into()),
                ..own
            };
            revoke(&world.cx(), &who, token, access.as_ref())
                .await
                .unwrap();
            let ended = world.store.grant(id).unwrap().1;
            assert_eq!(
                ended,
                ends.then_some(RevokeReason::ByClient),
                "{who:?} {token:?}"
            );
            // twice is as good as once
            revoke(&world.cx(), &who, token, access.as_ref())
                .await
                .unwrap();
        }
    }
}
