//! `oreg_pull_secrets` while the way to the API, the API server or its store fails.

use std::{
    io::{Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use testbed::cluster::Cluster;

use super::{Dice, times};
use crate::support::{
    cluster::{cluster, kubeconfig, namespace},
    module::{Answer, Module},
    scratch::Scratch,
};

const PASSWORD: &str = "hunter2.Secret-8842";

/// The most that a run may take: an answer is waited for 30 s, a list four times as long, and a write that met
/// another one is repeated.
const LONGEST: Duration = Duration::from_mins(3);

/// Which way the record goes before which the connection is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// The request is not sent.
    ToServer,
    /// The request was carried out, and its answer is lost.
    ToClient,
}

/// Passes connections on, and cuts all of them before one TLS record with content goes through.
struct Relay {
    address: SocketAddr,
    passed: Arc<[AtomicUsize; 2]>,
    is_over: Arc<AtomicBool>,
}

impl Relay {
    fn start(server: &str, cut: Option<(Way, usize)>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let relay = Self {
            address: listener.local_addr().unwrap(),
            passed: Arc::default(),
            is_over: Arc::default(),
        };
        let (passed, is_over) = (relay.passed.clone(), relay.is_over.clone());
        let server = server.to_owned();
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                if is_over.load(Ordering::SeqCst) {
                    break;
                }
                let server = TcpStream::connect(&server).unwrap();
                for (way, from, to) in [
                    (Way::ToServer, &client, &server),
                    (Way::ToClient, &server, &client),
                ] {
                    let (from, to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
                    let passed = passed.clone();
                    thread::spawn(move || pass_on(&from, &to, way, &passed, cut));
                }
            }
        });
        relay
    }

    fn passed(&self, way: Way) -> usize {
        self.passed[way as usize].load(Ordering::SeqCst)
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
    }
}

/// TLS records of content (RFC 8446 §5.1) are counted; the handshake is not cut.
fn pass_on(
    mut from: &TcpStream,
    mut to: &TcpStream,
    way: Way,
    passed: &[AtomicUsize; 2],
    cut: Option<(Way, usize)>,
) {
    const CONTENT: u8 = 23;
    let mut head = [0; 5];
    while from.read_exact(&mut head).is_ok() {
        let length = usize::from(u16::from_be_bytes([head[3], head[4]]));
        let mut record = vec![0; length];
        if from.read_exact(&mut record).is_err() {
            break;
        }
        if head[0] == CONTENT {
            let number = passed[way as usize].fetch_add(1, Ordering::SeqCst);
            if cut == Some((way, number)) {
                break;
            }
        }
        if to.write_all(&[&head[..], &record].concat()).is_err() {
            break;
        }
    }
    let _ = from.shutdown(Shutdown::Both);
    let _ = to.shutdown(Shutdown::Both);
}

fn registries(count: usize, password: &str) -> Value {
    (0..count)
        .map(|number| {
            json!({"host": format!("r{number}.example.com"), "user": "u", "password": password})
        })
        .collect()
}

fn module(kubeconfig: &Path, namespaces: &[&str], wanted: &Value) -> Module {
    Module::new("oreg_pull_secrets").args(json!({
        "kubeconfig": kubeconfig,
        "namespaces": namespaces,
        "openshift_additional_registry_credentials": wanted,
    }))
}

/// Runs, within the time that a run may take; whatever came of it, no password is in it.
fn run(module: &Module) -> Answer {
    let begin = Instant::now();
    let answer = module.run();
    assert!(begin.elapsed() < LONGEST, "{:?}", begin.elapsed());
    assert!(!answer.stdout.contains(PASSWORD), "{}", answer.stdout);
    answer
}

