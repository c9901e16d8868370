//! Logs by tracing: text for people or one JSON object a line, on standard error; traces beside them where configured.
//!
//! In: [`ServiceConfig`]. Out: the process's subscriber. Never: standard output; commands print there.

use std::io::IsTerminal;

use opentelemetry_otlp::ExporterBuildError;
use tracing::Subscriber;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer, fmt};

use super::config::{LogFormat, ServiceConfig};
use super::traces;

/// Why logging could not start.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The filter is wrong; settings are checked before, so this is a defect.
    #[error("wrong log filter: {0}")]
    Filter(#[from] tracing_subscriber::filter::ParseError),
    /// The collector cannot be asked.
    #[error("traces cannot be sent: {0}; look at the OTEL_ variables")]
    Traces(#[from] ExporterBuildError),
    /// Logging runs already.
    #[error("logging was started twice")]
    Twice,
}

/// Starts logging for the whole process, and traces where they are configured; once.
///
/// # Errors
/// [`TelemetryError`].
pub fn init(config: &ServiceConfig) -> Result<(), TelemetryError> {
    let filter = EnvFilter::try_new(quiet(&config.log.filter))?;
    let format = config.log.format;
    let started = match &config.traces {
        None => tracing_subscriber::registry()
            .with(filter)
            .with(lines(format))
            .try_init(),
        Some(collector) => tracing_subscriber::registry()
            .with(lines(format).with_filter(filter))
            .with(traces::layer(collector, config.identity)?)
            .try_init(),
    };
    started.map_err(|_| TelemetryError::Twice)
}

/// What writes the lines.
fn lines<S>(format: LogFormat) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    let lines = fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    match format {
        LogFormat::Text => lines.boxed(),
        LogFormat::Json => lines
            .json()
            .flatten_event(true)
            .with_span_list(false)
            .boxed(),
    }
}

/// rmcp tells the life of every request, which is one line too many: silent unless it is named.
fn quiet(filter: &str) -> String {
    if filter.contains("rmcp") {
        return filter.to_owned();
    }
    format!("{filter},rmcp=warn")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rmcp_is_quiet_unless_it_is_named() {
        assert_eq!(quiet("debug"), "debug,rmcp=warn");
        assert_eq!(quiet("info,rmcp=debug"), "info,rmcp=debug");
        for filter in ["info", "info,access=warn", "off"] {
            assert!(EnvFilter::try_new(quiet(filter)).is_ok(), "{filter}");
        }
    }
}
