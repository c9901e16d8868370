//! HTTP clients that reach public addresses and what an operator opened, and nothing else.
//!
//! In: a URL. Out: a request that can be sent. Never: a redirect, a proxy of the environment, a connection that was
//! opened to an address that nobody has just checked.

use std::{sync::Arc, time::Duration};

use loop_oauth::client_metadata_document::Allowed;
use reqwest::{Certificate, Client, Method, RequestBuilder, redirect::Policy};
use tokio::sync::OnceCell;
use url::{Host, Url};

use super::lookup::{Guarded, Lookup, System};

/// Why nothing can be fetched at all.
#[derive(Debug, thiserror::Error)]
pub enum OutboundError {
    /// The CA file.
    #[error("OUTBOUND_CA_FILE has no certificates that can be read: {0}")]
    Certificates(reqwest::Error),
}

/// Why there is no request.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoRequest {
    /// The URL has an address in place of a name that nobody may reach.
    #[error("its address is not public")]
    Barred,
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
///
/// It is made when it is first needed: reading the system's hundred roots takes as long as the rest of a start, and a
/// server whose clients have no documents and want no notices never needs them.
#[derive(Clone, Debug)]
pub(crate) struct GuardedHttp {
    http: Arc<OnceCell<Client>>,
    plan: Arc<Plan>,
}

#[derive(Debug)]
struct Plan {
    guarded: Guarded,
    roots: Vec<Certificate>,
    timeout: Duration,
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
        let guarded = Guarded {
            lookup,
            allowed: reach.allowed,
            opened_by: reach.opened_by,
        };
        let plan = Plan {
            guarded,
            roots: roots.map_err(OutboundError::Certificates)?,
            timeout: reach.timeout,
        };
        Ok(Self {
            http: Arc::default(),
            plan: Arc::new(plan),
        })
    }

    /// A request to a URL. One with an address that nobody may reach in place of a name is never looked up.
    ///
    /// # Errors
    /// [`NoRequest`].
    pub(crate) async fn request(
        &self,
        method: Method,
        url: &Url,
    ) -> Result<RequestBuilder, NoRequest> {
        let address = match url.host() {
            Some(Host::Ipv4(v4)) => Some(v4.into()),
            Some(Host::Ipv6(v6)) => Some(v6.into()),
            Some(Host::Domain(_)) => None,
            None => return Err(NoRequest::Barred),
        };
        let (host, allowed) = (
            url.host_str().unwrap_or_default(),
            &self.plan.guarded.allowed,
        );
        if address.is_some_and(|address| !allowed.may_connect(host, address)) {
            return Err(NoRequest::Barred);
        }
        let http = self.http.get_or_try_init(|| self.plan.client()).await;
        let http = http.map_err(NoRequest::Client)?;
        Ok(http.request(method, url.clone()))
    }
}

impl Plan {
    /// On the spot where there is no other thread to do it on.
    async fn client(self: &Arc<Self>) -> Result<Client, reqwest::Error> {
        let plan = Arc::clone(self);
        let made = tokio::task::spawn_blocking(move || plan.make()).await;
        made.unwrap_or_else(|_| self.make())
    }

    fn make(&self) -> Result<Client, reqwest::Error> {
        Client::builder()
            .tls_certs_merge(self.roots.iter().cloned())
            .dns_resolver(self.guarded.clone())
            .no_proxy()
            .redirect(Policy::none())
            .referer(false)
            .retry(reqwest::retry::never())
            .timeout(self.timeout)
            // Every request is a new connection to an address that was just checked.
            .pool_max_idle_per_host(0)
            .user_agent(concat!("loop-auth/", env!("CARGO_PKG_VERSION")))
            .build()
    }
}
