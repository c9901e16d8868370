//! The stem of an English word, lightly.
//!
//! In: a lower-case word. Out: what its forms have in common: `caches`, `cached` and `caching` are `cach`.
//! Never: another word's meaning: only plurals, `-ed` and `-ing` are taken off.
//! Source: Harman, "How effective is suffixing?" (1991), the S-stemmer; Porter's step 1b.

/// Shorter words are their own stem.
const MIN_WORD: usize = 4;

/// The stem; `None` for what is no English word of four letters or more.
pub(crate) fn stem(word: &str) -> Option<String> {
    if word.len() < MIN_WORD || !word.bytes().all(|letter| letter.is_ascii_lowercase()) {
        return None;
    }
    let singular = singular(word);
    let base = verb(&singular).unwrap_or(&singular);
    let silent = base.strip_suffix('e').filter(|rest| rest.len() >= 3);
    Some(silent.unwrap_or(base).to_owned())
}

fn singular(word: &str) -> String {
    if let Some(rest) = word.strip_suffix("ies").filter(|rest| rest.len() >= 2) {
        return format!("{rest}y");
    }
    let hissing = |rest: &&str| {
        ["s", "x", "z", "ch", "sh"]
            .iter()
            .any(|end| rest.ends_with(end))
    };
    if let Some(rest) = word.strip_suffix("es").filter(hissing) {
        return rest.to_owned();
    }
    let plural = word
        .strip_suffix('s')
        .filter(|rest| !rest.ends_with(['s', 'u', 'i']));
    plural.unwrap_or(word).to_owned()
}

fn verb(word: &str) -> Option<&str> {
    let rest = word
        .strip_suffix("ing")
        .or_else(|| word.strip_suffix("ed"))?;
    let is_root = rest.len() >= 3 && rest.contains(['a', 'e', 'i', 'o', 'u', 'y']);
    if !is_root {
        return None;
    }
    // running, planned: the consonant was doubled for the ending.
    let mut letters = rest.bytes().rev();
    let doubled = letters.next() == letters.next() && !rest.ends_with(['l', 's', 'z', 'e', 'o']);
    if doubled {
        rest.get(..rest.len() - 1)
    } else {
        Some(rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_a_word_share_their_stem() {
        for forms in [
            &["cache", "caches", "cached", "caching"][..],
            &["token", "tokens"],
            &["policy", "policies"],
            &["validate", "validated", "validates", "validating"],
            &["plan", "plans", "planned", "planning"],
            &["process", "processes", "processed", "processing"],
            &["rollback", "rollbacks"],
        ] {
            let stems: Vec<_> = forms.iter().map(|form| stem(form)).collect();
            assert!(
                stems
                    .iter()
                    .all(|found| found.is_some() && *found == stems[0]),
                "{forms:?} {stems:?}"
            );
        }
    }

    #[test]
    fn other_words_keep_their_own() {
        for (one, other) in [
            ("status", "stat"),
            ("class", "clas"),
            ("string", "str"),
            ("need", "ne"),
            ("analysis", "analysi"),
        ] {
            assert_ne!(
                stem(one),
                stem(other).or_else(|| Some(other.to_owned())),
                "{one} {other}"
            );
        }
        for word in ["run", "oauth2", "결제", "OAuth", ""] {
            assert_eq!(stem(word), None, "{word}");
        }
    }
}
