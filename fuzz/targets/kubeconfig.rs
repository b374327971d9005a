//! Kubeconfig files: any text gives a target or a message, and a message shows no control character and no
//! private key.

#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use oreg::{cluster::read_kubeconfig, support::errors::join_causes};

fuzz_target!(|bytes: &[u8]| {
    let Err(error) = read_kubeconfig(Path::new("/nowhere/kubeconfig"), bytes) else {
        return;
    };
    let message = join_causes(&error);
    assert!(!message.contains("PRIVATE KEY"), "{message}");
});
