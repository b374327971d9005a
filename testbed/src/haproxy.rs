//! Debian's haproxy as a child process, on free ports, with a certificate: each reverse proxy of the test
//! bed is one.

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

/// A running haproxy; it stops when dropped.
pub(crate) struct Haproxy {
    files: Scratch,
    _process: Process,
}

impl Haproxy {
    /// Starts one and waits until it takes connections. `sections` writes its configuration for the ports
    /// that are free, beginning with what belongs into `global`; `bind` there is by [`bind`].
    ///
    /// # Errors
    /// When haproxy is not installed or does not start; the message holds the end of its log.
    pub(crate) fn start(
        identity: &Identity,
        ports: usize,
        sections: impl Fn(&Scratch, &[u16]) -> Result<String>,
    ) -> Result<(Vec<u16>, Self)> {
        let program = tools::find("haproxy")?;
        let files = Scratch::new()?;
        let logs = Logs {
            stdout: files.file("stdout.log"),
            stderr: files.file("stderr.log"),
        };
        // haproxy wants certificate and key in one file.
        let pem = format!("{}{}", identity.cert_pem(), identity.key_pem());
        files.write("server.pem", pem)?;
        let (ports, process) = port::on_free_port_list(ports, |ports| {
            let control = control_socket(&files);
            let global = format!(
                "global\n  stats socket {}\n  maxconn 4000\n",
                control.display()
            );
            let file = files.write("haproxy.cfg", global + &sections(&files, ports)?)?;
            // -db: in the foreground, without a second process that would outlive the first.
            let args = [Path::new("-db"), Path::new("-f"), &file];
            let mut process = Process::start(&program, args, &logs)?;
            process.wait_until(BOUND, || is_serving(&control))?;
            Ok((ports.to_vec(), process))
        })?;
        let haproxy = Self {
            files,
            _process: process,
        };
        Ok((ports, haproxy))
    }

    /// Returns the socket that answers haproxy's own commands, such as `show stat`.
    pub(crate) fn control_socket(&self) -> PathBuf {
        control_socket(&self.files)
    }
}

/// Returns the line by which a frontend takes TLS connections on this port.
pub(crate) fn bind(files: &Scratch, port: u16) -> String {
    let pem = files.file("server.pem");
    format!("  bind 127.0.0.1:{port} ssl crt {}\n", pem.display())
}

fn control_socket(files: &Scratch) -> PathBuf {
    files.file("control")
}

/// Asks haproxy itself, which answers only when it has all its ports: an answer on a port could come from
/// another program.
fn is_serving(control_socket: &Path) -> bool {
    let ask = || {
        let mut stream = UnixStream::connect(control_socket)?;
        stream.write_all(b"show version\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)
    };
    ask().is_ok_and(|length| length > 0)
}
