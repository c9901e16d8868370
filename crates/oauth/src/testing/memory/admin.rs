//! What administrators look at and do, in memory.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use loop_shared::{
    audit::{Entry, Outcome},
    auth::scope::{Role, Roles},
};

use super::{MemoryStore, Tables};
use crate::{
    client::{Client, ClientId},
    grant::{Grant, RevokeReason},
    store::{
        Act, Acted, Admin, Capped, ClientUse, Cursor, Ended, FindClients, FindGrants, FindUsers,
        GrantUse, StoreError, Updated,
    },
    user::{User, UserId},
};

impl Tables {
    fn is_last_admin(&self, id: UserId) -> bool {
        let admins = || {
            self.users
                .iter()
                .filter(|u| u.is_active() && u.roles.contains(Role::Admin))
        };
        admins().any(|user| user.id == id) && admins().count() == 1
    }

    fn on_user(&mut self, id: UserId, work: impl FnOnce(&mut Self) -> (u64, u64)) -> Acted {
        if self.user_of(id).is_none() {
            return Acted::NotFound;
        }
        let (grants, sessions) = work(self);
        Acted::Done(Ended { grants, sessions })
    }

    fn set(&mut self, id: UserId, work: impl FnOnce(&mut User)) {
        if let Some(user) = self.user_mut(id) {
            work(user);
        }
    }

    fn set_roles_of(&mut self, id: UserId, roles: Roles, now: DateTime<Utc>) -> u64 {
        let before = self.user_of(id).and_then(|user| user.roles.highest());
        self.set(id, |user| user.roles = roles);
        if roles.highest() < before {
            return self.revoke_where(|grant| grant.user == id, RevokeReason::RoleLost, now);
        }
        0
    }

    fn perform(&mut self, act: Act, now: DateTime<Utc>) -> Acted {
        let by = RevokeReason::ByOperator;
        match act {
            Act::Disable(id) if self.is_last_admin(id) => Acted::LastAdmin,
            Act::Disable(id) => self.on_user(id, |tables| {
                tables.set(id, |user| {
                    user.disabled_at.get_or_insert(now);
                });
                let why = RevokeReason::UserDisabled;
                let grants = tables.revoke_where(|grant| grant.user == id, why, now);
                (grants, tables.end_sessions(|session| session.user == id))
            }),
            Act::Enable(id) => self.on_user(id, |tables| {
                tables.set(id, |user| user.disabled_at = None);
                (0, 0)
            }),
            Act::SetRoles(id, roles) if !roles.contains(Role::Admin) && self.is_last_admin(id) => {
                Acted::LastAdmin
            }
            Act::SetRoles(id, roles) => {
                self.on_user(id, |tables| (tables.set_roles_of(id, roles, now), 0))
            }
            Act::SetPassword(id, hash) => self.on_user(id, |tables| {
                tables.set(id, |user| user.password = hash);
                (0, tables.end_sessions(|session| session.user == id))
            }),
            Act::EndSessions(id) => self.on_user(id, |tables| {
                (0, tables.end_sessions(|session| session.user == id))
            }),
            Act::Forget(id, means) => self.on_user(id, |tables| {
                tables.second.forget(id, means);
                (0, tables.end_sessions(|session| session.user == id))
            }),
            Act::RevokeGrantsOf(id) => self.on_user(id, |tables| {
                (tables.revoke_where(|grant| grant.user == id, by, now), 0)
            }),
            Act::RevokeGrant(id) => match self.revoke(id, by, now) {
                Updated::Now => Acted::Done(Ended {
                    grants: 1,
                    sessions: 0,
                }),
                Updated::NotFound => Acted::NotFound,
            },
            Act::RevokeClient(id) => self.end(&id, now),
            Act::RemoveClient(id) => {
                let there = self.clients.len();
                self.clients.retain(|client| client.id != id);
                if self.clients.len() == there {
                    return Acted::NotFound;
                }
                self.consents.retain(|consent| consent.client != id);
                self.end(&id, now)
            }
        }
    }

    fn end(&mut self, id: &ClientId, now: DateTime<Utc>) -> Acted {
        Acted::Done(Ended {
            grants: self.end_client(id, RevokeReason::ByOperator, now),
            sessions: 0,
        })
    }

    fn open_grants(&self, which: impl Fn(&Grant) -> bool) -> Vec<Grant> {
        let grants = self.grants.values().map(|(grant, _)| grant);
        let open = grants.filter(|grant| grant.revoked_at.is_none() && which(grant));
        open.cloned().collect()
    }

    fn use_of(&self, client: Client) -> ClientUse {
        let open = self.open_grants(|grant| grant.client == client.id);
        let mut users: Vec<_> = open.iter().map(|grant| grant.user).collect();
        users.sort_unstable();
        users.dedup();
        ClientUse {
            client,
            grants: Capped::of(open.len() as u64),
            users: users.len() as u64,
            last_end: open.iter().map(|grant| grant.created_at).max(),
        }
    }
}

