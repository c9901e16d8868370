use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use loop_shared::service::config::ExternalUrl;
use loop_shared::service::{Clock as _, SystemClock};
use loop_testkit::acme::{Directory, Faults};
use loop_testkit::free_port;
use proptest::prelude::*;
use tempfile::TempDir;

use super::client::later;
use super::error::AcmeError;
use super::keeper::Tried;
use super::order::Pace;
use super::wire::{Authorization, Directory as Index, Order, Problem};
use super::*;
use crate::tls::{Material, Plain};

/// What goes wrong.
type Fault = fn(&mut Faults);

const HOST: &str = "mcp.example.com";

/// A directory, a folder, and a listener where the directory asks.
struct Setting {
    directory: Directory,
    config: AcmeConfig,
    _listener: ServerHandle,
    _folder: TempDir,
}

fn setting(lifetime: i64) -> Setting {
    let folder = tempfile::tempdir().unwrap();
    let port = free_port();
    let directory = Directory::start(port, lifetime);
    let config = AcmeConfig {
        directory: directory.url().parse().unwrap(),
        roots: Vec::new(),
        email: Some("me@example.com".to_owned()),
        host: HOST.to_owned(),
        folder: folder.path().join("acme"),
    };
    let plain = Plain {
        external: ExternalUrl::parse("https://mcp.example.com").unwrap(),
        challenges: Some(config.challenges()),
    };
    let listener = plain.serve(([127, 0, 0, 1], port).into()).unwrap();
    Setting {
        directory,
        config,
        _listener: listener,
        _folder: folder,
    }
}

impl Setting {
    fn keeper(&self) -> Keeper {
        let pace = Pace {
            look: Duration::from_millis(5),
            patience: Duration::from_secs(5),
        };
        Keeper::at_pace(self.config.clone(), pace)
    }

    fn certificate(&self) -> Option<Material> {
        let file = self.config.certificate();
        Material::read(&file, &file, SystemClock.now().timestamp()).ok()
    }
}

#[actix_web::test]
async fn a_certificate_is_ordered_to_the_letter_of_the_rfc_and_kept_for_its_owner_alone() {
    let setting = setting(90 * 86_400);
    let keeper = setting.keeper();
    assert!(keeper.due() <= 0);
    assert_eq!(keeper.order().await.unwrap(), Tried::Bought);
    assert_eq!(setting.directory.complaints(), Vec::<String>::new());
    let material = setting.certificate().unwrap();
    assert!(material.is_for(HOST) && material.chain.len() == 2);
    for file in ["certificate.pem", "account.key", "lock"] {
        let found = std::fs::metadata(setting.config.folder.join(file)).unwrap();
        assert_eq!(found.permissions().mode() & 0o777, 0o600, "{file}");
    }
    let left = std::fs::read_dir(setting.config.folder.join("challenges")).unwrap();
    assert_eq!(left.count(), 0);
    // Nothing to do for two months; then with the same account.
    let now = SystemClock.now().timestamp();
    assert!(keeper.due() > now + 59 * 86_400);
    assert_eq!(keeper.order().await.unwrap(), Tried::Elsewhere);
    std::fs::remove_file(setting.config.certificate()).unwrap();
    assert_eq!(keeper.order().await.unwrap(), Tried::Bought);
    assert_eq!(
        (setting.directory.accounts(), setting.directory.issued()),
        (1, 2)
    );
}

#[actix_web::test]
async fn nonces_that_are_not_taken_and_a_directory_that_works_slowly_cost_nothing() {
    let setting = setting(3600);
    setting.directory.fail(|faults| {
        faults.bad_nonces = 5;
        faults.slow = 3;
    });
    assert_eq!(setting.keeper().order().await.unwrap(), Tried::Bought);
    assert_eq!(setting.directory.complaints(), Vec::<String>::new());
    // One that takes none is given up.
    std::fs::remove_file(setting.config.certificate()).unwrap();
    setting
        .directory
        .fail(|faults| faults.bad_nonces = u32::MAX);
    let why = setting.keeper().order().await.unwrap_err();
    assert!(
        matches!(&why, AcmeError::Refused { problem, .. } if problem.is("badNonce")),
        "{why}"
    );
}

#[actix_web::test]
async fn whatever_goes_wrong_the_last_good_certificate_stays() {
    let setting = setting(3600);
    setting.keeper().order().await.unwrap();
    let good = setting.certificate().unwrap();
    let file = setting.config.certificate();
    // A keeper of another name has no certificate yet.
    let pem = std::fs::read(&file).unwrap();
    let faults: [(Fault, &str); 7] = [
        (
            |it| it.disbelieves = true,
            "does not believe that the name is ours",
        ),
        (|it| it.other_key = true, "is not that of the certificate"),
        (|it| it.other_name = true, "for another name"),
        (
            |it| it.elsewhere = Some("http://169.254.169.254".to_owned()),
            "leads elsewhere",
        ),
        (
            |it| it.token = Some("../../../etc/passwd".to_owned()),
            "token is none",
        ),
        (|it| it.rate_limited = Some(7200), "rateLimited"),
        (|it| it.slow = u32::MAX, "takes too long"),
    ];
    for (fault, says) in faults {
        setting.directory.fail(|it| *it = Faults::default());
        setting.directory.fail(fault);
        let other = AcmeConfig {
            host: "other.example.com".to_owned(),
            ..setting.config.clone()
        };
        let pace = Pace {
            look: Duration::from_millis(5),
            patience: Duration::from_millis(200),
        };
        let why = Keeper::at_pace(other, pace).order().await.unwrap_err();
        assert!(why.to_string().contains(says), "{why}: {says}");
        let expected = says.contains("rate").then(|| Duration::from_hours(2));
        assert_eq!(why.retry_after(), expected, "{why}");
        assert_eq!(std::fs::read(&file).unwrap(), pem, "{says}");
    }
    assert_eq!(
        setting.certificate().unwrap().fingerprint(),
        good.fingerprint()
    );
    assert_eq!(setting.directory.complaints(), Vec::<String>::new());
}

