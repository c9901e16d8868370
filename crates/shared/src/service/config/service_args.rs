//! The settings that every service has.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::{
    ExternalUrl, Problems, TraceConfig, given, list, number, origin, seconds, traces::collector,
};

/// Which service this is; written by the service itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServiceIdentity {
    /// The package's name: `public-api`.
    pub name: &'static str,
    /// The package's version.
    pub version: &'static str,
    /// The port it listens on unless told otherwise.
    pub default_port: u16,
}

/// Flags and variables of every service. Text, so that all mistakes can be reported at once.
#[expect(clippy::doc_markdown, reason = "clap prints these texts as they are")]
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Service")]
pub struct ServiceArgs {
    /// Address to listen on [default: 127.0.0.1]
    #[arg(long, env = "BIND_ADDRESS", value_name = "IP")]
    pub bind_address: Option<String>,
    /// Port to listen on [default: the service's own: 8081, 8083 or 8084]
    #[arg(long, env = "PORT", value_name = "PORT")]
    pub port: Option<String>,
    /// Address under which people reach Loop, without a trailing slash [default: http://localhost:8082]
    #[arg(long, env = "EXTERNAL_URL", value_name = "URL")]
    pub external_url: Option<String>,
    /// What to log: a level, or tracing directives such as "info,access=warn" [default: info]
    #[arg(long, env = "LOG_LEVEL", value_name = "FILTER")]
    pub log_level: Option<String>,
    /// How to log: text or json [default: text]
    #[arg(long, env = "LOG_FORMAT", value_name = "FORMAT")]
    pub log_format: Option<String>,
    /// Seconds that running requests get to finish when the service stops [default: 10]
    #[arg(long, env = "SHUTDOWN_TIMEOUT_SECONDS", value_name = "SECONDS")]
    pub shutdown_timeout_seconds: Option<String>,
    /// Further browser origins that may call, comma-separated: https://app.example
    #[arg(long, env = "ALLOWED_ORIGINS", value_name = "ORIGINS")]
    pub allowed_origins: Option<String>,
    /// Further Host values that are served, comma-separated: nas.local or nas.local:8081
    #[arg(long, env = "ALLOWED_HOSTS", value_name = "HOSTS")]
    pub allowed_hosts: Option<String>,
    /// Address and port of Prometheus metrics, 127.0.0.1:9083 for example; anybody who reaches it may read [default: none]
    #[arg(long, env = "METRICS_LISTEN", value_name = "ADDRESS:PORT")]
    pub metrics_listen: Option<String>,
    /// Address of an OpenTelemetry collector that traces are sent to (OTLP over HTTP, http://localhost:4318 for example); further
    /// OTEL_ variables hold too (docs/operations.md) [default: none, no traces]
    #[arg(long, env = "OTEL_EXPORTER_OTLP_ENDPOINT", value_name = "URL")]
    pub otel_exporter_otlp_endpoint: Option<String>,
    /// Threads that serve requests [default: one for each core]
    #[arg(long, env = "WORKERS", value_name = "COUNT")]
    pub workers: Option<String>,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// What is logged, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogConfig {
    /// Tracing directives, already checked.
    pub filter: String,
    /// How lines look.
    pub format: LogFormat,
}

/// The checked settings of [`ServiceArgs`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceConfig {
    /// Which service this is.
    pub identity: ServiceIdentity,
    /// Address to listen on.
    pub bind_address: IpAddr,
    /// Port to listen on; 0 picks a free one.
    pub port: u16,
    /// Where people reach Loop.
    pub external_url: ExternalUrl,
    /// What is logged, and how.
    pub log: LogConfig,
    /// How long running requests get when the service stops.
    pub shutdown_timeout: Duration,
    /// Browser origins that may call: the service's own and `ALLOWED_ORIGINS`. Never empty.
    pub allowed_origins: Vec<String>,
    /// `Host` values that are served: the service's own, loopback and `ALLOWED_HOSTS`. Never empty.
    pub allowed_hosts: Vec<String>,
    /// Where metrics are served; `None`: nowhere, and nothing is recorded.
    pub metrics: Option<SocketAddr>,
    /// Where traces are sent; `None`: nowhere, and none are kept.
    pub traces: Option<TraceConfig>,
    /// Threads that serve requests; `None` is one for each core.
    pub workers: Option<usize>,
}

