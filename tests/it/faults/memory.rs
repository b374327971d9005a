//! Memory against hostile input: every program within a limit of its address space (`RLIMIT_AS`) says what is wrong, and
//! is not ended by the system. The bound is for the debug programs, whose own code has tens of megabytes.

use std::{
    fmt::Write as _,
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Command, Output},
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::times;
use crate::support::{
    command::Account,
    module::Module,
    scratch::Scratch,
    scripted::{Reaction, Scripted, reply},
    tools,
};

/// MiB of address space. What is read of files and answers is bounded; nothing may grow with what is sent.
const LIMIT: u64 = 512;

/// The same for what is read of those who have all rights anyway: 16 MiB of arguments, and 64 MiB of an answer of the
/// API server, in objects of a few bytes each.
const LIMIT_OF_TRUSTED: u64 = 1024;

/// The longest that any of these may take, on a busy machine.
const LONGEST: Duration = Duration::from_secs(90);

const MIB: usize = 1 << 20;

/// Runs a command within a limit; returns what it printed, and its peak memory in MiB.
fn limited(command: &Command, limit: u64, input: &str) -> (Output, u64) {
    // Its own memory is small, so the peak of its children is that of the program.
    const MEASURE: &str = "import resource, subprocess, sys
limit = int(sys.argv[1]) << 20
bound = lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
with open(sys.argv[2], 'rb') as text:
    status = subprocess.run(sys.argv[4:], stdin=text, preexec_fn=bound).returncode
with open(sys.argv[3], 'w') as peak:
    peak.write(str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss))
sys.exit(status if status >= 0 else 128 - status)";
    let scratch = Scratch::new();
    let peak = scratch.path("peak");
    let mut measured = Command::new(tools::find("python3"));
    measured.args(["-c", MEASURE, &limit.to_string()]);
    measured.arg(scratch.write("input", input)).arg(&peak);
    measured.arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        measured.env(name, value.unwrap_or_default());
    }
    let begin = Instant::now();
    let output = measured.output().unwrap();
    assert!(
        begin.elapsed() < LONGEST,
        "{:?} {command:?}",
        begin.elapsed()
    );
    let kilobytes: u64 = crate::support::scratch::read(&peak).parse().unwrap();
    (output, kilobytes >> 10)
}

#[expect(clippy::print_stderr, reason = "a figure, shown with --nocapture")]
fn show(what: &str, peak: u64) {
    eprintln!("{what}: {peak} MiB");
}

/// The program answers: it does not crash, and a status says that something is wrong, or nothing.
fn answers(what: &str, command: &Command, limit: u64, input: &str) {
    let (output, peak) = limited(command, limit, input);
    let code = output.status.code().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(code < 100, "{what}: ended with {code}: {said}");
    show(what, peak);
}

fn module_answers(what: &str, module: &Module) {
    module_answers_within(LIMIT, what, module);
}

fn module_answers_within(limit: u64, what: &str, module: &Module) {
    let scratch = Scratch::new();
    let command = module.command(&scratch);
    let (output, peak) = limited(&command, limit, "");
    let text = String::from_utf8_lossy(&output.stdout);
    let answer: Value =
        serde_json::from_str(&text).unwrap_or_else(|_| panic!("{what}: {output:?}"));
    assert!(answer.is_object(), "{what}: {text}");
    show(what, peak);
}

/// The first, or all.
fn sizes(all: &[usize]) -> Vec<usize> {
    all[..times(1, all.len())].to_vec()
}

/// Texts that cost a reader more than others, of about `size` bytes.
fn hostile_texts(size: usize) -> Vec<(&'static str, String)> {
    let repeated =
        |head: &str, one: &str, tail: &str| format!("{head}{}{tail}", one.repeat(size / one.len()));
    vec![
        ("white space", " ".repeat(size)),
        ("one text", repeated("{\"auths\":\"", "a", "\"}")),
        ("open brackets", "[".repeat(size)),
        ("objects in objects", repeated("", "{\"a\":", "")),
        ("empty objects", repeated("{\"items\":[", "{},", "{}]}")),
        (
            "entries",
            format!(
                "{{\"auths\":{{{}\"z\":{{}}}}}}",
                numbered(size / 14, |text, n| write!(text, "\"h{n}\":{{}},"))
            ),
        ),
        ("YAML lines", repeated("a:\n", "- b\n", "")),
        (
            "YAML keys",
            numbered(size / 11, |text, n| writeln!(text, "k{n}: v")),
        ),
        ("aliases", aliases()),
        ("NUL bytes", "\0".repeat(size)),
    ]
}

