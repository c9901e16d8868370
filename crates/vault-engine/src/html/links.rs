//! Where the links of a note lead: pages of this site, known addresses, or nowhere.
//!
//! In: what a note writes. Out: an address that is safe in `href`. Never: a scheme that runs or loads anything, a note that the
//! view does not have.

use std::sync::Arc;

use loop_shared::vault::{NotePath, text::fold};

use crate::{Note, Snapshot};

/// Longest address that is linked, in bytes.
const MAX_BYTES: usize = 2_000;

/// Follows the links of one note as the graph does.
#[derive(Clone, Copy, Debug)]
pub struct Links<'a> {
    /// What the reader may see.
    pub snapshot: &'a Snapshot,
    /// The path of the note that writes the links.
    pub from: &'a str,
    /// The address before every note's path, without a slash at its end.
    pub pages: &'a str,
}

impl Links<'_> {
    /// The page of a wikilink's target (`note`, `note#heading`), if the view has it.
    pub(super) fn wiki(&self, target: &str) -> Option<String> {
        let (name, part) = target
            .split_once('#')
            .map_or((target, None), |(n, p)| (n, Some(p)));
        let anchor = part.filter(|part| !part.starts_with('^')).map(anchor);
        if name.trim().is_empty() {
            return anchor.map(|anchor| format!("#{anchor}"));
        }
        let path = self.path_of(name.trim())?;
        let page = self.page(&path);
        Some(anchor.map_or(page.clone(), |anchor| format!("{page}#{anchor}")))
    }

    /// The page of a path.
    fn page(&self, path: &str) -> String {
        let Ok(mut url) = url::Url::parse("http://x/") else {
            return self.pages.to_owned();
        };
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.clear().extend(path.split('/'));
        }
        format!("{}{}", self.pages, url.path())
    }

    fn note_at(&self, path: &str) -> Option<&Arc<Note>> {
        self.snapshot.note(&NotePath::parse(path).ok()?)
    }

    fn path_of(&self, name: &str) -> Option<String> {
        let (notes, source) = (self.snapshot.notes(), self.note_at(self.from)?);
        let at = self.snapshot.names().link(notes, &fold(name), source)?;
        Some(self.snapshot.at(at)?.path.to_string())
    }

    /// A link as Markdown writes it: outside by http, https or mailto, inside by a relative path.
    pub(super) fn plain(&self, address: &str) -> Option<String> {
        let bare = address.trim();
        if bare.is_empty() || bare.len() > MAX_BYTES || bare.chars().any(char::is_control) {
            return None;
        }
        if let Some(part) = bare.strip_prefix('#') {
            return Some(format!("#{}", anchor(part)));
        }
        if let Ok(url) = url::Url::parse(bare) {
            let safe = matches!(url.scheme(), "http" | "https" | "mailto");
            return safe.then(|| url.to_string());
        }
        // `//host` and `/path` would leave the note's own folder; so would a backslash.
        if bare.starts_with('/') || bare.contains('\\') {
            return None;
        }
        let decoded = percent_encoding::percent_decode_str(bare)
            .decode_utf8()
            .ok()?;
        let folder = url::Url::parse("http://x/")
            .ok()?
            .join(&encoded(self.from))
            .ok()?;
        let target = folder.join(&encoded(&decoded)).ok()?;
        let path = percent_encoding::percent_decode_str(target.path().trim_start_matches('/'));
        let path = path.decode_utf8().ok()?.into_owned();
        Some(self.page(&self.note_at(&path)?.path.to_string()))
    }
}

/// A path whose odd letters are written so that joining does not read them as a query.
fn encoded(path: &str) -> String {
    path.replace('%', "%25")
        .replace('?', "%3F")
        .replace(' ', "%20")
}

/// The `id` of a heading: never one that a script or a form could take for its own.
pub(super) fn anchor(heading: &str) -> String {
    let mut out = String::from("h-");
    for c in heading.trim().to_lowercase().chars().take(120) {
        if c.is_alphanumeric() {
            out.push(c);
        } else if !out.ends_with('-') {
            out.push('-');
        }
    }
    out.trim_end_matches('-').to_owned()
}
