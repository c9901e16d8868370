//! Traces by OpenTelemetry (OTLP over HTTP, protobuf), when `OTEL_EXPORTER_OTLP_ENDPOINT` says where to.
//!
//! In: the spans of this project's own code, and the `traceparent` of whoever asks (W3C Trace Context). Out: batches to a
//! collector, from a thread and a queue of their own. Never: log lines, spans of libraries, a token, an address; a wait of a
//! request for the collector, or more than the queue holds.
//!
//! Not configured, there is no layer, no thread and no header.

use std::sync::OnceLock;
use std::time::Duration;

use actix_web::http::header::HeaderMap as Asked;
use opentelemetry::propagation::{Extractor, Injector, TextMapPropagator as _};
use opentelemetry::trace::{TraceContextExt as _, TracerProvider as _};
use opentelemetry::{KeyValue, trace::SpanKind};
use opentelemetry_otlp::{ExporterBuildError, SpanExporter, WithExportConfig as _};
use opentelemetry_sdk::{Resource, propagation::TraceContextPropagator, trace::SdkTracerProvider};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use tracing::{Metadata, Span, Subscriber};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use tracing_subscriber::{Layer, filter::filter_fn, registry::LookupSpan};

use super::config::{ServiceIdentity, TraceConfig};

/// How long one batch may take; the next ones wait in the queue, and what does not fit there is dropped.
const EXPORT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long the last batch may take when the service stops.
const FAREWELL: Duration = Duration::from_secs(5);
/// The longest `tracestate` that is passed on, in bytes (W3C Trace Context §3.3.1.5 asks for at least this much).
const MAX_STATE: usize = 512;

/// What sends spans, from the start of the process on.
static PROVIDER: OnceLock<SdkTracerProvider> = OnceLock::new();

/// Whether spans are sent.
#[must_use]
pub fn on() -> bool {
    PROVIDER.get().is_some()
}

/// A layer that sends the spans of this project's own code.
///
/// The other standard variables hold as they are (`OTEL_EXPORTER_OTLP_HEADERS`, `OTEL_SERVICE_NAME`, `OTEL_TRACES_SAMPLER`,
/// `OTEL_RESOURCE_ATTRIBUTES`, `OTEL_BSP_…`).
///
/// # Errors
/// When the client of the collector cannot be built.
pub(super) fn layer<S>(
    config: &TraceConfig,
    identity: ServiceIdentity,
) -> Result<impl Layer<S>, ExporterBuildError>
where
    S: Subscriber + for<'span> LookupSpan<'span> + Send + Sync,
{
    let exporter = SpanExporter::builder()
        .with_http()
        .with_endpoint(config.endpoint.as_str())
        .with_timeout(EXPORT_TIMEOUT)
        .build()?;
    let version = KeyValue::new("service.version", identity.version);
    let mut resource = Resource::builder().with_attribute(version);
    if std::env::var_os("OTEL_SERVICE_NAME").is_none() {
        resource = resource.with_service_name(identity.name);
    }
    let provider = SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_resource(resource.build())
        .build();
    let tracer = provider.tracer("loop");
    // A second start is refused by whoever installs the layer.
    let _ = PROVIDER.set(provider);
    let own = identity.name.replace('-', "_");
    Ok(tracing_opentelemetry::layer()
        .with_tracer(tracer)
        .with_location(false)
        .with_threads(false)
        .with_target(false)
        .with_tracked_inactivity(false)
        .with_filter(filter_fn(move |meta| is_ours(meta, &own))))
}

/// Spans only: what is said inside them stays in the log.
fn is_ours(meta: &Metadata<'_>, own: &str) -> bool {
    let package = meta.target().split("::").next().unwrap_or_default();
    let ours = package.starts_with("loop_") || package == own;
    meta.is_span() && ours && *meta.level() <= tracing::Level::INFO
}

/// Sends what waits. Blocks for a few seconds at most; a collector that is down costs no more.
pub fn flush() {
    if let Some(provider) = PROVIDER.get() {
        // Lost spans are no reason to stop otherwise; the exporter has said so itself.
        let _ = provider.shutdown_with_timeout(FAREWELL);
    }
}

