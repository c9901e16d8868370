//! From a chart to the bytes of a PNG.
//!
//! In: a chart of the pages. Out: one SVG document with title and legend, and its picture on white. Never: a font, file or
//! address from outside: the one font is part of the program.

use std::fmt::Write as _;
use std::sync::{Arc, LazyLock};

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{Options, Tree, fontdb};

use crate::web::{Chart, escape};

/// Noto Sans KR, cut down to Latin, signs and the syllables of KS X 1001 (`fonts/README.md`).
const FONT: &[u8] = include_bytes!("../../fonts/NotoSansKR-Chart.otf");
/// The font's family.
const FAMILY: &str = "Noto Sans CJK KR";
/// Pixels for a unit of the chart.
const SCALE: f32 = 1.25;
/// Most pixels to a side.
const MAX_SIDE: u32 = 1_200;
/// Space around, in units.
const MARGIN: f64 = 16.0;

/// The colours of the pages in light, without CSS variables, which SVG by itself does not have.
const STYLE: &str = "\
.ground { fill: #ffffff } .title { fill: #191c26; font-size: 17px } .name { fill: #555b6e; font-size: 13px } \
.tick { fill: #555b6e; font-size: 13px } .grid { stroke: #d5d9e4 } .zero { stroke: #7b8296; stroke-width: 1.5 } \
.line { fill: none; stroke: #2446c8; stroke-width: 2.5; stroke-linejoin: round } .dot { fill: #2446c8 } .bar { fill: #2446c8 } .key { fill: #2446c8 } \
.line.b { stroke: #b3541e; stroke-dasharray: 7 4 } .dot.b { fill: #b3541e } .key.b { fill: #b3541e } \
.bar.in { fill: #1f7a5c } .key.in { fill: #1f7a5c } .bar.out { fill: #b3541e } .key.out { fill: #b3541e } .bar.faint { fill-opacity: 0.45 }";

static FONTS: LazyLock<Arc<fontdb::Database>> = LazyLock::new(|| {
    let mut fonts = fontdb::Database::new();
    fonts.load_font_data(FONT.to_vec());
    Arc::new(fonts)
});

/// A whole SVG document.
#[derive(Clone, Debug)]
pub(super) struct Document {
    pub(super) svg: String,
    /// Width and height, in units.
    size: (f64, f64),
}

/// The chart below its title and the names of its colours.
pub(super) fn document(chart: &Chart) -> Document {
    let (width, below) = chart.size;
    let named = chart.legend.len() > 1;
    let top = if named { 68.0 } else { 44.0 };
    let height = top + below;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\">\
         <rect class=\"ground\" width=\"{width}\" height=\"{height}\"/>\
         <text class=\"title\" x=\"{MARGIN}\" y=\"30\">{}</text>",
        escape(&chart.title)
    );
    let mut left = MARGIN;
    for one in chart.legend.iter().filter(|_| named) {
        // Writing into a String cannot fail.
        let _ = write!(
            svg,
            "<rect class=\"key {}\" x=\"{left}\" y=\"44\" width=\"12\" height=\"12\" rx=\"3\"/>\
             <text class=\"name\" x=\"{}\" y=\"55\">{}</text>",
            one.class,
            left + 18.0,
            escape(&one.name)
        );
        left += 18.0 + wide(&one.name) * 13.0 + 22.0;
    }
    let placed = format!("<svg y=\"{top}\" width=\"{width}\" height=\"{below}\" ");
    svg.push_str(&chart.svg.replacen("<svg ", &placed, 1));
    svg.push_str("</svg>");
    Document {
        svg,
        size: (width, height),
    }
}

/// How wide a text is at most, in its own size: a letter takes two thirds of a syllable.
fn wide(text: &str) -> f64 {
    text.chars()
        .map(|c| if c.is_ascii() { 0.62 } else { 1.0 })
        .sum()
}

/// The document's picture; `None` when it cannot be drawn.
pub(super) fn png(document: &Document) -> Option<Vec<u8>> {
    let tree = tree(document)?;
    let (width, height) = (side(document.size.0)?, side(document.size.1)?);
    let mut pixels = Pixmap::new(width, height)?;
    let scaled = Transform::from_scale(SCALE, SCALE);
    resvg::render(&tree, scaled, &mut pixels.as_mut());
    pixels.encode_png().ok()
}

fn tree(document: &Document) -> Option<Tree> {
    let options = Options {
        font_family: FAMILY.to_owned(),
        fontdb: Arc::clone(&FONTS),
        style_sheet: Some(STYLE.to_owned()),
        ..Options::default()
    };
    Tree::from_str(&document.svg, &options).ok()
}

