//! The parts of a chart: its axis, its labels, lines and bars.
//!
//! In: a frame, a scale and numbers. Out: SVG elements, appended. Never: a label that is not escaped.

use std::fmt::Write as _;

use loop_shared::web::Locale;

use super::{
    chart::{Series, escape},
    scale::{Scale, short},
};

const LEFT: f64 = 74.0;
const RIGHT: f64 = 14.0;
const TOP: f64 = 14.0;
const BOTTOM: f64 = 34.0;

/// A picture's measures, in its own units.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame {
    pub(super) width: f64,
    pub(super) height: f64,
    /// Most labels below.
    pub(super) labels: usize,
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

pub(super) fn axis(svg: &mut String, frame: Frame, scale: &Scale, locale: Locale) {
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

pub(super) fn below(svg: &mut String, frame: Frame, labels: &[String]) {
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

pub(super) fn lines(
    svg: &mut String,
    frame: Frame,
    scale: &Scale,
    count: usize,
    series: &[Series],
) {
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
pub(super) fn bars(
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
