//! Where a page ended, as an opaque text.
//!
//! In: the sort key and path of the last item. Out: base64url text and back.
//! Never: a position counted in items; the next page starts after the key, whatever was edited in between.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Serialize, de::DeserializeOwned};

use crate::view::PageError;

const MAX_TEXT: usize = 8 * 1024;

/// Writes a cursor.
#[must_use]
pub fn encode(value: &impl Serialize) -> String {
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(value).unwrap_or_default())
}

/// Reads a cursor.
///
/// # Errors
/// [`PageError::BadCursor`] for anything [`encode`] did not write.
pub fn decode<T: DeserializeOwned>(text: &str) -> Result<T, PageError> {
    if text.len() > MAX_TEXT {
        return Err(PageError::BadCursor);
    }
    let bytes = URL_SAFE_NO_PAD
        .decode(text)
        .map_err(|_| PageError::BadCursor)?;
    serde_json::from_slice(&bytes).map_err(|_| PageError::BadCursor)
}
