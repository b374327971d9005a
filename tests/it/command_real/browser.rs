//! The page in a real browser: Debian's Chromium, driven by playwright-core, judged by axe-core.

use std::{path::Path, process::Command};

use serde_json::{Value, json};

use crate::support::{command::Account, tools};

const HOSTILE: &str = "<script>alert(1)</script><img src=http://127.0.0.1:1/x onerror=alert(2)>";

/// A run with so many nodes, some of which differ, and with texts that attack their reader.
fn document(nodes: usize) -> Value {
    let nodes = (0..nodes).map(|number| {
        let state = if number % 97 == 1 { "missing" } else { "valid" };
        let name = if number == 1 {
            HOSTILE.to_owned()
        } else {
            format!("node{number}.example.com")
        };
        let group = if number < 3 { "masters" } else { "compute" };
        json!({"name": name, "groups": [group], "state": "reached", "registries": [
            {"host": "registry.redhat.io", "state": state},
            {"host": "registry.example.com:5000", "state": "invalid_credentials"},
        ]})
    });
    json!({
        "schema": "oreg.report/1", "title": HOSTILE, "generated": "2026-11-25T14:10:00Z",
        "registries": [
            {"host": "registry.redhat.io", "user": "1234567|installer", "source": "oreg_url", "verdict": "valid",
             "reason": "pulled", "message": "", "expires": "2026-12-09T00:00:00Z"},
            {"host": "registry.example.com:5000", "user": HOSTILE, "source": "s", "verdict": "invalid_credentials",
             "reason": "rejected", "message": HOSTILE},
        ],
        "nodes": nodes.collect::<Vec<_>>(),
        "namespaces": [{"name": "openshift", "secrets": [{"host": "registry.redhat.io", "name": "n", "state": "in_place"}]}],
        "findings": [{"node": HOSTILE, "text": HOSTILE, "command": HOSTILE}],
    })
}

/// Looks at the page of a run, as on a desk, a phone, in the dark and on paper.
fn look(nodes: usize) -> Vec<Value> {
    let account = Account::new();
    account.home.write("run.json", document(nodes).to_string());
    account
        .run(&["report", "run.json", "--to", "page.html"])
        .ends_with(0);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser/look.mjs");
    let mut node = Command::new(tools::find("node"));
    let output = node
        .arg(script)
        .arg(tools::cache().join("browser/node_modules"))
        .arg(account.home.path("page.html"))
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "run testbed/setup command_line: {errors}"
    );
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn everybody_can_read_the_page_and_it_sends_no_request() {
    for nodes in [3, 1000] {
        let views = look(nodes);
        assert_eq!(views.len(), 4);
        for view in &views {
            assert_eq!(view["violations"], json!([]), "{view}");
            assert_eq!(view["requests"], json!([]), "{view}");
            assert_eq!(view["errors"], json!([]), "{view}");
            assert_eq!(view["scripts"], 0, "{view}");
            assert_eq!(view["overflows"], false, "{view}");
            assert_ne!(
                view["focused"], "BODY",
                "the keyboard reaches something: {view}"
            );
        }
        assert_ne!(
            views[0]["background"], views[2]["background"],
            "the dark is dark"
        );
        let folded = |view: &Value| view["folded"].as_array().unwrap().clone();
        assert!(
            folded(&views[0]).contains(&json!(false)),
            "nodes that differ are folded"
        );
        assert!(
            !folded(&views[3]).contains(&json!(false)),
            "on paper nothing is folded"
        );
    }
}
