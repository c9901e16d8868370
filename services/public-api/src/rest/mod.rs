//! What every REST answer passes on its way out, whichever endpoint made it.
//!
//! In: a request and the service behind it. Out: its answer, described when it is an error, in a coding that the client takes.
//! Never: knows what is asked.

pub(crate) mod accept;
pub(crate) mod encode;
pub(crate) mod problem;
