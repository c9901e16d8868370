//! TLS at the proxy's own port.
//!
//! In: settings. Out: handshakes with the certificate of the moment. Never: a version before 1.2, a certificate that
//! does not belong to its key, an end of a connection because a certificate changed.

mod ask;
mod follow;
mod inner;
mod material;
mod plain;
mod self_signed;
mod settings;
mod shelf;
mod start;

pub(crate) use ask::ask;
use follow::follow;
pub(crate) use inner::Inner;
use material::MaterialError;
pub(crate) use material::{Material, name_of};
pub(crate) use plain::{Plain, PlainError};
use self_signed::SelfSigned;
pub(crate) use self_signed::{new_key, private, private_folder};
use settings::Source;
pub use settings::TlsArgs;
pub(crate) use settings::TlsConfig;
use shelf::{Shelf, acceptor};
pub(crate) use start::{TlsError, Ways, start};
