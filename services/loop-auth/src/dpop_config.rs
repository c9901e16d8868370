//! The settings of proofs at the token and PAR endpoints (RFC 9449 §8).

use loop_oauth::{
    dpop::DpopRules,
    entropy::{Entropy as _, OsEntropy},
};
use loop_shared::{
    mac,
    service::config::{DpopArgs, Problems},
};
use secrecy::{ExposeSecret as _, SecretString};

/// Checks the settings, noting what is wrong. Nonces are keyed by `AUTH_ENCRYPTION_SECRET`, so that replicas accept
/// each other's; without it by this process alone.
pub(crate) fn rules(
    args: &DpopArgs,
    secret: Option<&SecretString>,
    problems: &mut Problems,
) -> DpopRules {
    let config = args.resolve(problems);
    if config.nonce_seconds.is_none() {
        return DpopRules::default();
    }
    let key = match secret {
        Some(secret) => {
            let secret = secret.expose_secret().as_bytes();
            Some(mac::hkdf(&[0; 32], secret, b"loop-auth dpop nonce"))
        }
        None => OsEntropy.bytes32().ok(),
    };
    if key.is_none() {
        problems.add(
            "DPOP_REQUIRE_NONCE",
            "no key for nonces could be made",
            "Try again, or set it to false.",
        );
    }
    DpopRules {
        nonces: key.and_then(|key| config.nonces(key)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nonce(secret: Option<&str>, required: &str) -> Option<String> {
        let args = DpopArgs {
            dpop_require_nonce: Some(required.to_owned()),
            dpop_nonce_seconds: None,
        };
        let secret = secret.map(SecretString::from);
        let mut problems = Problems::new();
        let rules = rules(&args, secret.as_ref(), &mut problems);
        assert!(problems.is_empty());
        rules.nonces.map(|nonces| nonces.issue(0))
    }

    #[test]
    fn replicas_with_one_secret_make_one_nonce_and_others_their_own() {
        let secret = "a secret of thirty-two bytes or more";
        assert_eq!(nonce(None, "false"), None);
        assert_eq!(nonce(Some(secret), "true"), nonce(Some(secret), "true"));
        assert_ne!(nonce(Some(secret), "true"), nonce(None, "true"));
        assert_ne!(nonce(None, "true"), nonce(None, "true"));
    }
}
