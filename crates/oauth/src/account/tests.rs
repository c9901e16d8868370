use async_trait::async_trait;
use loop_shared::auth::scope::{Role, Scope};
use secrecy::{ExposeSecret as _, SecretString};

use super::*;
use crate::{
    client::ClientId,
    code::{AuthCode, CodeChallenge},
    grant::{Grant, GrantId, RevokeReason, RotationKey},
    login::{PasswordError, Passwords, Queue},
    oidc::Sid,
    secret::SecretHash,
    store::{
        Accounts as _, Clients as _, Consents as _, Grants as _, Sessions as _, Updated, Users as _,
    },
    testing::{World, client, user},
    user::{PasswordHash, User},
};

/// Keeps passwords as they are.
struct Plain;

#[async_trait]
impl Passwords for Plain {
    async fn verify(
        &self,
        password: SecretString,
        hash: Option<&PasswordHash>,
        _: Queue,
    ) -> Result<bool, PasswordError> {
        let known = hash.map(|hash| hash.0.expose_secret());
        Ok(known == Some(password.expose_secret()))
    }

    async fn hash(&self, password: SecretString) -> Result<PasswordHash, PasswordError> {
        Ok(PasswordHash(password))
    }
}

const OLD: &str = "$2b$04$double";

async fn person(world: &World, name: &str) -> (Session, User) {
    let user = user(name, Role::Member);
    world.store.add_user(&user).await.unwrap();
    let session = world.session(&user);
    world.store.add_session(&session).await.unwrap();
    (session, user)
}

async fn another(world: &World, user: &User, name: &str) -> Session {
    let hash = SecretHash::of(name);
    let session = Session {
        hash,
        sid: Sid::of_unnamed(&hash),
        ..world.session(user)
    };
    world.store.add_session(&session).await.unwrap();
    session
}

async fn grant(world: &World, number: u128, user: &User, app: &str, redeemed: bool) -> GrantId {
    world
        .store
        .add_client(&client(app, "https://app.example/cb"))
        .await
        .unwrap();
    let id = GrantId(uuid::Uuid::from_u128(number));
    let grant = Grant {
        id,
        user: user.id,
        client: ClientId(app.to_owned()),
        resource: format!("https://x/{number}"),
        more_resources: Vec::new(),
        scopes: Scope::McpRead.into(),
        created_at: world.now + TimeDelta::seconds(i64::try_from(number).unwrap()),
        revoked_at: None,
        rotation_key: RotationKey([1; 32]),
        identity: None,
    };
    let code = AuthCode {
        hash: SecretHash::of(&number.to_string()),
        grant: id,
        client: grant.client.clone(),
        redirect_uri: None,
        challenge: CodeChallenge::S256("c".repeat(43)),
        key: None,
        expires_at: world.now + TimeDelta::minutes(1),
        used_at: None,
    };
    world.store.add_grant(&grant, &code).await.unwrap();
    if redeemed {
        world
            .store
            .redeem_code(&code.hash, None, grant.created_at)
            .await
            .unwrap();
    }
    id
}

#[tokio::test]
async fn the_grants_of_one_client_are_one_app_and_what_was_never_taken_up_is_none() {
    let world = World::default();
    let (_, alice) = person(&world, "alice@example.com").await;
    let (_, bob) = person(&world, "bob@example.com").await;
    for (number, who, app, redeemed) in [
        (1, &alice, "a", true),
        (2, &alice, "b", true),
        (3, &alice, "a", true),
        (4, &alice, "c", false),
        (5, &bob, "c", true),
    ] {
        grant(&world, number, who, app, redeemed).await;
    }
    let apps = apps(&world.cx(), alice.id).await.unwrap();
    let shown: Vec<_> = apps
        .iter()
        .map(|app| (app.client.id.0.as_str(), app.resources.len()))
        .collect();
    assert_eq!(shown, [("a", 2), ("b", 1)]);
    assert_eq!(apps[0].used_at, world.now + TimeDelta::seconds(3));
    assert_eq!(apps[0].granted_at, world.now + TimeDelta::seconds(3));
}

#[tokio::test]
async fn disconnecting_ends_what_this_client_holds_of_this_person_and_nothing_else() {
    let world = World::default();
    let (_, alice) = person(&world, "alice@example.com").await;
    let (_, bob) = person(&world, "bob@example.com").await;
    let ended = [
        grant(&world, 1, &alice, "a", true).await,
        grant(&world, 2, &alice, "a", false).await,
    ];
    let kept = [
        grant(&world, 3, &alice, "b", true).await,
        grant(&world, 4, &bob, "a", true).await,
    ];
    for who in [&alice, &bob] {
        let consent = crate::consent::Consent {
            user: who.id,
            client: ClientId("a".to_owned()),
            resource: "https://x/1".to_owned(),
            scopes: Scope::McpRead.into(),
            identity: crate::oidc::IdentityScopes::NONE,
            given_at: world.now,
        };
        world.store.remember_consent(&consent).await.unwrap();
    }
    let app = ClientId("a".to_owned());
    assert_eq!(disconnect(&world.cx(), alice.id, &app).await.unwrap(), 2);
    assert_eq!(disconnect(&world.cx(), alice.id, &app).await.unwrap(), 0);
    for id in ended {
        assert_eq!(world.store.grant(id).unwrap().1, Some(RevokeReason::ByUser));
    }
    for id in kept {
        assert_eq!(world.store.grant(id).unwrap().1, None);
    }
    for (who, remembered) in [(&alice, false), (&bob, true)] {
        let found = world.store.consent(who.id, &app, "https://x/1").await;
        assert_eq!(found.unwrap().is_some(), remembered);
    }
}

