//! Registry credentials for OKD / OpenShift 3.11 clusters, as Ansible modules.

pub mod domain;

pub mod ansible;