/// Pixels of a side; `None` beyond [`MAX_SIDE`].
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "bounded, and positive, on the next line"
)]
fn side(units: f64) -> Option<u32> {
    let pixels = (units * f64::from(SCALE)).ceil();
    (pixels >= 1.0 && pixels <= f64::from(MAX_SIDE)).then_some(pixels as u32)
}

#[cfg(test)]
pub(super) mod tests {
    use loop_shared::web::Locale;
    use resvg::usvg::{Group, Node};

    use super::*;
    use crate::web::{Kind, Series};

    /// A chart of two lines; another one for each number.
    pub(in crate::picture) fn sample(n: u32) -> Chart {
        let labels: Vec<String> = (1..=6).map(|month| format!("2026-{month:02}")).collect();
        let line = |class, name: &str, factor: f64| Series {
            class,
            name: name.to_owned(),
            values: (0..6).map(|at| Some(f64::from(at + n) * factor)).collect(),
        };
        let series = [line("a", "기본", 2e8), line("b", "시나리오", -1e8)];
        let title = format!("월말 현금 (KRW) {n}");
        Chart::draw(Kind::Lines, title, (&labels, &[]), &series, Locale::Ko)
    }

    /// Texts that are drawn, and how many of their characters the font does not have.
    fn drawn(group: &Group, texts: &mut Vec<String>, boxes: &mut Vec<String>) {
        for node in group.children() {
            match node {
                Node::Group(group) => drawn(group, texts, boxes),
                Node::Text(text) => {
                    for span in text.layouted() {
                        for glyph in &span.positioned_glyphs {
                            texts.push(glyph.text.clone());
                            if glyph.id.0 == 0 {
                                boxes.push(glyph.text.clone());
                            }
                        }
                    }
                }
                Node::Path(_) | Node::Image(_) => (),
            }
        }
    }

    #[test]
    fn a_picture_is_bounded_and_has_its_colours_on_white() {
        let document = document(&sample(1));
        let png = png(&document).unwrap();
        let picture = Pixmap::decode_png(&png).unwrap();
        assert_eq!((picture.width(), picture.height()), (950, 435));
        assert!(png.len() < 64 * 1024, "{}", png.len());
        let of = |red, green, blue| {
            let is = |pixel: &&resvg::tiny_skia::PremultipliedColorU8| {
                (pixel.red(), pixel.green(), pixel.blue(), pixel.alpha()) == (red, green, blue, 255)
            };
            picture.pixels().iter().filter(is).count()
        };
        assert!(of(255, 255, 255) > 350_000, "mostly white");
        assert!(of(0x24, 0x46, 0xc8) > 500, "the first line");
        assert!(of(0xb3, 0x54, 0x1e) > 500, "the second line");
    }

    #[test]
    fn every_text_of_a_chart_has_its_glyphs_in_both_languages() {
        let mut every = String::new();
        for phrase in crate::web::every_phrase() {
            every.push_str(phrase.en);
            every.push_str(phrase.ko);
        }
        for kpi in crate::kpi::catalogue::ALL {
            every.push_str(kpi.title);
            every.push_str(kpi.title_ko);
        }
        every.push_str("0123456789-+.,%()→–…조억만KMBT");
        let svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"9\" height=\"9\"><text>{}</text></svg>",
            escape(&every)
        );
        let document = Document {
            svg,
            size: (9.0, 9.0),
        };
        let (mut texts, mut boxes) = (Vec::new(), Vec::new());
        drawn(tree(&document).unwrap().root(), &mut texts, &mut boxes);
        assert!(texts.len() > 1_000, "{}", texts.len());
        assert!(boxes.is_empty(), "fonts/subset.sh lacks: {boxes:?}");
    }

    #[test]
    fn a_hostile_title_is_text_and_reaches_nothing() {
        let evil = "</text><image href=\"file:///etc/passwd\"/><script>x</script>&\u{0}";
        let mut chart = sample(1);
        evil.clone_into(&mut chart.title);
        chart.legend[0].name = evil.to_owned();
        let document = document(&chart);
        assert!(!document.svg.contains("<image") && !document.svg.contains("<script"));
        // A character that XML does not have makes no picture, and no panic.
        assert!(png(&document).is_none());
        chart.title = evil.replace('\u{0}', "");
        chart.legend[0].name = String::new();
        assert!(png(&super::document(&chart)).is_some());
    }
}
