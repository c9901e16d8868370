//! Charts as inline SVG, each with the table that it draws.
//!
//! In: labels and numbers. Out: [`Chart`]. Never: an inline style or script, a label that is not escaped, a number that is
//! only in the picture.

use std::fmt::Write as _;

use loop_shared::web::Locale;
use serde::Serialize;

use super::scale::{Scale, short};

const LEFT: f64 = 74.0;
const RIGHT: f64 = 14.0;
const TOP: f64 = 14.0;
const BOTTOM: f64 = 34.0;

/// A picture and its numbers.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Chart {
    /// What it shows, for everybody.
    pub(crate) title: String,
    /// The picture: safe HTML of our own.
    pub(crate) svg: String,
    /// Its width and height, in its own units.
    #[serde(skip)]
    pub(crate) size: (f64, f64),
    /// Names of the colours.
    pub(crate) legend: Vec<Legend>,
    /// The numbers.
    pub(crate) table: Numbers,
}

/// A colour and its name.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Legend {
    /// The CSS class.
    pub(crate) class: &'static str,
    /// The name.
    pub(crate) name: String,
}

/// A table.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Numbers {
    /// Names of the columns.
    pub(crate) head: Vec<String>,
    /// The rows, the first cell of each its name.
    pub(crate) rows: Vec<Vec<String>>,
}

/// Numbers of one colour.
#[derive(Clone, Debug)]
pub(crate) struct Series {
    /// The CSS class of its colour.
    pub(crate) class: &'static str,
    /// What it is called.
    pub(crate) name: String,
    /// One for each label; `None`: not known.
    pub(crate) values: Vec<Option<f64>>,
}

/// How numbers are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Lines over a whole page.
    Lines,
    /// Bars over a whole page.
    Bars,
    /// Lines on a card.
    Trend,
}

/// A picture's measures, in its own units.
#[derive(Clone, Copy, Debug)]
struct Frame {
    width: f64,
    height: f64,
    /// Most labels below.
    labels: usize,
}

impl Kind {
    const fn frame(self) -> Frame {
        match self {
            Self::Lines | Self::Bars => Frame {
                width: 760.0,
                height: 280.0,
                labels: 12,
            },
            Self::Trend => Frame {
                width: 440.0,
                height: 200.0,
                labels: 6,
            },
        }
    }
}

impl Frame {
    fn y(self, scale: &Scale, value: f64) -> f64 {
        (self.height - TOP - BOTTOM).mul_add(scale.down(value), TOP)
    }

    #[expect(clippy::cast_precision_loss, reason = "places on a picture")]
    fn room(self, count: usize) -> f64 {
        (self.width - LEFT - RIGHT) / count.max(1) as f64
    }

    #[expect(clippy::cast_precision_loss, reason = "places on a picture")]
    fn x(self, at: usize, count: usize) -> f64 {
        (at as f64 + 0.5).mul_add(self.room(count), LEFT)
    }
}

impl Chart {
    /// Draws series over common labels; `faint` tells which labels are not final.
    pub(crate) fn draw(
        kind: Kind,
        title: String,
        (labels, faint): (&[String], &[bool]),
        series: &[Series],
        locale: Locale,
    ) -> Self {
        let values = series
            .iter()
            .flat_map(|one| one.values.iter().flatten().copied());
        let scale = Scale::of(values);
        let frame = kind.frame();
        let mut svg = format!(
            "<svg class=\"plot{}\" viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}\">",
            if kind == Kind::Trend { " trend" } else { "" },
            frame.width,
            frame.height,
            escape(&title)
        );
        axis(&mut svg, frame, &scale, locale);
        below(&mut svg, frame, labels);
        match kind {
            Kind::Lines | Kind::Trend => lines(&mut svg, frame, &scale, labels.len(), series),
            Kind::Bars => bars(&mut svg, frame, &scale, (labels.len(), faint), series),
        }
        svg.push_str("</svg>");
        let legend = |one: &Series| Legend {
            class: one.class,
            name: one.name.clone(),
        };
        Self {
            title,
            svg,
            size: (frame.width, frame.height),
            legend: series.iter().map(legend).collect(),
            table: Numbers::default(),
        }
    }

    /// The same with its numbers.
    pub(crate) fn with(mut self, head: Vec<String>, rows: Vec<Vec<String>>) -> Self {
        self.table = Numbers { head, rows };
        self
    }
}

fn axis(svg: &mut String, frame: Frame, scale: &Scale, locale: Locale) {
    for tick in &scale.ticks {
        let place = frame.y(scale, *tick);
        let class = if tick.abs() < f64::EPSILON {
            "zero"
        } else {
            "grid"
        };
        let label = escape(&short(*tick, locale));
        // Writing into a String cannot fail.
        let _ = write!(
            svg,
            "<line class=\"{class}\" x1=\"{LEFT}\" x2=\"{:.1}\" y1=\"{place:.1}\" y2=\"{place:.1}\"/>\
             <text class=\"tick\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{label}</text>",
            frame.width - RIGHT,
            LEFT - 8.0,
            place + 4.5
        );
    }
}

