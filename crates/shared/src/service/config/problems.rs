//! Collects every mistake in the settings, so that a person fixes them in one go.

use std::fmt;

/// One mistake: which variable, what is wrong, what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The environment variable.
    pub variable: String,
    /// What is wrong with its value.
    pub wrong: String,
    /// What to do about it.
    pub fix: String,
}

/// All mistakes so far, and things that are allowed but unwise.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problems {
    found: Vec<Problem>,
    warnings: Vec<Problem>,
}

/// What is allowed but unwise; log each once telemetry runs.
pub type Warnings = Vec<Problem>;

impl Problems {
    /// No mistakes yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Notes a mistake.
    pub fn add(&mut self, variable: &str, wrong: impl Into<String>, fix: impl Into<String>) {
        self.found.push(Problem {
            variable: variable.to_owned(),
            wrong: wrong.into(),
            fix: fix.into(),
        });
    }

    /// Notes something allowed but unwise.
    pub fn warn(&mut self, variable: &str, wrong: impl Into<String>, fix: impl Into<String>) {
        self.warnings.push(Problem {
            variable: variable.to_owned(),
            wrong: wrong.into(),
            fix: fix.into(),
        });
    }

    /// Whether no mistake was noted.
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// The mistakes noted so far.
    pub fn as_slice(&self) -> &[Problem] {
        &self.found
    }

    /// Ends the reading of settings.
    ///
    /// # Errors
    /// `self` when there is any mistake; its `Display` lists all of them.
    pub fn finish(self) -> Result<Warnings, Self> {
        if self.found.is_empty() {
            Ok(self.warnings)
        } else {
            Err(self)
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}. {}", self.variable, self.wrong, self.fix)
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.found.len() {
            1 => writeln!(f, "one setting needs attention:")?,
            many => writeln!(f, "{many} settings need attention:")?,
        }
        for problem in &self.found {
            writeln!(f, "  - {problem}")?;
        }
        f.write_str("Nothing was started.")
    }
}

impl std::error::Error for Problems {}
