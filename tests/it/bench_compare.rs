//! `bench/compare`, which says what became slower between two pages of benchmarks.

use std::process::{Command, Output};

use crate::support::{playbook::root, scratch::Scratch};

const TABLES: &str = "\
## a. A task

Local connection:

|  | median | range | ratio |
| --- | --- | --- | --- |
| `oreg_node_config`, changed | 1.77 s | 1.65 s to 1.84 s | 1.0 |
| a peer | 35.21 s | 33.52 s to 35.61 s | 19.9 |

The task alone, without what the empty play takes: 26.2 times faster.

## e. Growth

Entries of one file:

|  | 1 | 1,000 | k |
| --- | --- | --- | --- |
| time | 940 µs | 39.9 ms | 0.95 |
| peak memory | 0.5 MiB | 2.6 MiB | 0.98 |
";

fn compare(old: &str, new: &str) -> (i32, String) {
    let scratch = Scratch::new();
    let Output { status, stdout, .. } = Command::new("python3")
        .arg(root().join("bench/compare"))
        .args([scratch.write("old.md", old), scratch.write("new.md", new)])
        .output()
        .unwrap();
    let text = String::from_utf8(stdout).unwrap();
    (status.code().unwrap(), text)
}

#[test]
fn what_stayed_is_not_printed() {
    let slower = TABLES
        .replace("1.77 s", "1.93 s")
        .replace("39.9 ms", "43.0 ms");
    for new in [TABLES, &slower, &TABLES.replace("| 19.9", "| 99.9")] {
        let (status, text) = compare(TABLES, new);
        assert_eq!(status, 0, "{text}");
        assert_eq!(text, "nothing of 6 figures is worse by more than 10%\n");
    }
}

#[test]
fn what_became_worse_is_printed_with_its_place() {
    let table = [
        (
            "| 1.77 s | 1.65 s to 1.84 s",
            "| 3.54 s | 3.00 s to 4.00 s",
            "2.00 × a. A task · Local connection · `oreg_node_config`, changed: 1.77 s → 3.54 s\n",
        ),
        (
            "| 1.77 s | 1.65 s to 1.84 s",
            "| 2.00 s | 1.80 s to 2.10 s",
            "1.13 × a. A task · Local connection · `oreg_node_config`, changed: 1.77 s → 2.00 s \
             (ranges overlap)\n",
        ),
        (
            "940 µs",
            "1.9 ms",
            "2.02 × e. Growth · Entries of one file · time · 1: 940 µs → 1.9 ms\n",
        ),
        (
            "2.6 MiB",
            "5.2 MiB",
            "2.00 × e. Growth · Entries of one file · peak memory · 1,000: 2.6 MiB → 5.2 MiB\n",
        ),
    ];
    for (old, new, line) in table {
        let (status, text) = compare(TABLES, &TABLES.replace(old, new));
        assert_eq!((status, text.as_str()), (1, line));
    }
}

#[test]
fn pages_without_a_common_figure_are_an_error() {
    assert_eq!(compare(TABLES, "## b. Nothing\n").0, 2);
}
