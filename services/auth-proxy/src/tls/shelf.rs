//! The certificate of the moment: each handshake takes what is there when it begins.
//!
//! In: [`Material`]. Out: an acceptor for the listener. Never: an end of a connection that is there.

use std::path::Path;
use std::sync::Arc;

use arc_swap::ArcSwapOption;
use openssl::error::ErrorStack;
use openssl::ssl::{
    AlpnError, SniError, SslAcceptor, SslAcceptorBuilder, SslAlert, SslContext, SslMethod, SslRef,
    select_next_proto,
};

use super::material::{Material, MaterialError, said};
use crate::figures;

/// What is spoken in TLS, the better first (RFC 7301).
const PROTOCOLS: &[u8] = b"\x02h2\x08http/1.1";

/// What handshakes take.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shelf(Arc<ArcSwapOption<Taken>>);

#[derive(Debug)]
struct Taken {
    context: SslContext,
    until: i64,
}

impl Shelf {
    /// From now on, handshakes take this.
    ///
    /// # Errors
    /// [`MaterialError::Unusable`]; what was there stays.
    pub(crate) fn put(&self, material: &Material, file: &Path) -> Result<(), MaterialError> {
        let context = context(material)
            .map_err(|error| MaterialError::Unusable(file.into(), said(&error)))?;
        let until = material.until;
        self.0.store(Some(Arc::new(Taken { context, until })));
        Ok(())
    }

    /// Says in the figures when the certificate ends.
    pub(crate) fn note(&self) {
        if let Some(taken) = &*self.0.load() {
            figures::certificate_ends(taken.until);
        }
    }
}

/// An acceptor whose handshakes take what is on the shelf. While that is empty they fail: no made-up certificate is shown.
///
/// # Errors
/// What OpenSSL says.
pub(crate) fn acceptor(shelf: Shelf) -> Result<SslAcceptorBuilder, ErrorStack> {
    let mut acceptor = base()?;
    // Called in every handshake, whether or not the client names a server.
    acceptor.set_servername_callback(move |ssl, alert| {
        let there = shelf.0.load();
        let taken = there.as_ref().map(|it| ssl.set_ssl_context(&it.context));
        if matches!(taken, Some(Ok(()))) {
            return Ok(());
        }
        *alert = SslAlert::INTERNAL_ERROR;
        Err(SniError::ALERT_FATAL)
    });
    Ok(acceptor)
}

fn context(material: &Material) -> Result<SslContext, ErrorStack> {
    let mut acceptor = base()?;
    let mut chain = material.chain.iter();
    if let Some(leaf) = chain.next() {
        acceptor.set_certificate(leaf)?;
    }
    for issuer in chain {
        acceptor.add_extra_chain_cert(issuer.clone())?;
    }
    acceptor.set_private_key(&material.key)?;
    acceptor.check_private_key()?;
    acceptor.set_alpn_select_callback(protocol);
    Ok(acceptor.build().into_context())
}

/// TLS 1.2 and 1.3 with the ciphers that Mozilla's "intermediate" lists.
fn base() -> Result<SslAcceptorBuilder, ErrorStack> {
    SslAcceptor::mozilla_intermediate_v5(SslMethod::tls_server())
}

/// One of ours, or none at all: whoever speaks something else is at the wrong door (RFC 7301 §3.2).
fn protocol<'a>(_: &mut SslRef, offered: &'a [u8]) -> Result<&'a [u8], AlpnError> {
    select_next_proto(PROTOCOLS, offered).ok_or(AlpnError::ALERT_FATAL)
}