#[tokio::test]
async fn sessions_are_listed_this_one_first_and_end_by_name_for_their_owner_alone() {
    let mut world = World::default();
    let (old, alice) = person(&world, "alice@example.com").await;
    let (_, bob) = person(&world, "bob@example.com").await;
    world.pass(TimeDelta::minutes(5));
    let current = another(&world, &alice, "laptop").await;
    world.pass(TimeDelta::minutes(5));
    let third = another(&world, &alice, "phone").await;
    let visit = Visit::new("Phone/1.0\r\n", Some([192, 0, 2, 1].into()), world.now);
    assert_eq!(visit.agent, "Phone/1.0");
    let noted = world.store.note_visit(&old.hash, &visit).await.unwrap();
    assert_eq!(noted, Updated::Now);
    let names = async |world: &World| -> Vec<Sid> {
        let all = sessions(&world.cx(), &current).await.unwrap();
        all.iter().map(|known| known.session.sid).collect()
    };
    assert_eq!(names(&world).await[0], current.sid);
    assert_eq!(names(&world).await.len(), 3);
    let foreign = end_session(&world.cx(), bob.id, third.sid).await.unwrap();
    assert_eq!(foreign, Updated::NotFound, "another person's");
    let own = end_session(&world.cx(), alice.id, third.sid).await.unwrap();
    assert_eq!(own, Updated::Now);
    assert_eq!(names(&world).await, [current.sid, old.sid]);
    assert_eq!(end_others(&world.cx(), &current).await.unwrap(), 1);
    assert_eq!(names(&world).await, [current.sid]);
    let bobs = world.store.sessions_of(bob.id, world.now, 9).await.unwrap();
    assert_eq!(bobs.len(), 1, "another person stays logged in");
}

#[tokio::test]
async fn a_password_is_changed_by_whoever_knows_it_and_every_other_session_ends() {
    let world = World::default();
    let (session, alice) = person(&world, "alice@example.com").await;
    another(&world, &alice, "phone").await;
    let change = async |current: &str, new: &str| {
        let typed = (current.into(), new.into());
        change_password(&world.cx(), &Plain, (&session, &alice), typed).await
    };
    for (current, new, why) in [
        ("wrong", "a longer one", "not right"),
        (OLD, "short", "short"),
        (OLD, &"x".repeat(73), "long"),
        (OLD, "eight\0chars", "NUL"),
        (OLD, OLD, "known already"),
        (OLD, "Alice@example.com", "known already"),
    ] {
        let error = change(current, new).await.unwrap_err();
        assert!(error.to_string().contains(why), "{new:?}: {error}");
    }
    assert!(world.store.session(&session.hash).await.unwrap().is_some());
    let new = change(OLD, "a longer one").await.unwrap();
    assert_ne!(new.session.hash, session.hash, "a new identifier");
    assert_eq!(new.session.sid, session.sid, "of the same session");
    let left = world
        .store
        .sessions_of(alice.id, world.now, 9)
        .await
        .unwrap();
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].session.hash, new.session.hash);
    let raced = change(OLD, "yet another").await.unwrap_err();
    assert!(matches!(raced, PasswordChangeError::Raced), "{raced}");
}

#[tokio::test]
async fn whoever_finds_a_browser_open_guesses_the_password_a_few_times_and_no_more() {
    let mut world = World::default();
    let (session, alice) = person(&world, "alice@example.com").await;
    let attempt = async |world: &World, current: &str| {
        let typed = (current.into(), "a longer one".into());
        change_password(&world.cx(), &Plain, (&session, &alice), typed)
            .await
            .unwrap_err()
    };
    for _ in 0..5 {
        let error = attempt(&world, "guess").await;
        assert!(matches!(error, PasswordChangeError::Wrong), "{error}");
    }
    let error = attempt(&world, OLD).await;
    assert!(matches!(error, PasswordChangeError::TooMany(_)), "{error}");
    world.pass(TimeDelta::minutes(1));
    let error = attempt(&world, "guess").await;
    assert!(matches!(error, PasswordChangeError::Wrong), "{error}");
}

#[test]
fn a_login_is_recent_for_ten_minutes() {
    let world = World::default();
    let session = world.session(&user("alice@example.com", Role::Member));
    for (seconds, expected) in [(0, true), (599, true), (600, false)] {
        let now = world.now + TimeDelta::seconds(seconds);
        assert_eq!(is_recent(&session, now), expected, "{seconds}");
    }
}

#[test]
fn what_a_browser_says_of_itself_is_bounded() {
    let visit = Visit::new(&"가".repeat(1_000), None, DateTime::UNIX_EPOCH);
    assert_eq!(visit.agent.chars().count(), MAX_AGENT_CHARS);
}
