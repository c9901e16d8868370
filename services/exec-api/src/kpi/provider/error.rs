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

    /// What `Display` says, in Korean, as a sentence without its subject.
    pub(crate) fn korean(&self) -> String {
        match self {
            Self::NotConfigured => "연결되어 있지 않습니다.".to_owned(),
            Self::Unreachable(why) => format!("연결할 수 없습니다({}).", korean(why)),
            Self::Failing(status) => format!("오류로 답했습니다({status})."),
            Self::Denied(status) => format!("키를 받아 주지 않습니다({status})."),
            Self::Refused(status) => format!("질문을 거절했습니다({status})."),
            Self::Limited(wait) => format!("{}초 뒤에 다시 물어 달라고 합니다.", wait.as_secs()),
            Self::OverBudget(wait) => {
                format!("{}초 동안 남은 요청 한도가 없습니다.", wait.as_secs())
            }
            Self::Open(wait) => format!("거듭 실패하여 {}초 동안 묻지 않습니다.", wait.as_secs()),
            Self::Shape(_) => "알 수 없는 형식으로 답했습니다.".to_owned(),
        }
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

/// Why somebody cannot be reached, in Korean; the word itself when it is not known here.
fn korean(why: &'static str) -> &'static str {
    match why {
        "too slow" => "너무 느림",
        "no connection" => "연결 안 됨",
        "the answer broke off" => "답이 끊김",
        "stopping" => "멈추는 중",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_problem_is_told_in_korean_and_english_with_its_numbers() {
        let wait = Duration::from_secs(42);
        for (error, numbers) in [
            (ProviderError::NotConfigured, ""),
            (ProviderError::Unreachable("too slow"), ""),
            (ProviderError::Unreachable("no connection"), ""),
            (ProviderError::Unreachable("the answer broke off"), ""),
            (ProviderError::Failing(503), "503"),
            (ProviderError::Denied(401), "401"),
            (ProviderError::Refused(400), "400"),
            (ProviderError::Limited(wait), "42"),
            (ProviderError::OverBudget(wait), "42"),
            (ProviderError::Open(wait), "42"),
            (ProviderError::shape("/data", "is no list"), ""),
        ] {
            let (english, korean) = (error.to_string(), error.korean());
            assert!(english.is_ascii() && english.contains(numbers), "{english}");
            assert!(korean.contains(numbers), "{korean}");
            let latin = korean.chars().any(|c| c.is_ascii_alphabetic());
            assert!(!latin && korean.ends_with('.'), "{korean}");
        }
    }
}
