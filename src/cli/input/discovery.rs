//! The files in which podman, docker and kubelet look for credentials, in this order, and the one in
//! which podman stores them.

use std::path::PathBuf;

use rustix::process::getuid;

use crate::cli::environment::Environment;

/// The files that a kubelet reads: of OpenShift 3.11, of Kubernetes and OpenShift 4.
const KUBELET: [&str; 2] = [
    "/var/lib/origin/.docker/config.json",
    "/var/lib/kubelet/config.json",
];

/// Lists the files that are read, the first existing one first in line. Sources:
/// containers-auth.json(5); docker/cli `cli/config/config.go`; Kubernetes `pkg/credentialprovider`.
#[must_use]
pub fn candidates(environment: &Environment) -> Vec<PathBuf> {
    let home = environment.home.as_ref();
    let config_home = environment.config_home.clone();
    let config_home = config_home.or_else(|| Some(home?.join(".config")));
    let docker = environment.docker_config.clone();
    let docker = docker.or_else(|| Some(home?.join(".docker")));
    let podman = [
        environment.registry_auth_file.clone(),
        Some(runtime_file(environment)),
        config_home.map(|directory| directory.join("containers/auth.json")),
    ];
    let docker = [
        docker.map(|directory| directory.join("config.json")),
        home.map(|home| home.join(".dockercfg")),
    ];
    let all = podman.into_iter().chain(docker).flatten();
    all.chain(KUBELET.map(PathBuf::from)).collect()
}

/// Returns the file in which `podman login` stores: `--authfile` aside, `$REGISTRY_AUTH_FILE`, else
/// `containers/auth.json` in the user's runtime directory (containers-auth.json(5)).
#[must_use]
pub fn login_file(environment: &Environment) -> PathBuf {
    let named = environment.registry_auth_file.clone();
    named.unwrap_or_else(|| runtime_file(environment))
}

fn runtime_file(environment: &Environment) -> PathBuf {
    let directory = environment.runtime_dir.clone();
    let directory = directory.map(|directory| directory.join("containers"));
    let of_user = || PathBuf::from(format!("/run/containers/{}", getuid().as_raw()));
    directory.unwrap_or_else(of_user).join("auth.json")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_looked_for_in_the_order_of_their_readers() {
        let environment = Environment {
            home: Some("/home/u".into()),
            runtime_dir: Some("/run/user/1".into()),
            ..Environment::default()
        };
        let files: Vec<_> = candidates(&environment)
            .iter()
            .map(|file| file.display().to_string())
            .collect();
        assert_eq!(
            files,
            [
                "/run/user/1/containers/auth.json",
                "/home/u/.config/containers/auth.json",
                "/home/u/.docker/config.json",
                "/home/u/.dockercfg",
                "/var/lib/origin/.docker/config.json",
                "/var/lib/kubelet/config.json",
            ]
        );
        assert_eq!(
            login_file(&environment),
            PathBuf::from("/run/user/1/containers/auth.json")
        );
    }

    #[test]
    fn the_environment_names_files_of_its_own() {
        let environment = Environment {
            registry_auth_file: Some("/a/auth.json".into()),
            docker_config: Some("/d".into()),
            config_home: Some("/c".into()),
            ..Environment::default()
        };
        let files = candidates(&environment);
        assert_eq!(files[0], PathBuf::from("/a/auth.json"));
        assert_eq!(files[2], PathBuf::from("/c/containers/auth.json"));
        assert_eq!(files[3], PathBuf::from("/d/config.json"));
        assert_eq!(login_file(&environment), PathBuf::from("/a/auth.json"));
    }
}
