//! Why a provider gave nothing.

use std::time::Duration;

/// A failure; its `Display` is shown to callers and never holds a key or a URL.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ProviderError {
    /// No key.
    #[error("is not configured")]
    NotConfigured,
    /// It cannot be reached, or broke off.
    #[error("cannot be reached ({0})")]
    Unreachable(&'static str),
    /// It answered with a failure of its own.
    #[error("answered {0}")]
    Failing(u16),
    /// It does not take the key.
    #[error("does not accept the key ({0})")]
    Denied(u16),
    /// It does not take the question.
    #[error("refused the question ({0})")]
    Refused(u16),
    /// Its limit is reached.
    #[error("wants to be asked again in {} seconds", .0.as_secs())]
    Limited(Duration),
    /// Our own budget is used up.
    #[error("has no budget left for {} seconds", .0.as_secs())]
    OverBudget(Duration),
    /// Left alone after failures.
    #[error("is left alone for {} seconds after failures", .0.as_secs())]
    Open(Duration),
    /// An answer in another shape than documented.
    #[error("answered in an unknown shape: {0}")]
    Shape(String),
}

impl ProviderError {
    /// A shape that is not the documented one; `place` is a path in the answer, not its content.
    pub(super) fn shape(place: &str, wrong: &str) -> Self {
        Self::Shape(format!("{place} {wrong}"))
    }

    /// Whether it says something about the provider's state: such failures open the circuit.
    pub(super) const fn is_outage(&self) -> bool {
        matches!(
            self,
            Self::Unreachable(_) | Self::Failing(_) | Self::Shape(_)
        )
    }

    /// Whether the same question may be asked once more at once.
    pub(super) const fn is_passing(&self) -> bool {
        matches!(self, Self::Unreachable(_) | Self::Failing(_))
    }
}
