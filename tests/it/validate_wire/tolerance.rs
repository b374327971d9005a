//! Registries that docker and skopeo work with: odd headers, compressed bodies, sudden ends, no HEAD.

use std::io::Write;

use flate2::{Compression, write::GzEncoder};

use super::*;

/// A registry with Basic whose answers have these lines in their header, too.
fn with_lines(lines: String) -> Scripted {
    Scripted::plain(move |request| match htpasswd(request) {
        Reaction::Say(bytes) => {
            let text = String::from_utf8(bytes).unwrap();
            Reaction::Say(
                text.replacen("\r\n", &format!("\r\n{lines}"), 1)
                    .into_bytes(),
            )
        }
        other => other,
    })
}

#[test]
fn headers_that_do_not_matter_may_be_sloppy() {
    let many: Vec<_> = (0..480).map(|n| format!("X-{n}: y\r\n")).collect();
    for lines in [
        "Content-Security-Policy: default-src 'self';\r\n   script-src 'self'\r\n".to_owned(),
        "Server : nginx\r\n".to_owned(),
        "X Odd Name: y\r\n".to_owned(),
        "X-Control: a\u{1}b\u{7f}\r\n".to_owned(),
        "no colon at all\r\n".to_owned(),
        many.concat(),
    ] {
        let registry = with_lines(lines.clone());
        assert_eq!(
            verdict(&registry, json!({})),
            ("valid", "pulled"),
            "{lines:.40}"
        );
    }
}

fn zipped(body: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(body.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

fn encoded(status: u16, coding: &str, body: &[u8]) -> Reaction {
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status} Whatever\r\nContent-Encoding: {coding}\r\nContent-Length: {length}\r\n\r\n"
    );
    Reaction::Say([head.as_bytes(), body].concat())
}

/// A registry whose token server answers so.
fn with_token_server(answer: impl Fn() -> Reaction + Send + Sync + 'static) -> Scripted {
    Scripted::plain(move |request| match &request.authorization {
        Some(_) if request.path.starts_with("/token") => answer(),
        None if request.path.starts_with("/token") => head(401, &[]),
        Some(_) => head(200, &[]),
        None => asks_for_token(),
    })
}

#[test]
fn compressed_answers_are_read_though_none_were_asked_for() {
    let token = zipped(r#"{"token":"t"}"#);
    let registry = with_token_server(move || encoded(200, "gzip", &token));
    assert_eq!(verdict(&registry, json!({})), ("valid", "pulled"));
    let asked = registry.heard()[0].text.to_ascii_lowercase();
    assert!(asked.contains("accept-encoding: identity\r\n"), "{asked}");

    let refusal = zipped(r#"{"details":"no such account"}"#);
    let registry = with_token_server(move || encoded(401, "x-gzip", &refusal));
    let answer = validate(&registry, json!({}));
    assert_eq!(outcome(&answer), ("invalid_credentials", "rejected"));
    let said = "(the server said: \"no such account\")";
    assert!(answer.failure().contains(said), "{}", answer.failure());
}

#[test]
fn a_compressed_token_cannot_grow_without_limit_and_is_never_quoted() {
    let token = format!(r#"{{"token":"CLEAR{}"}}"#, "A".repeat(3 << 20));
    let bomb = zipped(&token);
    assert!(bomb.len() < 10_000);
    for (coding, body) in [
        ("gzip", bomb),
        ("br", b"CLEAR".to_vec()),
        ("gzip", b"CLEAR".to_vec()),
    ] {
        let registry = with_token_server(move || encoded(200, coding, &body));
        let answer = validate(&registry, json!({}));
        assert_eq!(outcome(&answer), ("registry_error", "garbage"));
        assert!(!answer.stdout.contains("CLEAR"), "{}", answer.stdout);
        assert!(
            !answer.stdout.contains("the server said"),
            "{}",
            answer.stdout
        );
    }
}

#[test]
fn a_token_that_cannot_be_read_is_not_shown() {
    for body in [
        "access_token=CLEAR&token_type=bearer",
        "CLEAR",
        "<html>CLEAR</html>",
        r#"["CLEAR"]"#,
        r#"{"token":{"raw":"CLEAR"}}"#,
        r#"{"message":"CLEAR"}"#,
    ] {
        let registry = with_token_server(move || reply(200, &[], body));
        let answer = validate(&registry, json!({}));
        assert_eq!(outcome(&answer), ("registry_error", "no_token"), "{body}");
        assert!(!answer.stdout.contains("CLEAR"), "{}", answer.stdout);
    }
    let marked = || reply(200, &[], "\u{feff}{\"token\":\"t\"}");
    assert_eq!(
        verdict(&with_token_server(marked), json!({})),
        ("valid", "pulled")
    );
}

#[test]
fn an_end_without_length_is_an_end_and_one_within_a_length_is_not() {
    let authority = Authority::new().unwrap();
    let config = server(&authority.server(&[]).unwrap());
    let answers = |line: &'static str| {
        move |request: &Heard| {
            let known = request.authorization.is_some();
            let status = if known { "200 OK" } else { "401 No" };
            let challenge = "WWW-Authenticate: Basic realm=\"r\"\r\n";
            let text =
                format!("HTTP/1.1 {status}\r\n{challenge}{line}Connection: close\r\n\r\n{{}}");
            Reaction::SayAndClose(text.into_bytes())
        }
    };
    let registry = Scripted::tls(config.clone(), answers(""));
    assert_eq!(
        verdict(&registry, trusting(&authority)),
        ("valid", "pulled")
    );
    let registry = Scripted::tls(config, answers("Content-Length: 5\r\n"));
    assert_eq!(
        verdict(&registry, trusting(&authority)),
        ("registry_error", "garbage")
    );
}

#[test]
fn a_registry_without_head_is_asked_by_get() {
    for status in [404, 405, 501] {
        let registry = Scripted::plain(move |request| match request.method.as_str() {
            "HEAD" => head(status, &[]),
            _ => htpasswd(request),
        });
        assert_eq!(
            verdict(&registry, json!({})),
            ("valid", "pulled"),
            "{status}"
        );
    }
}

#[test]
fn a_status_that_means_nothing_here_is_shown_with_its_words() {
    for status in [402, 410, 423, 451, 500] {
        let registry = Scripted::plain(move |request| match htpasswd(request) {
            _ if !request.path.contains("/manifests/") => htpasswd(request),
            _ if request.method == "HEAD" => head(status, &[]),
            _ => reply(
                status,
                &[],
                r#"{"errors":[{"code":"X","message":"it is written here"}]}"#,
            ),
        });
        let answer = validate(&registry, json!({"retries": 0}));
        let said = answer.failure();
        assert!(
            said.contains("the server said: \"X: it is written here\""),
            "{said}"
        );
        assert!(said.contains(&format!("with status {status}")), "{said}");
    }
}
