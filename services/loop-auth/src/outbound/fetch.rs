//! One bounded GET of a JSON document.
//!
//! In: a URL and a limit. Out: the bytes and how long they are fresh. Never: follows a redirect, decompresses, reads
//! past the limit, waits past the timeout, asks a host again that just failed.

use std::{sync::Arc, time::Duration};

use loop_oauth::client_metadata_document::{Allowed, DocumentUrl, NoDocument};
use moka::sync::Cache;
use reqwest::{
    Certificate, Client, Response, StatusCode,
    header::{ACCEPT, CONTENT_ENCODING, CONTENT_TYPE},
    redirect::Policy,
};
use tokio::sync::Semaphore;
use url::Host;

use super::{
    Bounds, lifetime,
    lookup::{Guarded, Lookup},
};

/// Fetches that run at once.
const AT_ONCE: usize = 32;
/// Of those to one host and port.
const AT_ONCE_PER_HOST: usize = 4;
/// Hosts that are remembered.
const HOSTS: u64 = 10_000;

/// Why nothing can be fetched at all.
#[derive(Debug, thiserror::Error)]
pub enum OutboundError {
    /// The CA file.
    #[error("OUTBOUND_CA_FILE has no certificates that can be read: {0}")]
    Certificates(reqwest::Error),
    /// The HTTP client.
    #[error("no HTTP client: {0}")]
    Client(reqwest::Error),
}

/// What was fetched.
#[derive(Debug)]
pub(super) struct Fetched {
    pub(super) bytes: Vec<u8>,
    pub(super) fresh_for: Duration,
}

