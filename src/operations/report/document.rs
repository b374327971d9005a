//! The JSON document `oreg.report/1`: the result of a run, as `oreg_report`, `verify.yml` and the
//! command write and read it (docs/report.md).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::state::{Standing, State};
use crate::domain::verdict::Verdict;

/// The name and version of the document's form.
pub const SCHEMA: &str = "oreg.report/1";

/// The name and version of the form that `oreg check -o json` prints. Its `registries` are the same.
pub const CHECK_SCHEMA: &str = "oreg.check/1";

/// The result of one run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// [`SCHEMA`].
    pub schema: String,
    /// The cluster, the inventory or the files that were looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The program that made the document, with its version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generator: Option<String>,
    /// The time of the run, by RFC 3339. Days until an expiry count from here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generated: Option<String>,
    /// The playbook that was run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub playbook: Option<String>,
    /// The figures, as [`Report::summarize`] counts them.
    #[serde(default)]
    pub summary: Summary,
    /// The proofs, in the form in which `oreg_validate` returns them.
    #[serde(default)]
    pub registries: Vec<Registry>,
    /// The nodes, and the state of their files.
    #[serde(default)]
    pub nodes: Vec<Node>,
    /// The namespaces, and the state of their pull secrets.
    #[serde(default)]
    pub namespaces: Vec<Namespace>,
    /// The list of things to do.
    #[serde(default)]
    pub findings: Vec<Finding>,
}

/// The figures that a manager asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Summary {
    /// All nodes.
    pub nodes: usize,
    /// Nodes on which every registry is as wanted.
    pub nodes_in_place: usize,
    /// Credentials that were to be proven.
    pub registries: usize,
    /// Credentials that were accepted.
    pub registries_valid: usize,
    /// Things to do.
    pub findings: usize,
    /// The first expiry among the accepted credentials, by RFC 3339.
    pub soonest_expiry: Option<String>,
}

/// The proof of one credential.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Registry {
    /// The registry.
    pub host: String,
    /// The user name.
    #[serde(default)]
    pub user: Option<String>,
    /// The place where the credential stands.
    #[serde(default)]
    pub source: String,
    /// The image that was looked at.
    #[serde(default)]
    pub test_image: Option<String>,
    /// The verdict (docs/verdicts.md).
    pub verdict: State,
    /// The reason's word.
    #[serde(default)]
    pub reason: String,
    /// One sentence: what was found, and the way out.
    #[serde(default)]
    pub message: String,
    /// The status of the answer that decided.
    #[serde(default)]
    pub http_status: Option<u16>,
    /// The digest of the image.
    #[serde(default)]
    pub digest: Option<String>,
    /// The host that issues tokens.
    #[serde(default)]
    pub realm_host: Option<String>,
    /// The number of requests sent.
    #[serde(default)]
    pub requests: u32,
    /// The time it took.
    #[serde(default)]
    pub elapsed_ms: u64,
    /// The end of the credential's life, by RFC 3339, where the credential states one.
    #[serde(default)]
    pub expires: Option<String>,
}

/// One node.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Node {
    /// The name in the inventory.
    pub name: String,
    /// Its groups, the one under which it is counted first.
    #[serde(default)]
    pub groups: Vec<String>,
    /// Whether the node could be looked at.
    pub state: NodeState,
    /// Why not.
    #[serde(default)]
    pub message: Option<String>,
    /// The state of each registry on it.
    #[serde(default)]
    pub registries: Vec<NodeRegistry>,
}

/// Whether a node could be looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NodeState {
    /// It answered.
    Reached,
    /// No connection.
    Unreachable,
    /// It answered with a failure.
    Failed,
}

/// One registry on a node.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NodeRegistry {
    /// The registry.
    pub host: String,
    /// How it stands there.
    pub state: State,
    /// More about it.
    #[serde(default)]
    pub message: Option<String>,
}

/// One namespace.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Namespace {
    /// The name.
    pub name: String,
    /// Its pull secrets.
    #[serde(default)]
    pub secrets: Vec<PullSecret>,
}

/// One pull secret.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PullSecret {
    /// The registry it is for.
    pub host: String,
    /// The secret's name.
    pub name: String,
    /// How it stands.
    pub state: State,
}

/// One thing to do, and the node, registry or namespace it is about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Finding {
    /// The node.
    pub node: Option<String>,
    /// The registry.
    pub registry: Option<String>,
    /// The namespace.
    pub namespace: Option<String>,
    /// What is wrong, and the way out.
    pub text: String,
    /// A command to copy.
    pub command: Option<String>,
}

impl Report {
    /// Makes the report of proofs alone, with a finding for each credential that is not good.
    #[must_use]
    pub fn of_proofs(registries: Vec<Registry>) -> Self {
        let report = Self {
            schema: SCHEMA.to_owned(),
            findings: findings(&registries),
            registries,
            ..Self::default()
        };
        report.summarized()
    }

