use futures_util::future::join_all;
use loop_shared::auth::scope::Role;

use uuid::Uuid;

use super::*;
use crate::{
    session::Methods,
    store::{Passkeys as _, Sessions as _, Users as _},
    testing::{World, user},
};

/// Answers are `challenge/user/id/counter`; a credential is its last counter.
struct Double;

fn parts(text: &str) -> Result<[&str; 4], CeremonyFailed> {
    let all: Vec<&str> = text.split('/').collect();
    all.try_into()
        .map_err(|_| CeremonyFailed("unreadable".to_owned()))
}

impl Ceremonies for Double {
    fn possible(&self) -> bool {
        true
    }

    fn begin_adding(&self, _: &User, known: &[Passkey]) -> Result<Begun, CeremonyFailed> {
        let options = format!("add beside {}", known.len());
        let state = "a".to_owned();
        Ok(Begun { options, state })
    }

    fn finish_adding(&self, state: &str, answer: &str) -> Result<(String, String), CeremonyFailed> {
        let [challenge, _, id, counter] = parts(answer)?;
        if challenge != state {
            return Err(CeremonyFailed("another challenge".to_owned()));
        }
        Ok((id.to_owned(), counter.to_owned()))
    }

    fn begin_login(&self) -> Result<Begun, CeremonyFailed> {
        let state = "l".to_owned();
        let options = "any key".to_owned();
        Ok(Begun { options, state })
    }

    fn claimed(&self, answer: &str) -> Result<(Uuid, String), CeremonyFailed> {
        let [_, user, id, _] = parts(answer)?;
        let user = user
            .parse()
            .map_err(|_| CeremonyFailed("nobody".to_owned()))?;
        Ok((user, id.to_owned()))
    }

    fn finish_login(
        &self,
        state: &str,
        answer: &str,
        credential: &str,
    ) -> Result<String, CeremonyFailed> {
        let [challenge, _, _, counter] = parts(answer)?;
        let number = |text: &str| text.parse::<u32>().unwrap_or(0);
        if challenge != state || number(counter) <= number(credential) {
            return Err(CeremonyFailed("another challenge, or a copy".to_owned()));
        }
        Ok(counter.to_owned())
    }
}

async fn person(world: &World, name: &str) -> (Session, User) {
    let user = user(name, Role::Member);
    world.store.add_user(&user).await.unwrap();
    (world.session(&user), user)
}

async fn add(world: &World, who: (&Session, &User), id: &str) -> Result<(), PasskeyError> {
    let (raw, _) = begin_adding(&world.cx(), &Double, who).await?;
    let answer = format!("a//{id}/1");
    finish_adding(&world.cx(), &Double, who, &raw, (&answer, "Laptop")).await
}

async fn begun(world: &World) -> RawCeremony {
    begin_login(&world.cx(), &Double, None).await.unwrap().0
}

fn answer(user: &User, id: &str, counter: u32) -> String {
    format!("l/{}/{id}/{counter}", user.id)
}

#[tokio::test]
async fn a_key_is_added_by_a_fresh_login_and_signs_its_owner_in() {
    let world = World::default();
    let (session, kim) = person(&world, "kim@example.com").await;
    add(&world, (&session, &kim), "k").await.unwrap();
    let raw = begun(&world).await;
    let (new, who) = finish_login(&world.cx(), &Double, &raw, &answer(&kim, "k", 2), None)
        .await
        .unwrap();
    assert_eq!(who.id, kim.id);
    let (stored, _) = world
        .store
        .session(&new.session.hash)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(stored.how, Methods::from(Method::Passkey));
    let keys = world.store.passkeys(kim.id).await.unwrap();
    assert_eq!(
        (keys[0].credential.as_str(), keys[0].used_at),
        ("2", Some(world.now))
    );
    let again = add(&world, (&session, &kim), "k").await;
    assert!(matches!(again, Err(PasskeyError::NoRoom)), "{again:?}");
}

#[tokio::test]
async fn an_answer_is_good_once_even_for_many_at_once() {
    let world = World::default();
    let (session, kim) = person(&world, "kim@example.com").await;
    add(&world, (&session, &kim), "k").await.unwrap();
    let raw = begun(&world).await;
    let (cx, said) = (world.cx(), answer(&kim, "k", 2));
    let calls = (0..5).map(|_| finish_login(&cx, &Double, &raw, &said, None));
    let won = join_all(calls).await.into_iter().flatten().count();
    assert_eq!(won, 1);
    let other = begun(&world).await;
    let wrong = finish_login(&cx, &Double, &other, "x/y", None).await;
    assert!(matches!(wrong, Err(PasskeyError::Refused(_))), "{wrong:?}");
    let second = finish_login(&cx, &Double, &other, &answer(&kim, "k", 3), None).await;
    assert!(
        matches!(second, Err(PasskeyError::Gone)),
        "a challenge has one answer"
    );
}

