//! A note's text as HTML that can do nothing.
//!
//! In: Markdown. Out: HTML of a fixed set of elements. Never: the note's own HTML (it is shown as text), a script, an image or
//! anything else that loads, an inline style, a link by another scheme than http, https and mailto.

mod links;
mod properties;

use pulldown_cmark::{
    Alignment, CowStr, Event, HeadingLevel, LinkType, Options, Parser, Tag, TagEnd, html,
};

pub use links::Links;
use links::anchor;
pub use properties::Property;

/// Longest text that is rendered, in bytes.
const MAX_BYTES: usize = 1_000_000;

/// Renders the text of a note; what is longer than a megabyte is cut.
#[must_use]
pub fn render(text: &str, links: &Links<'_>) -> String {
    let end = (0..=MAX_BYTES.min(text.len()))
        .rev()
        .find(|at| text.is_char_boundary(*at));
    let text = text.get(..end.unwrap_or(0)).unwrap_or_default();
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_WIKILINKS;
    let events = Parser::new_ext(text, options);
    let mut made = Vec::new();
    let mut open = Vec::new();
    for event in events {
        made.extend(safe(event, &mut open, links));
    }
    named(&mut made);
    let mut out = String::with_capacity(text.len() * 2);
    html::push_html(&mut out, made.into_iter());
    out
}

/// What an event becomes. `open` remembers how each link and image was begun.
fn safe<'a>(event: Event<'a>, open: &mut Vec<bool>, links: &Links<'_>) -> Option<Event<'a>> {
    Some(match event {
        Event::Html(text) | Event::InlineHtml(text) => Event::Text(text),
        Event::Start(Tag::HtmlBlock) => Event::Start(Tag::Paragraph),
        Event::End(TagEnd::HtmlBlock) => Event::End(TagEnd::Paragraph),
        Event::Start(
            Tag::Link {
                link_type,
                dest_url,
                ..
            }
            | Tag::Image {
                link_type,
                dest_url,
                ..
            },
        ) => {
            let href = match link_type {
                LinkType::WikiLink { .. } => links.wiki(&dest_url),
                LinkType::Email => links.plain(&format!("mailto:{dest_url}")),
                _ => links.plain(&dest_url),
            };
            open.push(href.is_some());
            match href {
                Some(href) => Event::Start(Tag::Link {
                    link_type: LinkType::Inline,
                    dest_url: href.into(),
                    title: CowStr::Borrowed(""),
                    id: CowStr::Borrowed(""),
                }),
                // A link that leads nowhere stays readable.
                None => Event::Start(Tag::Emphasis),
            }
        }
        Event::End(TagEnd::Link | TagEnd::Image) => match open.pop() {
            Some(true) => Event::End(TagEnd::Link),
            _ => Event::End(TagEnd::Emphasis),
        },
        Event::Start(Tag::Table(columns)) => {
            Event::Start(Tag::Table(vec![Alignment::None; columns.len()]))
        }
        Event::Start(Tag::Heading { level, .. }) => Event::Start(Tag::Heading {
            level: lower(level),
            id: None,
            classes: Vec::new(),
            attrs: Vec::new(),
        }),
        Event::End(TagEnd::Heading(level)) => Event::End(TagEnd::Heading(lower(level))),
        Event::TaskListMarker(done) => Event::Text(if done { "☑ " } else { "☐ " }.into()),
        Event::Start(Tag::MetadataBlock(_)) | Event::End(TagEnd::MetadataBlock(_)) => return None,
        other => other,
    })
}

/// One level deeper: the page's own heading is the first.
const fn lower(level: HeadingLevel) -> HeadingLevel {
    match level {
        HeadingLevel::H1 => HeadingLevel::H2,
        HeadingLevel::H2 => HeadingLevel::H3,
        HeadingLevel::H3 => HeadingLevel::H4,
        HeadingLevel::H4 => HeadingLevel::H5,
        HeadingLevel::H5 | HeadingLevel::H6 => HeadingLevel::H6,
    }
}

