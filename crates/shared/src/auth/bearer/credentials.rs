//! Reads the token out of a request's headers (RFC 6750 §2.1, RFC 9449 §7.1).
//!
//! In: raw header values and the query. Out: the token, nothing, or what is wrong. Never: panics,
//! takes a token from the query or the body.

/// Why a request's credentials cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CredentialsFault {
    /// RFC 6750 §3.1: "uses more than one method for including an access token".
    #[error("Send one Authorization header only")]
    Several,
    /// A token in the header and another in the query.
    #[error("Send the access token in the Authorization header only")]
    InQueryToo,
    /// Not `Bearer` or `DPoP`, one space, one token.
    #[error("The Authorization header must be the word Bearer, a space and the access token")]
    Malformed,
}

impl CredentialsFault {
    /// One fixed sentence, safe inside a quoted header value.
    pub const fn description(self) -> &'static str {
        match self {
            Self::Several => "Send one Authorization header only",
            Self::InQueryToo => "Send the access token in the Authorization header only",
            Self::Malformed => {
                "The Authorization header must be the word Bearer, a space and the access token"
            }
        }
    }
}

/// How a token was presented.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// By whoever has it (RFC 6750).
    Bearer,
    /// By the holder of its key (RFC 9449).
    Dpop,
}

/// A token and how it was presented.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Credentials<'a> {
    /// How.
    pub scheme: Scheme,
    /// The token.
    pub token: &'a str,
}

/// The access token among the values of all `Authorization` headers.
///
/// `None` when there is no header or another scheme: the request lacks a token. `query` is the raw
/// query: an `access_token` in it is never used, and beside a header it is a fault.
///
/// # Errors
/// [`CredentialsFault`] when a client meant to send a token and did it wrong.
pub fn credentials<'a>(
    mut values: impl Iterator<Item = &'a [u8]>,
    query: &str,
) -> Result<Option<Credentials<'a>>, CredentialsFault> {
    let Some(value) = values.next() else {
        return Ok(None);
    };
    if values.next().is_some() {
        return Err(CredentialsFault::Several);
    }
    let text = std::str::from_utf8(value)
        .map_err(|_| CredentialsFault::Malformed)?
        .trim_matches([' ', '\t']);
    let (scheme, token) = text.split_once(' ').unwrap_or((text, ""));
    let known = [("Bearer", Scheme::Bearer), ("DPoP", Scheme::Dpop)]
        .into_iter()
        .find(|(name, _)| scheme.eq_ignore_ascii_case(name));
    let Some((_, known)) = known else {
        let is_other_scheme = !scheme.is_empty() && scheme.bytes().all(is_token68);
        return if is_other_scheme {
            Ok(None)
        } else {
            Err(CredentialsFault::Malformed)
        };
    };
    let token = token.trim_start_matches(' ');
    // Without a way out in the middle, so that many bytes are looked at at once.
    let sane = token
        .bytes()
        .fold(true, |sane, byte| sane & is_token68(byte));
    if token.is_empty() || !sane {
        return Err(CredentialsFault::Malformed);
    }
    if query
        .split('&')
        .any(|pair| pair.split('=').next() == Some("access_token"))
    {
        return Err(CredentialsFault::InQueryToo);
    }
    Ok(Some(Credentials {
        scheme: known,
        token,
    }))
}

/// `b64token` of RFC 6750 §2.1.
const fn is_token68(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'+' | b'/' | b'=')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_header_is_read_exactly() {
        use CredentialsFault::{InQueryToo, Malformed, Several};
        for (headers, query, expected) in [
            (&[][..], "", Ok(None)),
            (&["Bearer abc.def-_~+/="], "", Ok(Some("abc.def-_~+/="))),
            (&["bearer abc"], "", Ok(Some("abc"))),
            (&["BEARER   abc "], "", Ok(Some("abc"))),
            (&["DPoP abc"], "", Ok(Some("abc"))),
            (&["dpop abc"], "", Ok(Some("abc"))),
            (&["DPoP"], "", Err(Malformed)),
            (&["DPoP abc"], "access_token=x", Err(InQueryToo)),
            (&["DPoP a", "Bearer a"], "", Err(Several)),
            (&["Basic dTpw"], "", Ok(None)),
            (&["Basic dTpw"], "access_token=x", Ok(None)),
            (&[], "access_token=x", Ok(None)),
            (&["Bearer abc"], "a=b&access_token=x", Err(InQueryToo)),
            (&["Bearer abc"], "my_access_token=x", Ok(Some("abc"))),
            (&["Bearer"], "", Err(Malformed)),
            (&["Bearer "], "", Err(Malformed)),
            (&[""], "", Err(Malformed)),
            (&["Bearer a b"], "", Err(Malformed)),
            (&["Bearer a,b"], "", Err(Malformed)),
            (&["Bearer \"abc\""], "", Err(Malformed)),
            (&["Bearer\tabc"], "", Err(Malformed)),
            (&["Bearer 토큰"], "", Err(Malformed)),
            (&["Bearer a", "Bearer a"], "", Err(Several)),
            (&["Basic dTpw", "Bearer a"], "", Err(Several)),
        ] {
            let got = credentials(headers.iter().map(|value| value.as_bytes()), query);
            let got = got.map(|found| found.map(|found| found.token));
            assert_eq!(got, expected, "{headers:?} {query:?}");
        }
    }

    proptest! {
        #[test]
        fn no_header_and_no_query_panics_the_reader(
            values in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..64), 0..3),
            query in ".{0,40}",
        ) {
            if let Ok(Some(Credentials { token, .. })) = credentials(values.iter().map(Vec::as_slice), &query) {
                prop_assert!(!token.is_empty() && token.bytes().all(is_token68));
            }
        }

        #[test]
        fn whatever_follows_the_scheme_is_taken_whole_or_refused(rest in "[ -~]{0,40}") {
            let header = format!("Bearer {rest}");
            if let Ok(Some(Credentials { token, .. })) = credentials(std::iter::once(header.as_bytes()), "") {
                prop_assert_eq!(token, rest.trim_matches(' '));
            }
        }
    }
}
