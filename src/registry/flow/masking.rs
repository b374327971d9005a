//! A server may repeat what it was sent or has issued. Its words are shown and may be cut, so the
//! secrets go before anything is read of them.

use super::Flow;
use crate::registry::{
    conclusion::Conclusion,
    exchange::Reply,
    token::{Token, read_token},
};

/// What stands in a server's words in place of a secret.
const MASK: &str = "********";

impl Flow {
    /// Returns the answer without secrets. One that brings a token is read as it is.
    pub(super) fn without_secrets(&self, reply: &Reply) -> Reply {
        if reply.body.is_empty() {
            return reply.clone();
        }
        let brings_token = reply.status < 300 && self.pending.purpose.asks_for_token();
        if brings_token && read_token(&reply.body).is_some() {
            return reply.clone();
        }
        let text = self.masked(&String::from_utf8_lossy(&reply.body));
        Reply {
            body: text.into_bytes(),
            ..reply.clone()
        }
    }

    /// The same for words that did not come from a body, such as a host to which we were sent.
    pub(super) fn mask_conclusion(&self, conclusion: Conclusion) -> Conclusion {
        Conclusion {
            words: conclusion.words.map(|words| self.masked(&words)),
            ..conclusion
        }
    }

    /// Reads a token, and remembers it as a secret.
    pub(super) fn issued_by(&mut self, reply: &Reply) -> Option<Token> {
        let token = read_token(&reply.body)?;
        self.known.issued.push(token.first.clone());
        self.known.issued.extend(token.second.clone());
        Some(token)
    }

    fn masked(&self, text: &str) -> String {
        let credential = &self.target.credential;
        let own = [credential.password().clone(), credential.encode()];
        let secrets = own
            .iter()
            .chain(&self.known.issued)
            .filter(|secret| !secret.is_empty());
        secrets.fold(text.to_owned(), |text, secret| {
            let escaped = serde_json::Value::from(secret.expose()).to_string();
            text.replace(escaped.trim_matches('"'), MASK)
                .replace(secret.expose(), MASK)
        })
    }
}
