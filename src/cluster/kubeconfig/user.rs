//! The entry of a kubeconfig that says who asks.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use http::{HeaderMap, HeaderName, HeaderValue};
use rustls::{
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    sign::SingleCertAndKey,
};

use super::{
    data::data_or_file,
    document::{Flaw, Place},
};
use crate::{
    domain::{credential::encode, secret::Secret},
    support::{header::authorization, tls::client_certificate, trust::read_file},
};

const UNSENDABLE: &str = "cannot be sent: it holds a character that HTTP does not allow";

/// Who asks.
pub(in crate::cluster) struct User {
    /// The name of the entry.
    pub(in crate::cluster) name: String,
    pub(in crate::cluster) certificate: Option<Arc<SingleCertAndKey>>,
    pub(in crate::cluster) authorization: Authorization,
    /// Headers that ask for the rights of somebody else.
    pub(in crate::cluster) impersonation: HeaderMap,
    /// What must not be shown of the entry.
    pub(in crate::cluster) secrets: Vec<Secret>,
}

/// What stands in the header Authorization.
#[derive(Clone)]
pub(in crate::cluster) enum Authorization {
    Anonymous,
    /// The whole header.
    Fixed(HeaderValue),
    /// The token in a file, which is replaced now and then.
    File {
        path: PathBuf,
        last: HeaderValue,
    },
}

impl User {
    pub(super) fn anonymous() -> Self {
        Self {
            name: String::new(),
            certificate: None,
            authorization: Authorization::Anonymous,
            impersonation: HeaderMap::new(),
            secrets: Vec::new(),
        }
    }

    pub(super) fn read(
        name: &str,
        entry: Option<&Place<'_>>,
        directory: &Path,
    ) -> Result<Self, Flaw> {
        let mut user = Self {
            name: name.to_owned(),
            ..Self::anonymous()
        };
        let Some(entry) = entry else {
            return Ok(user);
        };
        reject_plugin(name, entry)?;
        user.certificate = certificate(entry, directory)?;
        user.read_authorization(entry, directory)?;
        user.impersonation = impersonation(entry)?;
        Ok(user)
    }

    /// As client-go has it: a readable token file outranks a token, and both together with a user name
    /// are an error.
    fn read_authorization(&mut self, entry: &Place<'_>, directory: &Path) -> Result<(), Flaw> {
        let token = entry.text("token")?;
        let (username, password) = (entry.text("username")?, entry.text("password")?);
        let is_basic = username.or(password).is_some();
        if is_basic && token.is_some() {
            return Err(entry.flaw("has a token and a user name: remove one of them"));
        }
        if let Some(path) = entry.text("tokenFile")? {
            let path = directory.join(path);
            match read_token(&path) {
                Ok(secret) => {
                    let last = bearer(&secret).map_err(|what| entry.flaw(what))?;
                    self.secrets.push(secret);
                    self.authorization = Authorization::File { path, last };
                    return Ok(());
                }
                Err(what) if token.is_none() => {
                    let path = path.display();
                    return Err(entry.flaw(&format!("cannot read its tokenFile {path}: {what}")));
                }
                Err(_) => {}
            }
        }
        if let Some(token) = token {
            let secret = Secret::new(token);
            let place = entry.member("token")?.unwrap_or_else(|| entry.clone());
            let header = bearer(&secret).map_err(|what| place.flaw(what))?;
            self.secrets.push(secret);
            self.authorization = Authorization::Fixed(header);
        } else if is_basic {
            let (username, password) = (username.unwrap_or_default(), password.unwrap_or_default());
            let pair = encode(username.as_bytes(), password.as_bytes());
            let header = authorization("Basic", &pair).ok_or(UNSENDABLE);
            self.authorization = Authorization::Fixed(header.map_err(|what| entry.flaw(what))?);
            self.secrets.extend([Secret::new(password), pair]);
        }
        Ok(())
    }
}

