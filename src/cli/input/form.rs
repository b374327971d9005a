//! Recognizes the forms in which people have credentials, and finds the docker config documents in them:
//! `config.json` and `auth.json`, the legacy `.dockercfg`, the `pull-secret.txt` of Red Hat's portal,
//! base64 of one of these, Secret manifests in YAML or JSON (also lists and several documents), and the
//! `pullSecret` of an `install-config.yaml`.
//!
//! Messages hold positions and names, never content: it may be a password.

use base64::{
    Engine, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use serde::Deserialize;
use serde_json::{Map, Value};
use thiserror::Error;

use crate::{
    domain::{
        docker_config::{DockerConfig, DocumentError},
        visible::made_visible,
    },
    support::yaml::is_too_deep,
};

/// The keys under which a Secret holds a document, the second in the legacy form.
const DOCUMENT_KEYS: [&str; 2] = [".dockerconfigjson", ".dockercfg"];

/// The member of an `install-config.yaml` that holds a document as text.
const INSTALLER_KEY: &str = "pullSecret";

/// Base64 as people copy it: with or without padding.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A docker config document, and where it stands.
#[derive(Clone, Debug)]
pub struct Document {
    /// The file, or the Secret in it.
    pub place: String,
    /// The document.
    pub config: DockerConfig,
}

/// Why no document can be found in a file.
#[derive(Debug, Error)]
pub enum FormError {
    /// Nothing, or only white space.
    #[error("is empty: expected a docker config, a pull secret or a Secret manifest")]
    Empty,
    /// Bytes that are not text.
    #[error("is not text (byte {0}): expected a docker config, a pull secret or a Secret manifest")]
    Binary(usize),
    /// What Windows writes with `>`.
    #[error("is text in UTF-16, which docker and kubelet cannot read: save it as UTF-8")]
    Utf16,
    /// Not JSON.
    #[error("is not a JSON document: {0}")]
    Json(#[source] DocumentError),
    /// Not YAML.
    #[error("is neither JSON, base64 nor YAML (line {line} column {column})")]
    Yaml {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
    },
    /// JSON or YAML of something else.
    #[error(
        "holds no credentials: expected `auths` of a docker config, or a Secret with {} or {}",
        DOCUMENT_KEYS[0], DOCUMENT_KEYS[1]
    )]
    OtherForm,
    /// A Secret whose document is not base64.
    #[error("{0}: its document is not base64")]
    Base64(String),
    /// A Secret whose document is not a docker config.
    #[error("{0}: its document is not a docker config: {1}")]
    InSecret(String, #[source] DocumentError),
}

/// Finds the documents in `bytes`, which were read from `place`.
///
/// # Errors
/// [`FormError`] when there is none, or one cannot be read.
pub fn documents(place: &str, bytes: &[u8]) -> Result<Vec<Document>, FormError> {
    let text = text_of(bytes)?;
    match text.trim_start().chars().next() {
        None => Err(FormError::Empty),
        Some('{' | '[') => of_json(place, text),
        Some(_) => match decoded(text) {
            Some(inner) => of_json(place, &inner),
            None => of_yaml(place, text),
        },
    }
}

fn text_of(bytes: &[u8]) -> Result<&str, FormError> {
    if matches!(bytes, [0xff, 0xfe, ..] | [0xfe, 0xff, ..]) {
        return Err(FormError::Utf16);
    }
    if let Some(at) = bytes.iter().position(|byte| *byte == 0) {
        return Err(FormError::Binary(at));
    }
    std::str::from_utf8(bytes).map_err(|error| FormError::Binary(error.valid_up_to()))
}

/// Base64 is taken for such only when an object is in it: a short word of YAML may look like it.
fn decoded(text: &str) -> Option<String> {
    let packed: String = text.split_whitespace().collect();
    let inner = String::from_utf8(LENIENT.decode(packed).ok()?).ok()?;
    inner.trim_start().starts_with('{').then_some(inner)
}

fn of_json(place: &str, text: &str) -> Result<Vec<Document>, FormError> {
    // The position of what is wrong comes from the reader of docker configs, whatever the form.
    let config = DockerConfig::parse(text.as_bytes()).map_err(FormError::Json)?;
    let members: Map<String, Value> =
        serde_json::from_str(text).map_err(|_| FormError::OtherForm)?;
    let is_config = |name: &String| {
        ["auths", "credHelpers", "credsStore", "HttpHeaders"]
            .iter()
            .any(|known| name.eq_ignore_ascii_case(known))
    };
    if members.is_empty() || members.keys().any(is_config) {
        let place = place.to_owned();
        return Ok(vec![Document { place, config }]);
    }
    if members.values().all(is_entry) {
        return legacy(place, text)
            .map(|document| vec![document])
            .map_err(FormError::Json);
    }
    of_values(place, &[Value::Object(members)])
}

/// What stands under a registry in the legacy form.
fn is_entry(value: &Value) -> bool {
    let known = |name: &String| ["auth", "username", "password", "email"].contains(&name.as_str());
    value
        .as_object()
        .is_some_and(|members| members.keys().all(known) && !members.is_empty())
}

/// Reads a `.dockercfg`, which is what `auths` holds nowadays.
fn legacy(place: &str, text: &str) -> Result<Document, DocumentError> {
    let config = DockerConfig::parse(format!("{{\"auths\":{text}}}").as_bytes())?;
    Ok(Document {
        place: place.to_owned(),
        config,
    })
}

fn of_yaml(place: &str, text: &str) -> Result<Vec<Document>, FormError> {
    if is_too_deep(text.as_bytes()) {
        return Err(FormError::OtherForm);
    }
    let documents = serde_yaml::Deserializer::from_str(text);
    let values: Result<Vec<_>, _> = documents.map(Value::deserialize).collect();
    let values = values.map_err(|error| {
        let at = error.location();
        FormError::Yaml {
            line: at.as_ref().map_or(1, serde_yaml::Location::line),
            column: at.as_ref().map_or(1, serde_yaml::Location::column),
        }
    })?;
    of_values(place, &values)
}

fn of_values(place: &str, values: &[Value]) -> Result<Vec<Document>, FormError> {
    let mut found = Vec::new();
    for value in values {
        collect(place, value, &mut found)?;
    }
    if found.is_empty() {
        return Err(FormError::OtherForm);
    }
    Ok(found)
}

/// Looks into lists and Secrets; other objects are passed over.
fn collect(place: &str, value: &Value, found: &mut Vec<Document>) -> Result<(), FormError> {
    if let Some(text) = value.get(INSTALLER_KEY).and_then(Value::as_str) {
        let config = DockerConfig::parse(text.as_bytes())
            .map_err(|error| FormError::InSecret(INSTALLER_KEY.to_owned(), error))?;
        let place = format!("{place}, {INSTALLER_KEY}");
        found.push(Document { place, config });
    }
    for item in value
        .get("items")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        collect(place, item, found)?;
    }
    if value.get("kind").and_then(Value::as_str) == Some("Secret") {
        found.extend(of_secret(place, value)?);
    }
    Ok(())
}