    /// Reads a document of [`SCHEMA`], or of [`CHECK_SCHEMA`]. Unknown members are passed over: a newer
    /// `oreg` may have written them.
    ///
    /// # Errors
    /// A clause about the document, with line and column and without any of its content.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        let report: Self = serde_json::from_slice(bytes).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            format!(
                "is not a result of oreg (line {line} column {column}): expected the JSON of `oreg check -o json`, or of verify.yml with oreg_report_file"
            )
        })?;
        match report.schema.as_str() {
            SCHEMA => Ok(report.summarized()),
            CHECK_SCHEMA => {
                let mut proofs = Self::of_proofs(report.registries);
                proofs.findings.extend(report.findings);
                Ok(Self {
                    title: report.title,
                    generator: report.generator,
                    generated: report.generated,
                    ..proofs.summarized()
                })
            }
            _ => Err(format!(
                "names another schema than {SCHEMA} and {CHECK_SCHEMA}: a newer oreg may have made it"
            )),
        }
    }

    /// Returns the report with its figures counted.
    #[must_use]
    pub fn summarized(mut self) -> Self {
        self.summary = self.summarize();
        self
    }

    /// Counts the figures.
    #[must_use]
    pub fn summarize(&self) -> Summary {
        let standings = self.registries.iter().map(Registry::standing);
        let asked = standings.filter(|standing| *standing != Standing::Apart);
        let valid = self.registries.iter().filter(|registry| registry.is_good());
        Summary {
            nodes: self.nodes.len(),
            nodes_in_place: self
                .nodes
                .iter()
                .filter(|node| self.is_in_place(node))
                .count(),
            registries: asked.count(),
            registries_valid: valid.count(),
            findings: self.findings.len(),
            soonest_expiry: self.soonest_expiry().map(str::to_owned),
        }
    }

    /// Finds the first expiry among the credentials that are still good.
    fn soonest_expiry(&self) -> Option<&str> {
        let good = self.registries.iter().filter(|registry| registry.is_good());
        let dates = good.filter_map(|registry| {
            let text = registry.expires.as_deref()?;
            Some((text.parse::<Timestamp>().ok()?, text))
        });
        dates.min().map(|(_, text)| text)
    }

    /// Returns whether the node was reached, and every registry on it is as wanted.
    #[must_use]
    pub fn is_in_place(&self, node: &Node) -> bool {
        node.state == NodeState::Reached && self.deviations(node).next().is_none()
    }

    /// Lists the registries that are not as wanted on the node. A verdict that the inventory's own credential
    /// has as well is not the node's fault.
    pub fn deviations<'a>(&self, node: &'a Node) -> impl Iterator<Item = &'a NodeRegistry> {
        let is_known = |one: &NodeRegistry| {
            let mut proofs = self.registries.iter();
            proofs.any(|proof| proof.host == one.host && proof.verdict == one.state)
        };
        node.registries
            .iter()
            .filter(move |one| match one.state.standing() {
                Standing::Good | Standing::Apart => false,
                Standing::Refused | Standing::Differs | Standing::Unknown => !is_known(one),
            })
    }

    /// Counts the whole days from the run to `time`; negative when it is over. `None` when one of the two
    /// is not known.
    #[must_use]
    pub fn days_until(&self, time: &str) -> Option<i64> {
        let seconds = |text: &str| text.parse::<Timestamp>().ok().map(Timestamp::as_second);
        let left = seconds(time)? - seconds(self.generated.as_deref()?)?;
        Some(left.div_euclid(86_400))
    }
}

impl Registry {
    /// Judges the verdict.
    #[must_use]
    pub fn standing(&self) -> Standing {
        self.verdict.standing()
    }

    fn is_good(&self) -> bool {
        self.standing() == Standing::Good
    }

    fn finding(&self) -> Option<Finding> {
        match self.standing() {
            Standing::Good | Standing::Apart => None,
            Standing::Refused | Standing::Differs | Standing::Unknown => Some(Finding {
                registry: Some(self.host.clone()),
                text: self.message.clone(),
                ..Finding::default()
            }),
        }
    }
}

impl NodeState {
    /// Returns the state of every registry on a node that was not looked at.
    #[must_use]
    pub const fn of_registries(self) -> State {
        match self {
            Self::Reached => State::NotAsked,
            Self::Unreachable => State::Proven(Verdict::Unreachable),
            Self::Failed => State::Failed,
        }
    }
}

