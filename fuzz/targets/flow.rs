//! A proof against servers that answer anything. It comes to an end; user and password go to the registry and
//! to a realm that `realm_url` accepts, and nowhere else; a token goes to the registry alone; a refused login
//! is not repeated; nothing of the password is in what is said at the end.

#![no_main]

use std::time::Duration;

use libfuzzer_sys::{arbitrary, arbitrary::Arbitrary, fuzz_target};
use oreg::{
    domain::{
        credential::Credential, image::ImageReference, registry_host::RegistryHost, secret::Secret,
    },
    registry::{
        Conclusion, Flow, RetryPolicy, Step, Target,
        challenge::parse_challenges,
        conclusion::Words,
        exchange::{
            Answer, Authorization, ProxyErrorKind, Reply, Request, Unusable, WireError,
            WireErrorKind, server_url,
        },
        realm::{is_same_origin, realm_url},
    },
    support::{text::Cleaner, tls::TlsError},
};
use url::Url;

const PASSWORD: &str = "hunter2.Secret.8842";
const RETRIES: u32 = 2;

/// `Flow` ends after 24 requests, each of which may be repeated.
const MOST: u32 = 24 * (RETRIES + 1);

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    plain_http: bool,
    with_image: bool,
    answers: Vec<Scripted<'a>>,
}

#[derive(Arbitrary, Debug)]
enum Scripted<'a> {
    Reply {
        status: Status,
        challenge: Option<Challenge<'a>>,
        location: Option<Place<'a>>,
        retry_after: Option<u8>,
        is_html: bool,
        digest: Option<&'a str>,
        api_version: bool,
        body: Body<'a>,
        unusable: Option<bool>,
    },
    Error(u8, &'a str),
}

#[derive(Arbitrary, Debug)]
enum Status {
    Ok,
    Unauthorized,
    Forbidden,
    Missing,
    Redirect,
    TooMany,
    Broken,
    Other(u16),
}

