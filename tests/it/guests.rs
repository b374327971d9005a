//! The playbooks on booted nodes: systemd, sshd, no Python, and a node agent that speaks for each at
//! a real API server. Each test has three nodes of its own.

use std::{
    collections::BTreeMap,
    env,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use testbed::{
    bed::{Bed, DEVELOPER, INSTALLER, Wanted},
    guests::Guests,
    namespaces,
};

use crate::support::{
    playbook::{Run, root},
    scratch::{Scratch, read, set_mode},
    tools,
};

const NODES: [&str; 3] = ["node-1", "node-2", "node-3"];
const TARGETS: [&str; 2] = [
    "/root/.docker/config.json",
    "/var/lib/origin/.docker/config.json",
];
const KUBELET_FILE: &str = "/var/lib/origin/.docker/config.json";

/// Runs the body of a test of this file in namespaces of its own: there, this program is started
/// once more for that test alone.
fn inside(test: &str, body: fn(Site)) {
    if namespaces::are_entered() {
        return body(Site::start());
    }
    let program = env::current_exe().unwrap();
    let mut entrance = namespaces::entrance(&program).unwrap();
    let name = format!("guests::{test}");
    let arguments = ["--exact", &name, "--nocapture"];
    let run = Run::of(entrance.command.args(arguments));
    assert!(run.ok && run.output.contains("1 passed"), "{}", run.output);
}

/// Three nodes, registries and a cluster, with an inventory for them.
struct Site {
    bed: Bed,
    scratch: Scratch,
}

/// When a node's agent started, and when it had the node ready, in seconds.
type Times = (Vec<f64>, Vec<f64>);

impl Site {
    fn start() -> Self {
        let wanted = Wanted {
            cluster: true,
            nodes: 0,
            guests: 3,
        };
        let bed = Bed::start(wanted).unwrap();
        let site = Self {
            bed,
            scratch: Scratch::new(),
        };
        site.write_variables(&site.bed.passwords.installer);
        site
    }

    fn write_variables(&self, password: &str) {
        let (main, other) = (
            self.bed.token_registry.host(),
            self.bed.basic_registry.host(),
        );
        let text = format!(
            "[OSEv3:vars]\noreg_url={main}/openshift3/ose-${{component}}:${{version}}\n\
             oreg_auth_user={INSTALLER}\noreg_auth_password={password}\n\
             openshift_additional_registry_credentials=[{{'host':'{other}','user':'{DEVELOPER}',\
             'password':'{developer}','test_image':'mongodb/mongodb'}}]\n",
            developer = self.bed.passwords.developer,
        );
        self.scratch.write("variables", text);
    }

    fn guests(&self) -> &Guests {
        self.bed.guests.as_ref().unwrap()
    }

    /// Runs a playbook with the modules that `make modules` built.
    fn play(&self, playbook: &str, arguments: &[&str]) -> Run {
        Run::of(&mut self.ansible(playbook, arguments))
    }

    fn ansible(&self, playbook: &str, arguments: &[&str]) -> Command {
        let program = tools::cache().join("venv-ansible-2.19/bin/ansible-playbook");
        let mut command = Command::new(program);
        command
            .current_dir(root())
            .env("ANSIBLE_CONFIG", root().join("ansible.cfg"))
            .env("ANSIBLE_LOCAL_TEMP", self.scratch.path("tmp"))
            .env("ANSIBLE_NOCOLOR", "1")
            .env_remove("KUBECONFIG")
            .arg("-i")
            .arg(self.guests().inventory())
            .arg("-i")
            .arg(self.scratch.path("variables"))
            .arg(playbook_path(playbook))
            .args(arguments);
        command
    }

    /// Runs a playbook, and returns how many commands of ssh and sftp it took for each node.
    fn count_commands(&self, playbook: &str) -> [usize; 3] {
        let log = self.scratch.write("commands", "");
        let mut ansible = self.ansible(playbook, &[]);
        for (program, variable) in [
            ("ssh", "ANSIBLE_SSH_EXECUTABLE"),
            ("sftp", "ANSIBLE_SFTP_EXECUTABLE"),
        ] {
            let script = format!(
                "#!/bin/sh\necho \"$*\" >>{}\nexec {program} \"$@\"\n",
                log.display()
            );
            let wrapper = self.scratch.write(program, script);
            set_mode(&wrapper, 0o755);
            ansible.env(variable, wrapper);
        }
        let run = Run::of(&mut ansible);
        assert_eq!(run.changes(), [0, 0, 0], "{}", run.output);
        let commands = read(&log);
        [11, 12, 13].map(|last| {
            let address = format!(" 10.99.0.{last}");
            commands
                .lines()
                .filter(|line| line.contains(&address))
                .count()
        })
    }

    /// Returns the files of a node that hold a password, in clear or as docker writes it.
    fn password_files(&self, node: &str) -> Vec<String> {
        let password = &self.bed.passwords.installer;
        let encoded = STANDARD.encode(format!("{INSTALLER}:{password}"));
        let script = format!(
            "grep -rlF -e {password} -e {encoded} /root /tmp /var /run /etc /home /dev/shm 2>/dev/null | sort || true"
        );
        self.on(node, &script).lines().map(str::to_owned).collect()
    }

    fn on(&self, node: &str, script: &str) -> String {
        self.guests().run(node, script).unwrap()
    }

    fn times(&self) -> BTreeMap<&'static str, Times> {
        let numbers = |node, file: &str| {
            let text = self.on(node, &format!("cat /run/origin-node/{file}"));
            text.lines().map(|line| line.parse().unwrap()).collect()
        };
        let times = NODES.map(|node| (node, (numbers(node, "starts"), numbers(node, "ready"))));
        times.into()
    }

    /// How often each node's agent has started since the node was booted, that time not counted.
    fn restarts(&self) -> [usize; 3] {
        let times = self.times();
        NODES.map(|node| times[node].0.len() - 1)
    }

    fn has_password(&self, node: &str, user: &str, password: &str) -> bool {
        let encoded = STANDARD.encode(format!("{user}:{password}"));
        self.on(node, &format!("cat {KUBELET_FILE}"))
            .contains(&encoded)
    }

    fn secret(&self, name: &str) -> String {
        let cluster = self.bed.cluster.as_ref().unwrap();
        let path = "jsonpath={.data.\\.dockerconfigjson}";
        let data = cluster.kubectl(&["-n", "openshift", "get", "secret", name, "-o", path]);
        let document = STANDARD.decode(data.unwrap()).unwrap();
        String::from_utf8(document).unwrap()
    }
}

