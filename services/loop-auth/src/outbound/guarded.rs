//! HTTP clients that reach public addresses and what an operator opened, and nothing else.
//!
//! In: a URL. Out: a request that can be sent. Never: a redirect, a proxy of the environment, a connection that was
//! opened to an address that nobody has just checked.

use std::{sync::Arc, time::Duration};

use loop_oauth::client_metadata_document::Allowed;
use reqwest::{Certificate, Client, Method, RequestBuilder, redirect::Policy};
use url::{Host, Url};

use super::lookup::{Guarded, Lookup, System};

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

/// What may be reached, by whose word, and for how long.
#[derive(Clone, Debug)]
pub(crate) struct Reach {
    /// Beyond public addresses.
    pub(crate) allowed: Allowed,
    /// The setting that opens more, for the log.
    pub(crate) opened_by: &'static str,
    /// A request and its answer, all in all.
    pub(crate) timeout: Duration,
}

/// A client whose every connection goes to an address that was just checked. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct GuardedHttp {
    http: Client,
    allowed: Allowed,
}

impl GuardedHttp {
    /// Names are looked up as the system does; `ca_pem` are roots to trust beside the system's.
    ///
    /// # Errors
    /// [`OutboundError`].
    pub(crate) fn new(reach: Reach, ca_pem: Option<&[u8]>) -> Result<Self, OutboundError> {
        Self::with(reach, ca_pem, Arc::new(System))
    }

    /// The same with another way to look names up.
    ///
    /// # Errors
    /// [`OutboundError`].
    pub(crate) fn with(
        reach: Reach,
        ca_pem: Option<&[u8]>,
        lookup: Arc<dyn Lookup>,
    ) -> Result<Self, OutboundError> {
        let roots = ca_pem.map_or(Ok(Vec::new()), Certificate::from_pem_bundle);
        let Reach {
            allowed,
            opened_by,
            timeout,
        } = reach;
        let guarded = Guarded {
            lookup,
            allowed: allowed.clone(),
            opened_by,
        };
        let http = Client::builder()
            .tls_certs_merge(roots.map_err(OutboundError::Certificates)?)
            .dns_resolver(guarded)
            .no_proxy()
            .redirect(Policy::none())
            .referer(false)
            .retry(reqwest::retry::never())
            .timeout(timeout)
            // Every request is a new connection to an address that was just checked.
            .pool_max_idle_per_host(0)
            .user_agent(concat!("loop-auth/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(OutboundError::Client)?;
        Ok(Self { http, allowed })
    }

    /// A request; `None` when the URL has an address in place of a name that nobody may reach: such are never looked up.
    pub(crate) fn request(&self, method: Method, url: &Url) -> Option<RequestBuilder> {
        let address = match url.host()? {
            Host::Ipv4(v4) => Some(v4.into()),
            Host::Ipv6(v6) => Some(v6.into()),
            Host::Domain(_) => None,
        };
        let host = url.host_str().unwrap_or_default();
        let barred = address.is_some_and(|address| !self.allowed.may_connect(host, address));
        (!barred).then(|| self.http.request(method, url.clone()))
    }
}
