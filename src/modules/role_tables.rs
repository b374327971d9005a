//! Which variables of the role set which options: the tables of `vars/main.yml`, made of the rows.

use super::{
    cluster_answer::{CONTEXT, KUBECONFIG},
    credential_options::CREDENTIALS_DOCUMENTED,
    oreg_node_config, oreg_pull_secrets, oreg_validate,
};
use crate::ansible::Documented;

/// The tables of the role: name, rows, and whether a row belongs to it.
pub(super) type RoleTable = (&'static str, &'static [Documented], fn(&Documented) -> bool);

const CLUSTER: &[Documented] = &[KUBECONFIG.documented(), CONTEXT.documented()];

pub(super) const TABLES: [RoleTable; 7] = [
    ("oreg_credential_options", CREDENTIALS_DOCUMENTED, |_| true),
    ("oreg_proxy_options", oreg_validate::DOCUMENTED, is_proxy),
    ("oreg_proof_options", oreg_validate::DOCUMENTED, |row| {
        !is_proxy(row)
    }),
    ("oreg_file_options", oreg_node_config::DOCUMENTED, |_| true),
    ("oreg_cluster_options", CLUSTER, |_| true),
    (
        "oreg_secret_options",
        oreg_pull_secrets::DOCUMENTED,
        |row| !is_global(row),
    ),
    (
        "oreg_global_options",
        oreg_pull_secrets::DOCUMENTED,
        |row| is_global(row) || ["kubeconfig", "context"].contains(&row.spec.name),
    ),
];

/// Of the global pull secret alone.
fn is_global(row: &Documented) -> bool {
    ["global_secret", "backup"].contains(&row.spec.name)
}

fn is_proxy(row: &Documented) -> bool {
    row.spec.name.ends_with("_proxy")
}

/// The rows of a table of the role that a variable sets.
pub(super) fn set_by_variables(
    table: &RoleTable,
) -> impl Iterator<Item = (&'static str, Documented)> {
    let (_, rows, belongs) = *table;
    let rows = rows.iter().copied().filter(belongs);
    rows.filter_map(|row| Some((row.about.variable?, row)))
}
