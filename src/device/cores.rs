//! Whether the logical cores that this process may use are cores of their own.

use std::collections::HashSet;
use std::fs::read_to_string;
use std::path::Path;

/// Physical cores behind the logical ones that this process may use, as Linux says it; a virtual
/// machine's host may not tell the truth. `None` where nothing says it.
pub(crate) fn physical_cores() -> Option<usize> {
    let status = read_to_string("/proc/self/status").ok()?;
    let allowed = status
        .lines()
        .find_map(|line| line.strip_prefix("Cpus_allowed_list:"))?;
    cores_of(&numbers(allowed)?, Path::new("/sys/devices/system/cpu"))
}

fn cores_of(logical: &[usize], folder: &Path) -> Option<usize> {
    let siblings = |number: &usize| {
        let file = folder.join(format!("cpu{number}/topology/thread_siblings_list"));
        read_to_string(file).ok()
    };
    let cores: Option<HashSet<String>> = logical.iter().map(siblings).collect();
    cores.map(|cores| cores.len()).filter(|cores| *cores > 0)
}

/// `0-2,5` → 0, 1, 2, 5.
fn numbers(list: &str) -> Option<Vec<usize>> {
    /// More than any machine has: the text is a file's.
    const MOST: usize = 1 << 16;
    let mut numbers = Vec::new();
    for part in list.trim().split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last): (usize, usize) = (first.parse().ok()?, last.parse().ok()?);
        if last >= MOST {
            return None;
        }
        numbers.extend(first..=last);
    }
    Some(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_numbers_as_linux_writes_them() {
        assert_eq!(numbers("\t0-2,5\n"), Some(vec![0, 1, 2, 5]));
        assert_eq!(numbers("7"), Some(vec![7]));
        assert_eq!(numbers(""), None);
        assert_eq!(numbers("0-99999999999"), None);
    }

    #[test]
    fn siblings_are_one_core() {
        let dir = tempfile::tempdir().unwrap();
        for (number, siblings) in [(0, "0,4\n"), (1, "1,5\n"), (4, "0,4\n")] {
            let folder = dir.path().join(format!("cpu{number}/topology"));
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(folder.join("thread_siblings_list"), siblings).unwrap();
        }
        assert_eq!(cores_of(&[0, 4], dir.path()), Some(1));
        assert_eq!(cores_of(&[0, 1, 4], dir.path()), Some(2));
        assert_eq!(cores_of(&[0, 3], dir.path()), None);
        assert_eq!(cores_of(&[], dir.path()), None);
    }
}