fn below(svg: &mut String, frame: Frame, labels: &[String]) {
    let step = labels.len().div_ceil(frame.labels).max(1);
    for (at, label) in labels.iter().enumerate().step_by(step) {
        let _ = write!(
            svg,
            "<text class=\"tick\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
            frame.x(at, labels.len()),
            frame.height - 10.0,
            escape(label)
        );
    }
}

fn lines(svg: &mut String, frame: Frame, scale: &Scale, count: usize, series: &[Series]) {
    for one in series {
        let mut path = String::new();
        let mut pen_up = true;
        for (at, value) in one.values.iter().enumerate() {
            let Some(value) = value.filter(|value| value.is_finite()) else {
                pen_up = true;
                continue;
            };
            let (x, y) = (frame.x(at, count), frame.y(scale, value));
            let _ = write!(path, "{}{x:.1} {y:.1} ", if pen_up { 'M' } else { 'L' });
            let _ = write!(
                svg,
                "<circle class=\"dot {}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3.2\"/>",
                one.class
            );
            pen_up = false;
        }
        let _ = write!(
            svg,
            "<path class=\"line {}\" d=\"{}\"/>",
            one.class,
            path.trim_end()
        );
    }
}

#[expect(clippy::cast_precision_loss, reason = "places on a picture")]
fn bars(
    svg: &mut String,
    frame: Frame,
    scale: &Scale,
    (count, faint): (usize, &[bool]),
    series: &[Series],
) {
    let room = frame.room(count);
    let width = (room * 0.72 / series.len().max(1) as f64).min(46.0);
    let zero = frame.y(scale, 0.0);
    for (nth, one) in series.iter().enumerate() {
        for (at, value) in one.values.iter().enumerate() {
            let Some(value) = value.filter(|value| value.is_finite()) else {
                continue;
            };
            let middle = frame.x(at, count);
            let left = (nth as f64 - series.len() as f64 / 2.0).mul_add(width, middle);
            let (top, bottom) = (
                frame.y(scale, value).min(zero),
                frame.y(scale, value).max(zero),
            );
            let soft = if faint.get(at).copied().unwrap_or(false) {
                " faint"
            } else {
                ""
            };
            let _ = write!(
                svg,
                "<rect class=\"bar {}{soft}\" x=\"{:.1}\" y=\"{top:.1}\" width=\"{:.1}\" height=\"{:.1}\" rx=\"2\"/>",
                one.class,
                left + 1.0,
                (width - 2.0).max(1.0),
                (bottom - top).max(0.5)
            );
        }
    }
}

/// Escapes text for elements and quoted attributes.
pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(values: &[Option<f64>]) -> Series {
        Series {
            class: "a",
            name: "A".to_owned(),
            values: values.to_vec(),
        }
    }

    #[test]
    fn labels_are_escaped_and_nothing_is_drawn_by_style() {
        let evil = "<script>x</script>\" onload='y".to_owned();
        for kind in [Kind::Lines, Kind::Bars] {
            let labels = [evil.clone()];
            let chart = Chart::draw(
                kind,
                evil.clone(),
                (&labels, &[]),
                &[series(&[Some(1.0)])],
                Locale::En,
            );
            assert!(
                !chart.svg.contains("<script") && !chart.svg.contains("\" onload"),
                "{}",
                chart.svg
            );
            assert!(!chart.svg.contains("style="), "{}", chart.svg);
        }
    }

    #[test]
    fn what_is_not_known_is_a_gap_and_not_a_zero() {
        let labels: Vec<String> = (1..=4).map(|at| at.to_string()).collect();
        let known = [Some(1.0), None, Some(3.0), Some(f64::NAN)];
        let line = Chart::draw(
            Kind::Lines,
            String::new(),
            (&labels, &[]),
            &[series(&known)],
            Locale::En,
        );
        assert_eq!(line.svg.matches("<circle").count(), 2);
        assert_eq!(
            line.svg.matches('M').count(),
            2,
            "the pen is lifted: {}",
            line.svg
        );
        let bars = Chart::draw(
            Kind::Bars,
            String::new(),
            (&labels, &[]),
            &[series(&known)],
            Locale::En,
        );
        assert_eq!(bars.svg.matches("<rect").count(), 2);
    }

    #[test]
    fn a_chart_of_nothing_and_of_much_is_drawn_all_the_same() {
        for count in [0_usize, 1, 400] {
            let labels: Vec<String> = (0..count).map(|at| at.to_string()).collect();
            let values: Vec<_> = (0..count).map(|_| Some(-1e15)).collect();
            let chart = Chart::draw(
                Kind::Bars,
                String::new(),
                (&labels, &[]),
                &[series(&values)],
                Locale::Ko,
            );
            assert!(
                !chart.svg.contains("NaN") && !chart.svg.contains("inf"),
                "{count}"
            );
            let shown = chart.svg.matches("text-anchor=\"middle\"").count();
            assert!(shown <= 12, "{count}: {shown} labels");
        }
    }
}
