//! Sentences for people: what a finding means, and what to do (docs/verdicts.md has the long form).

use std::fmt::Display;

use super::{finding::Finding, options::OptionNames};
use crate::registry::{Reason, Speaker, Words};

impl Finding {
    /// Says in one sentence what was found and what to do, with the words of the server or the system as
    /// a quotation.
    pub fn message(&self) -> String {
        let advice = advice(self.conclusion.reason, &Facts::of(self));
        match &self.conclusion.words {
            Some(Words::Quoted(Speaker::Server, words)) => {
                format!("{advice} (the server said: \"{words}\")")
            }
            Some(Words::Quoted(Speaker::System, words)) => {
                format!("{advice} (details: \"{words}\")")
            }
            Some(Words::Own(detail)) => format!("{advice} ({detail})"),
            // Words that nothing has cleaned yet may hold a secret.
            Some(Words::Foreign(..)) | None => advice,
        }
    }
}

/// What the sentences name. Options are named as the source of the credential has them.
struct Facts {
    host: String,
    user: String,
    image: String,
    /// ` with status 418`, or nothing
    status: String,
    /// Where docker, and we, look for what the registry needs to be trusted.
    certs: String,
    login: String,
    image_option: String,
    timeout: &'static str,
    run_timeout: &'static str,
    no_proxy: &'static str,
    or_missing_image: String,
    or_not_proven: String,
    set_authority_or: String,
    file_of_authority_or: String,
    if_plain_http: String,
}

impl Facts {
    fn of(finding: &Finding) -> Self {
        let credential = &finding.credential;
        let options = OptionNames::of(&credential.source);
        let image = credential.test_image.as_ref();
        let certs = finding.cert_dir.join(credential.host.authority());
        let severities = options.severities;
        Self {
            host: credential.host.to_string(),
            user: credential.credential.user().to_owned(),
            image: image.map_or_else(|| "the image".to_owned(), ToString::to_string),
            status: clause(" with status ", finding.conclusion.http_status, ""),
            certs: certs.display().to_string(),
            or_missing_image: clause(
                ", or ",
                severities.map(|[missing_image, _]| missing_image),
                "",
            ),
            or_not_proven: clause(", or ", severities.map(|[_, not_proven]| not_proven), ""),
            set_authority_or: clause("set ", options.authority.as_ref(), ", or "),
            file_of_authority_or: clause("the file of ", options.authority.as_ref(), ", or "),
            if_plain_http: options.plain_http.map_or_else(
                || ", in which no credential is sent".to_owned(),
                |option| format!(": list it in {option} if that is meant"),
            ),
            login: options.login,
            image_option: options.image,
            timeout: options.timeout,
            run_timeout: options.run_timeout,
            no_proxy: options.no_proxy,
        }
    }
}

/// A part of a sentence that is there only with its subject.
fn clause(before: &str, subject: Option<impl Display>, after: &str) -> String {
    subject.map_or_else(String::new, |subject| format!("{before}{subject}{after}"))
}

/// One sentence for each reason; the compiler misses none. The pattern binds the names in the sentences.
macro_rules! sentences {
    ($facts:pat => $($reason:ident: $sentence:literal,)+) => {
        fn advice(reason: Reason, facts: &Facts) -> String {
            let $facts = facts;
            match reason {
                $(Reason::$reason => format!($sentence),)+
            }
        }
    };
}

