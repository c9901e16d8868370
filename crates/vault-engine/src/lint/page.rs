//! A part of a report.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Finding, Level, Report};
use crate::{
    query::{Page, cursor},
    view::PageError,
};

/// A report gives larger pages than lists do.
const MAX_LIMIT: u32 = 1000;

/// One page of findings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct LintPage {
    /// By path, line and column.
    pub results: Vec<Finding>,
    /// How many findings there are, on all pages together.
    pub total: u64,
    /// How many of each kind in the whole vault, whatever was asked for.
    pub by_code: BTreeMap<String, u64>,
    /// How many of each level in the whole vault, whatever was asked for.
    pub by_level: BTreeMap<Level, u64>,
    /// Ask with it for the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// The place of a finding in the order of a report.
#[derive(PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Place(String, Option<u32>, Option<u32>, String, Level, String);

impl Place {
    fn of(finding: &Finding) -> Self {
        let Finding {
            path,
            line,
            column,
            code,
            level,
            message,
            ..
        } = finding;
        Self(
            path.clone(),
            *line,
            *column,
            code.clone(),
            *level,
            message.clone(),
        )
    }
}

impl Report {
    /// Findings of at least a level and of one of some kinds; of any kind when none is named.
    ///
    /// # Errors
    /// [`PageError::BadCursor`] for a cursor of something else.
    pub fn page(&self, level: Level, codes: &[String], page: &Page) -> Result<LintPage, PageError> {
        let after: Option<Place> = page.cursor.as_deref().map(cursor::decode).transpose()?;
        let wanted = |found: &&Finding| {
            found.level >= level && (codes.is_empty() || codes.contains(&found.code))
        };
        let all: Vec<&Finding> = self.findings.iter().filter(wanted).collect();
        let start = after.map_or(0, |after| {
            all.partition_point(|found| Place::of(found) <= after)
        });
        let size = page.limit.clamp(1, MAX_LIMIT) as usize;
        let results: Vec<Finding> = all
            .iter()
            .skip(start)
            .take(size)
            .map(|found| (*found).clone())
            .collect();
        let more = start + results.len() < all.len();
        let next_cursor = results
            .last()
            .filter(|_| more)
            .map(|last| cursor::encode(&Place::of(last)));
        Ok(LintPage {
            total: all.len() as u64,
            by_code: self.by_code.clone(),
            by_level: self.by_level.clone(),
            results,
            next_cursor,
        })
    }
}
