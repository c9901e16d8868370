//! Sessions and remembered consents in memory.

use async_trait::async_trait;

use super::MemoryStore;
use crate::{
    client::ClientId,
    consent::Consent,
    secret::SecretHash,
    session::Session,
    store::{Consents, Sessions, StoreError},
    user::{User, UserId},
};

#[async_trait]
impl Sessions for MemoryStore {
    async fn session(&self, hash: &SecretHash) -> Result<Option<(Session, User)>, StoreError> {
        let tables = self.tables();
        let session = tables.sessions.get(hash).cloned();
        Ok(session.and_then(|session| {
            let user = tables.user_of(session.user)?;
            Some((session, user))
        }))
    }

    async fn add_session(&self, session: &Session) -> Result<(), StoreError> {
        self.tables().sessions.insert(session.hash, session.clone());
        Ok(())
    }

    async fn end_session(&self, hash: &SecretHash) -> Result<(), StoreError> {
        let mut tables = self.tables();
        if let Some(ended) = tables.sessions.remove(hash) {
            tables.tell(|who| who.sid == ended.sid);
        }
        Ok(())
    }
}

#[async_trait]
impl Consents for MemoryStore {
    async fn consent(
        &self,
        user: UserId,
        client: &ClientId,
        resource: &str,
    ) -> Result<Option<Consent>, StoreError> {
        let tables = self.tables();
        let found = tables
            .consents
            .iter()
            .find(|c| c.user == user && c.client == *client && c.resource == resource);
        Ok(found.cloned())
    }

    async fn remember_consent(&self, consent: &Consent) -> Result<(), StoreError> {
        let mut tables = self.tables();
        let known = tables.consents.iter_mut().find(|known| {
            known.user == consent.user
                && known.client == consent.client
                && known.resource == consent.resource
        });
        match known {
            Some(known) => {
                known.scopes = known.scopes.union(consent.scopes);
                known.identity = known.identity.union(consent.identity);
                known.given_at = consent.given_at;
            }
            None => tables.consents.push(consent.clone()),
        }
        Ok(())
    }
}