/// Why nothing was; for the log.
#[derive(Debug, thiserror::Error)]
enum Failed {
    #[error("it failed a moment ago")]
    Resting,
    #[error("it took too long")]
    Slow,
    #[error("its address is not public")]
    Barred,
    #[error("{}", causes(.0))]
    Http(#[from] reqwest::Error),
    #[error("it answered {0}")]
    Status(StatusCode),
    #[error("it is no JSON, or compressed")]
    Type,
    #[error("it is longer than {0} bytes")]
    TooLong(usize),
}

impl Failed {
    /// Whether the host itself is in trouble, whatever is asked of it.
    fn is_of_host(&self) -> bool {
        match self {
            Self::Slow | Self::Barred => true,
            Self::Http(error) => error.is_connect(),
            Self::Resting | Self::Status(_) | Self::Type | Self::TooLong(_) => false,
        }
    }
}

/// Fetches within bounds.
pub(super) struct Fetcher {
    http: Client,
    allowed: Allowed,
    bounds: Bounds,
    all: Semaphore,
    hosts: Cache<String, Arc<Semaphore>>,
    resting: Cache<String, ()>,
}

impl Fetcher {
    /// # Errors
    /// [`OutboundError`].
    pub(super) fn new(
        allowed: Allowed,
        ca_pem: Option<&[u8]>,
        lookup: Arc<dyn Lookup>,
        bounds: Bounds,
    ) -> Result<Self, OutboundError> {
        let roots = ca_pem.map_or(Ok(Vec::new()), Certificate::from_pem_bundle);
        let guarded = Guarded {
            lookup,
            allowed: allowed.clone(),
        };
        let http = Client::builder()
            .tls_certs_merge(roots.map_err(OutboundError::Certificates)?)
            .dns_resolver(guarded)
            .no_proxy()
            .redirect(Policy::none())
            .referer(false)
            .retry(reqwest::retry::never())
            .timeout(bounds.timeout)
            // Every fetch is a new connection to an address that was just checked.
            .pool_max_idle_per_host(0)
            .user_agent(concat!("loop-auth/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(OutboundError::Client)?;
        Ok(Self {
            http,
            allowed,
            bounds,
            all: Semaphore::new(AT_ONCE),
            hosts: Cache::new(HOSTS),
            resting: Cache::builder()
                .max_capacity(HOSTS)
                .time_to_live(bounds.rest)
                .build(),
        })
    }

    /// Fetches up to `limit` bytes.
    ///
    /// # Errors
    /// [`NoDocument::Unreachable`].
    #[tracing::instrument(name = "outbound.fetch", skip_all, fields(url = url.as_str(), bytes))]
    pub(super) async fn fetch(
        &self,
        url: &DocumentUrl,
        limit: usize,
    ) -> Result<Fetched, NoDocument> {
        let host = url.authority();
        let fetching = async {
            if self.resting.contains_key(host) || self.resting.contains_key(url.as_str()) {
                return Err(Failed::Resting);
            }
            let turns = || Arc::new(Semaphore::new(AT_ONCE_PER_HOST));
            let turns = self.hosts.get_with_by_ref(host, turns);
            let _own = turns.acquire().await;
            let _any = self.all.acquire().await;
            self.get(url, limit).await
        };
        let fetched = tokio::time::timeout(self.bounds.timeout, fetching).await;
        match fetched.unwrap_or(Err(Failed::Slow)) {
            Ok(fetched) => {
                tracing::Span::current().record("bytes", fetched.bytes.len());
                Ok(fetched)
            }
            Err(failed) => {
                let rests = match failed {
                    Failed::Resting => None,
                    ref failed if failed.is_of_host() => Some(host),
                    _ => Some(url.as_str()),
                };
                if let Some(name) = rests {
                    self.resting.insert(name.to_owned(), ());
                }
                tracing::info!(%failed, "a client's document was not fetched");
                Err(NoDocument::Unreachable(failed.to_string()))
            }
        }
    }

    async fn get(&self, url: &DocumentUrl, limit: usize) -> Result<Fetched, Failed> {
        // An address in place of a name is never looked up; the rules took it only where an operator named it.
        let address = match url.url().host() {
            Some(Host::Ipv4(v4)) => Some(v4.into()),
            Some(Host::Ipv6(v6)) => Some(v6.into()),
            Some(Host::Domain(_)) | None => None,
        };
        let host = url.url().host_str().unwrap_or_default();
        if address.is_some_and(|address| !self.allowed.may_connect(host, address)) {
            return Err(Failed::Barred);
        }
        let request = self.http.get(url.url().clone());
        let response = request.header(ACCEPT, "application/json").send().await?;
        if response.status() != StatusCode::OK {
            return Err(Failed::Status(response.status()));
        }
        if !is_plain_json(&response) {
            return Err(Failed::Type);
        }
        let fresh_for = lifetime::of(response.headers(), self.bounds.shortest);
        let bytes = read(response, limit).await?;
        Ok(Fetched { bytes, fresh_for })
    }
}

async fn read(mut response: Response, limit: usize) -> Result<Vec<u8>, Failed> {
    let announced = response.content_length().unwrap_or(0);
    if usize::try_from(announced).map_or(true, |announced| announced > limit) {
        return Err(Failed::TooLong(limit));
    }
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if bytes.len() + chunk.len() > limit {
            return Err(Failed::TooLong(limit));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

/// `application/json`, or anything that "conforms to `application/<AS-defined>+json`", as it is.
fn is_plain_json(response: &Response) -> bool {
    let header = |name| {
        response
            .headers()
            .get(name)
            .map(|value| value.to_str().unwrap_or("?"))
    };
    let encoding = header(CONTENT_ENCODING).unwrap_or("identity");
    let essence = header(CONTENT_TYPE).unwrap_or_default();
    let essence = essence.split(';').next().unwrap_or_default().trim();
    let subtype = essence
        .to_ascii_lowercase()
        .strip_prefix("application/")
        .map(str::to_owned)
        .unwrap_or_default();
    encoding.eq_ignore_ascii_case("identity") && (subtype == "json" || subtype.ends_with("+json"))
}

/// An error with its causes: reqwest's own text stops before the interesting part.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
