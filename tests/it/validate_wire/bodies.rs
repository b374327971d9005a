//! Answers that are broken, endless, slow, or say too much.

use super::*;

#[test]
fn a_hiccup_is_tried_again() {
    let tries = AtomicUsize::new(0);
    let registry = Scripted::plain(move |request| match tries.fetch_add(1, Ordering::SeqCst) {
        0 => reply(503, &[], "busy"),
        1 => Reaction::SayAndClose(Vec::new()),
        _ => htpasswd(request),
    });
    assert_eq!(verdict(&registry, json!({})), ("valid", "pulled"));
}

#[test]
fn retry_after_is_heeded_within_the_time() {
    let tries = AtomicUsize::new(0);
    let registry = Scripted::plain(move |request| match tries.fetch_add(1, Ordering::SeqCst) {
        0 => reply(429, &["Retry-After: 1"], ""),
        _ => htpasswd(request),
    });
    let begin = Instant::now();
    assert_eq!(
        verdict(&registry, json!({"delay": 60})),
        ("valid", "pulled")
    );
    assert!(begin.elapsed() >= Duration::from_secs(1));

    let registry = Scripted::plain(|_| reply(429, &["Retry-After: 3600"], "toomanyrequests"));
    assert_eq!(
        verdict(&registry, json!({})),
        ("rate_limited", "too_many_requests")
    );
    assert_eq!(registry.heard().len(), 1);
}

#[test]
fn a_silent_registry_ends_with_the_timeout() {
    let registry = Scripted::plain(|_| {
        thread::sleep(Duration::from_secs(15));
        reply(200, &[], "")
    });
    let begin = Instant::now();
    let answer = validate(&registry, json!({"timeout": 1}));
    assert_eq!(outcome(&answer), ("unreachable", "timeout"));
    assert!(
        answer.failure().contains(&registry.host()),
        "{}",
        answer.failure()
    );
    assert!(begin.elapsed() < Duration::from_secs(8));
}

#[test]
fn a_body_that_stops_is_not_waited_for() {
    let registry = Scripted::plain(|_| {
        Reaction::Say(b"HTTP/1.1 401 X\r\nContent-Length: 50\r\n\r\nhalf".to_vec())
    });
    assert_eq!(
        verdict(&registry, json!({"timeout": 1})),
        ("unreachable", "timeout")
    );
}

#[test]
fn an_answer_that_never_ends_is_not_waited_for() {
    let begin = Instant::now();
    for start in [
        "HTTP/1.1 200 OK\r\nX: ",
        "HTTP/1.1 401 X\r\nContent-Length: 5000\r\n\r\n",
        "HTTP/1.1 200 OK\r\n\r\n",
    ] {
        let registry = Scripted::plain(move |_| Reaction::SayAndDrip(start.into()));
        assert_eq!(
            verdict(&registry, json!({"timeout": 1})),
            ("unreachable", "timeout"),
            "{start:?}"
        );
    }
    assert!(begin.elapsed() < Duration::from_secs(15));
}

/// The connection is taken by the system, and nobody ever looks at it.
#[test]
fn a_server_that_never_speaks_tls_is_not_waited_for() {
    let mute = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let host = mute.local_addr().unwrap().to_string();
    let begin = Instant::now();
    let answer = Module::new("oreg_validate")
        .args(json!({
            "openshift_additional_registry_credentials": [{"host": host, "password": PASSWORD}],
            "timeout": 1, "delay": 0,
        }))
        .run();
    assert_eq!(outcome(&answer), ("unreachable", "timeout"));
    assert!(begin.elapsed() < Duration::from_secs(8));
}

/// Each registry has its time, retries included, and as many as `parallelism` share it.
#[test]
fn the_whole_task_is_bounded() {
    let silent = || {
        Scripted::plain(|_| {
            thread::sleep(Duration::from_secs(15));
            reply(200, &[], "")
        })
    };
    let registries: Vec<_> = (0..12).map(|_| silent()).collect();
    let hosts: Vec<_> = registries.iter().map(Scripted::host).collect();
    let entries: Vec<_> = registries
        .iter()
        .map(|one| credential(one, json!({})))
        .collect();
    let begin = Instant::now();
    let answer = Module::new("oreg_validate")
        .args(json!({
            "openshift_additional_registry_credentials": entries,
            "openshift_docker_insecure_registries": hosts,
            "parallelism": 6, "timeout": 1, "retries": 100, "delay": 0,
        }))
        .run();
    let elapsed = begin.elapsed();
    let found = answer.json["registries"].as_array().unwrap();
    assert_eq!(found.len(), 12);
    assert!(
        found.iter().all(|one| one["reason"] == "timeout"),
        "{}",
        answer.stdout
    );
    assert!(elapsed >= Duration::from_secs(2), "{elapsed:?}");
    assert!(elapsed < Duration::from_secs(7), "{elapsed:?}");
}

