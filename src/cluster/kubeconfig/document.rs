//! A kubeconfig's YAML, and the places in it.
//!
//! Go's readers take more than serde's: of a key that stands twice the last counts, an empty text or
//! null is not given, and an entry that is not used may hold anything. So the document is kept as it
//! is, and read where it is needed.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{
        self, DeserializeSeed, EnumAccess, IgnoredAny, MapAccess, SeqAccess, VariantAccess, Visitor,
    },
};

use crate::support::yaml::is_too_deep;

/// A YAML value. It may hold secrets and cannot be printed.
#[derive(Clone)]
enum Node {
    Null,
    Flag(bool),
    Text(String),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
    /// A number, which is nothing that a kubeconfig wants.
    Number,
}

/// A document, and its text, in which places are looked up again.
pub(super) struct Document {
    text: Vec<u8>,
    root: Node,
}

/// A value at its place.
#[derive(Clone)]
pub(super) struct Place<'a> {
    document: &'a Document,
    node: &'a Node,
    path: Vec<Step>,
}

/// The way from a value to one in it.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Key(String),
    Index(usize),
}

/// What is wrong at a place. The value itself is never part of it: parsers quote what they stumble over,
/// and that may be a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Flaw(String);

const NOT_A_KUBECONFIG: &str = "is not a kubeconfig (YAML or JSON)";

impl fmt::Display for Flaw {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl Flaw {
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl Document {
    /// Reads the first document of a file, as Go does; an empty file is an empty map.
    pub(super) fn parse(text: Vec<u8>) -> Result<Self, Flaw> {
        if is_too_deep(&text) {
            return Err(Flaw::new(NOT_A_KUBECONFIG));
        }
        let first = serde_yaml::Deserializer::from_slice(&text).next();
        let root = first.map_or(Ok(Node::Null), Node::deserialize);
        match root {
            Ok(root @ (Node::Map(_) | Node::Null)) => Ok(Self { text, root }),
            Ok(_) => Err(Flaw::new(NOT_A_KUBECONFIG)),
            Err(error) => Err(Flaw(match error.location() {
                Some(at) => format!(
                    "{NOT_A_KUBECONFIG}: see line {} column {}",
                    at.line(),
                    at.column()
                ),
                None => NOT_A_KUBECONFIG.to_owned(),
            })),
        }
    }

    pub(super) fn root(&self) -> Place<'_> {
        Place {
            document: self,
            node: &self.root,
            path: Vec::new(),
        }
    }

    /// Line and column of a place: the document is read once more, up to there.
    fn position(&self, path: &[Step]) -> Option<(usize, usize)> {
        let first = serde_yaml::Deserializer::from_slice(&self.text).next()?;
        let at = Seek(path).deserialize(first).err()?.location()?;
        Some((at.line(), at.column()))
    }
}

impl<'a> Place<'a> {
    /// Returns the member `key`; `None` when it is not given or null.
    pub(super) fn member(&self, key: &str) -> Result<Option<Self>, Flaw> {
        let members = match self.node {
            Node::Map(members) => members,
            Node::Null => return Ok(None),
            _ => return Err(self.flaw("must be a map")),
        };
        // Of a key that stands twice Go takes the last.
        let member = members.iter().rfind(|(name, _)| name == key);
        let given = member.filter(|(_, node)| !matches!(node, Node::Null));
        Ok(given.map(|(name, node)| self.step(Step::Key(name.clone()), node)))
    }

    /// Returns the text of the member `key`; one that is empty is not given.
    pub(super) fn text(&self, key: &str) -> Result<Option<&'a str>, Flaw> {
        let Some(member) = self.member(key)? else {
            return Ok(None);
        };
        match member.node {
            Node::Text(text) => Ok(Some(text.as_str()).filter(|text| !text.is_empty())),
            _ => Err(member.flaw("must be text: put it in quotes")),
        }
    }

