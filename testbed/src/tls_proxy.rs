//! A reverse proxy that ends TLS in front of a registry: Debian's haproxy as a child process on a
//! free port.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Result;

use crate::pki::Identity;
use crate::port;
use crate::process::{Logs, Process};
use crate::scratch::Scratch;
use crate::tools;

const BOUND: Duration = Duration::from_secs(10);

/// A running reverse proxy; it stops when dropped.
pub struct TlsProxy {
    host: String,
    _process: Process,
    _files: Scratch,
}

impl TlsProxy {
    /// Starts a proxy with this certificate in front of a server that speaks plain HTTP at `backend`
    /// (`127.0.0.1:PORT`), and waits until it takes connections.
    ///
    /// # Errors
    /// When haproxy is not installed or does not start; the message holds the end of its log.
    pub fn start(identity: &Identity, backend: &str) -> Result<Self> {
        let program = tools::find("haproxy")?;
        let files = Scratch::new()?;
        let logs = Logs {
            stdout: files.file("stdout.log"),
            stderr: files.file("stderr.log"),
        };
        // haproxy wants certificate and key in one file.
        let pem = format!("{}{}", identity.cert_pem(), identity.key_pem());
        files.write("server.pem", pem)?;
        let (port, process) = port::on_free_port(|port| {
            let file = files.write("haproxy.cfg", configuration(&files, port, backend))?;
            // -db: in the foreground, without a second process that would outlive the first.
            let args = [Path::new("-db"), Path::new("-f"), &file];
            let mut process = Process::start(&program, args, &logs)?;
            process.wait_until(BOUND, || is_serving(&control_socket(&files)))?;
            Ok(process)
        })?;
        Ok(Self {
            host: format!("127.0.0.1:{port}"),
            _process: process,
            _files: files,
        })
    }

    /// Returns `127.0.0.1:PORT`.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }
}

fn configuration(files: &Scratch, port: u16, backend: &str) -> String {
    format!(
        "global\n  stats socket {socket}\n  maxconn 64\n\
         defaults\n  mode http\n  timeout connect 5s\n  timeout client 30s\n  timeout server 30s\n\
         frontend tls\n  bind 127.0.0.1:{port} ssl crt {pem}\n  \
         http-request set-header X-Forwarded-Proto https\n  default_backend registry\n\
         backend registry\n  server registry {backend}\n",
        socket = control_socket(files).display(),
        pem = files.file("server.pem").display(),
    )
}

fn control_socket(files: &Scratch) -> PathBuf {
    files.file("control")
}

/// Asks haproxy itself, which answers only when it has all its ports: whoever answers on the port
/// could be somebody else.
fn is_serving(control_socket: &Path) -> bool {
    let ask = || {
        let mut stream = UnixStream::connect(control_socket)?;
        stream.write_all(b"show version\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)
    };
    ask().is_ok_and(|length| length > 0)
}
