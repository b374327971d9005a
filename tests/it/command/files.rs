//! Files that are not what they should be: a clear message, status 2, and nothing of their content.

use std::fs::File;

use base64::{Engine, engine::general_purpose::STANDARD};

use super::{PASSWORD, USER, registry};
use crate::support::{
    command::{Account, config},
    scratch::read,
};

#[test]
fn bad_files_are_named_without_their_content() {
    let account = Account::new();
    let write = |name: &str, bytes: &[u8]| account.home.write(name, bytes);
    write("empty", b"");
    write("text", b"my password is hunter2");
    write("cut", b"{\"auths\": {\"r.io\": {\"auth\": \"hunter2\n");
    write("binary", b"\x7fELF\0hunter2");
    write("list", b"[\"hunter2\"]");
    write("utf16", b"\xff\xfe{\0}\0");
    write(
        "manifest",
        b"kind: Secret\ndata:\n  .dockerconfigjson: '*hunter2*'\n",
    );
    File::create(account.home.path("large"))
        .unwrap()
        .set_len(64 << 20)
        .unwrap();
    let fifo = account.home.path("fifo");
    rustix::fs::mkfifoat(rustix::fs::CWD, fifo, rustix::fs::Mode::RUSR).unwrap();
    for (name, expected) in [
        ("empty", "is empty"),
        ("text", "holds no credentials"),
        ("cut", "line 1 column 36"),
        ("binary", "is not text (byte 4)"),
        ("list", "line 1 column 1"),
        ("utf16", "UTF-16"),
        ("manifest", "is not base64"),
        ("large", "larger than"),
        ("none", "there is no such file"),
        ("bin", "is a directory"),
        ("fifo", "is a FIFO"),
    ] {
        for command in [
            &["check", name][..],
            &["show", name],
            &["diff", name, name],
            &["secret", name],
            &["report", name],
        ] {
            let outcome = account.run(command);
            assert_eq!(outcome.status, Some(2), "{command:?} {outcome:#?}");
            assert_eq!(outcome.stdout, "");
            assert!(!outcome.stderr.contains("hunter2"), "{outcome:#?}");
            assert!(outcome.stderr.contains(name), "{outcome:#?}");
            // Said once, in the words of a person: nothing of the system's own behind it.
            assert!(!outcome.stderr.contains("os error"), "{outcome:#?}");
            assert_eq!(outcome.stderr.lines().count(), 1, "{outcome:#?}");
            if command[0] != "report" {
                assert!(
                    outcome.stderr.contains(expected),
                    "{command:?} {outcome:#?}"
                );
            }
        }
    }
}

#[test]
fn all_files_are_read_before_anything_is_asked() {
    let (account, registry) = (Account::new(), registry());
    account.config("good.json", &[(&registry.host(), USER, PASSWORD)]);
    let outcome = account.run(&["check", "good.json", "none.json", "neither.json"]);
    assert_eq!(outcome.status, Some(2));
    assert!(outcome.stderr.contains("none.json") && outcome.stderr.contains("neither.json"));
    assert!(registry.heard().is_empty());
}

#[test]
fn a_pipe_is_read_like_a_file() {
    let (account, registry) = (Account::new(), registry());
    let host = registry.host();
    let text = STANDARD.encode(config(&[(&host, USER, PASSWORD)]));
    let outcome = account.run_with_input(&["check", "/dev/stdin", "--insecure", &host], text);
    outcome.ends_with(0);
}

#[test]
fn a_secret_is_made_and_read_again() {
    let account = Account::new();
    account.config("one.json", &[("a.io", "u", "p")]);
    account.config("two.json", &[("a.io", "u", "other"), ("b.io", "v", "q")]);
    let arguments = [
        "secret",
        "one.json",
        "two.json",
        "--name",
        "pull",
        "--namespace",
        "ns",
    ];
    let manifest = account.run(&arguments);
    let manifest = manifest.ends_with(0);
    assert!(
        manifest.contains("kind: Secret")
            && manifest.contains("name: pull")
            && manifest.contains("namespace: ns")
    );
    let shown = account.run_with_input(&["show", "-"], manifest);
    assert!(shown.ends_with(0).contains("Secret ns/pull"), "{shown:#?}");
    account.home.write("secret.yml", manifest);
    account.config("both.json", &[("a.io", "u", "p"), ("b.io", "v", "q")]);
    account
        .run(&["diff", "secret.yml", "both.json"])
        .ends_with(0);
    let to = account.run(&["secret", "one.json", "--to", "private.yml"]);
    to.ends_with(0);
    let private = account.home.path("private.yml");
    assert_eq!(crate::support::scratch::mode(&private), 0o600);
    assert!(read(&private).contains("kind: Secret"));
}

#[test]
fn a_difference_has_a_status() {
    let account = Account::new();
    account.config("one.json", &[("a.io", "u", "p"), ("b.io", "v", "q")]);
    account.config(
        "two.json",
        &[("https://a.io/v1/", "u", "p"), ("b.io", "v", "hunter2")],
    );
    let outcome = account.run(&["diff", "one.json", "two.json"]);
    let text = outcome.ends_with(1);
    assert!(
        !text.contains("a.io") && !text.contains("hunter2"),
        "{text}"
    );
    assert_eq!(text.lines().count(), 2, "{text}");
    account.run(&["diff", "one.json", "one.json"]).ends_with(0);
}

/// Arguments may come from a file or a page: a complaint about them forges no line and steers no terminal.
#[test]
fn a_wrong_argument_is_quoted_without_what_steers_a_terminal() {
    let account = Account::new();
    for arguments in [
        &["check", "--fo\u{202e}o\noreg: all is well\u{1b}[2J"][..],
        &[
            "check",
            "--timeout",
            "a\u{202e}\noreg: all is well\u{1b}[2J",
        ],
        &["chec\u{202e}k\noreg: all is well\u{1b}[2J"],
        &["inventory", "--lis\u{202e}t\noreg: all is well\u{1b}[2J"],
        &[
            "login",
            "r\u{202e}.io\noreg: all is well\u{1b}[2J",
            "-u",
            "u",
        ],
    ] {
        let outcome = account.run(arguments);
        assert_eq!((outcome.status, outcome.stdout.as_str()), (Some(2), ""));
        let message = &outcome.stderr;
        assert!(message.contains("\u{fffd}oreg: all is well"), "{message}");
        assert!(
            !message.contains("\noreg: all") && !message.contains(['\u{202e}', '\u{1b}']),
            "{message:?}"
        );
    }
}
