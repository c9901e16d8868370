//! The processes below this one, as `/proc` tells.

use std::collections::HashMap;
use std::fs;

use rustix::process::{Pid, Signal, kill_process};

/// What the processes below this one take together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Usage {
    /// How many there are.
    pub(super) processes: usize,
    /// Their resident memory, in bytes.
    pub(super) memory: u64,
}

/// Every process below `root`, without it.
pub(super) fn below(root: u32) -> Vec<u32> {
    let mut children: HashMap<u32, Vec<u32>> = HashMap::new();
    for (pid, parent) in all() {
        children.entry(parent).or_default().push(pid);
    }
    let mut found = Vec::new();
    let mut next = vec![root];
    while let Some(pid) = next.pop() {
        if let Some(here) = children.remove(&pid) {
            next.extend(&here);
            found.extend(here);
        }
    }
    found
}

/// What the processes below `root` take.
pub(super) fn usage(root: u32) -> Usage {
    let pids = below(root);
    Usage {
        processes: pids.len(),
        memory: pids.iter().filter_map(|pid| resident(*pid)).sum(),
    }
}

/// Sends `signal` to every process below `root`; how many there were.
pub(super) fn signal(root: u32, signal: Signal) -> usize {
    let pids = below(root);
    for pid in &pids {
        let pid = i32::try_from(*pid).ok().and_then(Pid::from_raw);
        if let Some(pid) = pid {
            // It may be gone already.
            let _ = kill_process(pid, signal);
        }
    }
    pids.len()
}

/// Every process and its parent; those that are dead already and only wait to be reaped are left out.
fn all() -> Vec<(u32, u32)> {
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    let numbers = entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    numbers
        .filter_map(|pid| Some((pid, parent(pid)?)))
        .collect()
}

fn parent(pid: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // "pid (name) state ppid …"; the name may hold anything.
    let mut rest = stat.rsplit_once(')')?.1.split_ascii_whitespace();
    let state = rest.next()?;
    let parent = rest.next()?.parse().ok()?;
    (state != "Z").then_some(parent)
}

fn resident(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: u64 = line.split_ascii_whitespace().next()?.parse().ok()?;
    Some(kilobytes * 1024)
}
