//! The authority behind the directory.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use openssl::asn1::Asn1Time;
use openssl::bn::{BigNum, MsbOption};
use openssl::ec::{EcGroup, EcKey};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private, Public};
use openssl::x509::extension::{BasicConstraints, KeyUsage, SubjectAlternativeName};
use openssl::x509::{X509, X509Builder, X509NameBuilder, X509NameRef, X509Req};

use super::{Account, State};

/// A new key on P-256.
pub(super) fn key() -> PKey<Private> {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).expect("P-256");
    PKey::from_ec_key(EcKey::generate(&group).expect("a key")).expect("a key")
}

/// A certificate that vouches for others, and its key.
pub(super) fn authority() -> (X509, PKey<Private>) {
    let mut name = X509NameBuilder::new().expect("a name");
    name.append_entry_by_text("CN", "Loop's test directory")
        .expect("a name");
    let (name, key) = (name.build(), key());
    let public = PKey::public_key_from_pem(&key.public_key_to_pem().expect("a key"));
    let mut made = certificate(&name, &name, &public.expect("a key"), 86_400);
    let constraints = BasicConstraints::new().critical().ca().build();
    let usage = KeyUsage::new().critical().key_cert_sign().build();
    for extension in [constraints, usage] {
        made.append_extension(extension.expect("an extension"))
            .expect("an extension");
    }
    made.sign(&key, MessageDigest::sha256())
        .expect("a signature");
    (made.build(), key)
}

fn certificate(
    name: &X509NameRef,
    issuer: &X509NameRef,
    key: &PKey<Public>,
    lifetime: i64,
) -> X509Builder {
    let mut serial = BigNum::new().expect("a number");
    serial
        .rand(120, MsbOption::MAYBE_ZERO, false)
        .expect("a number");
    let now = chrono::DateTime::<chrono::Utc>::from(std::time::SystemTime::now()).timestamp();
    let at = |time| Asn1Time::from_unix(time).expect("a time");
    let mut made = X509::builder().expect("a certificate");
    made.set_version(2).expect("a version");
    let serial = serial.to_asn1_integer().expect("a number");
    made.set_serial_number(&serial).expect("a number");
    made.set_subject_name(name).expect("a name");
    made.set_issuer_name(issuer).expect("a name");
    made.set_not_before(&at(now - 5)).expect("a time");
    made.set_not_after(&at(now + lifetime)).expect("a time");
    made.set_pubkey(key).expect("a key");
    made
}

/// The certificate for what is asked for in DER, with the authority's after it; or what is wrong.
pub(super) fn issue(
    state: &State,
    host: &str,
    csr: &[u8],
    others: &[PKey<Public>],
) -> Result<Vec<u8>, String> {
    let csr = X509Req::from_der(csr).map_err(|_| "no request for a certificate".to_owned())?;
    let mut key = csr.public_key().map_err(|_| "no key".to_owned())?;
    if !csr.verify(&key).unwrap_or(false) {
        return Err("a request that its own key did not sign".to_owned());
    }
    if others.iter().any(|other| other.public_eq(&key)) {
        return Err("the account's own key in a certificate (RFC 8555 §11.1)".to_owned());
    }
    // A dNSName of this length, and no other.
    let der = csr.to_der().map_err(|_| "no DER".to_owned())?;
    let name = [
        &[0x82, u8::try_from(host.len()).unwrap_or(0)],
        host.as_bytes(),
    ]
    .concat();
    if der.windows(name.len()).filter(|it| *it == name).count() != 1 {
        return Err(format!("no request for {host}"));
    }
    let faults = state.table().faults.clone();
    if faults.other_key {
        let other = self::key().public_key_to_pem().expect("a key");
        key = PKey::public_key_from_pem(&other).expect("a key");
    }
    let subject = X509NameBuilder::new().expect("a name").build();
    let (ca, ca_key) = &state.ca;
    let mut made = certificate(&subject, ca.subject_name(), &key, state.lifetime);
    let name = if faults.other_name {
        "other.example"
    } else {
        host
    };
    let mut names = SubjectAlternativeName::new();
    names.critical().dns(name);
    let names = names
        .build(&made.x509v3_context(Some(ca), None))
        .expect("names");
    made.append_extension(names).expect("names");
    made.sign(ca_key, MessageDigest::sha256())
        .expect("a signature");
    let mut chain = made.build().to_pem().expect("a certificate");
    chain.extend(ca.to_pem().expect("a certificate"));
    Ok(chain)
}

/// A certificate for `localhost` that vouches for itself, and its key, in PEM.
pub fn certificate_of_this_machine() -> (Vec<u8>, Vec<u8>) {
    let mut name = X509NameBuilder::new().expect("a name");
    name.append_entry_by_text("CN", "a test").expect("a name");
    let (name, key) = (name.build(), key());
    let public = PKey::public_key_from_pem(&key.public_key_to_pem().expect("a key"));
    let mut made = certificate(&name, &name, &public.expect("a key"), 90 * 86_400);
    let mut names = SubjectAlternativeName::new();
    let names = names.dns("localhost").ip("127.0.0.1");
    let names = names
        .build(&made.x509v3_context(None, None))
        .expect("names");
    made.append_extension(names).expect("names");
    made.sign(&key, MessageDigest::sha256())
        .expect("a signature");
    let key = key.private_key_to_pem_pkcs8().expect("a key");
    (made.build().to_pem().expect("a certificate"), key)
}

/// The key of an account.
pub(super) fn public(account: &Account) -> Option<PKey<Public>> {
    let group = openssl::ec::EcGroup::from_curve_name(openssl::nid::Nid::X9_62_PRIME256V1).ok()?;
    let number = |text: &str| {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        openssl::bn::BigNum::from_slice(&bytes).ok()
    };
    let (x, y) = (number(&account.x)?, number(&account.y)?);
    let key = openssl::ec::EcKey::from_public_key_affine_coordinates(&group, &x, &y).ok()?;
    PKey::from_ec_key(key).ok()
}
