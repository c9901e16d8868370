//! One bounded GET of a JSON document.
//!
//! In: a URL and a limit. Out: the bytes and how long they are fresh. Never: follows a redirect, decompresses, reads
//! past the limit, waits past the timeout, asks a host again that just failed.

use std::{sync::Arc, time::Duration};

use loop_oauth::client_metadata_document::{Allowed, DocumentUrl, NoDocument};
use moka::sync::Cache;
use reqwest::{
    Method, Response, StatusCode,
    header::{ACCEPT, CONTENT_ENCODING, CONTENT_TYPE},
};
use tokio::sync::Semaphore;

use super::{
    Bounds,
    guarded::{GuardedHttp, NoRequest, OutboundError, Reach},
    lifetime,
    lookup::Lookup,
};

/// Fetches that run at once.
const AT_ONCE: usize = 32;
/// Of those to one host and port.
const AT_ONCE_PER_HOST: usize = 4;
/// Hosts that are remembered.
const HOSTS: u64 = 10_000;

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
    #[error(transparent)]
    Unasked(NoRequest),
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
            Self::Slow | Self::Unasked(NoRequest::Barred) => true,
            Self::Http(error) => error.is_connect(),
            Self::Unasked(NoRequest::Client(_))
            | Self::Resting
            | Self::Status(_)
            | Self::Type
            | Self::TooLong(_) => false,
        }
    }
}

/// Fetches within bounds.
pub(super) struct Fetcher {
    http: GuardedHttp,
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
        let reach = Reach {
            allowed,
            opened_by: "CIMD_ALLOW",
            timeout: bounds.timeout,
        };
        let http = GuardedHttp::with(reach, ca_pem, lookup)?;
        Ok(Self {
            http,
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
        let request = self.http.request(Method::GET, url.url()).await;
        let request = request.map_err(Failed::Unasked)?;
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
pub(crate) fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
