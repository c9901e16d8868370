//! Clients that publish their own metadata: `client_id` is the URL of a JSON document
//! (draft-ietf-oauth-client-id-metadata-document-02, MCP authorization since 2025-11-25).
//!
//! In: a `client_id`, and documents through [`ClientDocuments`]. Out: a [`Client`](crate::client::Client).
//! Never: fetches by itself, believes a document that does not name its own URL, takes a shared secret.
//!
//! The authorization endpoint needs a document: a fresh one, or the last good copy. The last good copy is the stored
//! client; it is stored when a person allows something, so nothing that strangers ask for is ever written. The
//! other endpoints work with the stored client and take a newer document along when one is at hand.

mod address;
mod document;
mod find;
mod source;
mod url;

pub use address::{Network, is_public};
pub use document::{BadDocument, Document, MAX_DOCUMENT_BYTES};
pub(crate) use find::{find, known};
pub use source::{ClientDocuments, NoDocument, NoDocuments, Want};
pub use url::{Allowed, BadUrl, DocumentRules, DocumentUrl, MAX_URL_BYTES, parse_domains};

#[cfg(test)]
mod tests;
