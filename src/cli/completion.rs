//! `oreg completion`: what a shell needs to complete arguments.

use anyhow::Result;
use clap::{Args, Command, ValueEnum};
use clap_complete::{Shell, generate};

use super::{output::screen::Screen, status::Status};

/// Print the completions for a shell
#[derive(Args, Debug)]
#[command(after_long_help = "Examples:
  oreg completion bash > /etc/bash_completion.d/oreg
  oreg completion zsh > ~/.zfunc/_oreg
  oreg completion fish > ~/.config/fish/completions/oreg.fish")]
pub struct Arguments {
    /// The shell
    #[arg(value_enum, value_name = "SHELL")]
    shell: ShellName,
}

/// The shells, by the names that their users know.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum ShellName {
    Bash,
    Elvish,
    Fish,
    Powershell,
    Zsh,
}

/// Writes what completes the arguments of `oreg`.
///
/// # Errors
/// When standard output cannot be written to.
pub fn run(arguments: &Arguments, mut oreg: Command, screen: &Screen) -> Result<Status> {
    let shell = match arguments.shell {
        ShellName::Bash => Shell::Bash,
        ShellName::Elvish => Shell::Elvish,
        ShellName::Fish => Shell::Fish,
        ShellName::Powershell => Shell::PowerShell,
        ShellName::Zsh => Shell::Zsh,
    };
    let mut text = Vec::new();
    generate(shell, &mut oreg, "oreg", &mut text);
    screen.write(&String::from_utf8_lossy(&text))?;
    Ok(Status::Proven)
}
