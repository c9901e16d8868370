//! Where traces go.

use super::{Problems, http_url};

/// The checked setting of `OTEL_EXPORTER_OTLP_ENDPOINT`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceConfig {
    /// Where spans are sent, in full (`http://collector:4318/v1/traces`).
    pub endpoint: String,
}

/// Reads the collector's base address, which `/v1/traces` is appended to (OTLP/HTTP, "Endpoint URLs for OTLP/HTTP").
pub(super) fn collector(text: &str, problems: &mut Problems) -> Option<TraceConfig> {
    const NAME: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
    let fix = "Use the address of an OpenTelemetry collector, http://localhost:4318 for example.";
    let url = match http_url(text) {
        Ok(url) => url,
        Err(fault) => {
            problems.add(NAME, format!("it {fault}"), fix);
            return None;
        }
    };
    let base = url.as_str().trim_end_matches('/');
    Some(TraceConfig {
        endpoint: format!("{base}/v1/traces"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_of_traces_is_appended_to_the_collectors_address() {
        for (text, expected) in [
            ("http://localhost:4318", "http://localhost:4318/v1/traces"),
            (
                "https://otel.example/in/",
                "https://otel.example/in/v1/traces",
            ),
        ] {
            let mut problems = Problems::new();
            let config = collector(text, &mut problems).unwrap();
            assert_eq!(config.endpoint, expected);
            assert!(problems.finish().is_ok());
        }
        for text in ["localhost:4318", "grpc://localhost:4317", "http://"] {
            let mut problems = Problems::new();
            assert_eq!(collector(text, &mut problems), None, "{text}");
            assert!(problems.finish().is_err(), "{text}");
        }
    }
}
