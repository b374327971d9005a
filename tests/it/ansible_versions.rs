//! The versions of Ansible that people run: how each hands arguments to a compiled module, and
//! whether the main job works with it. 2.9 and 2.19 are always tested; the feature `test-matrix` adds
//! the others.

mod arguments;
mod plays;

const LIST: &str = "openshift_additional_registry_credentials";

/// A test for each of these functions, with this version.
macro_rules! tests {
    ($version:literal $($file:ident: $($name:ident)*;)*) => {$($(
        #[test]
        fn $name() {
            super::$file::$name($version);
        }
    )*)*};
}

macro_rules! versions {
    ($($(#[$only:meta])? $module:ident $version:literal)*) => {$(
        $(#[$only])?
        mod $module {
            tests! { $version
                arguments:
                every_form_of_an_argument_means_the_same
                single_modules_are_called_by_hand
                manifests_are_written_by_hand;
                plays:
                the_playbook_brings_credentials_to_nodes_and_cluster
                a_wrong_password_ends_the_run_and_is_not_shown
                text_from_elsewhere_is_no_template
                a_variable_that_refers_to_an_undefined_one_ends_the_run
                another_host_stands_in_for_the_first_master
                a_node_that_the_cluster_does_not_know_stops_the_run_before_the_first_restart
                a_second_playbook_of_the_same_command_restarts_what_itself_has_changed
                an_inventory_without_hosts_is_no_success
                credentials_that_differ_between_hosts_are_not_written
                secrets_get_the_token_server_of_an_unproven_registry
                no_log_hides_every_result;
            }
        }
    )*};
}

versions! {
    ansible_2_19 "2.19"
    #[cfg(feature = "test-matrix")] ansible_2_21 "2.21"
    #[cfg(feature = "test-matrix")] ansible_2_20 "2.20"
    #[cfg(feature = "test-matrix")] ansible_2_16 "2.16"
    #[cfg(feature = "test-matrix")] ansible_2_14 "2.14"
    ansible_2_9 "2.9"
}
