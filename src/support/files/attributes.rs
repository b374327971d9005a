//! Mode, owner, group, access control list and security label: the wanted ones, and those that a new
//! file takes over from the old one.

use std::{
    fs::{File, Metadata},
    io,
    os::unix::fs::MetadataExt,
};

use rustix::{
    fs::{Gid, Mode, Uid, XattrFlags},
    io::Errno,
};

/// Mode, owner and group of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attributes {
    /// The permission bits.
    pub mode: u32,
    /// The user's number.
    pub owner: u32,
    /// The group's number.
    pub group: u32,
}

/// The attributes that a file is to have; `None`: as they are, or as the system makes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WantedAttributes {
    /// The permission bits.
    pub mode: u32,
    /// The user's number.
    pub owner: Option<u32>,
    /// The group's number.
    pub group: Option<u32>,
}

const PERMISSIONS: u32 = 0o7777;

/// `setfacl` keeps its list here.
const ACCESS_LIST: &str = "system.posix_acl_access";

/// The extended attributes that are taken over. Not `security.ima` and `security.evm`: they sign the old content. Not the
/// rest of `system.*`: file systems show their own settings there.
const KEPT: [&str; 5] = [
    ACCESS_LIST,
    "security.selinux",
    "security.SMACK64",
    "user.",
    "trusted.",
];

/// The kernel allows no longer name list and no longer value.
const XATTR_MAX: usize = 65_536;

impl Attributes {
    /// The attributes in `metadata`.
    pub(super) fn of(metadata: &Metadata) -> Self {
        Self {
            mode: metadata.mode() & PERMISSIONS,
            owner: metadata.uid(),
            group: metadata.gid(),
        }
    }
}

impl WantedAttributes {
    /// Whether a file that has `present` is as wanted.
    pub fn are_met_by(&self, present: Attributes) -> bool {
        self.over(present) == present
    }

    /// The attributes that a file of `present` will have.
    pub fn over(&self, present: Attributes) -> Attributes {
        Attributes {
            mode: self.mode,
            owner: self.owner.unwrap_or(present.owner),
            group: self.group.unwrap_or(present.group),
        }
    }

    /// The same, with everything left open taken from the `old` file.
    pub(super) fn else_like(&self, old: Option<Attributes>) -> Self {
        Self {
            mode: self.mode,
            owner: self.owner.or(old.map(|old| old.owner)),
            group: self.group.or(old.map(|old| old.group)),
        }
    }

    /// Gives an open file the attributes. The owner first: a change of owner may clear mode bits.
    pub(super) fn apply(&self, file: &File) -> io::Result<()> {
        let present = Attributes::of(&file.metadata()?);
        let wanted = self.over(present);
        // Only where it differs: fchown clears the set-user-ID bits and changes the time of the inode.
        if (wanted.owner, wanted.group) != (present.owner, present.group) {
            let owner = Uid::from_raw(wanted.owner);
            rustix::fs::fchown(file, Some(owner), Some(Gid::from_raw(wanted.group)))?;
        }
        // Read again, because fchown may have cleared bits (chown(2)).
        if wanted.mode != Attributes::of(&file.metadata()?).mode {
            rustix::fs::fchmod(file, Mode::from_raw_mode(wanted.mode))?;
        }
        Ok(())
    }
}

/// Gives `new` the access control list, security label and user attributes of `old`.
pub(super) fn copy_extended(old: &File, new: &File) -> io::Result<()> {
    let names = names(old)?;
    if !names.iter().any(|name| name == ACCESS_LIST) {
        // A default list of the directory has been given to the new file, and would let more users read it.
        drop_inherited_list(new)?;
    }
    for name in names.iter().filter(|name| is_kept(name)) {
        let value = value(old, name)?;
        // A label that is already right need not be set, which the policy may forbid.
        if self::value(new, name).ok() != Some(value.clone()) {
            rustix::fs::fsetxattr(new, name.as_str(), &value, XattrFlags::empty())?;
        }
    }
    Ok(())
}

/// A directory's default list is given to every file made in it; the old file did not have it.
fn drop_inherited_list(new: &File) -> io::Result<()> {
    match rustix::fs::fremovexattr(new, ACCESS_LIST) {
        Ok(()) | Err(Errno::NODATA | Errno::OPNOTSUPP) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn names(file: &File) -> io::Result<Vec<String>> {
    let mut list = vec![0; XATTR_MAX];
    let length = match rustix::fs::flistxattr(file, list.as_mut_slice()) {
        // File systems without extended attributes, such as some tmpfs and NFS.
        Err(Errno::OPNOTSUPP) => 0,
        length => length?,
    };
    let names = list[..length].split(|byte| *byte == 0);
    Ok(names
        .filter_map(|name| std::str::from_utf8(name).ok())
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect())
}

fn value(file: &File, name: &str) -> io::Result<Vec<u8>> {
    let mut value = vec![0; XATTR_MAX];
    let length = rustix::fs::fgetxattr(file, name, value.as_mut_slice())?;
    value.truncate(length);
    Ok(value)
}

/// A member of [`KEPT`] that ends in a dot is a whole name space.
fn is_kept(name: &str) -> bool {
    KEPT.iter()
        .any(|kept| *kept == name || kept.ends_with('.') && name.starts_with(kept))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_labels_and_lists_but_no_signatures() {
        let kept = |name| is_kept(name);
        assert!(kept("security.selinux") && kept("system.posix_acl_access"));
        assert!(kept("user.comment") && kept("trusted.overlay"));
        assert!(!kept("security.ima") && !kept("security.evm") && !kept("system.nfs4_acl"));
    }

    #[test]
    fn what_is_not_wanted_stays() {
        let present = Attributes {
            mode: 0o644,
            owner: 7,
            group: 8,
        };
        let wanted = WantedAttributes {
            mode: 0o600,
            owner: None,
            group: Some(9),
        };
        let future = Attributes {
            mode: 0o600,
            owner: 7,
            group: 9,
        };
        assert_eq!(wanted.over(present), future);
        assert!(!wanted.are_met_by(present));
        assert!(wanted.are_met_by(future));
    }
}
