//! `config.json`, and the other forms in which people have credentials. A document that is read is JSON to
//! `serde_json` as well, can be written and read again, and each of its entries and members is kept byte for
//! byte. Go's readers must be able to take what is written: it is valid UTF-8 without a byte order mark.

#![no_main]

use libfuzzer_sys::fuzz_target;
use oreg::{cli::input::form, domain::docker_config::DockerConfig};
use oreg_fuzz::members_of;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(document) = DockerConfig::parse(bytes) {
        check(bytes, &document);
    }
    for found in form::documents("file", bytes).unwrap_or_default() {
        let text = found.config.to_text();
        DockerConfig::parse(text.as_bytes()).expect("what was found can be read again");
        found.config.helpers();
    }
});

fn check(bytes: &[u8], document: &DockerConfig) {
    let text = document.to_text();
    assert_eq!(text.len(), document.text_length());
    let again = DockerConfig::parse(text.as_bytes()).expect("what was written can be read");
    assert_eq!(again.to_text(), text, "writing is stable");
    let read = std::str::from_utf8(bytes).expect("only text is read");
    if !read.trim().is_empty() {
        assert_eq!(members_of(read), members_of(&text), "members are kept");
    }
    assert_eq!(document.auths().len(), again.auths().len());
    for (one, other) in document.auths().iter().zip(again.auths()) {
        assert_eq!(one.key(), other.key());
        let credentials = (one.credential(), other.credential());
        assert_eq!(credentials.0, credentials.1);
        assert_eq!(one.has_token(), other.has_token());
    }
    assert_eq!(document.helpers(), again.helpers());
}
