//! What an operator does to a client that is there: change it, remove it.
//!
//! In: a client's identifier and what is to be different. Out: how many grants ended. Never: a client that asks for more than
//! it was given, a secret.

use loop_shared::auth::scope::Scopes;
use serde_json::{Map, json};

use crate::{
    audit,
    client::{Client, ClientId, GrantType},
    config::Context,
    demands::Demands,
    grant::RevokeReason,
    oidc::ClientLogout,
    pkce_phase::Enforcement,
    redirect_uri::{self, BadRedirect},
    store::{Changed, StoreError},
};

/// What is to be different; `None` leaves a thing as it is.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// The name people see.
    pub name: Option<String>,
    /// All redirects.
    pub redirect_uris: Option<Vec<String>>,
    /// All grant types.
    pub grant_types: Option<Vec<GrantType>>,
    /// The most it may ask for; `Some(None)`: whatever its resource offers.
    pub scope: Option<Option<Scopes>>,
    /// Its PKCE phase; `Some(None)`: the server's.
    pub pkce: Option<Option<Enforcement>>,
    /// All addresses where a browser may be sent after a logout.
    pub post_logout_redirect_uris: Option<Vec<String>>,
    /// Where it is told of logouts; `Some(None)`: nowhere.
    pub backchannel_logout_uri: Option<Option<String>>,
    /// Whether its authorization requests must be pushed.
    pub require_pushed: Option<bool>,
    /// Whether its token requests must prove a key.
    pub require_dpop: Option<bool>,
}

