use openssl::rsa::Rsa;

use super::super::SelfSigned;
use super::*;

const HOST: &str = "mcp.example.com";

fn now() -> i64 {
    loop_shared::service::Clock::now(&loop_shared::service::SystemClock).timestamp()
}

/// Two files that belong together, in a folder.
fn pair(folder: &Path) -> SelfSigned {
    let files = SelfSigned::at(folder);
    files.ensure(HOST, now()).unwrap();
    files
}

#[test]
fn files_that_are_no_certificate_with_its_key_are_refused_each_by_name() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (one, two) = (pair(one.path()), pair(two.path()));
    let read = |cert: &Path, key: &Path, now: i64| Material::read(cert, key, now).map(drop);
    assert_eq!(read(&one.cert, &one.key, now()), Ok(()));
    let locked = one.key.with_extension("locked");
    let key = PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap();
    let cipher = openssl::symm::Cipher::aes_128_cbc();
    let pem = key.private_key_to_pem_pkcs8_passphrase(cipher, b"secret");
    std::fs::write(&locked, pem.unwrap()).unwrap();
    let empty = one.key.with_extension("empty");
    std::fs::write(&empty, "").unwrap();
    let long = one.key.with_extension("long");
    std::fs::write(&long, vec![b'-'; 300_000]).unwrap();
    let year = 400 * DAY;
    for (cert, key, at, says, variable) in [
        (
            &one.cert,
            &two.key,
            now(),
            "is not that of the certificate",
            "TLS_KEY",
        ),
        (
            &one.key,
            &one.key,
            now(),
            "holds no certificate",
            "TLS_CERT",
        ),
        (
            &one.cert,
            &one.cert,
            now(),
            "holds no private key",
            "TLS_KEY",
        ),
        (&one.cert, &locked, now(), "without a passphrase", "TLS_KEY"),
        (&empty, &one.key, now(), "holds no certificate", "TLS_CERT"),
        (&long, &one.key, now(), "longer than", "TLS_CERT"),
        (
            &one.cert,
            &one.key.join("no"),
            now(),
            "cannot be read",
            "TLS_KEY",
        ),
        (&one.cert, &one.key, now() + year, "expired at", "TLS_CERT"),
        (
            &one.cert,
            &one.key,
            now() - year,
            "not valid before",
            "TLS_CERT",
        ),
    ] {
        let why = read(cert, key, at).unwrap_err();
        assert!(why.to_string().contains(says), "{why}: {says}");
        assert_eq!(why.advice(key).0, variable, "{why}");
    }
}

#[test]
fn a_certificate_is_for_its_names_and_one_that_ends_soon_is_doubted() {
    let folder = tempfile::tempdir().unwrap();
    let files = pair(folder.path());
    let material = Material::read(&files.cert, &files.key, now()).unwrap();
    assert!(material.is_for("MCP.example.com") && !material.is_for("example.com"));
    assert!(material.doubts(Some(HOST), now()).is_empty());
    let doubts = material.doubts(Some("other.example.com"), now() + 355 * DAY);
    let told: Vec<&str> = doubts.iter().map(|(_, wrong, _)| wrong.as_str()).collect();
    assert!(
        told[0].contains("expires in") && told[1].contains("does not name"),
        "{told:?}"
    );
    for (name, host, expected) in [
        ("*.example.com", "a.example.com", true),
        ("*.example.com", "a.b.example.com", false),
        ("*.example.com", "example.com", false),
        ("*.com", "com", false),
        ("A.example", "a.example", true),
    ] {
        assert_eq!(covers(name, host), expected, "{name} {host}");
    }
}

#[test]
fn a_key_that_others_can_read_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let files = pair(folder.path());
    assert!(!is_open(&files.key));
    std::fs::set_permissions(&files.key, std::fs::Permissions::from_mode(0o640)).unwrap();
    assert!(is_open(&files.key));
}
