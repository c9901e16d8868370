//! What pages for people have in common: language, texts, layout, headers, static parts.
//!
//! In: typed values and a service's templates. Out: HTML that no other site can frame or script. Never: who may see
//! what; that is [`crate::web_login`] and the service.

pub mod asset;
mod fill;
pub mod locale;
mod pages;
mod phrase;
mod templates;

pub use fill::fill;
pub use locale::Locale;
pub use pages::{NavItem, PageError, Pages, Scripts, Shell};
pub use phrase::{Phrase, words};
pub use templates::Templates;
