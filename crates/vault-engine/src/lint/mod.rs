//! What is wrong in a vault, by rules that are data.
//!
//! In: a snapshot, a [`Schema`], and what day it is. Out: [`Report`]: every finding with its place and what to do.
//! Never: a note hidden because of a finding; a clock; a rule of one team written in code.

mod fields;
mod junit;
mod lives;
mod page;
mod places;
mod relations;
mod sarif;
mod schema;

use std::{collections::BTreeMap, fmt};

use loop_shared::vault::{DefectCode, IsoDate};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use junit::junit;
pub use page::LintPage;
pub use sarif::sarif;
pub use schema::{Schema, SchemaError};

use crate::Snapshot;

/// How bad a finding is.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Worth a look: an orphan, a task long in work.
    Advice,
    /// It works, but not as it should.
    Warning,
    /// Something is broken or contradicts itself.
    Error,
}

impl Level {
    /// Reads `advice`, `warning`, `error` or, for schemas, `ignore` as nothing.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "advice" => Some(Self::Advice),
            "warning" => Some(Self::Warning),
            "error" => Some(Self::Error),
            _ => None,
        }
    }
}

/// One thing found.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct Finding {
    /// The note.
    pub path: String,
    /// Line in the file, from 1; absent when the whole note is meant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// Column in the line, in letters, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
    /// What kind of finding; stable.
    pub code: String,
    /// How bad it is.
    pub level: Level,
    /// What is wrong, for a person.
    pub message: String,
    /// What to do about it.
    pub fix: String,
    /// What to write instead of the line, when that can be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instead: Option<String>,
}

/// `path:line:column: level code: message. Fix: …`, as compilers write.
impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.path.is_empty() {
            "(the vault)"
        } else {
            &self.path
        })?;
        for place in [self.line, self.column].into_iter().flatten() {
            write!(f, ":{place}")?;
        }
        let level = match self.level {
            Level::Advice => "advice",
            Level::Warning => "warning",
            Level::Error => "error",
        };
        write!(
            f,
            ": {level} {}: {}. Fix: {}.",
            self.code, self.message, self.fix
        )?;
        self.instead
            .iter()
            .try_for_each(|instead| write!(f, " Write: {instead}"))
    }
}

/// Everything found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Report {
    /// By path, line and column.
    pub findings: Vec<Finding>,
    /// How many of each kind.
    pub by_code: BTreeMap<String, u64>,
    /// How many of each level.
    pub by_level: BTreeMap<Level, u64>,
}

impl Report {
    /// Whether anything is at least this bad.
    #[must_use]
    pub fn has(&self, level: Level) -> bool {
        self.by_level.range(level..).any(|(_, count)| *count > 0)
    }

    fn of(mut findings: Vec<Finding>) -> Self {
        findings.sort();
        findings.dedup();
        let mut report = Self::default();
        for finding in &findings {
            *report.by_code.entry(finding.code.clone()).or_default() += 1;
            *report.by_level.entry(finding.level).or_default() += 1;
        }
        report.findings = findings;
        report
    }
}

/// Looks at every note. Without a day, nothing is said about time.
#[must_use]
pub fn lint(snapshot: &Snapshot, schema: &Schema, today: Option<&IsoDate>) -> Report {
    let mut findings = Vec::new();
    for found in snapshot.defects() {
        let defect = &found.defect;
        if let Some(level) = level(defect.code) {
            findings.push(Finding {
                path: found.path.clone(),
                line: defect.line,
                column: defect.column,
                code: defect.code.to_string(),
                level,
                message: defect.message.clone(),
                fix: defect.code.fix().to_owned(),
                instead: defect.instead.clone(),
            });
        }
    }
    fields::check(snapshot, schema, &mut findings);
    places::check(snapshot, schema, &mut findings);
    relations::check(snapshot, schema, &mut findings);
    lives::check(snapshot, schema, today, &mut findings);
    Report::of(findings)
}

/// How bad a defect is; nothing for those that the schema decides.
const fn level(code: DefectCode) -> Option<Level> {
    use DefectCode as Code;
    match code {
        Code::FieldType
        | Code::ListAsText
        | Code::BadDate
        | Code::UnknownStatus
        | Code::UnknownPriority
        | Code::EntityIdMissing
        | Code::EntityTypeMissing => None,
        Code::DanglingLink
        | Code::SymlinkNotFollowed
        | Code::SymlinkOutside
        | Code::NoteTooLarge => Some(Level::Warning),
        Code::YamlSyntax
        | Code::YamlDuplicateKey
        | Code::YamlLimit
        | Code::FrontmatterUnterminated
        | Code::FrontmatterNotAMap
        | Code::DuplicateId
        | Code::DanglingRelation
        | Code::InvalidUtf8
        | Code::Unreadable
        | Code::NotAFile
        | Code::BadName
        | Code::DuplicatePath
        | Code::TooManyNotes
        | Code::TooDeep => Some(Level::Error),
    }
}
