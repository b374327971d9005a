//! The ways registries are known to answer, each with the verdict it must lead to and the requests
//! it may cost. A script names, for each purpose, the answers in order; the last one repeats.
//!
//! Purposes in the rows: `P` is `/v2/`, `Pb` the same with Basic; `T0` is a token without scope, `T1` one
//! for the image; `M` is the manifest by HEAD, `Mg` by GET; `Ta`, `Ta1`, `Ma` are the anonymous forms.
//!
//! So `"wrong password": P bearer; T0 r(401) => InvalidCredentials Rejected; P T0` reads: `/v2/` asks for a
//! token, the realm refuses the login with 401; the verdict is `invalid_credentials` for the reason
//! `rejected`, after these two requests.

use std::{collections::HashMap, time::Duration};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use proptest::prelude::*;

use super::*;
use crate::{
    domain::{
        credential::Credential, image::ImageReference, registry_host::RegistryHost, secret::Secret,
        verdict::Verdict,
    },
    registry::{
        conclusion::{Speaker, Words},
        exchange::{Authorization, ProxyErrorKind, Purpose},
        realm::{is_same_origin, may_receive},
        token::read_token,
    },
};
use Purpose::{
    AnonymousManifest as Ma, AnonymousPullToken as Ta1, AnonymousToken as Ta, BasicPing as Pb,
    LoginToken as T0, Manifest as M, ManifestText as Mg, Ping as P, PullToken as T1,
};
use Verdict::{
    Denied, DeniedOrMissing, ImageNotFound, InvalidCredentials, NotARegistry, NotProven,
    ProxyFailure, RateLimited, RegistryError, TlsFailure, Unreachable, Valid,
};

const MINUTE: Duration = Duration::from_mins(1);
const PASSWORD: &str = "pa55-w0rd-of-the-vectors";
const BEARER: &str = r#"Bearer realm="https://auth.example.com/token",service="registry""#;
const STORE: &str = "https://store.example.net/x";
const BASIC: &str = r#"Basic realm="registry""#;

fn target(image: bool) -> Target {
    let host = RegistryHost::parse("registry.example.com").unwrap();
    let image = image.then(|| ImageReference::parse("openshift3/ose-pod:v3.11", &host).unwrap());
    let credential = Credential::new("12|na\"me+$ü", Secret::new(PASSWORD)).unwrap();
    Target {
        host,
        credential,
        image,
        plain_http: false,
    }
}

fn policy() -> RetryPolicy {
    RetryPolicy {
        retries: 3,
        delay: Duration::from_secs(5),
    }
}

// Answers.

fn r(status: u16) -> Reply {
    Reply {
        status,
        content_type: "application/json".to_owned(),
        ..Reply::default()
    }
}

fn says(status: u16, body: &str) -> Reply {
    Reply {
        body: body.as_bytes().to_vec(),
        ..r(status)
    }
}

