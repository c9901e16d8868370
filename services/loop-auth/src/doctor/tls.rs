//! A server's certificate: how long it is good for.
//!
//! In: a certificate as it was shown. Out: findings. Never: trusts one; the handshake has decided that.

use openssl::{asn1::Asn1Time, x509::X509};

use super::Findings;

/// Fewer days than this and renewal is late; Let's Encrypt renews 30 days ahead.
const SOON: i32 = 14;

pub(super) fn look(der: &[u8], findings: &mut Findings) {
    let left = || {
        let certificate = X509::from_der(der).ok()?;
        let left = Asn1Time::days_from_now(0)
            .ok()?
            .diff(certificate.not_after())
            .ok()?;
        Some((left.days, certificate.not_after().to_string()))
    };
    match left() {
        None => findings.warning("TLS", "the certificate cannot be read", ""),
        Some((days, until)) if days < SOON => findings.warning(
            "TLS",
            format!("the certificate ends in {days} days, on {until}"),
            "Renew it, and see why the renewal does not run by itself.",
        ),
        Some((_, until)) => findings.fine("TLS", format!("the certificate is good until {until}")),
    }
}
