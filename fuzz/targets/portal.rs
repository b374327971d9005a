//! The files that Red Hat's portal hands out. Any text gives a credential or a message that quotes no value.

#![no_main]

use libfuzzer_sys::fuzz_target;
use oreg::{domain::secret::Secret, inventory::portal};

fuzz_target!(|text: &str| {
    let text = Secret::new(text);
    for host in [None, Some("registry.redhat.io")] {
        match portal::read_text(&text, host) {
            Ok(credential) => {
                assert!(!credential.user().contains(':'));
            }
            Err(error) => {
                let message = error.to_string();
                assert!(!message.contains("c2VjcmV0"), "{message}");
            }
        }
    }
});