    /// Returns the flag of the member `key`, with the words that YAML 1.1 and so Go's reader knows.
    pub(super) fn flag(&self, key: &str) -> Result<bool, Flaw> {
        let Some(member) = self.member(key)? else {
            return Ok(false);
        };
        match member.node {
            Node::Flag(flag) => Ok(*flag),
            Node::Text(text) => match text.to_ascii_lowercase().as_str() {
                "y" | "yes" | "on" => Ok(true),
                "n" | "no" | "off" => Ok(false),
                _ => Err(member.flaw("must be true or false")),
            },
            _ => Err(member.flaw("must be true or false")),
        }
    }

    /// Returns the members of a list; none when it is not given.
    pub(super) fn list(&self, key: &str) -> Result<Vec<Self>, Flaw> {
        let Some(member) = self.member(key)? else {
            return Ok(Vec::new());
        };
        let Node::List(nodes) = member.node else {
            return Err(member.flaw("must be a list"));
        };
        let places = nodes.iter().enumerate();
        Ok(places
            .map(|(index, node)| member.step(Step::Index(index), node))
            .collect())
    }

    /// Returns the keys of a map, each once.
    pub(super) fn keys(&self) -> Vec<&'a str> {
        let Node::Map(members) = self.node else {
            return Vec::new();
        };
        let mut keys: Vec<_> = members.iter().map(|(key, _)| key.as_str()).collect();
        keys.sort_unstable();
        keys.dedup();
        keys
    }

    /// Returns the text of a member of a list.
    pub(super) fn own_text(&self) -> Result<&'a str, Flaw> {
        match self.node {
            Node::Text(text) => Ok(text),
            _ => Err(self.flaw("must be text: put it in quotes")),
        }
    }

    /// Says what is wrong here: `line 4 column 12, users[0].user.token: must be text`.
    pub(super) fn flaw(&self, what: &str) -> Flaw {
        let place = match self.document.position(&self.path) {
            Some((line, column)) => format!("line {line} column {column}, {self}"),
            None => self.to_string(),
        };
        Flaw(format!("{place}: {what}"))
    }

    fn step(&self, step: Step, node: &'a Node) -> Self {
        let mut path = self.path.clone();
        path.push(step);
        Self {
            document: self.document,
            node,
            path,
        }
    }
}

