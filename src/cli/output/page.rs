//! Writes the page of a run, or its document, to a file.

use std::path::Path;

use anyhow::{Context, Result};

use super::files::replace;
use crate::operations::report::{Report, html};

/// Writes to `path`: the page, or, by the ending `.json`, the document `oreg.report/1`.
///
/// # Errors
/// When the file cannot be written; an older one is then as it was.
pub fn write(report: &Report, path: &Path) -> Result<()> {
    let text = if path.extension().is_some_and(|ending| ending == "json") {
        format!(
            "{:#}\n",
            serde_json::to_value(report).context("cannot write the report as JSON")?
        )
    } else {
        html::page(report)
    };
    replace(path, text.as_bytes(), 0o644)
        .with_context(|| format!("cannot write {}", path.display()))
}
