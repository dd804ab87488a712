//! Memory of this process and machine.

use std::fs;
use std::path::Path;

/// Bytes that this process may still take, by what the machine has available, its control groups and its
/// limit on address space allow; `None` where the system does not say.
pub(crate) fn free() -> Option<u64> {
    [available(), group_free(), address_space_free()].into_iter().flatten().min()
}

/// The most memory that this process has held at once, in bytes, mapped files that lay in memory among it;
/// `None` where the system does not say.
pub fn peak() -> Option<u64> {
    status("VmHWM:")
}

fn available() -> Option<u64> {
    kilobytes(&fs::read_to_string("/proc/meminfo").ok()?, "MemAvailable:")
}

/// What control groups (version 2), the innermost and those around it, leave.
fn group_free() -> Option<u64> {
    let groups = fs::read_to_string("/proc/self/cgroup").ok()?;
    let own = groups.lines().find_map(|line| line.strip_prefix("0::/"))?.to_owned();
    let root = Path::new("/sys/fs/cgroup");
    let read =
        |folder: &Path, file: &str| fs::read_to_string(folder.join(file)).ok()?.trim().parse::<u64>().ok();
    let free = |folder: &Path| {
        let used = read(folder, "memory.current").unwrap_or(0);
        Some(read(folder, "memory.max")?.saturating_sub(used))
    };
    let folder = root.join(own);
    folder.ancestors().take_while(|folder| folder.starts_with(root)).filter_map(free).min()
}

/// What `ulimit -v` leaves.
fn address_space_free() -> Option<u64> {
    let limits = fs::read_to_string("/proc/self/limits").ok()?;
    let line = limits.lines().find(|line| line.starts_with("Max address space"))?;
    let most: u64 = line.split_whitespace().nth(3)?.parse().ok()?;
    Some(most.saturating_sub(status("VmSize:")?))
}

fn status(key: &str) -> Option<u64> {
    kilobytes(&fs::read_to_string("/proc/self/status").ok()?, key)
}

/// The number of a line like `VmHWM:   1234 kB`, in bytes.
fn kilobytes(lines: &str, key: &str) -> Option<u64> {
    let line = lines.lines().find_map(|line| line.strip_prefix(key))?;
    Some(line.split_whitespace().next()?.parse::<u64>().ok()? * 1024)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn the_system_says_how_much_there_is() {
        let free = free().unwrap_or(0);
        assert!(free > 1 << 20, "{free} bytes are free");
        let before = peak().unwrap_or(0);
        let held = vec![1u8; 64 << 20];
        assert!(peak().unwrap_or(0) >= before.max(held.len() as u64));
        assert_eq!(kilobytes("A:  3 kB\nB: 4 kB\n", "B:"), Some(4096));
    }
}
