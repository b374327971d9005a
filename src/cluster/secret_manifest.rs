//! Reads one secret as its manifest, for whoever wants to see all that is in it.

use base64::{Engine, engine::general_purpose::STANDARD};
use k8s_openapi::api::core::v1::Secret;
use kube::{
    Api,
    api::{Patch, PatchParams, PostParams},
};
use serde_json::{Value, json};

use super::{
    api::{ApiCall, Cluster},
    error::ClusterError,
    names::{DOCUMENT_KEY, ObjectName, SECRET_TYPE},
};
use crate::domain::secret::Secret as Sensitive;

impl Cluster {
    /// Reads the secret `name` as JSON; `None` when there is none.
    ///
    /// # Errors
    /// [`ClusterError`] when the API does not give it.
    pub fn secret_manifest(&self, name: &ObjectName) -> Result<Option<Sensitive>, ClusterError> {
        let api: Api<Secret> = Api::namespaced(self.client(), &name.namespace);
        let call = ApiCall::new("get", "secrets")
            .named(&name.name)
            .within(&name.namespace);
        let found = self.wait_for(self.ask(&call, api.get_opt(&name.name)))?;
        Ok(found.map(|secret| {
            let text = serde_json::to_string(&secret);
            Sensitive::new(text.expect("what was read as JSON has a JSON form"))
        }))
    }

    /// Creates a pull secret with this docker config document.
    ///
    /// # Errors
    /// [`ClusterError`] when the API does not take it, or there is one meanwhile.
    pub fn create_pull_secret(
        &self,
        name: &ObjectName,
        document: &Sensitive,
    ) -> Result<(), ClusterError> {
        let secret = serde_json::from_value(json!({
            "metadata": {"name": name.name, "namespace": name.namespace},
            "type": SECRET_TYPE,
            "data": {DOCUMENT_KEY: STANDARD.encode(document.expose())},
        }));
        let secret: Secret = secret.expect("the members are those of a secret");
        let call = ApiCall::new("create", "secrets")
            .named(&name.name)
            .within(&name.namespace);
        let api: Api<Secret> = Api::namespaced(self.client(), &name.namespace);
        let parameters = PostParams::default();
        self.wait_for(self.ask(&call, api.create(&parameters, &secret)))?;
        Ok(())
    }

    /// Replaces the document of a pull secret that is still as `read`, its manifest, has it.
    ///
    /// # Errors
    /// [`ClusterError`] when the API does not take it, or somebody has changed it meanwhile.
    pub fn update_pull_secret(
        &self,
        name: &ObjectName,
        read: &Sensitive,
        document: &Sensitive,
    ) -> Result<(), ClusterError> {
        let read: Value = serde_json::from_str(read.expose()).unwrap_or_default();
        let change = json!({
            "metadata": {"resourceVersion": read.pointer("/metadata/resourceVersion")},
            "data": {DOCUMENT_KEY: STANDARD.encode(document.expose())},
        });
        let call = ApiCall::new("update", "secrets")
            .named(&name.name)
            .within(&name.namespace);
        let api: Api<Secret> = Api::namespaced(self.client(), &name.namespace);
        let (parameters, change) = (PatchParams::default(), Patch::Merge(&change));
        self.wait_for(self.ask(&call, api.patch(&name.name, &parameters, &change)))?;
        Ok(())
    }
}
