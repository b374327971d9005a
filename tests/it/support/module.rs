//! Runs a module as Ansible does: its binary, with the path of an arguments file.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use serde_json::{Map, Value};

use super::scratch::Scratch;

/// A call of a module, in the making.
pub(crate) struct Module {
    binary: PathBuf,
    members: Map<String, Value>,
    wrapper: Vec<String>,
}

/// What came of a call.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The JSON object on stdout.
    pub(crate) json: Value,
    /// All of stdout.
    pub(crate) stdout: String,
    /// The exit status; `None` for a killed process.
    pub(crate) code: Option<i32>,
}

impl Module {
    /// Starts a call of the module `name`.
    pub(crate) fn new(name: &str) -> Self {
        Self {
            binary: binary(name),
            members: Map::new(),
            wrapper: Vec::new(),
        }
    }

    /// Runs the module as `make modules` has put it into `library/`, if it has.
    pub(crate) fn installed(mut self) -> Option<Self> {
        let library = Path::new(env!("CARGO_MANIFEST_DIR")).join("library");
        self.binary = library.join(self.binary.file_name()?);
        self.binary.is_file().then_some(self)
    }

    /// Runs a copy of the module in `scratch`, for users who cannot reach the original.
    pub(crate) fn copied_to(mut self, scratch: &Scratch) -> Self {
        self.binary = scratch.copy(&self.binary, "module");
        self
    }

    /// Gives the options.
    pub(crate) fn args(mut self, options: Value) -> Self {
        let Value::Object(options) = options else {
            panic!("options are an object")
        };
        self.members.extend(options);
        self
    }

    /// As under `--check`.
    pub(crate) fn check(mut self) -> Self {
        self.members
            .insert("_ansible_check_mode".into(), true.into());
        self
    }

    /// As under `--diff`.
    pub(crate) fn diff(mut self) -> Self {
        self.members.insert("_ansible_diff".into(), true.into());
        self
    }

    /// Runs the module by another program, such as `strace`, whose last arguments are the module's.
    pub(crate) fn under(mut self, wrapper: &[&str]) -> Self {
        self.wrapper = wrapper.iter().map(ToString::to_string).collect();
        self
    }

    /// Returns the command, with its arguments file in `scratch`.
    pub(crate) fn command(&self, scratch: &Scratch) -> Command {
        self.command_in(&scratch.path("args"))
    }

    /// Returns the command, with its arguments in the file `arguments`, which it makes.
    pub(crate) fn command_in(&self, arguments: &Path) -> Command {
        let file = File::create(arguments).unwrap();
        serde_json::to_writer(file, &self.members).unwrap();
        self.command_with(arguments)
    }

    fn command_with(&self, arguments: &Path) -> Command {
        let mut words = self.wrapper.iter();
        let mut command = match words.next() {
            None => Command::new(&self.binary),
            Some(wrapper) => {
                let mut command = Command::new(super::tools::find(wrapper));
                command.args(words).arg(&self.binary);
                command
            }
        };
        command.arg(arguments);
        command
    }

    /// Runs the call and reads its answer.
    pub(crate) fn run(&self) -> Answer {
        let scratch = Scratch::new();
        let output = self.command(&scratch).output().unwrap();
        Answer::read(&output)
    }
}

impl Answer {
    /// Reads what a module printed: exactly one object in a line of its own, and nothing on stderr.
    pub(crate) fn read(output: &Output) -> Self {
        let stdout = String::from_utf8(output.stdout.clone()).unwrap();
        let stderr = String::from_utf8(output.stderr.clone()).unwrap();
        assert_eq!(stderr, "", "a module prints nothing on stderr");
        assert!(
            stdout.ends_with('\n') && stdout.lines().count() == 1,
            "{stdout:?}"
        );
        let json: Value = serde_json::from_str(&stdout).unwrap();
        assert!(json.is_object(), "{stdout}");
        Self {
            json,
            stdout,
            code: output.status.code(),
        }
    }

    /// Returns the answer, which must be a success.
    pub(crate) fn ok(self) -> Self {
        assert_eq!(
            (self.code, self.json.get("failed")),
            (Some(0), None),
            "{}",
            self.stdout
        );
        self
    }

    /// Returns whether something was changed; the call must have succeeded.
    pub(crate) fn changed(self) -> bool {
        self.ok().json["changed"].as_bool().unwrap()
    }

    /// Returns the message of a failure.
    pub(crate) fn failure(&self) -> &str {
        assert_eq!(self.code, Some(1), "{}", self.stdout);
        assert_eq!(self.json["failed"], true, "{}", self.stdout);
        self.json["msg"].as_str().unwrap()
    }
}

/// Returns where the program `name` is: an executable, or a link to `oreg`, which acts as the one whose name
/// it is started under.
pub(crate) fn binary(name: &str) -> PathBuf {
    match name {
        "oreg" => env!("CARGO_BIN_EXE_oreg").into(),
        "oreg_node_config" => env!("CARGO_BIN_EXE_oreg_node_config").into(),
        "docker_creds" => env!("CARGO_BIN_EXE_docker_creds").into(),
        name => link(name),
    }
}

fn link(name: &str) -> PathBuf {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("programs");
    fs::create_dir_all(&directory).unwrap();
    let link = directory.join(name);
    match std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_oreg"), &link) {
        // Another test was first.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => link,
        made => made.map(|()| link).unwrap(),
    }
}
