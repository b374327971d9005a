//! A guard for YAML that others wrote.

/// Deeper than anything that a person writes.
const DEEPEST: usize = 200;

/// Whether the brackets in `text` are nested too deeply to be read.
///
/// libyaml looks at every open bracket for each token, so a file of brackets takes time by the square of
/// its length. Brackets in quotes count as well: to err on that side is harmless.
pub fn is_too_deep(text: &[u8]) -> bool {
    let mut depth = 0_usize;
    text.iter().any(|byte| {
        match byte {
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth > DEEPEST
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn open_brackets_count() {
        assert!(!is_too_deep(&b"[{}]".repeat(10_000)));
        assert!(!is_too_deep(&b"[".repeat(DEEPEST)));
        assert!(is_too_deep(&b"{".repeat(DEEPEST + 1)));
    }
}
