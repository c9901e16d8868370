//! Which grants the revocation list names: those that ended while an access token of theirs may live.
//!
//! In: the store and the time. Out: [`Listed`]. Never: a signature, a grant whose tokens have all expired.

use chrono::{DateTime, TimeDelta, Utc};
use loop_shared::auth::claims;

use crate::{config::Context, grant::RevokedGrant, store::StoreError};

/// Most grants that a list names: a little over 5 MiB of it, for readers that take 8.
pub const MAX_LISTED: u64 = 100_000;

/// How long a grant is listed beyond the lifetime of its last access token: the minute that verifiers
/// forgive, and a revocation that was written some time after its `now`.
const MARGIN: TimeDelta = TimeDelta::minutes(5);
/// How long after its `now` a revocation is written at the latest: it may wait for another process.
const LATE: TimeDelta = TimeDelta::seconds(30);

/// What a list says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Every grant that ended and whose access tokens may live, in a fixed order.
    pub sids: Vec<claims::GrantId>,
    /// When there are more than [`MAX_LISTED`], the latest are listed, and access tokens from before
    /// this second (since the Unix epoch) are refused: their clients refresh, which ended grants cannot.
    pub refuse_issued_before: Option<i64>,
}

/// Reads what the list says now; `limit` is [`MAX_LISTED`], or less in a test.
///
/// # Errors
/// [`StoreError`].
#[tracing::instrument(name = "revocations.list", level = "debug", skip_all, fields(listed))]
pub async fn listed(cx: &Context<'_>, limit: u64) -> Result<Listed, StoreError> {
    let since = cx.now - cx.rules.access_ttl - MARGIN;
    let mut grants = cx
        .store
        .revoked_since(since, limit.saturating_add(1))
        .await?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let refuse_issued_before = grants.get(limit).map(|left_out| second_after(left_out.at));
    grants.truncate(limit);
    tracing::Span::current().record("listed", grants.len());
    if refuse_issued_before.is_some() {
        tracing::warn!(
            limit,
            "more grants ended than the revocation list holds; older tokens are refused"
        );
    }
    Ok(Listed {
        sids: sorted(&grants),
        refuse_issued_before,
    })
}

/// The first second in which no token of a grant that ended at `at` can have been issued.
fn second_after(at: DateTime<Utc>) -> i64 {
    (at + LATE).timestamp().saturating_add(1)
}

fn sorted(grants: &[RevokedGrant]) -> Vec<claims::GrantId> {
    let mut ids: Vec<_> = grants.iter().map(|grant| grant.id).collect();
    ids.sort_unstable();
    ids.iter()
        .map(|id| claims::GrantId(id.to_string()))
        .collect()
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::{
        code::{AuthCode, CodeChallenge},
        grant::{Grant, GrantId, RevokeReason, RotationKey},
        secret::SecretHash,
        store::Grants as _,
        testing::{World, client, user},
    };

    fn id(n: u8) -> GrantId {
        GrantId(Uuid::from_bytes([n; 16]))
    }

    /// A world whose grants ended so many seconds ago, under the ids 0, 1, 2…
    async fn world(ended: &[i64]) -> World {
        let world = World::default();
        let app = client("app", "https://a.example/cb");
        let alice = user("alice@example.com", loop_shared::auth::scope::Role::Member);
        for (n, ago) in (0..).zip(ended) {
            let grant = Grant {
                id: id(n),
                user: alice.id,
                client: app.id.clone(),
                resource: "http://localhost:8082/mcp".into(),
                more_resources: Vec::new(),
                scopes: loop_shared::auth::Scopes::all(),
                created_at: world.now,
                revoked_at: None,
                rotation_key: RotationKey([1; 32]),
            };
            let code = AuthCode {
                hash: SecretHash([n; 32]),
                grant: grant.id,
                client: app.id.clone(),
                redirect_uri: None,
                challenge: CodeChallenge::S256("x".into()),
                key: None,
                expires_at: world.now,
                used_at: None,
            };
            world.store.add_grant(&grant, &code).await.unwrap();
            let (at, reason) = (world.now - TimeDelta::seconds(*ago), RevokeReason::ByClient);
            world
                .store
                .revoke_grant(grant.id, reason, at)
                .await
                .unwrap();
        }
        world
    }

    #[tokio::test]
    async fn a_grant_is_listed_until_the_last_of_its_tokens_has_expired() {
        let ttl = World::default().rules.access_ttl.num_seconds();
        for (ago, listed) in [(0, true), (ttl, true), (ttl + 60, true), (ttl + 300, false)] {
            let got = self::listed(&world(&[ago]).await.cx(), 10).await.unwrap();
            assert_eq!(got.sids.len() == 1, listed, "{ago} s ago");
            assert_eq!(got.refuse_issued_before, None);
        }
    }

    #[tokio::test]
    async fn the_order_says_nothing_and_never_changes() {
        let one = listed(&world(&[1, 5, 3]).await.cx(), 10).await.unwrap();
        let two = listed(&world(&[9, 2, 4]).await.cx(), 10).await.unwrap();
        assert_eq!(one, two);
    }

    #[tokio::test]
    async fn a_list_that_is_too_long_refuses_the_old_tokens_it_cannot_judge() {
        let world = world(&[100, 10, 50]).await;
        let full = listed(&world.cx(), 3).await.unwrap();
        assert_eq!((full.sids.len(), full.refuse_issued_before), (3, None));
        let cut = listed(&world.cx(), 2).await.unwrap();
        let names: Vec<_> = cut.sids.iter().map(|sid| sid.0.clone()).collect();
        assert_eq!(names, [id(1).to_string(), id(2).to_string()], "the latest");
        let before = cut.refuse_issued_before.unwrap();
        assert_eq!(world.now.timestamp() - before, 100 - 31);
    }
}
