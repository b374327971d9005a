//! Reads a password: from standard input, or from a person at a terminal, without echo.

use std::{
    fs::{File, OpenOptions},
    io::{self, IsTerminal, Read, Write},
};

use anyhow::{Context, Result, bail};
use rustix::{
    process::{Signal, getpid, kill_process},
    termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr},
};

use crate::domain::secret::Secret;

/// A longer password is a wrong file.
const MAX_BYTES: usize = 64 << 10;

const INTERRUPT: u8 = 3;
const END: u8 = 4;
const BACKSPACE: [u8; 2] = [8, 127];
const KILL_LINE: u8 = 21;
const LINE_ENDS: [u8; 2] = [b'\r', b'\n'];

/// Reads a password from standard input when that is not a terminal, or `from_stdin` asks for it; else
/// from the terminal, after `prompt`. A line end behind it does not belong to it.
///
/// # Errors
/// When there is no password, or no terminal to ask.
pub fn read_password(prompt: &str, from_stdin: bool) -> Result<Secret> {
    let password = if from_stdin || !io::stdin().is_terminal() {
        of_pipe()?
    } else {
        of_terminal(prompt).context("cannot ask for the password")?
    };
    if password.is_empty() {
        bail!("there is no password: write it to standard input, or type it at the prompt");
    }
    Ok(password)
}

fn of_pipe() -> Result<Secret> {
    let mut bytes = Vec::new();
    let mut stdin = io::stdin().lock().take(MAX_BYTES as u64 + 1);
    stdin
        .read_to_end(&mut bytes)
        .context("cannot read the password from standard input")?;
    if bytes.len() > MAX_BYTES {
        bail!("standard input holds more than {MAX_BYTES} bytes: no password does");
    }
    let text = String::from_utf8(bytes)
        .ok()
        .context("the password on standard input is not text")?;
    let text = text.strip_suffix('\n').unwrap_or(&text);
    Ok(Secret::new(text.strip_suffix('\r').unwrap_or(text)))
}

/// The terminal without echo, as it was when this goes out of scope.
struct Quiet {
    terminal: File,
    before: Termios,
}

impl Quiet {
    /// Signals by keys are off as well: one that ended the program here would leave the terminal without
    /// echo. [`INTERRUPT`] is read as a byte instead.
    fn new() -> io::Result<Self> {
        let terminal = OpenOptions::new().read(true).write(true).open("/dev/tty")?;
        let before = tcgetattr(&terminal)?;
        let mut quiet = before.clone();
        let off = LocalModes::ECHO | LocalModes::ECHONL | LocalModes::ICANON | LocalModes::ISIG;
        quiet.local_modes.remove(off);
        quiet.special_codes[SpecialCodeIndex::VMIN] = 1;
        quiet.special_codes[SpecialCodeIndex::VTIME] = 0;
        tcsetattr(&terminal, OptionalActions::Flush, &quiet)?;
        Ok(Self { terminal, before })
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        // A terminal that has gone away needs no echo.
        let _ = tcsetattr(&self.terminal, OptionalActions::Now, &self.before);
        let _ = self.terminal.write_all(b"\n");
    }
}

fn of_terminal(prompt: &str) -> io::Result<Secret> {
    let mut quiet = Quiet::new()?;
    quiet.terminal.write_all(prompt.as_bytes())?;
    let mut line = Vec::new();
    let mut byte = [0];
    while quiet.terminal.read(&mut byte)? == 1 {
        match byte[0] {
            end if LINE_ENDS.contains(&end) => break,
            END if line.is_empty() => break,
            INTERRUPT => {
                drop(quiet);
                interrupt();
                return Err(io::ErrorKind::Interrupted.into());
            }
            back if BACKSPACE.contains(&back) => remove_last(&mut line),
            KILL_LINE => line.clear(),
            _ if line.len() == MAX_BYTES => {}
            other => line.push(other),
        }
    }
    let text = String::from_utf8(line)
        .map_err(|_| io::Error::other("the password is not text in UTF-8"))?;
    Ok(Secret::new(text))
}

/// Removes a character, which may be several bytes.
fn remove_last(line: &mut Vec<u8>) {
    while line.pop().is_some_and(|byte| byte & 0xc0 == 0x80) {}
}

/// Ends as by the key: the shell is to see a program that was interrupted.
fn interrupt() {
    let _ = kill_process(getpid(), Signal::INT);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_character_is_removed_whole() {
        let mut line = "aü".as_bytes().to_vec();
        remove_last(&mut line);
        assert_eq!(line, b"a");
        remove_last(&mut line);
        remove_last(&mut line);
        assert!(line.is_empty());
    }
}
