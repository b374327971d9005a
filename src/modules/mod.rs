//! L3: one file per Ansible module: its option table, options → request, report → response.

pub mod credential_options;
