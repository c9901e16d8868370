//! For tests only (feature `testing`): an in-memory store, fixed doubles, and suites that every
//! store must pass.
//!
//! In: a store behind its traits. Out: nothing, or the invariant that broke, in words.
//! Never: part of a service.

mod doubles;
mod memory;
pub mod rotation;

pub use doubles::{CountingEntropy, JsonSigner, NoSigner, World, challenge, claims, client, user};
pub use memory::MemoryStore;
