//! Completions and manual pages, read by those who use them.

use std::process::Command;

use crate::support::{command::Account, tools};

fn output(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && errors.is_empty(), "{errors}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn bash_completes_commands_and_options() {
    let account = Account::new();
    let script = account.run(&["completion", "bash"]);
    let file = account.home.write("oreg.bash", script.ends_with(0));
    let complete = |words: &str, word: u8| {
        let script = format!(
            "source '{}'; COMP_WORDS=({words}); COMP_CWORD={word}; _oreg oreg \"${{COMP_WORDS[COMP_CWORD]}}\" \"${{COMP_WORDS[COMP_CWORD-1]}}\"; echo \"${{COMPREPLY[@]}}\"",
            file.display()
        );
        output(Command::new(tools::find("bash")).args(["--norc", "-c", &script]))
    };
    assert!(complete("oreg ch", 1).contains("check"));
    assert!(complete("oreg check --exp", 2).contains("--expires-in"));
    assert!(complete("oreg check -o ''", 3).contains("junit"));
}

#[test]
fn zsh_reads_its_completions() {
    let account = Account::new();
    let script = account.run(&["completion", "zsh"]);
    account.home.write("functions/_oreg", script.ends_with(0));
    let zsh_test = format!(
        "fpath=('{}' $fpath); autoload -Uz compinit; compinit -u -d '{}'; echo $_comps[oreg]; autoload +X _oreg && echo read",
        account.home.path("functions").display(),
        account.home.path("dump").display()
    );
    let text = output(Command::new(tools::find("zsh")).args(["-f", "-c", &zsh_test]));
    assert_eq!(text, "_oreg\nread\n");
}

#[test]
fn man_reads_every_page() {
    let account = Account::new();
    account.run(&["man", "man/man1"]).ends_with(0);
    let directory = account.home.path("man/man1");
    let names = crate::support::scratch::names(&directory);
    assert!(names.len() > 10, "{names:?}");
    for name in names {
        let mut man = Command::new(tools::find("man"));
        let text = output(
            man.args(["--warnings=all", "-l"])
                .arg(directory.join(&name))
                .env("MANWIDTH", "80")
                .env("LC_ALL", "C.UTF-8"),
        );
        assert!(
            text.contains("SYNOPSIS") && text.contains("oreg"),
            "{name}: {text}"
        );
    }
}
