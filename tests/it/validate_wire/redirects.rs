//! Servers that would have the credential sent elsewhere.

use super::*;

/// A step of a proof: its name, what the registry asks for, and how its request is known.
type Step = (&'static str, fn() -> Reaction, fn(&Heard) -> bool);

const STEPS: [Step; 8] = [
    ("ping", asks_for_token, |one| one.path == "/v2/"),
    ("ping with password", asks_for_basic, |one| {
        one.path == "/v2/" && one.authorization.is_some()
    }),
    ("login", asks_for_token, |one| {
        one.path.starts_with("/token") && !one.path.contains("scope=")
    }),
    ("token for the image", asks_for_token, |one| {
        one.path.starts_with("/token") && one.path.contains("scope=")
    }),
    ("image with token", asks_for_token, |one| {
        one.method == "HEAD" && one.path.contains("/manifests/")
    }),
    ("image with password", asks_for_basic, |one| {
        one.method == "HEAD" && one.path.contains("/manifests/")
    }),
    ("its text with token", asks_for_token, |one| {
        one.method == "GET" && one.path.contains("/manifests/")
    }),
    ("its text with password", asks_for_basic, |one| {
        one.method == "GET" && one.path.contains("/manifests/")
    }),
];

/// A registry without the image; at one step it sends its visitors elsewhere.
fn diverting(
    asks: fn() -> Reaction,
    at: fn(&Heard) -> bool,
    to: &str,
) -> impl Fn(&Heard) -> Reaction + use<> {
    let location = format!("Location: {to}");
    move |request| match &request.authorization {
        _ if at(request) => head(307, &[&location]),
        _ if request.path.starts_with("/token") => {
            reply(200, &[], "{\"token\":\"t0ken-of-the-wire\"}")
        }
        None => asks(),
        Some(_) if request.path == "/v2/" => head(200, &[]),
        Some(_) => head(404, &[]),
    }
}

#[test]
fn no_credential_follows_a_redirect_at_any_step() {
    let authority = Authority::new().unwrap();
    let identity = authority.server(&[]).unwrap();
    let thief = Scripted::plain(|_| reply(200, &[], "{\"token\":\"t\"}"));
    let secure_thief = Scripted::tls(server(&identity), |_| reply(200, &[], "{\"token\":\"t\"}"));
    let targets = [
        format!("http://{}/x", thief.host()),
        format!("https://{}/x", secure_thief.host()),
        format!("http://somebody:{PASSWORD}@{}/x", thief.host()),
    ];
    for (name, asks, at) in STEPS {
        for to in &targets {
            let plain = Scripted::plain(diverting(asks, at, to));
            let secure = Scripted::tls(server(&identity), diverting(asks, at, to));
            for (registry, options) in [(&plain, json!({})), (&secure, trusting(&authority))] {
                validate(registry, options);
                assert!(registry.heard().iter().any(at), "{name} was not asked for");
            }
        }
    }
    for heard in [thief.heard(), secure_thief.heard()].concat() {
        let is_clean = |secret: &str| !heard.text.contains(secret);
        assert!(heard.authorization.is_none(), "{}", heard.text);
        assert!(
            [PASSWORD, PAIR, "t0ken"].into_iter().all(is_clean),
            "{}",
            heard.text
        );
    }
}

#[test]
fn a_secure_token_server_that_leads_to_plain_http_is_not_followed() {
    let authority = Authority::new().unwrap();
    let thief = Scripted::plain(|_| reply(200, &[], "{\"token\":\"t\"}"));
    let (_, asks, at) = STEPS[2];
    let to = format!("http://{}/x", thief.host());
    let identity = server(&authority.server(&[]).unwrap());
    let registry = Scripted::tls(identity, diverting(asks, at, &to));
    let outcome = verdict(&registry, trusting(&authority));
    assert_eq!(outcome, ("registry_error", "redirect_to_http"));
    assert!(thief.heard().is_empty());
}

#[test]
fn realms_that_would_mislead_get_nothing() {
    let thief = Scripted::plain(|_| reply(200, &[], "{\"token\":\"t\"}"));
    for realm in [
        format!("http://somebody@{}/token", thief.host()),
        format!("http://somebody:word@{}/token", thief.host()),
        "http://169.254.169.254/latest".to_owned(),
        "http://10.0.0.1/token".to_owned(),
        "http://[fe80::1]/token".to_owned(),
        "ftp://127.0.0.1/token".to_owned(),
    ] {
        let challenge = format!("WWW-Authenticate: Bearer realm=\"{realm}\"");
        let registry = Scripted::plain(move |_| head(401, &[&challenge]));
        let answer = validate(&registry, json!({}));
        assert_eq!(
            outcome(&answer),
            ("registry_error", "unsafe_realm"),
            "{realm}"
        );
        assert!(
            registry
                .heard()
                .iter()
                .all(|heard| heard.authorization.is_none())
        );
    }
    assert!(thief.heard().is_empty());
}

/// Whatever stands in a challenge, it becomes part of one request line, encoded.
#[test]
fn challenges_inject_no_header() {
    for challenge in [
        "Bearer realm=\"/token\",service=\"a%0d%0aX-Evil: 1\"",
        "Bearer realm=\"/token\",service=\"a\\r\\nX-Evil: 1\"",
        "Bearer realm=\"/token\",service=\"a\tX-Evil: 1 HTTP/1.1\"",
        "Bearer realm=\"/token?x=%0d%0aX-Evil:1\"",
        "Bearer realm=\"/token%0d%0aX-Evil:1\"",
        "Bearer realm=\"/token\",scope=\"\tX-Evil: 1\"",
        "Bearer realm=\"/token\",service=\"é\u{202e}\"",
    ] {
        let header = format!("WWW-Authenticate: {challenge}");
        let registry = Scripted::plain(move |request| match &request.authorization {
            Some(_) if request.path.starts_with("/token") => reply(200, &[], "{\"token\":\"t\"}"),
            Some(_) => head(200, &[]),
            None => head(401, &[&header]),
        });
        assert_eq!(
            verdict(&registry, json!({})),
            ("valid", "pulled"),
            "{challenge}"
        );
        let asked = registry.heard();
        assert!(
            asked.iter().any(|one| one.path.starts_with("/token")),
            "{challenge}"
        );
        for heard in asked {
            let is_evil = |line: &str| line.to_ascii_lowercase().starts_with("x-evil");
            assert!(
                !heard.text.split(['\r', '\n']).any(is_evil),
                "{}",
                heard.text
            );
            assert!(
                heard.path.bytes().all(|byte| byte.is_ascii_graphic()),
                "{}",
                heard.path
            );
            assert!(
                heard.text.lines().next().unwrap().ends_with(" HTTP/1.1"),
                "{}",
                heard.text
            );
        }
    }
}

/// Header lines that are folded, or end in a bare CR or LF, are no way in either.
#[test]
fn broken_header_lines_inject_nothing() {
    for fold in [
        "\r\n X-Evil: 1",
        "\r X-Evil: 1",
        "\u{b}X-Evil: 1",
        "\0X-Evil: 1",
    ] {
        let header = format!("WWW-Authenticate: Bearer realm=\"/token{fold}\"");
        let registry = Scripted::plain(move |_| head(401, &[&header]));
        let answer = validate(&registry, json!({}));
        // A folded line is one line with blanks in it; the others are no lines, so there is no challenge.
        let expected = ["registry_error", "invalid_credentials"];
        assert!(
            expected.contains(&outcome(&answer).0),
            "{fold:?}: {}",
            answer.stdout
        );
        let heard = registry.heard();
        assert!(
            !heard.iter().any(|one| one.text.contains("X-Evil")),
            "{fold:?}"
        );
    }
}

/// A registry with Basic that has its manifests at `location`.
fn with_store(location: String) -> Scripted {
    let location = format!("Location: {location}");
    Scripted::plain(move |request| match &request.authorization {
        Some(_) if request.path.contains("/manifests/") => head(307, &[&location]),
        _ => htpasswd(request),
    })
}

#[test]
fn an_image_is_where_its_manifest_is() {
    type Answers = fn(&Heard) -> Reaction;
    let table: [(Answers, (&str, &str)); 5] = [
        (|_| reply(200, &[], ""), ("valid", "pulled")),
        (|_| head(404, &[]), ("image_not_found", "no_image")),
        (|_| head(403, &[]), ("denied", "forbidden")),
        (
            |_| head(200, &["Content-Type: text/html"]),
            ("not_a_registry", "web_page"),
        ),
        (
            |one| head(if one.method == "HEAD" { 405 } else { 200 }, &[]),
            ("valid", "pulled"),
        ),
    ];
    for (answers, expected) in table {
        let store = Scripted::plain(answers);
        let registry = with_store(format!("http://{}/blob", store.host()));
        assert_eq!(verdict(&registry, json!({})), expected);
        let heard = store.heard();
        assert!(!heard.is_empty(), "the store was not asked");
        assert!(heard.iter().all(|one| one.authorization.is_none()));
    }
}

#[test]
fn a_store_that_is_not_there_is_no_proof() {
    let registry = with_store("http://127.0.0.1:1/blob".to_owned());
    let outcome = verdict(&registry, json!({"retries": 0}));
    assert_eq!(outcome, ("unreachable", "refused"));
}

#[test]
fn a_registry_that_redirects_to_its_own_plain_http_is_reported() {
    let authority = Authority::new().unwrap();
    let config = server(&authority.server(&[]).unwrap());
    let registry = Scripted::tls(config, |request| {
        let host = request
            .text
            .lines()
            .find_map(|line| line.strip_prefix("host: "));
        let location = format!("Location: http://{}/v2/", host.unwrap());
        head(301, &[&location])
    });
    assert_eq!(
        verdict(&registry, trusting(&authority)),
        ("registry_error", "redirect_to_http")
    );
}

#[test]
fn a_realm_that_is_no_address_gets_nothing() {
    for realm in [
        "realm='http://127.0.0.1:1/token'",
        "realm=\"\\\"http://127.0.0.1:1/token\\\"\"",
        "realm=\"token\"",
        "realm=\"//127.0.0.1:1/token\"",
        "realm=\"/\\\\127.0.0.1:1/token\"",
        "realm=\"http:127.0.0.1/token\"",
    ] {
        let challenge = format!("WWW-Authenticate: Bearer {realm},service=\"s\"");
        let registry = Scripted::plain(move |_| head(401, &[&challenge]));
        let outcome = verdict(&registry, json!({}));
        assert_eq!(
            outcome,
            ("registry_error", "malformed_challenge"),
            "{realm}"
        );
        assert_eq!(registry.heard().len(), 1);
    }
}

#[test]
fn a_realm_elsewhere_in_clear_gets_nothing() {
    let thief = Scripted::plain(|_| reply(200, &[], "{\"token\":\"t\"}"));
    let challenge = format!(
        "WWW-Authenticate: Bearer realm=\"http://{}/token\"",
        thief.host()
    );
    let authority = Authority::new().unwrap();
    let registry = Scripted::tls(server(&authority.server(&[]).unwrap()), move |_| {
        head(401, &[&challenge])
    });
    let answer = validate(&registry, trusting(&authority));
    assert_eq!(outcome(&answer), ("registry_error", "unsafe_realm"));
    assert!(thief.heard().is_empty());
}
