//! Groups and hosts as a tree, as `ansible-inventory --graph` draws them.

use std::fmt::Write as _;

use serde_json::Value;

/// The group above all others.
const ROOT: &str = "all";

/// Groups may be nested, by mistake in a circle.
const DEEPEST: usize = 32;

/// Draws the answer of `--list`.
pub(super) fn draw(list: &Value) -> String {
    let mut text = String::new();
    if list.get(ROOT).is_some() {
        draw_group(list, ROOT, 0, &mut text);
        return text;
    }
    // Without a root of its own, an inventory's groups are below Ansible's.
    let _ = writeln!(text, "@{ROOT}:");
    let groups = list
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, _)| name.as_str());
    let groups: Vec<&str> = groups.filter(|name| *name != "_meta").collect();
    let is_below = |name: &str| {
        groups
            .iter()
            .any(|above| names(list, above, "children").any(|child| child == name))
    };
    for group in groups.iter().filter(|name| !is_below(name)) {
        draw_group(list, group, 1, &mut text);
    }
    text
}

fn draw_group(list: &Value, group: &str, depth: usize, text: &mut String) {
    let _ = writeln!(text, "{}@{group}:", margin(depth));
    if depth == DEEPEST {
        return;
    }
    for child in names(list, group, "children") {
        draw_group(list, child, depth + 1, text);
    }
    for host in names(list, group, "hosts") {
        let _ = writeln!(text, "{}{host}", margin(depth + 1));
    }
}

fn margin(depth: usize) -> String {
    match depth {
        0 => String::new(),
        _ => format!("  {}|--", "|  ".repeat(depth - 1)),
    }
}

fn names<'a>(list: &'a Value, group: &str, member: &str) -> impl Iterator<Item = &'a str> {
    let names = list
        .get(group)
        .and_then(|group| group.get(member)?.as_array());
    names.into_iter().flatten().filter_map(Value::as_str)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn groups_and_hosts_form_a_tree() {
        let list = json!({
            "_meta": {"hostvars": {}},
            "OSEv3": {"children": ["masters", "nodes"]},
            "masters": {"hosts": ["m1"]},
            "nodes": {"hosts": ["m1", "n1"]},
        });
        let expected = "@all:\n  |--@OSEv3:\n  |  |--@masters:\n  |  |  |--m1\n  |  |--@nodes:\n  |  |  |--m1\n  |  |  |--n1\n";
        assert_eq!(draw(&list), expected);
    }
}
