//! The programs that read docker config files, as far as they differ: the key under which they look for
//! Docker Hub, and the entries that they pass over.

use super::registry_host::RegistryHost;

/// The key of Docker Hub for the programs built on containers/image (`pkg/docker/config/config.go`).
const CONTAINERS_HUB_KEY: &str = "docker.io";

/// Who reads a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    /// docker and kubelet. docker asks credential helpers and stores; kubelet ignores a file with an
    /// entry that it cannot decode.
    DockerAndKubelet,
    /// podman, skopeo, buildah and CRI-O. They ask credential helpers, know no store, and pass over an
    /// entry that they cannot decode.
    Containers,
}

impl Reader {
    /// The key in `auths` under which this reader looks for `host` first.
    pub fn key_of(self, host: &RegistryHost) -> String {
        match self {
            Self::Containers if host.is_docker_hub() => CONTAINERS_HUB_KEY.to_owned(),
            Self::Containers | Self::DockerAndKubelet => host.key(),
        }
    }
}
