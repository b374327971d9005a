//! What an API server may say and do that no good one does. The server is scripted; a real one is in
//! `pull_secrets` and `nodes_ready`.

use std::path::PathBuf;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use crate::support::{
    module::{Answer, Module},
    scratch::Scratch,
    scripted::{Heard, Reaction, Scripted, reply},
};

const PASSWORD: &str = "S3cr3tPassw0rd!";
const STORED: &str = "OtherPassw0rd";
const TOKEN: &str = "SERVICE-ACCOUNT-TOKEN";
/// md5 of `r.example.com`.
const OURS: &str = "o-a-b14c909acaf3a87c18ae64c55cbf0c25";

fn kubeconfig(scratch: &Scratch, server: &Scripted) -> PathBuf {
    let config = json!({
        "current-context": "x",
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": {"server": format!("http://{}", server.host())}}],
        "users": [{"name": "u", "user": {"token": TOKEN}}],
    });
    scratch.write("kubeconfig", config.to_string())
}

fn answer(code: u16, body: &Value) -> Reaction {
    reply(code, &["Content-Type: application/json"], &body.to_string())
}

fn status(code: u16, message: &str) -> Reaction {
    answer(
        code,
        &json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": message, "reason": "Forbidden", "code": code}),
    )
}

fn list(kind: &str, items: &Value) -> Reaction {
    answer(
        200,
        &json!({"kind": kind, "apiVersion": "v1", "metadata": {}, "items": items}),
    )
}

fn run(server: &Scripted, more: Value) -> Answer {
    let scratch = Scratch::new();
    let options = json!({
        "kubeconfig": kubeconfig(&scratch, server),
        "openshift_additional_registry_credentials":
            [{"host": "r.example.com", "user": "uu", "password": PASSWORD}],
    });
    Module::new("oreg_pull_secrets")
        .args(options)
        .args(more)
        .run()
}

fn auth(password: &str) -> String {
    STANDARD.encode(format!("uu:{password}"))
}

/// A pull secret that is not as it is to be, with an entry of others in it.
fn stored(name: &str, auths: &Value) -> Value {
    let document = STANDARD.encode(json!({"auths": auths}).to_string());
    json!({"metadata": {"name": name, "namespace": "openshift", "uid": "u", "resourceVersion": "1"},
        "type": "kubernetes.io/dockerconfigjson", "data": {".dockerconfigjson": document}})
}

/// Every way to write a secret that a server may choose, of which base64 is the one it is sent.
fn assert_hidden(message: &str) {
    for secret in [PASSWORD, STORED, TOKEN] {
        for hidden in [secret.to_owned(), STANDARD.encode(secret), auth(secret)] {
            assert!(!message.contains(&hidden), "{message}");
        }
    }
    for run in message.split(|c: char| !c.is_ascii_alphanumeric() && !"+/=".contains(c)) {
        let whole = run.len() / 4 * 4;
        let decoded = STANDARD.decode(&run[..whole]).unwrap_or_default();
        let text = String::from_utf8_lossy(&decoded);
        assert!(
            !text.contains(PASSWORD) && !text.contains(STORED),
            "{message}"
        );
    }
}

#[test]
fn words_of_the_server_hold_no_secret() {
    let words: [fn(&Heard) -> String; 5] = [
        |request| format!("admission webhook denied: {}", request.body),
        |_| "x".repeat(590) + PASSWORD,
        |request| {
            format!(
                "no access with {}",
                request.authorization.as_deref().unwrap_or_default()
            )
        },
        |_| format!("entry other.example.com {STORED} {}", auth(STORED)),
        |_| format!("\u{1b}[31m{PASSWORD}\u{202e}"),
    ];
    for say in words {
        let items = json!([stored(
            OURS,
            &json!({"r.example.com": {"auth": auth("old")}, "other.example.com": {"auth": auth(STORED)}})
        )]);
        let server = Scripted::plain(move |request| match &*request.method {
            "GET" => list("SecretList", &items),
            _ => status(403, &say(request)),
        });
        let answer = run(&server, json!({}));
        assert_hidden(answer.failure());
        assert!(
            !answer.stdout.contains(['\u{1b}', '\u{202e}']),
            "{}",
            answer.stdout
        );
    }
}

#[test]
fn an_admission_webhook_may_explain_itself() {
    let server = Scripted::plain(|request| match &*request.method {
        "GET" if request.path.ends_with("/namespaces/openshift") => {
            answer(200, &json!({"metadata": {"name": "openshift"}}))
        }
        "GET" => list("SecretList", &json!([stored("x", &json!({}))])),
        _ => status(
            403,
            &format!("admission webhook denied: {} the end", "why ".repeat(130)),
        ),
    });
    let answer = run(&server, json!({}));
    assert!(answer.failure().contains("the end"), "{}", answer.failure());
}

fn await_nodes(node: Value) -> Answer {
    let server = Scripted::plain(move |_| list("NodeList", &json!([node])));
    let scratch = Scratch::new();
    let options = json!({"kubeconfig": kubeconfig(&scratch, &server), "timeout": 0});
    Module::new("oreg_nodes_ready").args(options).run()
}

#[test]
fn reasons_of_nodes_are_cleaned_and_cut() {
    let reason = format!(
        "\u{1b}[2J\u{1b}[31mX\n* n2: fake line {}{TOKEN}",
        "y".repeat(3000)
    );
    let answer = await_nodes(
        json!({"metadata": {"name": "n1"}, "status": {"conditions": [
        {"type": "Ready", "status": "False", "reason": reason, "message": format!("{TOKEN}\u{202e}")}]}}),
    );
    let message = answer.failure();
    assert!(
        message.len() < 500 && !message.contains(['\u{1b}', '\n', '\u{202e}']),
        "{message}"
    );
    assert_hidden(&answer.stdout);
}

#[test]
fn names_that_no_node_can_have_are_rejected() {
    for name in ["-oProxyCommand=x", "a b", "{{ x }}", "\u{1b}[2J", ""] {
        let answer = await_nodes(json!({"metadata": {"name": name}}));
        assert_eq!(answer.json["reason"], "not_an_api", "{name}");
        assert!(
            answer.failure().contains("RFC 1123"),
            "{}",
            answer.failure()
        );
    }
}
