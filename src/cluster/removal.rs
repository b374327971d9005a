//! The way to a secret that is not there: pure planning, no I/O.

use super::{
    lines::lines,
    live_secret::LiveSecret,
    names::ObjectName,
    plan::{Action, Plan, Step},
};
use crate::domain::stored_entry::StoredEntry;

/// Plans that a secret is not there. One that is neither a pull secret nor ours stays.
pub(super) fn plan(name: &ObjectName, live: &LiveSecret) -> Plan {
    if !live.is_pull_secret() && !live.is_ours() {
        let warning = format!(
            "secret {name} has type {} and is not ours: it was left alone",
            live.kind()
        );
        return Plan {
            warnings: vec![warning],
            ..Plan::nothing(name)
        };
    }
    let document = live.document().ok().flatten();
    let first = document.as_ref().and_then(|d| d.auths().first());
    let host = first.and_then(StoredEntry::host);
    Plan {
        host: host.map(|host| host.to_string()),
        action: Action::Deleted,
        before: document
            .as_ref()
            .map_or_else(|| vec![format!("type: {}", live.kind())], lines),
        step: Step::Delete(live.identity()),
        ..Plan::nothing(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::{
        live_secret::tests::live,
        plan::{Goal, Strangers},
        pull_secret::SECRET_TYPE,
    };

    fn name() -> ObjectName {
        ObjectName::new("openshift", "imagestreamsecret")
    }

    fn planned(live: Option<&LiveSecret>) -> Plan {
        Goal::Absent(name()).plan(live, Strangers::Refuse).unwrap()
    }

    #[test]
    fn removal_spares_what_is_no_pull_secret() {
        let gone = planned(Some(&live(SECRET_TYPE, r#"{"auths":{"r":{}}}"#)));
        assert_eq!(
            (gone.action, gone.host.as_deref()),
            (Action::Deleted, Some("r"))
        );
        let spared = planned(Some(&live("Opaque", "x")));
        assert_eq!(
            (spared.action, spared.warnings.len()),
            (Action::Unchanged, 1)
        );
        assert!(planned(None).is_empty());
    }

    #[test]
    fn what_is_to_be_pruned_must_still_be_ours() {
        let live = live(SECRET_TYPE, "{}");
        let plan = Goal::Pruned(name()).plan(Some(&live), Strangers::Refuse);
        assert!(plan.unwrap().is_empty());
    }
}
