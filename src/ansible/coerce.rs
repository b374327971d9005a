//! From what users write to a value of the kind that an option table asks for, by Ansible's rules
//! (ansible-core `module_utils/common/validation.py`): every scalar may arrive as text or native,
//! every list and dict also as text. Errors are fragments that never hold the value.

use std::net::Ipv6Addr;

use serde_json::{Number, Value};

use super::{
    literal,
    option::{Kind, OptionDefault, OptionSpec},
    options::Given,
    path::{Lookup, read_path},
};
use crate::domain::secret::Secret;

/// Ansible up to 2.16 leaves this in place of an omitted list member.
const OMITTED: &str = "__omit_place_holder__";

/// Returns `value` as the option's kind has it. Records are read elsewhere, option by option.
pub(super) fn value_of(spec: &OptionSpec, value: &Value, lookup: Lookup) -> Result<Given, String> {
    match spec.kind {
        Kind::Str if spec.secret => secret(value).map(Given::Secret),
        Kind::Str => text(value).map(Given::Text),
        Kind::Choice(words) => choice(&words(), text(value)?).map(Given::Text),
        Kind::Path => read_path(&text(value)?, lookup).map(Given::Text),
        Kind::Bool => flag(value).map(Given::Flag),
        Kind::Int(least) => integer(value, least).map(Given::Integer),
        Kind::Mode => mode(value).map(Given::Integer),
        Kind::ListOfStr => texts(value).map(Given::Texts),
        Kind::ListOfPath => texts(value)?
            .into_iter()
            .map(|text| read_path(&text, lookup))
            .collect::<Result<_, _>>()
            .map(Given::Texts),
        Kind::Dict => map(value).map(Given::Map),
        Kind::ListOfDict(_) => unreachable!("records are read before scalars"),
    }
}

/// The value of an option that is not given.
pub(super) fn default_of(spec: &OptionSpec) -> Option<Given> {
    match (spec.default, spec.kind) {
        (OptionDefault::Absent, _) => None,
        (OptionDefault::Str(text), Kind::Mode) => octal(text).map(Given::Integer),
        (OptionDefault::Str(text), _) => Some(Given::Text(text.to_owned())),
        (OptionDefault::Bool(flag), _) => Some(Given::Flag(flag)),
        (OptionDefault::Int(number), _) => Some(Given::Integer(number)),
        (OptionDefault::List(_), Kind::ListOfDict(_)) => Some(Given::Records(Vec::new())),
        (OptionDefault::List(texts), _) => {
            let texts = texts.iter().map(|&text| text.to_owned());
            Some(Given::Texts(texts.collect()))
        }
    }
}

fn text(value: &Value) -> Result<String, String> {
    match value {
        Value::String(text) => Ok(text.trim().to_owned()),
        Value::Number(number) => digits(number),
        other => Err(no_text(other)),
    }
}

/// Before it came here a number was read by YAML, Jinja or JSON: a whole one of 64 bits has kept its
/// digits, any other may have lost some (`1.10`, `1e5`, more than 20 digits).
fn digits(number: &Number) -> Result<String, String> {
    if number.is_i64() || number.is_u64() {
        Ok(number.to_string())
    } else {
        Err("arrived as a number and may have lost digits: write it in quotes".to_owned())
    }
}

fn no_text(value: &Value) -> String {
    let way_out = if value.is_boolean() {
        ": write it in quotes"
    } else {
        ""
    };
    format!("must be text, not {}{way_out}", kind_of(value))
}

fn secret(value: &Value) -> Result<Secret, String> {
    match value {
        Value::String(text) => Ok(Secret::new(text.as_str())),
        Value::Number(number) => digits(number).map(Secret::new),
        other => Err(no_text(other)),
    }
}

fn choice(words: &[&str], text: String) -> Result<String, String> {
    if words.contains(&text.as_str()) {
        return Ok(text);
    }
    Err(format!("must be one of {}", words.join(", ")))
}

fn flag(value: &Value) -> Result<bool, String> {
    let word = match value {
        Value::Bool(flag) => return Ok(*flag),
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.trim().to_ascii_lowercase(),
        other => return Err(format!("must be true or false, not {}", kind_of(other))),
    };
    match word.as_str() {
        "y" | "yes" | "on" | "1" | "1.0" | "true" | "t" => Ok(true),
        "n" | "no" | "off" | "0" | "0.0" | "false" | "f" => Ok(false),
        _ => Err("must be true or false (or yes/no, on/off, 1/0)".to_owned()),
    }
}

