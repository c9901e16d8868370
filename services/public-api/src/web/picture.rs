//! A note among its neighbours, as inline SVG. The same notes stand as lists beside it.

use std::f64::consts::PI;
use std::fmt::Write as _;

use super::layout::Named;

/// Most neighbours that are drawn.
const MOST: usize = 12;
/// Longest label, in characters.
const LABEL: usize = 12;

/// The picture; nothing for a note without neighbours.
pub(super) fn around(title: &str, links: &[Named], backlinks: &[Named], label: &str) -> String {
    let mut all: Vec<(&Named, &str)> = links.iter().map(|note| (note, "out")).collect();
    for note in backlinks {
        match all.iter_mut().find(|(known, _)| known.path == note.path) {
            Some((_, way)) => *way = "both",
            None => all.push((note, "in")),
        }
    }
    all.truncate(MOST);
    if all.is_empty() {
        return String::new();
    }
    let mut svg = format!(
        "<svg class=\"graph\" viewBox=\"0 0 460 320\" role=\"img\" aria-label=\"{}\">",
        escape(label)
    );
    let mut dots = String::new();
    for (at, (note, way)) in all.iter().enumerate() {
        let (x, y) = place(at, all.len());
        // Writing into a String cannot fail.
        let _ = write!(
            svg,
            "<line class=\"{way}\" x1=\"230\" y1=\"160\" x2=\"{x:.0}\" y2=\"{y:.0}\"/>"
        );
        let _ = write!(
            dots,
            "<circle class=\"{way}\" cx=\"{x:.0}\" cy=\"{y:.0}\" r=\"7\"/>\
             <text x=\"{x:.0}\" y=\"{:.0}\" text-anchor=\"middle\">{}</text>",
            y + 27.0,
            escape(&short(&note.title))
        );
    }
    let _ = write!(
        svg,
        "{dots}<circle class=\"self\" cx=\"230\" cy=\"160\" r=\"10\"/>\
         <text class=\"self\" x=\"230\" y=\"194\" text-anchor=\"middle\">{}</text></svg>",
        escape(&short(title))
    );
    svg
}

#[expect(clippy::cast_precision_loss, reason = "places on a picture")]
fn place(at: usize, count: usize) -> (f64, f64) {
    let angle = 2.0_f64.mul_add(PI * at as f64 / count as f64, -PI / 2.0);
    (
        angle.cos().mul_add(160.0, 230.0),
        angle.sin().mul_add(122.0, 150.0),
    )
}

fn short(text: &str) -> String {
    match text.char_indices().nth(LABEL) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(title: &str) -> Named {
        Named {
            title: title.to_owned(),
            path: format!("{title}.md"),
            kind: String::new(),
            status: String::new(),
        }
    }

    #[test]
    fn titles_are_escaped_and_neighbours_are_bounded() {
        let evil = note("<script>\" onload='x");
        let svg = around("<b>", &[evil], &[], "\"><script>");
        assert!(
            !svg.contains("<script") && !svg.contains("<b>") && !svg.contains("style="),
            "{svg}"
        );
        let many: Vec<_> = (0..100).map(|at| note(&at.to_string())).collect();
        assert_eq!(
            around("x", &many, &many, "x").matches("<line").count(),
            MOST
        );
        assert_eq!(around("x", &[], &[], "x"), "");
    }
}