/// One text of `count` parts.
fn numbered(count: usize, part: impl Fn(&mut String, usize) -> std::fmt::Result) -> String {
    let mut text = String::new();
    for n in 0..count {
        part(&mut text, n).unwrap();
    }
    text
}

/// Each line names the one before ten times: 10⁹ texts, written out.
fn aliases() -> String {
    let mut text = "a0: &a0 text\n".to_owned();
    for level in 1..10 {
        let names = vec![format!("*a{}", level - 1); 10].join(", ");
        writeln!(text, "a{level}: &a{level} [{names}]").unwrap();
    }
    text
}

#[test]
fn files_take_bounded_memory() {
    let account = Account::new();
    for size in sizes(&[MIB - 100, 15 * MIB, 64 * MIB]) {
        for (name, text) in hostile_texts(size) {
            let file = account.home.write("hostile", &text);
            crate::support::scratch::set_mode(&file, 0o600);
            let path = file.to_str().unwrap();
            let what = |program: &str| format!("{program}, {} MiB of {name}", size.div_ceil(MIB));
            for words in [
                &["show", path][..],
                &["diff", path, path],
                &["secret", path],
                &["report", path],
                &["logout", "r.example.com", "--authfile", path],
            ] {
                answers(&what(words[0]), &account.command(words), LIMIT, "");
            }
            answers(
                &what("show -"),
                &account.command(&["show", "-"]),
                LIMIT,
                &text,
            );
            module_answers(
                &what("oreg_node_config"),
                &Module::new("oreg_node_config")
                    .args(json!({
                    "paths": [path], "openshift_additional_registry_credentials":
                        [{"host": "r.example.com", "password": "p"}]}))
                    .check(),
            );
            module_answers(
                &what("kubeconfig"),
                &Module::new("oreg_pull_secrets").args(json!({
                    "kubeconfig": path, "openshift_additional_registry_credentials":
                        [{"host": "r.example.com", "password": "p"}]})),
            );
            module_answers(
                &what("oreg_validate auth_files"),
                &Module::new("oreg_validate").args(json!({"auth_files": [path], "timeout": 1,
                    "connect_timeout": 1, "retries": 0})),
            );
        }
    }
}

#[test]
fn arguments_take_bounded_memory() {
    let scratch = Scratch::new();
    for size in sizes(&[15 * MIB, 64 * MIB]) {
        for (name, text) in hostile_texts(size) {
            let arguments = scratch.write("args", &text);
            for program in [
                "oreg_node_config",
                "oreg_validate",
                "oreg_report",
                "docker_creds",
            ] {
                let what = format!("arguments of {program}, {} MiB of {name}", size / MIB);
                let mut command = Command::new(crate::support::module::binary(program));
                command.arg(&arguments);
                answers(&what, &command, LIMIT_OF_TRUSTED, "");
            }
        }
    }
}

/// A server that never stops saying the same thing, after a beginning.
fn endless(head: &'static str, again: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let host = listener.local_addr().unwrap().to_string();
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            thread::spawn(move || talk(stream, head, &again.repeat(1 + 65536 / again.len())));
        }
    });
    host
}

/// Until the other side has enough of it, but not for more than 4 GiB.
fn talk(mut stream: TcpStream, head: &str, again: &str) {
    let _ = stream.set_read_timeout(Some(Duration::from_secs(5)));
    let _ = stream.read(&mut [0; 4096]);
    let mut sent = 0_u64;
    let mut alive = stream.write_all(head.as_bytes()).is_ok();
    while alive && sent < 4 << 30 {
        alive = stream.write_all(again.as_bytes()).is_ok();
        sent += again.len() as u64;
    }
}

fn validate(host: &str) -> Module {
    Module::new("oreg_validate").args(json!({
        "openshift_docker_insecure_registries": [host], "timeout": 20, "connect_timeout": 5,
        "retries": 0, "openshift_additional_registry_credentials":
            [{"host": host, "user": "u", "password": "p", "test_image": "a/b:1"}],
    }))
}