/// Why a client is not as somebody wants it.
#[derive(Debug, thiserror::Error)]
pub enum ClientAdminError {
    /// No such client.
    #[error("no client has this identifier")]
    Unknown,
    /// Somebody else changed it.
    #[error("the client was changed or removed at this moment; look again")]
    Raced,
    /// The result would not work, or would be dangerous.
    #[error("{0}")]
    Unfit(&'static str),
    /// One of the redirects.
    #[error(transparent)]
    Redirect(#[from] BadRedirect),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Changes a client. Whoever has less than before loses its grants: tokens would name what it lost.
/// Returns how many ended.
///
/// # Errors
/// [`ClientAdminError`].
#[tracing::instrument(name = "client.change", skip_all, fields(client = %id))]
pub async fn change(
    cx: &Context<'_>,
    id: &ClientId,
    changes: Changes,
) -> Result<u64, ClientAdminError> {
    let before = cx.store.client(id).await?;
    let before = before.ok_or(ClientAdminError::Unknown)?;
    let after = apply(before.clone(), changes)?;
    check(&after)?;
    let ends = narrows(&before, &after).then_some((RevokeReason::ByOperator, cx.now));
    match cx.store.change_client(&before, &after, ends).await? {
        Changed::Now(ended) => {
            audit::client_changed(id, ended);
            Ok(ended)
        }
        Changed::NotFound => Err(ClientAdminError::Raced),
    }
}

/// Removes a client with everything it was granted. Returns how many grants ended.
///
/// # Errors
/// [`ClientAdminError`].
#[tracing::instrument(name = "client.remove", skip_all, fields(client = %id))]
pub async fn remove(
    cx: &Context<'_>,
    id: &ClientId,
    reason: RevokeReason,
) -> Result<u64, ClientAdminError> {
    match cx.store.remove_client(id, reason, cx.now).await? {
        Changed::Now(ended) => {
            audit::client_removed(id, reason, ended);
            Ok(ended)
        }
        Changed::NotFound => Err(ClientAdminError::Unknown),
    }
}

fn apply(client: Client, changes: Changes) -> Result<Client, ClientAdminError> {
    if let Some(uris) = &changes.redirect_uris {
        for uri in uris {
            redirect_uri::check_registrable(uri)?;
        }
    }
    let logout = logout(&client, &changes)?;
    let demands = Demands {
        pushed: changes.require_pushed.unwrap_or(client.demands.pushed),
        dpop: changes.require_dpop.unwrap_or(client.demands.dpop),
    };
    Ok(Client {
        logout,
        demands,
        name: changes.name.unwrap_or(client.name),
        redirect_uris: changes.redirect_uris.unwrap_or(client.redirect_uris),
        grant_types: changes.grant_types.unwrap_or(client.grant_types),
        scope: changes.scope.unwrap_or(client.scope),
        pkce: changes.pkce.unwrap_or(client.pkce),
        ..client
    })
}

/// Where the client hears of logouts, checked as if it were registered so.
fn logout(client: &Client, changes: &Changes) -> Result<ClientLogout, ClientAdminError> {
    let mut members = Map::new();
    client.logout.write(&mut members);
    if let Some(uris) = &changes.post_logout_redirect_uris {
        members.insert("post_logout_redirect_uris".to_owned(), json!(uris));
    }
    if let Some(uri) = &changes.backchannel_logout_uri {
        members.insert("backchannel_logout_uri".to_owned(), json!(uri));
        // Ours always have a `sid`; whoever is told may count on it.
        members.insert(
            "backchannel_logout_session_required".to_owned(),
            json!(uri.is_some()),
        );
    }
    ClientLogout::read(&members, !client.is_public()).map_err(ClientAdminError::Unfit)
}

/// What must hold of every client.
///
/// # Errors
/// [`ClientAdminError::Unfit`].
pub fn check(client: &Client) -> Result<(), ClientAdminError> {
    let unfit = |what| Err(ClientAdminError::Unfit(what));
    if !client.grant_types.iter().any(|grant| grant.begins()) {
        return unfit("it needs a grant type that it can begin with");
    }
    if client.may_use(GrantType::AuthorizationCode) && client.redirect_uris.is_empty() {
        return unfit("authorization_code needs a redirect URI");
    }
    if client.may_use(GrantType::ClientCredentials) {
        if client.is_public() {
            return unfit("client_credentials is for clients that keep a secret");
        }
        // Without a person, only the operator says what it may have.
        if client.scope.is_none_or(Scopes::is_empty) {
            return unfit("client_credentials needs a scope");
        }
    }
    Ok(())
}

/// Whether the client may have less than before.
fn narrows(before: &Client, after: &Client) -> bool {
    let grants = before
        .grant_types
        .iter()
        .any(|grant| !after.may_use(*grant));
    let scope = match (before.scope, after.scope) {
        (_, None) => false,
        (None, Some(_)) => true,
        (Some(before), Some(after)) => !before.is_subset(after),
    };
    grants || scope
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        client::{ClientAuthMethod, ClientOrigin},
        secret::SecretHash,
        store::Clients as _,
        testing::{World, client},
    };

    fn machine() -> Client {
        Client {
            origin: ClientOrigin::Operator,
            auth_method: ClientAuthMethod::Basic,
            secret_hash: Some(SecretHash::of("s")),
            redirect_uris: Vec::new(),
            grant_types: vec![GrantType::ClientCredentials],
            scope: Some(Scopes::parse("mcp:read kpi:read").unwrap()),
            ..client("machine", "https://a.example/cb")
        }
    }

    #[test]
    fn a_client_that_cannot_work_or_could_take_anything_is_refused() {
        let both = vec![GrantType::ClientCredentials, GrantType::AuthorizationCode];
        let person = client("a", "https://a.example/cb");
        for (client, fit) in [
            (machine(), true),
            (person.clone(), true),
            (
                Client {
                    scope: None,
                    ..machine()
                },
                false,
            ),
            (
                Client {
                    scope: Some(Scopes::NONE),
                    ..machine()
                },
                false,
            ),
            (
                Client {
                    auth_method: ClientAuthMethod::None,
                    ..machine()
                },
                false,
            ),
            (
                Client {
                    grant_types: both,
                    ..machine()
                },
                false,
            ),
            (
                Client {
                    grant_types: vec![],
                    ..machine()
                },
                false,
            ),
            (
                Client {
                    grant_types: vec![GrantType::RefreshToken],
                    ..person.clone()
                },
                false,
            ),
            (
                Client {
                    redirect_uris: vec![],
                    ..person
                },
                false,
            ),
        ] {
            assert_eq!(check(&client).is_ok(), fit, "{client:?}");
        }
    }

    #[tokio::test]
    async fn a_change_ends_grants_only_when_it_takes_something_away() {
        let scope = |text: &str| Some(Some(Scopes::parse(text).unwrap()));
        let grants = |list: &[GrantType]| Some(list.to_vec());
        let pkce = Some(Some(Enforcement::Optional));
        for (changes, ends) in [
            (
                Changes {
                    pkce,
                    ..Changes::default()
                },
                false,
            ),
            (
                Changes {
                    scope: scope("mcp:read mcp:exec kpi:read"),
                    ..Changes::default()
                },
                false,
            ),
            (
                Changes {
                    scope: Some(None),
                    ..Changes::default()
                },
                false,
            ),
            (
                Changes {
                    scope: scope("mcp:read"),
                    ..Changes::default()
                },
                true,
            ),
            (
                Changes {
                    grant_types: grants(&[GrantType::AuthorizationCode]),
                    ..Changes::default()
                },
                true,
            ),
        ] {
            let before = Client {
                grant_types: vec![GrantType::AuthorizationCode, GrantType::RefreshToken],
                redirect_uris: vec!["https://a.example/cb".into()],
                ..machine()
            };
            let after = apply(before.clone(), changes.clone()).unwrap();
            assert_eq!(narrows(&before, &after), ends, "{changes:?}");
        }
    }

    #[tokio::test]
    async fn logout_addresses_and_demands_change_one_by_one_and_are_checked_as_at_registration() {
        let world = World::default();
        let (cx, id) = (world.cx(), machine().id);
        world.store.add_client(&machine()).await.unwrap();
        let told = |uri: Option<&str>| Changes {
            backchannel_logout_uri: Some(uri.map(str::to_owned)),
            ..Changes::default()
        };
        let sent = |uris: &[&str]| Changes {
            post_logout_redirect_uris: Some(uris.iter().map(|uri| (*uri).to_owned()).collect()),
            ..Changes::default()
        };
        let demand = |pushed, dpop| Changes {
            require_pushed: pushed,
            require_dpop: dpop,
            ..Changes::default()
        };
        let seen = async || {
            let client = world.store.client(&id).await.unwrap().unwrap();
            let (logout, demands) = (client.logout, client.demands);
            let told = logout.backchannel.unwrap_or_default();
            (told, logout.redirects.len(), demands.pushed, demands.dpop)
        };
        let bc = "https://a.example/bc";
        for (changes, expected) in [
            (told(Some(bc)), (bc, 0, false, false)),
            (
                sent(&["https://a.example/", "https://b.example/"]),
                (bc, 2, false, false),
            ),
            (demand(Some(true), None), (bc, 2, true, false)),
            (demand(None, Some(true)), (bc, 2, true, true)),
            (told(None), ("", 2, true, true)),
            (demand(Some(false), Some(false)), ("", 2, false, false)),
            (sent(&[]), ("", 0, false, false)),
        ] {
            assert_eq!(change(&cx, &id, changes.clone()).await.unwrap(), 0);
            let (told, redirects, pushed, dpop) = seen().await;
            assert_eq!(
                (told.as_str(), redirects, pushed, dpop),
                expected,
                "{changes:?}"
            );
        }
        for wrong in [
            told(Some("file:///etc/passwd")),
            sent(&["javascript:alert(1)"]),
        ] {
            let refused = change(&cx, &id, wrong).await;
            assert!(matches!(refused, Err(ClientAdminError::Unfit(_))));
        }
        let public = Client {
            auth_method: ClientAuthMethod::None,
            ..machine()
        };
        let plain = told(Some("http://a.example/bc"));
        assert!(apply(machine(), plain.clone()).is_ok() && apply(public, plain).is_err());
    }

    #[tokio::test]
    async fn a_client_is_changed_and_removed_by_its_identifier() {
        let world = World::default();
        let (cx, id) = (world.cx(), machine().id);
        let rename = || Changes {
            name: Some("New".into()),
            ..Changes::default()
        };
        let unknown = change(&cx, &id, rename()).await;
        assert!(matches!(unknown, Err(ClientAdminError::Unknown)));
        world.store.add_client(&machine()).await.unwrap();
        assert_eq!(change(&cx, &id, rename()).await.unwrap(), 0);
        let found = world.store.client(&id).await.unwrap().unwrap();
        assert_eq!(
            found,
            Client {
                name: "New".into(),
                ..machine()
            }
        );
        let bad = Changes {
            redirect_uris: Some(vec!["javascript:alert(1)".into()]),
            ..Changes::default()
        };
        assert!(change(&cx, &id, bad).await.is_err());
        assert_eq!(remove(&cx, &id, RevokeReason::ByOperator).await.unwrap(), 0);
        assert_eq!(world.store.client(&id).await.unwrap(), None);
        let gone = remove(&cx, &id, RevokeReason::ByOperator).await;
        assert!(matches!(gone, Err(ClientAdminError::Unknown)));
    }
}
