//! What a user is told when the API cannot be spoken to. The whole message counts: it names the
//! server and the context, and nothing of the kubeconfig's content.

use std::{
    net::TcpListener,
    path::Path,
    process::Command,
    thread,
    time::{Duration, Instant},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use testbed::{
    cluster::Cluster,
    odd_certificates::OddIssuer,
    pki::Authority,
    port::free_ports,
    proxy::{Proxy, Rules},
    registry::{Access, Registry, Transport},
    tls_proxy::TlsProxy,
    wait,
};

use crate::support::{
    cluster::{cluster, kubeconfig, namespace},
    module::{Answer, Module},
    scratch::{Scratch, read, set_mode},
    scripted::{Reaction, Scripted, reply},
};

fn run(kubeconfig: &Path, more: Value) -> Answer {
    let options = json!({"kubeconfig": kubeconfig, "namespaces": ["openshift"], "state": "absent"});
    Module::new("oreg_pull_secrets")
        .args(options)
        .args(more)
        .run()
}

/// Runs with a changed kubeconfig and returns reason and message.
fn problem(change: impl FnOnce(&mut Value)) -> (String, String) {
    let scratch = Scratch::new();
    let answer = run(&kubeconfig(&scratch, change), json!({}));
    let message = answer.failure().to_owned();
    assert!(
        !message.contains("PRIVATE") && !message.contains("hunter2"),
        "{message}"
    );
    (answer.json["reason"].as_str().unwrap().to_owned(), message)
}

fn cluster_of(config: &mut Value) -> &mut Value {
    &mut config["clusters"][0]["cluster"]
}

fn user_of(config: &mut Value) -> &mut Value {
    &mut config["users"][0]["user"]
}

#[test]
fn a_kubeconfig_that_cannot_be_used_is_reported_without_its_content() {
    let scratch = Scratch::new();
    let missing = run(&scratch.path("none"), json!({}));
    assert!(
        missing
            .failure()
            .contains("none does not exist: set `kubeconfig`"),
        "{}",
        missing.stdout
    );
    assert_eq!(missing.json["reason"], "kubeconfig_missing");

    for (text, expected) in [
        ("token: hunter2: [", "is not a kubeconfig"),
        ("users: hunter2", "line 1 column 8, users: must be a list"),
        ("\u{0}\u{1}", "is not a kubeconfig"),
    ] {
        let answer = run(&scratch.write("bad", text), json!({}));
        assert!(answer.failure().contains(expected), "{}", answer.failure());
        assert!(!answer.stdout.contains("hunter2"), "{}", answer.stdout);
    }
    let directory = run(&scratch.path(""), json!({}));
    assert_eq!(directory.json["reason"], "kubeconfig_unreadable");
    let empty = run(&scratch.write("empty", ""), json!({}));
    assert!(
        empty.failure().contains("names no current context"),
        "{}",
        empty.failure()
    );
}

/// Spoils a kubeconfig.
type Spoil = fn(&mut Value);

#[test]
fn each_unusable_part_is_named() {
    let table: [(Spoil, &str); 9] = [
        (
            |c| c["contexts"][0]["context"]["user"] = json!("ghost"),
            "context admin names user ghost",
        ),
        (
            |c| c["contexts"][0]["context"]["cluster"] = json!("ghost"),
            "context admin names cluster ghost",
        ),
        (
            |c| cluster_of(c)["server"] = Value::Null,
            "its cluster has no server",
        ),
        (
            |c| cluster_of(c)["certificate-authority-data"] = json!("hunter2!"),
            "certificate-authority-data is not base64",
        ),
        (
            |c| user_of(c)["client-key-data"] = json!("hunter2!"),
            "client-key-data is not base64",
        ),
        (
            |c| user_of(c)["client-key-data"] = json!("aHVudGVyMg=="),
            "the client key is not a private key in PEM form",
        ),
        (
            |c| {
                *user_of(c) =
                    json!({"client-certificate": "/nonexistent", "client-key": "/nonexistent"});
            },
            "cannot read its client-",
        ),
        (
            |c| user_of(c)["exec"] = json!({"command": "aws", "apiVersion": "x"}),
            "credential plugin",
        ),
        (
            |c| cluster_of(c)["proxy-url"] = json!("socks5://u:hunter2@h:1"),
            "has a scheme other than http:// or https://",
        ),
    ];
    for (change, expected) in table {
        let (reason, message) = problem(change);
        assert!(message.contains(expected), "{expected}: {message}");
        assert_eq!(reason, "kubeconfig_invalid");
    }
}

#[test]
fn contexts_are_chosen_by_name() {
    let scratch = Scratch::new();
    let two = kubeconfig(&scratch, |config| {
        let mut other = config["contexts"][0].clone();
        other["name"] = json!("other");
        config["contexts"].as_array_mut().unwrap().push(other);
        config["current-context"] = json!("gone");
    });
    run(&two, json!({"context": "other"})).ok();
    let unknown = run(&two, json!({"context": "third"}));
    assert!(
        unknown
            .failure()
            .ends_with("has no context third; it has admin, other"),
        "{}",
        unknown.failure()
    );
    assert_eq!(run(&two, json!({})).json["reason"], "unknown_context");
}

#[test]
fn certificates_may_be_files_beside_the_kubeconfig() {
    let scratch = Scratch::new();
    let decode = |value: &Value| STANDARD.decode(value.as_str().unwrap()).unwrap();
    let path = kubeconfig(&scratch, |config| {
        scratch.write(
            "ca.crt",
            decode(&cluster_of(config)["certificate-authority-data"]),
        );
        scratch.write("c.crt", decode(&user_of(config)["client-certificate-data"]));
        scratch.write("c.key", decode(&user_of(config)["client-key-data"]));
        let server = cluster_of(config)["server"].clone();
        *cluster_of(config) = json!({"server": server, "certificate-authority": "ca.crt"});
        *user_of(config) = json!({"client-certificate": "c.crt", "client-key": "c.key"});
    });
    run(&path, json!({})).ok();
}

fn pem_of(value: &Value) -> Vec<u8> {
    STANDARD.decode(value.as_str().unwrap()).unwrap()
}

/// Makes a token that the API server takes.
fn token() -> String {
    let kubectl = |args: &[&str]| cluster().kubectl(args).unwrap();
    let account = format!("--serviceaccount={}:default", namespace());
    let namespace = account.split(['=', ':']).nth(1).unwrap();
    kubectl(&[
        "create",
        "clusterrolebinding",
        namespace,
        "--clusterrole=cluster-admin",
        &account,
    ]);
    if !crate::support::cluster::exists(namespace, "serviceaccount", "default") {
        kubectl(&["create", "serviceaccount", "default", "-n", namespace]);
    }
    kubectl(&["create", "token", "default", "-n", namespace])
        .trim()
        .to_owned()
}

/// Changes a kubeconfig, with files beside it and a token.
type Change = fn(&Scratch, &mut Value, &str);

const TAKEN: &[(&str, Change)] = &[
    ("a server without scheme", |_, c, _| {
        let server = cluster().url().replace("https://", "");
        cluster_of(c)["server"] = json!(server);
    }),
    (
        "an empty token beside a token file that ends with a line break",
        |scratch, c, token| {
            scratch.write("token", format!("{token}\n"));
            *user_of(c) = json!({"token": "", "tokenFile": "token"});
        },
    ),
    ("an empty user beside a token", |_, c, token| {
        *user_of(c) = json!({"username": "", "password": "", "token": token});
    }),
    ("empty data beside files", |scratch, c, _| {
        scratch.write("c.crt", pem_of(&user_of(c)["client-certificate-data"]));
        scratch.write("c.key", pem_of(&user_of(c)["client-key-data"]));
        *user_of(c) = json!({"client-certificate-data": "", "client-key-data": "",
                "client-certificate": "c.crt", "client-key": "c.key"});
    }),
    (
        "empty data of the authority beside its file",
        |scratch, c, _| {
            scratch.write(
                "ca.crt",
                pem_of(&cluster_of(c)["certificate-authority-data"]),
            );
            cluster_of(c)["certificate-authority-data"] = json!("");
            cluster_of(c)["certificate-authority"] = json!("ca.crt");
        },
    ),
    ("base64 in lines", |_, c, _| {
        let data = cluster_of(c)["certificate-authority-data"]
            .as_str()
            .unwrap()
            .to_owned();
        let lines: Vec<_> = data
            .as_bytes()
            .chunks(76)
            .map(String::from_utf8_lossy)
            .collect();
        cluster_of(c)["certificate-authority-data"] = json!(lines.join("\n"));
    }),
    ("a context without cluster that is not used", |_, c, _| {
        let contexts = c["contexts"].as_array_mut().unwrap();
        contexts.push(json!({"name": "old", "context": {"user": "u"}}));
    }),
    ("a plugin of a user who is not used", |_, c, _| {
        let users = c["users"].as_array_mut().unwrap();
        users.push(
            json!({"name": "gke", "user": {"auth-provider": {"name": "gcp", "config": null}}}),
        );
    }),
    (
        "a client certificate of X.509 version 1 beside a token",
        |scratch, c, token| {
            let issuer = OddIssuer::new().unwrap();
            let (certificate, key) = issuer.version_1_client().unwrap();
            scratch.write("v1.crt", certificate);
            scratch.write("v1.key", key);
            *user_of(c) =
                json!({"client-certificate": "v1.crt", "client-key": "v1.key", "token": token});
        },
    ),
];

/// What kubectl takes at the same server is taken here.
#[test]
fn kubeconfigs_are_read_as_kubectl_reads_them() {
    let token = token();
    for (what, change) in TAKEN {
        let scratch = Scratch::new();
        let path = kubeconfig(&scratch, |config| change(&scratch, config, &token));
        let answer = run(&path, json!({}));
        assert!(
            answer.json.get("failed").is_none(),
            "{what}: {}",
            answer.stdout
        );
    }
    let scratch = Scratch::new();
    let twice = kubeconfig(&scratch, |config| {
        *user_of(config) = json!({"token": token});
    });
    let text = read(&twice).replacen("\"token\"", "\"token\":\"old\",\"token\"", 1);
    run(&scratch.write("twice", text), json!({})).ok();
}

#[test]
fn what_kubectl_rejects_is_rejected() {
    let table: [(Spoil, &str); 8] = [
        (
            |c| cluster_of(c)["server"] = json!("https://127.0.0.1:99999"),
            "server: is not a URL",
        ),
        (
            |c| cluster_of(c)["server"] = json!("ftp://127.0.0.1:1"),
            "must begin with https:// or http://",
        ),
        (
            |c| *user_of(c) = json!({"token": "hunter2\n"}),
            "token: holds a line break",
        ),
        (
            |c| cluster_of(c)["insecure-skip-tls-verify"] = json!(true),
            "certificate-authority",
        ),
        (
            |c| {
                let data = cluster_of(c)["certificate-authority-data"]
                    .as_str()
                    .unwrap()
                    .to_owned();
                cluster_of(c)["certificate-authority-data"] = json!(STANDARD.encode(data));
            },
            "was encoded in base64 twice",
        ),
        (
            |c| {
                let users = c["users"].as_array_mut().unwrap();
                let again = users[0].clone();
                users.push(again);
            },
            "users[1]: a second entry is named admin",
        ),
        (
            |c| {
                let other = cluster().expired_identity().unwrap();
                user_of(c)["client-key-data"] = json!(STANDARD.encode(other.key_pem()));
            },
            "the client key does not belong to the client certificate",
        ),
        (|c| cluster_of(c)["server"] = json!(7), "line "),
    ];
    for (change, expected) in table {
        let (reason, message) = problem(change);
        assert!(message.contains(expected), "{expected}: {message}");
        assert_eq!(reason, "kubeconfig_invalid");
    }
}

#[test]
fn without_an_authority_that_of_the_system_counts() {
    let (reason, message) = problem(|config| {
        let server = cluster_of(config)["server"].clone();
        *cluster_of(config) = json!({"server": server});
    });
    assert_eq!(reason, "tls_failure");
    assert!(
        message.contains("not issued by an authority that this host trusts"),
        "{message}"
    );
}

#[test]
fn a_pipe_in_place_of_a_file_is_not_waited_for() {
    let scratch = Scratch::new();
    let pipe = scratch.path("pipe");
    assert!(
        Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .unwrap()
            .success()
    );
    let answer = run(&pipe, json!({}));
    assert_eq!(answer.json["reason"], "kubeconfig_unreadable");
    let path = kubeconfig(&scratch, |c| *user_of(c) = json!({"tokenFile": "pipe"}));
    let message = run(&path, json!({})).failure().to_owned();
    assert!(message.contains("cannot read its tokenFile"), "{message}");
}

/// The flag is for the API server: an impostor of the proxy would get the proxy's password.
#[test]
fn verification_is_never_switched_off_for_a_proxy() {
    let proxy = Proxy::start(Rules::Login("u", "hunter2")).unwrap();
    let identity = Authority::new().unwrap().server(&[]).unwrap();
    let front = TlsProxy::start(&identity, proxy.address()).unwrap();
    let (reason, message) = problem(|config| {
        let server = cluster_of(config)["server"].clone();
        *cluster_of(config) = json!({"server": server, "insecure-skip-tls-verify": true,
            "proxy-url": format!("https://u:hunter2@{}", front.host())});
    });
    assert_eq!(reason, "tls_failure", "{message}");
    assert_eq!(proxy.requests(), [""; 0]);
}

/// Answers the first message of a TLS client with an alert.
fn alerting(description: u8) -> Scripted {
    let alert = [21, 3, 3, 0, 2, 2, description];
    Scripted::raw(alert.to_vec().leak())
}

#[test]
fn alerts_have_words_of_their_own() {
    for (description, expected) in [
        (70, "the server refuses this version of TLS"),
        (40, "the server accepts none of the ciphers offered"),
        (112, "the server does not know this name"),
    ] {
        let server = alerting(description);
        let (reason, message) = problem(|config| {
            cluster_of(config)["server"] = json!(format!("https://{}", server.host()));
        });
        assert_eq!(reason, "tls_failure");
        assert!(message.ends_with(expected), "{message}");
    }
}

#[test]
fn answers_and_lists_without_end_are_ended() {
    let page = json!({"kind": "SecretList", "apiVersion": "v1", "items": [],
        "metadata": {"continue": "more"}});
    let endless = Scripted::plain(move |_| {
        reply(200, &["Content-Type: application/json"], &page.to_string())
    });
    let object = json!({"metadata": {"name": "s", "namespace": "n"}, "type": "Opaque"});
    let objects = vec![object; 100];
    let page = json!({"kind": "SecretList", "apiVersion": "v1", "items": objects,
        "metadata": {"continue": "more"}});
    let full = Scripted::plain(move |_| {
        reply(200, &["Content-Type: application/json"], &page.to_string())
    });
    let huge = Scripted::plain(|_| {
        let body = vec![b' '; 70 << 20];
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
        Reaction::SayAndClose([head.into_bytes(), body].concat())
    });
    for (server, kind, expected) in [
        (&endless, "not_an_api", "does not come to an end"),
        (
            &full,
            "not_an_api",
            "more than 10000 pages, 50000 objects or 256 MiB",
        ),
        (&huge, "answer_too_large", "has more than 67108864 bytes"),
    ] {
        let (reason, message) = problem(|config| {
            *cluster_of(config) = json!({"server": format!("http://{}", server.host())});
        });
        assert_eq!(reason, kind);
        assert!(message.contains(expected), "{message}");
    }
    // Each page of this server has 100 objects.
    assert!(full.heard().len() <= 502, "{}", full.heard().len());
}

#[test]
fn verification_may_be_switched_off() {
    let scratch = Scratch::new();
    let path = kubeconfig(&scratch, |config| {
        let server = cluster_of(config)["server"].clone();
        *cluster_of(config) = json!({"server": server, "insecure-skip-tls-verify": true});
    });
    run(&path, json!({})).ok();
}

#[test]
fn the_wrong_authority_is_reported() {
    let other = Authority::new().unwrap();
    let pem = STANDARD.encode(read(&other.ca_cert()));
    let (reason, message) =
        problem(|config| cluster_of(config)["certificate-authority-data"] = json!(pem));
    assert_eq!(reason, "tls_failure");
    let start = format!(
        "TLS with the API server {} (context admin) failed: the server's certificate is not issued by",
        cluster().url()
    );
    assert!(message.starts_with(&start), "{message}");
}

#[test]
fn an_expired_certificate_of_the_server_is_reported() {
    let authority = Authority::new().unwrap();
    let identity = authority.expired_server().unwrap();
    let users = [("u", "p")];
    let server = Registry::start(Transport::Tls(&identity), Access::Basic(&users)).unwrap();
    let pem = STANDARD.encode(read(&authority.ca_cert()));
    let (reason, message) = problem(|config| {
        *cluster_of(config) = json!({"server": format!("https://{}", server.host()), "certificate-authority-data": pem});
    });
    assert_eq!(reason, "tls_failure");
    assert!(
        message.ends_with("failed: the certificate has expired"),
        "{message}"
    );
}

#[test]
fn credentials_that_are_not_accepted_are_reported() {
    let other = Authority::new()
        .unwrap()
        .client("admin", Some("system:masters"))
        .unwrap();
    let (reason, message) = problem(|config| {
        *user_of(config) = json!({
            "client-certificate-data": STANDARD.encode(other.cert_pem()),
            "client-key-data": STANDARD.encode(other.key_pem()),
        });
    });
    assert_eq!(reason, "unauthorized");
    assert!(
        message.contains("does not accept the credentials of user admin"),
        "{message}"
    );
    assert!(message.contains("has expired"), "{message}");
    let (reason, _) = problem(|config| *user_of(config) = json!({"token": "hunter2"}));
    assert_eq!(reason, "unauthorized");
}

#[test]
fn an_expired_certificate_of_the_client_is_reported() {
    let expired = cluster().expired_identity().unwrap();
    let (reason, message) = problem(|config| {
        *user_of(config) = json!({
            "client-certificate-data": STANDARD.encode(expired.cert_pem()),
            "client-key-data": STANDARD.encode(expired.key_pem()),
        });
    });
    assert_eq!(reason, "unauthorized");
    let expected = format!(
        "the API server {} (context admin) does not accept the credentials of user admin in the \
         kubeconfig: the client certificate or token has expired, was revoked, or is another \
         cluster's",
        cluster().url()
    );
    assert_eq!(message, expected);
}

#[test]
fn an_api_that_is_down_is_reported() {
    let [closed] = free_ports().unwrap();
    let server = format!("https://127.0.0.1:{closed}");
    let (reason, message) = problem(|config| cluster_of(config)["server"] = json!(server));
    assert_eq!(reason, "unreachable");
    let start = format!("cannot reach the API server {server} (context admin): ");
    assert!(
        message.starts_with(&start) && message.contains("refused"),
        "{message}"
    );
}

#[test]
fn an_api_that_does_not_answer_is_reported_within_the_limit() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap();
    let start = Instant::now();
    let (reason, message) =
        problem(|config| cluster_of(config)["server"] = json!(format!("https://{address}")));
    assert_eq!(reason, "unreachable", "{message}");
    assert!(
        message.contains(&format!("https://{address} (context admin)")),
        "{message}"
    );
    assert!(
        start.elapsed() < Duration::from_secs(15),
        "{:?}",
        start.elapsed()
    );
}

