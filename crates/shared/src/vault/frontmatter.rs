//! Splits a note into frontmatter and body, and reads the frontmatter.
//!
//! In: the text of a note, with or without BOM, LF or CRLF. Out: [`ParsedNote`].
//! Never: an error. Broken YAML gives a [`Defect`], the properties that still parse, and the whole text as body.
//! Source: Obsidian's properties (a `---` line at the very top, another to close); YAML 1.2.2.

use serde_json::{Map, Value};

use super::{
    defect::{Defect, DefectCode},
    diagnose, recover,
    yaml::{self, Property, YamlError, YamlErrorKind},
};

/// How much of the frontmatter could be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BlockState {
    /// There is none.
    #[default]
    Absent,
    /// All of it.
    Whole,
    /// Only the properties that parse by themselves.
    Recovered,
}

/// The properties of a note in their order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Frontmatter {
    /// Values by name; dates are text, unquoted `[[x]]` is the text `[[x]]`.
    pub fields: Map<String, Value>,
    /// How much could be read.
    pub state: BlockState,
    lines: Vec<u32>,
}

impl Frontmatter {
    /// The value of a property; an empty property (`null`) is absent.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.fields.get(name).filter(|value| !value.is_null())
    }

    /// Line of a property in the file, from 1; the first line when it is not there.
    #[must_use]
    pub fn line_of(&self, name: &str) -> u32 {
        let at = self.fields.keys().position(|known| known == name);
        at.and_then(|at| self.lines.get(at)).copied().unwrap_or(1)
    }

    /// Every property with its line in the file, in order.
    pub fn lined(&self) -> impl Iterator<Item = (&str, &Value, u32)> {
        let fields = self.fields.iter().zip(&self.lines);
        fields.map(|((name, value), line)| (name.as_str(), value, *line))
    }

    /// Properties that were read before, each with its line in the file, in order; see [`Self::lined`].
    #[must_use]
    pub fn again(
        fields: impl IntoIterator<Item = (String, Value, u32)>,
        state: BlockState,
    ) -> Self {
        let mut frontmatter = Self {
            state,
            ..Self::default()
        };
        for (name, value, line) in fields {
            if frontmatter.fields.insert(name, value).is_none() {
                frontmatter.lines.push(line);
            }
        }
        frontmatter
    }

    fn fill(properties: Vec<Property>, state: BlockState) -> Self {
        let mut frontmatter = Self {
            state,
            ..Self::default()
        };
        for Property { name, line, value } in properties {
            // The block starts on the file's second line.
            if frontmatter.fields.insert(name, value).is_none() {
                frontmatter.lines.push(line.saturating_add(1));
            }
        }
        frontmatter
    }
}

/// One note, read.
#[derive(Clone, Debug, PartialEq)]
pub struct ParsedNote<'a> {
    /// The properties.
    pub frontmatter: Frontmatter,
    /// The text below the frontmatter; the whole text when the frontmatter is broken.
    pub body: &'a str,
    /// Line of the file on which the body starts, from 1.
    pub body_line: u32,
    /// What is wrong with the frontmatter.
    pub defects: Vec<Defect>,
}

/// Reads a note.
#[must_use]
pub fn parse(text: &str) -> ParsedNote<'_> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let whole = |defects| ParsedNote {
        frontmatter: Frontmatter::default(),
        body: text,
        body_line: 1,
        defects,
    };
    let (block, body) = match split(text) {
        Split::None => return whole(Vec::new()),
        Split::Open => {
            let message = "the frontmatter is opened by --- and never closed";
            return whole(vec![Defect::at(
                DefectCode::FrontmatterUnterminated,
                1,
                message,
            )]);
        }
        Split::Block(block, body) => (block, body),
    };
    let body_line = u32::try_from(block.lines().count())
        .unwrap_or(u32::MAX)
        .saturating_add(3);
    match yaml::parse(block, false) {
        Ok(properties) => ParsedNote {
            frontmatter: Frontmatter::fill(properties, BlockState::Whole),
            body,
            body_line,
            defects: Vec::new(),
        },
        Err(error) if error.kind == YamlErrorKind::DuplicateKey => {
            let kept = yaml::parse(block, true).unwrap_or_default();
            ParsedNote {
                frontmatter: Frontmatter::fill(kept, BlockState::Whole),
                body,
                body_line,
                defects: vec![defect(&error)],
            }
        }
        Err(error) => broken(&error, text, block),
    }
}

/// What can be saved of a block that is no YAML; the whole text is the body.
fn broken<'a>(error: &YamlError, text: &'a str, block: &str) -> ParsedNote<'a> {
    let whole = |kept, defect| ParsedNote {
        frontmatter: Frontmatter::fill(kept, BlockState::Recovered),
        body: text,
        body_line: 1,
        defects: vec![defect],
    };
    if let Some((line, kept)) = unclosed(error, block) {
        let message = "the frontmatter is not closed before this line";
        let defect = Defect {
            instead: Some("---".to_owned()),
            ..Defect::at(DefectCode::FrontmatterUnterminated, line, message)
        };
        return whole(kept, defect);
    }
    let kept = if error.kind == YamlErrorKind::Limit {
        Vec::new()
    } else {
        recover::properties(block)
    };
    let mut found = defect(error);
    if error.kind == YamlErrorKind::Syntax {
        explain(&mut found, block);
    }
    whole(kept, found)
}

fn defect(error: &YamlError) -> Defect {
    let code = match error.kind {
        YamlErrorKind::Syntax => DefectCode::YamlSyntax,
        YamlErrorKind::DuplicateKey => DefectCode::YamlDuplicateKey,
        YamlErrorKind::Limit => DefectCode::YamlLimit,
        YamlErrorKind::NotAMap => DefectCode::FrontmatterNotAMap,
    };
    let mut defect = Defect::at(code, error.line.saturating_add(1), error.message.clone());
    defect.column = error.column;
    defect
}

/// A `---` further down in the text was taken for the end: the line that is no property, and the properties before it.
fn unclosed(error: &YamlError, block: &str) -> Option<(u32, Vec<Property>)> {
    if error.kind != YamlErrorKind::Syntax {
        return None;
    }
    let (line, head) = diagnose::before_prose(block)?;
    let kept = yaml::parse(head, false).ok()?;
    (!kept.is_empty()).then(|| (line.saturating_add(1), kept))
}

/// The parser stops where it can go on no longer; what a person has to mend often stands before.
fn explain(defect: &mut Defect, block: &str) {
    if let Some(cause) = diagnose::cause(block) {
        defect.line = Some(cause.line.saturating_add(1));
        defect.column = Some(cause.column);
        defect.message = cause.message;
        defect.instead = Some(cause.instead);
    }
}

enum Split<'a> {
    None,
    Open,
    Block(&'a str, &'a str),
}

fn split(text: &str) -> Split<'_> {
    let Some((first, rest)) = text.split_once('\n') else {
        return Split::None;
    };
    if first.trim_end() != "---" {
        return Split::None;
    }
    let mut offset = 0;
    for line in rest.split_inclusive('\n') {
        if line.trim_end() == "---" {
            let block = rest.get(..offset).unwrap_or_default();
            let body = rest.get(offset + line.len()..).unwrap_or_default();
            return Split::Block(block, body);
        }
        offset += line.len();
    }
    Split::Open
}
