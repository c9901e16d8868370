//! What a note's body holds besides prose: links, headings, tags.
//!
//! In: Markdown. Out: [`Body`]. Never: anything inside code or comments of code.
//! Source: `CommonMark` 0.31; Obsidian's tags (letters, digits, `_`, `-`, `/`; never digits only).

use std::collections::HashSet;

use pulldown_cmark::{Event, LinkType, Options, Parser, Tag, TagEnd};

use super::{text::nfc, wikilink::WikiLink};

/// A heading and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heading {
    /// Its text without markup.
    pub text: String,
    /// 1 to 6.
    pub level: u8,
    /// Line in the file, from 1.
    pub line: u32,
}

/// What was found in a body, in its order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Body {
    /// Wikilinks and embeds.
    pub links: Vec<WikiLink>,
    /// Headings.
    pub headings: Vec<Heading>,
    /// Inline tags without `#`, each once.
    pub tags: Vec<String>,
}

/// Scans a body whose first line is `first_line` of its file.
#[must_use]
pub fn scan(markdown: &str, first_line: u32) -> Body {
    let options = Options::ENABLE_WIKILINKS | Options::ENABLE_TABLES | Options::ENABLE_TASKLISTS;
    let mut scan = Scan {
        lines: Lines::new(markdown, first_line),
        ..Scan::default()
    };
    for (event, range) in Parser::new_ext(markdown, options).into_offset_iter() {
        scan.take(event, range.start);
    }
    scan.flush();
    scan.body
}

#[derive(Default)]
struct Scan<'a> {
    body: Body,
    lines: Lines<'a>,
    heading: Option<Heading>,
    /// Text since the last markup: a tag may be cut into several events.
    run: String,
    in_code: bool,
    in_link: usize,
    seen: HashSet<String>,
}

impl Scan<'_> {
    fn take(&mut self, event: Event<'_>, at: usize) {
        match event {
            Event::Text(text) if !self.in_code => {
                if let Some(heading) = &mut self.heading {
                    heading.text.push_str(&text);
                }
                if self.in_link == 0 {
                    self.run.push_str(&text);
                }
                return;
            }
            Event::Code(text) => {
                if let Some(heading) = &mut self.heading {
                    heading.text.push_str(&text);
                }
                // `a`#tag: something stands before the sign.
                self.flush();
                self.run.push('`');
                return;
            }
            Event::Start(tag) => self.open(&tag, at),
            Event::End(end) => self.close(end),
            _ => {}
        }
        self.flush();
    }

    fn open(&mut self, tag: &Tag<'_>, at: usize) {
        match tag {
            Tag::CodeBlock(_) => self.in_code = true,
            Tag::Heading { level, .. } => {
                let line = self.lines.at(at);
                self.heading = Some(Heading {
                    text: String::new(),
                    level: *level as u8,
                    line,
                });
            }
            Tag::Link {
                link_type,
                dest_url,
                ..
            }
            | Tag::Image {
                link_type,
                dest_url,
                ..
            } => {
                self.in_link += 1;
                if matches!(link_type, LinkType::WikiLink { .. }) {
                    let embed = matches!(tag, Tag::Image { .. });
                    let line = self.lines.at(at);
                    self.body
                        .links
                        .extend(WikiLink::parse(dest_url, embed, line));
                }
            }
            _ => {}
        }
    }

    fn close(&mut self, end: TagEnd) {
        match end {
            TagEnd::CodeBlock => self.in_code = false,
            TagEnd::Heading(_) => {
                if let Some(mut heading) = self.heading.take() {
                    heading.text = nfc(heading.text.trim()).into_owned();
                    self.body.headings.push(heading);
                }
            }
            TagEnd::Link | TagEnd::Image => self.in_link = self.in_link.saturating_sub(1),
            _ => {}
        }
    }

    fn flush(&mut self) {
        if self.run.contains('#') {
            for tag in tags_in(&self.run) {
                if self.seen.insert(tag.clone()) {
                    self.body.tags.push(tag);
                }
            }
        }
        self.run.clear();
    }
}