/// One that repeats what it was sent, and has no mark by which it could be known for a proxy.
#[test]
fn a_proxys_password_is_not_shown_though_it_repeats_it() {
    let proxy = Scripted::plain(|request| match &request.authorization {
        Some(_) => {
            let lines = request.text.lines();
            let own: Vec<_> = lines
                .filter(|line| !line.starts_with("user-agent"))
                .collect();
            reply(401, &["Content-Type: text/plain"], &own.join(" "))
        }
        None => asks_for_basic(),
    });
    let registry = Scripted::plain(htpasswd);
    let address = format!("http://squire:pr%40xy-w0rd@{}", proxy.host());
    let answer = validate(&registry, json!({"http_proxy": address}));
    assert_eq!(outcome(&answer), ("invalid_credentials", "rejected"));
    let text = answer.stdout.to_ascii_lowercase();
    assert!(
        text.contains("proxy-authorization: basic ********"),
        "{text}"
    );
    for secret in ["pr%40xy", "pr@xy", "c3f1axjlonbyqhh5lxcwcmq="] {
        assert!(!text.contains(secret), "{text}");
    }
}

/// Whatever the server says of it.
#[test]
fn a_text_that_is_not_packed_is_read_as_it_is() {
    let registry = Scripted::plain(|request| match request.authorization {
        Some(_) => reply(401, &["Content-Encoding: gzip"], "\u{1f}not to be unpacked"),
        None => asks_for_basic(),
    });
    let answer = validate(&registry, json!({}));
    assert_eq!(outcome(&answer), ("invalid_credentials", "rejected"));
    assert!(
        answer.failure().contains("not to be unpacked"),
        "{}",
        answer.failure()
    );
}

#[test]
fn broken_answers_are_the_registrys_fault() {
    for bytes in [
        &b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhalf"[..],
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffff\r\nhalf",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 999999 ?\r\n\r\n",
    ] {
        let registry = Scripted::plain(move |_| Reaction::SayAndClose(bytes.to_vec()));
        assert_eq!(
            verdict(&registry, json!({})),
            ("registry_error", "garbage"),
            "{bytes:?}"
        );
    }
}

#[test]
fn endless_bodies_are_read_to_a_bound() {
    let filler = "x".repeat(3 << 20);
    let token = format!("{{\"token\":\"{filler}\"}}");
    let registry = Scripted::plain(move |request| {
        if request.path.starts_with("/token") {
            reply(200, &[], &token)
        } else {
            asks_for_token()
        }
    });
    assert_eq!(verdict(&registry, json!({})), ("registry_error", "garbage"));

    let registry = Scripted::plain(move |request| match request.authorization {
        Some(_) => reply(401, &[], &filler),
        None => asks_for_basic(),
    });
    let answer = validate(&registry, json!({}));
    assert_eq!(outcome(&answer), ("invalid_credentials", "rejected"));
    assert!(answer.stdout.len() < 4096, "the server's text is cut");

    let head = format!("HTTP/1.1 200 OK\r\nX: {}", "x".repeat(3 << 20));
    let registry = Scripted::plain(move |_| Reaction::Say(head.clone().into_bytes()));
    assert_eq!(verdict(&registry, json!({})), ("registry_error", "garbage"));
}

#[test]
fn texts_of_servers_are_cleaned() {
    let echo = format!("\u{1b}[2J {PASSWORD} {PAIR}\nPLAY RECAP\u{202e}");
    let registry = Scripted::plain(move |request| match request.authorization {
        Some(_) => reply(401, &["Content-Type: text/plain"], &echo),
        None => asks_for_basic(),
    });
    let answer = validate(&registry, json!({}));
    assert!(
        answer
            .failure()
            .contains("the server said: \"[2J ******** ******** PLAY RECAP\""),
        "{}",
        answer.failure()
    );
}
