//! What a client registers for logouts (RP-Initiated Logout §3.1, Back-Channel Logout §2.2).

use serde_json::{Map, Value, json};
use url::Url;

use crate::{
    client::{ClientAuthMethod, ClientOrigin},
    redirect_uri,
};

/// The most addresses a browser may be sent to after a logout.
const MAX_REDIRECTS: usize = 20;

/// The most that all of them may take together, in bytes.
const MAX_REDIRECTS_BYTES: usize = 8192;

/// Where a client wants to hear of logouts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientLogout {
    /// `post_logout_redirect_uris`: where a browser may be sent afterwards, to the letter.
    pub redirects: Vec<String>,
    /// `backchannel_logout_uri`: where logout tokens are posted.
    pub backchannel: Option<String>,
    /// `backchannel_logout_session_required`. Ours always have a `sid`.
    pub session_required: bool,
}

impl ClientLogout {
    /// Reads client metadata; `confidential` says whether the client keeps a secret.
    ///
    /// # Errors
    /// A sentence that is safe to show.
    pub fn read(members: &Map<String, Value>, confidential: bool) -> Result<Self, &'static str> {
        let wrong = "post_logout_redirect_uris must be a list of up to 20 redirect URIs";
        let redirects = match members.get("post_logout_redirect_uris") {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::Array(list)) if list.len() <= MAX_REDIRECTS => list
                .iter()
                .map(|uri| uri.as_str().filter(|uri| is_registrable(uri)))
                .map(|uri| uri.map(str::to_owned).ok_or(wrong))
                .collect::<Result<_, _>>()?,
            Some(_) => return Err(wrong),
        };
        if redirects.iter().map(String::len).sum::<usize>() > MAX_REDIRECTS_BYTES {
            return Err(wrong);
        }
        let backchannel = match members.get("backchannel_logout_uri") {
            None | Some(Value::Null) => None,
            Some(Value::String(uri)) => {
                check_backchannel(uri, confidential)?;
                Some(uri.clone())
            }
            Some(_) => return Err("backchannel_logout_uri must be a string"),
        };
        Ok(Self {
            redirects,
            backchannel,
            session_required: members.get("backchannel_logout_session_required")
                == Some(&Value::Bool(true)),
        })
    }

    /// Reads client metadata that `by` brings. Only an operator says where this server posts to: anybody
    /// can register, and would choose the address.
    ///
    /// # Errors
    /// A sentence that is safe to show.
    pub(crate) fn of(
        members: &Map<String, Value>,
        method: ClientAuthMethod,
        by: ClientOrigin,
    ) -> Result<Self, &'static str> {
        let read = Self::read(members, method != ClientAuthMethod::None)?;
        Ok(match by {
            ClientOrigin::Operator => read,
            ClientOrigin::Dynamic | ClientOrigin::Document => Self {
                redirects: read.redirects,
                ..Self::default()
            },
        })
    }

    /// What is set, as an object; `None` for nothing.
    #[must_use]
    pub fn to_json(&self) -> Option<Value> {
        let mut members = Map::new();
        self.write(&mut members);
        (!members.is_empty()).then(|| Value::Object(members))
    }

    /// What remains when the client itself replaces its registration: where it is called stays.
    #[must_use]
    pub fn replaced_by(&self, read: Self) -> Self {
        Self {
            redirects: read.redirects,
            ..self.clone()
        }
    }

    /// Writes the members that are set, for answers and for the store.
    pub fn write(&self, members: &mut Map<String, Value>) {
        if !self.redirects.is_empty() {
            members.insert("post_logout_redirect_uris".into(), json!(self.redirects));
        }
        if let Some(uri) = &self.backchannel {
            members.insert("backchannel_logout_uri".into(), json!(uri));
            members.insert(
                "backchannel_logout_session_required".into(),
                json!(self.session_required),
            );
        }
    }

    /// Whether a browser may be sent to `uri`: registered to the letter, and still harmless, since a row
    /// that somebody edited must not make this server an open redirector.
    #[must_use]
    pub fn may_redirect_to(&self, uri: &str) -> bool {
        self.redirects.iter().any(|known| known == uri) && is_registrable(uri)
    }
}

