//! Two replicas on one table, and one that starts again.

use loop_testkit::postgres::Schema;

use super::*;

const NOW: i64 = 1_800_000_000;

fn seen(running: usize, trouble: Option<&str>, users: &[&str]) -> Vec<Seen> {
    vec![Seen {
        server: "files".to_owned(),
        running,
        trouble: trouble.map(str::to_owned),
        users: users.iter().map(ToString::to_string).collect(),
    }]
}

async fn stays_over_restarts_and_replicas(place: &Place) {
    let one = Register::open(place, "one".to_owned()).await.unwrap();
    let two = Register::open(place, "two".to_owned()).await.unwrap();
    assert!(one.known(NOW).await.unwrap().is_empty());
    let first = seen(1, Some("it died"), &["alice", "bob"]);
    assert!(one.differs(&first));
    one.note(&first, NOW).await.unwrap();
    assert!(!one.differs(&first));
    two.note(&seen(2, None, &["bob", "carol"]), NOW + 10)
        .await
        .unwrap();
    one.note(&seen(1, None, &["alice"]), NOW + 20)
        .await
        .unwrap();
    let known = two.known(NOW + 20).await.unwrap().remove("files").unwrap();
    let expected = Known {
        running: 3,
        replicas: 2,
        users: 3,
        used_at: Some(NOW + 20),
        trouble: Some(("it died".to_owned(), NOW)),
    };
    assert_eq!(known, expected);

    // The same trouble again keeps its time, another one is newer.
    one.note(&seen(0, Some("it died again"), &[]), NOW + 30)
        .await
        .unwrap();
    one.note(&seen(0, Some("it died again"), &[]), NOW + 40)
        .await
        .unwrap();
    drop((one, two));
    let again = Register::open(place, "one".to_owned()).await.unwrap();
    let known = again
        .known(NOW + 105)
        .await
        .unwrap()
        .remove("files")
        .unwrap();
    assert_eq!(
        (known.running, known.replicas),
        (0, 1),
        "the other has not been heard of for long"
    );
    assert_eq!(known.trouble, Some(("it died again".to_owned(), NOW + 30)));
    assert_eq!(known.users, 3);

    let month = 30 * 24 * 60 * 60;
    again
        .note(&seen(0, None, &["alice"]), NOW + month + 15)
        .await
        .unwrap();
    let known = again
        .known(NOW + month + 15)
        .await
        .unwrap()
        .remove("files")
        .unwrap();
    assert_eq!(known.users, 1, "the others are forgotten");
}

#[tokio::test]
async fn what_is_known_of_a_server_stays_over_restarts_and_replicas() {
    let folder = tempfile::tempdir().unwrap();
    let place = Place::File(folder.path().join("servers.db"));
    stays_over_restarts_and_replicas(&place).await;
}

#[tokio::test]
async fn what_is_known_of_a_server_stays_in_postgresql_too() {
    let Some(database) = Schema::new() else {
        return;
    };
    let place = Place::Postgres(database.url().into());
    stays_over_restarts_and_replicas(&place).await;
}

#[tokio::test]
async fn an_error_is_kept_with_a_most() {
    let folder = tempfile::tempdir().unwrap();
    let place = Place::File(folder.path().join("servers.db"));
    let register = Register::open(&place, "one".to_owned()).await.unwrap();
    let long = "한".repeat(LONGEST + 1);
    register
        .note(&seen(0, Some(&long), &[]), NOW)
        .await
        .unwrap();
    let known = register.known(NOW).await.unwrap().remove("files").unwrap();
    assert_eq!(known.trouble.unwrap().0.chars().count(), LONGEST);
}