fn playbook_path(name: &str) -> PathBuf {
    Path::new("playbooks").join(name)
}

/// Every node was ready again before the next one's agent restarted.
fn assert_one_at_a_time(times: &BTreeMap<&str, Times>, turns: usize) {
    let mut spans: Vec<_> = times
        .values()
        .map(|(starts, ready)| (starts[turns], ready[turns]))
        .collect();
    spans.sort_by(|one, other| one.0.total_cmp(&other.0));
    for pair in spans.windows(2) {
        assert!(pair[0].1 < pair[1].0, "{times:?}");
    }
}

#[test]
fn a_rotation_restarts_one_node_after_the_other() {
    inside("a_rotation_restarts_one_node_after_the_other", |site| {
        assert_eq!(site.play("registry_auth.yml", &[]).changes(), [3, 2, 2]);
        assert_eq!(site.restarts(), [1, 1, 1]);
        assert_one_at_a_time(&site.times(), 1);

        let fresh = "the-token-after-the-rotation";
        let rotated = site.bed.token_server.set_password(INSTALLER, fresh);
        rotated.unwrap();
        site.play("registry_auth.yml", &[])
            .failed_with(&["invalid_credentials"]);
        assert_eq!(
            site.restarts(),
            [1, 1, 1],
            "nothing happens with the old token"
        );

        site.write_variables(fresh);
        let begin = Instant::now();
        let run = site.play("registry_auth.yml", &["--diff"]);
        assert_eq!(run.changes(), [3, 2, 2], "after {:?}", begin.elapsed());
        assert!(!run.output.contains(fresh));
        assert!(
            NODES
                .iter()
                .all(|node| site.has_password(node, INSTALLER, fresh))
        );
        assert!(site.secret("imagestreamsecret").contains(fresh));
        assert_eq!(site.restarts(), [2, 2, 2]);
        assert_one_at_a_time(&site.times(), 2);

        assert_eq!(site.play("registry_auth.yml", &[]).changes(), [0, 0, 0]);
        assert_eq!(site.restarts(), [2, 2, 2]);
        assert_eq!(site.play("verify.yml", &[]).changes(), [0, 0, 0]);
    });
}

#[test]
fn an_unchanged_run_is_one_command_for_a_node() {
    inside("an_unchanged_run_is_one_command_for_a_node", |site| {
        site.play("registry_auth.yml", &[]).changes();
        let [_, two, three] = site.count_commands("registry_auth.yml");
        assert_eq!([two, three], [1, 1]);
        assert_eq!(site.password_files("node-2"), TARGETS);
    });
}