#[actix_web::test]
async fn of_replicas_that_share_a_folder_one_orders() {
    let setting = setting(3600);
    let keepers: Vec<Keeper> = (0..6).map(|_| setting.keeper()).collect();
    let tried = futures_util::future::join_all(keepers.iter().map(Keeper::order)).await;
    let bought = tried.iter().filter(|it| matches!(it, Ok(Tried::Bought)));
    assert_eq!(bought.count(), 1, "{tried:?}");
    assert_eq!(setting.directory.issued(), 1);
}

#[actix_web::test]
async fn a_directory_that_says_come_back_later_is_left_alone_also_after_a_restart() {
    let setting = setting(3600);
    setting
        .directory
        .fail(|faults| faults.rate_limited = Some(7200));
    let stop = tokio_util::sync::CancellationToken::new();
    let keeping = actix_web::rt::spawn(setting.keeper().keep(stop.clone()));
    let file = setting.config.folder.join("pause.json");
    for _ in 0..500 {
        if file.exists() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    stop.cancel();
    keeping.await.unwrap();
    let now = SystemClock.now().timestamp();
    assert!(
        setting.keeper().due() > now + 7000,
        "{}",
        setting.keeper().due() - now
    );
}

#[test]
fn a_directory_says_when_to_come_back_in_seconds_or_as_a_time() {
    let week = Duration::from_hours(7 * 24);
    for (text, expected) in [
        ("120", Some(Duration::from_mins(2))),
        ("99999999999", Some(week)),
        ("Wed, 21 Oct 2015 07:28:00 GMT", Some(Duration::ZERO)),
        ("Wed, 21 Oct 2099 07:28:00 GMT", Some(week)),
        ("soon", None),
        ("-1", None),
    ] {
        assert_eq!(later(text), expected, "{text}");
    }
}

#[test]
fn what_a_directory_says_breaks_no_line_of_the_log() {
    let problem: Problem =
        serde_json::from_str(r#"{"type":"a:b\nc","detail":"x\ny\u001b[31m"}"#).unwrap();
    let shown = problem.to_string();
    assert!(
        !shown.contains('\n') && !shown.contains('\u{1b}'),
        "{shown}"
    );
    let long = Problem {
        kind: String::new(),
        detail: "x".repeat(100_000),
    };
    assert!(long.to_string().len() < 400);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn no_answer_of_a_directory_is_too_odd_to_be_read(bytes in proptest::collection::vec(any::<u8>(), 0..200), text in ".{0,60}") {
        let _ = serde_json::from_slice::<Index>(&bytes).is_ok();
        let _ = serde_json::from_slice::<Order>(&bytes).is_ok();
        let _ = serde_json::from_slice::<Authorization>(&bytes).is_ok();
        let json = serde_json::json!({ "status": text, "finalize": text, "authorizations": [text], "detail": text });
        let _ = serde_json::from_value::<Order>(json.clone()).is_ok();
        if let Ok(problem) = serde_json::from_value::<Problem>(json) {
            prop_assert!(!problem.to_string().contains('\n'));
        }
        let _ = later(&text);
    }
}

#[actix_web::test]
async fn a_directory_that_answers_anything_at_all_ends_in_an_error() {
    let setting = setting(3600);
    let valid = br#"{"status":"valid","finalize":"x:","authorizations":[]}"#;
    let answers: BTreeSet<(u16, Vec<u8>)> = [
        (200, b"".to_vec()),
        (200, b"null".to_vec()),
        (200, b"[]".to_vec()),
        (200, valid.to_vec()),
        (200, vec![b'x'; 300_000]),
        (201, b"{\"status\":7}".to_vec()),
        (302, b"".to_vec()),
        (400, b"{".to_vec()),
        (
            403,
            br#"{"type":"urn:ietf:params:acme:error:caa"}"#.to_vec(),
        ),
        (500, b"<html>".to_vec()),
    ]
    .into();
    for answer in answers {
        setting
            .directory
            .fail(|faults| faults.answer = Some(answer.clone()));
        let tried = setting.keeper().order().await;
        assert!(
            tried.is_err(),
            "{} {:?}",
            answer.0,
            &answer.1[..answer.1.len().min(60)]
        );
    }
}