/// The documents of a namespace's pull secrets, by name.
fn stored(namespace: &str) -> Vec<(String, Value)> {
    let shown = cluster().kubectl(&["get", "secrets", "-n", namespace, "-o", "json"]);
    let list: Value = serde_json::from_str(&shown.unwrap()).unwrap();
    let mut found: Vec<_> = list["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|item| item["type"] == "kubernetes.io/dockerconfigjson")
        .map(|item| {
            let name = item["metadata"]["name"].as_str().unwrap().to_owned();
            (name, item["data"].clone())
        })
        .collect();
    found.sort_by(|one, other| one.0.cmp(&other.0));
    found
}

fn relayed(scratch: &Scratch, relay: &Relay) -> PathBuf {
    kubeconfig(scratch, |config| {
        config["clusters"][0]["cluster"]["server"] = format!("https://{}", relay.address).into();
    })
}

#[test]
fn a_connection_cut_at_any_request_loses_nothing() {
    let count = times(2, 8);
    let wanted = registries(count, PASSWORD);
    let server = cluster().url().trim_start_matches("https://").to_owned();
    let scratch = Scratch::new();
    let reference = namespace();
    let whole = Relay::start(&server, None);
    run(&module(&relayed(&scratch, &whole), &[&reference], &wanted)).ok();
    let expected = stored(&reference);
    assert_eq!(expected.len(), count);
    let mut failures = 0;
    for way in [Way::ToServer, Way::ToClient] {
        // Connections that are opened at the same time may need a record or two more.
        let records = whole.passed(way) + 2;
        assert!(records > count, "{records}");
        for number in 0..records {
            let fresh = namespace();
            let relay = Relay::start(&server, Some((way, number)));
            let cut = run(&module(&relayed(&scratch, &relay), &[&fresh], &wanted));
            if cut.code == Some(1) {
                failures += 1;
                assert_eq!(cut.json["reason"], "unreachable", "{}", cut.stdout);
            }
            let made = stored(&fresh);
            let is_expected = |one: &(String, Value)| expected.contains(one);
            assert!(made.iter().all(is_expected), "{way:?} {number}: {made:?}");
            let direct = module(&cluster().kubeconfig(), &[&fresh], &wanted);
            run(&direct).ok();
            assert_eq!(stored(&fresh), expected, "{way:?} {number}");
            assert!(!run(&direct).changed(), "{way:?} {number}");
        }
    }
    assert!(failures > count, "only {failures} runs noticed");
    eprintln!("oreg_pull_secrets: {failures} runs failed by a cut, none lost anything");
}

fn signal(process: u32, name: &str) {
    let sent = Command::new("kill")
        .args([name, &process.to_string()])
        .status()
        .unwrap();
    assert!(sent.success());
}

/// Kills a process, and waits until it has given back its port.
fn kill(process: u32) {
    signal(process, "-KILL");
    let is_there = || {
        let status = std::fs::read_to_string(format!("/proc/{process}/stat"));
        status.is_ok_and(|status| !status.contains(") Z "))
    };
    while is_there() {
        thread::sleep(Duration::from_millis(5));
    }
}

/// While nobody listens on a port, the system may give it to a client.
fn restart(cluster: &mut Cluster) -> anyhow::Result<()> {
    let mut last = cluster.restart_api();
    for _ in 0..50 {
        let is_taken = |error: &anyhow::Error| error.to_string().contains("already in use");
        if !last.as_ref().is_err_and(is_taken) {
            break;
        }
        thread::sleep(Duration::from_millis(200));
        last = cluster.restart_api();
    }
    last
}

fn count_of(cluster: &Cluster, namespace: &str) -> usize {
    let names = cluster.kubectl(&["get", "secrets", "-n", namespace, "-o", "name"]);
    names.unwrap().lines().count()
}

/// Eight runs after each other, each in a namespace of its own and all in one.
#[test]
fn an_api_server_killed_again_and_again_under_eight_runs_loses_nothing() {
    const RUNNERS: usize = 8;
    const COUNT: usize = 20;
    let deaths = times(2, 40);
    let mut cluster = Cluster::start().unwrap();
    let own = |runner: usize| format!("own-{runner}");
    for name in (0..RUNNERS).map(own).chain(["common".to_owned()]) {
        cluster.kubectl(&["create", "namespace", &name]).unwrap();
    }
    let secret = [
        "create",
        "secret",
        "generic",
        "foreign",
        "-n",
        "common",
        "--from-literal=a=b",
    ];
    cluster.kubectl(&secret).unwrap();
    let kubeconfig = cluster.kubeconfig();
    let is_over = AtomicBool::new(false);
    let (good, bad) = (AtomicUsize::new(0), AtomicUsize::new(0));
    thread::scope(|scope| {
        for runner in 0..RUNNERS {
            let (kubeconfig, is_over, good, bad) = (&kubeconfig, &is_over, &good, &bad);
            scope.spawn(move || {
                let namespaces = [&own(runner), "common"];
                // Every other run wants the other password, so there is always something to write.
                for round in 0.. {
                    if is_over.load(Ordering::SeqCst) {
                        break;
                    }
                    let wanted = registries(COUNT, &format!("{PASSWORD}-{}", round % 2));
                    let answer = run(&module(kubeconfig, &namespaces, &wanted));
                    let counter = if answer.code == Some(0) { good } else { bad };
                    counter.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
        let mut dice = Dice(19);
        let mut last = Ok(());
        for _ in 0..deaths {
            thread::sleep(Duration::from_millis(500 + dice.below(3000)));
            kill(cluster.process_ids()[1]);
            last = last.and_then(|()| restart(&mut cluster));
        }
        is_over.store(true, Ordering::SeqCst);
        last.unwrap();
    });
    let last = registries(COUNT, PASSWORD);
    for runner in 0..RUNNERS {
        let both = module(&kubeconfig, &[&own(runner), "common"], &last);
        run(&both).ok();
        assert!(!run(&both).changed());
        assert_eq!(count_of(&cluster, &own(runner)), COUNT);
    }
    assert_eq!(count_of(&cluster, "common"), COUNT + 1);
    let (good, bad) = (good.into_inner(), bad.into_inner());
    assert!(good > 0 && bad > 0, "{good} good, {bad} bad");
    eprintln!("API server killed {deaths} times: {good} runs succeeded, {bad} failed");
}

#[test]
fn a_store_that_stands_still_is_waited_for() {
    const COUNT: usize = 300;
    let cluster = Cluster::start().unwrap();
    let [etcd, _] = cluster.process_ids();
    let module = module(
        &cluster.kubeconfig(),
        &["openshift"],
        &registries(COUNT, PASSWORD),
    );
    for round in 0..times(1, 5) {
        let answer = thread::scope(|scope| {
            let answer = scope.spawn(|| run(&module));
            thread::sleep(Duration::from_millis(100 * round as u64 + 50));
            signal(etcd, "-STOP");
            thread::sleep(Duration::from_secs(4));
            signal(etcd, "-CONT");
            answer.join().unwrap()
        });
        // An answer that took too long is an error of the API's; nothing is lost by it.
        if answer.code != Some(0) {
            assert!(
                answer.failure().contains(cluster.url()),
                "{}",
                answer.stdout
            );
            run(&module).ok();
        }
        assert!(!run(&module).changed());
        assert_eq!(count_of(&cluster, "openshift"), COUNT);
        let all = ["delete", "secrets", "--all", "-n", "openshift"];
        cluster.kubectl(&all).unwrap();
    }
}
