//! Mount points, from `/proc/self/mountinfo` (proc(5)).

use std::{fs::File, io::Read, os::unix::ffi::OsStrExt, path::Path};

const MAX_BYTES: u64 = 16 << 20;

/// The field of a line that holds the mount point.
const MOUNT_POINT: usize = 4;

/// Whether something is mounted at `path` itself. Without `/proc` nothing is known to be.
pub(super) fn is_mount_point(path: &Path) -> bool {
    let mut table = Vec::new();
    let read = File::open("/proc/self/mountinfo")
        .and_then(|file| file.take(MAX_BYTES).read_to_end(&mut table));
    read.is_ok() && is_listed(&table, path)
}

fn is_listed(table: &[u8], path: &Path) -> bool {
    let wanted = escaped(path.as_os_str().as_bytes());
    table.split(|byte| *byte == b'\n').any(|line| {
        let mut fields = line.split(|byte| *byte == b' ');
        fields.nth(MOUNT_POINT) == Some(wanted.as_slice())
    })
}

/// The kernel writes space, tab, newline and backslash in octal.
fn escaped(path: &[u8]) -> Vec<u8> {
    let escape = |byte: &u8| match byte {
        b' ' | b'\t' | b'\n' | b'\\' => format!("\\{byte:03o}").into_bytes(),
        _ => vec![*byte],
    };
    path.iter().flat_map(escape).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_mount_points_by_their_whole_name() {
        let table = b"22 1 8:1 / / rw - ext4 /dev/sda1 rw\n\
            41 22 8:1 /x /a\\040b/config.json rw,relatime shared:1 - ext4 /dev/sda1 rw\n";
        assert!(is_listed(table, Path::new("/a b/config.json")));
        assert!(!is_listed(table, Path::new("/a b")));
        assert!(!is_listed(table, Path::new("/x")));
        assert!(is_mount_point(Path::new("/proc")));
    }
}
