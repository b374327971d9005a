//! Which examinations show the same login to the same server. Namespaces of one registry often share a
//! credential; were each examined by itself, a wrong password would count as often, and lock the account.

use std::collections::HashMap;

use super::examination::Examination;
use crate::{
    domain::{
        credential::Credential, registry_credential::TransportSecurity, registry_host::RegistryHost,
    },
    registry::{Conclusion, Scope, exchange::server_url},
};

/// Examinations of one login, each with its place in the request.
pub(super) type Login = Vec<(usize, Examination)>;

/// Groups the examinations by server, user and password.
pub(super) fn logins(examinations: Vec<Examination>) -> Vec<Login> {
    let mut logins: Vec<Login> = Vec::new();
    let mut known: HashMap<(String, Credential), usize> = HashMap::new();
    for (position, examination) in examinations.into_iter().enumerate() {
        let credential = &examination.credential;
        // By server, not by name: lock-outs count at the server, whatever it is called.
        let key = (server(&credential.host), credential.credential.clone());
        let login = *known.entry(key).or_insert(logins.len());
        if login == logins.len() {
            logins.push(Login::new());
        }
        logins[login].push((position, examination));
    }
    logins
}

/// The server by scheme, host and effective port: `h`, `h:443` and every notation of an address are one.
fn server(host: &RegistryHost) -> String {
    let url = server_url("https", host);
    url.map_or_else(
        || host.api_authority().to_owned(),
        |url| url.origin().ascii_serialization(),
    )
}

/// Conclusions about a login that hold for more than the image they were drawn from.
#[derive(Default)]
pub(super) struct Settled {
    login: Option<Conclusion>,
    routes: HashMap<TransportSecurity, Conclusion>,
}

impl Settled {
    /// The conclusion that holds for an examination with these demands on the connection, if any.
    pub(super) fn conclusion_for(&self, security: &TransportSecurity) -> Option<&Conclusion> {
        self.login.as_ref().or_else(|| self.routes.get(security))
    }

    /// Notes what a conclusion says about others.
    pub(super) fn note(&mut self, security: &TransportSecurity, conclusion: &Conclusion) {
        match conclusion.reason.scope() {
            Scope::Image => {}
            Scope::Login => self.login = Some(conclusion.clone()),
            Scope::Route => {
                self.routes.insert(security.clone(), conclusion.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::{
            registry_credential::{RegistryCredential, Source},
            secret::Secret,
        },
        operations::validate::WithoutImage,
        registry::Reason,
    };

    fn examination(host: &str, password: &str) -> Examination {
        let host = RegistryHost::parse(host).unwrap();
        Examination {
            credential: RegistryCredential {
                written_host: host.to_string(),
                host,
                source: Source::Task,
                credential: Credential::new("u", Secret::new(password)).unwrap(),
                test_image: None,
                security: TransportSecurity::default(),
            },
            without_image: WithoutImage::LogIn,
        }
    }

    #[test]
    fn a_server_is_one_however_it_is_written() {
        let groups = |all: &[(&str, &str)]| {
            let examinations = all
                .iter()
                .map(|(host, password)| examination(host, password));
            logins(examinations.collect()).len()
        };
        assert_eq!(
            groups(&[
                ("h", "p"),
                ("h:443", "p"),
                ("h/team", "p"),
                ("https://H/v2/", "p")
            ]),
            1
        );
        assert_eq!(groups(&[("[::1]:5000", "p"), ("[0:0::1]:5000", "p")]), 1);
        assert_eq!(
            groups(&[("docker.io", "p"), ("registry-1.docker.io", "p")]),
            1
        );
        assert_eq!(
            groups(&[("h", "p"), ("h", "q"), ("h:5000", "p"), ("i", "p")]),
            4
        );
    }

    #[test]
    fn a_refusal_holds_for_all_and_an_obstacle_for_the_same_route() {
        let strict = TransportSecurity::default();
        let waived = strict.waived();
        let mut settled = Settled::default();
        settled.note(&strict, &Conclusion::new(Reason::Forbidden));
        assert!(settled.conclusion_for(&strict).is_none());
        settled.note(&strict, &Conclusion::new(Reason::UnknownIssuer));
        assert!(settled.conclusion_for(&strict).is_some());
        assert!(settled.conclusion_for(&waived).is_none());
        settled.note(&strict, &Conclusion::new(Reason::LoginLockout));
        let reason = settled.conclusion_for(&waived).map(|one| one.reason);
        assert_eq!(reason, Some(Reason::LoginLockout));
    }
}
