//! Credentials as docker config files hold them, at registries that are scripted.

use base64::{Engine, engine::general_purpose::STANDARD};

use super::*;

/// Proves what a file with these `auths` holds.
fn prove(auths: Value, options: Value) -> Answer {
    let scratch = Scratch::new();
    let file = scratch.write("config.json", json!({ "auths": auths }).to_string());
    let answer = Module::new("oreg_validate")
        .args(json!({"auth_files": [file], "delay": 0, "retries": 0}))
        .args(options)
        .run();
    assert!(!answer.stdout.contains(PASSWORD), "{}", answer.stdout);
    answer
}

fn auth() -> Value {
    json!({"auth": PAIR})
}

#[test]
fn a_registry_that_is_only_listed_as_insecure_is_one() {
    let registry = Scripted::plain(htpasswd);
    let host = registry.host();
    let auths = json!({host.as_str(): auth(), format!("{host}/team"): auth()});
    let answer = prove(
        auths,
        json!({"openshift_docker_insecure_registries": [host]}),
    )
    .ok();
    let found = answer.json["registries"].as_array().unwrap();
    let verdicts: Vec<_> = found.iter().map(|one| one["verdict"].as_str()).collect();
    assert_eq!(verdicts, [Some("valid"); 2]);
}

/// An authority serves all namespaces of its server; a waiver is about one entry's own credential.
#[test]
fn a_namespace_has_the_authority_of_its_registry_and_not_its_waiver() {
    let authority = Authority::new().unwrap();
    let registry = Scripted::tls(server(&authority.server(&[]).unwrap()), htpasswd);
    let host = registry.host();
    for (more, of_namespace) in [
        (
            json!({"tls_verify": false}),
            ("tls_failure", "unknown_issuer"),
        ),
        (trusting(&authority), ("valid", "logged_in")),
    ] {
        let mut entry = json!({"host": host});
        entry
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().cloned().unwrap());
        let options = json!({"openshift_additional_registry_credentials": [entry]});
        let stored = |key: &str| outcome(&prove(json!({key: auth()}), options.clone()));
        assert_eq!(stored(&host), ("valid", "pulled"));
        assert_eq!(stored(&format!("{host}/team")), of_namespace);
    }
}

/// Reasons of entries that no server is asked about.
#[test]
fn tokens_of_other_programs_are_not_sent() {
    let registry = Scripted::plain(htpasswd);
    let host = registry.host();
    let hub = "https://index.docker.io/v1/";
    // base64 of `user:`, and of `user:` with the GUID of zeros.
    let (nothing, zeros) = (
        "dXNlcjo=",
        "dXNlcjowMDAwMDAwMC0wMDAwLTAwMDAtMDAwMC0wMDAwMDAwMDAwMDA=",
    );
    for (key, entry, reason) in [
        (format!("{hub}access-token"), auth(), "no_registry"),
        (format!("{hub}refresh-token/"), auth(), "no_registry"),
        ("cloud.openshift.com".to_owned(), auth(), "telemetry"),
        (
            host.clone(),
            json!({"auth": nothing, "identitytoken": "t"}),
            "identity_token",
        ),
        (
            host.clone(),
            json!({"auth": zeros, "identitytoken": "t"}),
            "identity_token",
        ),
    ] {
        let options = json!({"openshift_docker_insecure_registries": [host]});
        let answer = prove(json!({&key: entry}), options).ok();
        assert_eq!(outcome(&answer), ("skipped", reason), "{key}");
        assert_eq!(answer.json["registries"][0]["requests"], 0, "{key}");
    }
    assert!(registry.heard().is_empty());
}

