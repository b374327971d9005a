//! The three ways of `docs/openshift-ansible.md`, on a small tree with the role layout, the variables
//! and the ways of calling of an openshift-ansible 3.11 checkout.

use std::{fs, path::PathBuf};

use testbed::{
    bed::{DEVELOPER, INSTALLER},
    token_server::Account,
};

use crate::support::{
    module, mounts,
    playbook::{BED, Run, Site, root},
    scratch::{mode, read},
};

/// How the roles of the installer call the module: for the main registry, then for each additional one.
const ROLE_TASKS: &str = r#"---
- name: Credential of the main registry
  docker_creds:
    path: "{{ auth_directory }}"
    registry: "{{ oreg_host }}"
    username: "{{ oreg_auth_user }}"
    password: "{{ oreg_auth_password }}"
    test_login: "{{ oreg_test_login | default(True) }}"
    proxy_vars: "{{ l_proxy_vars }}"
    test_image: "{{ l_test_image }}"
  when: oreg_auth_user is defined
  register: main_created
  retries: 2
  delay: 1
  until: main_created is succeeded

- name: Credentials of additional registries
  docker_creds:
    path: "{{ auth_directory }}"
    registry: "{{ item.host }}"
    username: "{{ item.user | default('openshift') }}"
    password: "{{ item.password }}"
    test_login: "{{ item.test_login | default(omit) }}"
    proxy_vars: "{{ l_proxy_vars }}"
    test_image: "{{ item.test_image | default(l_test_image) }}"
    tls_verify: "{{ item.tls_verify | default(omit) }}"
  when: openshift_additional_registry_credentials != []
  register: additional_created
  retries: 2
  delay: 1
  until: additional_created is succeeded
  with_items: "{{ openshift_additional_registry_credentials }}"
"#;

/// The roles that write files, and the member of the node's directory that each writes.
const ROLES: [(&str, &str); 2] = [
    ("container_runtime", "runtime"),
    ("openshift_node", "kubelet"),
];

/// The checkout, which brings an `ansible.cfg` of its own, and the inventory of an installation.
struct Checkout {
    site: Site,
}

impl Checkout {
    fn new(password: &str) -> Self {
        let mut site = Site::new();
        site.inventory(&variables(password));
        site.file("checkout/ansible.cfg", "[defaults]\nroles_path = roles\n");
        for (role, member) in ROLES {
            let directory = format!("checkout/roles/{role}");
            let meta = "---\ndependencies:\n  - role: lib_utils\n";
            let path = format!("---\nauth_directory: \"{{{{ node_directory }}}}/{member}\"\n");
            site.file(&format!("{directory}/tasks/registry_auth.yml"), ROLE_TASKS);
            site.file(&format!("{directory}/meta/main.yml"), meta);
            site.file(&format!("{directory}/defaults/main.yml"), &path);
        }
        site.file("checkout/roles/lib_utils/tasks/main.yml", "---\n");
        site.file("checkout/playbooks/node/registry_auth.yml", &playbook());
        Self { site }
    }

    /// Puts a module into the place of the installer's own.
    fn put_in(&self, name: &str) {
        let library = self.directory().join("roles/lib_utils/library");
        fs::create_dir_all(&library).unwrap();
        fs::copy(module::binary(name), library.join(name)).unwrap();
    }

    fn directory(&self) -> PathBuf {
        self.site.path("checkout")
    }

    /// Runs a playbook of the installer as it is documented: in the checkout, with its settings.
    fn run_its_own(&self, arguments: &[&str]) -> Run {
        let mut command = self.site.command("ansible-playbook");
        let playbook = self.directory().join("playbooks/node/registry_auth.yml");
        let authority = BED
            .cert_dir()
            .join(BED.token_registry.host())
            .join("ca.crt");
        command
            .current_dir(self.directory())
            .env("ANSIBLE_CONFIG", self.directory().join("ansible.cfg"))
            .env_remove("ANSIBLE_LIBRARY")
            .arg("-i")
            .arg(self.site.path("hosts"))
            .arg(playbook)
            .args(arguments);
        // Modules trust the system's bundle and nothing of the environment.
        let bundle = "/etc/ssl/certs/ca-certificates.crt";
        let words = [authority.to_str().unwrap(), bundle];
        let mut command = mounts::own("mount --bind \"$1\" \"$2\"", &words, &command);
        Run::of(&mut command)
    }

    /// Runs `registry_auth.yml` of this project from the checkout.
    fn run_ours(&self, arguments: &[&str]) -> Run {
        let mut command = self.site.command("ansible-playbook");
        command
            .current_dir(self.directory())
            .arg("-i")
            .arg(self.site.path("hosts"))
            .arg(root().join("playbooks/registry_auth.yml"))
            .args(arguments);
        Run::of(&mut command)
    }
}

