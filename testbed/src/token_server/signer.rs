//! Tokens: JSON web tokens, signed so that docker-registry believes them.
//!
//! The header carries the signer's certificate (`x5c`), which the registry finds in its bundle. The
//! alternative, a `kid`, must be in libtrust's own notation, which registry 3 has given up.

use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use rcgen::{CertificateParams, KeyPair};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use serde::Serialize;
use serde_json::{Value, json};

use super::ISSUER;
use crate::password;
use crate::scratch::Scratch;

/// How long before it is issued a token becomes valid, in seconds.
const LEEWAY: i64 = 10;

/// A key with a self-signed certificate.
pub(super) struct Signer {
    key: EcdsaKeyPair,
    random: SystemRandom,
    header: Value,
    bundle: PathBuf,
    _files: Scratch,
}

/// What a token says.
pub(super) struct Claims<'a> {
    pub(super) subject: &'a str,
    pub(super) audience: String,
    pub(super) issued: i64,
    pub(super) lifetime: i64,
    pub(super) access: Vec<Grant>,
}

/// One entry of a token's `access` claim.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Grant {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) name: String,
    pub(super) actions: Vec<String>,
}

impl Signer {
    pub(super) fn new() -> Result<Self> {
        let pair = KeyPair::generate()?;
        let certificate =
            CertificateParams::new(["token signer".to_owned()])?.self_signed(&pair)?;
        let random = SystemRandom::new();
        let key = EcdsaKeyPair::from_pkcs8(
            &ECDSA_P256_SHA256_FIXED_SIGNING,
            pair.serialized_der(),
            &random,
        )
        .map_err(|rejected| anyhow!("the token key is unusable: {rejected}"))?;
        let files = Scratch::new()?;
        let bundle = files.write("token.crt", certificate.pem())?;
        let chain = [STANDARD.encode(certificate.der())];
        let header = json!({"typ": "JWT", "alg": "ES256", "x5c": chain});
        Ok(Self {
            key,
            random,
            header,
            bundle,
            _files: files,
        })
    }

    /// Returns the file with the certificate.
    pub(super) fn bundle(&self) -> &Path {
        &self.bundle
    }

    /// Signs a token.
    pub(super) fn sign(&self, claims: &Claims<'_>) -> Result<String> {
        let signed = format!("{}.{}", part(&self.header), part(&claims.payload()?));
        let signature = self
            .key
            .sign(&self.random, signed.as_bytes())
            .map_err(|_| anyhow!("a token cannot be signed"))?;
        Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}

impl Claims<'_> {
    fn payload(&self) -> Result<Value> {
        // An expired token was issued while it could still be valid: a registry that sees `iat`
        // after `exp` might complain about that instead.
        let issued = self.issued + 2 * self.lifetime.min(0);
        Ok(json!({
            "iss": ISSUER,
            "sub": self.subject,
            "aud": self.audience,
            "iat": issued,
            "nbf": issued - LEEWAY,
            "exp": self.issued + self.lifetime,
            "jti": password::short()?,
            "access": self.access,
        }))
    }
}

fn part(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}
