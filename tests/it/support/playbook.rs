//! Runs the playbooks with ansible-core, on node directories and the registries of the test bed.

use std::{
    collections::BTreeMap,
    env,
    path::{Path, PathBuf},
    process::Command,
    sync::LazyLock,
};

use testbed::bed::{Bed, Wanted};

use super::{
    module,
    scratch::{Scratch, read},
    tools,
};

/// The registries, shared by all tests; what a test changes in them must be its own.
pub(crate) static BED: LazyLock<Bed> = LazyLock::new(|| Bed::start(Wanted::default()).unwrap());

/// The newest version of Ansible, which all tests use that do not name one.
pub(crate) const NEWEST: &str = "2.19";

/// The nodes of every site; the first is the master.
pub(crate) const NODES: [&str; 3] = ["node-1", "node-2", "node-3"];

/// Three nodes that are directories, and an inventory for them.
pub(crate) struct Site {
    scratch: Scratch,
    library: PathBuf,
    version: &'static str,
}

/// What came of a run.
pub(crate) struct Run {
    /// Whether the program said that all went well.
    pub(crate) ok: bool,
    /// All that it printed.
    pub(crate) output: String,
}

/// A host's line of the recap.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Recap {
    /// Tasks that changed something.
    pub(crate) changed: u32,
    /// Tasks that failed.
    pub(crate) failed: u32,
}

impl Site {
    /// Makes a site whose modules are those that Cargo built for the tests.
    pub(crate) fn new() -> Self {
        let scratch = Scratch::new();
        let library = scratch.path("library");
        std::fs::create_dir(&library).unwrap();
        for module in oreg::modules::ALL {
            let link = library.join(module.name);
            std::os::unix::fs::symlink(module::binary(module.name), link).unwrap();
        }
        let mut site = Self {
            scratch,
            library,
            version: NEWEST,
        };
        site.inventory("");
        site
    }

    /// The same site with another version of Ansible.
    pub(crate) fn with_ansible(mut self, version: &'static str) -> Self {
        self.version = version;
        self
    }

    /// The same site with the modules that `make modules` built.
    pub(crate) fn with_shipped_modules(mut self) -> Self {
        self.library = root().join("library");
        self
    }

    /// Writes the inventory, with these lines among the group variables.
    pub(crate) fn inventory(&mut self, variables: &str) {
        self.inventory_with_master_line("", variables);
    }

    /// Writes the inventory, with more on the line of the master.
    pub(crate) fn inventory_with_master_line(&mut self, line: &str, variables: &str) {
        let root = self.scratch.path("nodes").display().to_string();
        let text = format!(
            "[OSEv3:children]\nmasters\nnodes\n[masters]\nnode-1 {line}\n[nodes]\nnode-[1:3]\n\
             [OSEv3:vars]\nansible_connection=local\noreg_restart_nodes=False\n\
             oreg_paths=['{root}/{{{{ inventory_hostname }}}}/kubelet/config.json',\
             '{root}/{{{{ inventory_hostname }}}}/runtime/config.json']\n\
             oreg_restart_note={root}.{{{{ inventory_hostname }}}}.restart\n\
             oreg_manifest_dir={manifests}\noreg_cert_dir={certs}\n{variables}\n",
            manifests = self.manifests().display(),
            certs = BED.cert_dir().display(),
        );
        self.scratch.write("hosts", text);
    }

    /// Writes a file and returns where it is.
    pub(crate) fn file(&self, name: &str, text: &str) -> PathBuf {
        self.scratch.write(name, text)
    }

