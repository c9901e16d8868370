//! What administrators look at and do: pages by key, acts with their record in one step, links once.

use loop_oauth::{
    client::ClientOrigin,
    invitation::{Invitation, InvitationId},
    store::{
        Accepted, Act, Acted, Admin as _, AuditLog as _, Cursor, Ended, FindClients, FindGrants,
        FindUsers, Grants as _, Invitations as _, Sessions as _, Users as _,
    },
    user::User,
};
use loop_shared::{
    audit::{Entry, Outcome},
    auth::scope::{Role, Roles},
};

use super::{Db, at, client, code, grant, hash, id, session, user, with_family, with_people};
use crate::SqlStore;

pub(super) fn entry(event: &'static str) -> Entry {
    Entry::new(at(1), event, Outcome::Done)
}

fn invitation(name: &str) -> Invitation {
    Invitation {
        id: InvitationId(id(name)),
        hash: hash(name),
        user: None,
        email: user(name).email,
        name: name.to_owned(),
        roles: Roles::from(Role::Member),
        created_at: at(0),
        expires_at: at(1_000),
        used_at: None,
        revoked_at: None,
    }
}

pub(super) async fn call_everything(store: &SqlStore) {
    let (alice, app, family) = (user("alice"), client("app"), grant("family"));
    let after = Cursor {
        at: at(0),
        id: "x".to_owned(),
    };
    for after in [None, Some(&after)] {
        for find in [
            FindGrants::default(),
            grants_of(Some(&alice), None),
            grants_of(None, Some("app")),
        ] {
            store.find_grants(&find, after, 2).await.unwrap();
        }
        store
            .find_users(&FindUsers::default(), after, 2)
            .await
            .unwrap();
        store
            .find_clients(&FindClients::default(), after, 2)
            .await
            .unwrap();
        store.invitations(after, 2).await.unwrap();
    }
    store.client_use(&app.id).await.unwrap();
    store.count_grants(alice.id).await.unwrap();
    for act in [
        Act::EndSessions(alice.id),
        Act::Forget(alice.id, loop_oauth::store::Means::ALL),
        Act::RevokeGrantsOf(alice.id),
        Act::RevokeGrant(family.id),
        Act::RevokeClient(app.id.clone()),
    ] {
        store.act(act, entry("act"), at(1)).await.unwrap();
    }
    let made = invitation("guest");
    store.add_invitation(&made, entry("invited")).await.unwrap();
    store.invitation(&made.hash).await.unwrap();
    store
        .revoke_invitation(made.id, entry("x"), at(1))
        .await
        .unwrap();
}

fn grants_of(user: Option<&User>, client: Option<&str>) -> FindGrants {
    FindGrants {
        user: user.map(|user| user.id),
        client: client.map(|id| loop_oauth::client::ClientId(id.to_owned())),
        open: true,
    }
}

#[tokio::test]
async fn pages_by_key_show_every_row_once_and_in_order() {
    let db = Db::new();
    let store = with_people(&db).await;
    for number in 0..7 {
        let mut grant = grant(&format!("grant {number}"));
        // Some of one moment.
        grant.created_at = at(number / 3);
        let code = code(&format!("code {number}"), &grant);
        store.add_grant(&grant, &code).await.unwrap();
        let mut user = user(&format!("user{number}"));
        user.created_at = at(number / 2);
        store.add_user(&user).await.unwrap();
    }
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = store
            .find_grants(&FindGrants::default(), after.as_ref(), 2)
            .await
            .unwrap();
        let Some(last) = page.last() else { break };
        after = Some(Cursor {
            at: last.grant.created_at,
            id: last.grant.id.to_string(),
        });
        seen.extend(
            page.into_iter()
                .map(|it| (it.grant.created_at, it.grant.id)),
        );
    }
    assert_eq!(seen.len(), 7);
    assert!(seen.is_sorted_by(|a, b| a > b), "{seen:?}");
    let find = FindUsers {
        text: Some("USER".to_owned()),
        ..FindUsers::default()
    };
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = store.find_users(&find, after.as_ref(), 3).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(Cursor {
            at: last.created_at,
            id: last.id.to_string(),
        });
        seen.extend(page.into_iter().map(|user| (user.created_at, user.id)));
    }
    assert_eq!(seen.len(), 7, "alice has another name");
    assert!(seen.is_sorted(), "{seen:?}");
}

