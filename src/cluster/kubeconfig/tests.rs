use std::{fs::File, io::Write};

use proptest::prelude::*;

use super::*;
use crate::cluster::client::client;

fn read_text(text: &str) -> Result<Target, ClusterError> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("kubeconfig");
    File::create(&path)
        .unwrap()
        .write_all(text.as_bytes())
        .unwrap();
    read(&[&path], None)
}

fn with(cluster: &str, user: &str, more: &str) -> String {
    format!(
        "current-context: x\ncontexts: [{{name: x, context: {{cluster: c, user: u}}}}]\n\
         clusters: [{{name: c, cluster: {{{cluster}}}}}]\nusers: [{{name: u, user: {{{user}}}}}]\n{more}"
    )
}

fn problem(cluster: &str, user: &str, more: &str) -> String {
    let text = with(cluster, user, more);
    let error = read_text(&text)
        .err()
        .unwrap_or_else(|| panic!("accepted: {text}"));
    let (_, problem) = error
        .to_string()
        .split_once("kubeconfig: ")
        .map(|(a, b)| (a.to_owned(), b.to_owned()))
        .unwrap();
    assert!(!problem.contains("hunter2"), "{problem}");
    problem
}

#[test]
fn what_kubectl_takes_is_taken() {
    for (cluster, user, more) in [
        ("server: 'https://h'", "token: t", ""),
        ("server: 'h:6443'", "token: ''", ""),
        (
            "server: 'https://h', certificate-authority-data: '', tls-server-name: ''",
            "",
            "",
        ),
        (
            "server: 'https://h', proxy-url: ''",
            "username: '', password: '', token: t",
            "",
        ),
        (
            "server: 'https://h'",
            "token: t, exec: null, auth-provider: ~",
            "preferences: 7",
        ),
        (
            "server: 'https://h'",
            "client-certificate-data: '', client-key-data: '', token: t",
            "",
        ),
        (
            "server: 'https://h', extensions: [{name: e}]",
            "token: a, token: b",
            "extensions: no",
        ),
        (
            "server: 'https://h'",
            "client-key: /nonexistent, token: t",
            "kind: Config\napiVersion: v1",
        ),
    ] {
        let target = read_text(&with(cluster, user, more));
        assert!(
            target.is_ok(),
            "{cluster} {user}: {}",
            target.err().unwrap()
        );
    }
}

#[test]
fn entries_that_are_not_used_may_be_odd() {
    let text = "current-context: x\n\
        contexts: [{name: old, context: {user: u}}, {name: x, context: {cluster: c, user: u}}, {name: y}, 7]\n\
        clusters: [{name: c, cluster: {server: 'https://h'}}, {name: d, cluster: 9}]\n\
        users: [{name: u, user: {token: t}}, {name: gke, user: {auth-provider: {name: gcp, config: null}}}]";
    assert_eq!(
        read_text(text).unwrap_or_else(|e| panic!("{e}")).context,
        "x"
    );
}

