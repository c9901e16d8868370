//! How a session lasts: refreshes, restarts, a provider that is down, an end that comes.

use std::os::unix::fs::PermissionsExt as _;

use futures_util::future::join_all;
use loop_testkit::OpenId;

use super::{Setup, TestSite};

fn later(site: &TestSite, seconds: i64) {
    site.clock.advance(seconds);
    site.issuer.openid(OpenId {
        now: site.clock.now(),
        ..OpenId::default()
    });
}

fn refreshes(site: &TestSite) -> usize {
    let asked = site.issuer.asked();
    let refreshing = |asked: &&std::collections::HashMap<String, String>| {
        asked
            .get("grant_type")
            .is_some_and(|grant| grant == "refresh_token")
    };
    asked.iter().filter(refreshing).count()
}

#[tokio::test]
async fn an_old_token_is_refreshed_once_however_many_pages_are_asked_for() {
    let site = TestSite::start();
    let (browser, _) = site.signed_in().await;
    later(&site, 3_601);
    let pages = (0..12).map(|_| site.is_in(&browser));
    assert!(join_all(pages).await.into_iter().all(|is_in| is_in));
    assert_eq!(
        refreshes(&site),
        1,
        "one request refreshes, the others wait for it"
    );
    later(&site, 3_601);
    assert!(
        site.is_in(&browser).await,
        "the rotated token is the one that is used"
    );
    assert_eq!(refreshes(&site), 2);
}

#[tokio::test]
async fn a_provider_that_is_down_costs_nothing_while_the_token_lasts_and_little_after() {
    let mut site = TestSite::start();
    let (browser, _) = site.signed_in().await;
    site.issuer.stop();
    assert!(site.is_in(&browser).await);
    site.clock.advance(3_575);
    assert!(
        site.is_in(&browser).await,
        "due for a refresh, and still good"
    );
    later(&site, 100);
    assert_eq!(browser.get(&site.at("/app/")).await.status(), 503);
    site.issuer.restart();
    assert!(site.is_in(&browser).await, "nobody has to sign in again");
}

#[tokio::test]
async fn a_refresh_that_is_refused_ends_the_session() {
    let site = TestSite::start();
    let (browser, _) = site.signed_in().await;
    site.clock.advance(3_700);
    site.issuer.openid(OpenId {
        now: site.clock.now(),
        token_status: 400,
        ..OpenId::default()
    });
    assert_eq!(browser.get(&site.at("/app/")).await.status(), 303);
    site.issuer.openid(OpenId {
        now: site.clock.now(),
        ..OpenId::default()
    });
    assert_eq!(
        browser.get(&site.at("/app/")).await.status(),
        303,
        "it stays ended"
    );
}

#[tokio::test]
async fn a_refresh_cannot_turn_one_person_into_another() {
    let site = TestSite::start();
    let (browser, _) = site.signed_in().await;
    site.clock.advance(3_700);
    let subject = "user-2".to_owned();
    site.issuer.openid(OpenId {
        now: site.clock.now(),
        subject,
        ..OpenId::default()
    });
    assert_eq!(browser.get(&site.at("/app/")).await.status(), 303);
}

#[tokio::test]
async fn a_refresh_brings_what_the_person_may_do_now() {
    let site = TestSite::start();
    let (browser, _) = site.signed_in().await;
    site.clock.advance(3_700);
    let scope = "kpi:read".to_owned();
    site.issuer.openid(OpenId {
        now: site.clock.now(),
        scope,
        ..OpenId::default()
    });
    let text = browser.get(&site.at("/app/")).await.text().await.unwrap();
    assert!(
        text.contains("kpi:read") && !text.contains("mcp:read"),
        "{text}"
    );
}

#[tokio::test]
async fn a_session_ends_after_its_time_whatever_happens_in_it() {
    let site = TestSite::start();
    let (browser, _) = site.signed_in().await;
    for _ in 0..11 {
        later(&site, 3_600);
        assert!(site.is_in(&browser).await);
    }
    later(&site, 3_600);
    assert_eq!(browser.get(&site.at("/app/")).await.status(), 303);
}

#[tokio::test]
async fn a_restart_signs_nobody_out_when_there_is_a_folder_and_keeps_nothing_readable_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("sessions");
    let setup = Setup {
        state: Some(state.clone()),
        ..Setup::default()
    };
    let site = TestSite::with(&setup);
    let (browser, csrf) = site.signed_in().await;
    let id = browser.cookies()["loop_test"].clone();
    let site = site.restarted(&setup);
    assert!(site.is_in(&browser).await);
    let files: Vec<_> = std::fs::read_dir(&state)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    assert_eq!(files.len(), 1);
    let (name, text) = (
        files[0].display().to_string(),
        std::fs::read_to_string(&files[0]).unwrap(),
    );
    for secret in [
        id.as_str(),
        csrf.as_str(),
        "refresh-",
        "user-1",
        "eyJhbGciOiJSUzI1NiI",
    ] {
        assert!(!name.contains(secret) && !text.contains(secret), "{secret}");
    }
    let mode =
        |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&state), mode(&files[0])), (0o700, 0o600));
    // Without the folder, a restart asks for a login, which is one redirect for whoever is signed in at the issuer.
    let site = site.restarted(&Setup::default());
    assert!(!site.is_in(&browser).await);
    let (url, response) = site.visit(&browser, "/app/").await;
    assert_eq!((url.path(), response.status().as_u16()), ("/app/", 200));
}

#[tokio::test]
async fn files_of_sessions_that_were_moved_or_damaged_open_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().to_path_buf();
    let setup = Setup {
        state: Some(state.clone()),
        ..Setup::default()
    };
    let site = TestSite::with(&setup);
    let (browser, _) = site.signed_in().await;
    let file = std::fs::read_dir(&state)
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    // The thief renames the victim's file to the hash of an id of their own.
    let own = "a".repeat(43);
    let key = super::super::session::SessionKey::of(&own).0;
    std::fs::rename(&file, state.join(format!("{key}.session"))).unwrap();
    std::fs::write(state.join("junk.session"), "junk").unwrap();
    let site = site.restarted(&setup);
    let http = reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap();
    let request = http
        .get(site.at("/app/"))
        .header("Cookie", format!("loop_test={own}"));
    assert_eq!(request.send().await.unwrap().status(), 303);
    assert!(!site.is_in(&browser).await);
    assert_eq!(
        std::fs::read_dir(&state).unwrap().count(),
        0,
        "and they are gone"
    );
}