fn of_secret(place: &str, secret: &Value) -> Result<Option<Document>, FormError> {
    let name = secret_name(secret);
    for key in DOCUMENT_KEYS {
        let Some(text) = member_of_secret(secret, key, &name)? else {
            continue;
        };
        let place = format!("{place}, {name}");
        let document = if key == DOCUMENT_KEYS[0] {
            DockerConfig::parse(text.as_bytes()).map(|config| Document { place, config })
        } else {
            legacy(&place, &text)
        };
        return document
            .map(Some)
            .map_err(|error| FormError::InSecret(name, error));
    }
    Ok(None)
}

/// `stringData` counts more than `data` (Kubernetes core/v1, Secret).
fn member_of_secret(secret: &Value, key: &str, name: &str) -> Result<Option<String>, FormError> {
    let member = |map: &str| secret.get(map)?.get(key)?.as_str();
    if let Some(text) = member("stringData") {
        return Ok(Some(text.to_owned()));
    }
    let Some(encoded) = member("data") else {
        return Ok(None);
    };
    let packed: String = encoded.split_whitespace().collect();
    let bytes = LENIENT.decode(packed).ok();
    let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    text.map(Some)
        .ok_or_else(|| FormError::Base64(name.to_owned()))
}

fn secret_name(secret: &Value) -> String {
    let metadata = |name: &str| secret.get("metadata")?.get(name)?.as_str();
    let name = metadata("name").unwrap_or("without a name");
    let name = metadata("namespace").map_or_else(
        || format!("Secret {name}"),
        |namespace| format!("Secret {namespace}/{name}"),
    );
    made_visible(&name)
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    const CONFIG: &str = r#"{"auths": {"r.io": {"auth": "dTpodW50ZXIy"}}}"#;
    const LEGACY: &str = r#"{"r.io": {"auth": "dTpodW50ZXIy", "email": "a@b.io"}}"#;

    fn keys(text: &str) -> Vec<String> {
        let documents = documents("file", text.as_bytes()).unwrap();
        let entry = |document: &Document| {
            let key = document.config.auths()[0].key().to_owned();
            format!("{}: {key}", document.place)
        };
        documents.iter().map(entry).collect()
    }

    fn manifest(key: &str, document: &str) -> String {
        let encoded = STANDARD.encode(document);
        format!("kind: Secret\nmetadata: {{name: s, namespace: ns}}\ndata:\n  {key}: {encoded}\n")
    }

    #[test]
    fn every_form_is_read() {
        let encoded = STANDARD.encode(CONFIG);
        let (head, tail) = encoded.split_at(20);
        let secret = manifest(".dockerconfigjson", CONFIG);
        let old = manifest(".dockercfg", LEGACY);
        let json = serde_json::json!({"kind": "List", "items": [
            {"kind": "ConfigMap", "data": 1},
            {"kind": "Secret", "metadata": {"name": "s"}, "stringData": {".dockerconfigjson": CONFIG}},
        ]});
        for (text, expected) in [
            (CONFIG.to_owned(), &["file: r.io"][..]),
            (format!("\n {CONFIG}"), &["file: r.io"]),
            (LEGACY.to_owned(), &["file: r.io"]),
            (encoded.clone(), &["file: r.io"]),
            (format!("{head}\n{tail}\n"), &["file: r.io"]),
            (encoded.trim_end_matches('=').to_owned(), &["file: r.io"]),
            (secret.clone(), &["file, Secret ns/s: r.io"]),
            (old.clone(), &["file, Secret ns/s: r.io"]),
            (json.to_string(), &["file, Secret s: r.io"]),
            (
                format!("baseDomain: a.io\npullSecret: '{CONFIG}'\n"),
                &["file, pullSecret: r.io"],
            ),
            (
                format!("---\n{secret}---\nkind: Role\n---\n{old}"),
                &["file, Secret ns/s: r.io", "file, Secret ns/s: r.io"],
            ),
        ] {
            assert_eq!(keys(&text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_wrong_is_said_without_content() {
        let refusal = |bytes: &[u8]| {
            let error = documents("file", bytes).unwrap_err();
            assert!(!error.to_string().contains("hunter2"), "{error}");
            error.to_string()
        };
        for (bytes, expected) in [
            (&b""[..], "is empty"),
            (b" \n", "is empty"),
            (b"{\"auths\": {\n  hunter2", "line 2 column 3"),
            (b"[\"hunter2\"]", "line 1 column 1"),
            (b"\x7fELF\0\0hunter2", "is not text (byte 4)"),
            (b"hunter2\xff", "is not text (byte 7)"),
            (b"\xff\xfeh\0", "UTF-16"),
            (b"hunter2", "holds no credentials"),
            (b"a: [hunter2", "is neither JSON, base64 nor YAML"),
            (b"{\"password\": \"hunter2\"}", "holds no credentials"),
            (
                b"kind: Secret\ndata: {.dockerconfigjson: '-hunter2'}",
                "is not base64",
            ),
            (
                b"kind: Secret\nstringData: {.dockerconfigjson: '[hunter2]'}",
                "is not a docker config",
            ),
            (
                b"kind: Secret\ndata: {password: aHVudGVyMg==}",
                "holds no credentials",
            ),
        ] {
            assert!(refusal(bytes).contains(expected), "{}", refusal(bytes));
        }
    }

    #[test]
    fn nothing_stored_is_a_document_too() {
        assert!(
            documents("file", b"{}").unwrap()[0]
                .config
                .auths()
                .is_empty()
        );
        let helpers = documents("file", br#"{"credsStore": "pass"}"#).unwrap();
        assert_eq!(helpers[0].config.helpers().store.as_deref(), Some("pass"));
    }
}
