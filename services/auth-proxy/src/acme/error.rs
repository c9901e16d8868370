//! Why there is no certificate.

use std::time::Duration;

use super::wire::Problem;

/// What went wrong; `Display` is for the log.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AcmeError {
    /// The directory does not answer.
    #[error("the directory cannot be reached: {0}")]
    Unreachable(String),
    /// It answers what RFC 8555 does not know.
    #[error("the directory's answer makes no sense: {0}")]
    Nonsense(&'static str),
    /// It sends us to somebody else.
    #[error("the directory leads elsewhere, to {0:?}")]
    Elsewhere(String),
    /// It says no.
    #[error("the directory refuses ({status}): {problem}")]
    Refused {
        /// The status of HTTP.
        status: u16,
        /// Why.
        problem: Problem,
        /// When to come back.
        retry_after: Option<Duration>,
    },
    /// It could not see that the name is ours.
    #[error("the directory does not believe that the name is ours: {0}")]
    Disbelieved(Problem),
    /// It takes too long.
    #[error("the directory takes too long: {0}")]
    Slow(&'static str),
    /// What it gave is not what was asked for.
    #[error("the directory's certificate is not taken: {0}")]
    Wrong(String),
    /// A key or file of our own.
    #[error("{0}")]
    Own(String),
}

impl AcmeError {
    /// An error of OpenSSL, josekit or the disk.
    pub(crate) fn own(error: impl std::fmt::Display) -> Self {
        Self::Own(error.to_string())
    }

    /// When the directory said to come back.
    pub(crate) const fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Refused { retry_after, .. } => *retry_after,
            Self::Unreachable(_)
            | Self::Nonsense(_)
            | Self::Elsewhere(_)
            | Self::Disbelieved(_)
            | Self::Slow(_)
            | Self::Wrong(_)
            | Self::Own(_) => None,
        }
    }
}
