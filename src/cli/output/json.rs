//! The result of a check as JSON, `oreg.check/1` (docs/oreg.check.schema.json).

use serde_json::json;

use super::result::CheckResult;
use crate::{cli::status::Status, operations::report::CHECK_SCHEMA};

/// Writes the document, indented, with a line end.
#[must_use]
pub fn document(result: &CheckResult, status: Status) -> String {
    let report = &result.report;
    let value = json!({
        "schema": CHECK_SCHEMA,
        "title": report.title,
        "generator": report.generator,
        "generated": report.generated,
        "ok": status == Status::Proven,
        "exit_status": status as u8,
        "registries": report.registries,
        "findings": result.findings,
        "counts": result.counts,
        "elapsed_ms": u64::try_from(result.elapsed.as_millis()).unwrap_or(u64::MAX),
    });
    format!("{value:#}\n")
}
