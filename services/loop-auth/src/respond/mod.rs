//! Answers: OAuth JSON, pages, redirects. One place for the headers each kind carries.

pub(crate) mod authorize_error;
pub(crate) mod json;
pub(crate) mod page;
pub(crate) mod redirect;
pub(crate) mod registration_error;
pub(crate) mod token_error;