#[test]
fn servers_without_end_take_bounded_memory() {
    let plain = "HTTP/1.1 200 OK\r\n\r\n";
    let servers = [
        ("a status line without end", endless("HTTP/1.1 200 ", "a")),
        (
            "headers without end",
            endless("HTTP/1.1 200 OK\r\n", "X-A: b\r\n"),
        ),
        (
            "a header without end",
            endless("HTTP/1.1 401 No\r\nWWW-Authenticate: ", "a,"),
        ),
        ("a body without end", endless(plain, "a")),
        ("JSON without end", endless(plain, "[{},")),
        (
            "a refusal without end",
            endless(
                "HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm=\"r\"\r\n\r\n",
                "a",
            ),
        ),
        (
            "chunks without end",
            endless(
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
                "1\r\na\r\n",
            ),
        ),
        (
            "a chunk's extension without end",
            endless(
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;",
                "a",
            ),
        ),
    ];
    for (name, host) in &servers {
        module_answers(&format!("oreg_validate, {name}"), &validate(host));
        let scratch = Scratch::new();
        module_answers(
            &format!("oreg_pull_secrets, {name}"),
            &pull_secrets(&scratch, &format!("http://{host}")),
        );
    }
}

fn pull_secrets(scratch: &Scratch, server: &str) -> Module {
    let config = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "c",
        "clusters": [{"name": "c", "cluster": {"server": server}}],
        "users": [{"name": "u", "user": {"token": "t"}}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
    });
    let kubeconfig = scratch.write("kubeconfig", config.to_string());
    Module::new("oreg_pull_secrets").args(json!({
        "kubeconfig": kubeconfig,
        "openshift_additional_registry_credentials": [{"host": "r", "password": "p"}],
    }))
}

/// Answers of full size, whole and well formed.
#[test]
fn large_answers_take_bounded_memory() {
    for (name, body) in hostile_texts(MIB - 100) {
        let server =
            Scripted::plain(move |_| reply(200, &["Content-Type: application/json"], &body));
        module_answers(
            &format!("oreg_validate, an answer of {name}"),
            &validate(&server.host()),
        );
    }
    let items = |one: &str| {
        let count = 60 * MIB / (one.len() + 1);
        let items = vec![one; count].join(",");
        format!(
            "{{\"kind\":\"SecretList\",\"apiVersion\":\"v1\",\"metadata\":{{}},\"items\":[{items}]}}"
        )
    };
    let labels = numbered(4 * MIB, |text, n| write!(text, "\"{n}\":\"\","));
    let labels = format!("{{\"metadata\":{{\"labels\":{{{labels}\"z\":\"\"}}}}}}");
    for (name, body) in [
        ("empty objects", items("{}")),
        (
            "members",
            items(
                "{\"metadata\":{\"labels\":{\"a\":\"b\",\"c\":\"d\"}},\"data\":{\"a\":\"\",\"b\":\"\"}}",
            ),
        ),
        ("labels", items(&labels)),
        ("brackets", "[".repeat(60 * MIB)),
    ] {
        let server = Scripted::plain(move |_| {
            let head = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
                body.len()
            );
            Reaction::SayAndClose([head.as_bytes(), body.as_bytes()].concat())
        });
        let scratch = Scratch::new();
        module_answers_within(
            LIMIT_OF_TRUSTED,
            &format!("oreg_pull_secrets, 60 MiB of {name}"),
            &pull_secrets(&scratch, &format!("http://{}", server.host())),
        );
    }
}

/// What is small on the wire may be large.
#[test]
fn compressed_answers_take_bounded_memory() {
    let scratch = Scratch::new();
    let packed = scratch.path("zeros.gz");
    let shell = format!(
        "head -c 1073741824 /dev/zero | gzip -1 > '{}'",
        packed.display()
    );
    let done = Command::new("sh").args(["-c", &shell]).status().unwrap();
    assert!(done.success());
    let body = std::fs::read(Path::new(&packed)).unwrap();
    let server = Scripted::plain(move |_| {
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        Reaction::SayAndClose([head.as_bytes(), &body].concat())
    });
    module_answers("oreg_validate, 1 GiB in gzip", &validate(&server.host()));
    module_answers(
        "oreg_pull_secrets, 1 GiB in gzip",
        &pull_secrets(&scratch, &format!("http://{}", server.host())),
    );
}
