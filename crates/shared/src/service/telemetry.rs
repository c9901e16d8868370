//! Logs by tracing: text for people or one JSON object a line, on standard error.
//!
//! In: [`LogConfig`]. Out: the process's subscriber. Never: standard output; commands print there.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use super::config::{LogConfig, LogFormat};

/// Why logging could not start.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The filter is wrong; settings are checked before, so this is a defect.
    #[error("wrong log filter: {0}")]
    Filter(#[from] tracing_subscriber::filter::ParseError),
    /// Logging runs already.
    #[error("logging was started twice")]
    Twice,
}

/// Starts logging for the whole process; once.
///
/// # Errors
/// [`TelemetryError`].
pub fn init(config: &LogConfig) -> Result<(), TelemetryError> {
    let filter = EnvFilter::try_new(quiet(&config.filter))?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    match config.format {
        LogFormat::Text => builder.try_init(),
        LogFormat::Json => builder
            .json()
            .flatten_event(true)
            .with_span_list(false)
            .try_init(),
    }
    .map_err(|_| TelemetryError::Twice)
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
