//! The settings of proof of possession (RFC 9449), for every service that checks proofs.

use clap::Args;

use super::{Problems, flag, number};
use crate::auth::dpop::Nonces;

/// Flags and variables of `DPoP`.
#[expect(clippy::doc_markdown, reason = "clap prints these texts as they are")]
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "DPoP")]
pub struct DpopArgs {
    /// Whether every DPoP proof must carry a nonce of this server: true or false [default: false]
    #[arg(long, env = "DPOP_REQUIRE_NONCE", value_name = "BOOL")]
    pub dpop_require_nonce: Option<String>,
    /// Seconds after which a new nonce is handed out; one is taken for twice as long at most [default: 120]
    #[arg(long, env = "DPOP_NONCE_SECONDS", value_name = "SECONDS")]
    pub dpop_nonce_seconds: Option<String>,
}

/// The checked settings of [`DpopArgs`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DpopConfig {
    /// How long a nonce is handed out, in seconds; `None`: proofs need none.
    pub nonce_seconds: Option<i64>,
}

impl DpopArgs {
    /// Checks the settings, noting what is wrong.
    pub fn resolve(&self, problems: &mut Problems) -> DpopConfig {
        let slot = self.dpop_nonce_seconds.as_deref();
        let slot = number("DPOP_NONCE_SECONDS", slot, 10..=3600, 120, problems);
        let slot = i64::try_from(slot).unwrap_or(120);
        let required = self.dpop_require_nonce.as_deref();
        let required = flag("DPOP_REQUIRE_NONCE", required, problems);
        DpopConfig {
            nonce_seconds: required.then_some(slot),
        }
    }
}

impl DpopConfig {
    /// What makes the nonces, under `key`; `None` when proofs need none.
    pub fn nonces(&self, key: [u8; 32]) -> Option<Nonces> {
        self.nonce_seconds.map(|slot| Nonces::new(key, slot))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nonces_are_off_unless_asked_for_and_mistakes_are_noted() {
        for (required, seconds, expected, wrong) in [
            (None, None, None, 0),
            (Some("false"), Some("30"), None, 0),
            (Some("true"), None, Some(120), 0),
            (Some("true"), Some("30"), Some(30), 0),
            (Some("yes"), Some("5"), None, 2),
        ] {
            let args = DpopArgs {
                dpop_require_nonce: required.map(str::to_owned),
                dpop_nonce_seconds: seconds.map(str::to_owned),
            };
            let mut problems = Problems::new();
            assert_eq!(args.resolve(&mut problems).nonce_seconds, expected);
            assert_eq!(problems.as_slice().len(), wrong, "{required:?} {seconds:?}");
        }
    }
}