/// The span of a request, a child of the span that the request names.
pub(super) fn of_request(request_id: &str, method: &str, headers: &Asked) -> Span {
    if !on() {
        return tracing::info_span!(
            "http.request",
            request_id,
            method,
            route = tracing::field::Empty,
            status = tracing::field::Empty,
            client = tracing::field::Empty,
        );
    }
    let span = tracing::info_span!(
        "http.request",
        request_id,
        method,
        route = tracing::field::Empty,
        status = tracing::field::Empty,
        client = tracing::field::Empty,
        otel.kind = ?SpanKind::Server,
        otel.status_code = tracing::field::Empty,
    );
    let parent = TraceContextPropagator::new().extract(&Sent(headers));
    // It fails for a span that nobody samples: there is nothing to join then.
    let _ = span.set_parent(parent);
    span
}

/// What became of a request.
pub(super) fn answered(span: &Span, method: &str, route: Option<&str>, status: u16) {
    if on() {
        // The pattern, never the path: that one is a stranger's to choose.
        let name = format!("{method} {}", route.unwrap_or("-"));
        span.context().span().update_name(name);
        if status >= 500 {
            span.record("otel.status_code", "ERROR");
        }
    }
}

/// Notes which client a request is of; inside the request's own span.
pub fn note_client(client: &str) {
    Span::current().record("client", client);
}

/// The headers by which whoever is asked next continues the trace; none when no trace is kept.
#[must_use]
pub fn carried() -> HeaderMap {
    let mut carried = Carried(HeaderMap::new());
    if on() {
        TraceContextPropagator::new().inject_context(&Span::current().context(), &mut carried);
    }
    carried.0
}

/// The headers of a request.
struct Sent<'a>(&'a Asked);

impl Extractor for Sent<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        // Repeated or endless ones are no context (§3.2, §3.3).
        let mut all = self.0.get_all(key);
        let value = all.next()?.to_str().ok()?;
        (all.next().is_none() && value.len() <= MAX_STATE).then_some(value)
    }

    fn keys(&self) -> Vec<&str> {
        Vec::new()
    }
}

/// The headers of the next request.
struct Carried(HeaderMap);

impl Injector for Carried {
    fn set(&mut self, key: &str, value: String) {
        let name = HeaderName::try_from(key);
        if let (Ok(name), Ok(value)) = (name, HeaderValue::try_from(value)) {
            self.0.insert(name, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::header;

    use super::*;

    const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    fn read(pairs: &[(&str, &str)]) -> Option<String> {
        let mut headers = Asked::new();
        for (name, value) in pairs {
            let name = header::HeaderName::try_from(*name).unwrap();
            headers.append(name, header::HeaderValue::from_str(value).unwrap());
        }
        let context = TraceContextPropagator::new().extract(&Sent(&headers));
        let span = context.span().span_context().clone();
        span.is_valid().then(|| span.trace_id().to_string())
    }

    #[test]
    fn a_trace_is_joined_by_one_well_formed_header_and_by_no_other() {
        let trace = "0af7651916cd43dd8448eb211c80319c";
        for (pairs, expected) in [
            (vec![("traceparent", PARENT)], Some(trace)),
            (vec![], None),
            (vec![("traceparent", "00-0-0-00")], None),
            (vec![("traceparent", "'; drop table traces --")], None),
            (vec![("traceparent", PARENT), ("traceparent", PARENT)], None),
            (
                vec![("traceparent", PARENT), ("tracestate", "a=b")],
                Some(trace),
            ),
        ] {
            assert_eq!(read(&pairs).as_deref(), expected, "{pairs:?}");
        }
        let endless = "x".repeat(MAX_STATE + 1);
        assert_eq!(read(&[("traceparent", &endless)]), None);
    }

    #[test]
    fn without_a_collector_nothing_is_carried_and_nothing_waits() {
        assert!(!on());
        assert!(carried().is_empty());
        flush();
    }
}
