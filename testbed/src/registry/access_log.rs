//! The access log of docker-registry: Apache's combined format, one line per answered request.

/// A request that a registry answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedRequest {
    /// The HTTP method.
    pub method: String,
    /// The path with the query, as sent.
    pub path: String,
    /// The status of the answer.
    pub status: u16,
    /// What the client called itself.
    pub user_agent: String,
}

/// Reads a log; the line that is being written is left out.
pub(super) fn parse(log: &str) -> Vec<LoggedRequest> {
    log.lines().filter_map(parse_line).collect()
}

/// Takes apart `HOST - USER [TIME] "METHOD PATH PROTOCOL" STATUS SIZE "REFERER" "USER AGENT"`.
fn parse_line(line: &str) -> Option<LoggedRequest> {
    let mut quoted = line.split('"');
    let mut request = quoted.nth(1)?.split(' ');
    let status = quoted.next()?.split_whitespace().next()?.parse().ok()?;
    Some(LoggedRequest {
        method: request.next()?.to_owned(),
        path: request.next()?.to_owned(),
        status,
        user_agent: quoted.nth(2)?.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_line() {
        let line = r#"127.0.0.1 - - [23/Nov/2026:20:20:54 +0000] "GET /v2/?n=1 HTTP/2.0" 401 87 "" "skopeo/1.9""#;
        let expected = LoggedRequest {
            method: "GET".to_owned(),
            path: "/v2/?n=1".to_owned(),
            status: 401,
            user_agent: "skopeo/1.9".to_owned(),
        };
        assert_eq!(parse(line), [expected]);
    }

    #[test]
    fn leaves_out_an_unfinished_line() {
        assert_eq!(
            parse(r#"127.0.0.1 - - [23/Nov/2026:20:20:54 +0000] "GET /v2/ HTTP/2.0" 40"#),
            []
        );
    }
}
