//! What of a client's metadata people see: its name and its home page.

use super::{MAX_NAME_CHARS, RegisterError};
use crate::redirect_uri;

/// Control characters, and what reverses or hides the text around it.
pub(crate) fn reads_backwards(c: char) -> bool {
    (c.is_control() && !matches!(c, '\t' | '\n' | '\r'))
        || matches!(c, '\u{61c}' | '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A name is shown to people who decide by it: no control characters, no invisible ones, nothing
/// that reverses the text around it; runs of blanks count as one.
pub(super) fn name(given: Option<&str>) -> Result<String, RegisterError> {
    let given = given.unwrap_or_default();
    if given.chars().count() > MAX_NAME_CHARS {
        return Err(RegisterError::Metadata(
            "client_name must have at most 200 characters",
        ));
    }
    let visible: String = given
        .chars()
        .map(|c| if c.is_whitespace() { ' ' } else { c })
        .filter(|c| !c.is_control() && !is_invisible(*c))
        .collect();
    Ok(visible
        .split(' ')
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" "))
}

/// Format characters (Unicode category Cf and friends): bidi controls, zero-width and tag characters,
/// and what is drawn as nothing (fillers, the blank Braille pattern).
const fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{2800}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
            | '\u{fff0}'..='\u{fffb}' | '\u{3164}' | '\u{ffa0}' | '\u{115f}' | '\u{1160}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

/// A web page that can be shown as text; anything else is left out rather than refused.
pub(super) fn is_home_page(uri: &str) -> bool {
    let web = uri.starts_with("https://") || uri.starts_with("http://");
    web && uri.len() <= redirect_uri::MAX_REDIRECT_BYTES
        && uri.bytes().all(|b| b.is_ascii_graphic() && b != b'\\')
        && url::Url::parse(uri)
            .is_ok_and(|url| url.username().is_empty() && url.password().is_none())
}
