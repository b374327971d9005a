//! From a kubeconfig file to a client. The only place of the cluster side that reads the
//! environment: `HTTPS_PROXY` and `NO_PROXY`, as kubectl does.
//!
//! Credential plugins (`exec`, `auth-provider`) are refused: they would run a program of the
//! kubeconfig's choice that may ask questions, write to our standard error, and so spoil the answer.

use std::{
    ffi::OsStr,
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use http::{Uri, uri::Scheme};
use hyper_util::client::proxy::matcher::Matcher;
use kube::{
    Client, Config,
    config::{AuthInfo, KubeConfigOptions, Kubeconfig, KubeconfigError, LoadDataError},
};

use super::{
    client::client,
    error::{ClusterError, Endpoint},
};
use crate::domain::registry_host::shown;

/// The kubeconfig that a first master of OpenShift 3.11 has.
pub const MASTER_KUBECONFIG: &str = "/etc/origin/master/admin.kubeconfig";

/// How long a connection, with its TLS, may take to come about.
pub(super) const CONNECT_LIMIT: Duration = Duration::from_secs(10);

/// A client and whom it speaks to as whom.
pub(super) struct Connection {
    pub(super) client: Client,
    pub(super) endpoint: Endpoint,
    pub(super) user: String,
    /// Where the proxy was found, if there is one.
    pub(super) via: Option<&'static str>,
}

struct Proxy {
    url: Uri,
    origin: &'static str,
}

/// What is wrong with a proxy, and who named it.
enum ProxyFault {
    Kubeconfig(&'static str),
    Variable(&'static str, &'static str),
}

const NO_URL: &str = "the proxy's URL is not a URL";

/// What a kubeconfig says about one of its contexts.
struct Chosen {
    context: String,
    user: String,
    proxy: Option<String>,
}

/// Reads the kubeconfig, which may be spread over several files, and makes a client for its current
/// context, or for `context`. Nothing is sent yet. Must be called in a runtime.
pub(super) async fn connect(
    files: &[&Path],
    context: Option<&str>,
) -> Result<Connection, ClusterError> {
    let path = &joined(files);
    let invalid = |fault: String| ClusterError::KubeconfigInvalid {
        path: path.to_owned(),
        fault,
    };
    let kubeconfig = read_all(files)?;
    let chosen = choose(&kubeconfig, path, context)?;
    let options = KubeConfigOptions {
        context: Some(chosen.context.clone()),
        ..KubeConfigOptions::default()
    };
    let told = |fault: ProxyFault| match fault {
        ProxyFault::Kubeconfig(fault) => invalid(fault.to_owned()),
        ProxyFault::Variable(variable, fault) => ClusterError::ProxyInvalid { variable, fault },
    };
    let mut config = Config::from_custom_kubeconfig(kubeconfig, &options)
        .await
        .map_err(|error| match proxy_fault(&error, &chosen) {
            Some(fault) => told(fault),
            None => invalid(fault(&error)),
        })?;
    let proxy = proxy(&chosen, &config.cluster_url).map_err(told)?;
    let via = proxy.as_ref().map(|proxy| proxy.origin);
    config.proxy_url = proxy.map(|proxy| proxy.url);
    config.connect_timeout = Some(CONNECT_LIMIT);
    let endpoint = Endpoint {
        server: shown(config.cluster_url.to_string().trim_end_matches('/')).into_owned(),
        context: chosen.context,
    };
    let client = client(&config).map_err(|error| invalid(unusable(&error)))?;
    Ok(Connection {
        client,
        endpoint,
        user: chosen.user,
        via,
    })
}

/// What kubectl makes of several files: those that are missing are passed over, and of two entries
/// with one name the first counts. An empty current context is none.
fn read_all(files: &[&Path]) -> Result<Kubeconfig, ClusterError> {
    let mut whole: Option<Kubeconfig> = None;
    for path in files {
        let mut next = match read(path) {
            Err(ClusterError::KubeconfigMissing { .. }) => continue,
            next => next?,
        };
        next.current_context = next.current_context.filter(|name| !name.is_empty());
        whole = Some(match whole.take() {
            None => next,
            Some(whole) => whole.merge(next).map_err(|error| unfit(path, &error))?,
        });
    }
    whole.ok_or_else(|| ClusterError::KubeconfigMissing {
        path: joined(files),
    })
}

/// As `KUBECONFIG` has them.
fn joined(files: &[&Path]) -> PathBuf {
    let texts: Vec<_> = files.iter().map(|path| path.as_os_str()).collect();
    texts.join(OsStr::new(":")).into()
}

fn unfit(path: &Path, error: &KubeconfigError) -> ClusterError {
    ClusterError::KubeconfigInvalid {
        path: path.to_owned(),
        fault: fault(error),
    }
}

fn read(path: &Path) -> Result<Kubeconfig, ClusterError> {
    let path = path.to_owned();
    match Kubeconfig::read_from(&path) {
        Ok(kubeconfig) => Ok(kubeconfig),
        Err(KubeconfigError::ReadConfig(source, _)) => Err(match source.kind() {
            io::ErrorKind::NotFound => ClusterError::KubeconfigMissing { path },
            _ => ClusterError::KubeconfigUnreadable { path, source },
        }),
        Err(error) => Err(unfit(&path, &error)),
    }
}

fn choose(
    kubeconfig: &Kubeconfig,
    path: &Path,
    wanted: Option<&str>,
) -> Result<Chosen, ClusterError> {
    let known = || kubeconfig.contexts.iter().map(|c| c.name.clone()).collect();
    let current = kubeconfig.current_context.as_deref();
    let Some(name) = wanted.or(current).filter(|name| !name.is_empty()) else {
        return Err(ClusterError::NoContext {
            path: path.to_owned(),
            known: known(),
        });
    };
    let named = kubeconfig.contexts.iter().find(|named| named.name == name);
    let Some(context) = named.and_then(|named| named.context.as_ref()) else {
        return Err(ClusterError::UnknownContext {
            path: path.to_owned(),
            context: name.to_owned(),
            known: known(),
        });
    };
    let user = context.user.clone().unwrap_or_default();
    check_user(kubeconfig, &user).map_err(|fault| ClusterError::KubeconfigInvalid {
        path: path.to_owned(),
        fault,
    })?;
    let cluster = kubeconfig
        .clusters
        .iter()
        .find(|c| c.name == context.cluster);
    let proxy = cluster.and_then(|named| named.cluster.as_ref()?.proxy_url.clone());
    Ok(Chosen {
        context: name.to_owned(),
        user,
        proxy: proxy.filter(|url| !url.is_empty()),
    })
}

/// Without this check an unknown user would ask as nobody, and be told that nobody may.
fn check_user(kubeconfig: &Kubeconfig, user: &str) -> Result<(), String> {
    let named = kubeconfig
        .auth_infos
        .iter()
        .find(|named| named.name == user);
    let info = named.and_then(|named| named.auth_info.as_ref());
    match info {
        Some(info) if has_plugin(info) => Err(format!(
            "user {user} has a credential plugin (exec or auth-provider), which is not run here: \
             use a client certificate or a token"
        )),
        Some(_) => Ok(()),
        None if user.is_empty() => Ok(()),
        None => Err(format!(
            "its context names user {user}, which is not in the file"
        )),
    }
}

fn has_plugin(info: &AuthInfo) -> bool {
    info.exec.is_some() || info.auth_provider.is_some()
}

/// The proxy of the kubeconfig, else the environment's unless `NO_PROXY` covers the server.
fn proxy(chosen: &Chosen, server: &Uri) -> Result<Option<Proxy>, ProxyFault> {
    if let Some(url) = &chosen.proxy {
        let url = proxy_url(url).map_err(ProxyFault::Kubeconfig)?;
        let origin = "the kubeconfig's proxy";
        return Ok(Some(Proxy { url, origin }));
    }
    let is_tls = server.scheme() == Some(&Scheme::HTTPS);
    let Some((variable, value)) = proxy_variable().filter(|_| is_tls) else {
        return Ok(None);
    };
    if is_loopback(server) || is_exempt(server) {
        return Ok(None);
    }
    // As curl and kubectl read it.
    let url = if value.contains("://") {
        value
    } else {
        format!("http://{value}")
    };
    let url = proxy_url(&url).map_err(|fault| ProxyFault::Variable(variable, fault))?;
    let origin = variable;
    Ok(Some(Proxy { url, origin }))
}

/// The URL is not quoted: it may hold a password.
fn proxy_url(text: &str) -> Result<Uri, &'static str> {
    let url: Uri = text.parse().map_err(|_| NO_URL)?;
    match url.scheme_str() {
        Some("http" | "https") => Ok(url),
        _ => Err("the proxy's URL must begin with http:// or https://"),
    }
}

fn proxy_variable() -> Option<(&'static str, String)> {
    let mut variables = ["HTTPS_PROXY", "https_proxy"].into_iter();
    variables.find_map(|name| Some((name, environment(name)?)))
}

fn is_exempt(server: &Uri) -> bool {
    let list = environment("NO_PROXY").or_else(|| environment("no_proxy"));
    // Which proxy it would be does not matter.
    let matcher = Matcher::builder().https("http://proxy");
    let matcher = matcher.no(list.unwrap_or_default()).build();
    matcher.intercept(server).is_none()
}

fn is_loopback(server: &Uri) -> bool {
    let host = server.host().unwrap_or_default().trim_matches(['[', ']']);
    let address = host.parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

#[expect(
    clippy::disallowed_methods,
    reason = "kubectl finds its proxy in the environment, and this is the file that may look there"
)]
fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// kube reads the variables itself, before it is decided here whether they count.
fn proxy_fault(error: &KubeconfigError, chosen: &Chosen) -> Option<ProxyFault> {
    match error {
        KubeconfigError::ParseProxyUrl(_) if chosen.proxy.is_some() => {
            Some(ProxyFault::Kubeconfig(NO_URL))
        }
        KubeconfigError::ParseProxyUrl(_) => {
            let (variable, _) = proxy_variable()?;
            Some(ProxyFault::Variable(variable, NO_URL))
        }
        _ => None,
    }
}

