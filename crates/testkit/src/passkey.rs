//! An authenticator in software (Web Authentication Level 3): makes one P-256 passkey and answers challenges, rightly or wrongly.

use openssl::bn::{BigNum, BigNumContext};
use openssl::ec::{EcGroup, EcKey};
use openssl::ecdsa::EcdsaSig;
use openssl::nid::Nid;
use openssl::pkey::Private;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::keys::base64url;

/// Somebody touched the device (§6.1, bit 0).
const PRESENT: u8 = 0x01;
/// The device knew the person, by a finger or a PIN (bit 2).
const VERIFIED: u8 = 0x04;
/// A new key follows (bit 6).
const ATTESTED: u8 = 0x40;

/// A device with one key; everything about its next answer can be changed.
#[derive(Clone, Debug)]
pub struct Passkey {
    key: EcKey<Private>,
    id: Vec<u8>,
    /// What it believes to be asked by: scheme, host, port.
    pub origin: String,
    /// The host whose key this is.
    pub host: String,
    /// Whether it looks at the person.
    pub verifies: bool,
    /// How often it signed; each answer counts one on.
    pub counter: u32,
    /// Whose key it says it is, base64url; learned when the key is made.
    pub person: String,
}

impl Passkey {
    /// A device that looks at pages of this origin.
    pub fn new(origin: &str) -> Self {
        let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).expect("P-256");
        let url: url::Url = origin.parse().expect("an origin");
        Self {
            key: EcKey::generate(&group).expect("OpenSSL makes a key"),
            id: rand::random::<[u8; 32]>().to_vec(),
            origin: origin.trim_end_matches('/').to_owned(),
            host: url.host_str().expect("a host").to_owned(),
            verifies: true,
            counter: 0,
            person: String::new(),
        }
    }

    /// The credential's identifier, as servers keep it.
    pub fn id(&self) -> String {
        base64url(&self.id)
    }

    /// Makes the key for these options (§7.1): what a script sends to the server.
    pub fn create(&mut self, options: &Value) -> String {
        let options = &options["publicKey"];
        options["user"]["id"]
            .as_str()
            .expect("a user handle")
            .clone_into(&mut self.person);
        let client = self.client_data("webauthn.create", options);
        let mut data = self.data(ATTESTED);
        data.extend([0; 16]);
        data.extend(u16::try_from(self.id.len()).expect("short").to_be_bytes());
        data.extend(&self.id);
        data.extend(self.cose());
        // {"fmt": "none", "attStmt": {}, "authData": bytes}
        let mut object = b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x58".to_vec();
        object.push(u8::try_from(data.len()).expect("one byte of length"));
        object.extend(data);
        self.answer(&json!({
            "clientDataJSON": base64url(client),
            "attestationObject": base64url(object),
        }))
    }

    /// Answers a challenge (§7.2).
    pub fn sign(&mut self, options: &Value) -> String {
        self.counter += 1;
        let client = self.client_data("webauthn.get", &options["publicKey"]);
        let data = self.data(0);
        let mut signed = data.clone();
        signed.extend(Sha256::digest(&client));
        let signature = EcdsaSig::sign(&Sha256::digest(&signed), &self.key).expect("signs");
        self.answer(&json!({
            "clientDataJSON": base64url(client),
            "authenticatorData": base64url(data),
            "signature": base64url(signature.to_der().expect("DER")),
            "userHandle": self.person,
        }))
    }

    fn answer(&self, response: &Value) -> String {
        let id = self.id();
        json!({
            "id": id,
            "rawId": id,
            "type": "public-key",
            "response": response,
            "clientExtensionResults": {},
        })
        .to_string()
    }

    fn client_data(&self, kind: &str, options: &Value) -> Vec<u8> {
        json!({
            "type": kind,
            "challenge": options["challenge"],
            "origin": self.origin,
            "crossOrigin": false,
        })
        .to_string()
        .into_bytes()
    }

    /// The hash of the host, the flags, the counter (§6.1).
    fn data(&self, flags: u8) -> Vec<u8> {
        let verified = if self.verifies { VERIFIED } else { 0 };
        let mut data = Sha256::digest(&self.host).to_vec();
        data.push(flags | PRESENT | verified);
        data.extend(self.counter.to_be_bytes());
        data
    }

    /// The public key (RFC 9052 §7): EC2, ES256, P-256, x, y.
    fn cose(&self) -> Vec<u8> {
        let (mut x, mut y) = (
            BigNum::new().expect("a number"),
            BigNum::new().expect("a number"),
        );
        let mut context = BigNumContext::new().expect("a context");
        self.key
            .public_key()
            .affine_coordinates(self.key.group(), &mut x, &mut y, &mut context)
            .expect("a point");
        let bytes = |number: &BigNum| number.to_vec_padded(32).expect("32 bytes");
        let mut key = b"\xa5\x01\x02\x03\x26\x20\x01\x21\x58\x20".to_vec();
        key.extend(bytes(&x));
        key.extend(b"\x22\x58\x20");
        key.extend(bytes(&y));
        key
    }
}