#[test]
fn a_controller_that_is_killed_leaves_passwords_in_the_target_files_alone() {
    inside(
        "a_controller_that_is_killed_leaves_passwords_in_the_target_files_alone",
        |site| {
            for tenths in [10, 15, 20, 25, 30, 35] {
                site.on("node-2", "rm -rf /var/lib/oreg /root/.docker");
                let mut ansible = site.ansible("registry_auth.yml", &["--skip-tags", "restart"]);
                let mut ansible = ansible
                    .process_group(0)
                    .stdout(Stdio::null())
                    .spawn()
                    .unwrap();
                thread::sleep(Duration::from_millis(tenths * 100));
                let kill = format!("kill -KILL -- -{}", ansible.id());
                Command::new("sh").args(["-c", &kill]).status().unwrap();
                ansible.wait().unwrap();
                // What runs on the node goes on to its end.
                thread::sleep(Duration::from_secs(1));
                for file in site.password_files("node-2") {
                    assert!(TARGETS.contains(&file.as_str()), "{file}");
                }
            }
        },
    );
}

#[test]
fn a_node_that_is_down_is_reported_and_done_later() {
    inside(
        "a_node_that_is_down_is_reported_and_done_later",
        |mut site| {
            let guests = site.bed.guests.as_mut().unwrap();
            guests.switch_off("node-2").unwrap();

            let run = site.play("registry_auth.yml", &[]);
            run.failed_with(&["UNREACHABLE", "cannot be reached or failed: node-2."]);
            let changed = NODES.map(|node| run.recap(node).changed);
            assert_eq!(changed, [3, 0, 2], "{}", run.output);
            let verdict = site.play("verify.yml", &[]);
            verdict.failed_with(&["Findings: 1", "* node-2:", "unreachable"]);

            let Bed {
                guests, cluster, ..
            } = &mut site.bed;
            let guests = guests.as_mut().unwrap();
            guests
                .switch_on("node-2", cluster.as_ref().unwrap())
                .unwrap();
            let run = site.play("registry_auth.yml", &["--limit", "node-2"]);
            run.changes_of("node-2", 2);
            assert_eq!(site.restarts(), [1, 1, 1]);
            assert_eq!(site.play("registry_auth.yml", &[]).changes(), [0, 0, 0]);
        },
    );
}

#[test]
fn a_node_that_does_not_come_back_stops_the_rollout() {
    inside("a_node_that_does_not_come_back_stops_the_rollout", |site| {
        site.on("node-2", "touch /etc/origin/node/broken");
        let run = site.play("registry_auth.yml", &["-e", "oreg_ready_timeout=12"]);
        run.failed_with(&[
            "node-2 did not come back: not ready after 12 s",
            "Restarted and ready: node-1.",
            "Not restarted, and working as before: node-3.",
        ]);
        assert_eq!(site.restarts(), [1, 1, 0]);

        site.on("node-2", "rm /etc/origin/node/broken");
        assert_eq!(site.play("registry_auth.yml", &[]).changes(), [0, 1, 1]);
        assert_eq!(site.restarts(), [1, 2, 1]);
    });
}

#[test]
fn verify_finds_and_names_what_is_wrong() {
    inside("verify_finds_and_names_what_is_wrong", |site| {
        site.play("registry_auth.yml", &[]).changes();
        assert_eq!(site.play("verify.yml", &[]).changes(), [0, 0, 0]);

        site.on("node-3", &format!("echo '{{' >{KUBELET_FILE}"));
        let cluster = site.bed.cluster.as_ref().unwrap();
        let delete = ["-n", "openshift", "delete", "secret", "imagestreamsecret"];
        cluster.kubectl(&delete).unwrap();
        let rotated = site.bed.basic_registry.set_password(DEVELOPER, "another");
        rotated.unwrap();

        let run = site.play("verify.yml", &[]);
        let other = site.bed.basic_registry.host();
        run.failed_with(&[
            &format!("* node-3: cannot read docker config {KUBELET_FILE}"),
            "* secret openshift/imagestreamsecret",
            "* invalid_credentials:",
            other,
        ]);
        assert_eq!(site.bed.basic_registry.failed_logins(), 1);
        let changed = NODES.map(|node| run.recap(node).changed);
        assert_eq!(changed, [0, 0, 0]);
    });
}
