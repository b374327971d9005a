//! Sites of thousands of nodes, and arguments larger than any.

use serde_json::{Value, json};

use crate::support::{
    module::{Module, binary},
    scratch::Scratch,
};

/// What `verify.yml` hands over of a healthy site with 20 registries.
fn results(nodes: usize) -> Value {
    let proof = |number: usize| {
        let host = format!("registry{number}.example.com");
        json!({"host": host, "user": "puller", "verdict": "valid", "reason": "pulled", "source": "auth_files",
            "message": format!("{host} accepted the login and has the image"), "http_status": 200,
            "test_image": "openshift3/ose-pod:v3.11", "digest": format!("sha256:{}", "01234567".repeat(8)),
            "realm_host": format!("sso.{host}"), "requests": 4, "elapsed_ms": 120})
    };
    let stored = json!({"changed": false, "registries": (0..20).map(proof).collect::<Vec<_>>()});
    let file = |path: &str| json!({"path": path, "changed": false, "added": [], "updated": []});
    let files =
        json!({"changed": false, "files": [file("/a/config.json"), file("/b/config.json")]});
    let node = |number: usize| json!({"name": format!("node-{number}"), "groups": ["nodes"], "files": files, "stored": stored});
    json!({"proven": stored, "control_host": "node-0", "missing_image": "fail", "not_proven": "warn",
        "nodes": (0..nodes).map(node).collect::<Vec<_>>()})
}

/// More than other modules take as arguments.
#[test]
fn a_report_of_thousands_of_nodes_is_made() {
    let text = results(2500).to_string();
    assert!(text.len() > 16 << 20, "{}", text.len());
    let answer = Module::new("oreg_report")
        .args(json!({"report": "verify", "results": text}))
        .run()
        .ok();
    assert_eq!(answer.json["figures"]["nodes"], 2500);
    assert_eq!(answer.json["figures"]["nodes_in_place"], 2500);
    assert_eq!(answer.json["findings"], json!([]));
}

#[test]
fn arguments_that_are_too_large_are_told_by_their_size() {
    let scratch = Scratch::new();
    let options = json!({"paths": ["/nowhere"], "owner": "a".repeat(17 << 20)});
    let arguments = scratch.write("args", options.to_string());
    let output = std::process::Command::new(binary("oreg_node_config"))
        .arg(&arguments)
        .output()
        .unwrap();
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    let message = answer["msg"].as_str().unwrap();
    assert!(
        message.ends_with("it has more than 16777216 bytes"),
        "{message}"
    );
}