/// What is wrong with a kubeconfig, without its content: parsers quote what they stumble over.
fn fault(error: &KubeconfigError) -> String {
    let data = |what: &str, error: &LoadDataError| match error {
        LoadDataError::ReadFile(source, file) => {
            format!("cannot read its {what} {}: {source}", file.display())
        }
        LoadDataError::DecodeBase64(_) => format!("its {what}-data is not base64"),
        LoadDataError::NoBase64DataOrFile => format!("it has no {what}"),
    };
    match error {
        KubeconfigError::Parse(_) => "is not a kubeconfig (YAML or JSON)".to_owned(),
        KubeconfigError::LoadClusterOfContext(cluster) => {
            format!("its context names cluster {cluster}, which is not in the file")
        }
        KubeconfigError::KindMismatch | KubeconfigError::ApiVersionMismatch => {
            "is of another kind or version than the files before it".to_owned()
        }
        KubeconfigError::MissingClusterUrl => "its cluster has no server".to_owned(),
        KubeconfigError::ParseClusterUrl(_) => "the server of its cluster is not a URL".to_owned(),
        KubeconfigError::LoadCertificateAuthority(error) => data("certificate-authority", error),
        KubeconfigError::LoadClientCertificate(error) => data("client-certificate", error),
        KubeconfigError::LoadClientKey(error) => data("client-key", error),
        KubeconfigError::ParseCertificates(_) => "its certificate-authority is not PEM".to_owned(),
        _ => "cannot be used".to_owned(),
    }
}

/// What keeps a client from being made of a kubeconfig that could be read.
fn unusable(error: &kube::Error) -> String {
    match error {
        kube::Error::InferKubeconfig(error) => fault(error),
        kube::Error::Auth(_) => "the token of its user cannot be read or sent".to_owned(),
        kube::Error::RustlsTls(_) => {
            "its certificates or the client key cannot be used: not PEM, or of another kind"
                .to_owned()
        }
        _ => "no client can be made of it".to_owned(),
    }
}
