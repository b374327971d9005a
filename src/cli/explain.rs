//! `oreg explain`: what a verdict or a reason means, and what to do. The words come from
//! docs/verdicts.md, so that page and command cannot differ.

use anyhow::{Result, bail};
use clap::Args;

use super::{
    output::{screen::Screen, table::wrapped},
    status::Status,
};

const VERDICTS: &str = include_str!("../../docs/verdicts.md");

/// Explain a verdict or a reason: what it means, and what to do
#[derive(Args, Debug)]
#[command(after_long_help = "Examples:
  oreg explain invalid_credentials
  oreg explain unknown_issuer
  oreg explain            (lists all words)")]
pub struct Arguments {
    /// The word, as in results; without one, all words are listed
    #[arg(value_name = "WORD")]
    word: Option<String>,
}

/// One row of the page's tables.
struct Row<'a> {
    /// The verdict that the word belongs to; itself for a verdict.
    verdict: &'a str,
    word: &'a str,
    meaning: Vec<&'a str>,
}

/// Runs the command.
///
/// # Errors
/// For a word that is neither a verdict nor a reason.
pub fn run(arguments: &Arguments, screen: &Screen) -> Result<Status> {
    let rows = rows();
    let Some(wanted) = &arguments.word else {
        screen.write(&list(&rows))?;
        return Ok(Status::Proven);
    };
    // People copy the word from the table, where it has blanks.
    let wanted = wanted.trim().to_ascii_lowercase().replace([' ', '-'], "_");
    let found: Vec<_> = rows.iter().filter(|row| row.word == wanted).collect();
    if found.is_empty() {
        bail!(
            "{wanted} is neither a verdict nor a reason{}",
            nearest(&wanted, &rows)
        );
    }
    let texts: Vec<_> = found.iter().map(|row| explanation(row, screen)).collect();
    screen.write(&texts.join("\n"))?;
    Ok(Status::Proven)
}

fn list(rows: &[Row]) -> String {
    let lines = rows.iter().map(|row| {
        let indent = if row.verdict == row.word { "" } else { "  " };
        format!("{indent}{}\n", row.word)
    });
    lines.collect()
}

fn explanation(row: &Row, screen: &Screen) -> String {
    let mut head = screen.bold(row.word);
    if row.verdict != row.word {
        head = format!("{head}  (a reason for {})", row.verdict);
    }
    let meanings = row.meaning.iter().map(|meaning| {
        let meaning = meaning.replace('`', "");
        wrapped(&meaning, "  ", "  ", screen) + "\n"
    });
    head + "\n" + &meanings.collect::<String>()
}

fn nearest(wanted: &str, rows: &[Row]) -> String {
    let distance = |row: &&Row| strsim::damerau_levenshtein(row.word, wanted);
    let nearest = rows.iter().min_by_key(distance);
    let nearest = nearest.filter(|row| distance(row) <= wanted.len() / 2);
    nearest.map_or_else(
        || ": `oreg explain` lists them".to_owned(),
        |row| format!(": did you mean {}?", row.word),
    )
}

/// Reads the page: a table of verdicts (`verdict | proves | to do`), and one of reasons
/// (`verdict | reason | meaning`), where an empty first cell repeats the one above.
fn rows() -> Vec<Row<'static>> {
    let mut verdicts = Vec::new();
    let mut reasons = Vec::new();
    let mut verdict = "";
    for line in VERDICTS.lines() {
        let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        let word = |at: usize| {
            cells
                .get(at)
                .and_then(|cell| cell.strip_prefix('`')?.strip_suffix('`'))
        };
        if !line.starts_with('|') || cells.len() != 3 {
            continue;
        }
        verdict = word(0).unwrap_or(verdict);
        match (word(1), word(0)) {
            (Some(reason), _) => reasons.push(Row {
                verdict,
                word: reason,
                meaning: vec![cells[2]],
            }),
            (None, Some(word)) => verdicts.push(Row {
                verdict: word,
                word,
                meaning: vec![cells[1], cells[2]],
            }),
            (None, None) => {}
        }
    }
    let mut rows = Vec::new();
    for verdict in verdicts {
        let own = reasons.extract_if(.., |reason| reason.verdict == verdict.word);
        let own: Vec<_> = own.collect();
        rows.push(verdict);
        rows.extend(own);
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{domain::verdict::Verdict, registry::Reason};

    #[test]
    fn every_word_is_explained() {
        let rows = rows();
        let verdicts = Verdict::ALL.iter().map(|verdict| verdict.word());
        let words = verdicts.chain(Reason::ALL.iter().map(|reason| reason.word()));
        for word in words {
            let row = rows.iter().find(|row| row.word == word);
            assert!(row.is_some_and(|row| !row.meaning.is_empty()), "{word}");
        }
    }

    #[test]
    fn the_words_of_the_command_are_explained() {
        let rows = rows();
        for word in [
            "unreadable",
            "telemetry",
            "no_credential",
            "no_registry",
            "identity_token",
            "helper_failed",
        ] {
            assert!(rows.iter().any(|row| row.word == word), "{word}");
        }
    }
}
