//! Gets the bytes of a JWK Set from its place, within bounds of time and size.
//!
//! In: a URL or a path. Out: a parsed [`KeySet`]. Never: follows redirects, reads more than 256 KiB.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use url::{Host, Url};

use super::key_set::{KeySet, KeySetError, MAX_BYTES};
use crate::service::traces::carried;

/// Where the keys are.
#[derive(Debug)]
pub(super) enum Fetch {
    /// Behind a URL.
    Http { url: Url, client: reqwest::Client },
    /// In a file.
    File { path: PathBuf, timeout: Duration },
}

/// Why the keys could not be had this time.
#[derive(Debug, thiserror::Error)]
pub(super) enum FetchError {
    #[error("request failed: {}", causes(.0))]
    Http(#[from] reqwest::Error),
    #[error("answered {0}")]
    Status(u16),
    #[error("is longer than {MAX_BYTES} bytes")]
    TooLong,
    #[error("cannot be read: {0}")]
    File(#[from] std::io::Error),
    #[error("took too long to read")]
    Slow,
    #[error(transparent)]
    Keys(#[from] KeySetError),
}

impl Fetch {
    /// # Errors
    /// When the HTTP client cannot be built.
    pub(super) fn http(url: Url, timeout: Duration) -> Result<Self, reqwest::Error> {
        let mut builder = reqwest::Client::builder()
            .timeout(timeout)
            .connect_timeout(timeout)
            .redirect(reqwest::redirect::Policy::none())
            .pool_max_idle_per_host(1)
            .user_agent(concat!("loop/", env!("CARGO_PKG_VERSION")));
        if is_nearby(&url) {
            builder = builder.no_proxy();
        }
        Ok(Self::Http {
            url,
            client: builder.build()?,
        })
    }

    /// What asks for the keys, for whoever asks an address that is reached in the same way: a client takes as long to make as
    /// the roots of trust to read.
    pub(super) fn client_for(&self, other: &Url) -> Option<reqwest::Client> {
        match self {
            Self::Http { url, client } if is_nearby(url) == is_nearby(other) => {
                Some(client.clone())
            }
            Self::Http { .. } | Self::File { .. } => None,
        }
    }

    pub(super) fn file(path: PathBuf, timeout: Duration) -> Self {
        Self::File { path, timeout }
    }

    /// What to call the place in a log.
    pub(super) fn place(&self) -> String {
        match self {
            Self::Http { url, .. } => url.to_string(),
            Self::File { path, .. } => path.display().to_string(),
        }
    }

    /// # Errors
    /// [`FetchError`]; the caller keeps its old keys.
    pub(super) async fn keys(&self) -> Result<KeySet, FetchError> {
        let bytes = match self {
            Self::Http { url, client } => download(client, url).await?,
            Self::File { path, timeout } => tokio::time::timeout(*timeout, read(path))
                .await
                .map_err(|_| FetchError::Slow)??,
        };
        Ok(KeySet::parse(&bytes)?)
    }
}

async fn download(client: &reqwest::Client, url: &Url) -> Result<Vec<u8>, FetchError> {
    let request = client
        .get(url.clone())
        .headers(carried())
        // One request an hour: a kept connection would only be a dead one.
        .header("Connection", "close")
        .header("Accept", "application/jwk-set+json, application/json");
    let mut response = request.send().await?;
    if response.status() != reqwest::StatusCode::OK {
        return Err(FetchError::Status(response.status().as_u16()));
    }
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if bytes.len() + chunk.len() > MAX_BYTES {
            return Err(FetchError::TooLong);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

async fn read(path: &PathBuf) -> Result<Vec<u8>, FetchError> {
    let file = tokio::fs::File::open(path).await?;
    let mut bytes = Vec::new();
    file.take(MAX_BYTES as u64 + 1)
        .read_to_end(&mut bytes)
        .await?;
    if bytes.len() > MAX_BYTES {
        return Err(FetchError::TooLong);
    }
    Ok(bytes)
}

/// This machine, a private address or a bare service name: an environment's HTTP proxy cannot reach those.
#[must_use]
pub fn is_nearby(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => !name.contains('.') || name.ends_with(".localhost"),
        Some(Host::Ipv4(ip)) => ip.is_loopback() || ip.is_private() || ip.is_link_local(),
        Some(Host::Ipv6(ip)) => IpAddr::V6(ip).is_loopback() || ip.is_unique_local(),
        None => false,
    }
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