#[test]
fn a_key_that_names_no_registry_is_reported_without_its_secrets() {
    let auths = json!({
        "https://user:key-w0rd@127.0.0.1:9/": auth(),
        "user:key://w0rd@r.example.com": {"auth": "!!"},
        "*.example.com": auth(),
        "10.0.0.1:99999": auth(),
        "": auth(),
    });
    let answer = prove(auths, json!({"missing_file": "warn"})).ok();
    assert!(!answer.stdout.contains("w0rd"), "{}", answer.stdout);
    let warnings = answer.json["warnings"].as_array().unwrap();
    let said: Vec<_> = warnings
        .iter()
        .map(|one| one.as_str().unwrap().split_once(": ").unwrap().1)
        .collect();
    let unnamed = "this key names no registry; it was not examined";
    assert_eq!(
        said,
        [
            &format!("entry https://********@127.0.0.1:9/: {unnamed}"),
            "entry ********@r.example.com: its `auth` is not base64; kubelet ignores the whole file because of it",
            &format!("entry ********@r.example.com: {unnamed}"),
            &format!("entry *.example.com: {unnamed}"),
            &format!("entry 10.0.0.1:99999: {unnamed}"),
            &format!("entry \"\": {unnamed}"),
        ]
    );
}

#[test]
fn a_registry_that_no_option_names_is_not_asked_if_so_wanted() {
    let (listed, unlisted) = (Scripted::plain(htpasswd), Scripted::plain(htpasswd));
    let hosts = [listed.host(), unlisted.host()];
    let namespace = format!("{}/team", listed.host());
    let auths = json!({&hosts[0]: auth(), &hosts[1]: auth(), &namespace: auth()});
    let options = json!({
        "openshift_additional_registry_credentials": [{"host": hosts[0]}],
        "openshift_docker_insecure_registries": hosts,
    });
    let verdicts = |unlisted: &str| {
        let mut options = options.clone();
        options["unlisted"] = unlisted.into();
        let answer = prove(auths.clone(), options).ok();
        assert_eq!(answer.json.get("warnings"), None, "{}", answer.stdout);
        let found = answer.json["registries"].as_array().unwrap();
        let word = |one: &Value| format!("{}/{}", one["verdict"], one["reason"]).replace('"', "");
        found.iter().map(word).collect::<Vec<_>>()
    };
    let skipped = "skipped/unlisted";
    assert_eq!(verdicts("skip"), ["valid/pulled", skipped, skipped]);
    assert!(unlisted.heard().is_empty());
    let proven = "valid/logged_in";
    assert_eq!(verdicts("prove"), ["valid/pulled", proven, proven]);
}

