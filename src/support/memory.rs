//! How much memory there is.

use std::path::Path;

use crate::support::{allocator, test_hooks};

/// Bytes that this process can still take before the system swaps or kills: what the kernel says,
/// and what is left below the limit of the control group. `None` where neither is known.
pub(crate) fn available() -> Option<u64> {
    if let Some(bytes) = test_hooks::available_memory() {
        return Some(bytes);
    }
    // Else what a model before this one has freed would count as used.
    allocator::return_freed_memory();
    [of_system(), of_group()].into_iter().flatten().min()
}

/// `MemAvailable` of Linux.
fn of_system() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kilobytes.checked_mul(1024)
}

/// Below the limit of a container or a batch job (control groups, version 2). Pages of files count
/// as used there, and are given back when memory is asked for.
fn of_group() -> Option<u64> {
    let group = std::fs::read_to_string("/proc/self/cgroup").ok()?;
    let group = group.lines().find_map(|line| line.strip_prefix("0::/"))?;
    let folder = Path::new("/sys/fs/cgroup").join(group);
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).ok();
    let number = |text: String| text.trim().parse::<u64>().ok();
    let (limit, used) = (
        number(read("memory.max")?)?,
        number(read("memory.current")?)?,
    );
    let statistics = read("memory.stat").unwrap_or_default();
    let mut lines = statistics.lines();
    let of_files = lines.find_map(|line| line.strip_prefix("inactive_file "));
    let of_files = of_files.and_then(|bytes| bytes.parse().ok()).unwrap_or(0);
    Some(limit.saturating_sub(used.saturating_sub(of_files)))
}

#[cfg(test)]
mod tests {
    #[test]
    #[cfg(target_os = "linux")]
    fn linux_says_how_much_there_is() {
        let bytes = super::of_system().unwrap();
        assert!((1 << 24..1 << 50).contains(&bytes), "{bytes}");
    }
}