    /// Returns where such a file is.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.scratch.path(name)
    }

    /// Returns the text of such a file.
    pub(crate) fn text(&self, name: &str) -> String {
        read(&self.scratch.path(name))
    }

    /// Returns the directory of manifests.
    pub(crate) fn manifests(&self) -> PathBuf {
        self.scratch.path("manifests")
    }

    /// Returns the docker config file of a node's kubelet.
    pub(crate) fn kubelet_file(&self, node: &str) -> PathBuf {
        self.scratch
            .path("nodes")
            .join(node)
            .join("kubelet/config.json")
    }

    /// Returns all files below the nodes and the manifests, with their texts.
    pub(crate) fn written(&self) -> BTreeMap<PathBuf, String> {
        let mut files = BTreeMap::new();
        for directory in [self.scratch.path("nodes"), self.manifests()] {
            collect(&directory, &mut files);
        }
        files
    }

    /// Runs `registry_auth.yml`.
    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        self.play("registry_auth.yml", arguments)
    }

    /// Runs a playbook.
    pub(crate) fn play(&self, playbook: &str, arguments: &[&str]) -> Run {
        let inventory = self.scratch.path("hosts");
        let playbook = root().join("playbooks").join(playbook);
        let mut command = self.command("ansible-playbook");
        command
            .arg("-i")
            .arg(inventory)
            .arg(playbook)
            .args(arguments);
        Run::of(&mut command)
    }

    /// The site's own programs come first.
    #[expect(
        clippy::disallowed_methods,
        reason = "tests look for programs where the user's shell does"
    )]
    fn search_path(&self) -> String {
        let path = env::var("PATH").unwrap_or_default();
        format!("{}:{path}", self.scratch.path("bin").display())
    }

    /// Returns a command of ansible-core with this site's modules.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(tools::ansible(self.version, program));
        command
            .current_dir(root())
            .env("ANSIBLE_CONFIG", root().join("ansible.cfg"))
            .env("ANSIBLE_LIBRARY", &self.library)
            .env("ANSIBLE_LOCAL_TEMP", self.scratch.path("tmp"))
            .env("ANSIBLE_REMOTE_TEMP", self.scratch.path("remote"))
            .env("ANSIBLE_NOCOLOR", "1")
            .env("PATH", self.search_path())
            .env_remove("KUBECONFIG");
        command
    }
}

impl Run {
    /// Runs a command to its end.
    pub(crate) fn of(command: &mut Command) -> Self {
        let output = command.output().unwrap();
        let text = [output.stdout, output.stderr].concat();
        Self {
            ok: output.status.success(),
            output: String::from_utf8(text).unwrap(),
        }
    }

    /// Returns the recap of a host. One for which there was nothing to do has no line.
    pub(crate) fn recap(&self, host: &str) -> Recap {
        let recap = self.output.split("PLAY RECAP").nth(1);
        let recap = recap.unwrap_or_else(|| panic!("no recap:\n{}", self.output));
        let mut lines = recap.lines();
        let line = lines.find(|line| line.split_whitespace().next() == Some(host));
        let Some(line) = line else {
            return Recap::default();
        };
        let number = |name: &str| {
            let value = line.split(name).nth(1).unwrap().split_whitespace().next();
            value.unwrap().parse().unwrap()
        };
        Recap {
            changed: number("changed="),
            failed: number("failed="),
        }
    }

    /// Returns how many tasks changed something on each node; the run must have succeeded.
    pub(crate) fn changes(&self) -> [u32; 3] {
        assert!(self.ok, "{}", self.output);
        NODES.map(|node| self.recap(node).changed)
    }

    /// The run must have succeeded, with so many changes on this node.
    pub(crate) fn changes_of(&self, node: &str, changed: u32) {
        assert!(self.ok, "{}", self.output);
        assert_eq!(self.recap(node), Recap { changed, failed: 0 });
    }

    /// The run must have failed, and have said all of this.
    pub(crate) fn failed_with(&self, words: &[&str]) {
        assert!(!self.ok, "{}", self.output);
        // A long message is wrapped.
        let output = self.output.split_whitespace().collect::<Vec<_>>().join(" ");
        for word in words {
            assert!(output.contains(word), "no {word:?} in:\n{}", self.output);
        }
    }
}

/// Returns the top directory.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn collect(directory: &Path, files: &mut BTreeMap<PathBuf, String>) {
    for entry in directory.read_dir().into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else {
            files.insert(path.clone(), read(&path));
        }
    }
}
