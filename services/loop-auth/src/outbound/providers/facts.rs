//! What claims say of somebody, cut to what is kept.

use loop_oauth::federation::provider::{
    Facts, MAX_GROUPS, MAX_TEXT_BYTES, ProviderKind, verified_address,
};
use serde_json::{Map, Value};

use super::ProviderSettings;

/// Standard claims (`OpenID` Connect Core §5.1) as the rules look at them.
pub(super) fn of_claims(settings: &ProviderSettings, claims: &Map<String, Value>) -> Facts {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let email = text("email").filter(|_| is_verified(settings, claims));
    let email = email.and_then(verified_address);
    let hosted = match settings.provider.kind {
        // An account of Google's own mail, of an organization, or of somebody who only said they had this address:
        // "Google is authoritative" for the first two alone.
        ProviderKind::Google => Some(match (text("hd"), &email) {
            (Some(domain), _) => domain.to_lowercase(),
            (None, Some(email)) if email.as_str().ends_with("@gmail.com") => "gmail.com".to_owned(),
            (None, _) => String::new(),
        }),
        ProviderKind::GitHub | ProviderKind::Oidc => None,
    };
    Facts {
        email,
        login: text("preferred_username").and_then(short),
        groups: groups(claims.get(&settings.groups_claim)),
        hosted,
    }
}

/// Booleans, and the strings that some providers write instead.
fn is_verified(settings: &ProviderSettings, claims: &Map<String, Value>) -> bool {
    match claims.get("email_verified") {
        Some(Value::Bool(verified)) => *verified,
        Some(Value::String(text)) => text == "true",
        Some(_) => false,
        None => settings.trust_email,
    }
}

/// A display name: what is said, or what stands before the `@`.
pub(super) fn name(said: Option<&str>, facts: &Facts) -> String {
    let clean = |text: &str| -> String {
        let kept = text
            .chars()
            .filter(|c| !c.is_control() && !is_invisible(*c));
        kept.take(100).collect::<String>().trim().to_owned()
    };
    let local = facts.email.as_ref().and_then(|email| {
        let (local, _) = email.as_str().split_once('@')?;
        Some(local)
    });
    [said, facts.login.as_deref(), local]
        .into_iter()
        .flatten()
        .map(clean)
        .find(|name| !name.is_empty())
        .unwrap_or_default()
}

/// Characters that reverse or hide what people read.
const fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}')
}

/// A text that is not too long to be kept.
pub(super) fn short(text: &str) -> Option<String> {
    let fits =
        !text.is_empty() && text.len() <= MAX_TEXT_BYTES && !text.chars().any(char::is_control);
    fits.then(|| text.to_owned())
}

/// A list of names; one alone may stand for itself.
fn groups(claim: Option<&Value>) -> Vec<String> {
    let all = match claim {
        Some(Value::Array(all)) => all.as_slice(),
        Some(one @ Value::String(_)) => std::slice::from_ref(one),
        _ => &[],
    };
    all.iter()
        .filter_map(Value::as_str)
        .filter_map(short)
        .take(MAX_GROUPS)
        .collect()
}
