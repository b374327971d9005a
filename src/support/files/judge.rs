//! The rules for directories, links and files that other users may have made. Pure functions over
//! owners and modes; `us` is the executing user.
//!
//! Model: the kernel's own rules for sticky directories (`fs.protected_symlinks`,
//! `fs.protected_hardlinks`, `fs.protected_regular`), extended to directories of other users, and
//! independent of the kernel's settings.

use std::{
    fs::Metadata,
    os::unix::fs::{FileTypeExt, MetadataExt},
};

use super::attributes::Attributes;

const WORLD_WRITABLE: u32 = 0o002;
const STICKY: u32 = 0o1000;
const ROOT: u32 = 0;
/// Permission to read for group and others.
const READABLE: u32 = 0o044;

/// The executing user.
pub(super) fn executing_user() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// Whether `owner` is neither root nor the executing user.
pub(super) fn is_foreign(owner: u32, us: u32) -> bool {
    owner != ROOT && owner != us
}

/// What is wrong with a directory of `mode` and `owner` in which `us` is about to use something
/// owned by `entry`. Where everybody may write, only root's or our own sticky directory is safe
/// (`/tmp`), and there only what belongs to root or the executing user.
pub(super) fn judge_directory(
    mode: u32,
    owner: u32,
    entry: Option<u32>,
    us: u32,
) -> Option<&'static str> {
    if mode & WORLD_WRITABLE == 0 {
        None
    } else if is_foreign(owner, us) {
        Some("is writable by everybody and belongs to another user")
    } else if mode & STICKY == 0 {
        Some("is writable by everybody")
    } else if entry.is_some_and(|entry| is_foreign(entry, us)) {
        Some("is writable by everybody, and what the path means there belongs to another user")
    } else {
        None
    }
}

/// Whether a link that `makers` can have made may lead `us` to something of `owner`. A file that does
/// not exist yet belongs to the owner of the directory that it will be in.
pub(super) fn may_lead(makers: [u32; 2], owner: u32, us: u32) -> bool {
    makers.iter().all(|maker| [ROOT, us, owner].contains(maker))
}

/// Whether a file of `owner` may stand in a directory of `directory_owner`. A user cannot make
/// another user's file in a directory of their own, but can move or link one there. In a directory
/// of root or ourselves, root or we did it.
pub(super) fn may_stand(owner: u32, directory_owner: u32, us: u32) -> bool {
    owner == directory_owner || !is_foreign(owner, us) || !is_foreign(directory_owner, us)
}

/// Whether the change from `present` to `future` lets a further user read a file of root or the executing user.
pub(super) fn gives_away(present: Attributes, future: Attributes, us: u32) -> bool {
    let widens = future.mode & !present.mode & READABLE != 0;
    let moves = (present.owner, present.group) != (future.owner, future.group);
    !is_foreign(present.owner, us) && (widens || moves)
}

/// The kind of a thing that is not a directory, or not a file, with its article.
pub(super) fn kind_of(found: &Metadata) -> &'static str {
    let kind = found.file_type();
    if kind.is_file() {
        "a file"
    } else if kind.is_dir() {
        "a directory"
    } else if kind.is_symlink() {
        "a symbolic link"
    } else if kind.is_fifo() {
        "a FIFO"
    } else if kind.is_socket() {
        "a socket"
    } else {
        "a device"
    }
}

/// Whether the two are the same file.
pub(super) fn is_same(one: &Metadata, other: &Metadata) -> bool {
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

#[cfg(test)]
mod tests {
    use super::*;

    const US: u32 = 1000;

    #[test]
    fn trusts_only_root_and_us_where_everybody_may_write() {
        assert_eq!(judge_directory(0o755, 1234, Some(1234), US), None);
        assert_eq!(judge_directory(0o1777, 0, None, US), None);
        assert_eq!(judge_directory(0o1777, 0, Some(1000), US), None);
        assert!(judge_directory(0o1777, 0, Some(1234), US).is_some());
        assert!(judge_directory(0o1777, 1234, None, US).is_some());
        assert!(judge_directory(0o777, 0, None, US).is_some());
    }

    #[test]
    fn a_link_of_another_user_leads_to_files_of_that_user() {
        assert!(may_lead([0, US], 0, US));
        assert!(may_lead([1234, 1234], 1234, US));
        assert!(may_lead([0, 1234], 1234, US));
        assert!(!may_lead([1234, 1234], 0, US));
        assert!(!may_lead([0, 1234], US, US));
        assert!(!may_lead([1234, 0], 5678, US));
    }

    #[test]
    fn a_file_stands_where_its_owner_can_have_made_it() {
        for (owner, directory, good) in [
            (1234, 1234, true),
            (0, 1234, true),
            (US, 1234, true),
            (5678, 1234, false),
            (5678, 0, true),
            (5678, US, true),
        ] {
            assert_eq!(may_stand(owner, directory, US), good, "{owner} {directory}");
        }
    }

    #[test]
    fn only_what_others_could_not_read_is_given_away() {
        let attributes = |mode, owner, group| Attributes { mode, owner, group };
        let present = attributes(0o600, 0, 0);
        for (future, gives) in [
            (attributes(0o600, 0, 0), false),
            (attributes(0o400, 0, 0), false),
            (attributes(0o700, 0, 0), false),
            (attributes(0o640, 0, 0), true),
            (attributes(0o604, 0, 0), true),
            (attributes(0o600, 1234, 0), true),
            (attributes(0o600, 0, 1234), true),
        ] {
            assert_eq!(gives_away(present, future, US), gives, "{future:?}");
        }
        let theirs = attributes(0o600, 1234, 1234);
        assert!(!gives_away(theirs, attributes(0o644, 5678, 0), US));
    }
}