/// A page of `all`, which are in order, behind a cursor.
fn page<T>(all: Vec<T>, at: impl Fn(&T) -> Cursor, after: Option<&Cursor>, limit: u64) -> Vec<T> {
    let start = after.and_then(|after| all.iter().position(|row| at(row) == *after));
    let skip = start.map_or(0, |start| start + 1);
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    all.into_iter().skip(skip).take(limit).collect()
}

fn has(text: Option<&String>, values: [&str; 2]) -> bool {
    text.is_none_or(|text| {
        let text = text.to_lowercase();
        values
            .iter()
            .any(|value| value.to_lowercase().contains(&text))
    })
}

#[async_trait]
impl Admin for MemoryStore {
    async fn act(&self, act: Act, entry: Entry, now: DateTime<Utc>) -> Result<Acted, StoreError> {
        let mut tables = self.tables();
        let acted = tables.perform(act, now);
        let mut entry = match acted {
            Acted::Done(ended) => entry
                .with("grants", ended.grants)
                .with("sessions", ended.sessions),
            Acted::NotFound => entry.with("why", "not_found"),
            Acted::LastAdmin => entry.with("why", "last_admin"),
        };
        if !matches!(acted, Acted::Done(_)) {
            entry.outcome = Outcome::Refused;
        }
        tables.append_audit(vec![entry]);
        Ok(acted)
    }

    async fn find_users(
        &self,
        find: &FindUsers,
        after: Option<&Cursor>,
        limit: u64,
    ) -> Result<Vec<User>, StoreError> {
        let mut users = self.tables().users.clone();
        users.retain(|user| {
            has(find.text.as_ref(), [user.email.as_str(), &user.name])
                && find.active.is_none_or(|active| user.is_active() == active)
                && find.role.is_none_or(|role| user.roles.contains(role))
        });
        let place = |user: &User| Cursor {
            at: user.created_at,
            id: user.id.to_string(),
        };
        users.sort_by_key(|user| (user.created_at, user.id));
        Ok(page(users, place, after, limit))
    }

    async fn find_clients(
        &self,
        find: &FindClients,
        after: Option<&Cursor>,
        limit: u64,
    ) -> Result<Vec<ClientUse>, StoreError> {
        let tables = self.tables();
        let mut clients = tables.clients.clone();
        clients.retain(|client| {
            has(find.text.as_ref(), [&client.name, &client.id.0])
                && find.origin.is_none_or(|origin| client.origin == origin)
        });
        clients.sort_by_key(|client| std::cmp::Reverse((client.created_at, client.id.clone())));
        let place = |client: &Client| Cursor {
            at: client.created_at,
            id: client.id.0.clone(),
        };
        let found = page(clients, place, after, limit);
        Ok(found
            .into_iter()
            .map(|client| tables.use_of(client))
            .collect())
    }

    async fn client_use(&self, id: &ClientId) -> Result<Option<ClientUse>, StoreError> {
        let tables = self.tables();
        let found = tables.clients.iter().find(|client| client.id == *id);
        Ok(found.cloned().map(|client| tables.use_of(client)))
    }

    async fn find_grants(
        &self,
        find: &FindGrants,
        after: Option<&Cursor>,
        limit: u64,
    ) -> Result<Vec<GrantUse>, StoreError> {
        let tables = self.tables();
        let all = tables.grants.values().map(|(grant, _)| grant.clone());
        let mut grants: Vec<_> = all
            .filter(|grant| {
                find.user.is_none_or(|user| grant.user == user)
                    && find
                        .client
                        .as_ref()
                        .is_none_or(|client| grant.client == *client)
                    && (!find.open || grant.revoked_at.is_none())
            })
            .collect();
        grants.sort_by_key(|grant| std::cmp::Reverse((grant.created_at, grant.id)));
        let place = |grant: &Grant| Cursor {
            at: grant.created_at,
            id: grant.id.to_string(),
        };
        let named = |grant: Grant| {
            let client = tables
                .clients
                .iter()
                .find(|client| client.id == grant.client);
            Some(GrantUse {
                user: tables.user_of(grant.user)?,
                client: client.map_or_else(|| grant.client.0.clone(), |c| c.name.clone()),
                last_end: None,
                grant,
            })
        };
        let found = page(grants, place, after, limit);
        Ok(found.into_iter().filter_map(named).collect())
    }

    async fn count_grants(&self, user: UserId) -> Result<Capped, StoreError> {
        let open = self.tables().open_grants(|grant| grant.user == user);
        Ok(Capped::of(open.len() as u64))
    }
}