fn error(status: u16, code: &str, message: &str) -> Reply {
    says(
        status,
        &format!(r#"{{"errors":[{{"code":"{code}","message":"{message}"}}]}}"#),
    )
}

fn html(status: u16) -> Reply {
    Reply {
        content_type: "text/html; charset=utf-8".to_owned(),
        ..says(status, "<html>Sign in</html>")
    }
}

fn asks(challenge: &str) -> Reply {
    Reply {
        challenges: vec![challenge.to_owned()],
        ..r(401)
    }
}

fn moved(status: u16, location: &str) -> Reply {
    Reply {
        location: Some(location.to_owned()),
        ..r(status)
    }
}

fn jwt() -> Reply {
    let claims = URL_SAFE_NO_PAD.encode(r#"{"sub":"somebody"}"#);
    says(200, &format!(r#"{{"token":"e30.{claims}.sig"}}"#))
}

fn opaque() -> Reply {
    says(200, r#"{"token":"opaque-token-of-a-realm"}"#)
}

fn dated(lifetime: &str) -> Reply {
    let body =
        format!(r#"{{"token":"x","expires_in":{lifetime},"issued_at":"1970-01-01T00:00:00Z"}}"#);
    says(200, &body)
}

fn refuses_token(error: &str) -> Reply {
    asks(&format!(
        r#"{BEARER},scope="repository:openshift3/ose-pod:pull",error="{error}""#
    ))
}

fn error_of(kind: WireErrorKind) -> Answer {
    Answer::Error(kind.because("what the system says"))
}

impl From<Reply> for Answer {
    fn from(reply: Reply) -> Self {
        Self::Reply(reply)
    }
}

// Vectors.

struct Vector {
    name: &'static str,
    script: Vec<(Purpose, Vec<Answer>)>,
    verdict: Verdict,
    reason: Reason,
    sent: Vec<Purpose>,
}

macro_rules! vector {
    ($name:literal: $($purpose:ident $($answer:expr),+);+ => $verdict:ident $reason:ident; $($sent:ident)*) => {
        Vector {
            name: $name,
            script: vec![$(($purpose, vec![$($answer.clone().into()),+])),+],
            verdict: $verdict,
            reason: Reason::$reason,
            sent: vec![$($sent),*],
        }
    };
}

#[rustfmt::skip]
#[expect(clippy::too_many_lines, reason = "a table, one row a line")]
fn vectors() -> Vec<Vector> {
    let bearer = asks(BEARER);
    let basic = asks(BASIC);
    let both = asks(&format!("{BEARER}, {BASIC}"));
    let tls = |why| error_of(WireErrorKind::Tls(why));
    let wait = |seconds| Reply { retry_after: Some(Duration::from_secs(seconds)), ..error(429, "TOOMANYREQUESTS", "slow down") };
    vec![
        vector!("token registry, all well": P bearer; T0 jwt(); T1 jwt(); M r(200); Ta r(401) => Valid Pulled; P T0 T1 M Ta),
        vector!("token registry, all well: the same, token without a name": P bearer; T0 opaque(); T1 opaque(); M r(200); Ta r(401) => Valid Pulled; P T0 T1 M Ta),
        vector!("wrong password": P bearer; T0 error(401, "UNAUTHORIZED", "Invalid username or password.") => InvalidCredentials Rejected; P T0),
        vector!("Docker Hub's words": P bearer; T0 says(401, r#"{"details":"incorrect username or password"}"#) => InvalidCredentials Rejected; P T0),
        vector!("empty body (Harbor)": P bearer; T0 r(401) => InvalidCredentials Rejected; P T0),
        vector!("HTML body": P bearer; T0 html(401) => InvalidCredentials Rejected; P T0),
        vector!("Harbor would give a public image": P bearer; T0 r(401); T1 opaque(); M r(200) => InvalidCredentials Rejected; P T0),
        vector!("403 for a bad login (old GitLab, old Pulp)": P bearer; T0 r(403); Ta opaque() => InvalidCredentials Rejected; P T0),
        vector!("403 with words about the password": P bearer; T0 error(403, "DENIED", "wrong username or password") => InvalidCredentials Rejected; P T0),
        vector!("403 with words about rights": P bearer; T0 error(403, "DENIED", "access forbidden") => InvalidCredentials RejectedOrNoPermission; P T0),
        vector!("GAR hides": P bearer; T0 error(403, "DENIED", "Permission denied on resource (or it may not exist)") => DeniedOrMissing NoPullToken; P T0),
        vector!("GCR mixes": P bearer; T0 error(401, "UNAUTHORIZED", "You don't have the needed permissions, and you may have invalid credentials") => InvalidCredentials RejectedOrNoPermission; P T0),
        vector!("scope required (400)": P bearer; T0 r(400); T1 opaque(); M r(200); Ta1 r(401) => Valid Pulled; P T0 T1 M Ta1),
        vector!("scope required (404)": P bearer; T0 r(404); T1 opaque(); M r(200); Ta1 opaque(); Ma bearer => Valid Pulled; P T0 T1 M Ta1 Ma),
        vector!("scope required, image public": P bearer; T0 r(400); T1 opaque(); M r(200); Ta1 opaque(); Ma r(200) => NotProven PublicImage; P T0 T1 M Ta1 Ma),
        vector!("scope required, wrong password": P bearer; T0 r(400); T1 r(401) => InvalidCredentials Rejected; P T0 T1),
        vector!("GitLab denies the token": P bearer; T0 jwt(); T1 error(403, "DENIED", "access forbidden") => DeniedOrMissing NoPullToken; P T0 T1),
        vector!("GitLab denies the token: the same after 400": P bearer; T0 r(400); T1 error(403, "DENIED", "access forbidden") => DeniedOrMissing NoPullToken; P T0 T1),
        vector!("token without grant": P bearer; T0 jwt(); T1 jwt(); M refuses_token("insufficient_scope"); Mg refuses_token("insufficient_scope") => DeniedOrMissing NoPullAccess; P T0 T1 M Mg),
        vector!("forbidden": P bearer; T0 jwt(); T1 jwt(); M r(403); Mg error(403, "DENIED", "no"); Ta r(401) => Denied Forbidden; P T0 T1 M Mg Ta),
        vector!("no such tag": P bearer; T0 jwt(); T1 jwt(); M r(404); Mg error(404, "MANIFEST_UNKNOWN", "manifest unknown"); Ta r(401) => ImageNotFound NoImage; P T0 T1 M Mg Ta),
        vector!("no such repository": P bearer; T0 jwt(); T1 jwt(); M r(404); Mg error(404, "NAME_UNKNOWN", "unknown"); Ta r(401) => ImageNotFound NoImage; P T0 T1 M Mg Ta),
        vector!("404 in HTML": P bearer; T0 jwt(); T1 jwt(); M r(404); Mg html(404); Ta r(401) => ImageNotFound NoImage; P T0 T1 M Mg Ta),
        vector!("realm gives everybody a token": P bearer; T0 opaque(); T1 opaque(); M r(404); Mg r(404); Ta opaque(); Ta1 opaque(); Ma r(404) => NotProven ImageMissing; P T0 T1 M Mg Ta Ta1 Ma),
        vector!("Keycloak, 400 without a login": P bearer; T0 jwt(); T1 jwt(); M r(200); Ta r(400) => Valid Pulled; P T0 T1 M Ta),
        vector!("Keycloak, no such tag": P bearer; T0 jwt(); T1 jwt(); M r(404); Mg error(404, "MANIFEST_UNKNOWN", "manifest unknown"); Ta r(400) => ImageNotFound NoImage; P T0 T1 M Mg Ta),
        vector!("scope required (400), and Keycloak's 400 without a login": P bearer; T0 r(400); T1 opaque(); M r(200); Ta1 r(400) => Valid Pulled; P T0 T1 M Ta1),
        vector!("comparison: realm fails without a login": P bearer; T0 opaque(); T1 opaque(); M r(200); Ta r(500) => NotProven ComparisonFailed; P T0 T1 M Ta Ta),
        vector!("comparison: realm has a hiccup": P bearer; T0 opaque(); T1 opaque(); M r(200); Ta r(500), r(401) => Valid Pulled; P T0 T1 M Ta Ta),
        vector!("comparison: no answer": P bearer; T0 opaque(); T1 opaque(); M r(200); Ta error_of(WireErrorKind::Timeout) => NotProven ComparisonFailed; P T0 T1 M Ta Ta),
        vector!("comparison: nobody may ask so soon": P bearer; T0 opaque(); T1 opaque(); M r(200); Ta wait(30) => NotProven ComparisonFailed; P T0 T1 M Ta),
        vector!("comparison: token for nobody too large": P bearer; T0 opaque(); T1 opaque(); M r(200); Ta Reply { unusable: Some(Unusable::TooLarge), ..r(200) } => NotProven ComparisonFailed; P T0 T1 M Ta),
        vector!("comparison: led to plain HTTP": P bearer; T0 opaque(); T1 opaque(); M r(200); Ta moved(307, "http://auth.example.com/token") => NotProven ComparisonFailed; P T0 T1 M Ta),
        vector!("comparison: image limits nobody": P bearer; T0 opaque(); T1 opaque(); M r(200); Ta opaque(); Ta1 opaque(); Ma wait(1) => NotProven ComparisonFailed; P T0 T1 M Ta Ta1 Ma Ma),
        vector!("comparison: of an image that is missing": P bearer; T0 opaque(); T1 opaque(); M r(404); Mg r(404); Ta r(502) => NotProven ComparisonFailed; P T0 T1 M Mg Ta Ta),
        vector!("comparison: open ping, image limits nobody": P r(200); Pb r(200); Ma wait(60); M r(200) => NotProven ComparisonFailed; P Pb Ma M),
        vector!("comparison: open ping, image refuses Basic": P r(200); Pb r(200); Ma wait(60); M basic => InvalidCredentials Rejected; P Pb Ma M),
        vector!("comparison: open ping, image wants a token": P r(200); Pb r(200); Ma wait(60); M bearer => RateLimited TooManyRequests; P Pb Ma M),
        vector!("token rejected twice": P bearer; T0 jwt(); T1 jwt(); M refuses_token("invalid_token") => RegistryError TokenRejected; P T0 T1 M T1 M),
        vector!("another scope wanted": P bearer; T0 jwt(); T1 jwt(); M asks(r#"Bearer realm="https://auth.example.com/token",scope="repository:registry:pull,push""#), r(200); Ta r(401) => Valid Pulled; P T0 T1 M T1 M Ta),
        vector!("Harbor denies with Basic": P bearer; T0 jwt(); T1 jwt(); M asks(r#"Basic realm="harbor""#); Mg asks(r#"Basic realm="harbor""#) => DeniedOrMissing NoPullAccess; P T0 T1 M Mg),
        vector!("Harbor, no project": P bearer; T0 jwt(); T1 jwt(); M asks(""); Mg error(401, "UNAUTHORIZED", "project openshift3 not found"); Ta r(401) => ImageNotFound NoProject; P T0 T1 M Mg Ta),
        vector!("OpenShift denies": P bearer; T0 jwt(); T1 jwt(); M asks(r#"Basic realm=openshift,error="access denied""#); Mg r(401) => DeniedOrMissing NoPullAccess; P T0 T1 M Mg),
        vector!("OpenShift without token realm": P asks(r#"Basic realm=openshift,error="authorization header required""#); Pb r(200); M r(200) => Valid Pulled; P Pb M),
        vector!("Basic, wrong password": P basic; Pb r(401) => InvalidCredentials Rejected; P Pb),
        vector!("Basic, wrong password is 403": P basic; Pb error(403, "DENIED", "Bad credentials") => InvalidCredentials Rejected; P Pb),
        vector!("Basic, 403 with words about rights": P basic; Pb error(403, "DENIED", "User is not authorized to perform: ecr:BatchGetImage") => InvalidCredentials RejectedOrNoPermission; P Pb),
        vector!("Basic, 403 that hides": P basic; Pb error(403, "DENIED", "Permission denied on resource (or it may not exist)") => DeniedOrMissing NoPullAccess; P Pb),
        vector!("Basic, no image": P basic; Pb r(200); M r(404); Mg error(404, "MANIFEST_UNKNOWN", "x") => ImageNotFound NoImage; P Pb M Mg),
        vector!("Basic, forbidden": P basic; Pb r(200); M r(403) => Denied Forbidden; P Pb M),
        vector!("open, but refuses a bad login": P r(200); Pb r(401) => InvalidCredentials Rejected; P Pb),
        vector!("open to all": P r(200); Pb r(200); M r(200); Ma r(200) => NotProven PublicImage; P Pb Ma M),
        vector!("open ping, image asks for a token": P r(200); Pb r(200); Ma bearer; T0 jwt(); T1 jwt(); M r(200); Ta r(401) => Valid Pulled; P Pb Ma T0 T1 M Ta),
        vector!("open ping, image asks for Basic": P r(200); Pb r(200); Ma basic; M r(200) => Valid Pulled; P Pb Ma M),
        vector!("open ping, image asks for Basic: the same, wrong password": P r(200); Pb r(200); Ma basic; M basic => InvalidCredentials Rejected; P Pb Ma M),
        vector!("open ping, image asks for Basic: the same, refused with 403": P r(200); Pb r(200); Ma basic; M r(403) => InvalidCredentials RejectedOrNoPermission; P Pb Ma M),
        vector!("image asks for both, realm is not there": P r(200); Pb r(200); Ma both; T0 r(404); M r(200) => Valid Pulled; P Pb Ma T0 M),
        vector!("hidden from nobody": P r(200); Pb r(200); Ma r(404); M r(200) => Valid Pulled; P Pb Ma M),
        vector!("image missing for all": P r(200); Pb r(200); Ma r(404); M r(404); Mg r(404) => NotProven ImageMissing; P Pb Ma M Mg),
        vector!("captive portal": P html(200); Ma html(404) => NotARegistry WebPage; P Ma),
        vector!("no version header": P says(200, "{}"); Pb r(200); M r(200); Ma r(401) => Valid Pulled; P Pb Ma M),
        vector!("404 everywhere": P r(404); Ma r(404) => NotARegistry NoApi; P Ma),
        vector!("hidden ping, image asks": P r(404); Ma bearer; T0 jwt(); T1 jwt(); M r(200); Ta r(401) => Valid Pulled; P Ma T0 T1 M Ta),
        vector!("hidden ping, image asks for Basic": P r(404); Ma basic; M r(200) => Valid Pulled; P Ma M),
        vector!("hidden ping, realm is not there": P r(404); Ma both; T0 r(404); M r(200) => Valid Pulled; P Ma T0 M),
        vector!("hidden ping, realm is not there: the same, refused with 403": P r(404); Ma basic; M r(403) => InvalidCredentials RejectedOrNoPermission; P Ma M),
        vector!("/v2/ moved on the same host": P moved(301, "/v2"), bearer; T0 jwt(); T1 jwt(); M r(200); Ta r(401) => Valid Pulled; P P T0 T1 M Ta),
        vector!("login page elsewhere": P moved(302, "https://sso.example.com/login") => NotARegistry RedirectElsewhere; P),
        vector!("another port of the same host": P moved(302, "https://registry.example.com:8443/v2/") => NotARegistry RedirectElsewhere; P),
        vector!("401 without challenge": P r(401); Pb r(200); M r(200) => Valid Pulled; P Pb M),
        vector!("401 without challenge: the same, wrong password": P r(401); Pb r(401) => InvalidCredentials Rejected; P Pb),
        vector!("Negotiate and Basic": P Reply { challenges: vec!["Negotiate".into(), BASIC.into()], ..r(401) }; Pb r(200); M r(200) => Valid Pulled; P Pb M),
        vector!("Basic and Bearer in one header": P asks(&format!("{BASIC}, {BEARER}")); T0 jwt(); T1 jwt(); M r(200); Ta r(401) => Valid Pulled; P T0 T1 M Ta),
        vector!("realm is not there, Basic is": P both; T0 r(404); Pb r(200); M r(200) => Valid Pulled; P T0 Pb M),
        vector!("only Negotiate": P asks("Negotiate") => RegistryError UnsupportedScheme; P),
        vector!("upper case": P asks("BASIC realm=\"Sonatype\""); Pb r(200); M r(200) => Valid Pulled; P Pb M),
        vector!("Bearer without realm": P asks("Bearer service=\"x\"") => RegistryError MalformedChallenge; P),
        vector!("relative realm": P asks("bearer Realm=\"/token\""); T0 jwt(); T1 jwt(); M r(200); Ta r(401) => Valid Pulled; P T0 T1 M Ta),
        vector!("realm in clear": P asks(r#"Bearer realm="http://auth.example.com/token""#) => RegistryError UnsafeRealm; P),
        vector!("realm on a private address": P asks(r#"Bearer realm="https://169.254.169.254/token""#) => RegistryError UnsafeRealm; P),
        vector!("realm with a user": P asks(r#"Bearer realm="https://a:b@auth.example.com/token""#) => RegistryError UnsafeRealm; P),
        vector!("realm with a query": P asks(r#"Bearer realm="https://auth.example.com/token?x=1",service="r""#); T0 jwt(); T1 jwt(); M r(200); Ta r(401) => Valid Pulled; P T0 T1 M Ta),
        vector!("realm without service": P asks(r#"Bearer realm="https://auth.example.com/token""#); T0 jwt(); T1 jwt(); M r(200); Ta r(401) => Valid Pulled; P T0 T1 M Ta),
        vector!("service with quoted pairs": P asks(r#"Bearer realm="https://auth.example.com/token",service="a\"b\\c\nd""#); T0 jwt(); T1 jwt(); M r(200); Ta r(401) => Valid Pulled; P T0 T1 M Ta),
        vector!("access_token alone": P bearer; T0 says(200, r#"{"access_token":"x"}"#); T1 says(200, r#"{"access_token":"x"}"#); M r(200); Ta r(401) => Valid Pulled; P T0 T1 M Ta),
        vector!("empty token, good access_token": P bearer; T0 says(200, r#"{"token":"","access_token":"x"}"#); T1 says(200, r#"{"token":"","access_token":"x"}"#); M r(200); Ta r(401) => Valid Pulled; P T0 T1 M Ta),
        vector!("the other token is the good one": P bearer; T0 jwt(); T1 says(200, r#"{"token":"a","access_token":"b"}"#); M refuses_token("invalid_token"), r(200); Ta r(401) => Valid Pulled; P T0 T1 M M Ta),
        vector!("no token": P bearer; T0 says(200, "{}") => RegistryError NoToken; P T0),
        vector!("empty token": P bearer; T0 says(200, r#"{"token":""}"#) => RegistryError NoToken; P T0),
        vector!("login form instead of a token": P bearer; T0 html(200) => RegistryError NoToken; P T0),
        vector!("token too large": P bearer; T0 Reply { unusable: Some(Unusable::TooLarge), ..jwt() } => RegistryError Garbage; P T0),
        vector!("lifetimes that make no sense": P bearer; T0 dated(r#""soon""#); T1 dated("0"); M r(200); Ta r(401) => Valid Pulled; P T0 T1 M Ta),
        vector!("token request led elsewhere, refused": P bearer; T0 moved(302, "https://other.example.com/token"), r(401) => RegistryError TokenRedirect; P T0 T0),
        vector!("token request led elsewhere, given": P bearer; T0 moved(302, "https://other.example.com/token"), jwt(); T1 jwt(); M r(200); Ta1 jwt(); Ma r(200) => NotProven PublicImage; P T0 T0 T1 M Ta1 Ma),
        vector!("token request led to plain HTTP": P bearer; T0 moved(307, "http://auth.example.com/token") => RegistryError RedirectToHttp; P T0),
        vector!("token request led to the metadata service": P bearer; T0 moved(307, "https://169.254.169.254/") => RegistryError UnsafeRealm; P T0),
        vector!("locked out": P bearer; T0 says(429, "too many failed login attempts for username or IP address") => RateLimited LoginLockout; P T0),
        vector!("slow down for a moment": P bearer; T0 jwt(); T1 jwt(); M wait(1), r(200); Ta r(401) => Valid Pulled; P T0 T1 M M Ta),
        vector!("slow down for an hour": P bearer; T0 jwt(); T1 jwt(); M wait(3600) => RateLimited TooManyRequests; P T0 T1 M),
        vector!("registry down behind its proxy": P r(503) => RegistryError ServerError; P P P P),
        vector!("realm down": P bearer; T0 r(502) => RegistryError ServerError; P T0 T0 T0 T0),
        vector!("a hiccup": P bearer; T0 r(500), jwt(); T1 jwt(); M r(200); Ta r(401) => Valid Pulled; P T0 T0 T1 M Ta),
        vector!("nobody listens": P error_of(WireErrorKind::Refused) => Unreachable Refused; P P P P),
        vector!("no such name": P error_of(WireErrorKind::Dns) => Unreachable Dns; P P),
        vector!("no answer": P error_of(WireErrorKind::Timeout), bearer; T0 jwt(); T1 jwt(); M r(200); Ta r(401) => Valid Pulled; P P T0 T1 M Ta),
        vector!("realm not reachable": P bearer; T0 error_of(WireErrorKind::Refused) => Unreachable Refused; P T0 T0 T0 T0),
        vector!("unknown authority": P tls(TlsError::UnknownIssuer) => TlsFailure UnknownIssuer; P),
        vector!("run out": P tls(TlsError::Expired) => TlsFailure CertificateExpired; P),
        vector!("wrong name": P tls(TlsError::WrongName) => TlsFailure WrongName; P),
        vector!("no common version": P tls(TlsError::Protocol) => TlsFailure TlsProtocol; P),
        vector!("speaks HTTP": P tls(TlsError::NotTls) => TlsFailure SpeaksHttp; P),
        vector!("wants a client certificate": P tls(TlsError::ClientCertificateRequired) => TlsFailure ClientCertificate; P),
        vector!("proxy wants a login": P error_of(WireErrorKind::Proxy(ProxyErrorKind::Authentication)) => ProxyFailure ProxyAuthentication; P),
        vector!("proxy denies": P error_of(WireErrorKind::Proxy(ProxyErrorKind::Denied)) => ProxyFailure ProxyDenied; P),
        vector!("HTML to everything": P html(200); Ma html(200) => NotARegistry WebPage; P Ma),
        vector!("with a version header": P Reply { api_version: true, ..html(200) }; Pb Reply { api_version: true, ..html(200) }; Ma html(200); M html(200) => NotARegistry WebPage; P Pb Ma M),
        vector!("ECR, run out": P basic; Pb says(403, "Your Authorization Token has expired. Please run 'aws ecr get-login'") => InvalidCredentials Expired; P Pb),
        vector!("ECR Public, stale token": P bearer; T0 jwt(); T1 jwt(); M r(400); Mg error(400, "DENIED", "Your authorization token has expired. Reauthenticate and try again.") => InvalidCredentials Expired; P T0 T1 M M Mg),
        vector!("no HEAD": P bearer; T0 jwt(); T1 jwt(); M r(405); Mg r(200); Ta r(401) => Valid Pulled; P T0 T1 M Mg Ta),
        vector!("HEAD is 404, GET is there": P bearer; T0 jwt(); T1 jwt(); M r(404); Mg r(200); Ta r(401) => Valid Pulled; P T0 T1 M Mg Ta),
        vector!("HEAD without digest and type": P bearer; T0 jwt(); T1 jwt(); M Reply { content_type: String::new(), ..r(200) }; Ta r(401) => Valid Pulled; P T0 T1 M Ta),
        vector!("an old kind of manifest": P bearer; T0 jwt(); T1 jwt(); M Reply { content_type: "application/vnd.docker.distribution.manifest.v1+prettyjws".into(), ..r(200) }; Ta r(401) => Valid Pulled; P T0 T1 M Ta),
        vector!("kinds of manifest unknown": P bearer; T0 jwt(); T1 jwt(); M r(406), r(200); Ta r(401) => Valid Pulled; P T0 T1 M M Ta),
        vector!("image in a store": P bearer; T0 jwt(); T1 jwt(); M moved(307, STORE), r(200); Ta r(401) => Valid Pulled; P T0 T1 M M Ta),
        vector!("image missing in its store": P bearer; T0 jwt(); T1 jwt(); M moved(307, STORE), r(404); Mg moved(307, STORE), error(404, "MANIFEST_UNKNOWN", "no"); Ta r(401) => ImageNotFound NoImage; P T0 T1 M M Mg Mg Ta),
        vector!("store refuses": P bearer; T0 jwt(); T1 jwt(); M moved(307, STORE), r(403); Mg moved(307, STORE), says(403, "AccessDenied"); Ta r(401) => Denied Forbidden; P T0 T1 M M Mg Mg Ta),
        vector!("store wants another login": P bearer; T0 jwt(); T1 jwt(); M moved(307, STORE), asks(BASIC); Mg moved(307, STORE), asks(BASIC); Ta r(401) => Denied Forbidden; P T0 T1 M M Mg Mg Ta),
        vector!("store is a page for signing in": P bearer; T0 jwt(); T1 jwt(); M moved(302, STORE), html(200) => NotARegistry WebPage; P T0 T1 M M),
        vector!("store does not know HEAD": P bearer; T0 jwt(); T1 jwt(); M moved(307, STORE), r(405); Mg moved(307, STORE), r(200); Ta r(401) => Valid Pulled; P T0 T1 M M Mg Mg Ta),
        vector!("store in plain HTTP": P bearer; T0 jwt(); T1 jwt(); M moved(307, "http://store.example.net/x") => RegistryError RedirectToHttp; P T0 T1 M),
        vector!("store in a private network": P bearer; T0 jwt(); T1 jwt(); M moved(307, "https://169.254.169.254/latest") => RegistryError UnsafeRedirect; P T0 T1 M),
        vector!("store that is not reached": P bearer; T0 jwt(); T1 jwt(); M moved(307, STORE), error_of(WireErrorKind::Dns) => Unreachable Dns; P T0 T1 M M M),
        vector!("store behind a chain of redirects": P bearer; T0 jwt(); T1 jwt(); M moved(307, STORE), moved(307, "https://other.example.net/x"), r(200); Ta r(401) => Valid Pulled; P T0 T1 M M M Ta),
        vector!("image in a store for everybody": P basic; Pb r(200); M moved(307, STORE), r(200) => Valid Pulled; P Pb M M),
        vector!("a manifest that reports errors": P basic; Pb r(200); M r(405); Mg error(200, "MANIFEST_UNKNOWN", "no") => RegistryError UnexpectedAnswer; P Pb M Mg),
        vector!("Quay, namespace disabled": P bearer; T0 jwt(); T1 jwt(); M r(405); Mg error(405, "DENIED", "namespace disabled"); Ta r(401) => Denied Forbidden; P T0 T1 M Mg Ta),
        vector!("Katello refuses the account": P bearer; T0 r(401) => InvalidCredentials Rejected; P T0),
        vector!("Nexus lets anybody in": P bearer; T0 opaque(); T1 opaque(); M r(200); Ta opaque(); Ta1 opaque(); Ma r(200) => NotProven PublicImage; P T0 T1 M Ta Ta1 Ma),
        vector!("public image, realm lets nobody in": P bearer; T0 opaque(); T1 opaque(); M r(200); Ta r(401) => Valid Pulled; P T0 T1 M Ta),
        vector!("subjects are in anonymous tokens, too": P bearer; T0 jwt(); T1 jwt(); M r(200); Ta jwt(); Ta1 jwt(); Ma r(200) => NotProven PublicImage; P T0 T1 M Ta Ta1 Ma),
        vector!("subjects, and an image that is not public": P bearer; T0 jwt(); T1 jwt(); M r(200); Ta jwt(); Ta1 jwt(); Ma r(401) => Valid Pulled; P T0 T1 M Ta Ta1 Ma),
        vector!("blocked by a firewall": P html(403) => RegistryError Blocked; P),
        vector!("ping forbidden, image asks": P error(403, "DENIED", "no"); Ma bearer; T0 jwt(); T1 jwt(); M r(200); Ta r(401) => Valid Pulled; P Ma T0 T1 M Ta),
        vector!("forbidden all over": P error(403, "DENIED", "no"); Ma r(403) => RegistryError Blocked; P Ma),
        vector!("garbage": P error_of(WireErrorKind::Garbage) => RegistryError Garbage; P),
        vector!("redirects without end": P moved(301, "/v2/") => RegistryError RedirectLoop; P P P P P P),
        vector!("redirect to nowhere": P r(302) => RegistryError UnexpectedAnswer; P),
        vector!("user in a redirect": P moved(302, "https://u:p@registry.example.com/v2"), bearer; T0 jwt(); T1 jwt(); M r(200); Ta r(401) => Valid Pulled; P P T0 T1 M Ta),
        vector!("open ping, and a token that anybody gets": P r(200); Pb r(200); Ma bearer, r(200); T0 jwt(); T1 jwt(); M r(200); Ta jwt(); Ta1 jwt() => NotProven PublicImage; P Pb Ma T0 T1 M Ta Ta1 Ma),
        vector!("locked out by 403": P bearer; T0 error(403, "DENIED", "blocked due to recurrent login failures, please try again in 40 seconds") => RateLimited LoginLockout; P T0),
        vector!("locked out by 401": P bearer; T0 says(401, r#"{"details":"account is locked"}"#) => RateLimited LoginLockout; P T0),
        vector!("locked out by 423": P bearer; T0 r(423) => RateLimited LoginLockout; P T0),
        vector!("locked out, other words": P bearer; T0 says(429, "Too many login attempts") => RateLimited LoginLockout; P T0),
        vector!("locked out, Basic": P basic; Pb says(403, "Too many failed password attempts") => RateLimited LoginLockout; P Pb),
        vector!("locked out at the second token": P bearer; T0 r(400); T1 says(403, "too many failed logins: login attempts exceeded") => RateLimited LoginLockout; P T0 T1),
        vector!("OAuth's word for a wrong password": P bearer; T0 says(400, r#"{"error":"invalid_grant"}"#) => InvalidCredentials Rejected; P T0),
        vector!("OAuth's word for a wrong client": P bearer; T0 says(400, r#"{"error":"invalid_client","error_description":"no"}"#) => InvalidCredentials Rejected; P T0),
        vector!("400 with words about the password": P bearer; T0 says(400, "Invalid username or password") => InvalidCredentials Rejected; P T0),
        vector!("expired, in other words": P bearer; T0 says(401, r#"{"details":"robot account has expired"}"#) => InvalidCredentials Expired; P T0),
        vector!("an error in an array": P bearer; T0 says(403, r#"[{"code":"UNAUTHORIZED","message":"bad combination"}]"#) => InvalidCredentials Rejected; P T0),
        vector!("two Bearer challenges, one without realm": P Reply { challenges: vec!["Bearer".into(), BEARER.into()], ..r(401) }; T0 r(401) => InvalidCredentials Rejected; P T0),
        vector!("realm in quotes": P asks("Bearer realm='https://auth.example.com/token',service='s'") => RegistryError MalformedChallenge; P),
        vector!("realm in escaped quotes": P asks(r#"Bearer realm="\"https://auth.example.com/token\"""#) => RegistryError MalformedChallenge; P),
        vector!("realm without a slash": P asks(r#"Bearer realm="token""#) => RegistryError MalformedChallenge; P),
        vector!("realm without a scheme": P asks(r#"Bearer realm="//auth.example.com/token""#) => RegistryError MalformedChallenge; P),
        vector!("realm by NAT64": P asks(r#"Bearer realm="https://[64:ff9b::a9fe:a9fe]/""#) => RegistryError UnsafeRealm; P),
        vector!("realm is this machine by another name": P asks(r#"Bearer realm="https://localhost6/""#) => RegistryError UnsafeRealm; P),
        vector!("realm's name leads into a private network": P bearer; T0 error_of(WireErrorKind::UnsafeAddress) => RegistryError UnsafeRealm; P T0),
        vector!("Quay refuses its own token": P bearer; T0 jwt(); T1 jwt(); M refuses_token("x"); Mg says(401, r#"{"error":"Signature has expired"}"#) => RegistryError TokenRejected; P T0 T1 M Mg),
        vector!("Quay does not know its own key": P bearer; T0 jwt(); T1 jwt(); M r(401); Mg says(401, r#"{"error":"Unknown service key"}"#) => RegistryError TokenRejected; P T0 T1 M Mg),
        vector!("HEAD is not implemented": P bearer; T0 jwt(); T1 jwt(); M r(501); Mg r(200); Ta r(401) => Valid Pulled; P T0 T1 M Mg Ta),
        vector!("payment required": P bearer; T0 jwt(); T1 jwt(); M r(402); Mg says(402, "quota used up") => RegistryError UnexpectedAnswer; P T0 T1 M Mg),
        vector!("gone": P bearer; T0 jwt(); T1 jwt(); M r(410); Mg says(410, "retired") => RegistryError UnexpectedAnswer; P T0 T1 M Mg),
        vector!("forbidden by law": P basic; Pb r(200); M r(451); Mg says(451, "not in this country") => RegistryError UnexpectedAnswer; P Pb M Mg),
        vector!("HEAD fails, GET says why": P basic; Pb r(200); M r(500); Mg error(500, "UNKNOWN", "disk full") => RegistryError ServerError; P Pb M M M M Mg),
        vector!("registry that redirects to its plain HTTP": P moved(301, "http://registry.example.com/v2/") => RegistryError RedirectToHttp; P),
        vector!("403 of a login that was not examined": P bearer; T0 jwt(); T1 jwt(); M r(403); Mg r(403); Ta jwt() => DeniedOrMissing NoPullAccess; P T0 T1 M Mg Ta),
        vector!("403, and the comparison fails": P bearer; T0 jwt(); T1 jwt(); M r(403); Mg r(403); Ta wait(60) => DeniedOrMissing NoPullAccess; P T0 T1 M Mg Ta),
        vector!("anonymous token refused by a lock-out": P bearer; T0 jwt(); T1 jwt(); M r(200); Ta says(403, "too many failed logins: login attempts exceeded") => NotProven ComparisonFailed; P T0 T1 M Ta),
        vector!("a refusal of whoever was not sent the credential": P bearer; T0 moved(302, "https://other.example.com/token"), r(403) => RegistryError TokenRedirect; P T0 T0),
        vector!("a refusal of whoever was not sent the credential: the same without a scope": P bearer; T0 moved(302, "https://other.example.com/token"), jwt(); T1 jwt(); M r(200); Ta1 moved(302, "https://other.example.com/token"), r(401) => NotProven ComparisonFailed; P T0 T0 T1 M Ta1 Ta1),
        vector!("token server reports errors with success": P bearer; T0 error(200, "UNAUTHORIZED", "incorrect username or password") => RegistryError NoToken; P T0),
    ]
}

/// Plays a script; returns what was sent and how it ended.
fn play(target: Target, script: &[(Purpose, Vec<Answer>)]) -> (Vec<Request>, Conclusion) {
    play_with(target, script, |purpose| panic!("unexpected {purpose:?}"))
}

/// The same; what the script does not know of is answered by `other`.
fn play_with(
    target: Target,
    script: &[(Purpose, Vec<Answer>)],
    other: impl Fn(Purpose) -> Answer,
) -> (Vec<Request>, Conclusion) {
    play_patiently(target, policy(), script, other)
}

fn play_patiently(
    target: Target,
    policy: RetryPolicy,
    script: &[(Purpose, Vec<Answer>)],
    other: impl Fn(Purpose) -> Answer,
) -> (Vec<Request>, Conclusion) {
    let mut answers: HashMap<Purpose, Vec<Answer>> = HashMap::new();
    for (purpose, list) in script {
        answers.insert(*purpose, list.iter().rev().cloned().collect());
    }
    let (mut flow, mut step) = Flow::start(target, policy, &Cleaner::default()).unwrap();
    let mut sent = Vec::new();
    loop {
        match step {
            Step::Done(conclusion) => return (sent, conclusion),
            Step::Send { request, .. } => {
                let answer = match answers.get_mut(&request.purpose) {
                    None => other(request.purpose),
                    Some(list) if list.len() > 1 => list.pop().unwrap(),
                    Some(list) => list[0].clone(),
                };
                sent.push(request);
                step = flow.next(&answer, MINUTE);
            }
        }
    }
}

#[test]
fn every_known_answer_leads_to_its_verdict() {
    for vector in vectors() {
        let outcome = std::panic::catch_unwind(|| play(target(true), &vector.script));
        let (sent, conclusion) = outcome.unwrap_or_else(|_| panic!("in {}", vector.name));
        let purposes: Vec<_> = sent.iter().map(|request| request.purpose).collect();
        assert_eq!(
            (conclusion.verdict(), conclusion.reason, purposes),
            (vector.verdict, vector.reason, vector.sent),
            "{}: {conclusion:?}",
            vector.name
        );
    }
}

#[test]
fn every_row_has_a_name_of_its_own() {
    let mut names: Vec<_> = vectors().into_iter().map(|vector| vector.name).collect();
    let all = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), all);
}

#[test]
fn without_an_image_the_login_alone_is_examined() {
    let script = |answers: &[(Purpose, Reply)]| {
        let mut script: Vec<(Purpose, Vec<Answer>)> = Vec::new();
        for (purpose, reply) in answers.iter().cloned() {
            match script.last_mut() {
                Some((same, list)) if *same == purpose => list.push(reply.into()),
                _ => script.push((purpose, vec![reply.into()])),
            }
        }
        script
    };
    let elsewhere = moved(302, "https://other.example.com/token");
    let table = [
        (
            script(&[(P, asks(BEARER)), (T0, opaque()), (Ta, r(401))]),
            Valid,
        ),
        (
            script(&[(P, asks(BEARER)), (T0, opaque()), (Ta, opaque())]),
            NotProven,
        ),
        (
            script(&[
                (P, asks(BEARER)),
                (T0, elsewhere),
                (T0, jwt()),
                (Ta, opaque()),
            ]),
            NotProven,
        ),
        (script(&[(P, asks(BASIC)), (Pb, r(200))]), Valid),
        (script(&[(P, r(200)), (Pb, r(200))]), NotProven),
        (script(&[(P, html(200))]), NotARegistry),
        (script(&[(P, r(404))]), NotARegistry),
    ];
    for (script, verdict) in table {
        assert_eq!(
            play(target(false), &script).1.verdict(),
            verdict,
            "{script:?}"
        );
    }
}

#[test]
fn many_retries_are_not_taken_for_a_loop() {
    let patient = RetryPolicy {
        retries: 40,
        ..policy()
    };
    let play = |ping: Vec<Answer>| {
        let script = [
            (P, ping),
            (Pb, vec![r(200).into()]),
            (M, vec![r(200).into()]),
        ];
        play_patiently(target(true), patient, &script, |_| r(404).into())
    };
    let (sent, conclusion) = play(vec![error_of(WireErrorKind::Refused)]);
    assert_eq!((conclusion.verdict(), sent.len()), (Unreachable, 41));
    let (sent, conclusion) = play(vec![r(503).into()]);
    assert_eq!((conclusion.verdict(), sent.len()), (RegistryError, 41));
    assert_eq!(conclusion.reason, Reason::ServerError);
    let late = std::iter::repeat_n(r(503), 30).chain([asks(BASIC)]);
    let (sent, conclusion) = play(late.map(Answer::from).collect());
    assert_eq!((conclusion.verdict(), sent.len()), (Valid, 33));
}

/// An insecure registry with HTTP Basic, whose first answer is this one.
fn insecure(ping: Vec<Answer>) -> (Vec<Request>, Conclusion) {
    let script = [
        (P, ping),
        (Pb, vec![r(200).into()]),
        (M, vec![r(200).into()]),
    ];
    let target = Target {
        plain_http: true,
        ..target(true)
    };
    play(target, &script)
}

#[test]
fn an_insecure_registry_may_speak_http() {
    for kind in [
        WireErrorKind::Tls(TlsError::NotTls),
        WireErrorKind::Refused,
        WireErrorKind::Proxy(ProxyErrorKind::Denied),
    ] {
        let (sent, conclusion) = insecure(vec![error_of(kind), asks(BASIC).into()]);
        assert_eq!(conclusion.verdict(), Valid, "{kind:?}");
        assert_eq!(sent[2].url.scheme(), "http");
    }
}

#[test]
fn where_plain_http_leads_nowhere_the_missing_tunnel_is_reported() {
    let denied = || error_of(WireErrorKind::Proxy(ProxyErrorKind::Denied));
    for http in [error_of(WireErrorKind::Timeout), r(400).into()] {
        let (_, conclusion) = insecure(vec![denied(), http]);
        assert_eq!(conclusion.reason, Reason::ProxyDenied);
    }
    let (_, conclusion) = insecure(vec![
        error_of(WireErrorKind::Refused),
        error_of(WireErrorKind::Timeout),
    ]);
    assert_eq!(conclusion.reason, Reason::Timeout);
}

#[test]
fn the_token_request_carries_what_servers_need() {
    let script = [
        (
            P,
            vec![asks(r#"Bearer realm="https://auth.example.com/token?x=1""#).into()],
        ),
        (T0, vec![r(401).into()]),
    ];
    let (sent, _) = play(target(true), &script);
    assert_eq!(
        sent[1].url.query(),
        Some("x=1&account=12%7Cna%22me%2B%24%C3%BC&client_id=oreg")
    );
}

fn identity_target(image: bool) -> Target {
    Target {
        credential: Credential::identity_token(Secret::new("identity+token")),
        ..target(image)
    }
}

#[test]
fn an_identity_token_is_exchanged_by_a_form_at_the_token_server() {
    let script = [
        (P, vec![asks(BEARER).into()]),
        (T0, vec![opaque().into()]),
        (T1, vec![opaque().into()]),
        (M, vec![r(200).into()]),
        (Ta, vec![r(401).into()]),
    ];
    let (sent, conclusion) = play(identity_target(true), &script);
    assert_eq!(conclusion.reason, Reason::Pulled);
    let forms: Vec<_> = sent
        .iter()
        .filter_map(|request| match &request.authorization {
            Authorization::Form(form) => Some((request.method, &request.url, form.expose())),
            _ => None,
        })
        .collect();
    let realm = Url::parse("https://auth.example.com/token").unwrap();
    let form =
        "grant_type=refresh_token&service=registry&client_id=oreg&refresh_token=identity%2Btoken";
    let scoped = "grant_type=refresh_token&service=registry&scope=repository%3Aopenshift3%2Fose-pod%3Apull&client_id=oreg&refresh_token=identity%2Btoken";
    assert_eq!(
        forms,
        [(Method::Post, &realm, form), (Method::Post, &realm, scoped)]
    );
}

#[test]
fn what_becomes_of_an_identity_token() {
    type Script = Vec<(Purpose, Reply)>;
    let invalid = says(400, r#"{"error":"invalid_grant"}"#);
    let table: [(&str, Script, Reason); 6] = [
        (
            "refused",
            vec![(P, asks(BEARER)), (T0, invalid)],
            Reason::Rejected,
        ),
        (
            "no token server",
            vec![(P, asks(BASIC))],
            Reason::UnsupportedScheme,
        ),
        (
            "no token server there",
            vec![(P, asks(&format!("{BEARER}, {BASIC}"))), (T0, r(404))],
            Reason::UnsupportedScheme,
        ),
        (
            "open",
            vec![(P, r(200)), (Pb, r(200))],
            Reason::OpenRegistry,
        ),
        (
            "anybody gets a token",
            vec![(P, asks(BEARER)), (T0, opaque()), (Ta, opaque())],
            Reason::OpenRealm,
        ),
        (
            "a realm that it must not go to",
            vec![(P, asks(r#"Bearer realm="http://auth.example.com/""#))],
            Reason::UnsafeRealm,
        ),
    ];
    for (name, script, reason) in table {
        let script: Vec<_> = script
            .into_iter()
            .map(|(purpose, reply)| (purpose, vec![reply.into()]))
            .collect();
        assert_eq!(
            play(identity_target(false), &script).1.reason,
            reason,
            "{name}"
        );
    }
}

/// What servers of the vectors must never get us to show.
pub(crate) const SECRETS: [&str; 5] = [
    PASSWORD,
    "MTJ8bmEibWUrJMO8OnBhNTUtdzByZC1vZi10aGUtdmVjdG9ycw==",
    "cGE1NS13MHJkLW9mLXRoZS12ZWN0b3Jz",
    "opaque-token-of-a-realm",
    "eyJzdWIiOiJzb21lYm9keSJ9",
];

/// Every vector again, by servers that repeat whatever they were sent or have issued, wherever
/// they can: the conclusions, by name.
pub(crate) fn conclusions_of_echoes() -> Vec<(&'static str, Credential, Conclusion)> {
    let echoed = vectors().into_iter().map(|mut vector| {
        for (purpose, answers) in &mut vector.script {
            for answer in answers {
                make_it_echo(answer, *purpose);
            }
        }
        let play = |other: Reply| {
            let other = Answer::from(other);
            play_with(target(true), &vector.script, |_| other.clone()).1
        };
        // A token that was not issued is not a secret.
        let is_token = |answer: &Answer| matches!(answer, Answer::Reply(reply) if read_token(&reply.body).is_some());
        let issued = vector.script.iter().any(|(_, answers)| answers.iter().any(is_token));
        let said = if issued { echo() } else { echo_of_login() };
        let ends = [r(404), error(403, "DENIED", &said), opaque()].map(play);
        ends.map(|conclusion| (vector.name, target(true).credential, conclusion))
    });
    echoed.flatten().collect()
}

fn echo() -> String {
    let jwt = "e30.eyJzdWIiOiJzb21lYm9keSJ9.sig";
    format!(
        "{}, Bearer {jwt} or opaque-token-of-a-realm",
        echo_of_login()
    )
}

fn echo_of_login() -> String {
    let [password, pair, ..] = SECRETS;
    format!("{password} Authorization: Basic {pair}")
}

/// A token that is given stays as it is; it would not be one else.
fn make_it_echo(answer: &mut Answer, purpose: Purpose) {
    let Answer::Reply(reply) = answer else { return };
    reply.digest = Some(echo());
    if purpose.asks_for_token() && read_token(&reply.body).is_some() {
        return;
    }
    // Where it is cut, a part of a secret could stay.
    let filler = "x".repeat(170);
    reply.body = [
        reply.envelope().message.raw().as_bytes(),
        filler.as_bytes(),
        echo().as_bytes(),
    ]
    .concat();
    if let Some(location) = &mut reply.location {
        *location = location.replace("sso.example.com", &format!("{PASSWORD}.example.com"));
    }
}

/// What of a server's words is shown.
fn words(conclusion: &Conclusion) -> Option<String> {
    match conclusion.words.as_ref()? {
        Words::Quoted(Speaker::Server | Speaker::System, words) => Some(words.to_string()),
        other => panic!("not quoted: {other:?}"),
    }
}

#[test]
fn no_conclusion_holds_a_secret_though_servers_repeat_it() {
    let conclusions = conclusions_of_echoes();
    let said = conclusions.iter().filter(|(_, _, one)| one.words.is_some());
    assert!(said.count() > 100, "else nothing is repeated");
    for (name, _, conclusion) in conclusions {
        let shown = format!("{conclusion:?}");
        // Words are cut; no beginning of a secret may stay either.
        for secret in SECRETS {
            assert!(!shown.contains(&secret[..12]), "{name}: {shown}");
        }
    }
}

/// Each writer of JSON escapes other characters, and the cut may fall anywhere.
#[test]
fn no_part_of_a_secret_is_shown_wherever_the_words_are_cut() {
    let secret = "abc/def+ghi=jkl/mnöpqrstuvwx";
    let credential = Credential::new("u1", Secret::new(secret)).unwrap();
    let written = [
        secret.to_owned(),
        secret.replace('/', "\\/"),
        secret.replace('ö', "\\u00f6"),
    ];
    for (text, filler) in written
        .iter()
        .flat_map(|text| (0..210).map(move |n| (text, n)))
    {
        let message = format!("{} {text}", "y".repeat(filler));
        for body in [error(401, "X", &message), says(401, &message)] {
            let script = [(P, vec![asks(BASIC).into()]), (Pb, vec![body.into()])];
            let target = Target {
                credential: credential.clone(),
                ..target(true)
            };
            let words = words(&play(target, &script).1).unwrap();
            assert!(
                !words.contains("abc") && words.chars().count() <= 201,
                "{words}"
            );
        }
    }
}

#[test]
fn all_that_servers_say_is_cut() {
    let long = "abcdefgh ".repeat(900);
    let scripts = [
        asks(&long),
        asks(&format!("Bearer realm=\"{}://x/\"", "a".repeat(6000))),
        moved(302, &format!("https://{}.example.com/", "a".repeat(6000))),
        says(500, &long),
        error(400, &long, &long),
    ];
    for answer in scripts {
        let words = words(&play(target(true), &[(P, vec![answer.clone().into()])]).1);
        let length = words.map_or(0, |words| words.chars().count());
        assert!((1..=201).contains(&length), "{length} of {answer:?}");
    }
}

#[test]
fn tokens_that_servers_repeat_are_not_shown() {
    let echo = error(403, "DENIED", "your token opaque-token-of-a-realm may not");
    let script = [
        (P, vec![asks(BEARER).into()]),
        (T0, vec![jwt().into()]),
        (T1, vec![opaque().into()]),
        (M, vec![r(403).into()]),
        (Mg, vec![echo.into()]),
        (Ta, vec![r(401).into()]),
    ];
    let words = words(&play(target(true), &script).1);
    assert_eq!(
        words.as_deref(),
        Some("DENIED: your token ******** may not")
    );
}

/// Any answer at all, biased towards those that make the flow go on.
fn any_answer() -> impl Strategy<Value = Answer> {
    let reply = (
        any_status(),
        any_challenge(),
        any_location(),
        any_body(),
        prop::option::of(0..100_u64),
    );
    let reply = reply.prop_map(|(status, challenge, location, body, retry)| {
        Answer::Reply(Reply {
            challenges: vec![challenge.to_owned()],
            location: location.map(str::to_owned),
            retry_after: retry.map(Duration::from_secs),
            ..says(status, body)
        })
    });
    let tls = WireErrorKind::Tls(TlsError::NotTls);
    let kinds = vec![
        WireErrorKind::Dns,
        WireErrorKind::Timeout,
        tls,
        WireErrorKind::Garbage,
    ];
    prop_oneof![9 => reply, 1 => prop::sample::select(kinds).prop_map(error_of)]
}

fn any_status() -> impl Strategy<Value = u16> {
    let likely = vec![200_u16, 401, 403, 404, 400, 405, 429, 500, 301, 307];
    prop_oneof![9 => prop::sample::select(likely), 1 => 100..600_u16]
}

fn any_challenge() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        BEARER,
        BASIC,
        "",
        "Bearer realm=\"/token\"",
        "Bearer realm=\"https://evil.example.com/t\"",
        "Bearer realm=\"http://x\"",
        "Negotiate",
        "Bearer realm=\"https://auth.example.com/token\",error=\"invalid_token\"",
        "Bearer realm=\"https://auth.example.com/token\",scope=\"repository:x:pull\"",
    ])
}

fn any_location() -> impl Strategy<Value = Option<&'static str>> {
    prop::sample::select(vec![
        None,
        Some("/v2/"),
        Some("/v2/other"),
        Some("https://evil.example.com/"),
        Some("http://registry.example.com/v2/"),
        Some("https://auth.example.com/elsewhere"),
        Some("https://u:p@registry.example.com/"),
        Some("::"),
    ])
}

fn any_body() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "",
        "{}",
        "{\"token\":\"t\"}",
        "{\"token\":\"a\",\"access_token\":\"b\"}",
        "<html>",
        "project x not found",
        "token has expired",
        "{\"errors\":[{\"code\":\"DENIED\"}]}",
    ])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn no_server_gets_an_identity_token_but_the_one_for_it(
        answers in prop::collection::vec(any_answer(), 1..40),
        image in prop::bool::ANY,
        plain_http in prop::bool::ANY,
    ) {
        let target = Target { plain_http, ..identity_target(image) };
        let (mut flow, mut step) = Flow::start(target, policy(), &Cleaner::default()).unwrap();
        let mut steps = 0;
        while let Step::Send { request, .. } = step {
            let answer = &answers[steps % answers.len()];
            steps += 1;
            prop_assert!(!matches!(request.authorization, Authorization::Basic(_)));
            prop_assert!(!request.url.as_str().contains("identity"), "in {}", request.url);
            let is_form = matches!(request.authorization, Authorization::Form(_));
            prop_assert!(is_form == (request.method == Method::Post));
            if is_form {
                let realm = flow.realm.as_ref().map(|realm| &realm.url).unwrap();
                prop_assert!(is_same_origin(&request.url, realm), "sent to {}", request.url);
                prop_assert!(plain_http || request.url.scheme() == "https", "sent in clear");
            }
            step = flow.next(answer, MINUTE);
        }
    }

    #[test]
    fn no_server_can_mislead_it(
        answers in prop::collection::vec(any_answer(), 1..40),
        image in prop::bool::ANY,
        plain_http in prop::bool::ANY,
    ) {
        let target = Target { plain_http, ..target(image) };
        let encoded = target.credential.encode();
        let (mut flow, mut step) = Flow::start(target, policy(), &Cleaner::default()).unwrap();
        let mut refused: Vec<Url> = Vec::new();
        let mut steps = 0;
        while let Step::Send { request, .. } = step {
            let answer = &answers[steps % answers.len()];
            steps += 1;
            prop_assert!(steps <= (MAX_REQUESTS * (1 + policy().retries)) as usize, "it loops");
            prop_assert!(request.url.username().is_empty());
            if let Authorization::Basic(basic) = &request.authorization {
                prop_assert!(*basic == encoded);
                let realm = flow.realm.as_ref().map(|realm| &realm.url);
                prop_assert!(may_receive(&request.url, &flow.base, realm), "sent to {}", request.url);
                prop_assert!(plain_http || request.url.scheme() == "https", "sent in clear");
                prop_assert!(!refused.iter().any(|url| is_same_origin(url, &request.url)), "sent again");
                if matches!(answer, Answer::Reply(Reply { status: 401 | 403, .. })) {
                    refused.push(request.url.clone());
                }
            }
            if let Authorization::Bearer(_) = &request.authorization {
                prop_assert!(is_same_origin(&request.url, &flow.base), "token sent to {}", request.url);
            }
            step = flow.next(answer, MINUTE);
        }
    }
}
