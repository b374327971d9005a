//! A check on a terminal: a table, then what is not good with a way out, then one line of figures.

use std::{collections::HashSet, fmt::Write as _};

use comfy_table::{Attribute, Cell, Color};

use super::{
    result::{CheckResult, Counts},
    screen::{Screen, lines, make_visible, width},
};
use crate::operations::report::{Registry, Standing, markup::counted};

/// Below this width a table wraps into ruins: entries are stacked.
const NARROW: usize = 60;

/// Which results are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// All.
    Whole,
    /// Only what is not good.
    Problems,
}

/// Draws the result.
#[must_use]
pub fn draw(result: &CheckResult, extent: Extent, screen: &Screen) -> String {
    let registries = result.report.registries.iter();
    let is_shown = |registry: &&Registry| extent == Extent::Whole || is_problem(result, registry);
    let rows: Vec<_> = registries.filter(is_shown).collect();
    if rows.is_empty() && extent == Extent::Problems {
        return String::new();
    }
    let mut text = if rows.is_empty() {
        String::new()
    } else if is_narrow(screen) {
        stacked(result, &rows, screen)
    } else {
        table(result, &rows, screen)
    };
    text.push_str(&messages(result, screen));
    text + &summary(result, screen)
}

fn is_problem(result: &CheckResult, registry: &Registry) -> bool {
    let is_good = matches!(registry.standing(), Standing::Good | Standing::Apart);
    !is_good || result.expires_soon(registry)
}

fn table(result: &CheckResult, rows: &[&Registry], screen: &Screen) -> String {
    let places: HashSet<_> = rows.iter().map(|row| &row.source).collect();
    let has_places = places.len() > 1;
    let mut headings = vec!["REGISTRY", "USER", "VERDICT", "EXPIRES"];
    headings.extend(has_places.then_some("FROM"));
    let mut table = screen.table(&headings);
    for registry in rows {
        let mut cells = vec![
            Cell::new(make_visible(&registry.host)),
            Cell::new(user(registry)),
            colored(Cell::new(verdict(registry)), registry.standing()),
            expiry_cell(result, registry),
        ];
        cells.extend(has_places.then(|| Cell::new(make_visible(&registry.source))));
        table.add_row(cells);
    }
    lines(table)
}

fn colored(cell: Cell, standing: Standing) -> Cell {
    match standing {
        Standing::Refused => cell.fg(Color::DarkRed).add_attribute(Attribute::Bold),
        Standing::Unknown | Standing::Differs => cell.fg(Color::DarkYellow),
        Standing::Good => cell.fg(Color::DarkGreen),
        Standing::Apart => cell.add_attribute(Attribute::Dim),
    }
}

fn expiry_cell(result: &CheckResult, registry: &Registry) -> Cell {
    let cell = Cell::new(expiry(result, registry));
    if result.expires_soon(registry) {
        return cell.fg(Color::DarkYellow).add_attribute(Attribute::Bold);
    }
    cell
}

/// One entry below the other, a line for each member.
fn stacked(result: &CheckResult, rows: &[&Registry], screen: &Screen) -> String {
    let mut text = String::new();
    for registry in rows {
        let standing = registry.standing();
        let head = format!("{} {}", standing.mark(), make_visible(&registry.host));
        let head = screen.paint(standing, &wrapped(&head, "", "  ", screen));
        let members = [
            ("user", user(registry)),
            ("verdict", words(registry)),
            ("expires", expiry(result, registry)),
        ];
        text += &stack(&head, &members, screen);
    }
    text
}

/// Whether the screen is too narrow for a table.
#[must_use]
pub fn is_narrow(screen: &Screen) -> bool {
    screen.width.is_some_and(|width| width < NARROW)
}

/// Puts the members of an entry below its name, each in a line.
#[must_use]
pub fn stack(head: &str, members: &[(&str, String)], screen: &Screen) -> String {
    let mut text = format!("{head}\n");
    for (name, value) in members {
        let line = wrapped(&format!("{name:<8} {value}"), "  ", "           ", screen);
        let _ = writeln!(text, "{line}");
    }
    text
}