/// Tags in plain text: `#` after a space or at the start.
fn tags_in(text: &str) -> Vec<String> {
    let mut tags = Vec::new();
    let mut before = ' ';
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        if c == '#' && before.is_whitespace() {
            let tail = rest.as_str();
            let end = tail.find(|c| !is_tag_char(c)).unwrap_or(tail.len());
            tags.extend(tail.get(..end).and_then(tag_name));
        }
        before = c;
    }
    tags
}

/// A tag's name without `#` and outer slashes; `None` when it is no tag (empty, or digits only).
#[must_use]
pub fn tag_name(raw: &str) -> Option<String> {
    let name = raw.trim().trim_start_matches('#').trim_matches('/');
    let valid = !name.is_empty()
        && name.chars().all(is_tag_char)
        && !name.chars().all(|c| c.is_ascii_digit());
    valid.then(|| nfc(name).into_owned())
}

fn is_tag_char(c: char) -> bool {
    c.is_alphanumeric()
        || matches!(c, '_' | '-' | '/')
        || (!c.is_ascii() && !c.is_whitespace() && !c.is_control() && !is_wide_punctuation(c))
}

fn is_wide_punctuation(c: char) -> bool {
    matches!(c, '\u{2000}'..='\u{206f}' | '\u{3000}'..='\u{303f}' | '\u{ff00}'..='\u{ff0f}' | '\u{ff1a}'..='\u{ff20}')
}

/// Line numbers for offsets that mostly grow.
#[derive(Default)]
struct Lines<'a> {
    text: &'a str,
    offset: usize,
    line: u32,
}

impl<'a> Lines<'a> {
    fn new(text: &'a str, first_line: u32) -> Self {
        Self {
            text,
            offset: 0,
            line: first_line,
        }
    }

    fn at(&mut self, offset: usize) -> u32 {
        if let Some(passed) = self.text.as_bytes().get(self.offset..offset) {
            let newlines = passed.split(|&byte| byte == b'\n').skip(1).count();
            self.line = self
                .line
                .saturating_add(u32::try_from(newlines).unwrap_or(u32::MAX));
            self.offset = offset;
        }
        self.line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_tags_and_headings_are_found_with_their_lines() {
        let text = "# 제목 `x`\n\n[[a]] ![[b.png]] #mcp #project/alpha\n\n- [ ] [[c|d]] #mcp #2024 a#b\n\n## Two\n";
        let body = scan(text, 10);
        let links: Vec<_> = body
            .links
            .iter()
            .map(|l| (l.target.as_str(), l.embed, l.line))
            .collect();
        assert_eq!(
            links,
            [("a", false, 12), ("b.png", true, 12), ("c", false, 14)]
        );
        assert_eq!(body.tags, ["mcp", "project/alpha"]);
        let headings: Vec<_> = body
            .headings
            .iter()
            .map(|h| (h.text.as_str(), h.level, h.line))
            .collect();
        assert_eq!(headings, [("제목 x", 1, 10), ("Two", 2, 16)]);
    }

    #[test]
    fn code_holds_no_links_and_no_tags() {
        let body = scan(
            "```python\nx  # [[no]] #no\n```\n`[[no]] #no` [[yes]] #yes_1\n\n    [[no]] #no\n",
            1,
        );
        assert_eq!(
            body.links
                .iter()
                .map(|l| l.target.as_str())
                .collect::<Vec<_>>(),
            ["yes"]
        );
        assert_eq!(body.tags, ["yes_1"]);
    }

    #[test]
    fn a_link_in_a_table_keeps_its_target_and_its_shown_text() {
        let body = scan(
            "| a | b |\n|---|---|\n| [[note\\|shown]] | [[other]] |\n",
            1,
        );
        let targets: Vec<_> = body.links.iter().map(|l| l.target.as_str()).collect();
        assert_eq!(targets, ["note", "other"]);
    }

    #[test]
    fn tags_are_never_digits_only() {
        for (raw, expected) in [
            ("#mcp", Some("mcp")),
            ("결제/환불", Some("결제/환불")),
            ("2024", None),
            ("2024-a", Some("2024-a")),
            ("a b", None),
            ("#", None),
            ("a,b", None),
        ] {
            assert_eq!(tag_name(raw).as_deref(), expected, "{raw:?}");
        }
    }
}
