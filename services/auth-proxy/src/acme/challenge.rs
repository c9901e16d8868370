//! What a directory asks over plain HTTP to see that a name is ours (RFC 8555 §8.3).
//!
//! In: tokens of challenges that are under way. Out: their answers. Never: a file that is no challenge, whatever a token
//! looks like; an answer to a question that no directory put.
//!
//! Answers are files, so that whichever replica is asked knows them.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use crate::tls::private;

/// Longest token, in characters; directories use 43.
const LONGEST: usize = 128;

/// The challenges that are under way.
#[derive(Clone, Debug)]
pub(crate) struct Challenges(Arc<PathBuf>);

/// A challenge under way; over when it is dropped.
pub(crate) struct UnderWay(PathBuf);

impl Challenges {
    /// Kept in this folder.
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self(Arc::new(folder))
    }

    /// Answers `token` with `authorization` until the result is dropped.
    ///
    /// # Errors
    /// When `token` is none, or the folder cannot be written.
    pub(crate) fn begin(&self, token: &str, authorization: &str) -> io::Result<UnderWay> {
        if !is_token(token) {
            return Err(io::Error::other("the directory's token is none"));
        }
        let file = self.0.join(token);
        private(&file, authorization.as_bytes())?;
        Ok(UnderWay(file))
    }

    /// What `token` is answered with.
    pub(crate) fn answer(&self, token: &str) -> Option<String> {
        if !is_token(token) {
            return None;
        }
        std::fs::read_to_string(self.0.join(token)).ok()
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        // What stays is an answer to a question that is not put again.
        let _ = std::fs::remove_file(&self.0);
    }
}

/// `base64url` and nothing else (RFC 8555 §8.3), so no part of a path.
pub(super) fn is_token(token: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    (1..=LONGEST).contains(&token.len()) && token.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_challenge_is_answered_while_it_is_under_way_and_no_token_leads_out_of_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("account.key"), "secret").unwrap();
        let inside = folder.path().join("challenges");
        std::fs::create_dir(&inside).unwrap();
        std::fs::write(folder.path().join("plain"), "secret").unwrap();
        let challenges = Challenges::new(inside);
        let under_way = challenges.begin("tok-en_1", "tok-en_1.thumb").unwrap();
        assert_eq!(challenges.answer("tok-en_1").unwrap(), "tok-en_1.thumb");
        let long = "a".repeat(LONGEST + 1);
        for token in [
            "",
            ".",
            "..",
            "../plain",
            "..%2fplain",
            "/etc/passwd",
            "a/b",
            "a\\b",
            "a.b",
            "a\0",
            "ä",
            &long,
        ] {
            assert_eq!(challenges.answer(token), None, "{token:?}");
            assert!(challenges.begin(token, "x").is_err(), "{token:?}");
        }
        assert_eq!(challenges.answer("other"), None);
        drop(under_way);
        assert_eq!(challenges.answer("tok-en_1"), None);
    }
}
