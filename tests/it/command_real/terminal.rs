//! A person at a terminal, played by tmux.

use std::{
    convert::Infallible,
    process::Command,
    thread,
    time::{Duration, Instant},
};

use testbed::wait;

use super::vaulted_inventory;
use crate::support::{
    command::{Account, program},
    scratch::read,
    scripted::{Reaction, Scripted},
    tools,
};

const PATIENCE: Duration = Duration::from_secs(20);

/// A terminal with a shell in it.
struct Terminal<'a> {
    account: &'a Account,
    /// The socket of its server: one that is about to end takes no new terminal.
    socket: String,
}

impl<'a> Terminal<'a> {
    fn start(account: &'a Account, columns: u16) -> Self {
        let terminal = Self {
            account,
            socket: format!("tmux-{columns}"),
        };
        let shell = format!(
            "cd '{0}' && exec env -i HOME='{0}' XDG_RUNTIME_DIR='{0}/run' PATH=/usr/bin:/bin TERM=screen-256color \
             LC_ALL=C.UTF-8 PS1='ready> ' sh",
            account.home.path("").display()
        );
        let columns = columns.to_string();
        terminal.tmux(&[
            "-f",
            "/dev/null",
            "new-session",
            "-d",
            "-x",
            &columns,
            "-y",
            "50",
            &shell,
        ]);
        terminal.wait_for("ready>");
        terminal
    }

    fn tmux(&self, arguments: &[&str]) -> String {
        let mut tmux = Command::new(tools::find("tmux"));
        let output = tmux
            .arg("-S")
            .arg(self.account.home.path(&self.socket))
            .args(arguments)
            .env("LC_ALL", "C.UTF-8")
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap()
    }

    fn type_text(&self, text: &str) {
        self.tmux(&["send-keys", "-l", text]);
    }

    fn press(&self, key: &str) {
        self.tmux(&["send-keys", key]);
    }

    fn run(&self, arguments: &str) {
        self.type_text(&format!(
            "{} {arguments}; echo \"ended with $?\"",
            program().display()
        ));
        self.press("Enter");
    }

    fn screen(&self) -> String {
        self.tmux(&["capture-pane", "-p", "-J"])
    }

    fn wait_for(&self, text: &str) -> String {
        let found = wait::until_some(PATIENCE, || {
            let screen = self.screen();
            Ok::<_, Infallible>(screen.contains(text).then_some(screen))
        });
        match found {
            Ok(Some(screen)) => screen,
            Ok(None) => panic!("no {text:?} on\n{}", self.screen()),
        }
    }
}

impl Drop for Terminal<'_> {
    fn drop(&mut self) {
        let mut tmux = Command::new(tools::find("tmux"));
        let socket = self.account.home.path(&self.socket);
        // A test that has failed says why by itself.
        let _ = tmux.arg("-S").arg(socket).arg("kill-server").output();
    }
}

/// A registry that takes everybody who has a login, after a while.
fn slow_registry() -> Scripted {
    Scripted::plain(|heard| {
        let (status, header) = match heard.authorization {
            Some(_) => (200, ""),
            None => (401, "WWW-Authenticate: Basic realm=\"r\"\r\n"),
        };
        thread::sleep(Duration::from_millis(900));
        let head = "Docker-Distribution-Api-Version: registry/2.0\r\nContent-Length: 2\r\n";
        Reaction::Say(format!("HTTP/1.1 {status} X\r\n{head}{header}\r\n{{}}").into_bytes())
    })
}

#[test]
fn a_person_logs_in_without_echo_and_sees_the_progress() {
    let (account, registry) = (Account::new(), slow_registry());
    let host = registry.host();
    let terminal = Terminal::start(&account, 120);
    terminal.run(&format!(
        "login {host} -u name --insecure {host} --authfile auth.json"
    ));
    terminal.wait_for("Password of name");
    terminal.type_text("wrong");
    terminal.press("C-u");
    terminal.type_text("hunter2x");
    terminal.press("BSpace");
    terminal.press("Enter");
    let during = terminal.wait_for(&format!("asking {host} as name"));
    let after = terminal.wait_for("ended with 0");
    for screen in [&during, &after] {
        assert!(
            !screen.contains("hunter2") && !screen.contains("wrong"),
            "{screen}"
        );
    }
    assert!(
        after.contains("stored in") && !after.contains("asking"),
        "{after}"
    );
    assert!(
        read(&account.home.path("auth.json")).contains("bmFtZTpodW50ZXIy"),
        "the typed password"
    );
}

