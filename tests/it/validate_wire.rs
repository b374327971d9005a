//! What happens on the wire: TLS, redirects, broken and endless answers, time. The servers are
//! scripted; what real registries answer is tested in `validate_real`.
#![expect(
    clippy::needless_pass_by_value,
    reason = "calls read better with a literal"
)]

mod bodies;
mod limits;
mod logins;
mod proxy;
mod redirects;
mod stored;
mod tls;
mod tolerance;

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use rustls::{
    RootCertStore, ServerConfig, SupportedProtocolVersion, crypto::ring,
    server::WebPkiClientVerifier,
};
use serde_json::{Value, json};
use testbed::{
    pki::{Authority, Identity},
    proxy::beyond_loopback,
};

use crate::support::{
    module::{Answer, Module},
    scratch::Scratch,
    scripted::{Heard, Reaction, Scripted, head, reply},
};

const PASSWORD: &str = "s3cret-of-the-wire";
/// base64 of `somebody:s3cret-of-the-wire`.
const PAIR: &str = "c29tZWJvZHk6czNjcmV0LW9mLXRoZS13aXJl";

/// A registry with one account, and one image.
fn htpasswd(request: &Heard) -> Reaction {
    match request.authorization.as_deref() {
        Some(authorization) if authorization == format!("Basic {PAIR}") => head(200, &[]),
        _ => asks_for_basic(),
    }
}

fn asks_for_basic() -> Reaction {
    head(401, &["WWW-Authenticate: Basic realm=\"registry\""])
}

fn asks_for_token() -> Reaction {
    head(
        401,
        &["WWW-Authenticate: Bearer realm=\"/token\",service=\"s\""],
    )
}

/// The registry in the list, with `more` in its entry.
fn credential(registry: &Scripted, more: Value) -> Value {
    credential_for(&registry.host(), more)
}

fn credential_for(host: &str, more: Value) -> Value {
    let mut entry = json!({"host": host, "user": "somebody", "password": PASSWORD});
    entry
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().cloned().unwrap());
    entry
}

/// Validates the one registry. Members of `more` go to its entry or to the module; unless they make
/// demands on TLS, the registry counts as insecure.
fn validate(registry: &Scripted, more: Value) -> Answer {
    let Value::Object(more) = more else {
        panic!("options are an object")
    };
    let (entry, mut options): (serde_json::Map<_, _>, serde_json::Map<_, _>) = more
        .into_iter()
        .partition(|(name, _)| ["ca_cert", "tls_verify"].contains(&name.as_str()));
    let strict = options.remove("insecure").is_some()
        || !entry.is_empty()
        || options.contains_key("cert_dir");
    let host = if ["http_proxy", "https_proxy"]
        .iter()
        .any(|name| options.contains_key(*name))
    {
        beyond_loopback(&registry.host())
    } else {
        registry.host()
    };
    let mut module = Module::new("oreg_validate").args(json!({
        "openshift_additional_registry_credentials": [credential_for(&host, Value::Object(entry))],
        "delay": 0,
    }));
    if !strict {
        module = module.args(json!({"openshift_docker_insecure_registries": [host]}));
    }
    let answer = module.args(Value::Object(options)).run();
    assert!(
        !answer.stdout.contains(PASSWORD) && !answer.stdout.contains(PAIR),
        "{}",
        answer.stdout
    );
    answer
}

fn verdict(registry: &Scripted, more: Value) -> (&'static str, &'static str) {
    outcome(&validate(registry, more))
}

/// Verdict and reason of the one registry; leaked, which a test can afford.
fn outcome(answer: &Answer) -> (&'static str, &'static str) {
    let registry = &answer.json["registries"][0];
    let word = |name: &str| {
        let word = registry[name]
            .as_str()
            .unwrap_or_else(|| panic!("{}", answer.stdout));
        &*word.to_owned().leak()
    };
    (word("verdict"), word("reason"))
}

fn trusting(authority: &Authority) -> Value {
    json!({"ca_cert": authority.ca_cert()})
}

fn server(identity: &Identity) -> Arc<ServerConfig> {
    let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let builder = builder
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth();
    let (chain, key) = chain_and_key(identity);
    Arc::new(builder.with_single_cert(chain, key).unwrap())
}

/// A server that wants a certificate of `authority` from its clients.
fn mutual_server(
    authority: &Authority,
    version: &'static SupportedProtocolVersion,
) -> Arc<ServerConfig> {
    let provider = Arc::new(ring::default_provider());
    let mut roots = RootCertStore::empty();
    let ca = CertificateDer::from_pem_file(authority.ca_cert()).unwrap();
    roots.add(ca).unwrap();
    let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider.clone())
        .build()
        .unwrap();
    let builder = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[version])
        .unwrap();
    let (chain, key) = chain_and_key(&authority.server(&[]).unwrap());
    Arc::new(
        builder
            .with_client_cert_verifier(verifier)
            .with_single_cert(chain, key)
            .unwrap(),
    )
}

fn chain_and_key(identity: &Identity) -> (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>) {
    let chain = CertificateDer::pem_file_iter(identity.cert())
        .unwrap()
        .collect::<Result<_, _>>();
    (
        chain.unwrap(),
        PrivateKeyDer::from_pem_file(identity.key()).unwrap(),
    )
}