fn is_registrable(uri: &str) -> bool {
    redirect_uri::check_registrable(uri).is_ok()
}

/// "This URI SHOULD use the https scheme […]; however, it MAY use the http scheme, provided that the
/// Client Type is confidential" (Back-Channel Logout §2.2).
fn check_backchannel(uri: &str, confidential: bool) -> Result<(), &'static str> {
    let plain = uri.len() <= redirect_uri::MAX_REDIRECT_BYTES
        && uri.bytes().all(|b| b.is_ascii_graphic() && b != b'\\');
    let url = Url::parse(uri).ok().filter(|_| plain);
    let fits = url.is_some_and(|url| {
        let scheme = match url.scheme() {
            "https" => true,
            "http" => confidential,
            _ => false,
        };
        scheme
            && url.has_host()
            && url.fragment().is_none()
            && url.username().is_empty()
            && url.password().is_none()
    });
    if fits {
        Ok(())
    } else {
        Err("backchannel_logout_uri must be an https URL without fragment and userinfo")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(value: &Value, confidential: bool) -> Result<ClientLogout, &'static str> {
        ClientLogout::read(value.as_object().unwrap(), confidential)
    }

    #[test]
    #[expect(clippy::too_many_lines, reason = "a table")]
    fn addresses_that_could_do_harm_are_not_registered() {
        for (metadata, confidential, good) in [
            (json!({}), false, true),
            (json!({"post_logout_redirect_uris": null}), false, true),
            (
                json!({"post_logout_redirect_uris": ["https://a.example/out"]}),
                false,
                true,
            ),
            (
                json!({"post_logout_redirect_uris": ["javascript:alert(1)"]}),
                true,
                false,
            ),
            (
                json!({"post_logout_redirect_uris": ["http://a.example/out"]}),
                true,
                false,
            ),
            (json!({"post_logout_redirect_uris": [1]}), true, false),
            (
                json!({"post_logout_redirect_uris": "https://a.example"}),
                true,
                false,
            ),
            (
                json!({"post_logout_redirect_uris": vec!["https://a.example/"; 21]}),
                true,
                false,
            ),
            (
                json!({"backchannel_logout_uri": "https://a.example/bc?x=1"}),
                false,
                true,
            ),
            (
                json!({"backchannel_logout_uri": "http://grafana:3000/bc"}),
                true,
                true,
            ),
            (
                json!({"backchannel_logout_uri": "http://grafana:3000/bc"}),
                false,
                false,
            ),
            (
                json!({"backchannel_logout_uri": "https://a.example/bc#f"}),
                true,
                false,
            ),
            (
                json!({"backchannel_logout_uri": "https://me@a.example/bc"}),
                true,
                false,
            ),
            (
                json!({"backchannel_logout_uri": "file:///etc/passwd"}),
                true,
                false,
            ),
            (
                json!({"backchannel_logout_uri": "https://a.example\\@b/"}),
                true,
                false,
            ),
            (json!({"backchannel_logout_uri": 7}), true, false),
        ] {
            let got = read(&metadata, confidential);
            assert_eq!(got.is_ok(), good, "{metadata}: {got:?}");
            if let Ok(got) = got {
                let mut members = Map::new();
                got.write(&mut members);
                assert_eq!(ClientLogout::read(&members, confidential), Ok(got));
            }
        }
    }

    #[test]
    fn only_what_is_registered_to_the_letter_is_redirected_to() {
        let known = ClientLogout {
            redirects: vec![
                "https://a.example/out".to_owned(),
                "http://localhost/out".to_owned(),
                "javascript:alert(1)".to_owned(), // edited by hand
            ],
            ..ClientLogout::default()
        };
        for (uri, good) in [
            ("https://a.example/out", true),
            ("http://localhost/out", true),
            ("http://localhost:5/out", false),
            ("https://a.example/out/", false),
            ("https://a.example/out?x", false),
            ("HTTPS://a.example/out", false),
            ("javascript:alert(1)", false),
            ("", false),
        ] {
            assert_eq!(known.may_redirect_to(uri), good, "{uri}");
        }
    }
}