/// Cluster, user, more of the file, and a part of the message.
const ERRORS: &[[&str; 4]] = &[
    [
        "server: 'https://h:99999'",
        "",
        "",
        "line 3 column 40, clusters[0].cluster.server: is not a URL",
    ],
    [
        "server: 'https://h', server: ''",
        "",
        "",
        "its cluster has no server",
    ],
    [
        "server: 'ftp://h'",
        "",
        "",
        "must begin with https:// or http://",
    ],
    [
        "server: 'https://u:hunter2@h'",
        "",
        "",
        "holds a user: write it under users",
    ],
    [
        "server: [hunter2]",
        "",
        "",
        "clusters[0].cluster.server: must be text",
    ],
    [
        "server: 'https://h', certificate-authority-data: 'hunter2!'",
        "",
        "",
        "is not base64",
    ],
    [
        "server: 'https://h', certificate-authority-data: aHVudGVyMg==",
        "",
        "",
        "holds no certificate in PEM form",
    ],
    [
        "server: 'https://h', certificate-authority-data: TFMwdExTMUNSVWRKVGlCRFJWSlVTVVpKUTBGVVJTMHRMUzB0",
        "",
        "",
        "base64 twice",
    ],
    [
        "server: 'https://h', certificate-authority: /nonexistent",
        "",
        "",
        "cannot read its certificate-authority /nonexistent",
    ],
    [
        "server: 'https://h', insecure-skip-tls-verify: true, certificate-authority: x",
        "",
        "",
        "insecure-skip-tls-verify",
    ],
    [
        "server: 'https://h', insecure-skip-tls-verify: hunter2",
        "",
        "",
        "must be true or false",
    ],
    [
        "server: 'https://h', proxy-url: 'socks5://u:hunter2@h:1'",
        "",
        "",
        "proxy-url: has a scheme other than http:// or https://",
    ],
    [
        "server: 'https://h', tls-server-name: 'a b'",
        "",
        "",
        "tls-server-name: is not a host name",
    ],
    [
        "server: 'https://h'",
        "token: \"hunter2\\n\"",
        "",
        "users[0].user.token: holds a line break",
    ],
    [
        "server: 'https://h'",
        "token: h\u{fc}nter2",
        "",
        "cannot be sent",
    ],
    [
        "server: 'https://h'",
        "token: 17",
        "",
        "users[0].user.token: must be text",
    ],
    [
        "server: 'https://h'",
        "token: t, username: u",
        "",
        "a token and a user name",
    ],
    [
        "server: 'https://h'",
        "tokenFile: /nonexistent",
        "",
        "cannot read its tokenFile /nonexistent",
    ],
    [
        "server: 'https://h'",
        "exec: {command: aws}",
        "",
        "credential plugin",
    ],
    [
        "server: 'https://h'",
        "client-certificate-data: aHVudGVyMg==",
        "",
        "has no client-key",
    ],
    [
        "server: 'https://h'",
        "client-certificate-data: aHVudGVyMg==, client-key-data: aHVudGVyMg==",
        "",
        "client certificate is not a certificate in PEM form",
    ],
    [
        "server: 'https://h'",
        "token: t, as: \"a\\nb\"",
        "",
        "users[0].user.as: cannot be sent",
    ],
    [
        "server: 'https://h{2}'",
        "token: t",
        "",
        "clusters[0].cluster.server: is not a URL",
    ],
    [
        "server: 'https://h'",
        "token: t",
        "kind: Pod",
        "its kind is not Config",
    ],
];

#[test]
fn each_error_is_named_without_its_content() {
    for [cluster, user, more, expected] in ERRORS {
        let problem = problem(cluster, user, more);
        assert!(problem.contains(expected), "{expected}: {problem}");
    }
}

#[test]
fn a_name_that_stands_twice_is_rejected() {
    for list in LISTS {
        let text = format!("{list}:\n- name: a\n- name: a\n");
        let error = read_text(&text).err().unwrap().to_string();
        assert!(
            error.contains(&format!("{list}[1]: a second entry is named a")),
            "{error}"
        );
    }
}

#[test]
fn of_several_files_the_first_entry_of_a_name_counts() {
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = directory.path().join(name);
        File::create(&path)
            .unwrap()
            .write_all(text.as_bytes())
            .unwrap();
        path
    };
    let first = write(
        "a",
        "current-context: ''\nclusters: [{name: c, cluster: {server: 'https://first'}}]\n",
    );
    let second = write("b", &with("server: 'https://second'", "token: t", ""));
    let missing = directory.path().join("none");
    let target = read(&[&missing, &first, &second], None).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(target.server.url.as_str(), "https://first/");
    let error = read(&[&missing, &missing], None).err().unwrap();
    assert_eq!(error.reason(), "kubeconfig_missing");
}

/// YAML of the right shape, with anything in it.
fn odd_kubeconfig() -> impl Strategy<Value = String> {
    let value = prop_oneof![
        Just("null".to_owned()),
        Just("{a: [b]}".to_owned()),
        Just("'https://h'".to_owned()),
        Just("\"a\\n\\0\"".to_owned()),
        "[ -~]{0,12}".prop_map(|text| format!("'{}'", text.replace('\'', "''"))),
        "[a-z0-9:/@%.~-]{0,12}",
    ];
    let key = prop::sample::select(vec![
        "server",
        "certificate-authority-data",
        "insecure-skip-tls-verify",
        "tls-server-name",
        "proxy-url",
        "token",
        "tokenFile",
        "username",
        "password",
        "client-certificate-data",
        "client-key-data",
        "exec",
        "as",
        "as-groups",
        "as-user-extra",
        "as-uid",
    ]);
    let members = prop::collection::vec((key, value), 0..5).prop_map(|members| {
        let members = members
            .into_iter()
            .map(|(key, value)| format!("{key}: {value}"));
        members.collect::<Vec<_>>().join(", ")
    });
    (members.clone(), members).prop_map(|(cluster, user)| with(&cluster, &user, ""))
}

proptest! {
    #[test]
    fn no_kubeconfig_panics(text in prop_oneof!["[ -~\\n\\t]{0,200}", odd_kubeconfig()]) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let _entered = runtime.enter();
        let _ = read_text(&text).map(|target| client(&target, None));
    }
}
