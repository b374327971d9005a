//! What registries and files say, on its way into answers: without secrets, without tricks, and the
//! program's own words left alone.

use std::time::{Duration, Instant};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use crate::support::{
    module::{Answer, Module},
    scratch::Scratch,
    scripted::{Reaction, Scripted, head, reply},
};

const BASIC: &str = "WWW-Authenticate: Basic realm=\"registry\"";

/// Proves `password` with a registry that refuses every login with these headers and this body.
fn refused_with(password: &str, headers: &'static [&'static str], body: &[u8]) -> Answer {
    let body = body.to_vec();
    let registry = Scripted::plain(move |request| {
        if request.authorization.is_none() {
            return head(401, &[BASIC]);
        }
        let mut answer = b"HTTP/1.1 401 No\r\n".to_vec();
        for header in headers {
            answer.extend(format!("{header}\r\n").bytes());
        }
        answer.extend(format!("Content-Length: {}\r\n\r\n", body.len()).bytes());
        Reaction::Say([answer, body.clone()].concat())
    });
    validate(&registry.host(), password)
}

fn validate(host: &str, password: &str) -> Answer {
    Module::new("oreg_validate")
        .args(json!({
            "openshift_additional_registry_credentials": [{"host": host, "user": "somebody", "password": password}],
            "openshift_docker_insecure_registries": [host],
            "retries": 0,
        }))
        .run()
}

fn message(answer: &Answer) -> &str {
    answer.json["registries"][0]["message"].as_str().unwrap()
}

fn error(message: &str) -> Vec<u8> {
    let body = json!({"errors": [{"code": "UNAUTHORIZED", "message": message}]});
    body.to_string().into_bytes()
}

const MARKUP: &str = "Tr0ub4dor<&3xyz";
const GREETING: &str = "Grüße-an-4lle";
const PLAIN: &str = "S3cr3tOfMine";