#[test]
fn a_web_server_in_place_of_the_api_is_reported() {
    let identity = Authority::new().unwrap().server(&[]).unwrap();
    let users = [("u", "p")];
    let server = Registry::start(Transport::Tls(&identity), Access::Basic(&users)).unwrap();
    let pem = STANDARD.encode(read(&identity.ca_cert()));
    let (reason, message) = problem(|config| {
        *cluster_of(config) = json!({"server": format!("https://{}", server.host()), "certificate-authority-data": pem});
    });
    assert_eq!(reason, "not_served", "{message}");
    assert!(
        message.contains(
            "does not know how to list secrets in namespace openshift: the API server is starting, \
             or this is no API server"
        ),
        "{message}"
    );
}

#[test]
fn a_proxy_is_taken_from_the_kubeconfig() {
    let [closed] = free_ports().unwrap();
    let (reason, message) = problem(|config| {
        cluster_of(config)["proxy-url"] = json!(format!("http://u:hunter2@127.0.0.1:{closed}"));
    });
    assert_eq!(reason, "unreachable");
    assert!(
        message.ends_with("(by way of the kubeconfig's proxy)"),
        "{message}"
    );
}

/// Runs with these variables against a server that is not called loopback.
fn run_through(variables: &[(&str, &str)]) -> Answer {
    let scratch = Scratch::new();
    let path = kubeconfig(&scratch, |config| {
        let server = cluster().url().replace("127.0.0.1", "0.0.0.0");
        cluster_of(config)["server"] = json!(server);
        cluster_of(config)["tls-server-name"] = json!("127.0.0.1");
    });
    let module = Module::new("oreg_pull_secrets").args(json!({
        "kubeconfig": path, "namespaces": [namespace()], "state": "absent"}));
    let mut command = module.command(&scratch);
    for variable in ["HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy"] {
        command.env_remove(variable);
    }
    let output = command.envs(variables.iter().copied()).output().unwrap();
    Answer::read(&output)
}

