//! More logins than passwords can be checked, and who gets in all the same.

use std::{
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    time::Duration,
};

use futures_util::future::join_all;

use super::{
    forms::{log_in, try_login},
    *,
};

const KIM: &str = "kim@example.com";
/// Strangers who try at once, where two may wait.
const STRANGERS: usize = 8;

/// In which everything is long done.
const PATIENCE: Duration = Duration::from_secs(100);

#[actix_web::test]
async fn a_flood_of_strangers_is_sent_away_and_keeps_nobody_out_who_was_there_before() {
    let server = Server::start_with(Setup {
        passwords: Some(Arc::new(BcryptPasswords::new(9, 1, 2).unwrap())),
        ..Setup::default()
    })
    .await;
    server.user(KIM, "member").await;
    let own = Browser::new().from_address("198.51.100.1");
    log_in(&server, &own, KIM).await;
    let (over, sent_away) = (AtomicBool::new(false), AtomicUsize::new(0));
    let (server, over, sent_away) = (&server, &over, &sent_away);
    let stranger = |number: usize| async move {
        for turn in 0.. {
            if over.load(Ordering::Relaxed) {
                return;
            }
            let bot = Browser::new().from_address(&format!("10.{number}.0.{}", turn % 256));
            let email = format!("nobody{number}.{turn}@example.com");
            let answer = try_login(server, &bot, &email, "from-a-leak").await;
            let status = answer.status();
            assert!(matches!(status.as_u16(), 400 | 503), "{status}");
            sent_away.fetch_add(usize::from(status == 503), Ordering::Relaxed);
        }
    };
    let returning = async {
        let mut seen = 0;
        for _ in 0..3 {
            // Each time, strangers have filled their queue once more.
            while sent_away.load(Ordering::Relaxed) < seen + STRANGERS {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            seen = sent_away.load(Ordering::Relaxed);
            let answer = try_login(server, &own, KIM, PASSWORD).await;
            assert_eq!(answer.status(), 303);
        }
        over.store(true, Ordering::Relaxed);
    };
    let strangers = join_all((0..STRANGERS).map(stranger));
    let all = async { tokio::join!(strangers, returning) };
    let done = tokio::time::timeout(PATIENCE, all).await;
    assert!(done.is_ok(), "strangers are not sent away: {sent_away:?}");
}
