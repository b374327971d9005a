//! Users and groups by name or number, from `/etc/passwd` and `/etc/group`.
//!
//! A static binary has no name service switch; every node has the two files. As in Ansible, a name
//! that looks like a number is one.

use std::{
    fs::File,
    io::{self, Read},
};

use thiserror::Error;

const MAX_BYTES: u64 = 16 << 20;

/// For the kernel this number means: leave it as it is (chown(2)).
const UNCHANGED: u32 = u32::MAX;

/// Why a name has no number.
#[derive(Debug, Error)]
pub enum AccountError {
    /// No such user or group.
    #[error(
        "{option}: {database} has no {kind} \"{name}\"; create it, or write its number (names known \
         only to a directory service such as LDAP are not looked up)"
    )]
    Unknown {
        /// The option that names it.
        option: &'static str,
        /// The file that was searched.
        database: &'static str,
        /// `user` or `group`.
        kind: &'static str,
        /// The name.
        name: String,
    },
    /// The database cannot be read.
    #[error("{option}: cannot read {database}")]
    Unreadable {
        /// The option that needs it.
        option: &'static str,
        /// The file.
        database: &'static str,
        /// The system's words.
        source: io::Error,
    },
}

/// The database of users or of groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Database {
    /// `/etc/passwd`, for the option `owner`.
    Users,
    /// `/etc/group`, for the option `group`.
    Groups,
}

impl Database {
    /// Looks up the number of the user or group `name`.
    ///
    /// # Errors
    /// [`AccountError::Unknown`] when there is none of that name.
    pub fn number_of(self, name: &str) -> Result<u32, AccountError> {
        let number = name.parse().ok();
        // -1 means "leave it" to chown(2), which would not be what was asked for.
        if let Some(number) = number.filter(|number| *number != UNCHANGED) {
            return Ok(number);
        }
        let text = read(self.path()).map_err(|source| AccountError::Unreadable {
            option: self.option(),
            database: self.path(),
            source,
        })?;
        find(&text, name).ok_or_else(|| AccountError::Unknown {
            option: self.option(),
            database: self.path(),
            kind: self.kind(),
            name: name.to_owned(),
        })
    }

    const fn path(self) -> &'static str {
        match self {
            Self::Users => "/etc/passwd",
            Self::Groups => "/etc/group",
        }
    }

    const fn option(self) -> &'static str {
        match self {
            Self::Users => "owner",
            Self::Groups => "group",
        }
    }

    const fn kind(self) -> &'static str {
        match self {
            Self::Users => "user",
            Self::Groups => "group",
        }
    }
}

/// The home directory of `user`, if `/etc/passwd` has one.
pub fn home_of(user: &str) -> Option<String> {
    home_where(|fields| fields.first() == Some(&user))
}

/// The home directory of the executing user.
pub fn own_home() -> Option<String> {
    // Not `$HOME`, which sudo may leave as that of the calling user.
    let number = rustix::process::getuid().as_raw().to_string();
    home_where(|fields| fields.get(2) == Some(&number.as_str()))
}

/// The home directory is the sixth of seven fields (passwd(5)).
fn home_where(is_wanted: impl Fn(&[&str]) -> bool) -> Option<String> {
    // Read by hand: a static program cannot load the name services of glibc.
    let text = read(Database::Users.path()).ok()?;
    let mut lines = text.lines().map(|line| line.split(':').collect::<Vec<_>>());
    let fields = lines.find(|fields| is_wanted(fields))?;
    fields.get(5).map(|home| (*home).to_owned())
}

fn read(path: &str) -> io::Result<String> {
    let mut bytes = Vec::new();
    File::open(path)?.take(MAX_BYTES).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Both files have the name first and the number third, between colons.
fn find(text: &str, name: &str) -> Option<u32> {
    let numbers = text.lines().filter_map(|line| {
        let mut fields = line.split(':');
        (fields.next()? == name).then(|| fields.nth(1)?.parse().ok())?
    });
    numbers.into_iter().next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_names_and_takes_numbers() {
        let text = "# comment\nroot:x:0:0:root:/root:/bin/sh\nbroken\norigin:x:1001:\n";
        assert_eq!(find(text, "origin"), Some(1001));
        assert_eq!(find(text, "orig"), None);
        assert_eq!(find(text, "broken"), None);
        assert_eq!(Database::Users.number_of("4711").ok(), Some(4711));
        assert_eq!(Database::Users.number_of("root").ok(), Some(0));
        assert!(Database::Users.number_of("4294967295").is_err());
    }

    #[test]
    fn says_what_to_do_about_an_unknown_name() {
        let error = Database::Groups.number_of("no-such-group").unwrap_err();
        assert_eq!(
            error.to_string(),
            "group: /etc/group has no group \"no-such-group\"; create it, or write its number \
             (names known only to a directory service such as LDAP are not looked up)"
        );
    }
}
