//! L3: one file per Ansible module: its option table, options → request, report → response.

mod cluster_answer;
pub mod credential_options;
pub mod docker_creds;
pub mod documentation;
mod file_changes;
pub mod oreg_node_config;
pub mod oreg_nodes_ready;
pub mod oreg_pull_secrets;
pub mod oreg_report;
pub mod oreg_validate;

use crate::{
    ansible::{Call, Choice, Module},
    operations::Effect,
};

/// Every module.
pub const ALL: [&Module; 6] = [
    &docker_creds::MODULE,
    &oreg_node_config::MODULE,
    &oreg_nodes_ready::MODULE,
    &oreg_pull_secrets::MODULE,
    &oreg_report::MODULE,
    &oreg_validate::MODULE,
];

/// A check tells; any other call does.
fn effect_of(call: &Call) -> Effect {
    if call.check {
        Effect::Preview
    } else {
        Effect::Apply
    }
}

/// Whether credentials are to be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Present,
    Absent,
}

impl Choice for State {
    const ALL: &'static [Self] = &[Self::Present, Self::Absent];

    fn word(self) -> &'static str {
        match self {
            Self::Present => "present",
            Self::Absent => "absent",
        }
    }
}