fn tunnel(host: &str) -> String {
    let (_, port) = cluster().url().rsplit_once(':').unwrap();
    format!("CONNECT {host}:{port}")
}

#[test]
fn the_kubeconfigs_proxy_is_used() {
    let proxy = Proxy::start(Rules::Login("u", "hunter2")).unwrap();
    let scratch = Scratch::new();
    let path = kubeconfig(&scratch, |config| {
        let url = format!("http://u:hunter2@{}", proxy.address());
        cluster_of(config)["proxy-url"] = json!(url);
    });
    run(&path, json!({})).ok();
    assert_eq!(proxy.requests(), [tunnel("127.0.0.1")]);
}

#[test]
fn a_proxy_that_speaks_tls_is_used_when_its_authority_is_known() {
    let proxy = Proxy::start(Rules::Login("u", "hunter2")).unwrap();
    let identity = Authority::new().unwrap().server(&[]).unwrap();
    let front = TlsProxy::start(&identity, proxy.address()).unwrap();
    let address = format!("https://u:hunter2@{}", front.host());
    let (reason, message) = problem(|config| cluster_of(config)["proxy-url"] = json!(address));
    assert_eq!(reason, "tls_failure", "{message}");

    let scratch = Scratch::new();
    let path = kubeconfig(&scratch, |config| {
        let cluster = cluster_of(config);
        let known = &cluster["certificate-authority-data"];
        let mut pem = STANDARD.decode(known.as_str().unwrap()).unwrap();
        pem.extend(read(&identity.ca_cert()).bytes());
        cluster["certificate-authority-data"] = json!(STANDARD.encode(pem));
        cluster["proxy-url"] = json!(address);
    });
    run(&path, json!({})).ok();
    assert_eq!(proxy.requests(), [tunnel("127.0.0.1")]);
}

