//! Child processes that cannot outlive the proxy.
//!
//! Between the proxy and a stdio server stands a supervisor: this program again, in a process group of its own,
//! the reaper of everything below it. It ends the whole tree when the server ends, when it is told to (SIGTERM),
//! when the tree takes more than it may, and when the proxy is gone, however that went (`kill -9` included).
//!
//! In: a command, its environment and limits. Out: its three pipes. Never: a shell, the proxy's own environment,
//! a process left behind.

mod spawn;
mod supervisor;
mod tree;

pub(crate) use spawn::{Limits, Program, SpawnError, Spawned, spawn};
pub use supervisor::{SUPERVISE, supervise};
