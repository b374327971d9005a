//! What the command reads from the environment: once, here, and nowhere else.

use std::{
    env,
    ffi::{OsStr, OsString},
    io::IsTerminal,
    path::PathBuf,
};

use crate::{inventory::ProcessEnvironment, support::trust::Bundle};

/// The environment of one call.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    /// `$HOME`
    pub home: Option<PathBuf>,
    /// `$REGISTRY_AUTH_FILE` of podman, skopeo and buildah
    pub registry_auth_file: Option<PathBuf>,
    /// `$DOCKER_CONFIG`, a directory
    pub docker_config: Option<PathBuf>,
    /// `$XDG_RUNTIME_DIR`
    pub runtime_dir: Option<PathBuf>,
    /// `$XDG_CONFIG_HOME`
    pub config_home: Option<PathBuf>,
    /// The files in `$KUBECONFIG`
    pub kubeconfig: Vec<PathBuf>,
    /// `$OREG_INVENTORY_SETTINGS`
    pub inventory_settings: Option<PathBuf>,
    /// `$http_proxy`
    pub http_proxy: Option<String>,
    /// `$HTTPS_PROXY`, `$https_proxy`
    pub https_proxy: Option<String>,
    /// `$NO_PROXY`, `$no_proxy`
    pub no_proxy: String,
    /// `$SSL_CERT_FILE`, a bundle of authorities in place of the system's
    pub ssl_cert_file: Option<PathBuf>,
    /// `$SSL_CERT_DIR`, directories of authorities in place of the system's
    pub ssl_cert_dir: Vec<PathBuf>,
    /// Whether `$NO_COLOR` is set (<https://no-color.org>), or the terminal is a dumb one.
    pub is_colorless: bool,
    /// Whether the locale writes UTF-8.
    pub is_utf8: bool,
}

impl Environment {
    /// Reads the environment.
    #[must_use]
    pub fn read() -> Self {
        let path = |name| variable(name).map(PathBuf::from);
        let first = |names: [&str; 2]| names.into_iter().find_map(text);
        Self {
            home: path("HOME"),
            registry_auth_file: path("REGISTRY_AUTH_FILE"),
            docker_config: path("DOCKER_CONFIG"),
            runtime_dir: path("XDG_RUNTIME_DIR"),
            config_home: path("XDG_CONFIG_HOME"),
            kubeconfig: variable("KUBECONFIG")
                .map(|list| files(&list))
                .unwrap_or_default(),
            inventory_settings: path("OREG_INVENTORY_SETTINGS"),
            // In capitals, a web server could set it by a header (CGI); curl and Go ignore it there.
            http_proxy: text("http_proxy"),
            https_proxy: first(["HTTPS_PROXY", "https_proxy"]),
            no_proxy: first(["NO_PROXY", "no_proxy"]).unwrap_or_default(),
            ssl_cert_file: path("SSL_CERT_FILE"),
            ssl_cert_dir: variable("SSL_CERT_DIR")
                .map(|list| files(&list))
                .unwrap_or_default(),
            is_colorless: variable("NO_COLOR").is_some()
                || text("TERM").is_some_and(|term| term == "dumb"),
            is_utf8: writes_utf8(),
        }
    }

    /// The authorities to trust: those that the user's variables name, as OpenSSL and Go have it, else the
    /// system's.
    #[must_use]
    pub fn authorities(&self) -> Bundle {
        match (&self.ssl_cert_file, self.ssl_cert_dir.as_slice()) {
            (None, []) => Bundle::system(),
            (file, directories) => {
                Bundle::new(file.iter().cloned().collect(), directories.to_vec())
            }
        }
    }

    /// Returns what the inventory looks at.
    #[must_use]
    pub fn for_inventory(&self) -> ProcessEnvironment {
        ProcessEnvironment {
            settings: self.inventory_settings.clone(),
            kubeconfig: self.kubeconfig.clone(),
            home: self.home.clone(),
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the command behaves as its users' other commands do"
)]
fn variable(name: &str) -> Option<OsString> {
    env::var_os(name).filter(|value| !value.is_empty())
}

/// Returns a variable that is set, not empty and text.
#[must_use]
pub fn text(name: &str) -> Option<String> {
    variable(name)?.into_string().ok()
}

/// As kubectl does, empty names are passed over.
fn files(list: &OsStr) -> Vec<PathBuf> {
    let files = env::split_paths(list);
    files.filter(|file| !file.as_os_str().is_empty()).collect()
}

/// The first of these that is set counts (POSIX, "Internationalization Variables"). A pipe gets UTF-8
/// whatever the locale: machines read it.
fn writes_utf8() -> bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(text);
    let locale = locale.unwrap_or_default().to_ascii_lowercase();
    !std::io::stdout().is_terminal() || locale.contains("utf-8") || locale.contains("utf8")
}
