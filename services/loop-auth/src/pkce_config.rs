//! The setting of PKCE (RFC 7636): from whom it is demanded.

use loop_oauth::pkce_phase::{Enforcement, PkceRules};
use loop_shared::service::config::{Problems, given};

/// The default when a problem was noted.
pub(crate) fn rules(name: Option<&str>, problems: &mut Problems) -> PkceRules {
    let Some(name) = given(name) else {
        return PkceRules::default();
    };
    let phase = Enforcement::parse(name);
    match phase {
        Some(Enforcement::All) => {}
        Some(Enforcement::Optional | Enforcement::Public) => problems.warn(
            "PKCE_ENFORCEMENT",
            format!("{name} lets clients in whose codes can be stolen"),
            "Move on as docs/migrating-to-oauth-2.1.md says.",
        ),
        None => {
            let wrong = format!("{name:?} is not a phase");
            problems.add("PKCE_ENFORCEMENT", wrong, "Use optional, public or all.");
        }
    }
    PkceRules::new(phase.unwrap_or_default())
}
