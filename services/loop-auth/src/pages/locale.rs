//! Which language a page speaks: the same rule for the pages of every service.

pub use loop_shared::web::locale::Locale;