#[tokio::test]
async fn a_copy_of_a_key_is_refused_by_its_counter() {
    let world = World::default();
    let (session, kim) = person(&world, "kim@example.com").await;
    add(&world, (&session, &kim), "k").await.unwrap();
    for (counter, signs_in) in [(5, true), (5, false), (4, false), (6, true)] {
        let raw = begun(&world).await;
        let said = answer(&kim, "k", counter);
        let got = finish_login(&world.cx(), &Double, &raw, &said, None).await;
        assert_eq!(got.is_ok(), signs_in, "{counter}");
    }
    let (one, two) = (begun(&world).await, begun(&world).await);
    let (cx, said) = (world.cx(), answer(&kim, "k", 7));
    let calls = [&one, &two].map(|raw| finish_login(&cx, &Double, raw, &said, None));
    let won = join_all(calls).await.into_iter().flatten().count();
    assert_eq!(won, 1, "key and copy at the same moment");
}

#[tokio::test]
async fn keys_of_strangers_of_other_accounts_and_of_the_disabled_open_nothing() {
    let world = World::default();
    let (session, kim) = person(&world, "kim@example.com").await;
    let (_, lee) = person(&world, "lee@example.com").await;
    add(&world, (&session, &kim), "k").await.unwrap();
    for said in [
        answer(&kim, "unknown", 9),
        answer(&lee, "k", 9),
        "l/nobody/k/9".to_owned(),
        "x".repeat(MAX_ANSWER_BYTES + 1),
    ] {
        let raw = begun(&world).await;
        let got = finish_login(&world.cx(), &Double, &raw, &said, None).await;
        assert!(matches!(got, Err(PasskeyError::Refused(_))), "{got:?}");
    }
    world.store.disable_user(kim.id, world.now).await.unwrap();
    let raw = begun(&world).await;
    let got = finish_login(&world.cx(), &Double, &raw, &answer(&kim, "k", 9), None).await;
    assert!(matches!(got, Err(PasskeyError::Refused(_))), "{got:?}");
}

#[tokio::test]
async fn a_challenge_is_of_one_ceremony_and_one_person_and_of_five_minutes() {
    let mut world = World::default();
    let (session, kim) = person(&world, "kim@example.com").await;
    let (other, lee) = person(&world, "lee@example.com").await;
    let adding = async |world: &World| {
        let begun = begin_adding(&world.cx(), &Double, (&session, &kim)).await;
        begun.unwrap().0
    };
    let mine = adding(&world).await;
    let theirs = finish_adding(&world.cx(), &Double, (&other, &lee), &mine, ("a//k/1", "")).await;
    assert!(matches!(theirs, Err(PasskeyError::Gone)), "{theirs:?}");
    let mine = adding(&world).await;
    let login = finish_login(&world.cx(), &Double, &mine, &answer(&kim, "k", 2), None).await;
    assert!(matches!(login, Err(PasskeyError::Gone)), "{login:?}");
    let late = adding(&world).await;
    world.pass(CEREMONY_TTL);
    let got = finish_adding(
        &world.cx(),
        &Double,
        (&session, &kim),
        &late,
        ("a//k/1", ""),
    )
    .await;
    assert!(matches!(got, Err(PasskeyError::Gone)), "{got:?}");
    world.pass(TimeDelta::minutes(5));
    let old = begin_adding(&world.cx(), &Double, (&session, &kim)).await;
    assert!(matches!(old, Err(PasskeyError::Old)), "{old:?}");
    let old = remove(&world.cx(), (&session, &kim), "k").await;
    assert!(matches!(old, Err(PasskeyError::Old)), "{old:?}");
}

#[tokio::test]
async fn nobody_removes_the_key_of_somebody_else_and_an_account_has_twenty() {
    let world = World::default();
    let (session, kim) = person(&world, "kim@example.com").await;
    let (other, lee) = person(&world, "lee@example.com").await;
    for n in 0..20 {
        add(&world, (&session, &kim), &format!("k{n}"))
            .await
            .unwrap();
    }
    let more = add(&world, (&session, &kim), "k20").await;
    assert!(matches!(more, Err(PasskeyError::NoRoom)), "{more:?}");
    let cx = world.cx();
    let foreign = remove(&cx, (&other, &lee), "k1").await.unwrap();
    assert_eq!(foreign, Updated::NotFound);
    let own = remove(&cx, (&session, &kim), "k1").await.unwrap();
    assert_eq!(own, Updated::Now);
    let raw = begun(&world).await;
    let gone = finish_login(&cx, &Double, &raw, &answer(&kim, "k1", 9), None).await;
    assert!(matches!(gone, Err(PasskeyError::Refused(_))), "{gone:?}");
}

#[tokio::test]
async fn whoever_begins_logins_without_end_is_sent_away() {
    let world = World::default();
    let from = Some([192, 0, 2, 1].into());
    for _ in 0..30 {
        begin_login(&world.cx(), &Double, from).await.unwrap();
    }
    let more = begin_login(&world.cx(), &Double, from).await;
    assert!(matches!(more, Err(PasskeyError::TooMany(_))), "{more:?}");
    let other = begin_login(&world.cx(), &Double, Some([192, 0, 2, 2].into())).await;
    assert!(other.is_ok());
}