#[test]
fn the_environments_proxy_is_used_with_or_without_a_scheme() {
    let proxy = Proxy::start(Rules::Open).unwrap();
    let address = proxy.address();
    run_through(&[("HTTPS_PROXY", address)]).ok();
    run_through(&[("https_proxy", &format!("http://{address}"))]).ok();
    assert_eq!(proxy.requests(), [tunnel("0.0.0.0"), tunnel("0.0.0.0")]);
    for exempt in [
        ",0.0.0.0/8,",
        "0.0.0.0",
        &cluster().url().replace("https://127.0.0.1", "0.0.0.0"),
        "*",
    ] {
        run_through(&[("HTTPS_PROXY", address), ("NO_PROXY", exempt)]).ok();
        // A variable that is not used may hold anything.
        run_through(&[
            ("HTTPS_PROXY", r"http://CORP\jane:pw@h"),
            ("no_proxy", exempt),
        ])
        .ok();
    }
    assert_eq!(proxy.requests().len(), 2);
    run_through(&[("HTTPS_PROXY", address), ("NO_PROXY", "0.0.0.0:1")]).ok();
    assert_eq!(proxy.requests().len(), 3);
}

#[test]
fn a_variable_that_cannot_be_used_is_named() {
    let table: [(&[(&str, &str)], &str); 5] = [
        (
            &[("HTTPS_PROXY", r"http://CORP\jane:hunter2@127.0.0.1:1")],
            "HTTPS_PROXY in the environment holds a backslash, which ends the host of a URL: write it as %5C",
        ),
        (
            &[("HTTPS_PROXY", "socks5://u:hunter2@h:1")],
            "HTTPS_PROXY in the environment has a scheme other than http:// or https://",
        ),
        (
            &[("https_proxy", "http://u:hunter2@h o")],
            "https_proxy in the environment is not a proxy address",
        ),
        (
            &[("HTTPS_PROXY", "127.0.0.1:1"), ("NO_PROXY", "a,,b")],
            "cannot reach the API server https://0.0.0.0:",
        ),
        (
            &[("HTTPS_PROXY", "127.0.0.1:1")],
            "cannot reach the API server https://0.0.0.0:",
        ),
    ];
    for (variables, start) in table {
        let answer = run_through(variables);
        let message = answer.failure();
        assert!(message.starts_with(start), "{message}");
        assert!(!message.contains("hunter2"), "{message}");
        let reason = answer.json["reason"].as_str().unwrap();
        if reason == "unreachable" {
            assert!(message.ends_with("(by way of HTTPS_PROXY)"), "{message}");
        } else {
            assert_eq!(reason, "proxy_invalid");
        }
    }
}

