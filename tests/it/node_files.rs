//! What `oreg_node_config` does to a node's file when everything goes wrong: killed at any moment,
//! disk full, read-only, no right, many at once.

use std::{
    collections::BTreeMap,
    fs,
    io::Read,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use serde_json::{Value, json};

use crate::support::{
    module::{Answer, Module},
    mounts,
    scratch::{Scratch, mode, names, read, set_mode, write},
    tools,
};

const OLD: &str = "{\"auths\":{\"registry.example.com\":{\"auth\":\"bmFtZTpwYXNzLW9uZQ==\"}}}";
const NEW: &str = "{\"auths\":{\"registry.example.com\":{\"auth\":\"bmFtZTpwYXNzLXR3bw==\"}}}";

fn rotation(path: &Path) -> Module {
    Module::new("oreg_node_config").args(json!({
        "paths": [path],
        "openshift_additional_registry_credentials":
            [{"host": "registry.example.com", "user": "name", "password": "pass-two"}],
    }))
}

/// The system calls of one whole run, with how often each is made.
fn system_calls(call: impl FnOnce(&Path) -> Module) -> BTreeMap<String, usize> {
    let scratch = Scratch::new();
    let path = scratch.write("home/config.json", OLD);
    let trace = scratch.path("trace");
    call(&path)
        .under(&["strace", "-f", "-qq", "-o", trace.to_str().unwrap()])
        .run()
        .ok();
    let mut calls = BTreeMap::new();
    for line in read(&trace).lines() {
        let name = line
            .split_whitespace()
            .nth(1)
            .and_then(|text| text.split_once('('));
        if let Some((name, _)) = name {
            *calls.entry(name.to_owned()).or_default() += 1;
        }
    }
    assert!(
        calls.contains_key("renameat"),
        "strace can trace here: {calls:?}"
    );
    calls
}

fn inject(call: Module, what: &str) -> Module {
    call.under(&["strace", "-f", "-qq", "-o", "/dev/null", "-e", what])
}

/// Kills a run at the entry of each of its system calls in turn.
fn killed_at_every_call(call: impl Fn(&Path) -> Module, is_whole: impl Fn(&Path) -> bool) {
    let mut kills = 0;
    for (name, times) in system_calls(&call) {
        for time in 1..=times {
            let scratch = Scratch::new();
            let path = scratch.write("home/config.json", OLD);
            let what = format!("inject={name}:signal=KILL:when={time}");
            let output = inject(call(&path), &what)
                .command(&scratch)
                .output()
                .unwrap();
            kills += usize::from(!output.status.success());
            assert!(is_whole(&path), "{what}: {}", read(&path));
            let next = call(&path).run().ok();
            assert_eq!(read(&path), NEW, "{what}: {}", next.stdout);
            let here = names(&scratch.path("home"));
            let kept = here.iter().filter(|name| name.starts_with('.'));
            assert_eq!(kept.count(), 0, "{what}: {here:?}");
        }
    }
    assert!(kills > 50, "only {kills} runs were killed");
}

#[test]
fn a_kill_at_any_system_call_leaves_the_old_file_or_the_new_one() {
    killed_at_every_call(rotation, |path| [OLD, NEW].contains(&read(path).as_str()));
}

#[test]
fn a_kill_never_leaves_half_a_copy() {
    killed_at_every_call(
        |path| rotation(path).args(json!({"backup": true})),
        |path| {
            let copies = names(path.parent().unwrap());
            let copies = copies.iter().filter(|name| name.ends_with('~'));
            copies
                .into_iter()
                .all(|name| read(&path.with_file_name(name)) == OLD)
                && [OLD, NEW].contains(&read(path).as_str())
        },
    );
}

#[test]
fn a_file_that_is_a_mount_point_is_not_promised() {
    let bind = "printf '%s' '{}' >$directory/other; \
                mount --bind $directory/other $directory/config.json";
    for check in [true, false] {
        let (answer, after) = in_own_mounts(bind, |path| {
            let call = rotation(path);
            if check { call.check() } else { call }
        });
        assert!(answer.failure().contains("mount"), "{}", answer.stdout);
        assert_eq!(answer.json["changed"], false);
        assert!(after.ends_with("{}"), "{after}");
        assert_eq!(answer.json["files"][0]["reason"], "mount_point");
    }
}

#[test]
fn a_read_only_disk_is_not_promised() {
    let bind = "mount --bind $directory $directory; mount -o remount,bind,ro $directory";
    let (answer, _) = in_own_mounts(bind, |path| rotation(path).check());
    assert_eq!(answer.json["files"][0]["reason"], "read_only");
    assert_eq!(answer.json["changed"], false);
}

#[test]
fn a_kill_never_leaves_a_new_file_without_a_note_of_the_restart() {
    let note = |path: &Path| path.with_file_name("restart-note");
    killed_at_every_call(
        |path| rotation(path).args(json!({"restart_note": note(path)})),
        |path| read(path) == OLD || (read(path) == NEW && note(path).exists()),
    );
}

/// On OpenShift 4 the operator owns files, and marks a node Degraded that changes them.
#[test]
fn a_file_that_a_machine_config_owns_is_refused() {
    let listed = |path: &Path| {
        let config = json!({"spec": {"config": {"storage": {"files": [{"path": path}]}}}});
        format!(
            "mount -t tmpfs tmpfs /etc; mkdir /etc/machine-config-daemon; \
             printf '%s' '{config}' >/etc/machine-config-daemon/currentconfig"
        )
    };
    for (more, refused) in [
        (json!({}), true),
        (json!({"machine_config": "ignore"}), false),
    ] {
        let scratch = Scratch::new();
        let path = scratch.write("home/config.json", OLD);
        let command = rotation(&path).args(more).check().command(&scratch);
        let output = mounts::own(&listed(&path), &[], &command).output().unwrap();
        let answer = Answer::read(&output);
        if refused {
            let message = answer.failure();
            assert!(message.contains("a machine config owns it"), "{message}");
            assert!(
                message.contains("openshift-config/pull-secret"),
                "{message}"
            );
            assert_eq!(answer.json["files"][0]["reason"], "machine_config");
        } else {
            assert!(answer.changed());
        }
    }
}

/// Nothing reads them there, so the run would look good and pulls would fail.
#[test]
fn the_files_of_3_11_are_refused_on_a_node_of_okd_4() {
    let config = "mount -t tmpfs tmpfs /etc; mkdir /etc/machine-config-daemon; \
                  printf '{}' >/etc/machine-config-daemon/currentconfig; mount -t tmpfs tmpfs /root; \
                  mount -t tmpfs tmpfs /var/lib";
    let scratch = Scratch::new();
    let run = |more: Value| {
        let credential = json!([{"host": "r.example.com", "password": "p"}]);
        let module = Module::new("oreg_node_config")
            .args(json!({"openshift_additional_registry_credentials": credential}))
            .args(more);
        let command = module.command(&scratch);
        Answer::read(&mounts::own(config, &[], &command).output().unwrap())
    };
    let refused = run(json!({}));
    assert!(
        refused
            .failure()
            .contains("playbook global_pull_secret.yml"),
        "{}",
        refused.failure()
    );
    assert!(run(json!({"machine_config": "ignore"})).changed());
    assert!(run(json!({"profile": "podman"})).changed());
}

#[test]
fn a_kill_while_a_new_file_is_made_leaves_none_or_a_whole_one() {
    let call = |path: &Path| rotation(&path.with_file_name("a/b/config.json"));
    for (name, times) in system_calls(call) {
        for time in 1..=times {
            let scratch = Scratch::new();
            let path = scratch.write("home/config.json", OLD);
            let made = path.with_file_name("a/b/config.json");
            let what = format!("inject={name}:signal=KILL:when={time}");
            let call = inject(call(&path), &what);
            call.command(&scratch).output().unwrap();
            let whole = rotation(&made).run();
            assert!(whole.ok().json["files"].is_array(), "{what}");
            assert_eq!(names(made.parent().unwrap()), ["config.json"], "{what}");
            assert_eq!(mode(&made), 0o600, "{what}");
        }
    }
}

/// An answer of the system to one call of the write path, and what the user is told.
#[test]
fn every_refusal_of_the_system_leaves_the_old_file_and_is_reported() {
    for (what, words) in [
        ("write:error=ENOSPC:when=1", "No space left on device"),
        ("write:error=EDQUOT:when=1", "uota exceeded"),
        ("write:error=EIO:when=1", "error"),
        ("fsync:error=EIO:when=1", "error"),
        ("fsync:error=ENOSPC:when=1", "No space left on device"),
        ("renameat:error=EDQUOT:when=1", "uota exceeded"),
        ("renameat:error=EROFS:when=1", "Read-only file system"),
        ("renameat:error=EBUSY:when=1", "mount point"),
    ] {
        let scratch = Scratch::new();
        let path = scratch.write("home/config.json", OLD);
        set_mode(&path, 0o600);
        let answer = inject(rotation(&path), &format!("inject={what}")).run();
        let message = answer.failure();
        assert!(message.contains(words), "{what}: {message}");
        assert!(
            message.contains(path.parent().unwrap().to_str().unwrap()),
            "{what}: {message}"
        );
        assert!(!message.contains("pass-two"), "{what}: {message}");
        assert_eq!(read(&path), OLD, "{what}");
        assert_eq!(names(path.parent().unwrap()), ["config.json"], "{what}");
        assert_eq!(answer.json["changed"], false, "{what}");
    }
}

#[test]
fn a_file_system_without_locks_is_reported() {
    let scratch = Scratch::new();
    let path = scratch.write("home/config.json", OLD);
    let answer = inject(rotation(&path), "inject=flock:error=ENOLCK").run();
    assert!(
        answer.failure().contains("cannot lock "),
        "{}",
        answer.stdout
    );
    assert_eq!(read(&path), OLD);
}

/// Runs a call in a mount name space of its own, in which `prepare` (shell) has been at the
/// directory `$1`. Returns the answer, and what the directory held at the end.
fn in_own_mounts(prepare: &str, module: impl FnOnce(&Path) -> Module) -> (Answer, String) {
    let scratch = Scratch::new();
    let path = scratch.write("mount/config.json", OLD);
    let command = module(&path).command(&scratch);
    let words = command.get_args().map(|word| word.to_str().unwrap());
    let call: Vec<_> = [command.get_program().to_str().unwrap()]
        .into_iter()
        .chain(words)
        .collect();
    let script = format!(
        "set -e; directory=$1 after=$2; shift 2; {prepare}; status=0; \"$@\" || status=$?; \
         {{ ls -A $directory; cat $directory/config.json; }} >$after; exit $status"
    );
    let mut shell = mounts::shell(&script);
    let after = scratch.path("after");
    shell.args([path.parent().unwrap(), &after]).args(call);
    let answer = Answer::read(&shell.output().unwrap());
    (answer, read(&after))
}

#[test]
fn a_full_disk_leaves_the_old_file() {
    let fill = "mount -t tmpfs -o size=64k,mode=0700 tmpfs $directory; \
                printf '%s' '{\"auths\":{\"r\":{}}}' >$directory/config.json; \
                dd if=/dev/zero of=$directory/filler bs=1k 2>/dev/null || true";
    let (answer, after) = in_own_mounts(fill, rotation);
    let message = answer.failure();
    assert!(message.contains("No space left on device"), "{message}");
    assert!(message.contains("/mount/"), "{message}");
    assert_eq!(answer.json["files"][0]["reason"], "no_space");
    assert_eq!(after, "config.json\nfiller\n{\"auths\":{\"r\":{}}}");
}

#[test]
fn a_read_only_disk_leaves_the_old_file() {
    let bind = "mount --bind $directory $directory; mount -o remount,bind,ro $directory";
    let (answer, after) = in_own_mounts(bind, rotation);
    assert!(
        answer.failure().contains("Read-only file system"),
        "{}",
        answer.stdout
    );
    assert_eq!(answer.json["files"][0]["reason"], "read_only");
    assert_eq!(after, format!("config.json\n{OLD}"));
}

#[test]
fn a_read_only_home_without_a_file_is_reported() {
    let bind = "mount --bind $directory $directory; mount -o remount,bind,ro $directory";
    let (answer, after) = in_own_mounts(bind, |path| {
        rotation(&path.with_file_name(".docker/config.json"))
    });
    let message = answer.failure();
    assert!(message.contains("Read-only file system"), "{message}");
    assert!(message.contains("/mount/.docker"), "{message}");
    assert_eq!(answer.json["files"][0]["reason"], "read_only");
    assert_eq!(after, format!("config.json\n{OLD}"));
}

#[test]
fn a_read_only_disk_with_the_wanted_content_is_fine() {
    let bind = "chmod 600 $directory/config.json; mount --bind $directory $directory; \
                mount -o remount,bind,ro $directory";
    let (answer, _) = in_own_mounts(bind, |path| {
        write(path, NEW);
        rotation(path)
    });
    assert!(!answer.changed());
}

/// The system kills who writes too much.
#[test]
fn a_limit_on_the_size_of_files_leaves_the_old_file() {
    let scratch = Scratch::new();
    let path = scratch.write("home/config.json", OLD);
    let call = rotation(&path).under(&["prlimit", "--fsize=16"]);
    let output = call.command(&scratch).output().unwrap();
    assert!(!output.status.success());
    assert_eq!(read(&path), OLD);
    assert!(rotation(&path).run().changed());
    assert_eq!(names(&scratch.path("home")), ["config.json"]);
}

/// Even root, once it has no capabilities, is bound by mode bits.
fn without_capabilities(call: Module) -> Module {
    if rustix::process::geteuid().is_root() {
        call.under(&["setpriv", "--bounding-set=-all", "--inh-caps=-all"])
    } else {
        call
    }
}

#[test]
fn without_the_right_to_write_the_old_file_stays() {
    let scratch = Scratch::new();
    let path = scratch.write("home/config.json", OLD);
    set_mode(&scratch.path("home"), 0o500);
    let answer = without_capabilities(rotation(&path)).run();
    set_mode(&scratch.path("home"), 0o700);
    assert!(
        answer.failure().contains("Permission denied"),
        "{}",
        answer.stdout
    );
    assert_eq!(answer.json["files"][0]["reason"], "permission_denied");
    assert_eq!(read(&path), OLD);
    assert_eq!(names(&scratch.path("home")), ["config.json"]);
}

#[test]
fn without_the_right_to_read_the_old_file_stays() {
    let scratch = Scratch::new();
    let path = scratch.write("home/config.json", OLD);
    set_mode(&path, 0);
    let answer = without_capabilities(rotation(&path)).run();
    assert!(
        answer.failure().contains("Permission denied"),
        "{}",
        answer.stdout
    );
    set_mode(&path, 0o600);
    assert_eq!(read(&path), OLD);
}

#[test]
fn access_lists_survive() {
    let scratch = Scratch::new();
    let path = scratch.write("home/config.json", OLD);
    let run = |program: &str, words: &[&str]| -> Output {
        Command::new(tools::find(program))
            .args(words)
            .arg(&path)
            .output()
            .unwrap()
    };
    assert!(run("setfacl", &["-m", "u:4711:r"]).status.success());
    assert!(
        rotation(&path)
            .args(json!({"mode": "0640"}))
            .run()
            .changed()
    );
    let list = run(
        "getfacl",
        &["--absolute-names", "--numeric", "--omit-header"],
    );
    let list = String::from_utf8(list.stdout).unwrap();
    assert_eq!(
        list,
        "user::rw-\nuser:4711:r--\ngroup::r--\nmask::r--\nother::---\n\n"
    );
    assert_eq!(read(&path), NEW);
}

const PROCESSES: usize = 32;
const ROUNDS: usize = 50;

#[test]
fn many_at_once_lose_nothing() {
    let scratch = Scratch::in_memory();
    let path = scratch.path("home/.docker/config.json");
    for round in 0..ROUNDS {
        let runs: Vec<_> = (0..PROCESSES)
            .map(|one| start(&scratch, &path, round, one))
            .collect();
        for run in runs {
            let answer = Answer::read(&run.wait_with_output().unwrap());
            assert!(answer.changed());
        }
        let document: Value = serde_json::from_str(&read(&path)).unwrap();
        assert_eq!(
            document["auths"].as_object().unwrap().len(),
            PROCESSES,
            "round {round}"
        );
        fs::remove_dir_all(scratch.path("home")).unwrap();
    }
}

fn start(scratch: &Scratch, path: &Path, round: usize, one: usize) -> std::process::Child {
    let host = format!("registry-{one}.example.com");
    let arguments = scratch.path(&format!("args-{one}"));
    let call = Module::new("oreg_node_config").args(json!({
        "paths": [path],
        "openshift_additional_registry_credentials":
            [{"host": host, "password": format!("pass-{round}-{one}")}],
    }));
    let mut command = call.command_in(&arguments);
    command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// In kilobytes. The budget is for the static binary that nodes run; where that is not built, the
/// debug binary is measured, which may have twice as much because its code is so much larger.
const MEMORY: u64 = 5000;

/// Every line repeats the indentation of the file: a small file must not become a large text.
#[test]
fn a_deep_indentation_takes_no_memory() {
    let scratch = Scratch::new();
    let entries: Vec<_> = (0..5000).map(|one| format!("\"h{one}\":{{}}")).collect();
    let indent = " ".repeat(100_000);
    let text = format!("{{\n{indent}\"auths\":{{{}}}}}", entries.join(","));
    let path = scratch.write("home/config.json", text);
    let limit = format!("--as={}", 64 << 20);
    for call in [rotation(&path).check(), rotation(&path)] {
        assert!(call.under(&["prlimit", &limit]).run().changed());
    }
    assert!(read(&path).len() < 500_000);
    assert!(!rotation(&path).run().changed());
}

#[test]
fn a_thousand_entries_fit_into_little_memory() {
    let name = "oreg_node_config";
    let (module, allowed) = match Module::new(name).installed() {
        Some(module) => (module, MEMORY),
        None => (Module::new(name), 2 * MEMORY),
    };
    let scratch = Scratch::new();
    let registry =
        |one| json!({"host": format!("r{one}.example.com"), "password": format!("pass-{one}-x")});
    let call = module.diff().args(json!({
        "paths": [scratch.path("a/config.json"), scratch.path("b/config.json")],
        "openshift_additional_registry_credentials": (0..1000).map(registry).collect::<Vec<_>>(),
    }));
    let mut child = call
        .command(&scratch)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    // Its answer is larger than a pipe holds: after the first byte it is complete and waits for us.
    let mut stdout = child.stdout.take().unwrap();
    stdout.read_exact(&mut [0]).unwrap();
    let peak = peak_memory(child.id());
    let mut rest = String::new();
    stdout.read_to_string(&mut rest).unwrap();
    assert!(rest.len() > 1 << 16 && child.wait().unwrap().success());
    assert!(peak < allowed, "{peak} kB");
}

fn peak_memory(process: u32) -> u64 {
    let status = read(&PathBuf::from(format!("/proc/{process}/status")));
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.unwrap().trim().trim_end_matches(" kB");
    number.parse().unwrap()
}
