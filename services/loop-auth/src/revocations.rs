//! The signed revocation list, made at most once a second for everybody who asks.
//!
//! In: the rules' context. Out: the document and its `ETag`. Never: two queries at once, a new document
//! while what it says and its signature's age are as before.

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use loop_oauth::{
    config::Context,
    grants::SignError,
    revocations::{self, Listed, MAX_LISTED},
    store::StoreError,
};
use loop_shared::auth::revocation::{LIST_TYPE, RevocationClaims};
use sha2::{Digest as _, Sha256};
use tokio::sync::Mutex;

use crate::signer::Signer;

/// How long an answer of the store is good enough.
const FRESH: TimeDelta = TimeDelta::seconds(1);
/// How long a signature is handed out.
const SIGN_EVERY: TimeDelta = TimeDelta::seconds(30);
/// How long a document may be read: what a captured copy can hide, and what a reader's clock may be off.
const LIFETIME: TimeDelta = TimeDelta::seconds(120);

/// A signed list.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Document {
    /// The compact JWS.
    pub(crate) jws: String,
    /// Depends on what the list says and on nothing else.
    pub(crate) etag: String,
}

/// Why there is no list right now.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ListError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Sign(#[from] SignError),
}

#[derive(Debug)]
struct Kept {
    document: Arc<Document>,
    read_at: DateTime<Utc>,
    signed_at: DateTime<Utc>,
}

/// The list of this process. Held during a query, so that there is only one.
#[derive(Debug, Default)]
pub(crate) struct RevocationList(Mutex<Option<Kept>>);

impl RevocationList {
    /// The document of this moment, at most a second old.
    ///
    /// # Errors
    /// [`ListError`]; an old list is not handed out as a new one.
    pub(crate) async fn current(
        &self,
        cx: &Context<'_>,
        signer: &Signer,
    ) -> Result<Arc<Document>, ListError> {
        let mut kept = self.0.lock().await;
        if let Some(kept) = kept
            .as_ref()
            .filter(|kept| within(cx.now, kept.read_at, FRESH))
        {
            return Ok(Arc::clone(&kept.document));
        }
        let listed = revocations::listed(cx, MAX_LISTED).await?;
        let etag = etag(&listed);
        let same = kept.as_mut().filter(|kept| {
            kept.document.etag == etag && within(cx.now, kept.signed_at, SIGN_EVERY)
        });
        if let Some(same) = same {
            same.read_at = cx.now;
            return Ok(Arc::clone(&same.document));
        }
        let jws = signer.sign_document(LIST_TYPE, &claims(cx, listed), cx.now)?;
        let document = Arc::new(Document { jws, etag });
        *kept = Some(Kept {
            document: Arc::clone(&document),
            read_at: cx.now,
            signed_at: cx.now,
        });
        Ok(document)
    }
}

/// Whether `then` is less than `span` away; a clock may be set back.
fn within(now: DateTime<Utc>, then: DateTime<Utc>, span: TimeDelta) -> bool {
    (now - then).abs() < span
}

fn claims(cx: &Context<'_>, listed: Listed) -> RevocationClaims {
    RevocationClaims {
        iss: cx.rules.issuer.as_str().to_owned(),
        iat: cx.now.timestamp(),
        exp: (cx.now + LIFETIME).timestamp(),
        sids: listed.sids,
        refuse_issued_before: listed.refuse_issued_before,
    }
}

/// SHA-256 of what the list says, in base64url.
fn etag(listed: &Listed) -> String {
    let mut hash = Sha256::new();
    hash.update(listed.refuse_issued_before.unwrap_or(0).to_be_bytes());
    for sid in &listed.sids {
        hash.update(sid.as_str());
        hash.update([0]);
    }
    URL_SAFE_NO_PAD.encode(hash.finalize())
}
