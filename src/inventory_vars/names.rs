//! The names and defaults of the inventory variables; option tables are built from them.

/// Which images the cluster is made of.
pub const DEPLOYMENT_TYPE: &str = "openshift_deployment_type";
/// The old name of [`DEPLOYMENT_TYPE`], which openshift-ansible 3.11 copies where the new one is not set
/// (`playbooks/init/basic_facts.yml`).
pub const OLD_DEPLOYMENT_TYPE: &str = "deployment_type";
/// A value of [`DEPLOYMENT_TYPE`]: OKD.
pub const ORIGIN: &str = "origin";
/// A value of [`DEPLOYMENT_TYPE`]: OpenShift Container Platform.
pub const ENTERPRISE: &str = "openshift-enterprise";
/// The pattern of the cluster's images.
pub const OREG_URL: &str = "oreg_url";
/// What replaces `${version}` in the pattern.
pub const IMAGE_TAG: &str = "openshift_image_tag";
/// Default of [`IMAGE_TAG`].
pub const DEFAULT_IMAGE_TAG: &str = "v3.11";
/// User of the main registry.
pub const AUTH_USER: &str = "oreg_auth_user";
/// Password of the main registry.
pub const AUTH_PASSWORD: &str = "oreg_auth_password";
/// Whether the main credential is to be proven.
pub const TEST_LOGIN: &str = "oreg_test_login";
/// The image that proves the main credential.
pub const TEST_IMAGE: &str = "oreg_test_image";
/// The list of additional registries.
pub const ADDITIONAL: &str = "openshift_additional_registry_credentials";
/// Registries whose certificates are not verified and which may speak plain HTTP.
pub const INSECURE: &str = "openshift_docker_insecure_registries";

/// User of an additional registry, where none is given.
pub const DEFAULT_ADDITIONAL_USER: &str = "openshift";
/// Test image of an additional registry, where none is given.
pub const DEFAULT_ADDITIONAL_IMAGE: &str = "openshift3/ose-pod";

/// The registry that no one may use without a credential.
pub const RED_HAT_REGISTRY: &str = "registry.redhat.io";