/// Passwords, and answers that repeat them.
fn echoes() -> Vec<(&'static str, &'static [&'static str], Vec<u8>)> {
    let json: &[&str] = &["Content-Type: application/json"];
    let text: &[&str] = &["Content-Type: text/plain; charset=ISO-8859-1"];
    let html: &[&str] = &["Content-Type: text/html"];
    let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let latin = |text: &str| text.chars().map(|c| u8::try_from(c).unwrap()).collect();
    let base64 = format!("dump {}", STANDARD.encode("{\"p\":\"S3cr3tOfMine\"}"));
    let spread: Vec<_> = PLAIN.chars().map(String::from).collect();
    vec![
        (
            MARKUP,
            html,
            format!("<html><b>no: {MARKUP}</b></html>").into(),
        ),
        (
            MARKUP,
            html,
            "<html>no: <b>Tr0ub</b>4dor&lt;&amp;3xyz</html>".into(),
        ),
        (GREETING, json, error(r"bad 'Gr\xfc\xdfe-an-4lle'")),
        (GREETING, json, error(r"bad 'Gr\303\274\303\237e-an-4lle'")),
        (
            GREETING,
            json,
            error(r"bad \U00000047r\u00fc\u00dfe-an-4lle"),
        ),
        (GREETING, text, latin("bad Grüße-an-4lle")),
        (GREETING, html, latin("<html>bad Grüße-an-4lle</html>")),
        (PLAIN, text, utf16("bad S3cr3tOfMine")),
        (PLAIN, json, error(&base64)),
        (PLAIN, json, error("5333637233744f664d696e65")),
        (PLAIN, json, error(&spread.join("\u{200b}"))),
        (PLAIN, json, error("s3cr3tofmine or eniMfOt3rc3S")),
    ]
}

#[test]
fn a_registry_that_repeats_the_password_in_any_way_shows_none_of_it() {
    for (password, headers, body) in echoes() {
        let answer = refused_with(password, headers, &body);
        let said = message(&answer);
        assert!(said.contains("********"), "{said}");
        let visible: String = said.chars().filter(|c| c.is_alphanumeric()).collect();
        for part in [
            "Tr0", "4dor", "3xyz", "4lle", "fcdfe", "S3c", "s3c", "Mine", "mine", "3rc3S", "5333",
            "NjcjN0",
        ] {
            assert!(!visible.contains(part), "{password}: {part} in {said}");
        }
    }
}

#[test]
fn a_redirect_into_the_password_is_masked() {
    let registry =
        Scripted::plain(|_| reply(302, &["Location: https://S3cr3tOfMine.example.com/v2/"], ""));
    let answer = validate(&registry.host(), "S3cr3tOfMine");
    let text = answer.stdout.to_lowercase();
    assert!(!text.contains("s3cr3t"), "{text}");
}

/// A mask in our own sentence would spell the word, and spoil the sentence.
#[test]
fn no_password_changes_what_the_program_says_itself() {
    let registry = Scripted::plain(|_| head(401, &[BASIC]));
    let expected = validate(&registry.host(), "xK9#mQ2$vL7").json["msg"].clone();
    let words = [
        "a",
        "user",
        "pass",
        "check",
        "refused",
        "password",
        "somebody",
        "registry",
        "oreg_auth_password",
    ];
    let own = expected
        .as_str()
        .unwrap()
        .split_whitespace()
        .map(str::to_owned);
    for password in words.map(str::to_owned).into_iter().chain(own) {
        let answer = validate(&registry.host(), &password);
        assert_eq!(answer.json["msg"], expected, "{password}");
        assert_eq!(answer.json["registries"][0]["host"], registry.host());
    }
}

#[test]
fn a_registry_cannot_keep_the_program_busy_with_masking() {
    let token = format!("{}x", "\\".repeat(4000));
    let hostile = Scripted::plain(move |request| match request.path.as_str() {
        "/v2/" => head(401, &["WWW-Authenticate: Bearer realm=\"/token\""]),
        path if path.starts_with("/token") => reply(200, &[], &json!({"token": token}).to_string()),
        _ => reply(
            403,
            &[],
            &json!({"errors": [{"code": "DENIED", "message": "\\".repeat(60_000)}]}).to_string(),
        ),
    });
    let begin = Instant::now();
    let answer = validate(&hostile.host(), "xK9#mQ2$vL7");
    assert!(
        message(&answer).contains("withheld"),
        "{}",
        message(&answer)
    );
    assert!(
        begin.elapsed() < Duration::from_mins(1),
        "{:?}",
        begin.elapsed()
    );
}

#[test]
fn a_file_cannot_forge_lines_of_a_diff() {
    let scratch = Scratch::new();
    let key = "evil\u{1b}[2J\nother.example.com: user=fake password=sha256:000000";
    let file = scratch.write(
        "config.json",
        json!({"auths": {key: {"auth": "!"}}}).to_string(),
    );
    std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    for exclusive in [false, true] {
        let answer = Module::new("oreg_node_config").check().diff();
        let answer = answer.args(json!({
            "paths": [&file],
            "exclusive": exclusive,
            "openshift_additional_registry_credentials": [{"host": "r.example.com", "user": "u", "password": "p"}],
        }));
        let answer = answer.run().ok();
        assert!(!answer.stdout.contains(r"\u001b"), "{}", answer.stdout);
        let before = answer.json["diff"][0]["before"].as_str().unwrap();
        assert!(!before.contains("\nother.example.com"), "{before}");
    }
}

/// Runs `oreg_validate` without any test: what it took for the credential is in its answer.
fn read_as(entry: &Value) -> Answer {
    Module::new("oreg_validate")
        .args(json!({"openshift_additional_registry_credentials": entry}))
        .run()
}

#[test]
fn a_number_is_a_user_with_all_its_digits_or_refused() {
    let entry = |user: Value| json!([{"host": "r.example.com", "user": user, "password": "longpassword", "test_login": false}]);
    let exact = read_as(&entry(json!(u64::MAX))).ok();
    assert_eq!(exact.json["registries"][0]["user"], u64::MAX.to_string());
    for user in [
        "18446744073709551616",
        "12345678901234567890123",
        "1.10",
        "1e5",
    ] {
        let number: Value = serde_json::from_str(user).unwrap();
        let answer = read_as(&entry(number));
        let place = "openshift_additional_registry_credentials[0].user (host r.example.com)";
        assert!(
            answer.failure().contains(place) && answer.failure().contains("in quotes"),
            "{}",
            answer.failure()
        );
    }
}

#[test]
fn a_text_that_cannot_be_read_exactly_is_refused() {
    for password in [
        r"'100\N{EURO SIGN}'",
        r"'p\xc3\xa4ss'",
        "'it''s'",
        "'a\nb'",
        "'x', 'password': 'y'",
    ] {
        let text = format!(
            "[{{'host':'r.example.com','user':'u','test_login':False,'password':{password}}}]"
        );
        let answer = read_as(&json!(text));
        let message = answer.failure();
        let place = "openshift_additional_registry_credentials";
        assert!(
            message.starts_with(place) && message.contains("at character"),
            "{message}"
        );
        assert!(
            !message.contains("EURO") && !message.contains("xc3"),
            "{message}"
        );
    }
}

#[test]
fn paths_are_expanded_as_ansible_does_it() {
    let home = Scratch::new();
    let file = home.path("config.json");
    for path in ["~/config.json", "$HOME/config.json", "${HOME}/config.json"] {
        let arguments = home.path("args");
        let mut command = Module::new("oreg_node_config")
            .check()
            .args(json!({
                "paths": path,
                "openshift_additional_registry_credentials": [{"host": "r.example.com", "user": "u", "password": "p"}],
            }))
            .command_in(&arguments);
        let output = command.env("HOME", home.path("")).output().unwrap();
        let answer = Answer::read(&output).ok();
        let shown = answer.json["files"][0]["path"]
            .as_str()
            .unwrap()
            .replace("//", "/");
        assert_eq!(shown, file.display().to_string(), "{path}");
    }
}
