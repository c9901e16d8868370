//! Charts as inline SVG, each with the table that it draws.
//!
//! In: labels and numbers. Out: [`Chart`]. Never: an inline style or script, a label that is not escaped, a number that is
//! only in the picture.

use loop_shared::web::Locale;
use serde::Serialize;

use super::{
    marks::{Frame, axis, bars, below, lines},
    scale::Scale,
};

/// A picture and its numbers.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Chart {
    /// What it shows, for everybody.
    pub(crate) title: String,
    /// The picture: safe HTML of our own.
    pub(crate) svg: String,
    /// The same for a telephone, in place of one that would be cut off; empty when the other fits everywhere.
    pub(crate) narrow: String,
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

/// What is drawn, and on what.
#[derive(Clone, Copy)]
struct Plot<'a> {
    kind: Kind,
    title: &'a str,
    labels: &'a [String],
    faint: &'a [bool],
    series: &'a [Series],
    locale: Locale,
}

/// A picture on a telephone.
const NARROW: Frame = Frame {
    width: 340.0,
    height: 240.0,
    labels: 3,
};

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

impl Chart {
    /// Draws series over common labels; `faint` tells which labels are not final.
    pub(crate) fn draw(
        kind: Kind,
        title: String,
        (labels, faint): (&[String], &[bool]),
        series: &[Series],
        locale: Locale,
    ) -> Self {
        let plot = Plot {
            kind,
            title: &title,
            labels,
            faint,
            series,
            locale,
        };
        let frame = kind.frame();
        let (svg, narrow) = match kind {
            Kind::Trend => (plot.svg("trend", frame), String::new()),
            Kind::Lines | Kind::Bars => (plot.svg("wide", frame), plot.svg("narrow", NARROW)),
        };
        let legend = |one: &Series| Legend {
            class: one.class,
            name: one.name.clone(),
        };
        Self {
            svg,
            narrow,
            size: (frame.width, frame.height),
            legend: series.iter().map(legend).collect(),
            table: Numbers::default(),
            title,
        }
    }

    /// The same with its numbers.
    pub(crate) fn with(mut self, head: Vec<String>, rows: Vec<Vec<String>>) -> Self {
        self.table = Numbers { head, rows };
        self
    }
}

impl Plot<'_> {
    fn svg(self, class: &str, frame: Frame) -> String {
        let values = self
            .series
            .iter()
            .flat_map(|one| one.values.iter().flatten().copied());
        let scale = Scale::of(values);
        let mut svg = format!(
            "<svg class=\"plot {class}\" viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}\">",
            frame.width,
            frame.height,
            escape(self.title)
        );
        axis(&mut svg, frame, &scale, self.locale);
        below(&mut svg, frame, self.labels);
        let count = self.labels.len();
        match self.kind {
            Kind::Lines | Kind::Trend => lines(&mut svg, frame, &scale, count, self.series),
            Kind::Bars => bars(&mut svg, frame, &scale, (count, self.faint), self.series),
        }
        svg.push_str("</svg>");
        svg
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
    fn a_telephone_gets_a_picture_of_its_own_with_everything_on_it() {
        let labels: Vec<String> = (1..=9).map(|at| format!("2026-{at:02}")).collect();
        let values = [series(&[Some(4.0); 9])];
        let draw = |kind| Chart::draw(kind, String::new(), (&labels, &[]), &values, Locale::En);
        for (kind, mark) in [(Kind::Lines, "<circle"), (Kind::Bars, "<rect")] {
            let chart = draw(kind);
            for picture in [&chart.svg, &chart.narrow] {
                assert_eq!(picture.matches(mark).count(), 9, "{picture}");
            }
            let shown = chart.narrow.matches("text-anchor=\"middle\"").count();
            assert_eq!(shown, 3, "labels beside one another do not touch");
        }
        assert_eq!(draw(Kind::Trend).narrow, "", "a card fits as it is");
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
