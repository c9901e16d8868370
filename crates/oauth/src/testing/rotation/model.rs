//! What a family of refresh tokens should do, in a few lines.

use chrono::{DateTime, TimeDelta, Utc};

/// What should happen.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Model {
    /// The chain of tokens, each with its expiry; the last one is the newest anybody was told of.
    pub(super) chain: Vec<(String, DateTime<Utc>)>,
    /// The newest token that was used.
    pub(super) used: Option<usize>,
    pub(super) dead: bool,
}

impl Model {
    /// Checks one outcome and follows it.
    pub(super) fn apply(
        &mut self,
        index: usize,
        now: DateTime<Utc>,
        ttl: TimeDelta,
        got: &Outcome,
    ) -> Result<(), String> {
        let expires_at = self.chain.get(index).map(|(_, at)| *at);
        let replay = self.used.is_some_and(|used| index < used);
        let works = !self.dead && !replay && expires_at.is_some_and(|at| now < at);
        if !works {
            self.dead |= replay;
            return match got {
                Outcome::Refused => Ok(()),
                Outcome::Answered(_) => Err(format!("token {index} should have been refused")),
            };
        }
        let Outcome::Answered(next) = got else {
            return Err(format!("token {index} should have been answered"));
        };
        self.used = Some(index);
        match self.chain.get(index + 1) {
            Some((known, _)) if known != next => Err(format!(
                "token {index} was answered with a second successor"
            )),
            Some(_) => Ok(()),
            None => {
                self.chain.push((next.clone(), now + ttl));
                Ok(())
            }
        }
    }
}

#[derive(Clone, Debug)]
pub(super) enum Outcome {
    Answered(String),
    Refused,
}
