//! One call of a module: reads the arguments, from the file that Ansible wrote or from standard input.

use std::{
    ffi::OsStr,
    fs::File,
    io::{self, Read},
    path::Path,
};

use serde_json::{Map, Value};

use super::{
    call::Call, module::Module, path::Lookup, read_options::read_options, response::Failure,
};
use crate::support::text::Cleaner;

/// Members of the arguments file that are Ansible's own begin with this.
const INTERNAL: &str = "_ansible_";

/// In place of a path: the arguments are on standard input, so that no file ever holds them.
const STANDARD_INPUT: &str = "-";

/// Reads the arguments at `path`, or from standard input where that is `-`, by the table of `module`.
///
/// # Errors
/// [`Failure`] with all errors of the options at once, or that the arguments cannot be read.
pub(super) fn read_call(
    path: Option<&OsStr>,
    module: &Module,
    lookup: Lookup,
) -> Result<Call, Failure> {
    let path = path.ok_or_else(|| {
        Failure::new(
            "this is an Ansible module: Ansible starts it with the path of its arguments file; \
             call it from a playbook, or with ansible -m",
        )
    })?;
    // By the courier: arguments in a file would stay on the node when the run is killed.
    let members = if path == STANDARD_INPUT {
        read_members(
            "standard input",
            read_bounded(io::stdin().lock(), 0, module.most_bytes),
        )?
    } else {
        read_file(Path::new(path), module.most_bytes)?
    };
    let (internal, given): (Map<_, _>, Map<_, _>) = members
        .into_iter()
        // Which of them Ansible sends differs by release, so unknown ones are not refused.
        .partition(|(name, _)| name.starts_with(INTERNAL));
    let (options, secrets) = read_options(module.table, &given, lookup)
        .map_err(|errors| Failure::new(errors.joined("; ")))?;
    Ok(Call {
        options,
        check: is_set(&internal, "_ansible_check_mode"),
        diff: is_set(&internal, "_ansible_diff"),
        cleaner: Cleaner::new(secrets),
    })
}

fn read_file(path: &Path, most: u64) -> Result<Map<String, Value>, Failure> {
    let bytes = File::open(path).and_then(|file| {
        let length = file.metadata()?.len();
        read_bounded(file, length, most)
    });
    read_members(&format!("the arguments file {}", path.display()), bytes)
}

fn read_members(source: &str, bytes: io::Result<Vec<u8>>) -> Result<Map<String, Value>, Failure> {
    let bytes = bytes.map_err(|error| Failure::new(format!("cannot read {source}: {error}")))?;
    // serde_json's messages may quote the text, and the text holds passwords: position only.
    serde_json::from_slice(&bytes).map_err(|error| {
        Failure::new(format!(
            "the arguments are not one JSON object in UTF-8 (line {} column {}); an option may \
             hold a byte that is not text, or NaN",
            error.line(),
            error.column()
        ))
    })
}

fn read_bounded(input: impl Read, length: u64, most: u64) -> io::Result<Vec<u8>> {
    let room = usize::try_from(length.min(most)).unwrap_or(0);
    // Room for all of it at once: one call to the system then reads it, and one sees its end.
    let mut bytes = Vec::with_capacity(room + 1);
    input.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        let message = format!("it has more than {most} bytes");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, message));
    }
    Ok(bytes)
}

/// Ansible writes booleans; what it does not write is not set.
fn is_set(internal: &Map<String, Value>, name: &str) -> bool {
    internal.get(name).and_then(Value::as_bool).unwrap_or(false)
}
