//! A real forward proxy: Debian's tinyproxy as a child process on a free port.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;

use crate::port;
use crate::process::{Logs, Process, read_settled};
use crate::scratch::Scratch;
use crate::tools;

const BOUND: Duration = Duration::from_secs(10);

/// Whom a proxy lets through, and where to.
#[derive(Clone, Copy)]
pub enum Rules<'a> {
    /// Everybody, everywhere.
    Open,
    /// Who gives this user and password, everywhere. tinyproxy's own grammar allows letters,
    /// digits, `-`, `.` and `_` in both.
    Login(&'a str, &'a str),
    /// Everybody, except to loopback addresses.
    NotToLoopback,
    /// Everybody; with CONNECT only to this port.
    ConnectTo(u16),
}

/// A running proxy; it stops when dropped.
pub struct Proxy {
    address: String,
    _process: Process,
    logs: Logs,
    _files: Scratch,
}

impl Proxy {
    /// Starts a proxy and waits until it takes connections.
    ///
    /// # Errors
    /// When tinyproxy is not installed or does not start.
    pub fn start(rules: Rules<'_>) -> Result<Self> {
        let program = tools::find("tinyproxy")?;
        let files = Scratch::new()?;
        let logs = Logs {
            stdout: files.file("proxy.log"),
            stderr: files.file("errors.log"),
        };
        let (port, process) = port::on_free_port(|port| {
            let file = files.write("tinyproxy.conf", configuration(&files, port, rules)?)?;
            let args = [Path::new("-d"), Path::new("-c"), &file];
            let mut process = Process::start(&program, args, &logs)?;
            // Not a connection but its own word: the port could be somebody else's.
            process.wait_until(BOUND, || log(&logs).contains("Accepting connections"))?;
            Ok(process)
        })?;
        Ok(Self {
            address: format!("127.0.0.1:{port}"),
            _process: process,
            logs,
            _files: files,
        })
    }

    /// Returns `127.0.0.1:PORT`.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Returns method and destination of every request so far, oldest first, also of refused ones:
    /// `CONNECT 127.0.0.1:5000`, `GET http://127.0.0.1:5000/v2/`.
    #[must_use]
    pub fn requests(&self) -> Vec<String> {
        requests(&read_settled(&self.logs.stdout))
    }
}

fn log(logs: &Logs) -> String {
    std::fs::read_to_string(&logs.stdout).unwrap_or_default()
}

fn configuration(files: &Scratch, port: u16, rules: Rules<'_>) -> Result<String> {
    let rules = match rules {
        Rules::Open => String::new(),
        Rules::Login(user, password) => format!("BasicAuth {user} {password}\n"),
        Rules::NotToLoopback => {
            let filter = files.write("filter", "^127\\.\n^localhost$\n^0\\.0\\.0\\.0$\n")?;
            format!("Filter \"{}\"\n", filter.display())
        }
        Rules::ConnectTo(port) => format!("ConnectPort {port}\n"),
    };
    Ok(format!(
        "Listen 127.0.0.1\nPort {port}\nLogLevel Info\nMaxClients 32\nTimeout 60\n{rules}"
    ))
}

/// Returns `127.0.0.1:PORT` by a name of this host for which clients use a proxy; they never do for
/// loopback.
#[must_use]
pub fn beyond_loopback(host: &str) -> String {
    host.replacen("127.0.0.1", "0.0.0.0", 1)
}

/// Reads lines such as `CONNECT Nov 23 22:47:45.665 [1]: Request (file descriptor 4): GET / HTTP/1.1`.
fn requests(log: &str) -> Vec<String> {
    log.lines()
        .filter_map(|line| {
            let (_, request) = line.split_once("]: Request (file descriptor ")?;
            let (_, request) = request.split_once("): ")?;
            let (request, _) = request.rsplit_once(" HTTP/")?;
            Some(request.to_owned())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_requests_out_of_the_log() {
        let log = "CONNECT   Nov 23 22:47:45.661 [7]: Connect (file descriptor 4): 127.0.0.1\n\
             CONNECT   Nov 23 22:47:45.665 [7]: Request (file descriptor 4): CONNECT a:1 HTTP/1.1\n\
             CONNECT   Nov 23 22:47:45.710 [7]: Request (file descriptor 4): GET http://a/ HTTP/1.1\n";
        assert_eq!(requests(log), ["CONNECT a:1", "GET http://a/"]);
    }
}
