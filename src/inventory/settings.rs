//! What can be chosen: the settings file, a YAML mapping.
//!
//! Nothing in it is a secret, yet a user may write one where a path belongs: messages name the
//! key and the line and quote no string.

use std::{
    num::{NonZeroU32, NonZeroU64},
    path::{Path, PathBuf},
};

use serde::Deserialize;

use crate::support::yaml::is_too_deep;

/// How many nodes an answer of the API may hold.
const PAGE: NonZeroU32 = NonZeroU32::new(500).expect("is not zero");
/// How long the API may take for an answer, in seconds.
const TIMEOUT: NonZeroU64 = NonZeroU64::new(30).expect("is not zero");

/// The settings. Every key may be left out.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// The kubeconfig; none: where kubectl finds it.
    pub kubeconfig: Option<PathBuf>,
    /// The context of the kubeconfig; none: its current one.
    pub context: Option<String>,
    /// Only nodes with these labels.
    pub label_selector: String,
    /// Only nodes with these fields.
    pub field_selector: String,
    /// How many nodes an answer may hold.
    pub page_size: NonZeroU32,
    /// How many seconds the API may take for an answer.
    pub timeout: NonZeroU64,
    /// What a host is called: the first of these that the node has, else its name.
    pub hostname_preference: Vec<AddressKind>,
    /// What `ansible_host` is: the first of these that the node has, else its name.
    pub address_preference: Vec<AddressKind>,
    /// The label or annotation that holds the node's `openshift_node_group_name`.
    pub node_group_label: Option<String>,
    /// The masters by the names of their Node objects; empty: the nodes with the label of the role.
    pub masters: Vec<String>,
    /// The hosts of group `etcd`; empty: the masters.
    pub etcd_hosts: Vec<String>,
    /// Whether there is the group `OSEv3`, above masters, nodes and etcd.
    pub osev3: bool,
    /// Whether there are the groups that openshift-ansible makes in a run, `oo_masters` and so on.
    pub oo_groups: bool,
    /// Where to read the main registry's credential from.
    pub credentials: Option<PortalFile>,
}

/// A file that Red Hat's portal hands out for a registry service account.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PortalFile {
    /// `<account-name>-secret.yml` or `<account-name>-auth.json`.
    pub file: PathBuf,
    /// Which registry's entry; needed when the file has several.
    pub host: Option<String>,
}

/// What can name or reach a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum AddressKind {
    /// The address of type `Hostname`.
    Hostname,
    /// The address of type `InternalIP`.
    InternalIP,
    /// The address of type `ExternalIP`.
    ExternalIP,
    /// The address of type `InternalDNS`.
    InternalDNS,
    /// The address of type `ExternalDNS`.
    ExternalDNS,
    /// The name of the Node object.
    #[serde(rename = "name")]
    Name,
}

/// What is wrong with settings, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SettingsError(String);

impl SettingsError {
    /// Bytes that are not UTF-8.
    pub(super) fn not_text() -> Self {
        Self("is not UTF-8 text".to_owned())
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            kubeconfig: None,
            context: None,
            label_selector: String::new(),
            field_selector: String::new(),
            page_size: PAGE,
            timeout: TIMEOUT,
            hostname_preference: vec![AddressKind::Name],
            address_preference: vec![AddressKind::Hostname, AddressKind::InternalIP],
            node_group_label: None,
            masters: Vec::new(),
            etcd_hosts: Vec::new(),
            osev3: false,
            oo_groups: false,
            credentials: None,
        }
    }
}

impl Settings {
    /// Reads a settings file's text. Nothing but comments gives the defaults.
    ///
    /// # Errors
    /// [`SettingsError`] for anything but a mapping with known keys and values of their types.
    pub fn parse(text: &str) -> Result<Self, SettingsError> {
        if is_too_deep(text.as_bytes()) {
            return Err(SettingsError("brackets are nested too deeply".to_owned()));
        }
        // An empty file is null in YAML, and means the defaults.
        let read: Result<Option<Self>, _> = serde_yaml::from_str(text);
        read.map(Option::unwrap_or_default)
            .map_err(|error| SettingsError(described(&error)))
    }

    /// Makes the paths absolute: those in a settings file start where the file is, or at `home`.
    #[must_use]
    pub fn resolved(mut self, base: &Path, home: Option<&Path>) -> Self {
        let resolve = |path: &mut PathBuf| match (path.strip_prefix("~"), home) {
            (Ok(rest), Some(home)) => *path = home.join(rest),
            _ => *path = base.join(&*path),
        };
        self.kubeconfig.iter_mut().for_each(resolve);
        let credentials = self.credentials.iter_mut();
        credentials.map(|portal| &mut portal.file).for_each(resolve);
        self
    }
}

/// The parser leaves the place out when it is the very beginning.
fn described(error: &serde_yaml::Error) -> String {
    let message = without_values(&error.to_string());
    match error.location() {
        Some(place) if !message.contains(" at line ") => {
            let (line, column) = (place.line(), place.column());
            format!("{message} at line {line} column {column}")
        }
        _ => message,
    }
}

/// The parser's words without the values that it quotes, as in `invalid type: string "x", expected …` and
/// ``unknown variant `x`, expected …``. Names of keys stay.
fn without_values(message: &str) -> String {
    let message = without(message, "", '"');
    KINDS.iter().fold(message, |message, kind| {
        without(&message, &format!("{kind} "), '`')
    })
}

/// What the parser calls a value that it puts between backticks (`serde::de::Unexpected`).
const KINDS: [&str; 5] = [
    "boolean",
    "integer",
    "floating point",
    "character",
    "unknown variant",
];