impl ServiceArgs {
    /// Checks the settings. Wrong ones are noted in `problems` and stand at their default, so that
    /// reading goes on: use the result only after [`Problems::finish`].
    pub fn resolve(&self, identity: ServiceIdentity, problems: &mut Problems) -> ServiceConfig {
        let port = number(
            "PORT",
            self.port.as_deref(),
            0..=65535,
            identity.default_port.into(),
            problems,
        );
        let port = u16::try_from(port).unwrap_or(identity.default_port);
        let external_url = self.external_url(problems);
        let workers = number("WORKERS", self.workers.as_deref(), 1..=1024, 0, problems);
        ServiceConfig {
            identity,
            bind_address: self.bind_address(problems),
            port,
            allowed_origins: self.origins(&external_url, port, problems),
            allowed_hosts: self.hosts(&external_url, problems),
            external_url,
            log: self.log(problems),
            metrics: self.metrics(problems),
            traces: given(self.otel_exporter_otlp_endpoint.as_deref())
                .and_then(|text| collector(text, problems)),
            shutdown_timeout: seconds(
                "SHUTDOWN_TIMEOUT_SECONDS",
                self.shutdown_timeout_seconds.as_deref(),
                0..=3600,
                10,
                problems,
            ),
            workers: usize::try_from(workers).ok().filter(|count| *count > 0),
        }
    }

    fn bind_address(&self, problems: &mut Problems) -> IpAddr {
        let default = IpAddr::from([127, 0, 0, 1]);
        let Some(text) = given(self.bind_address.as_deref()) else {
            return default;
        };
        text.parse().unwrap_or_else(|_| {
            let fix = "Use 127.0.0.1 for this machine only, or 0.0.0.0 for every network.";
            problems.add(
                "BIND_ADDRESS",
                format!("{text:?} is not an IP address"),
                fix,
            );
            default
        })
    }

    fn metrics(&self, problems: &mut Problems) -> Option<SocketAddr> {
        let text = given(self.metrics_listen.as_deref())?;
        let address = text.parse();
        if address.is_err() {
            let wrong = format!("{text:?} is not an address and port");
            problems.add("METRICS_LISTEN", wrong, "Use 127.0.0.1:9083, for example.");
        }
        address.ok()
    }

    fn external_url(&self, problems: &mut Problems) -> ExternalUrl {
        let default = || ExternalUrl::localhost(8082);
        let Some(text) = given(self.external_url.as_deref()) else {
            return default();
        };
        ExternalUrl::read("EXTERNAL_URL", text, problems).unwrap_or_else(default)
    }

    fn log(&self, problems: &mut Problems) -> LogConfig {
        let mut filter = given(self.log_level.as_deref())
            .unwrap_or("info")
            .to_owned();
        if let Err(error) = tracing_subscriber::EnvFilter::try_new(&filter) {
            let fix =
                "Use error, warn, info, debug, trace, or directives such as info,access=warn.";
            problems.add(
                "LOG_LEVEL",
                format!("{filter:?} is no log filter ({error})"),
                fix,
            );
            "info".clone_into(&mut filter);
        }
        let text = given(self.log_format.as_deref()).unwrap_or("text");
        let format = LogFormat::from_str(text, true).unwrap_or_else(|_| {
            problems.add(
                "LOG_FORMAT",
                format!("{text:?} is not a format"),
                "Use text or json.",
            );
            LogFormat::Text
        });
        LogConfig { filter, format }
    }

    /// The public origin, the service's own port on this machine when the public address is here too, and the list.
    fn origins(&self, external: &ExternalUrl, port: u16, problems: &mut Problems) -> Vec<String> {
        let mut origins = vec![external.origin()];
        if external.is_loopback() {
            origins.push(format!("http://localhost:{port}"));
            origins.push(format!("http://127.0.0.1:{port}"));
        }
        for text in list(self.allowed_origins.as_deref()) {
            match origin(text) {
                Ok(origin) => origins.push(origin),
                Err(fault) => {
                    let wrong = format!("{text:?} {fault}, or has a path");
                    problems.add(
                        "ALLOWED_ORIGINS",
                        wrong,
                        "List origins such as https://app.example.",
                    );
                }
            }
        }
        dedup(origins)
    }

    fn hosts(&self, external: &ExternalUrl, problems: &mut Problems) -> Vec<String> {
        let mut hosts = vec![external.host().to_owned()];
        hosts.extend(["localhost", "127.0.0.1", "[::1]"].map(str::to_owned));
        for text in list(self.allowed_hosts.as_deref()) {
            let sane = ::url::Url::parse(&format!("http://{text}/")).is_ok_and(|url| {
                url.path() == "/" && url.username().is_empty() && !text.contains(['/', '?', '#'])
            });
            if sane {
                hosts.push(text.to_ascii_lowercase());
            } else {
                let fix = "List hosts such as nas.local or nas.local:8081, without http://.";
                problems.add("ALLOWED_HOSTS", format!("{text:?} is not a host"), fix);
            }
        }
        dedup(hosts)
    }
}