#[derive(Arbitrary, Debug)]
enum Challenge<'a> {
    Bearer(Place<'a>),
    Basic,
    Both(Place<'a>),
    Text(&'a str),
}

#[derive(Arbitrary, Debug)]
enum Place<'a> {
    Own,
    Realm,
    Other,
    Inside,
    Clear,
    Text(&'a str),
}

#[derive(Arbitrary, Debug)]
enum Body<'a> {
    Token,
    OtherToken,
    Code(&'a str),
    Repeated(&'a str),
    Bytes(&'a [u8]),
}

fuzz_target!(|input: Input| {
    let registry = RegistryHost::parse("registry.example.com").expect("it is a host");
    let image = ImageReference::parse("team/app:v1", &registry).expect("it is an image");
    let target = Target {
        credential: Credential::new("user", Secret::new(PASSWORD)).expect("the user is valid"),
        image: input.with_image.then_some(image),
        plain_http: input.plain_http,
        host: registry,
    };
    let policy = RetryPolicy {
        retries: RETRIES,
        delay: Duration::from_secs(1),
    };
    let mut judge = Judge::new(&target);
    let (mut flow, mut step) =
        Flow::start(target, policy, &Cleaner::default()).expect("the host fits into a URL");
    let mut answers = input.answers.iter();
    for _ in 0..=MOST {
        match step {
            Step::Done(conclusion) => return check_words(&conclusion),
            Step::Send { request, .. } => {
                judge.look_at(&request);
                let answer = answers.next().map_or_else(silence, answer);
                judge.remember(&request, &answer);
                step = flow.next(&answer, Duration::from_secs(60));
            }
        }
    }
    panic!("a proof does not end");
});

/// Follows from outside where what may go.
struct Judge {
    registries: Vec<Url>,
    realms: Vec<Url>,
    refused: u32,
}

impl Judge {
    fn new(target: &Target) -> Self {
        let schemes = if target.plain_http {
            &["https", "http"][..]
        } else {
            &["https"]
        };
        let url = |scheme: &&str| server_url(scheme, &target.host);
        Self {
            registries: schemes.iter().filter_map(url).collect(),
            realms: Vec::new(),
            refused: 0,
        }
    }

    fn look_at(&self, request: &Request) {
        let url = &request.url;
        assert!(url.username().is_empty() && url.password().is_none());
        assert!(!url.as_str().contains(PASSWORD), "a password in {url}");
        let is_one_of = |places: &[Url]| places.iter().any(|place| is_same_origin(place, url));
        match request.authorization {
            Authorization::Anonymous => {}
            Authorization::Bearer(_) => {
                assert!(is_one_of(&self.registries), "a token goes to {url}");
            }
            Authorization::Basic(_) | Authorization::Form(_) => {
                let may = is_one_of(&self.registries) || is_one_of(&self.realms);
                assert!(may, "the password goes to {url}");
                assert_eq!(self.refused, 0, "a refused login is repeated at {url}");
            }
        }
    }

    fn remember(&mut self, request: &Request, answer: &Answer) {
        let Answer::Reply(reply) = answer else { return };
        let basic = matches!(
            request.authorization,
            Authorization::Basic(_) | Authorization::Form(_)
        );
        self.refused += u32::from(basic && reply.status == 401);
        let registry = self
            .registries
            .iter()
            .find(|registry| is_same_origin(registry, &request.url));
        let challenges = parse_challenges(&reply.challenges);
        let realms = challenges.iter().filter_map(|one| one.parameter("realm"));
        if let Some(registry) = registry {
            let urls: Vec<Url> = realms
                .filter_map(|realm| realm_url(registry, realm).ok())
                .collect();
            self.realms.extend(urls);
        }
    }
}

fn check_words(conclusion: &Conclusion) {
    let text = match &conclusion.words {
        None => return,
        Some(Words::Own(text)) => text.clone(),
        Some(Words::Quoted(_, text)) => text.to_string(),
        Some(Words::Foreign(..)) => panic!("foreign words were not cleaned"),
    };
    assert!(!text.chars().any(char::is_control), "{text:?}");
    assert!(!text.contains(PASSWORD), "{text:?}");
}

fn silence() -> Answer {
    Answer::Error(WireError {
        kind: WireErrorKind::Timeout,
        detail: String::new(),
    })
}

fn answer(scripted: &Scripted) -> Answer {
    match scripted {
        Scripted::Error(kind, detail) => Answer::Error(WireError {
            kind: kind_of(*kind),
            detail: (*detail).to_owned(),
        }),
        Scripted::Reply {
            status,
            challenge,
            location,
            retry_after,
            is_html,
            digest,
            api_version,
            body,
            unusable,
        } => Answer::Reply(Reply {
            status: status_of(status),
            challenges: challenge.iter().flat_map(challenges).collect(),
            location: location.as_ref().map(place),
            retry_after: retry_after.map(|seconds| Duration::from_secs(seconds.into())),
            content_type: if *is_html {
                "text/html"
            } else {
                "application/json"
            }
            .to_owned(),
            digest: digest.map(str::to_owned),
            api_version: *api_version,
            body: bytes(body),
            unusable: unusable.map(|large| {
                if large {
                    Unusable::TooLarge
                } else {
                    Unusable::Encoding
                }
            }),
        }),
    }
}

fn kind_of(number: u8) -> WireErrorKind {
    match number % 10 {
        0 => WireErrorKind::Dns,
        1 => WireErrorKind::Refused,
        2 => WireErrorKind::Timeout,
        3 => WireErrorKind::Lost,
        4 => WireErrorKind::Garbage,
        5 => WireErrorKind::UnsafeAddress,
        6 => WireErrorKind::TlsFiles,
        7 => WireErrorKind::Tls(TlsError::NotTls),
        8 => WireErrorKind::Tls(TlsError::Other),
        _ => WireErrorKind::Proxy(ProxyErrorKind::Denied),
    }
}

fn status_of(status: &Status) -> u16 {
    match status {
        Status::Ok => 200,
        Status::Unauthorized => 401,
        Status::Forbidden => 403,
        Status::Missing => 404,
        Status::Redirect => 307,
        Status::TooMany => 429,
        Status::Broken => 503,
        Status::Other(number) => 100 + number % 900,
    }
}

fn challenges(challenge: &Challenge) -> Vec<String> {
    let bearer = |realm| format!("Bearer realm=\"{}\",service=\"s\"", place(realm));
    match challenge {
        Challenge::Bearer(realm) => vec![bearer(realm)],
        Challenge::Basic => vec!["Basic realm=\"r\"".to_owned()],
        Challenge::Both(realm) => vec![bearer(realm), "Basic realm=\"r\"".to_owned()],
        Challenge::Text(text) => vec![(*text).to_owned()],
    }
}

fn place(place: &Place) -> String {
    let text = match place {
        Place::Own => "https://registry.example.com/token",
        Place::Realm => "https://sso.example.com/token",
        Place::Other => "https://store.example.net/a?b=c",
        Place::Inside => "https://10.0.0.1/token",
        Place::Clear => "http://registry.example.com/token",
        Place::Text(text) => text,
    };
    text.to_owned()
}

fn bytes(body: &Body) -> Vec<u8> {
    match body {
        Body::Token => br#"{"token":"first.token.1"}"#.to_vec(),
        Body::OtherToken => br#"{"token":"first.token.1","access_token":"second.2"}"#.to_vec(),
        Body::Code(code) => {
            format!("{{\"errors\":[{{\"code\":\"UNAUTHORIZED\",\"message\":{code:?}}}]}}").into()
        }
        Body::Repeated(text) => format!("{text} {PASSWORD}").into(),
        Body::Bytes(bytes) => bytes.to_vec(),
    }
}
