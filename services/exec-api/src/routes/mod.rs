//! The REST endpoints, one a file.

pub(crate) mod runway;
