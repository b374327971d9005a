//! One call of a module: the arguments file that Ansible wrote, read.

use std::{
    ffi::OsStr,
    fs::File,
    io::{self, Read},
    path::Path,
};

use serde_json::{Map, Value};

use super::{
    option::{OptionSpec, Options},
    read_options::{OptionError, read_options},
    redact::Redactor,
    response::Failure,
};

/// Members of the arguments file that are Ansible's own begin with this.
const INTERNAL: &str = "_ansible_";

/// A larger arguments file is a mistake; the largest honest one holds some thousand registries.
const MAX_BYTES: u64 = 16 << 20;

/// What a module is asked to do.
#[derive(Debug)]
pub struct Call {
    /// The options, read by the module's table.
    pub options: Options,
    /// Whether to tell what would be done instead of doing it.
    pub check: bool,
    /// Whether the user wants to see the difference.
    pub diff: bool,
    /// Masks every secret of the options.
    pub(super) redactor: Redactor,
}

/// Reads the arguments file at `path` by `table`.
///
/// # Errors
/// [`Failure`] with all faults of the options at once, or that the file cannot be read.
pub(super) fn read_call(
    path: Option<&OsStr>,
    table: &'static [OptionSpec],
) -> Result<Call, Failure> {
    let path = path.ok_or_else(|| {
        Failure::new(
            "this is an Ansible module: Ansible starts it with the path of its arguments file; \
             call it from a playbook, or with ansible -m",
        )
    })?;
    let members = read_file(Path::new(path))?;
    let (internal, given): (Map<_, _>, Map<_, _>) = members
        .into_iter()
        .partition(|(name, _)| name.starts_with(INTERNAL));
    let (options, secrets) = read_options(table, &given).map_err(|errors| all_at_once(&errors))?;
    Ok(Call {
        options,
        check: is_set(&internal, "_ansible_check_mode"),
        diff: is_set(&internal, "_ansible_diff"),
        redactor: Redactor::new(secrets),
    })
}

fn read_file(path: &Path) -> Result<Map<String, Value>, Failure> {
    let bytes = read_bounded(path).map_err(|error| {
        Failure::new(format!(
            "cannot read the arguments file {}: {error}",
            path.display()
        ))
    })?;
    // serde_json's messages may quote the text, and the text holds passwords: position only.
    let unreadable = |error: &serde_json::Error| {
        Failure::new(format!(
            "the arguments file is not one JSON object in UTF-8 (line {} column {}); an option may \
             hold a byte that is not text, or NaN",
            error.line(),
            error.column()
        ))
    };
    serde_json::from_slice(&bytes).map_err(|error| unreadable(&error))
}

fn read_bounded(path: &Path) -> io::Result<Vec<u8>> {
    let file = File::open(path)?;
    let length = file.metadata()?.len().min(MAX_BYTES);
    // Room for all of it at once: one call to the system then reads it, and one sees its end.
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or(0) + 1);
    file.take(MAX_BYTES).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn all_at_once(errors: &[OptionError]) -> Failure {
    let lines: Vec<_> = errors.iter().map(ToString::to_string).collect();
    Failure::new(lines.join("; "))
}

/// Ansible writes booleans; what it does not write is not set.
fn is_set(internal: &Map<String, Value>, name: &str) -> bool {
    internal.get(name).and_then(Value::as_bool).unwrap_or(false)
}