#[tokio::test]
async fn a_search_takes_its_words_as_they_are() {
    let db = Db::new();
    let store = with_people(&db).await;
    for (text, expected) in [
        ("ali", 1),
        ("ALICE@", 1),
        ("김", 1),
        ("%", 0),
        ("_", 0),
        ("\\", 0),
        ("alice' OR '1'='1", 0),
        ("nul\0", 0),
    ] {
        let find = FindUsers {
            text: Some(text.to_owned()),
            ..FindUsers::default()
        };
        let found = store.find_users(&find, None, 10).await.unwrap();
        assert_eq!(found.len(), expected, "{text:?}");
    }
    let of = |active, role| FindUsers {
        text: None,
        active,
        role,
    };
    for (find, expected) in [
        (of(Some(true), None), 1),
        (of(Some(false), None), 0),
        (of(None, Some(Role::Admin)), 1),
        (of(None, Some(Role::Exec)), 0),
    ] {
        let found = store.find_users(&find, None, 10).await.unwrap();
        assert_eq!(found.len(), expected, "{find:?}");
    }
    let find = FindClients {
        text: Some("CLIENT".to_owned()),
        origin: Some(ClientOrigin::Dynamic),
    };
    assert_eq!(store.find_clients(&find, None, 10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn an_act_and_its_record_are_one_step_and_say_what_ended() {
    let db = Db::new();
    let store = with_people(&db).await;
    let mut root = user("root");
    root.roles = Role::Admin.into();
    store.add_user(&root).await.unwrap();
    with_family(&store, "family", "t1").await;
    store.add_session(&session("cookie")).await.unwrap();
    let alice = user("alice").id;
    let done = store
        .act(Act::Disable(alice), entry("user_disabled"), at(5))
        .await
        .unwrap();
    assert_eq!(
        done,
        Acted::Done(Ended {
            grants: 1,
            sessions: 1
        })
    );
    let last = store
        .act(Act::Disable(root.id), entry("user_disabled"), at(5))
        .await
        .unwrap();
    assert_eq!(last, Acted::LastAdmin);
    let demoted = Act::SetRoles(root.id, Role::Exec.into());
    assert_eq!(
        store.act(demoted, entry("roles_set"), at(5)).await.unwrap(),
        Acted::LastAdmin
    );
    assert!(store.user(root.id).await.unwrap().unwrap().is_active());
    let log = store.audit_after(0, 10).await.unwrap();
    let said: Vec<_> = log
        .iter()
        .map(|record| (record.entry.outcome, record.entry.details.len()))
        .collect();
    let (done, refused) = (Outcome::Done, Outcome::Refused);
    assert_eq!(said, [(done, 2), (refused, 1), (refused, 1)]);
    store
        .act(Act::Enable(alice), entry("user_enabled"), at(6))
        .await
        .unwrap();
    assert!(store.user(alice).await.unwrap().unwrap().is_active());
}

#[tokio::test]
async fn of_two_administrators_who_demote_each_other_one_stays() {
    let db = Db::new();
    let (one, two) = (db.open().await, db.open().await);
    let (a, b) = (user("a"), user("b"));
    one.add_user(&a).await.unwrap();
    one.add_user(&b).await.unwrap();
    let first = one.act(Act::SetRoles(a.id, Role::Member.into()), entry("x"), at(1));
    let second = two.act(Act::SetRoles(b.id, Role::Member.into()), entry("x"), at(1));
    let (first, second) = tokio::join!(first, second);
    let refused = [first.unwrap(), second.unwrap()];
    assert_eq!(
        refused.iter().filter(|it| **it == Acted::LastAdmin).count(),
        1
    );
}

#[tokio::test]
async fn a_link_works_once_on_all_replicas() {
    let db = Db::new();
    let (one, two) = (db.open().await, db.open().await);
    let made = invitation("guest");
    one.add_invitation(&made, entry("invited")).await.unwrap();
    assert_eq!(
        two.invitation(&made.hash).await.unwrap(),
        Some(made.clone())
    );
    let guest = |name: &str| User {
        id: loop_oauth::user::UserId(id(name)),
        created_at: at(10),
        ..user("guest")
    };
    let (a, b) = (guest("first"), guest("second"));
    let (a, b) = tokio::join!(
        one.accept_invitation(&made, &a, entry("accepted")),
        two.accept_invitation(&made, &b, entry("accepted"))
    );
    let mut got = [a.unwrap(), b.unwrap()].map(|it| it == Accepted::Now);
    got.sort_unstable();
    assert_eq!(got, [false, true]);
    let late = invitation("late");
    one.add_invitation(&late, entry("invited")).await.unwrap();
    let after = User {
        created_at: at(1_000),
        ..user("late")
    };
    let accepted = one
        .accept_invitation(&late, &after, entry("accepted"))
        .await;
    assert_eq!(accepted.unwrap(), Accepted::Gone, "at its exact end");
}
