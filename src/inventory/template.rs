//! Text that Ansible must not take for a template.
//!
//! Ansible renders the strings of an inventory, lookups included. What stands in an annotation, or
//! in a password, would be run where Ansible runs.

use serde_json::{Value, json};

/// What makes Ansible look at a string as a template: Jinja2's delimiters, and its own header that
/// chooses others.
const MARKS: [&str; 4] = ["{{", "{%", "{#", "#jinja2:"];

/// The form in which Ansible marks a string in JSON as not a template (`AnsibleJSONDecoder`, since 2.5).
const UNSAFE: &str = "__ansible_unsafe";

/// What the names of members begin with that mean something to Ansible: of one that it does not
/// expect, ansible-core 2.19 refuses the whole inventory.
pub(super) const RESERVED: &str = "__ansible";

/// The JSON by which Ansible gets exactly this text.
pub(super) fn literal(text: &str) -> Value {
    if MARKS.iter().any(|mark| text.contains(mark)) {
        json!({UNSAFE: text})
    } else {
        text.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_are_marked_and_nothing_else() {
        for text in [
            "{{ 1 }}",
            "a{% x %}",
            "{# c #}",
            "#jinja2: variable_start_string:'<'\n<x>",
        ] {
            assert_eq!(literal(text), json!({"__ansible_unsafe": text}));
        }
        for text in ["", "plain", "{ }", "{\"a\": {}}"] {
            assert_eq!(literal(text), json!(text));
        }
    }
}
