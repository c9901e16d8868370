//! A note among its neighbours, as inline SVG. The same notes stand as lists beside it.

use std::f64::consts::PI;
use std::fmt::Write as _;

use super::layout::Named;

/// Most neighbours that are drawn.
const MOST: usize = 12;
/// Longest label, in characters.
const LABEL: usize = 12;
/// From the base line of one label to that of the next below.
const ROW: f64 = 23.0;

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
        "<svg class=\"graph\" viewBox=\"-30 -80 520 470\" role=\"img\" aria-label=\"{}\">",
        escape(label)
    );
    let mut dots = String::new();
    let title = short(title);
    let mut labels = vec![Label::at(230.0, 194.0, &title)];
    for (at, (note, way)) in all.iter().enumerate() {
        let (x, y) = place(at, all.len());
        let text = short(&note.title);
        // In the upper half there is room above, in the lower half below.
        let (away, row) = if y < 150.0 {
            (-13.0, -ROW)
        } else {
            (27.0, ROW)
        };
        let label = Label::at(x, y + away, &text).free_of(&labels, row);
        // Writing into a String cannot fail.
        let _ = write!(
            svg,
            "<line class=\"{way}\" x1=\"230\" y1=\"160\" x2=\"{x:.0}\" y2=\"{y:.0}\"/>"
        );
        let _ = write!(
            dots,
            "<circle class=\"{way}\" cx=\"{x:.0}\" cy=\"{y:.0}\" r=\"7\"/>\
             <text x=\"{:.0}\" y=\"{:.0}\" text-anchor=\"middle\">{}</text>",
            label.x,
            label.y,
            escape(&text)
        );
        labels.push(label);
    }
    let _ = write!(
        svg,
        "{dots}<circle class=\"self\" cx=\"230\" cy=\"160\" r=\"10\"/>\
         <text class=\"self\" x=\"230\" y=\"194\" text-anchor=\"middle\">{}</text></svg>",
        escape(&title)
    );
    svg
}

/// Where a text stands: its middle, its base line, and half of its width, roughly.
#[derive(Clone, Copy, Debug)]
struct Label {
    x: f64,
    y: f64,
    half: f64,
}

impl Label {
    fn at(x: f64, y: f64, text: &str) -> Self {
        let width = |c: char| if c.is_ascii() { 11.0 } else { 20.0 };
        let half = text.chars().map(width).sum::<f64>() / 2.0;
        // Nothing stands outside of the picture.
        let x = x.clamp((half - 30.0).min(230.0), (490.0 - half).max(230.0));
        Self { x, y, half }
    }

    fn covers(&self, other: &Self) -> bool {
        (self.x - other.x).abs() < self.half + other.half && (self.y - other.y).abs() < ROW
    }

    /// The same, moved by rows until it covers none of these; after a few it stays.
    fn free_of(mut self, others: &[Self], row: f64) -> Self {
        for _ in 0..MOST {
            if !others.iter().any(|other| self.covers(other)) {
                break;
            }
            self.y += row;
        }
        self
    }
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
    fn long_titles_do_not_cover_each_other() {
        for count in 1..=MOST {
            let all: Vec<_> = (0..count)
                .map(|at| note(&format!("아주 긴 제목의 노트 {at}")))
                .collect();
            let svg = around("가운데에 있는 긴 제목", &all, &[], "x");
            let number = |text: &str, name: &str| -> f64 {
                let after = text.split_once(&format!(" {name}=\"")).unwrap().1;
                after.split('"').next().unwrap().parse().unwrap()
            };
            let labels: Vec<Label> = (svg.split("<text").skip(1))
                .map(|text| {
                    let words = text.split_once('>').unwrap().1.split('<').next().unwrap();
                    Label::at(number(text, "x"), number(text, "y"), words)
                })
                .collect();
            assert_eq!(labels.len(), count + 1);
            for (at, one) in labels.iter().enumerate() {
                let covered = labels.iter().skip(at + 1).any(|other| {
                    // Places are written in whole numbers.
                    (one.x - other.x).abs() < one.half + other.half - 2.0
                        && (one.y - other.y).abs() < ROW - 2.0
                });
                assert!(!covered, "{count}: {one:?}");
                assert!(one.y > -63.0 && one.y < 380.0, "{count}: {one:?}");
            }
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