/// The variables of an installation, with those that the installer makes of them.
fn variables(password: &str) -> String {
    let (main, additional) = (BED.token_registry.host(), BED.basic_registry.host());
    let developer = &BED.passwords.developer;
    format!(
        "openshift_deployment_type=openshift-enterprise\nopenshift_release=v3.11\n\
         oreg_url={main}/openshift3/ose-${{component}}:${{version}}\noreg_host={main}\n\
         oreg_auth_user={INSTALLER}\noreg_auth_password={password}\n\
         openshift_additional_registry_credentials=[{{'host':'{additional}','user':'{DEVELOPER}',\
         'password':'{developer}','test_image':'mongodb/mongodb','tls_verify':'False'}}]\n\
         l_proxy_vars=''\nl_test_image=openshift3/ose-pod:v3.11\n\
         node_directory={{{{ oreg_paths[0] | dirname | dirname }}}}\n"
    )
}

fn playbook() -> String {
    let tasks = ROLES.map(|(role, _)| {
        format!(
            "    - name: Credentials for {role}\n      import_role:\n        name: {role}\n        \
             tasks_from: registry_auth.yml\n"
        )
    });
    format!(
        "---\n- hosts: nodes\n  gather_facts: false\n  tasks:\n{}",
        tasks.concat()
    )
}

#[test]
fn before_an_installation_files_are_written_and_no_cluster_is_asked() {
    let mut checkout = Checkout::new(&BED.passwords.installer);
    let variables = variables(&BED.passwords.installer);
    checkout
        .site
        .inventory(&format!("{variables}oreg_restart_nodes=True\n"));
    let run = checkout.run_ours(&["--tags", "validate,nodes", "-e", "oreg_restart_nodes=false"]);
    assert_eq!(run.changes(), [1, 1, 1]);
    assert!(!checkout.site.manifests().exists());
    // Afterwards the cluster is there.
    let run = checkout.run_ours(&["--tags", "secrets"]);
    assert_eq!(run.changes(), [1, 0, 0]);
    assert!(checkout.site.manifests().exists());
    // And no node restarts, not even by the first run that would restart some.
    let run = checkout.run_ours(&[]);
    assert_eq!(run.changes(), [0, 0, 0]);
    assert!(!run.output.contains("Restart the node service]"));
}

#[test]
fn the_drop_in_serves_the_roles_as_they_are() {
    let checkout = Checkout::new(&BED.passwords.installer);
    checkout.put_in("docker_creds");
    assert_eq!(checkout.run_its_own(&["--check"]).changes(), [4, 4, 4]);
    assert_eq!(checkout.run_its_own(&[]).changes(), [4, 4, 4]);
    assert_eq!(checkout.run_its_own(&[]).changes(), [0, 0, 0]);
    let file = checkout.site.kubelet_file("node-2");
    assert_eq!(mode(&file), 0o600);
    for registry in [&BED.token_registry, &BED.basic_registry] {
        assert!(read(&file).contains(registry.host()), "{}", read(&file));
    }
    // What it wrote is what the module for nodes would write.
    assert_eq!(
        checkout.run_ours(&["--tags", "validate,nodes"]).changes(),
        [0, 0, 0]
    );
}

#[test]
fn the_drop_in_says_why_a_password_is_refused() {
    let checkout = Checkout::new("not-the-password-2");
    checkout.put_in("docker_creds");
    let run = checkout.run_its_own(&["--limit", "node-1"]);
    run.failed_with(&[BED.token_registry.host(), INSTALLER, "invalid_credentials"]);
    assert!(!run.output.contains("not-the-password-2"));
    assert!(!checkout.site.kubelet_file("node-1").exists());
}

#[test]
fn in_place_of_the_update_playbook_a_new_password_reaches_nodes_and_secrets() {
    let account = |password| Account::new("updated", password).grant("openshift3/*", &["pull"]);
    let written = |user: &str, password: &str| variables(password).replace(INSTALLER, user);
    BED.token_server.set_account(account("first-password-3"));
    let mut checkout = Checkout::new("");
    checkout.put_in("docker_creds");
    checkout
        .site
        .inventory(&written("updated", "first-password-3"));
    // The installer has brought the files, and the cluster has no secrets yet.
    assert_eq!(checkout.run_its_own(&[]).changes(), [4, 4, 4]);
    assert_eq!(checkout.run_ours(&[]).changes(), [1, 0, 0]);

    BED.token_server.set_account(account("second-password-4"));
    checkout
        .site
        .inventory(&written("updated", "second-password-4"));
    assert_eq!(checkout.run_ours(&[]).changes(), [2, 1, 1]);
    assert_eq!(checkout.run_its_own(&[]).changes(), [0, 0, 0]);
}