impl Authorization {
    /// Returns the header for the next request, with the token that the file holds now.
    pub(in crate::cluster) fn header(&self) -> Option<HeaderValue> {
        match self {
            Self::Anonymous => None,
            Self::Fixed(header) => Some(header.clone()),
            Self::File { path, last } => {
                let token = read_token(path).ok();
                let header = token.and_then(|token| bearer(&token).ok());
                Some(header.unwrap_or_else(|| last.clone()))
            }
        }
    }
}

fn reject_plugin(name: &str, entry: &Place<'_>) -> Result<(), Flaw> {
    for plugin in ["exec", "auth-provider"] {
        if let Some(place) = entry.member(plugin)? {
            return Err(place.flaw(&format!(
                "user {name} has a credential plugin, which is not run here: use a client certificate \
                 or a token"
            )));
        }
    }
    Ok(())
}

fn certificate(entry: &Place<'_>, directory: &Path) -> Result<Option<Arc<SingleCertAndKey>>, Flaw> {
    let Some(certificate) = data_or_file(entry, "client-certificate", directory)? else {
        return Ok(None);
    };
    let Some(key) = data_or_file(entry, "client-key", directory)? else {
        return Err(entry.flaw("has a client-certificate and has no client-key"));
    };
    let chain = CertificateDer::pem_slice_iter(&certificate).collect::<Result<Vec<_>, _>>();
    let chain = chain.ok().filter(|chain| !chain.is_empty());
    let chain = chain
        .ok_or_else(|| entry.flaw("the client certificate is not a certificate in PEM form"))?;
    let key = PrivateKeyDer::from_pem_slice(&key).map_err(|_| {
        let is_encrypted = String::from_utf8_lossy(&key).contains("ENCRYPTED");
        entry.flaw(if is_encrypted {
            "the client key is encrypted: give it without a passphrase"
        } else {
            "the client key is not a private key in PEM form"
        })
    })?;
    match client_certificate(chain, &key) {
        Some(certificate) => Ok(Some(certificate)),
        None => Err(entry.flaw(
            "the client key does not belong to the client certificate, or is of a kind that is not \
             supported",
        )),
    }
}

/// `as`, `as-uid`, `as-groups` and `as-user-extra` (Kubernetes, "User impersonation").
fn impersonation(entry: &Place<'_>) -> Result<HeaderMap, Flaw> {
    let mut headers = HeaderMap::new();
    for (key, name) in [("as", "impersonate-user"), ("as-uid", "impersonate-uid")] {
        if let Some(text) = entry.text(key)? {
            let place = entry.member(key)?.unwrap_or_else(|| entry.clone());
            headers.insert(HeaderName::from_static(name), plain(&place, text)?);
        }
    }
    for place in entry.list("as-groups")? {
        let value = plain(&place, place.own_text()?)?;
        headers.append(HeaderName::from_static("impersonate-group"), value);
    }
    let Some(extra) = entry.member("as-user-extra")? else {
        return Ok(headers);
    };
    for key in extra.keys() {
        let name = HeaderName::try_from(format!("impersonate-extra-{}", key.to_ascii_lowercase()));
        let name = name.map_err(|_| extra.flaw("has a key that cannot be sent"))?;
        for place in extra.list(key)? {
            headers.append(name.clone(), plain(&place, place.own_text()?)?);
        }
    }
    Ok(headers)
}

fn plain(place: &Place<'_>, text: &str) -> Result<HeaderValue, Flaw> {
    HeaderValue::try_from(text)
        .map_err(|_| place.flaw("cannot be sent: it holds a control character"))
}

/// Editors and `oc` end a file with a line break, which is not part of the token.
fn read_token(path: &Path) -> Result<Secret, String> {
    let bytes = read_file(path).map_err(|error| error.to_string())?;
    let text = String::from_utf8(bytes).map_err(|_| "it is not text".to_owned())?;
    match text.trim() {
        "" => Err("it is empty".to_owned()),
        token => Ok(Secret::new(token)),
    }
}

fn bearer(token: &Secret) -> Result<HeaderValue, &'static str> {
    if token.expose().contains(['\r', '\n']) {
        return Err("holds a line break: remove it");
    }
    authorization("Bearer", token).ok_or(UNSENDABLE)
}
