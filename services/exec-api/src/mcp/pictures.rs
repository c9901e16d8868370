//! Pictures beside a tool's numbers, for whoever asks for them.
//!
//! In: a tool's arguments and its answer. Out: image content (MCP 2025-11-25, "Image Content"). Never: a picture that was not
//! asked for: clients that do not know images put their bytes in front of the model as text.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::future::join_all;
use loop_shared::web::Locale;
use rmcp::model::{Annotations, ContentBlock, ImageContent, JsonObject, Role};
use serde_json::Value;

use crate::app::App;
use crate::operation::Operation;
use crate::params::{Kind, Param, Values};
use crate::refusal::Refusal;
use crate::web::Chart;

/// The argument by which a picture is asked for.
const NAME: &str = "chart";
/// Most pictures in one answer.
const MAX_PICTURES: usize = 3;
/// Fewer places than these say no more than their numbers do.
const MIN_PLACES: usize = 3;

const PARAMS: &[Param] = &[Param::new(
    NAME,
    Kind::Word {
        words: &["none", "en", "ko"],
        default: "none",
    },
    "`en` or `ko` adds a PNG of the chart with labels in that language, for the user to look at (about 600 tokens each). Ask for it when the \
user wants to see a course over time; the numbers are the same.",
    "`en` 또는 `ko` 는 그 언어로 된 그림(PNG)을 함께 준다. 숫자는 같다.",
)];

/// The parameters of a tool: those of its question, and the picture where there can be one.
pub(super) fn params(operation: &Operation) -> Vec<Param> {
    let more: &[Param] = if operation.charts.is_some() {
        PARAMS
    } else {
        &[]
    };
    [operation.params, more].concat()
}

/// Takes the picture's language out of the arguments; `None`: no picture is asked for.
///
/// # Errors
/// [`Refusal`] for a value that is none of the words.
pub(super) fn asked(
    operation: &Operation,
    arguments: &mut JsonObject,
) -> Result<Option<Locale>, Refusal> {
    if operation.charts.is_none() {
        return Ok(None);
    }
    let Some(value) = arguments.remove(NAME) else {
        return Ok(None);
    };
    let only: JsonObject = std::iter::once((NAME.to_owned(), value)).collect();
    let values = Values::from_json(&only, PARAMS)?;
    Ok(values.text(NAME).and_then(Locale::named))
}

/// The pictures of an answer, or a sentence where there is none.
pub(super) async fn drawn(
    app: &App,
    operation: &Operation,
    locale: Locale,
    answer: &Value,
) -> Vec<ContentBlock> {
    let charts = operation
        .charts
        .map(|charts| charts(app.web().pages(), locale, answer));
    let charts = charts.unwrap_or_default();
    let telling: Vec<&Chart> = charts
        .iter()
        .filter(|chart| chart.table.rows.len() >= MIN_PLACES)
        .take(MAX_PICTURES)
        .collect();
    if telling.is_empty() {
        let text = "No picture: these few numbers say as much by themselves.";
        return vec![ContentBlock::text(text)];
    }
    let pictures = telling.into_iter().map(|chart| picture(app, chart));
    join_all(pictures).await
}

async fn picture(app: &App, chart: &Chart) -> ContentBlock {
    match app.pictures().of(chart).await {
        Ok(png) => {
            let seen = Annotations::default().with_audience(vec![Role::User]);
            let image = ImageContent::new(STANDARD.encode(png), "image/png");
            ContentBlock::Image(image.with_annotations(seen))
        }
        Err(why) => ContentBlock::text(format!("No picture: {why}.")),
    }
}
