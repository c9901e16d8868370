//! The request for a certificate (PKCS #10, RFC 2986), for one name and a new key.

use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::pkey::{PKey, Private};
use openssl::stack::Stack;
use openssl::x509::extension::SubjectAlternativeName;
use openssl::x509::{X509NameBuilder, X509ReqBuilder};

/// The request in DER, and the key it is for. The name stands in the extension alone (RFC 8555 §7.4).
///
/// # Errors
/// What OpenSSL says.
pub(crate) fn request(host: &str) -> Result<(Vec<u8>, PKey<Private>), ErrorStack> {
    let key = crate::tls::new_key()?;
    let mut request = X509ReqBuilder::new()?;
    request.set_version(0)?;
    request.set_subject_name(&X509NameBuilder::new()?.build())?;
    request.set_pubkey(&key)?;
    let context = request.x509v3_context(None);
    let names = SubjectAlternativeName::new().dns(host).build(&context)?;
    let mut extensions = Stack::new()?;
    extensions.push(names)?;
    request.add_extensions(&extensions)?;
    request.sign(&key, MessageDigest::sha256())?;
    Ok((request.build().to_der()?, key))
}