/// `users[0].user.token`
impl fmt::Display for Place<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, step) in self.path.iter().enumerate() {
            match step {
                Step::Key(key) if position == 0 => formatter.write_str(key)?,
                Step::Key(key) => write!(formatter, ".{key}")?,
                Step::Index(index) => write!(formatter, "[{index}]")?,
            }
        }
        Ok(())
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("YAML")
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_none<E>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        Node::deserialize(deserializer)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Node, E> {
        Ok(Node::Flag(flag))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Node, E> {
        Ok(Node::Number)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Node, E> {
        Ok(Node::Number)
    }

    fn visit_i128<E>(self, _: i128) -> Result<Node, E> {
        Ok(Node::Number)
    }

    fn visit_u128<E>(self, _: u128) -> Result<Node, E> {
        Ok(Node::Number)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Node, E> {
        Ok(Node::Number)
    }

    fn visit_str<E>(self, text: &str) -> Result<Node, E> {
        Ok(Node::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut members: A) -> Result<Node, A::Error> {
        let mut list = Vec::new();
        while let Some(member) = members.next_element()? {
            list.push(member);
        }
        Ok(Node::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Node, A::Error> {
        let mut map = Vec::new();
        while let Some((key, value)) = members.next_entry()? {
            if let Node::Text(key) = key {
                map.push((key, value));
            }
        }
        Ok(Node::Map(map))
    }

    /// A tag, such as `!!binary` or one of somebody's own, says nothing here.
    fn visit_enum<A: EnumAccess<'de>>(self, tagged: A) -> Result<Node, A::Error> {
        let (_, value) = tagged.variant::<IgnoredAny>()?;
        value.newtype_variant()
    }
}

/// Reads up to a place and fails there: the error has the position, which serde gives nobody else.
struct Seek<'p>(&'p [Step]);

impl<'de> DeserializeSeed<'de> for Seek<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Seek<'_> {
    fn found<E: de::Error>(&self) -> Result<(), E> {
        match self.0 {
            [] => Err(E::custom("found")),
            _ => Ok(()),
        }
    }
}

impl<'de> Visitor<'de> for Seek<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("YAML")
    }

    fn visit_unit<E: de::Error>(self) -> Result<(), E> {
        self.found()
    }

    fn visit_bool<E: de::Error>(self, _: bool) -> Result<(), E> {
        self.found()
    }

    fn visit_i64<E: de::Error>(self, _: i64) -> Result<(), E> {
        self.found()
    }

    fn visit_u64<E: de::Error>(self, _: u64) -> Result<(), E> {
        self.found()
    }

    fn visit_f64<E: de::Error>(self, _: f64) -> Result<(), E> {
        self.found()
    }

    fn visit_str<E: de::Error>(self, _: &str) -> Result<(), E> {
        self.found()
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let [Step::Index(index), rest @ ..] = self.0 else {
            return self.found();
        };
        for _ in 0..*index {
            members.next_element::<IgnoredAny>()?;
        }
        members.next_element_seed(Seek(rest)).map(drop)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let [Step::Key(wanted), rest @ ..] = self.0 else {
            return self.found();
        };
        while let Some(key) = members.next_key::<Node>()? {
            if matches!(key, Node::Text(key) if key == *wanted) {
                members.next_value_seed(Seek(rest))?;
            } else {
                members.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(text: &str) -> Document {
        Document::parse(text.as_bytes().to_vec()).unwrap_or_else(|flaw| panic!("{flaw}"))
    }

    #[test]
    fn a_flaw_has_its_line_and_column_and_not_the_value() {
        let document = document("a:\n- b: 1\n  c:\n    token: {hunter2: x}\nlate: no text\n");
        let entry = &document.root().list("a").unwrap()[0];
        let flaw = entry.text("b").unwrap_err().to_string();
        assert_eq!(
            flaw,
            "line 2 column 6, a[0].b: must be text: put it in quotes"
        );
        let inner = entry.member("c").unwrap().unwrap();
        let flaw = inner.text("token").unwrap_err().to_string();
        assert!(flaw.starts_with("line 4 column 12, a[0].c.token"), "{flaw}");
        assert!(!flaw.contains("hunter2"));
    }

    #[test]
    fn what_is_no_map_is_no_kubeconfig() {
        for (text, expected) in [
            ("token: hunter2: [", "see line 1 column"),
            ("hunter2", "YAML or JSON)"),
            ("[hunter2]", "YAML or JSON)"),
            ("\0\u{1}", "YAML or JSON)"),
            (&"[".repeat(100_000), "YAML or JSON)"),
        ] {
            let flaw = Document::parse(text.as_bytes().to_vec()).err().unwrap();
            let flaw = flaw.to_string();
            assert!(
                flaw.contains(expected) && !flaw.contains("hunter2"),
                "{flaw}"
            );
        }
        assert!(Document::parse(Vec::new()).is_ok());
    }

    #[test]
    fn values_are_read_as_go_reads_them() {
        let document = document(
            "token: old\nempty: ''\nnothing: null\ntilde: ~\non: yes\noff: 'Off'\n\
             tagged: !x t\ntoken: new\n---\nignored",
        );
        let root = document.root();
        assert_eq!(root.text("token").unwrap(), Some("new"));
        for key in ["empty", "nothing", "tilde", "missing"] {
            assert_eq!(root.text(key).unwrap(), None, "{key}");
        }
        assert!(root.flag("on").unwrap() && !root.flag("off").unwrap());
        assert!(root.flag("token").is_err());
        assert_eq!(root.text("tagged").unwrap(), Some("t"));
    }
}