/// Leaves out the text between two `quote`s behind `before`. A value may hold quotes itself, so it ends
/// with the last one before the parser's next words.
fn without(message: &str, before: &str, quote: char) -> String {
    let Some((head, rest)) = message.split_once(&format!("{before}{quote}")) else {
        return message.to_owned();
    };
    // From the end: the quoted value may hold the quote itself.
    let next = rest.rfind(&format!("{quote}, expected"));
    let end = next.or_else(|| rest.rfind(quote)).unwrap_or(rest.len());
    let tail = rest.get(end + quote.len_utf8()..).unwrap_or_default();
    format!("{}{tail}", format!("{head}{before}").trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(text: &str) -> String {
        Settings::parse(text).unwrap_err().to_string()
    }

    #[test]
    fn nothing_means_the_defaults() {
        for text in ["", "# nothing\n", "---\n", "{}"] {
            assert_eq!(Settings::parse(text), Ok(Settings::default()), "{text:?}");
        }
    }

    #[test]
    fn every_key_is_read() {
        let settings = Settings::parse(
            "kubeconfig: k\ncontext: c\nlabel_selector: a=b\nfield_selector: d=e\npage_size: 2\n\
             timeout: 3\nhostname_preference: [InternalIP, name]\naddress_preference: [ExternalDNS]\n\
             node_group_label: l\nmasters: [m1]\netcd_hosts: [e1]\nosev3: true\noo_groups: true\n\
             credentials: {file: f, host: h}\n",
        );
        let expected = Settings {
            kubeconfig: Some("k".into()),
            context: Some("c".into()),
            label_selector: "a=b".into(),
            field_selector: "d=e".into(),
            page_size: NonZeroU32::new(2).unwrap(),
            timeout: NonZeroU64::new(3).unwrap(),
            hostname_preference: vec![AddressKind::InternalIP, AddressKind::Name],
            address_preference: vec![AddressKind::ExternalDNS],
            node_group_label: Some("l".into()),
            masters: vec!["m1".into()],
            etcd_hosts: vec!["e1".into()],
            osev3: true,
            oo_groups: true,
            credentials: Some(PortalFile {
                file: "f".into(),
                host: Some("h".into()),
            }),
        };
        assert_eq!(settings, Ok(expected));
    }

    #[test]
    fn errors_name_key_and_line() {
        let table = [
            (
                "\nkube_config: x",
                "unknown field `kube_config`, expected one of `kubeconfig`",
                "at line 2 column 1",
            ),
            (
                "osev3: maybe",
                "osev3: invalid type: string, expected a boolean",
                "at line 1 column 8",
            ),
            (
                "timeout: 0",
                "timeout: invalid value: integer, expected a nonzero",
                "at line 1 column 10",
            ),
            (
                "page_size: -1",
                "page_size: invalid type: integer, expected",
                "at line 1 column 12",
            ),
            (
                "hostname_preference: [IP]",
                "hostname_preference[0]: unknown variant, expected one of `Hostname`",
                "at line 1 column 23",
            ),
            ("osev3: true\nosev3: false", "duplicate", "line 1"),
            ("- kubeconfig", "invalid type: sequence, expected", "line 1"),
        ];
        for (text, start, end) in table {
            let problem = problem(text);
            assert!(
                problem.contains(start) && problem.contains(end),
                "{text:?}: {problem}"
            );
        }
    }

    #[test]
    fn errors_quote_no_value() {
        for text in [
            "credentials: hunter2",
            "hunter2",
            "osev3: \"hunter2\\\"hunter2\"",
            "credentials:\n  file: [hunter2",
            "hostname_preference: [hunter2]",
            "hostname_preference: ['a`, expected one of hunter2']",
            "kubeconfig: [\"hunter2\", 'x\"y']",
        ] {
            assert!(!problem(text).contains("hunter2"), "{}", problem(text));
        }
        for text in ["page_size: -4711", "osev3: 4711", "context: {4711: 1.5}"] {
            assert!(!problem(text).contains("4711"), "{}", problem(text));
        }
    }

    /// A setting in a comment stands right behind its `#`, or is part of one that does.
    #[test]
    fn the_example_is_right_and_complete() {
        let example = include_str!("../../inventory/settings.yml.example");
        assert!(Settings::parse(example).is_ok());
        let is_prose = |line: &&str| {
            line.starts_with("# ") && !line.starts_with("#  ") || line.starts_with("#   ")
        };
        let lines = example.lines().filter(|line| !is_prose(line));
        let lines: Vec<_> = lines
            .map(|line| line.strip_prefix('#').unwrap_or(line))
            .collect();
        assert!(Settings::parse(&lines.join("\n")).is_ok(), "{lines:?}");
        let known = problem("nothing: 1");
        for key in known.split('`').skip(3).step_by(2) {
            let start = format!("{key}:");
            assert!(lines.iter().any(|line| line.starts_with(&start)), "{key}");
        }
    }

    #[test]
    fn paths_start_where_the_file_is() {
        let settings =
            Settings::parse("kubeconfig: ~/.kube/config\ncredentials: {file: a.json}").unwrap();
        let settings = settings.resolved(Path::new("/etc/oreg"), Some(Path::new("/home/me")));
        assert_eq!(
            settings.kubeconfig.unwrap(),
            Path::new("/home/me/.kube/config")
        );
        assert_eq!(
            settings.credentials.unwrap().file,
            Path::new("/etc/oreg/a.json")
        );
        let settings = Settings::parse("kubeconfig: /k")
            .unwrap()
            .resolved(Path::new("/b"), None);
        assert_eq!(settings.kubeconfig.unwrap(), Path::new("/k"));
    }
}
