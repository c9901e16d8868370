//! What the kernel says about this process, under the names that Prometheus' own libraries use.

/// Memory that is in use, in bytes.
const MEMORY: &str = "process_resident_memory_bytes";
/// Files and sockets that are open.
const FILES: &str = "process_open_fds";

pub(super) fn describe() {
    metrics::describe_gauge!(MEMORY, metrics::Unit::Bytes, "Memory that is in use.");
    metrics::describe_gauge!(FILES, "Files and sockets that are open.");
}

/// Looks; where there is no `/proc` nothing is said.
pub(super) fn look() {
    if let Some(kib) = std::fs::read_to_string("/proc/self/status")
        .ok()
        .and_then(|status| resident(&status))
    {
        metrics::gauge!(MEMORY).set(f64::from(kib) * 1024.0);
    }
    if let Ok(open) = std::fs::read_dir("/proc/self/fd") {
        // The folder itself is open while it is read.
        let open = open.count().saturating_sub(1);
        metrics::gauge!(FILES).set(f64::from(u32::try_from(open).unwrap_or(u32::MAX)));
    }
}

fn resident(status: &str) -> Option<u32> {
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_resident_size_is_read_from_its_line() {
        let status = "Name:\tx\nVmHWM:\t    9 kB\nVmRSS:\t   1234 kB\nVmData:\t 7 kB\n";
        assert_eq!(resident(status), Some(1234));
        assert_eq!(resident("Name:\tx\n"), None);
    }
}