fn dedup(mut values: Vec<String>) -> Vec<String> {
    let mut seen = std::collections::HashSet::new();
    values.retain(|value| seen.insert(value.clone()));
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    const IDENTITY: ServiceIdentity = ServiceIdentity {
        name: "public-api",
        version: "1.2.3",
        default_port: 8081,
    };

    #[test]
    fn nothing_set_is_a_working_local_service() {
        let mut problems = Problems::new();
        let config = ServiceArgs::default().resolve(IDENTITY, &mut problems);
        assert_eq!(problems.finish(), Ok(vec![]));
        assert_eq!(
            (config.bind_address.to_string().as_str(), config.port),
            ("127.0.0.1", 8081)
        );
        assert_eq!(config.external_url.as_str(), "http://localhost:8082");
        assert_eq!(
            config.log,
            LogConfig {
                filter: "info".into(),
                format: LogFormat::Text
            }
        );
        assert_eq!(config.shutdown_timeout, Duration::from_secs(10));
        assert_eq!(config.workers, None);
        assert_eq!(config.allowed_hosts, ["localhost", "127.0.0.1", "[::1]"]);
        let origins = [
            "http://localhost:8082",
            "http://localhost:8081",
            "http://127.0.0.1:8081",
        ];
        assert_eq!(config.allowed_origins, origins);
    }

    #[test]
    fn an_empty_variable_counts_as_not_set() {
        let empty = || Some(" ".to_owned());
        let args = ServiceArgs {
            port: empty(),
            external_url: empty(),
            workers: empty(),
            ..ServiceArgs::default()
        };
        let mut problems = Problems::new();
        let config = args.resolve(IDENTITY, &mut problems);
        assert_eq!((config.port, problems.is_empty()), (8081, true));
    }

    #[test]
    fn every_mistake_is_reported_at_once_by_its_variable() {
        let set = |text: &str| Some(text.to_owned());
        let args = ServiceArgs {
            bind_address: set("everywhere"),
            port: set("80810"),
            external_url: set("loop.example.com"),
            log_level: set("info,=="),
            log_format: set("xml"),
            shutdown_timeout_seconds: set("soon"),
            allowed_origins: set("https://ok.example,app.example"),
            allowed_hosts: set("nas.local:8081,http://nas.local"),
            workers: set("0"),
            metrics_listen: set("9083"),
            otel_exporter_otlp_endpoint: set("collector:4317"),
        };
        let mut problems = Problems::new();
        args.resolve(IDENTITY, &mut problems);
        let mut named: Vec<_> = problems
            .as_slice()
            .iter()
            .map(|problem| problem.variable.as_str())
            .collect();
        named.sort_unstable();
        let expected = [
            "ALLOWED_HOSTS",
            "ALLOWED_ORIGINS",
            "BIND_ADDRESS",
            "EXTERNAL_URL",
            "LOG_FORMAT",
            "LOG_LEVEL",
            "METRICS_LISTEN",
            "OTEL_EXPORTER_OTLP_ENDPOINT",
            "PORT",
            "SHUTDOWN_TIMEOUT_SECONDS",
            "WORKERS",
        ];
        assert_eq!(named, expected);
        let shown = problems.finish().unwrap_err().to_string();
        assert!(
            shown.starts_with("11 settings need attention:\n"),
            "{shown}"
        );
        assert!(
            shown.contains("  - PORT: \"80810\" is not a whole number from 0 to 65535."),
            "{shown}"
        );
    }

    #[test]
    fn a_public_address_is_allowed_beside_loopback_and_the_lists() {
        let args = ServiceArgs {
            external_url: Some("https://loop.example.com".into()),
            allowed_origins: Some("https://App.example:443, https://app.example".into()),
            allowed_hosts: Some("NAS.local:8081".into()),
            ..ServiceArgs::default()
        };
        let mut problems = Problems::new();
        let config = args.resolve(IDENTITY, &mut problems);
        assert!(problems.is_empty(), "{problems}");
        assert_eq!(
            config.allowed_origins,
            ["https://loop.example.com", "https://app.example"]
        );
        assert_eq!(
            config.allowed_hosts,
            [
                "loop.example.com",
                "localhost",
                "127.0.0.1",
                "[::1]",
                "nas.local:8081"
            ]
        );
    }
}