fn user(registry: &Registry) -> String {
    registry
        .user
        .as_deref()
        .map_or_else(|| "-".to_owned(), make_visible)
}

fn verdict(registry: &Registry) -> String {
    format!("{} {}", registry.standing().mark(), words(registry))
}

/// The verdict, and the reason where it says more.
fn words(registry: &Registry) -> String {
    let verdict = registry.verdict.to_string();
    let says_more =
        registry.standing() != Standing::Good && registry.reason != registry.verdict.word();
    if says_more && !registry.reason.is_empty() {
        return format!(
            "{verdict}, {}",
            make_visible(&registry.reason.replace('_', " "))
        );
    }
    verdict
}

/// `2026-12-09, in 14 days`
fn expiry(result: &CheckResult, registry: &Registry) -> String {
    let Some(time) = registry.expires.as_deref() else {
        return "-".to_owned();
    };
    let day = make_visible(time.get(..10).unwrap_or(time));
    match result.report.days_until(time) {
        None => day,
        Some(..0) => format!("{day}, over"),
        Some(0) => format!("{day}, today"),
        Some(days) => format!(
            "{day}, in {}",
            counted(usize::try_from(days).unwrap_or(0), "day")
        ),
    }
}

fn messages(result: &CheckResult, screen: &Screen) -> String {
    let mut text = String::new();
    let mut seen = HashSet::new();
    for registry in &result.report.registries {
        let message = if result.expires_soon(registry) {
            let end = expiry(result, registry);
            format!(
                "{}: the credential of user {} expires {end}: have a new one made",
                registry.host,
                user(registry)
            )
        } else if is_problem(result, registry) {
            registry.message.clone()
        } else {
            continue;
        };
        if seen.insert(message.clone()) {
            let message = wrapped(&make_visible(&message), "", "  ", screen);
            let _ = writeln!(text, "{}", highlighted(&message, registry, screen));
        }
    }
    if text.is_empty() {
        text
    } else {
        format!("\n{text}")
    }
}

/// The host at the beginning of a message in its color.
fn highlighted(message: &str, registry: &Registry, screen: &Screen) -> String {
    match message.strip_prefix(registry.host.as_str()) {
        Some(rest) => screen.paint(registry.standing(), &registry.host) + rest,
        None => message.to_owned(),
    }
}

fn summary(result: &CheckResult, screen: &Screen) -> String {
    let Counts {
        valid,
        refused,
        unknown,
        skipped,
        requests,
        failed_logins,
    } = &result.counts;
    let line = format!(
        "{valid} valid, {refused} refused, {unknown} unknown, {skipped} skipped · {}, {} · {:.1} s",
        counted(usize::try_from(*requests).unwrap_or(usize::MAX), "request"),
        counted(*failed_logins, "failed login"),
        result.elapsed.as_secs_f64(),
    );
    format!("\n{}\n", screen.bold(&wrapped(&line, "", "  ", screen)))
}

/// Breaks `text` between words to the width of the screen.
#[must_use]
pub fn wrapped(text: &str, first: &str, next: &str, screen: &Screen) -> String {
    let Some(limit) = screen.width else {
        return format!("{first}{text}");
    };
    let mut lines = vec![first.to_owned()];
    let mut column = width(first);
    let mut is_empty = true;
    for word in text.split(' ') {
        let needed = width(word) + usize::from(!is_empty);
        if !is_empty && column + needed > limit {
            lines.push(next.to_owned());
            column = width(next);
            is_empty = true;
        }
        let line = lines.last_mut().expect("there is a first line");
        if !is_empty {
            line.push(' ');
            column += 1;
        }
        line.push_str(word);
        column += width(word);
        is_empty = false;
    }
    lines.join("\n")
}
