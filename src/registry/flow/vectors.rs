//! The ways registries are known to answer, each with the verdict it must lead to and the requests
//! it may cost. A script names, for each purpose, the answers in order; the last one repeats.

use std::{collections::HashMap, time::Duration};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use proptest::prelude::*;

use super::*;
use crate::{
    domain::{credential::Credential, image::ImageReference, registry_host::RegistryHost},
    registry::{
        conclusion::Words,
        exchange::ProxyFault,
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

fn fault(kind: FaultKind) -> Answer {
    Answer::Fault(Fault {
        kind,
        detail: "what the system says".to_owned(),
    })
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
    let tls = |why| fault(FaultKind::Tls(why));
    let wait = |seconds| Reply { retry_after: Some(Duration::from_secs(seconds)), ..error(429, "TOOMANYREQUESTS", "slow down") };
    vec![
        vector!("01 token registry, all well": P bearer; T0 jwt(); T1 jwt(); M r(200) => Valid Pulled; P T0 T1 M),
        vector!("01 the same, token without a name": P bearer; T0 opaque(); T1 opaque(); M r(200); Ta r(401) => Valid Pulled; P T0 T1 M Ta),
        vector!("02 wrong password": P bearer; T0 error(401, "UNAUTHORIZED", "Invalid username or password.") => InvalidCredentials Rejected; P T0),
        vector!("03 Docker Hub's words": P bearer; T0 says(401, r#"{"details":"incorrect username or password"}"#) => InvalidCredentials Rejected; P T0),
        vector!("04 empty body (Harbor)": P bearer; T0 r(401) => InvalidCredentials Rejected; P T0),
        vector!("05 HTML body": P bearer; T0 html(401) => InvalidCredentials Rejected; P T0),
        vector!("06 Harbor would give a public image": P bearer; T0 r(401); T1 opaque(); M r(200) => InvalidCredentials Rejected; P T0),
        vector!("07 403 for a bad login (old GitLab, old Pulp)": P bearer; T0 r(403); Ta opaque() => InvalidCredentials Rejected; P T0),
        vector!("07 403 with words about the password": P bearer; T0 error(403, "DENIED", "wrong username or password") => InvalidCredentials Rejected; P T0),
        vector!("07 403 with words about rights": P bearer; T0 error(403, "DENIED", "access forbidden") => InvalidCredentials RejectedOrNoPermission; P T0),
        vector!("08 GAR hides": P bearer; T0 error(403, "DENIED", "Permission denied on resource (or it may not exist)") => DeniedOrMissing NoPullToken; P T0),
        vector!("09 GCR mixes": P bearer; T0 error(401, "UNAUTHORIZED", "You don't have the needed permissions, and you may have invalid credentials") => InvalidCredentials RejectedOrNoPermission; P T0),
        vector!("10 scope required (400)": P bearer; T0 r(400); T1 opaque(); M r(200); Ta1 r(401) => Valid Pulled; P T0 T1 M Ta1),
        vector!("10 scope required (404)": P bearer; T0 r(404); T1 opaque(); M r(200); Ta1 opaque(); Ma bearer => Valid Pulled; P T0 T1 M Ta1 Ma),
        vector!("10 scope required, image public": P bearer; T0 r(400); T1 opaque(); M r(200); Ta1 opaque(); Ma r(200) => NotProven PublicImage; P T0 T1 M Ta1 Ma),
        vector!("11 scope required, wrong password": P bearer; T0 r(400); T1 r(401) => InvalidCredentials Rejected; P T0 T1),
        vector!("12 GitLab denies the token": P bearer; T0 jwt(); T1 error(403, "DENIED", "access forbidden") => DeniedOrMissing NoPullToken; P T0 T1),
        vector!("12 the same after 400": P bearer; T0 r(400); T1 error(403, "DENIED", "access forbidden") => DeniedOrMissing NoPullToken; P T0 T1),
        vector!("13 token without grant": P bearer; T0 jwt(); T1 jwt(); M refuses_token("insufficient_scope"); Mg refuses_token("insufficient_scope") => DeniedOrMissing NoPullAccess; P T0 T1 M Mg),
        vector!("14 forbidden": P bearer; T0 jwt(); T1 jwt(); M r(403); Mg error(403, "DENIED", "no") => Denied Forbidden; P T0 T1 M Mg),
        vector!("15 no such tag": P bearer; T0 jwt(); T1 jwt(); M r(404); Mg error(404, "MANIFEST_UNKNOWN", "manifest unknown") => ImageNotFound NoImage; P T0 T1 M Mg),
        vector!("16 no such repository": P bearer; T0 jwt(); T1 jwt(); M r(404); Mg error(404, "NAME_UNKNOWN", "unknown") => ImageNotFound NoImage; P T0 T1 M Mg),
        vector!("17 404 in HTML": P bearer; T0 jwt(); T1 jwt(); M r(404); Mg html(404) => ImageNotFound NoImage; P T0 T1 M Mg),
        vector!("15 realm gives everybody a token": P bearer; T0 opaque(); T1 opaque(); M r(404); Mg r(404); Ta opaque(); Ta1 opaque(); Ma r(404) => NotProven ImageMissing; P T0 T1 M Mg Ta Ta1 Ma),
        vector!("-- comparison: realm fails without a login": P bearer; T0 opaque(); T1 opaque(); M r(200); Ta r(500) => NotProven ComparisonFailed; P T0 T1 M Ta Ta),
        vector!("-- comparison: realm has a hiccup": P bearer; T0 opaque(); T1 opaque(); M r(200); Ta r(500), r(401) => Valid Pulled; P T0 T1 M Ta Ta),
        vector!("-- comparison: no answer": P bearer; T0 opaque(); T1 opaque(); M r(200); Ta fault(FaultKind::Timeout) => NotProven ComparisonFailed; P T0 T1 M Ta Ta),
        vector!("-- comparison: nobody may ask so soon": P bearer; T0 opaque(); T1 opaque(); M r(200); Ta wait(30) => NotProven ComparisonFailed; P T0 T1 M Ta),
        vector!("-- comparison: token for nobody too large": P bearer; T0 opaque(); T1 opaque(); M r(200); Ta Reply { oversized: true, ..r(200) } => NotProven ComparisonFailed; P T0 T1 M Ta),
        vector!("-- comparison: led to plain HTTP": P bearer; T0 opaque(); T1 opaque(); M r(200); Ta moved(307, "http://auth.example.com/token") => NotProven ComparisonFailed; P T0 T1 M Ta),
        vector!("-- comparison: image limits nobody": P bearer; T0 opaque(); T1 opaque(); M r(200); Ta opaque(); Ta1 opaque(); Ma wait(1) => NotProven ComparisonFailed; P T0 T1 M Ta Ta1 Ma Ma),
        vector!("-- comparison: of an image that is missing": P bearer; T0 opaque(); T1 opaque(); M r(404); Mg r(404); Ta r(502) => NotProven ComparisonFailed; P T0 T1 M Mg Ta Ta),
        vector!("-- comparison: open ping, image limits nobody": P r(200); Pb r(200); Ma wait(60); M r(200) => NotProven ComparisonFailed; P Pb Ma M),
        vector!("-- comparison: open ping, image refuses Basic": P r(200); Pb r(200); Ma wait(60); M basic => InvalidCredentials Rejected; P Pb Ma M),
        vector!("-- comparison: open ping, image wants a token": P r(200); Pb r(200); Ma wait(60); M bearer => RateLimited TooManyRequests; P Pb Ma M),
        vector!("18 token rejected twice": P bearer; T0 jwt(); T1 jwt(); M refuses_token("invalid_token") => RegistryError TokenRejected; P T0 T1 M T1 M),
        vector!("19 another scope wanted": P bearer; T0 jwt(); T1 jwt(); M asks(r#"Bearer realm="https://auth.example.com/token",scope="repository:registry:pull,push""#), r(200) => Valid Pulled; P T0 T1 M T1 M),
        vector!("20 Harbor denies with Basic": P bearer; T0 jwt(); T1 jwt(); M asks(r#"Basic realm="harbor""#); Mg asks(r#"Basic realm="harbor""#) => DeniedOrMissing NoPullAccess; P T0 T1 M Mg),
        vector!("21 Harbor, no project": P bearer; T0 jwt(); T1 jwt(); M asks(""); Mg error(401, "UNAUTHORIZED", "project openshift3 not found") => ImageNotFound NoProject; P T0 T1 M Mg),
        vector!("22 OpenShift denies": P bearer; T0 jwt(); T1 jwt(); M asks(r#"Basic realm=openshift,error="access denied""#); Mg r(401) => DeniedOrMissing NoPullAccess; P T0 T1 M Mg),
        vector!("23 OpenShift without token realm": P asks(r#"Basic realm=openshift,error="authorization header required""#); Pb r(200); M r(200) => Valid Pulled; P Pb M),
        vector!("24 Basic, wrong password": P basic; Pb r(401) => InvalidCredentials Rejected; P Pb),
        vector!("24 Basic, wrong password is 403": P basic; Pb error(403, "DENIED", "Bad credentials") => InvalidCredentials Rejected; P Pb),
        vector!("24 Basic, 403 with words about rights": P basic; Pb error(403, "DENIED", "User is not authorized to perform: ecr:BatchGetImage") => InvalidCredentials RejectedOrNoPermission; P Pb),
        vector!("24 Basic, 403 that hides": P basic; Pb error(403, "DENIED", "Permission denied on resource (or it may not exist)") => DeniedOrMissing NoPullAccess; P Pb),
        vector!("25 Basic, no image": P basic; Pb r(200); M r(404); Mg error(404, "MANIFEST_UNKNOWN", "x") => ImageNotFound NoImage; P Pb M Mg),
        vector!("26 Basic, forbidden": P basic; Pb r(200); M r(403) => Denied Forbidden; P Pb M),
        vector!("27 open, but refuses a bad login": P r(200); Pb r(401) => InvalidCredentials Rejected; P Pb),
        vector!("28 open to all": P r(200); Pb r(200); M r(200); Ma r(200) => NotProven PublicImage; P Pb Ma M),
        vector!("29 open ping, image asks for a token": P r(200); Pb r(200); Ma bearer; T0 jwt(); T1 jwt(); M r(200) => Valid Pulled; P Pb Ma T0 T1 M),
        vector!("29 open ping, image asks for Basic": P r(200); Pb r(200); Ma basic; M r(200) => Valid Pulled; P Pb Ma M),
        vector!("29 the same, wrong password": P r(200); Pb r(200); Ma basic; M basic => InvalidCredentials Rejected; P Pb Ma M),
        vector!("29 the same, refused with 403": P r(200); Pb r(200); Ma basic; M r(403) => InvalidCredentials RejectedOrNoPermission; P Pb Ma M),
        vector!("29 and 39: image asks for both, realm is not there": P r(200); Pb r(200); Ma both; T0 r(404); M r(200) => Valid Pulled; P Pb Ma T0 M),
        vector!("29 hidden from nobody": P r(200); Pb r(200); Ma r(404); M r(200) => Valid Pulled; P Pb Ma M),
        vector!("29 image missing for all": P r(200); Pb r(200); Ma r(404); M r(404); Mg r(404) => NotProven ImageMissing; P Pb Ma M Mg),
        vector!("30 captive portal": P html(200); Ma html(404) => NotARegistry WebPage; P Ma),
        vector!("31 no version header": P says(200, "{}"); Pb r(200); M r(200); Ma r(401) => Valid Pulled; P Pb Ma M),
        vector!("32 404 everywhere": P r(404); Ma r(404) => NotARegistry NoApi; P Ma),
        vector!("32 hidden ping, image asks": P r(404); Ma bearer; T0 jwt(); T1 jwt(); M r(200) => Valid Pulled; P Ma T0 T1 M),
        vector!("32 hidden ping, image asks for Basic": P r(404); Ma basic; M r(200) => Valid Pulled; P Ma M),
        vector!("32 and 39: hidden ping, realm is not there": P r(404); Ma both; T0 r(404); M r(200) => Valid Pulled; P Ma T0 M),
        vector!("32 the same, refused with 403": P r(404); Ma basic; M r(403) => InvalidCredentials RejectedOrNoPermission; P Ma M),
        vector!("33 /v2/ moved on the same host": P moved(301, "/v2"), bearer; T0 jwt(); T1 jwt(); M r(200) => Valid Pulled; P P T0 T1 M),
        vector!("34 login page elsewhere": P moved(302, "https://sso.example.com/login") => NotARegistry RedirectElsewhere; P),
        vector!("34 another port of the same host": P moved(302, "https://registry.example.com:8443/v2/") => NotARegistry RedirectElsewhere; P),
        vector!("35 401 without challenge": P r(401); Pb r(200); M r(200) => Valid Pulled; P Pb M),
        vector!("36 the same, wrong password": P r(401); Pb r(401) => InvalidCredentials Rejected; P Pb),
        vector!("37 Negotiate and Basic": P Reply { challenges: vec!["Negotiate".into(), BASIC.into()], ..r(401) }; Pb r(200); M r(200) => Valid Pulled; P Pb M),
        vector!("38 Basic and Bearer in one header": P asks(&format!("{BASIC}, {BEARER}")); T0 jwt(); T1 jwt(); M r(200) => Valid Pulled; P T0 T1 M),
        vector!("39 realm is not there, Basic is": P both; T0 r(404); Pb r(200); M r(200) => Valid Pulled; P T0 Pb M),
        vector!("40 only Negotiate": P asks("Negotiate") => RegistryError UnsupportedScheme; P),
        vector!("41 upper case": P asks("BASIC realm=\"Sonatype\""); Pb r(200); M r(200) => Valid Pulled; P Pb M),
        vector!("42 Bearer without realm": P asks("Bearer service=\"x\"") => RegistryError MalformedChallenge; P),
        vector!("43 relative realm": P asks("bearer Realm=\"/token\""); T0 jwt(); T1 jwt(); M r(200) => Valid Pulled; P T0 T1 M),
        vector!("44 realm in clear": P asks(r#"Bearer realm="http://auth.example.com/token""#) => RegistryError UnsafeRealm; P),
        vector!("45 realm on a private address": P asks(r#"Bearer realm="https://169.254.169.254/token""#) => RegistryError UnsafeRealm; P),
        vector!("45 realm with a user": P asks(r#"Bearer realm="https://a:b@auth.example.com/token""#) => RegistryError UnsafeRealm; P),
        vector!("46 realm with a query": P asks(r#"Bearer realm="https://auth.example.com/token?x=1",service="r""#); T0 jwt(); T1 jwt(); M r(200) => Valid Pulled; P T0 T1 M),
        vector!("47 realm without service": P asks(r#"Bearer realm="https://auth.example.com/token""#); T0 jwt(); T1 jwt(); M r(200) => Valid Pulled; P T0 T1 M),
        vector!("48 service with quoted pairs": P asks(r#"Bearer realm="https://auth.example.com/token",service="a\"b\\c\nd""#); T0 jwt(); T1 jwt(); M r(200) => Valid Pulled; P T0 T1 M),
        vector!("50 access_token alone": P bearer; T0 says(200, r#"{"access_token":"x"}"#); T1 says(200, r#"{"access_token":"x"}"#); M r(200); Ta r(401) => Valid Pulled; P T0 T1 M Ta),
        vector!("51 empty token, good access_token": P bearer; T0 says(200, r#"{"token":"","access_token":"x"}"#); T1 says(200, r#"{"token":"","access_token":"x"}"#); M r(200); Ta r(401) => Valid Pulled; P T0 T1 M Ta),
        vector!("52 the other token is the good one": P bearer; T0 jwt(); T1 says(200, r#"{"token":"a","access_token":"b"}"#); M refuses_token("invalid_token"), r(200) => Valid Pulled; P T0 T1 M M),
        vector!("53 no token": P bearer; T0 says(200, "{}") => RegistryError NoToken; P T0),
        vector!("53 empty token": P bearer; T0 says(200, r#"{"token":""}"#) => RegistryError NoToken; P T0),
        vector!("54 login form instead of a token": P bearer; T0 html(200) => RegistryError NoToken; P T0),
        vector!("55 token too large": P bearer; T0 Reply { oversized: true, ..jwt() } => RegistryError Garbage; P T0),
        vector!("56 lifetimes that make no sense": P bearer; T0 dated(r#""soon""#); T1 dated("0"); M r(200); Ta r(401) => Valid Pulled; P T0 T1 M Ta),
        vector!("57 token request led elsewhere, refused": P bearer; T0 moved(302, "https://other.example.com/token"), r(401) => RegistryError RedirectElsewhere; P T0 T0),
        vector!("57 token request led elsewhere, given": P bearer; T0 moved(302, "https://other.example.com/token"), jwt(); T1 jwt(); M r(200); Ta1 jwt(); Ma r(200) => NotProven PublicImage; P T0 T0 T1 M Ta1 Ma),
        vector!("58 token request led to plain HTTP": P bearer; T0 moved(307, "http://auth.example.com/token") => RegistryError RedirectToHttp; P T0),
        vector!("58 token request led to the metadata service": P bearer; T0 moved(307, "https://169.254.169.254/") => RegistryError UnsafeRealm; P T0),
        vector!("59 locked out": P bearer; T0 says(429, "too many failed login attempts for username or IP address") => RateLimited LoginLockout; P T0),
        vector!("60 slow down for a moment": P bearer; T0 jwt(); T1 jwt(); M wait(1), r(200) => Valid Pulled; P T0 T1 M M),
        vector!("61 slow down for an hour": P bearer; T0 jwt(); T1 jwt(); M wait(3600) => RateLimited TooManyRequests; P T0 T1 M),
        vector!("62 registry down behind its proxy": P r(503) => RegistryError ServerError; P P P P),
        vector!("62 realm down": P bearer; T0 r(502) => RegistryError ServerError; P T0 T0 T0 T0),
        vector!("63 a hiccup": P bearer; T0 r(500), jwt(); T1 jwt(); M r(200) => Valid Pulled; P T0 T0 T1 M),
        vector!("64 nobody listens": P fault(FaultKind::Refused) => Unreachable Refused; P P P P),
        vector!("64 no such name": P fault(FaultKind::Dns) => Unreachable Dns; P P P P),
        vector!("64 no answer": P fault(FaultKind::Timeout), bearer; T0 jwt(); T1 jwt(); M r(200) => Valid Pulled; P P T0 T1 M),
        vector!("65 realm not reachable": P bearer; T0 fault(FaultKind::Refused) => Unreachable Refused; P T0 T0 T0 T0),
        vector!("66 unknown authority": P tls(TlsFault::UnknownIssuer) => TlsFailure UnknownIssuer; P),
        vector!("66 run out": P tls(TlsFault::Expired) => TlsFailure CertificateExpired; P),
        vector!("66 wrong name": P tls(TlsFault::WrongName) => TlsFailure WrongName; P),
        vector!("66 no common version": P tls(TlsFault::Protocol) => TlsFailure TlsProtocol; P),
        vector!("68 speaks HTTP": P tls(TlsFault::SpeaksHttp) => TlsFailure SpeaksHttp; P),
        vector!("69 wants a client certificate": P tls(TlsFault::ClientCertificate) => TlsFailure ClientCertificate; P),
        vector!("70 proxy wants a login": P fault(FaultKind::Proxy(ProxyFault::Authentication)) => ProxyFailure ProxyAuthentication; P),
        vector!("70 proxy denies": P fault(FaultKind::Proxy(ProxyFault::Denied)) => ProxyFailure ProxyDenied; P),
        vector!("71 HTML to everything": P html(200); Ma html(200) => NotARegistry WebPage; P Ma),
        vector!("71 with a version header": P Reply { api_version: true, ..html(200) }; Pb Reply { api_version: true, ..html(200) }; Ma html(200); M html(200) => NotARegistry WebPage; P Pb Ma M),
        vector!("72 ECR, run out": P basic; Pb says(403, "Your Authorization Token has expired. Please run 'aws ecr get-login'") => InvalidCredentials Expired; P Pb),
        vector!("73 ECR Public, stale token": P bearer; T0 jwt(); T1 jwt(); M r(400); Mg error(400, "DENIED", "Your authorization token has expired. Reauthenticate and try again.") => InvalidCredentials Expired; P T0 T1 M M Mg),
        vector!("74 no HEAD": P bearer; T0 jwt(); T1 jwt(); M r(405); Mg r(200) => Valid Pulled; P T0 T1 M Mg),
        vector!("74 HEAD is 404, GET is there": P bearer; T0 jwt(); T1 jwt(); M r(404); Mg r(200) => Valid Pulled; P T0 T1 M Mg),
        vector!("75 HEAD without digest and type": P bearer; T0 jwt(); T1 jwt(); M Reply { content_type: String::new(), ..r(200) } => Valid Pulled; P T0 T1 M),
        vector!("76 an old kind of manifest": P bearer; T0 jwt(); T1 jwt(); M Reply { content_type: "application/vnd.docker.distribution.manifest.v1+prettyjws".into(), ..r(200) } => Valid Pulled; P T0 T1 M),
        vector!("77 kinds of manifest unknown": P bearer; T0 jwt(); T1 jwt(); M r(406), r(200) => Valid Pulled; P T0 T1 M M),
        vector!("78 image in a store": P bearer; T0 jwt(); T1 jwt(); M moved(307, "https://store.example.net/x") => Valid Pulled; P T0 T1 M),
        vector!("79 Quay, namespace disabled": P bearer; T0 jwt(); T1 jwt(); M r(405); Mg error(405, "DENIED", "namespace disabled") => Denied Forbidden; P T0 T1 M Mg),
        vector!("80 Katello refuses the account": P bearer; T0 r(401) => InvalidCredentials Rejected; P T0),
        vector!("81 Nexus lets anybody in": P bearer; T0 opaque(); T1 opaque(); M r(200); Ta opaque(); Ta1 opaque(); Ma r(200) => NotProven PublicImage; P T0 T1 M Ta Ta1 Ma),
        vector!("82 public image, realm lets nobody in": P bearer; T0 opaque(); T1 opaque(); M r(200); Ta r(401) => Valid Pulled; P T0 T1 M Ta),
        vector!("83 token names its subject": P bearer; T0 jwt(); T1 jwt(); M r(200); Ta opaque(); Ma r(200) => Valid Pulled; P T0 T1 M),
        vector!("84 blocked by a firewall": P html(403) => RegistryError Blocked; P),
        vector!("85 ping forbidden, image asks": P error(403, "DENIED", "no"); Ma bearer; T0 jwt(); T1 jwt(); M r(200) => Valid Pulled; P Ma T0 T1 M),
        vector!("85 forbidden all over": P error(403, "DENIED", "no"); Ma r(403) => RegistryError Blocked; P Ma),
        vector!("86 garbage": P fault(FaultKind::Garbage) => RegistryError Garbage; P),
        vector!("-- redirects without end": P moved(301, "/v2/") => RegistryError RedirectLoop; P P P P P P),
        vector!("-- redirect to nowhere": P r(302) => RegistryError UnexpectedAnswer; P),
        vector!("-- user in a redirect": P moved(302, "https://u:p@registry.example.com/v2"), bearer; T0 jwt(); T1 jwt(); M r(200) => Valid Pulled; P P T0 T1 M),
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
    let (mut flow, mut step) = Flow::start(target, policy, Vec::new());
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
            (conclusion.verdict, conclusion.reason, purposes),
            (vector.verdict, vector.reason, vector.sent),
            "{}: {conclusion:?}",
            vector.name
        );
    }
}

/// The numbers run from 1 to 88. These are no matter of the flow: a user with a colon (refused by
/// `domain::credential`), no verification (`tests/it/validate_wire.rs`), `test_login: false`
/// and check mode (`tests/it/validate_real/basic.rs`).
const ELSEWHERE: [usize; 4] = [49, 67, 87, 88];

#[test]
fn no_number_is_left_out() {
    let number = |vector: Vector| vector.name[..2].parse().ok();
    let mut numbers: Vec<usize> = vectors().into_iter().filter_map(number).collect();
    numbers.extend(ELSEWHERE);
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers, (1..=88).collect::<Vec<_>>());
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
        (script(&[(P, asks(BEARER)), (T0, jwt())]), Valid),
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
            play(target(false), &script).1.verdict,
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
    let (sent, conclusion) = play(vec![fault(FaultKind::Refused)]);
    assert_eq!((conclusion.verdict, sent.len()), (Unreachable, 41));
    let (sent, conclusion) = play(vec![r(503).into()]);
    assert_eq!((conclusion.verdict, sent.len()), (RegistryError, 41));
    assert_eq!(conclusion.reason, Reason::ServerError);
    let late = std::iter::repeat_n(r(503), 30).chain([asks(BASIC)]);
    let (sent, conclusion) = play(late.map(Answer::from).collect());
    assert_eq!((conclusion.verdict, sent.len()), (Valid, 33));
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
        FaultKind::Tls(TlsFault::SpeaksHttp),
        FaultKind::Refused,
        FaultKind::Proxy(ProxyFault::Denied),
    ] {
        let (sent, conclusion) = insecure(vec![fault(kind), asks(BASIC).into()]);
        assert_eq!(conclusion.verdict, Valid, "{kind:?}");
        assert_eq!(sent[2].url.scheme(), "http");
    }
}

#[test]
fn where_plain_http_leads_nowhere_the_missing_tunnel_is_told() {
    let denied = || fault(FaultKind::Proxy(ProxyFault::Denied));
    for http in [fault(FaultKind::Timeout), r(400).into()] {
        let (_, conclusion) = insecure(vec![denied(), http]);
        assert_eq!(conclusion.reason, Reason::ProxyDenied);
    }
    let (_, conclusion) = insecure(vec![fault(FaultKind::Refused), fault(FaultKind::Timeout)]);
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
        let ends = [r(404), error(403, "DENIED", &echo()), opaque()].map(play);
        ends.map(|conclusion| (vector.name, target(true).credential, conclusion))
    });
    echoed.flatten().collect()
}

fn echo() -> String {
    let jwt = "e30.eyJzdWIiOiJzb21lYm9keSJ9.sig";
    let [password, pair, ..] = SECRETS;
    format!("{password} Authorization: Basic {pair}, Bearer {jwt} or opaque-token-of-a-realm")
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
        Words::Quoted(words) => Some(words.to_string()),
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
    let tls = FaultKind::Tls(TlsFault::SpeaksHttp);
    let kinds = vec![FaultKind::Dns, FaultKind::Timeout, tls, FaultKind::Garbage];
    prop_oneof![9 => reply, 1 => prop::sample::select(kinds).prop_map(fault)]
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
    fn no_server_can_mislead_it(
        answers in prop::collection::vec(any_answer(), 1..40),
        image in prop::bool::ANY,
        plain_http in prop::bool::ANY,
    ) {
        let target = Target { plain_http, ..target(image) };
        let encoded = target.credential.encode();
        let (mut flow, mut step) = Flow::start(target, policy(), Vec::new());
        let mut refused: Vec<Url> = Vec::new();
        let mut steps = 0;
        while let Step::Send { request, .. } = step {
            let answer = &answers[steps % answers.len()];
            steps += 1;
            prop_assert!(steps <= (MAX_REQUESTS * (1 + policy().retries)) as usize, "it loops");
            prop_assert!(request.url.username().is_empty());
            if let Authorization::Basic(basic) = &request.authorization {
                prop_assert!(*basic == encoded);
                let realm = flow.known.realm.as_ref().map(|realm| &realm.url);
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
