//! Options of type `path`: `~` and variables are expanded as Ansible does it (ansible-core
//! `module_utils/common/parameters.py`: `os.path.expanduser(os.path.expandvars(value))`).

use crate::support::files::accounts::{home_of, own_home};

/// Looks up a variable of the environment. Only the executables read the environment, so they hand
/// this down.
pub type Lookup = fn(&str) -> Option<String>;

/// Reads an absolute path, with `$NAME`, `${NAME}`, `~` and `~user` expanded.
pub(super) fn read_path(text: &str, lookup: Lookup) -> Result<String, String> {
    let path = expand_home(&expand_variables(text, lookup), lookup);
    // Relative to what? A module runs in a directory that Ansible chooses.
    if path.starts_with('/') && !path.contains('\0') {
        return Ok(path);
    }
    Err(match path.chars().next() {
        Some('~') => "names a user without a home directory in /etc/passwd: write an absolute path",
        Some('$') => "begins with a variable that is not in the environment of the module: write an absolute path",
        _ => "must be an absolute path, beginning with /",
    }
    .to_owned())
}

/// An unknown variable stays as it is, as in Python.
fn expand_variables(text: &str, lookup: Lookup) -> String {
    let mut expanded = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        expanded.push_str(before);
        let (name, length) = variable(after);
        let value = Some(name).filter(|name| !name.is_empty()).and_then(lookup);
        match value {
            Some(value) => expanded.push_str(&value),
            None => {
                // As Python's expandvars: an unknown variable stays as it is written.
                expanded.push('$');
                expanded.push_str(&after[..length]);
            }
        }
        rest = &after[length..];
    }
    expanded + rest
}

/// The name at the start of `text`, and how much of the text it takes.
fn variable(text: &str) -> (&str, usize) {
    if let Some((name, _)) = text.strip_prefix('{').and_then(|rest| rest.split_once('}')) {
        return (name, name.len() + 2);
    }
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let length = text.find(|c| !is_part(c)).unwrap_or(text.len());
    (&text[..length], length)
}

fn expand_home(path: &str, lookup: Lookup) -> String {
    let Some(rest) = path.strip_prefix('~') else {
        return path.to_owned();
    };
    let (user, below) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let home = match user {
        // An empty HOME is taken as it is; then the path is relative, and refused or below `/`.
        "" => lookup("HOME").or_else(own_home),
        // By /etc/passwd: `~user` has no variable.
        user => home_of(user),
    };
    home.map_or_else(
        || path.to_owned(),
        |home| {
            let joined = format!("{}{below}", home.trim_end_matches('/'));
            if joined.is_empty() {
                "/".to_owned()
            } else {
                joined
            }
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<String, String> {
        read_path(text, |name| match name {
            "HOME" => Some("/home/me/".to_owned()),
            "DIR" => Some("/srv/data".to_owned()),
            "SUB_1" => Some("x".to_owned()),
            _ => None,
        })
    }

    #[test]
    fn home_and_variables_are_expanded() {
        let table = [
            ("/a/b", "/a/b"),
            ("~", "/home/me"),
            ("~/.docker", "/home/me/.docker"),
            ("$HOME/.docker", "/home/me//.docker"),
            ("${DIR}/a", "/srv/data/a"),
            ("$DIR/$SUB_1.d/${SUB_1}y", "/srv/data/x.d/xy"),
            ("/a/$NONE/${NONE}/$/$$", "/a/$NONE/${NONE}/$/$$"),
            ("/a/~", "/a/~"),
            ("~root/x", "/root/x"),
        ];
        for (text, path) in table {
            assert_eq!(read(text).as_deref(), Ok(path), "{text}");
        }
    }

    #[test]
    fn what_is_not_absolute_is_refused_with_the_way_out() {
        for (text, words) in [
            ("config.json", "beginning with /"),
            ("$NONE/x", "not in the environment"),
            ("~no-such-user/x", "/etc/passwd"),
            ("/a\0b", "absolute"),
        ] {
            assert!(read(text).unwrap_err().contains(words), "{text}");
        }
    }
}
