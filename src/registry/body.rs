//! Bodies: bounded, and decoded where a server compresses what it was not asked to compress.

use std::io::Read;

use flate2::read::MultiGzDecoder;
use http::{HeaderMap, header};
use http_body_util::BodyExt;
use hyper::body::Incoming;

use super::exchange::{Purpose, Unusable};

/// Bytes that are read of a token response.
const TOKEN_BYTES: usize = 1 << 20;
/// Bytes that are read of any other body: it is only wanted for its words.
const TEXT_BYTES: usize = 64 << 10;

/// A body as far as it was read.
pub(super) struct Body {
    pub(super) bytes: Vec<u8>,
    pub(super) unusable: Option<Unusable>,
    /// Whether nothing of it is left on the connection.
    pub(super) complete: bool,
}

/// Reads a body. What is too much stays on the connection.
pub(super) async fn read_body(
    body: Incoming,
    headers: &HeaderMap,
    purpose: Purpose,
) -> hyper::Result<Body> {
    let limit = if purpose.asks_for_token() {
        TOKEN_BYTES
    } else {
        TEXT_BYTES
    };
    let (bytes, complete) = read_within(body, limit).await?;
    let (bytes, decoded) = match coding(headers).as_str() {
        "" | "identity" => (bytes, None),
        "gzip" | "x-gzip" => unzip(&bytes, limit),
        _ => (Vec::new(), Some(Unusable::Encoding)),
    };
    // Of a text, the beginning will do.
    let cut = (!complete && purpose.asks_for_token()).then_some(Unusable::TooLarge);
    let unusable = cut.or(decoded);
    Ok(Body {
        bytes,
        unusable,
        complete,
    })
}

async fn read_within(mut body: Incoming, limit: usize) -> hyper::Result<(Vec<u8>, bool)> {
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await.transpose()? {
        // Trailers are frames, too.
        let Ok(data) = frame.into_data() else {
            continue;
        };
        let room = limit - bytes.len();
        bytes.extend_from_slice(&data[..data.len().min(room)]);
        // The rest is not read: whoever sends without end would hold the proof until its time is over.
        if data.len() > room {
            return Ok((bytes, false));
        }
    }
    Ok((bytes, true))
}

fn coding(headers: &HeaderMap) -> String {
    let values = headers.get_all(header::CONTENT_ENCODING).iter();
    let values: Vec<_> = values.flat_map(|value| value.to_str()).collect();
    values.join(",").trim().to_ascii_lowercase()
}

/// Decodes at most `limit` bytes: a small body may stand for a huge one.
fn unzip(bytes: &[u8], limit: usize) -> (Vec<u8>, Option<Unusable>) {
    let mut plain = Vec::new();
    let most = u64::try_from(limit + 1).unwrap_or(u64::MAX);
    // Several members in a row are one file (RFC 1952 §2.2).
    let outcome = MultiGzDecoder::new(bytes)
        .take(most)
        .read_to_end(&mut plain);
    let unusable = match outcome {
        _ if plain.len() > limit => Some(Unusable::TooLarge),
        Ok(_) => None,
        Err(_) => Some(Unusable::Encoding),
    };
    // What was decoded before an error is kept: the beginning of a message is better than none.
    plain.truncate(limit);
    // Some servers say gzip and send text.
    if plain.is_empty() && unusable.is_some() {
        return (bytes.to_vec(), unusable);
    }
    (plain, unusable)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{Compression, write::GzEncoder};

    use super::*;

    fn zipped(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn a_small_body_that_stands_for_a_huge_one_is_cut() {
        assert_eq!(unzip(&zipped(b"words"), 10), (b"words".to_vec(), None));
        let bomb = zipped(&vec![b'x'; 1 << 20]);
        assert!(bomb.len() < 4096);
        assert_eq!(
            unzip(&bomb, 100),
            (vec![b'x'; 100], Some(Unusable::TooLarge))
        );
        let text = b"no gzip";
        assert_eq!(unzip(text, 10), (text.to_vec(), Some(Unusable::Encoding)));
    }
}
