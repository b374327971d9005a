//! The two processes of a cluster and how they are started.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result};
use rcgen::KeyPair;

use super::audit;
use crate::pki::{Authority, Identity};
use crate::port;
use crate::process::{Logs, Process};
use crate::scratch::Scratch;
use crate::tools;

const ETCD_BOUND: Duration = Duration::from_secs(20);
const READY_BOUND: Duration = Duration::from_mins(1);

/// etcd and kube-apiserver.
pub(super) struct Servers {
    // Before etcd: an API server without its store fills its log.
    apiserver: Process,
    etcd: Process,
    args: Vec<String>,
    url: String,
}

impl Servers {
    /// Starts both. etcd is ready then, the API server need not be.
    pub(super) fn start(files: &Scratch, authority: &Authority, address: Ipv4Addr) -> Result<Self> {
        let (etcd_url, etcd) = start_etcd(files)?;
        let identity = authority.server(&["kubernetes", "10.0.0.1", &address.to_string()])?;
        let (port, (args, apiserver)) = port::on_free_port(|port| {
            let address = SocketAddrV4::new(address, port);
            let args = apiserver_args(files, &identity, &etcd_url, address)?;
            let apiserver = start_apiserver(files, &args)?;
            Ok((args, apiserver))
        })?;
        Ok(Self {
            apiserver,
            etcd,
            args,
            url: format!("https://{address}:{port}"),
        })
    }

    /// Starts an API server that was killed again, at the same address and with what it knew.
    pub(super) fn restart_apiserver(&mut self, files: &Scratch) -> Result<()> {
        self.apiserver = start_apiserver(files, &self.args)?;
        Ok(())
    }

    /// Waits until the API server is ready.
    pub(super) fn wait_until(&mut self, ready: impl FnMut() -> bool) -> Result<()> {
        self.apiserver.wait_until(READY_BOUND, ready)
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    pub(super) fn process_ids(&self) -> [u32; 2] {
        [self.etcd.id(), self.apiserver.id()]
    }
}

/// Returns the file that the API server writes its audit log to.
pub(super) fn audit_log(files: &Scratch) -> PathBuf {
    files.file("audit.log")
}

fn start_etcd(files: &Scratch) -> Result<(String, Process)> {
    port::on_free_ports(|ports| start_etcd_on(ports, files))
}

fn start_etcd_on(ports: [u16; 2], files: &Scratch) -> Result<(String, Process)> {
    let [client, peer] = ports.map(|port| format!("http://127.0.0.1:{port}"));
    let data = files.file(format!("etcd-{}", client.replace(['/', ':'], "-")));
    let args = [
        "--name=testbed".to_owned(),
        format!("--data-dir={}", data.display()),
        // The data is thrown away: what a power cut would do to it does not matter.
        "--unsafe-no-fsync".to_owned(),
        format!("--listen-client-urls={client}"),
        format!("--advertise-client-urls={client}"),
        format!("--listen-peer-urls={peer}"),
        format!("--initial-advertise-peer-urls={peer}"),
        format!("--initial-cluster=testbed={peer}"),
        "--logger=zap".to_owned(),
    ];
    let mut etcd = Process::start(&tools::etcd()?, args, &logs(files, "etcd"))?;
    etcd.wait_for_message("serving client traffic insecurely", ETCD_BOUND)?;
    Ok((client, etcd))
}

/// Starts the API server and waits until it holds its port.
fn start_apiserver(files: &Scratch, args: &[String]) -> Result<Process> {
    let logs = logs(files, "kube-apiserver");
    let mut apiserver = Process::start(&tools::kube_apiserver()?, args, &logs)?;
    apiserver.wait_for_message("Serving securely on", READY_BOUND)?;
    Ok(apiserver)
}

fn apiserver_args(
    files: &Scratch,
    identity: &Identity,
    etcd: &str,
    address: SocketAddrV4,
) -> Result<Vec<String>> {
    let pair = KeyPair::generate().context("no service account key")?;
    let private = files.write("service-account.key", pair.serialize_pem())?;
    let public = files.write("service-account.pub", pair.public_key_pem())?;
    let policy = files.write("audit-policy.json", audit::policy())?;
    Ok(vec![
        format!("--etcd-servers={etcd}"),
        format!("--bind-address={}", address.ip()),
        format!("--secure-port={}", address.port()),
        // It must not be a loopback address; nothing is ever sent to this one.
        "--advertise-address=10.99.0.1".to_owned(),
        "--endpoint-reconciler-type=none".to_owned(),
        format!("--tls-cert-file={}", identity.cert().display()),
        format!("--tls-private-key-file={}", identity.key().display()),
        format!("--client-ca-file={}", identity.ca_cert().display()),
        format!("--cert-dir={}", files.path().display()),
        "--service-account-issuer=https://kubernetes.default.svc".to_owned(),
        format!("--service-account-key-file={}", public.display()),
        format!("--service-account-signing-key-file={}", private.display()),
        "--service-cluster-ip-range=10.0.0.0/24".to_owned(),
        // Node: the agent of a node may write the status of its own node.
        "--authorization-mode=Node,RBAC".to_owned(),
        // There is no controller that would make the service accounts it asks for.
        "--disable-admission-plugins=ServiceAccount".to_owned(),
        format!("--audit-policy-file={}", policy.display()),
        format!("--audit-log-path={}", audit_log(files).display()),
    ])
}

fn logs(files: &Scratch, name: &str) -> Logs {
    Logs {
        stdout: files.file(format!("{name}.out")),
        stderr: files.file(format!("{name}.log")),
    }
}
