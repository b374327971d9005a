//! Which examinations show the same login to the same server. Namespaces of one registry often share a
//! credential; were each examined by itself, a wrong password would count as often, and lock the account.

use std::collections::HashMap;

use super::Examination;
use crate::{
    domain::verdict::Verdict,
    registry::{Conclusion, Reason},
};

/// Examinations of one login, each with its place in the request.
pub(super) type Login = Vec<(usize, Examination)>;

/// Groups the examinations by server, user, password and demands on the connection.
pub(super) fn logins(examinations: Vec<Examination>) -> Vec<Login> {
    let mut logins: Vec<Login> = Vec::new();
    let mut of_user: HashMap<(String, String), Vec<usize>> = HashMap::new();
    for (position, examination) in examinations.into_iter().enumerate() {
        let credential = &examination.credential;
        let server = credential.host.api_authority().to_owned();
        let user = credential.credential.user().to_owned();
        let candidates = of_user.entry((server, user)).or_default();
        let same = |login: &&usize| is_same(&logins[**login][0].1, &examination);
        if let Some(&login) = candidates.iter().find(same) {
            logins[login].push((position, examination));
        } else {
            candidates.push(logins.len());
            logins.push(vec![(position, examination)]);
        }
    }
    logins
}

/// Server and user are known to be the same.
fn is_same(one: &Examination, other: &Examination) -> bool {
    let (one, other) = (&one.credential, &other.credential);
    one.credential == other.credential && one.security == other.security
}

/// Returns whether the conclusion is about the login, or the way to the server, and so holds for every
/// image there: asking again would count as a failed login, or take the whole time once more.
pub(super) fn holds_for_all(conclusion: &Conclusion) -> bool {
    match conclusion.verdict {
        Verdict::InvalidCredentials
        | Verdict::Unreachable
        | Verdict::TlsFailure
        | Verdict::ProxyFailure => true,
        _ => conclusion.reason == Reason::LoginLockout,
    }
}