sentences! {
    Facts {
        host, user, image, status, certs, login, image_option, timeout, run_timeout, no_proxy,
        or_missing_image, or_not_proven, set_authority_or, file_of_authority_or, if_plain_http,
    } =>

    Pulled: "{host} accepted user {user} and showed {image}",
    LoggedIn: "{host} accepted user {user}",
    Rejected:
        "{host} refused user {user}: wrong user or password, check {login}",
    RejectedOrNoPermission:
        "{host} refused user {user}: wrong user or password, or no permission at all; check {login}",
    Expired:
        "the credential of user {user} for {host} has expired: put a new token into {login}",
    Forbidden:
        "{host} accepted user {user} but forbids {image}: give the account the right to pull it, or \
        set another {image_option}",
    NoPullToken:
        "{host} gives user {user} no access to {image}, or the image does not exist (the registry \
        does not say which): check the account's rights and the image's name",
    NoPullAccess:
        "{host} gives user {user} no access to {image}, or the image does not exist (the registry \
        does not say which): check the account's rights and the image's name",
    NoImage:
        "{host} accepted user {user} but has no {image}: set {image_option} to an image that exists \
        there{or_missing_image}",
    NoProject:
        "{host} accepted user {user} but has no {image}: set {image_option} to an image that exists \
        there{or_missing_image}",
    PublicImage:
        "nothing shows that {host} examined user {user}: {image} can be pulled there without one; \
        set {image_option} to an image that only this account may pull{or_not_proven}",
    OpenRegistry:
        "nothing shows that {host} examined user {user}: it requires no credential; set \
        {image_option} to an image that only this account may pull{or_not_proven}",
    OpenRealm:
        "nothing shows that {host} examined user {user}: it requires no credential; set \
        {image_option} to an image that only this account may pull{or_not_proven}",
    ImageMissing:
        "nothing shows that {host} examined user {user}: there is no {image}, and the registry also \
        answers without a credential; set {image_option} to an image that only this account may \
        pull{or_not_proven}",
    ComparisonFailed:
        "nothing shows that {host} examined user {user}: the same request without a credential \
        failed, so that there is nothing to compare with; try again later{or_not_proven}",
    TooManyRequests: "{host} limits the number of requests: try again later",
    LoginLockout:
        "{host} has locked the account or this address after failed logins: wait (often 15 \
        minutes), correct the password, then try again",
    Dns:
        "{host} cannot be reached, a name does not resolve: check the host's spelling and this \
        node's DNS",
    Refused:
        "{host} cannot be reached, no connection: check host, port and firewalls",
    Timeout:
        "{host} cannot be reached, no answer in time: check firewalls and proxies, or set a larger \
        {timeout}",
    RunTimeout:
        "{host} was not examined to the end, the time for all registries together is over: set a \
        larger {run_timeout}, or look at the registries that took it",
    ConnectionLost:
        "{host} cannot be reached, the connection broke: check firewalls and proxies",
    UnknownIssuer:
        "{host} cannot be trusted, its certificate comes from an unknown authority: \
        {set_authority_or}put the authority into {certs}/ca.crt",
    CertificateExpired:
        "{host} cannot be trusted, its certificate is not valid at this time: renew it, and check \
        this node's clock",
    WrongName:
        "{host} cannot be trusted, its certificate is for another name: use the name in the \
        certificate",
    NoAlternativeName:
        "{host} cannot be trusted, its certificate names no host in subjectAltName, and a common \
        name alone is not looked at: have it issued with subjectAltName",
    BadSignature:
        "{host} cannot be trusted, its certificate comes from an authority that is trusted by name \
        but has another key, a renewed or a foreign one: put its present certificate into \
        {file_of_authority_or}{certs}/",
    UnsuitableCertificate:
        "{host} cannot be trusted, its certificate is not fit for a server: have one issued as \
        X.509 version 3, for servers, without CA:TRUE, signed with SHA-256 or better, for an RSA \
        key of 2048 bits or more",
    SpeaksHttp:
        "{host} cannot be trusted, it answers in plain HTTP{if_plain_http}",
    TlsProtocol:
        "{host} cannot be trusted, it accepts no version or cipher of TLS that is still safe: its \
        operators must enable TLS 1.2 or newer",
    ClientCertificate:
        "{host} cannot be trusted, it wants a client certificate: put client.cert and client.key \
        into {certs}/",
    ClientCertificateRefused:
        "{host} cannot be trusted, it refuses the client certificate: put one that its operators \
        accept into {certs}/",
    TlsFiles:
        "{host} cannot be trusted, files for TLS cannot be used: repair or remove them",
    TlsOther:
        "{host} cannot be trusted, no TLS connection could be made: see the details",
    ProxyAuthentication:
        "{host} cannot be reached, the proxy requires a user and a password, or refuses those it \
        was sent: write the right ones into its address",
    ProxyDenied:
        "{host} cannot be reached, the proxy does not connect to it: allow the host in the proxy, \
        check the user and password in the proxy's address, or add the host to {no_proxy}",
    ProxyUnreachable:
        "{host} cannot be reached, the proxy cannot be reached: check its address",
    ProxyUntrusted:
        "{host} cannot be reached, the proxy is not trusted: begin its address with http:// if that \
        is what it speaks, or add the authority of its certificate to those of this node's system",
    NoApi:
        "{host} is not a registry, it has no /v2/: check the host's spelling and port",
    WebPage:
        "{host} is not a registry, it answers with a page for people: a portal or proxy in between, \
        or the wrong host",
    RedirectElsewhere:
        "{host} is not a registry, it redirects to another host: write that host if the registry \
        has moved",
    UnsafeRealm:
        "{host} allows no verdict, its challenge names a realm to which no credential is sent: its \
        operators must name one in https, on a public address",
    MalformedChallenge:
        "{host} allows no verdict, its challenge names no usable realm: ask its operators",
    UnsupportedScheme:
        "{host} allows no verdict, it requires a kind of login that has no user and password: its \
        operators must offer Basic or Bearer",
    NoToken:
        "{host} allows no verdict, its token server accepted the login and issued no token that can \
        be read: ask its operators",
    TokenRejected:
        "{host} allows no verdict, it rejects the tokens of its own token server: its operators \
        must compare the clocks and keys of both",
    Blocked:
        "{host} allows no verdict, something in front of it refuses every request, a firewall or a \
        block by country: ask to be let through",
    ServerError:
        "{host} allows no verdict, it fails{status}: try again later, or ask its operators",
    RedirectToHttp:
        "{host} allows no verdict, it redirects to plain HTTP, where no credential is sent: its \
        operators must correct that",
    UnsafeRedirect:
        "{host} allows no verdict, it redirects into a private network: its operators must correct \
        that",
    TokenRedirect:
        "{host} allows no verdict, its token server redirects to another host, where no credential \
        is sent: its operators must name that host as the realm",
    RedirectLoop:
        "{host} allows no verdict, it redirects without end: ask its operators",
    UnexpectedAnswer:
        "{host} allows no verdict, its answer{status} means nothing here: ask its operators",
    Garbage:
        "{host} allows no verdict, its answer is not that of a registry: check host and port, and \
        proxies in between",
    NotTested: "{host} was not asked: no test login is wanted",
    Unlisted:
        "{host} was not asked: the options do not name it, and unlisted is skip",
    IdentityToken:
        "{host} was not asked: its entry holds an identity token and no password, which kubelet \
        cannot use either",
    NoRegistry:
        "{host} was not asked: its key is not that of a registry: docker's login by device keeps a \
        token there",
    Telemetry:
        "{host} was not asked: it is not a registry: Red Hat's telemetry has a token there",
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, time::Duration};

    use super::*;
    use crate::{
        domain::{
            credential::Credential,
            image::ImageReference,
            registry_credential::{RegistryCredential, Source, TransportSecurity},
            registry_host::RegistryHost,
            secret::Secret,
            verdict::Verdict,
        },
        registry::Conclusion,
    };

    const PAGE: &str = include_str!("../../../docs/verdicts.md");

    /// The rows of the page's tables with this head, as cells.
    fn table(head: &str) -> Vec<Vec<&'static str>> {
        let lines = PAGE.lines().skip_while(|line| !line.starts_with(head));
        let rows = lines.skip(2).take_while(|line| line.starts_with('|'));
        // The command has words of its own for entries that it did not hand on.
        let rows = rows.filter(|line| !line.contains("| Of the command: "));
        rows.map(|row| row.trim_matches('|').split('|').map(str::trim).collect())
            .collect()
    }

    /// What stands between back quotes.
    fn names(cell: &str) -> Vec<&str> {
        cell.split('`').skip(1).step_by(2).collect()
    }

    /// Every verdict of the page with each of its reasons.
    fn pairs() -> Vec<(&'static str, &'static str)> {
        let mut verdict = "";
        let rows = table("| verdict | reason |").into_iter();
        rows.map(|row| {
            verdict = names(row[0]).first().copied().unwrap_or(verdict);
            (verdict, names(row[1])[0])
        })
        .collect()
    }

    fn message(verdict: &str, reason: &str, source: &Source) -> String {
        let reason = Reason::ALL.iter().find(|one| one.word() == reason).unwrap();
        assert_eq!(reason.verdict().word(), verdict);
        let host = RegistryHost::parse("registry.example.com").unwrap();
        Finding {
            credential: RegistryCredential {
                test_image: Some(ImageReference::parse("a/b:c", &host).unwrap()),
                written_host: host.to_string(),
                host,
                source: source.clone(),
                credential: Credential::new("name", Secret::new("pass1")).unwrap(),
                security: TransportSecurity::default(),
            },
            cert_dir: "/own/certs.d".into(),
            conclusion: Conclusion::new(*reason),
            realm_host: None,
            requests: 1,
            elapsed: Duration::ZERO,
            client_certificate_expires: None,
        }
        .message()
    }

    fn sources() -> [Source; 4] {
        let file = Source::File("/root/.docker/config.json".into());
        [Source::Main, Source::Additional(3), file, Source::Task]
    }

    #[test]
    fn the_page_explains_every_verdict_and_reason_once() {
        let explained: Vec<_> = table("| verdict | what it proves")
            .iter()
            .map(|row| names(row[0])[0])
            .collect();
        assert_eq!(explained, Verdict::ALL.map(Verdict::word));
        let pairs = pairs();
        let verdicts: BTreeSet<_> = pairs.iter().map(|(verdict, _)| *verdict).collect();
        assert_eq!(verdicts, Verdict::ALL.map(Verdict::word).into());
        let reasons: BTreeSet<_> = pairs.iter().map(|(_, reason)| *reason).collect();
        assert_eq!(
            reasons,
            Reason::ALL.iter().map(|reason| reason.word()).collect()
        );
        assert_eq!(pairs.iter().collect::<BTreeSet<_>>().len(), pairs.len());
    }

    /// The options that the page names are also in the messages, for one source or another.
    #[test]
    fn message_and_page_name_the_same_options() {
        let rows = table("| verdict | what it proves");
        let failures = rows.iter().filter(|row| row[2] != "Nothing.");
        for row in failures {
            let verdict = names(row[0])[0];
            let own = pairs().into_iter().filter(|(one, _)| *one == verdict);
            let said: Vec<_> = own
                .flat_map(|(_, reason)| sources().map(|source| message(verdict, reason, &source)))
                .collect();
            for name in names(row[2]).into_iter().filter(|name| *name != "fail") {
                assert!(
                    said.iter().any(|message| message.contains(name)),
                    "{verdict}: no message names {name}: {said:#?}"
                );
            }
            for message in said {
                assert!(message.contains("registry.example.com"), "{message}");
                assert!(
                    message.contains([':', ';', ',']) && !message.contains('\n'),
                    "{message}"
                );
            }
        }
    }

    #[test]
    fn files_belong_where_they_are_looked_for() {
        let place = "/own/certs.d/registry.example.com/";
        for reason in [
            "unknown_issuer",
            "bad_signature",
            "client_certificate_required",
        ] {
            let message = message("tls_failure", reason, &Source::Main);
            assert!(message.contains(place), "{message}");
        }
    }

    #[test]
    fn each_source_has_options_of_its_own() {
        let strangers: [&[&str]; 4] = [
            &["ca_cert", "[3]", "config.json", "username", "proxy_vars"],
            &["oreg_", "config.json", "username", "proxy_vars"],
            &["oreg_", "ca_cert", "[3]", "username", "proxy_vars"],
            &[
                "oreg_",
                "openshift_",
                "ca_cert",
                "missing_image",
                "not_proven",
                "config.json",
                " no_proxy",
            ],
        ];
        for (source, strangers) in sources().iter().zip(strangers) {
            for (verdict, reason) in pairs() {
                let message = message(verdict, reason, source);
                let found: Vec<_> = strangers
                    .iter()
                    .filter(|name| message.contains(**name))
                    .collect();
                assert!(found.is_empty(), "{message}: {found:?}");
            }
        }
        let refused = |source: &Source| message("invalid_credentials", "rejected", source);
        assert!(refused(&Source::Task).ends_with("check username and password"));
        assert!(refused(&Source::Main).ends_with("check oreg_auth_user and oreg_auth_password"));
    }
}
