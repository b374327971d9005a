//! What the modules that speak to a cluster have in common.

use crate::{
    ansible::{Response, Row},
    cluster::{ClusterError, connect::MASTER_KUBECONFIG},
    domain::visible::is_invisible,
    support::{
        errors::{join_causes, join_first},
        text::{Cleaner, Foreign},
    },
};

/// The kubeconfig.
pub(super) const KUBECONFIG: Row<String> = Row::path("kubeconfig")
    .default(MASTER_KUBECONFIG)
    .variable("oreg_kubeconfig")
    .about(&["The kubeconfig of the cluster. The default is that of a first master."]);

/// Its context.
pub(super) const CONTEXT: Row<Option<String>> = Row::text("context")
    .variable("oreg_context")
    .about(&["The context of the kubeconfig. Default is its current context."]);

/// Makes the answer a failure with all errors, and the first one's reason.
pub(super) fn fail(response: Response, errors: &[ClusterError], cleaner: &Cleaner) -> Response {
    let Some(first) = errors.first() else {
        return response;
    };
    let mut messages: Vec<String> = errors
        .iter()
        .map(|error| visible(&join_causes(error), cleaner))
        .collect();
    // One server that is down fails for every namespace in the same words.
    messages.dedup();
    response
        .with("reason", first.reason())
        .fail(join_first(messages, "; "))
}

/// Keys of entries, users, types and finalizers are what others chose. A line that a terminal would act
/// upon, or that hides a part of itself, is cleaned as a whole.
pub(super) fn visible(line: &str, cleaner: &Cleaner) -> String {
    if !line.contains(is_invisible) {
        return line.to_owned();
    }
    cleaner.quote_explanation(&Foreign::new(line)).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_cannot_act_upon_a_terminal() {
        let cleaner = Cleaner::default();
        let plain = "r.example.com: user=u password=sha256:123456";
        assert_eq!(visible(plain, &cleaner), plain);
        let odd = visible("r\u{1b}[31m\u{202e}: user=u\nfake", &cleaner);
        assert!(!odd.contains(['\u{1b}', '\u{202e}', '\n']), "{odd:?}");
    }
}
