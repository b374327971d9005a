//! Programs that write docker config files, killed at random moments under many writers.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::{Dice, times};
use crate::support::{
    command::Account,
    module::Module,
    scratch::{Scratch, names, read, write},
    scripted::{Heard, Reaction, Scripted, reply},
};

const WRITERS: usize = 32;

/// The value of an entry that nobody asks for, spelled as nobody else would.
const FOREIGN: &str = "{ \"auth\" : \"bzpw\",\"n\":1.50e+3 }";

/// A program that writes one entry of the file at `path`, for the writer `number`.
trait Writer: Sync {
    fn start(&self, path: &Path, number: usize, round: usize) -> Child;
}

struct NodeConfig {
    scratch: Scratch,
}

impl Writer for NodeConfig {
    fn start(&self, path: &Path, number: usize, round: usize) -> Child {
        let call = Module::new("oreg_node_config").args(json!({
            "paths": [path],
            "openshift_additional_registry_credentials":
                [{"host": host(number), "password": format!("pass-{round}-{number}")}],
        }));
        let arguments = self.scratch.path(&format!("args-{number}"));
        call.command_in(&arguments)
            .stdout(Stdio::null())
            .spawn()
            .unwrap()
    }
}

/// Proves against a registry that takes any password, and stores the entry under one of its namespaces.
struct Login {
    registry: Scripted,
    accounts: Vec<Account>,
}

impl Writer for Login {
    fn start(&self, path: &Path, number: usize, round: usize) -> Child {
        let registry = format!("{}/{}", self.registry.host(), host(number));
        let insecure = self.registry.host();
        let arguments = [
            "login",
            &registry,
            "-u",
            "user",
            "--insecure",
            &insecure,
            "--authfile",
            path.to_str().unwrap(),
        ];
        let mut command: Command = self.accounts[number].command(&arguments);
        command.stdin(Stdio::piped());
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let password = format!("pass-{round}-{number}");
        let _ = child.stdin.take().unwrap().write_all(password.as_bytes());
        child
    }
}

fn any_password(heard: &Heard) -> Reaction {
    match heard.authorization {
        Some(_) => reply(200, &[], "{}"),
        None => reply(401, &["WWW-Authenticate: Basic realm=\"r\""], ""),
    }
}

fn host(number: usize) -> String {
    format!("registry-{number}.example.com")
}

fn document(path: &Path) -> (String, Value) {
    let text = read(path);
    let json = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
    (text, json)
}

/// Lets every writer run and be killed until `kills` runs were; the file is whole all the time. Returns how many
/// runs were killed, and how many came to their end before.
fn killed_at_random(writer: &dyn Writer, path: &Path, kills: usize) -> (usize, usize) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    write(
        path,
        format!("{{\"auths\": {{\"other.example.com\": {FOREIGN}}}}}"),
    );
    let usual = duration_of_a_run(writer, path);
    let (killed, ended) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let is_over = AtomicBool::new(false);
    let looks = Mutex::new(0_usize);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::SeqCst) {
                assert!(document(path).0.contains(FOREIGN));
                *looks.lock().unwrap() += 1;
                thread::sleep(Duration::from_millis(1));
            }
        });
        let writers: Vec<_> = (0..WRITERS)
            .map(|number| {
                let (killed, ended) = (&killed, &ended);
                scope.spawn(move || {
                    let mut dice = Dice(number as u64);
                    let mut round = 0;
                    while killed.load(Ordering::SeqCst) < kills {
                        round += 1;
                        let mut run = writer.start(path, number, round);
                        // Longer than a run takes alone: many compete for the file.
                        let most = (usual * 8).as_micros().try_into().unwrap();
                        thread::sleep(Duration::from_micros(dice.below(most)));
                        let is_done = run.try_wait().unwrap().is_some();
                        run.kill().unwrap();
                        run.wait().unwrap();
                        let counter = if is_done { ended } else { killed };
                        counter.fetch_add(1, Ordering::SeqCst);
                    }
                })
            })
            .collect();
        for one in writers {
            one.join().unwrap();
        }
        is_over.store(true, Ordering::SeqCst);
    });
    assert!(*looks.lock().unwrap() > 0);
    (killed.load(Ordering::SeqCst), ended.load(Ordering::SeqCst))
}

fn duration_of_a_run(writer: &dyn Writer, path: &Path) -> Duration {
    let begin = Instant::now();
    for round in 0..4 {
        assert!(writer.start(path, 0, round).wait().unwrap().success());
    }
    begin.elapsed() / 4
}

/// After the kills the next runs do all that was wanted, and leave nothing else behind.
fn the_next_runs_mend(writer: &dyn Writer, path: &Path, key: impl Fn(usize) -> String) {
    for number in 0..WRITERS {
        assert!(writer.start(path, number, 9999).wait().unwrap().success());
    }
    let (text, json) = document(path);
    assert!(text.contains(FOREIGN), "{text}");
    let auths = json["auths"].as_object().unwrap();
    assert_eq!(auths.len(), WRITERS + 1, "{text}");
    for number in 0..WRITERS {
        let auth = auths[&key(number)]["auth"].as_str().unwrap();
        let auth = base64(auth);
        assert!(auth.ends_with(&format!(":pass-9999-{number}")), "{auth}");
    }
    let here = names(path.parent().unwrap());
    assert_eq!(here, ["config.json"], "nothing older is left");
}

fn base64(text: &str) -> String {
    use base64::{Engine, engine::general_purpose::STANDARD};
    String::from_utf8(STANDARD.decode(text).unwrap()).unwrap()
}

fn file_in(scratch: &Scratch) -> PathBuf {
    scratch.path("home/.docker/config.json")
}

#[test]
fn node_config_killed_at_random_under_32_writers_leaves_the_file_whole() {
    let scratch = Scratch::in_memory();
    let path = file_in(&scratch);
    let writer = NodeConfig {
        scratch: Scratch::in_memory(),
    };
    let kills = times(200, 2000);
    let (killed, ended) = killed_at_random(&writer, &path, kills);
    assert!(killed >= kills);
    the_next_runs_mend(&writer, &path, host);
    eprintln!("oreg_node_config: {killed} runs killed, {ended} came to their end");
}

#[test]
fn login_killed_at_random_under_32_writers_leaves_the_file_whole() {
    let scratch = Scratch::in_memory();
    let path = file_in(&scratch);
    let writer = Login {
        registry: Scripted::plain(any_password),
        accounts: (0..WRITERS).map(|_| Account::new()).collect(),
    };
    let kills = times(30, 2000);
    let (killed, ended) = killed_at_random(&writer, &path, kills);
    assert!(killed >= kills);
    let registry = writer.registry.host();
    the_next_runs_mend(&writer, &path, |number| {
        format!("{registry}/{}", host(number))
    });
    eprintln!("oreg login: {killed} runs killed, {ended} came to their end");
}