#[test]
fn a_proxy_of_the_environment_is_not_asked_for_loopback() {
    let scratch = Scratch::new();
    let namespace = namespace();
    let module = Module::new("oreg_pull_secrets").args(json!({
        "kubeconfig": cluster().kubeconfig(), "namespaces": [namespace], "state": "absent"}));
    let output = module
        .command(&scratch)
        .env("HTTPS_PROXY", "http://127.0.0.1:1")
        .output()
        .unwrap();
    Answer::read(&output).ok();
}

#[test]
fn an_unreadable_kubeconfig_is_reported() {
    let scratch = Scratch::new();
    let path = scratch.write("secret", "x");
    set_mode(&path, 0o000);
    // root reads it all the same, and then it is no kubeconfig.
    let reason = run(&path, json!({})).json["reason"].clone();
    assert!(
        reason == "kubeconfig_unreadable" || reason == "kubeconfig_invalid",
        "{reason}"
    );
}

/// So many secrets that the API server can be disturbed before all are there.
const WORK: usize = 600;

/// A cluster of its own, because it will not survive, and options that give it some work.
fn doomed() -> (Cluster, Module) {
    let cluster = Cluster::start().unwrap();
    let registries: Vec<_> = (0..WORK)
        .map(|number| json!({"host": format!("r{number}"), "password": "hunter2-hunter2"}))
        .collect();
    let module = Module::new("oreg_pull_secrets").args(json!({
        "kubeconfig": cluster.kubeconfig(),
        "openshift_additional_registry_credentials": registries,
    }));
    (cluster, module)
}