#[test]
fn a_store_that_docker_asks_in_place_of_the_file_is_reported() {
    let scratch = Scratch::new();
    let file = scratch.write("config.json", r#"{"credsStore": "pass", "auths": {}}"#);
    let options = json!({"auth_files": [file]});
    let answer = Module::new("oreg_validate").args(options).run().ok();
    let expected = format!(
        "{}: docker asks the credential store pass for every registry and does not read auths; kubelet \
         does",
        file.display()
    );
    assert_eq!(answer.json["warnings"], json!([expected]));
}

/// A file that no reader takes anything from is not what its name promises.
#[test]
fn a_file_that_holds_nothing_is_a_failure_unless_it_may() {
    let scratch = Scratch::new();
    for (name, text, words) in [
        ("none.json", None, "does not exist"),
        (
            "old.json",
            Some(r#"{"r.example.com": {"auth": "dTpw"}}"#),
            "has no `auths`",
        ),
        (
            "bad.json",
            Some(r#"{"auths": {"r.example.com": {"auth": "!"}}}"#),
            "kubelet ignores the whole file",
        ),
    ] {
        if let Some(text) = text {
            scratch.write(name, text);
        }
        let options = json!({"auth_files": [scratch.path(name)]});
        let answer = Module::new("oreg_validate").args(options.clone()).run();
        let failure = answer.failure();
        assert!(
            failure.starts_with("1 files cannot be used:") && failure.contains(words),
            "{failure}"
        );
        let lenient = Module::new("oreg_validate")
            .args(options)
            .args(json!({"missing_file": "warn"}));
        let warnings = lenient.run().ok().json["warnings"].to_string();
        assert!(warnings.contains(words), "{warnings}");
    }
}

#[test]
fn a_password_that_ends_soon_is_a_warning() {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
    let token = |end: i64| format!("e30.{}.c2ln", BASE64.encode(format!("{{\"exp\":{end}}}")));
    let registry = Scripted::plain(|request| match request.authorization {
        Some(_) => head(200, &[]),
        None => asks_for_basic(),
    });
    let answer = |end: i64, limit: &str| {
        let entry = json!({"host": registry.host(), "user": "u", "password": token(end)});
        let options = json!({
            "openshift_additional_registry_credentials": [entry],
            "openshift_docker_insecure_registries": [registry.host()],
            "expires_in": limit,
        });
        Module::new("oreg_validate").args(options).run()
    };
    let late = answer(4_102_444_800, "30d").ok();
    assert_eq!(
        late.json["registries"][0]["expires"],
        "2100-01-01T00:00:00Z"
    );
    assert_eq!(late.json.get("warnings"), None, "{}", late.stdout);
    let past = answer(1_000_000_000, "30d").ok();
    let warning = past.json["warnings"][0].as_str().unwrap();
    assert!(
        warning.contains("expires at 2001-09-09T01:46:40Z"),
        "{warning}"
    );
    assert!(
        answer(1, "soon")
            .failure()
            .starts_with("expires_in: expected a number")
    );
}

/// Whoever writes the file chooses its keys, users and helpers. Each of them is a part of a message.
#[test]
fn names_in_a_file_forge_no_line_and_act_on_no_terminal() {
    let evil = "evil\u{1b}[2J\n* node-3: fake\u{202e}\u{200b}";
    let user = STANDARD.encode(format!("{evil}:{PASSWORD}"));
    let twice = serde_json::to_string(evil).unwrap();
    let scratch = Scratch::new();
    for (document, words) in [
        (
            json!({"auths": {evil: auth()}}).to_string(),
            "names no registry",
        ),
        (
            json!({"auths": {evil: {"auth": "!"}}}).to_string(),
            "is not base64",
        ),
        (
            json!({"auths": {"127.0.0.1:1": {"auth": user}}}).to_string(),
            "cannot be seen",
        ),
        (
            json!({"auths": {}, "credsStore": evil}).to_string(),
            "credential store evil",
        ),
        (
            json!({"auths": {"127.0.0.1:1": auth()}, "credHelpers": {"127.0.0.1:1": evil}})
                .to_string(),
            "credential helper evil",
        ),
        (
            format!("{{\"auths\": {{}}, {twice}: 1, {twice}: 1}}"),
            "a second member named",
        ),
    ] {
        let file = scratch.write("config.json", document);
        let options = json!({"auth_files": [file], "retries": 0});
        let answer = Module::new("oreg_validate").args(options).run();
        let said = answer.json.to_string();
        assert!(said.contains(words), "{said}");
        // In JSON, the signs that act are escapes.
        for sign in ["\\n* node-3", "\\u001b", "\u{1b}", "\u{202e}", "\u{200b}"] {
            assert!(
                !answer.stdout.contains(sign) && !said.contains(sign),
                "{sign:?}: {said}"
            );
        }
    }
}

/// A file of 1 MiB holds this much. Nothing is compared with everything else.
#[test]
fn a_file_full_of_odd_entries_and_helpers_takes_no_time() {
    let odd = (0..20_000).map(|n| (format!("h{n}"), json!(1)));
    let helpers = (0..12_000).map(|n| (format!("h{n}"), json!("x")));
    let document = json!({
        "auths": odd.collect::<serde_json::Map<_, _>>(),
        "credHelpers": helpers.collect::<serde_json::Map<_, _>>(),
    });
    let scratch = Scratch::new();
    let file = scratch.write("config.json", document.to_string());
    let begin = Instant::now();
    let answer = Module::new("oreg_validate")
        .args(json!({"auth_files": [file]}))
        .run();
    assert!(answer.failure().starts_with("20000 files cannot be used"));
    assert!(
        begin.elapsed() < Duration::from_secs(20),
        "{:?}",
        begin.elapsed()
    );
}
