//! The entry of a kubeconfig that says where the API server is, and how to know it.

use std::path::Path;

use rustls::{
    RootCertStore,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};
use url::Url;

use super::{
    data::data_or_file,
    document::{Flaw, Place},
};
use crate::support::proxies::Proxy;

/// What base64 makes of the start of a PEM text.
const ENCODED_PEM: &[u8] = b"LS0tLS1";

/// An API server.
pub(in crate::cluster) struct Server {
    pub(in crate::cluster) url: Url,
    pub(in crate::cluster) trust: Trust,
    /// The name to look for in its certificate, in place of that in the URL.
    pub(in crate::cluster) name: Option<ServerName<'static>>,
    pub(in crate::cluster) proxy: Option<Proxy>,
}

/// Whom the server's certificate must come from.
pub(in crate::cluster) enum Trust {
    /// An authority of this system.
    System,
    /// One of these.
    Authorities(Vec<CertificateDer<'static>>),
    /// Anybody: `insecure-skip-tls-verify`.
    Anybody,
}

impl Server {
    pub(super) fn read(entry: Option<&Place<'_>>, directory: &Path) -> Result<Self, Flaw> {
        let missing = || Flaw::new("its cluster has no server");
        let entry = entry.ok_or_else(missing)?;
        Ok(Self {
            url: url(entry, entry.text("server")?.ok_or_else(missing)?)?,
            trust: Trust::read(entry, directory)?,
            name: server_name(entry)?,
            proxy: proxy(entry)?,
        })
    }
}

/// The URL without its query. One without a scheme is taken for https, whatever else is given: Go would
/// send a token in clear.
fn url(entry: &Place<'_>, text: &str) -> Result<Url, Flaw> {
    let flaw = |what: &str| flaw_at(entry, "server", what);
    let text = if text.contains("://") {
        text.to_owned()
    } else {
        format!("https://{text}")
    };
    let mut url = Url::parse(text.trim()).map_err(|_| flaw("is not a URL"))?;
    if !["https", "http"].contains(&url.scheme()) {
        return Err(flaw("must begin with https:// or http://"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(flaw("holds a user: write it under users"));
    }
    url.set_query(None);
    url.set_fragment(None);
    // The URL standard allows characters in a host, such as `{`, that no HTTP request can name.
    if url.as_str().parse::<http::Uri>().is_err() {
        return Err(flaw("is not a URL"));
    }
    Ok(url)
}

fn server_name(entry: &Place<'_>) -> Result<Option<ServerName<'static>>, Flaw> {
    let Some(text) = entry.text("tls-server-name")? else {
        return Ok(None);
    };
    let name = ServerName::try_from(text.to_owned());
    name.map(Some)
        .map_err(|_| flaw_at(entry, "tls-server-name", "is not a host name"))
}

fn proxy(entry: &Place<'_>) -> Result<Option<Proxy>, Flaw> {
    let proxy = entry.text("proxy-url")?.map(Proxy::parse).transpose();
    proxy.map_err(|error| flaw_at(entry, "proxy-url", &error.to_string()))
}

impl Trust {
    fn read(entry: &Place<'_>, directory: &Path) -> Result<Self, Flaw> {
        let name = "certificate-authority";
        let is_insecure = entry.flag("insecure-skip-tls-verify")?;
        let has_authority = entry
            .text(name)?
            .or(entry.text("certificate-authority-data")?);
        match (is_insecure, has_authority) {
            (true, Some(_)) => Err(flaw_at(
                entry,
                "insecure-skip-tls-verify",
                "cannot stand beside a certificate-authority: remove one of them",
            )),
            (true, None) => Ok(Self::Anybody),
            (false, _) => match data_or_file(entry, name, directory)? {
                Some(pem) => authorities(&pem).map(Self::Authorities),
                None => Ok(Self::System),
            },
        }
    }
}

/// As Go does, passes over what is not a certificate, or cannot be one of an authority, unless all is.
fn authorities(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, Flaw> {
    if pem.starts_with(ENCODED_PEM) {
        return Err(Flaw::new(
            "its certificate-authority-data was encoded in base64 twice",
        ));
    }
    let certificates = CertificateDer::pem_slice_iter(pem).filter_map(Result::ok);
    let usable = certificates.filter(|certificate| {
        let mut roots = RootCertStore::empty();
        roots.add(certificate.clone()).is_ok()
    });
    let usable: Vec<_> = usable.collect();
    if usable.is_empty() {
        return Err(Flaw::new(
            "its certificate-authority holds no certificate in PEM form",
        ));
    }
    Ok(usable)
}

fn flaw_at(entry: &Place<'_>, key: &str, what: &str) -> Flaw {
    match entry.member(key) {
        Ok(Some(place)) => place.flaw(what),
        _ => entry.flaw(what),
    }
}