fn signal(cluster: &Cluster, name: &str) {
    let [_, api_server] = cluster.process_ids();
    let mut kill = Command::new("kill");
    let sent = kill.args([name, &api_server.to_string()]).status().unwrap();
    assert!(sent.success());
}

/// Looks at the log itself: [`Cluster::requests`] waits until nothing more comes.
fn wait_for_creations(cluster: &Cluster, count: usize) {
    let created = || {
        let log = read(&cluster.audit_log());
        let creates = log
            .lines()
            .filter(|line| line.contains("\"verb\":\"create\""));
        creates.count()
    };
    assert!(
        wait::until(Duration::from_secs(30), || created() >= count),
        "nothing is created"
    );
}

#[test]
fn an_api_that_dies_in_between_is_reported_and_the_next_run_does_the_rest() {
    let (mut cluster, module) = doomed();
    let answer = thread::scope(|scope| {
        let answer = scope.spawn(|| module.run());
        wait_for_creations(&cluster, 10);
        signal(&cluster, "-KILL");
        answer.join().unwrap()
    });
    let message = answer.failure();
    assert!(
        message.contains(&format!("{} (context admin)", cluster.url())),
        "{message}"
    );
    assert_eq!(answer.json["reason"], "unreachable", "{message}");
    assert_eq!(answer.json["changed"], true);
    let done = answer.json["secrets"].as_array().unwrap();
    assert!((10..WORK).contains(&done.len()), "{}", done.len());
    assert!(done.iter().all(|secret| secret["action"] == "created"));
    assert!(!answer.stdout.contains("hunter2"));

    cluster.restart_api().unwrap();
    let mended = module.run().ok();
    let mended = mended.json["secrets"].as_array().unwrap();
    let of = |action: &str| mended.iter().filter(|s| s["action"] == action).count();
    // What was under way when it died may have been carried out without an answer.
    assert!(of("unchanged") >= done.len());
    assert_eq!(of("unchanged") + of("created"), WORK);
    assert!(!module.run().changed());
}

#[test]
fn an_api_that_stands_still_for_a_while_is_waited_for() {
    let (cluster, module) = doomed();
    let answer = thread::scope(|scope| {
        let answer = scope.spawn(|| module.run());
        wait_for_creations(&cluster, 10);
        signal(&cluster, "-STOP");
        thread::sleep(Duration::from_secs(2));
        signal(&cluster, "-CONT");
        answer.join().unwrap().ok()
    });
    assert_eq!(answer.json["secrets"].as_array().unwrap().len(), WORK);
    assert!(!module.run().changed());
}
