//! Certificates of a directory such as Let's Encrypt, gotten and renewed by the proxy itself (RFC 8555).
//!
//! In: a name, a directory, a folder. Out: a file with a certificate that is good. Never: a wrong certificate in place of a
//! good one, a request to another place than the directory, more of them than it bears.

mod challenge;
mod client;
mod error;
mod jws;
mod keeper;
mod order;
mod pause;
mod request;
mod settings;
#[cfg(test)]
mod tests;
mod wire;

pub(crate) use challenge::Challenges;
pub(crate) use keeper::Keeper;
pub use settings::AcmeArgs;
pub(crate) use settings::AcmeConfig;
