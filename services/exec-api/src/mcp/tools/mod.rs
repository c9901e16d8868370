//! The tools, one a file.

pub(super) mod get_runway;
