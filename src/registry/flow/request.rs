//! The request of each step.

use url::Url;

use super::{
    Flow,
    phase::{ComparisonStep, Phase, Pull, Realm, api_url, ping},
};
use crate::{
    domain::image::ImageReference,
    registry::{
        exchange::{Accept, Authorization, Method, Purpose, Request, Site},
        realm::{is_same_origin, may_receive},
        token::token_form,
    },
};

impl Flow {
    /// Makes the request of a step.
    pub(super) fn request_for(&self, phase: &Phase) -> Request {
        let user = Some(self.target.credential.user());
        let scope = Some(self.scope.as_str());
        match phase {
            Phase::Ping { .. } => ping(&self.base),
            Phase::BasicPing => self.with_basic(Purpose::BasicPing, self.api_url("")),
            Phase::LoginToken(token) if self.target.credential.is_identity_token() => {
                self.with_form(Purpose::LoginToken, &token.realm, None)
            }
            Phase::PullToken(token, _) if self.target.credential.is_identity_token() => {
                self.with_form(Purpose::PullToken, &token.realm, scope)
            }
            Phase::LoginToken(token) => self.with_basic(Purpose::LoginToken, token.url(user, None)),
            Phase::PullToken(token, _) => {
                self.with_basic(Purpose::PullToken, token.url(user, scope))
            }
            Phase::Probe(image) => self.comparable(image, Authorization::Anonymous),
            Phase::Manifest(pull) => self.pull(Purpose::Manifest, pull),
            Phase::ManifestText(pull) => self.pull(Purpose::ManifestText, pull),
            Phase::Compare(comparison) => match &comparison.step {
                ComparisonStep::LoginToken(token) => {
                    self.anonymous(Purpose::AnonymousToken, token.url(None, None))
                }
                ComparisonStep::PullToken(token, _) => {
                    self.anonymous(Purpose::AnonymousPullToken, token.url(None, scope))
                }
                ComparisonStep::Manifest { image, bearer } => {
                    let bearer = bearer.clone().map(Authorization::Bearer);
                    self.comparable(image, bearer.unwrap_or(Authorization::Anonymous))
                }
            },
        }
    }

    fn anonymous(&self, purpose: Purpose, url: Url) -> Request {
        self.request(purpose, url, Authorization::Anonymous)
    }

    fn with_basic(&self, purpose: Purpose, url: Url) -> Request {
        let authorization = self.basic(&url);
        self.request(purpose, url, authorization)
    }

    /// An identity token goes to the token server alone, and in no URL.
    fn with_form(&self, purpose: Purpose, realm: &Realm, scope: Option<&str>) -> Request {
        let token = self.target.credential.password();
        let form = token_form(realm.service.as_deref(), scope, token);
        Request {
            method: Method::Post,
            ..self.request(purpose, realm.url.clone(), Authorization::Form(form))
        }
    }

    fn pull(&self, purpose: Purpose, pull: &Pull) -> Request {
        let url = self.manifest_url(&pull.image);
        match &pull.token {
            Some(token) => {
                let bearer = Authorization::Bearer(token.first.clone());
                self.request(purpose, url, bearer)
            }
            None => self.with_basic(purpose, url),
        }
    }

    /// The manifest as it was last found: a comparison must ask alike.
    fn comparable(&self, image: &ImageReference, authorization: Authorization) -> Request {
        let url = self.manifest_url(image);
        let (method, accept) = self.found_by;
        Request {
            method,
            accept,
            ..self.request(Purpose::AnonymousManifest, url, authorization)
        }
    }

    fn request(&self, purpose: Purpose, url: Url, authorization: Authorization) -> Request {
        let (method, accept) = match purpose {
            Purpose::Manifest => (Method::Head, Accept::Manifest),
            Purpose::ManifestText => (Method::Get, Accept::Manifest),
            Purpose::Ping
            | Purpose::BasicPing
            | Purpose::LoginToken
            | Purpose::PullToken
            | Purpose::AnonymousToken
            | Purpose::AnonymousPullToken
            | Purpose::AnonymousManifest => (Method::Get, Accept::Any),
        };
        Request {
            site: self.site(&url),
            method,
            url,
            authorization,
            accept,
            purpose,
        }
    }

    /// Who answers at `url`.
    pub(super) fn site(&self, url: &Url) -> Site {
        let realm = self.realm.as_ref();
        if is_same_origin(url, &self.base) {
            Site::Registry
        } else if realm.is_some_and(|realm| is_same_origin(url, &realm.url)) {
            Site::Realm
        } else {
            Site::Elsewhere
        }
    }

    fn basic(&self, url: &Url) -> Authorization {
        let realm = self.realm.as_ref().map(|realm| &realm.url);
        let is_password = !self.target.credential.is_identity_token();
        if is_password && may_receive(url, &self.base, realm) {
            Authorization::Basic(self.target.credential.encode())
        } else {
            Authorization::Anonymous
        }
    }

    fn manifest_url(&self, image: &ImageReference) -> Url {
        self.api_url(&format!(
            "{}/manifests/{}",
            image.repository(),
            image.reference()
        ))
    }

    fn api_url(&self, path: &str) -> Url {
        api_url(&self.base, path)
    }
}
