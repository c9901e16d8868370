//! Takes over certificate files that changed.
//!
//! In: the files, looked at twice a second. Out: another certificate for the next handshake. Never: a half-written
//! file, a wrong one.

use std::path::PathBuf;

use loop_shared::service::{Clock as _, SystemClock};
use tokio_util::sync::CancellationToken;

use super::{Material, Shelf};
use crate::figures;
use crate::look::{self, look};

/// Follows the two files, which may be one, until `stop`. A file that is not there yet is waited for.
pub(crate) async fn follow(cert: PathBuf, key: PathBuf, shelf: Shelf, stop: CancellationToken) {
    let looks = || (look(&cert), look(&key));
    let mut taken = looks();
    let mut before = taken;
    loop {
        shelf.note();
        tokio::select! {
            () = tokio::time::sleep(look::EVERY) => {},
            () = stop.cancelled() => return,
        }
        let now = looks();
        let settled = now == before && now != taken;
        before = now;
        if !settled {
            continue;
        }
        taken = now;
        let read = Material::read(&cert, &key, SystemClock.now().timestamp());
        let put = read.and_then(|material| shelf.put(&material, &cert).map(|()| material));
        figures::certificate_wrong(put.is_err());
        match put {
            Ok(material) => {
                let fingerprint = material.fingerprint();
                tracing::info!(%fingerprint, "a new certificate is taken over");
            }
            Err(why) => tracing::error!(%why, "the certificate stays as it was"),
        }
    }
}