#[test]
fn an_interrupt_ends_at_once_and_leaves_the_terminal_as_it_was() {
    let (account, registry) = (Account::new(), slow_registry());
    let host = registry.host();
    let terminal = Terminal::start(&account, 120);
    terminal.run(&format!("login {host} -u name --authfile auth.json"));
    terminal.wait_for("Password of name");
    terminal.type_text("hunter2");
    terminal.press("C-c");
    terminal.type_text("echo still-echoes");
    terminal.wait_for("echo still-echoes");
    terminal.press("Enter");
    assert!(
        !terminal.screen().contains("hunter2"),
        "{}",
        terminal.screen()
    );
    account.config("both.json", &[(&host, "name", "pass-word")]);
    terminal.press("C-c");
    terminal.run(&format!(
        "check both.json --insecure {host} --report page.html"
    ));
    terminal.wait_for("asking");
    let begin = Instant::now();
    terminal.press("C-c");
    terminal.type_text("echo back-again");
    terminal.wait_for("echo back-again");
    assert!(begin.elapsed() < Duration::from_secs(5));
    let names = account.home.names();
    assert!(
        !names
            .iter()
            .any(|name| name.contains("auth.json") || name.contains("page.html")),
        "{names:?}"
    );
}

#[test]
fn narrow_and_wide_terminals_show_every_word() {
    let account = Account::new();
    let long = format!(
        "{}.invalid:5000/team",
        ["a-long-label-of-a-host"; 6].join(".")
    );
    account.config(
        "auth.json",
        &[
            (&long, "a-long-user+of_a_robot", "p"),
            ("127.0.0.1:1", "u", "p"),
        ],
    );
    for columns in [40, 80, 200] {
        let terminal = Terminal::start(&account, columns);
        terminal.run("check auth.json --timeout 5");
        let screen = terminal.wait_for("ended with 3");
        let joined: String = screen.split_whitespace().collect();
        for word in [
            "unreachable",
            "a-long-user+of_a_robot",
            "127.0.0.1:1",
            "2unknown",
        ] {
            assert!(joined.contains(word), "{columns}: {screen}");
        }
        terminal.run("show auth.json; echo shown");
        let screen = terminal.wait_for("\nshown");
        let has_fingerprint = |line: &str| {
            let digits = line.split_once("sha256:").map(|(_, digits)| digits);
            digits.is_some_and(|digits| digits.trim().len() >= 6)
        };
        assert!(
            screen.lines().filter(|line| has_fingerprint(line)).count() >= 2,
            "{columns}: {screen}"
        );
    }
}

#[test]
fn the_password_of_a_vault_is_asked_for() {
    let account = Account::new();
    let registry = Scripted::plain(|heard| {
        let (status, challenge) = match &heard.authorization {
            Some(_) => (200, ""),
            None => (401, "WWW-Authenticate: Basic realm=\"r\"\r\n"),
        };
        Reaction::Say(
            format!("HTTP/1.1 {status} X\r\n{challenge}Content-Length: 0\r\n\r\n").into_bytes(),
        )
    });
    let host = registry.host();
    vaulted_inventory(
        &account,
        &format!(
            "openshift_docker_insecure_registries: ['{host}']\nopenshift_additional_registry_credentials:\n\
             - {{host: '{host}', user: u, password: hunter2-of-the-vault, test_image: a/b}}\n"
        ),
    );
    let terminal = Terminal::start(&account, 120);
    terminal.type_text("PATH=$HOME/bin:$PATH; export PATH");
    terminal.press("Enter");
    terminal.run("check -i inventory/hosts -J");
    terminal.wait_for("Vault password:");
    terminal.type_text("of the vault");
    terminal.press("Enter");
    // Not the words of the command line.
    let screen = terminal.wait_for("ended with 0");
    assert!(screen.contains("1 valid"), "{screen}");
    assert!(
        !screen.contains("of the vault") && !screen.contains("hunter2"),
        "{screen}"
    );
}