/// One finding for each credential that is not good; the same sentence counts once.
fn findings(registries: &[Registry]) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Vec::new();
    for finding in registries.iter().filter_map(Registry::finding) {
        if !findings.contains(&finding) {
            findings.push(finding);
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn registry(verdict: Verdict, expires: Option<&str>) -> Registry {
        Registry {
            host: "registry.example.com".to_owned(),
            user: Some("name".to_owned()),
            source: "pull-secret.txt".to_owned(),
            test_image: None,
            verdict: State::Proven(verdict),
            reason: String::new(),
            message: format!("said {verdict}"),
            http_status: None,
            digest: None,
            realm_host: None,
            requests: 1,
            elapsed_ms: 1,
            expires: expires.map(str::to_owned),
        }
    }

    fn node(state: NodeState, states: &[State]) -> Node {
        let registries = states.iter().map(|state| NodeRegistry {
            host: "registry.example.com".to_owned(),
            state: *state,
            message: None,
        });
        Node {
            name: "node1".to_owned(),
            groups: Vec::new(),
            state,
            message: None,
            registries: registries.collect(),
        }
    }

    #[test]
    fn a_refusal_of_the_inventory_is_not_the_fault_of_nodes() {
        let refused = State::Proven(Verdict::InvalidCredentials);
        let mut report = Report::of_proofs(vec![registry(Verdict::InvalidCredentials, None)]);
        assert!(report.is_in_place(&node(NodeState::Reached, &[refused])));
        assert!(!report.is_in_place(&node(NodeState::Reached, &[State::Missing])));
        report.registries.clear();
        assert!(!report.is_in_place(&node(NodeState::Reached, &[refused])));
    }

    #[test]
    fn figures_count_what_a_manager_asks() {
        let valid = State::Proven(Verdict::Valid);
        let report = Report {
            nodes: vec![
                node(NodeState::Reached, &[valid, State::NotOurs]),
                node(NodeState::Reached, &[valid, State::Missing]),
                node(NodeState::Unreachable, &[]),
            ],
            ..Report::of_proofs(vec![
                registry(Verdict::Valid, Some("2026-12-09T00:00:00Z")),
                registry(Verdict::Valid, Some("2026-12-08T22:00:00-01:00")),
                registry(Verdict::Denied, Some("2020-01-01T00:00:00Z")),
                registry(Verdict::Unreachable, None),
                registry(Verdict::Skipped, None),
            ])
        };
        let expected = Summary {
            nodes: 3,
            nodes_in_place: 1,
            registries: 4,
            registries_valid: 2,
            findings: 2,
            soonest_expiry: Some("2026-12-08T22:00:00-01:00".to_owned()),
        };
        assert_eq!(report.summarize(), expected);
    }

    #[test]
    fn days_are_whole_and_count_from_the_run() {
        let report = Report {
            generated: Some("2026-11-25T14:10:00Z".to_owned()),
            ..Report::default()
        };
        for (time, days) in [
            ("2026-12-09T14:10:00Z", Some(14)),
            ("2026-11-26T14:09:59Z", Some(0)),
            ("2026-11-25T14:09:59Z", Some(-1)),
            ("soon", None),
        ] {
            assert_eq!(report.days_until(time), days, "{time}");
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        let mut report = Report::of_proofs(vec![registry(Verdict::InvalidCredentials, None)]);
        report.nodes = vec![node(NodeState::Failed, &[State::WrongType])];
        report.namespaces = vec![Namespace {
            name: "openshift".to_owned(),
            secrets: vec![PullSecret {
                host: "registry.example.com".to_owned(),
                name: "imagestreamsecret".to_owned(),
                state: State::NotWanted,
            }],
        }];
        let report = report.summarized();
        let text = serde_json::to_vec(&report).unwrap();
        assert_eq!(Report::parse(&text), Ok(report));
    }

    #[test]
    fn a_check_becomes_a_report() {
        let text = r#"{"schema": "oreg.check/1", "more": 1, "registries": [
            {"host": "a.io", "verdict": "denied", "message": "not you", "c": 1}, {"host": "b.io", "verdict": "valid"}]}"#;
        let report = Report::parse(text.as_bytes()).unwrap();
        assert_eq!(report.schema, SCHEMA);
        assert_eq!(report.findings[0].text, "not you");
        assert_eq!(report.summary.registries_valid, 1);
    }

    #[test]
    fn other_documents_are_refused_without_their_content() {
        let refusal = |text: &str| Report::parse(text.as_bytes()).unwrap_err();
        for text in [
            "",
            "hunter2",
            "[\"hunter2\"]",
            r#"{"schema": "hunter2"}"#,
            r#"{"schema": "oreg.check/1", "registries": "hunter2"}"#,
            r#"{"schema": "oreg.check/1", "registries": [{"host": "a", "verdict": "hunter2"}]}"#,
            "{}",
        ] {
            assert!(!refusal(text).contains("hunter2"), "{}", refusal(text));
        }
        assert!(refusal("{\n x").contains("line 2 column 2"));
    }
}