/// Gives headings the names that links to them use; of two equal ones the first has it.
fn named(events: &mut [Event<'_>]) {
    let mut taken = std::collections::BTreeSet::new();
    for at in 0..events.len() {
        if !matches!(events.get(at), Some(Event::Start(Tag::Heading { .. }))) {
            continue;
        }
        let mut text = String::new();
        for event in events.iter().skip(at + 1) {
            match event {
                Event::End(TagEnd::Heading(_)) => break,
                Event::Text(part) | Event::Code(part) => text.push_str(part),
                _ => {}
            }
        }
        let name = anchor(&text);
        if name.len() > 2
            && taken.insert(name.clone())
            && let Some(Event::Start(Tag::Heading { id, .. })) = events.get_mut(at)
        {
            *id = Some(name.into());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Snapshot;

    /// What a note may hold, one attack each.
    const HOSTILE: &[&str] = &[
        "<script>alert(1)</script>",
        "a <img src=x onerror=alert(1)> b",
        "<svg/onload=alert(1)>",
        "<iframe src=\"https://evil.example\"></iframe>",
        "<style>*{display:none}</style>",
        "<a href=\"javascript:alert(1)\">x</a>",
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt:alert(1))",
        "[x](java\nscript:alert(1))",
        "[x](&#106;avascript:alert(1))",
        "[x](data:text/html;base64,PHNjcmlwdD4=)",
        "[x](vbscript:x)",
        "[x](file:///etc/passwd)",
        "[x](//evil.example)",
        "[x](/admin)",
        "[x](\\\\evil.example)",
        "[x](https://a.example/\"onmouseover=\"alert(1))",
        "[x](https://a.example/ \"a\\\" onmouseover=\\\"alert(1)\")",
        "![x](https://evil.example/pixel.png)",
        "![x\" onerror=\"alert(1)](x.png)",
        "![[image.svg]]",
        "[[one|<img src=x onerror=alert(1)>]]",
        "[[<script>alert(1)</script>]]",
        "[[one\" onclick=\"x]]",
        "<https://a.example/?\"onx=\">",
        "<javascript:alert(1)>",
        "# <script>x</script>\" onload=\"y",
        "```\" onload=\"x\n</code><script>\n```",
        "| a |\n|:-:|\n| <b onclick=x>c</b> |",
        "- [x] <input onfocus=x autofocus>",
        "[^1]\n\n[^1]: <script>x</script>",
        "[x]: javascript:alert(1)\n\n[x]",
        "&lt;script&gt;&#60;script&#62;",
    ];
    const ELEMENTS: &[&str] = &[
        "p",
        "em",
        "strong",
        "del",
        "a",
        "ul",
        "ol",
        "li",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "pre",
        "code",
        "blockquote",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "hr",
        "br",
        "sup",
        "div",
    ];

    fn rendered(text: &str) -> String {
        let snapshot = Snapshot::of_texts([
            (
                "a/one.md",
                "---\nentity_id: one\nentity_type: task\naliases: [하나]\n---\n",
            ),
            ("a/two words.md", "---\naliases: [둘]\n---\n# Two"),
            ("a/from.md", ""),
        ]);
        let links = Links {
            snapshot: &snapshot,
            from: "a/from.md",
            pages: "/view/note",
        };
        render(text, &links)
    }

    #[test]
    fn nothing_that_a_note_writes_runs_loads_or_styles() {
        for hostile in HOSTILE {
            let html = rendered(hostile);
            let tags = html
                .split('<')
                .skip(1)
                .map(|part| part.split('>').next().unwrap());
            for tag in tags {
                let name = tag
                    .trim_start_matches('/')
                    .split([' ', '/'])
                    .next()
                    .unwrap();
                assert!(ELEMENTS.contains(&name), "{hostile}: <{tag}> in {html}");
                let quotes = tag.matches('"').count();
                assert!(
                    quotes % 2 == 0 && !tag.contains(" on") && !tag.contains("style="),
                    "{hostile}: <{tag}>"
                );
                for scheme in ["javascript:", "data:", "vbscript:", "file:", "src="] {
                    assert!(!tag.to_lowercase().contains(scheme), "{hostile}: <{tag}>");
                }
            }
        }
    }

    #[test]
    fn links_lead_to_pages_of_the_view_and_to_the_web_and_nowhere_else() {
        for (text, expected) in [
            ("[[one]]", "<a href=\"/view/note/a/one.md\">one</a>"),
            ("[[ONE|셋]]", "<a href=\"/view/note/a/one.md\">셋</a>"),
            ("[[하나]]", "<a href=\"/view/note/a/one.md\">하나</a>"),
            // An alias of a note that is no entity.
            ("[[둘]]", "<a href=\"/view/note/a/two%20words.md\">둘</a>"),
            ("[[./one]]", "<a href=\"/view/note/a/one.md\">"),
            ("[[one#Some Heading]]", "/view/note/a/one.md#h-some-heading"),
            ("[[#여기]]", "href=\"#h-"),
            (
                "![[two words]]",
                "<a href=\"/view/note/a/two%20words.md\">two words</a>",
            ),
            (
                "[x](two%20words.md)",
                "href=\"/view/note/a/two%20words.md\"",
            ),
            ("[x](./one.md)", "href=\"/view/note/a/one.md\""),
            ("[x](../a/one.md)", "href=\"/view/note/a/one.md\""),
            ("[[nowhere]]", "<em>nowhere</em>"),
            ("[x](missing.md)", "<em>x</em>"),
            (
                "[x](https://a.example/?b=1&c=2)",
                "href=\"https://a.example/?b=1&amp;c=2\"",
            ),
            ("<kim@example.com>", "href=\"mailto:kim@example.com\""),
        ] {
            let html = rendered(text);
            assert!(html.contains(expected), "{text}: {html}");
        }
    }

    #[test]
    fn headings_can_be_linked_to_and_stand_below_the_pages_own() {
        let html = rendered("# 제목 하나\n\n# 제목 하나\n\n###### deep");
        assert!(html.contains("<h2 id=\"h-제목-하나\">"), "{html}");
        assert_eq!(html.matches("id=").count(), 2, "{html}");
        assert!(html.contains("<h6 id=\"h-deep\">"), "{html}");
    }

    #[test]
    fn whatever_the_text_there_is_html_and_no_panic() {
        for text in [
            "",
            "\u{0}",
            "[[",
            "[[]]",
            "![[#]]",
            "\u{202e}[x](",
            &"[".repeat(20_000),
            &"> ".repeat(5_000),
        ] {
            rendered(text);
        }
    }
}