fn integer(value: &Value, least: i64) -> Result<i64, String> {
    let number = match value {
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.trim().to_owned(),
        other => return Err(format!("must be a whole number, not {}", kind_of(other))),
    };
    // Jinja turns `5` into 5.0 where a template divides.
    let whole = number.strip_suffix(".0").unwrap_or(&number);
    match whole.parse::<i64>() {
        Ok(number) if number >= least => Ok(number),
        _ => Err(format!("must be a whole number, {least} or more")),
    }
}

/// Text is octal, as in `chmod`; YAML has turned an unquoted `0600` into the number already. A larger
/// number was meant to be octal: 600 is 01130.
fn mode(value: &Value) -> Result<i64, String> {
    let mode = match value {
        Value::Number(number) => number.as_i64().filter(|mode| *mode <= 0o777),
        Value::String(text) => octal(text.trim()),
        _ => None,
    };
    mode.filter(|mode| (0..=0o7777).contains(mode))
        .ok_or_else(|| "must be an octal file mode in quotes, such as '0600'".to_owned())
}

fn octal(text: &str) -> Option<i64> {
    let digits = text.strip_prefix("0o").unwrap_or(text);
    // `from_str_radix` takes a sign, too.
    let is_octal = digits.bytes().all(|byte| (b'0'..=b'7').contains(&byte));
    i64::from_str_radix(digits, 8).ok().filter(|_| is_octal)
}

fn texts(value: &Value) -> Result<Vec<String>, String> {
    let members = match value {
        Value::String(text) if !is_literal(text.trim_start()) => {
            let parts = text
                .split(',')
                .map(str::trim)
                .filter(|part| !part.is_empty());
            // As Ansible does for `type: list` (check_type_list): INI inventories have no lists.
            return Ok(parts.map(str::to_owned).collect());
        }
        value => list(value, "a list")?,
    };
    members.iter().map(text).collect()
}

/// An address in brackets is a host: `[::1]:5000`.
fn is_literal(text: &str) -> bool {
    let inside = text.strip_prefix('[').and_then(|rest| rest.split_once(']'));
    let is_address = inside.is_some_and(|(inside, _)| inside.parse::<Ipv6Addr>().is_ok());
    text.starts_with(['[', '(']) && !is_address
}

/// The members of a list, also of one that arrives as text; omitted ones are left out.
pub(super) fn list(value: &Value, expected: &str) -> Result<Vec<Value>, String> {
    let members = match value {
        Value::Array(members) => members.clone(),
        Value::String(text) => {
            match literal::read(text.trim()).map_err(|error| error.to_string())? {
                Value::Array(members) => members,
                Value::Object(_) => {
                    return Err(format!("must be {expected}: put the dict in brackets"));
                }
                _ => return Err(format!("must be {expected}")),
            }
        }
        Value::Object(_) => return Err(format!("must be {expected}: put the dict in a list")),
        other => return Err(format!("must be {expected}, not {}", kind_of(other))),
    };
    Ok(members
        .into_iter()
        .filter(|member| !is_omitted(member))
        .collect())
}

/// Whether a template has left nothing here.
pub(super) fn is_omitted(value: &Value) -> bool {
    value.is_null() || value.as_str().is_some_and(|text| text.starts_with(OMITTED))
}

fn map(value: &Value) -> Result<Vec<(String, String)>, String> {
    let read;
    let members = match value {
        Value::Object(members) => members,
        Value::String(text) if text.trim_start().starts_with('{') => {
            read = literal::read(text.trim()).map_err(|error| error.to_string())?;
            read.as_object().ok_or("must be a dict")?
        }
        Value::String(text) => return pairs(text),
        other => return Err(format!("must be a dict, not {}", kind_of(other))),
    };
    members
        .iter()
        .map(|(name, value)| Ok((name.clone(), text(value)?)))
        .collect()
}

fn pairs(text: &str) -> Result<Vec<(String, String)>, String> {
    let parts = text
        .split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty());
    parts
        .map(|part| {
            part.split_once('=')
                .ok_or_else(|| "must be a dict, or k=v pairs".to_owned())
        })
        .map(|pair| pair.map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned())))
        .collect()
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a truth value",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a dict",
    }
}
