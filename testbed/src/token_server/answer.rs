//! What the token server answers: a function from a request's head to a response.
//!
//! Keycloak, which registry.redhat.io runs, gives the same answer for an unknown user and a wrong
//! password, and grants what it can without saying what it left out.

use anyhow::{Context as _, Result};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::REALM_PATH;
use super::account::Account;
use super::signer::{Claims, Grant, Signer};
use crate::registry::SERVICE;

const BAD_LOGIN: &str = "Invalid username or password.";
const ANONYMOUS: &str = "Please login to the Red Hat Registry using your Customer Portal \
     credentials. Further instructions can be found here: \
     https://access.redhat.com/RegistryAuthentication";

/// A request that the token server got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRequest {
    /// The path, without the query.
    pub path: String,
    /// The query as sent, empty if there was none.
    pub query: String,
    /// Whether there was an `Authorization` header.
    pub authorization: bool,
    /// The user name of the `Authorization` header, if it was a readable Basic one.
    pub user: Option<String>,
    /// The status of the answer.
    pub status: u16,
}

/// What changes while the server runs.
pub(super) struct State {
    pub(super) accounts: Vec<Account>,
    pub(super) requests: Vec<TokenRequest>,
}

/// The part of a request that matters here.
pub(super) struct Head {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) query: String,
    pub(super) authorization: Option<String>,
}

/// A response with a JSON body.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Value,
}

/// Answers a request and records it.
pub(super) fn answer(state: &mut State, signer: &Signer, head: Head) -> Answer {
    let login = head.authorization.as_deref().map(basic_credentials);
    let answer = decide(state, signer, &head, login.as_ref());
    state.requests.push(TokenRequest {
        path: head.path,
        query: head.query,
        authorization: login.is_some(),
        user: login.flatten().map(|(name, _)| name),
        status: answer.status,
    });
    answer
}

type Login = Option<(String, String)>;

fn decide(state: &State, signer: &Signer, head: &Head, login: Option<&Login>) -> Answer {
    if head.path != REALM_PATH {
        return error(404, "NOT_FOUND", "no such path");
    }
    if head.method != "GET" {
        // Clients that try OAuth2's POST first fall back to GET on exactly this status.
        return error(405, "METHOD_NOT_ALLOWED", "only GET");
    }
    let Some(login) = login else {
        return error(401, "UNAUTHORIZED", ANONYMOUS);
    };
    match login
        .as_ref()
        .and_then(|(name, password)| find(&state.accounts, name, password))
    {
        Some(account) => issue(account, signer, &head.query)
            .unwrap_or_else(|reason| error(500, "UNKNOWN", &format!("{reason:#}"))),
        None => error(401, "UNAUTHORIZED", BAD_LOGIN),
    }
}

fn find<'a>(accounts: &'a [Account], name: &str, password: &str) -> Option<&'a Account> {
    accounts
        .iter()
        .find(|account| account.accepts(name, password))
}

fn error(status: u16, code: &str, message: &str) -> Answer {
    let body = json!({"errors": [{"code": code, "message": message, "detail": ""}]});
    Answer { status, body }
}

fn basic_credentials(header: &str) -> Login {
    let bytes = STANDARD
        .decode(header.strip_prefix("Basic ")?.trim())
        .ok()?;
    let text = String::from_utf8(bytes).ok()?;
    text.split_once(':')
        .map(|(name, password)| (name.to_owned(), password.to_owned()))
}

fn issue(account: &Account, signer: &Signer, query: &str) -> Result<Answer> {
    let issued = OffsetDateTime::now_utc() + time::Duration::seconds(account.clock_skew);
    let token = signer.sign(&Claims {
        subject: account.name(),
        audience: service(query),
        issued: issued.unix_timestamp(),
        lifetime: account.lifetime,
        access: grants(account, query),
    })?;
    let body = json!({
        "token": token,
        "access_token": token,
        "expires_in": account.lifetime.max(60),
        "issued_at": issued.format(&Rfc3339).context("the clock is beyond all calendars")?,
    });
    Ok(Answer { status: 200, body })
}

fn service(query: &str) -> String {
    parameters(query, "service")
        .next()
        .unwrap_or_else(|| SERVICE.to_owned())
}

/// Cuts the wanted scopes down to what the account may do.
fn grants(account: &Account, query: &str) -> Vec<Grant> {
    let scopes: Vec<String> = parameters(query, "scope").collect();
    let each = scopes.iter().flat_map(|scopes| scopes.split_whitespace());
    each.filter_map(|scope| grant(account, scope)).collect()
}

fn grant(account: &Account, scope: &str) -> Option<Grant> {
    let (kind, rest) = scope.split_once(':')?;
    let (name, actions) = rest.rsplit_once(':')?;
    let allowed = |action: &&str| account.allows(name, action);
    let actions: Vec<_> = actions
        .split(',')
        .filter(allowed)
        .map(str::to_owned)
        .collect();
    (!actions.is_empty()).then(|| Grant {
        kind: kind.to_owned(),
        name: name.to_owned(),
        actions,
    })
}

fn parameters<'a>(query: &'a str, name: &'a str) -> impl Iterator<Item = String> + 'a {
    form_urlencoded::parse(query.as_bytes())
        .filter(move |(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grants_only_what_is_allowed() {
        let account = Account::new("a", "b").grant("openshift3/*", &["pull"]);
        let query = "service=x&scope=repository%3Aopenshift3%2Fose-pod%3Apull%2Cpush&scope=\
                     repository:other/secret:pull";
        let expected = Grant {
            kind: "repository".to_owned(),
            name: "openshift3/ose-pod".to_owned(),
            actions: vec!["pull".to_owned()],
        };
        assert_eq!(grants(&account, query), [expected]);
    }

    #[test]
    fn takes_apart_basic_credentials() {
        let encoded = format!("Basic {}", STANDARD.encode("1234567|installer:a:b"));
        let expected = Some(("1234567|installer".to_owned(), "a:b".to_owned()));
        assert_eq!(basic_credentials(&encoded), expected);
        assert_eq!(basic_credentials("Bearer abc"), None);
    }
}
