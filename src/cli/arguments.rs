//! Arguments that several commands share: how a registry is asked.

use std::{path::PathBuf, time::Duration};

use anyhow::{Context, Result};
use clap::Args;

use super::environment::Environment;
use crate::{
    domain::{
        image::ImageReference, registry_credential::RegistryCredential, registry_host::RegistryHost,
    },
    registry::{RetryPolicy, network::Network},
    support::proxies::{NoProxy, Proxies, Proxy},
};

/// How registries are asked.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "How registries are asked")]
pub struct ProofArguments {
    /// Look at this image as well, which proves the right to pull; may be given for several registries
    #[arg(long, value_name = "REGISTRY=IMAGE", value_parser = parse_image)]
    pub image: Vec<RegistryImage>,
    /// Wait so many seconds for one registry
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..))]
    pub timeout: u64,
    /// Wait so many seconds for all registries together
    #[arg(long, value_name = "SECONDS", default_value_t = 600, value_parser = clap::value_parser!(u64).range(1..))]
    pub run_timeout: u64,
    /// Wait so many seconds for one connection
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..))]
    pub connect_timeout: u64,
    /// Try so many times more after a broken connection, a 5xx or a 429; a refused login is never repeated
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    pub retries: u32,
    /// Ask so many registries at the same time
    #[arg(long, value_name = "NUMBER", default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..))]
    pub parallelism: u16,
    /// Trust the authorities in this PEM file as well
    #[arg(long, value_name = "FILE")]
    pub ca_cert: Option<PathBuf>,
    /// Look here for certificates by registry, as docker does
    #[arg(long, value_name = "DIRECTORY", default_value = "/etc/docker/certs.d")]
    pub cert_dir: PathBuf,
    /// Do not verify the certificate of this registry, and allow plain HTTP; may be given several times
    #[arg(long, value_name = "REGISTRY", value_parser = parse_host)]
    pub insecure: Vec<RegistryHost>,
}

/// An image to look at in a registry.
#[derive(Clone, Debug)]
pub struct RegistryImage {
    host: RegistryHost,
    image: ImageReference,
}

/// Time between tries. A person waits for them.
const DELAY: Duration = Duration::from_secs(1);

impl ProofArguments {
    /// Returns limits, tries and proxies.
    ///
    /// # Errors
    /// When a proxy of the environment has an address that is none.
    pub fn network(&self, environment: &Environment) -> Result<Network> {
        let proxy = |name: &'static str, address: &Option<String>| {
            let proxy = address.as_deref().map(Proxy::parse).transpose();
            proxy.with_context(|| format!("the address in {name} cannot be used"))
        };
        Ok(Network {
            connect_timeout: Duration::from_secs(self.connect_timeout),
            timeout: Duration::from_secs(self.timeout),
            retry: RetryPolicy {
                retries: self.retries,
                delay: DELAY,
            },
            proxies: Proxies::new(
                proxy("$http_proxy", &environment.http_proxy)?,
                proxy("$HTTPS_PROXY", &environment.https_proxy)?,
                NoProxy::parse(&environment.no_proxy),
            ),
        })
    }

    /// Time for all registries together.
    #[must_use]
    pub fn run_timeout(&self) -> Duration {
        Duration::from_secs(self.run_timeout)
    }

    /// Adds to a credential the image to look at, and how its registry is to be reached.
    pub fn apply(&self, credential: &mut RegistryCredential) {
        let host = &credential.host;
        if let Some(wanted) = self.image.iter().find(|wanted| wanted.host == *host) {
            credential.test_image = Some(wanted.image.clone());
        }
        let is_insecure = |insecure: &RegistryHost| insecure.authority() == host.authority();
        if self.insecure.iter().any(is_insecure) {
            credential.security = credential.security.waived();
        }
        if let Some(file) = &self.ca_cert {
            credential.security.ca_cert = Some(file.clone());
        }
    }
}

/// Reads the name of a registry.
///
/// # Errors
/// A clause on what is wrong with it.
pub fn parse_host(text: &str) -> Result<RegistryHost, String> {
    RegistryHost::parse(text).map_err(|error| error.to_string())
}

fn parse_image(text: &str) -> Result<RegistryImage, String> {
    let (host, image) = text
        .split_once('=')
        .ok_or("expected REGISTRY=IMAGE, such as registry.redhat.io=openshift3/ose-pod:v3.11")?;
    let host = parse_host(host)?;
    let image = ImageReference::parse(image, &host).map_err(|error| error.to_string())?;
    Ok(RegistryImage { host, image })
}
