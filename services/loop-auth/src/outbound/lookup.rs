//! Names to addresses, each checked before anything connects to it.
//!
//! The HTTP client connects to the very addresses that come out here, so a name that leads elsewhere at its next
//! lookup (DNS rebinding) gains nothing.

use std::{
    future::Future,
    io,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    sync::Arc,
};

use loop_oauth::client_metadata_document::Allowed;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// Addresses that are being looked up.
pub(crate) type Looking = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>>;

/// Looks names up.
pub(crate) trait Lookup: std::fmt::Debug + Send + Sync {
    /// All addresses of a host.
    fn addresses(&self, host: &str) -> Looking;
}

/// The system's own way.
#[derive(Debug)]
pub(super) struct System;

impl Lookup for System {
    fn addresses(&self, host: &str) -> Looking {
        let host = host.to_owned();
        Box::pin(async move {
            let found = tokio::net::lookup_host((host.as_str(), 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    }
}

/// Refuses a name of which any address is not public, unless it is opened.
#[derive(Clone, Debug)]
pub(super) struct Guarded {
    pub(super) lookup: Arc<dyn Lookup>,
    pub(super) allowed: Allowed,
    /// The setting that opens more.
    pub(super) opened_by: &'static str,
}

/// A name leads where nobody may go.
#[derive(Debug, thiserror::Error)]
pub(super) enum Barred {
    /// One of its addresses.
    #[error("{0} leads to {1}, which is not public; {2} opens it")]
    NotPublic(String, IpAddr, &'static str),
    /// It has none.
    #[error("{0} has no address")]
    Nowhere(String),
}

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        let looking = self.lookup.addresses(name.as_str());
        let (allowed, opened_by) = (self.allowed.clone(), self.opened_by);
        Box::pin(async move {
            let found = looking.await?;
            let host = name.as_str();
            if found.is_empty() {
                return Err(Barred::Nowhere(host.to_owned()).into());
            }
            // One that is not public is reason enough: which of them is connected to is not this server's choice.
            if let Some(bad) = found.iter().find(|ip| !allowed.may_connect(host, **ip)) {
                return Err(Barred::NotPublic(host.to_owned(), *bad, opened_by).into());
            }
            // The port is the URL's.
            let addresses = found.into_iter().map(|ip| SocketAddr::new(ip, 0));
            Ok(Box::new(addresses) as Addrs)
        })
    }
}
