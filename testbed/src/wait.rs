//! The one loop that waits: all other files call it.

use std::convert::Infallible;
use std::thread;
use std::time::{Duration, Instant};

const POLL: Duration = Duration::from_millis(10);

/// Asks until the answer is yes, for `bound` at most; returns the last answer.
pub fn until(bound: Duration, mut ready: impl FnMut() -> bool) -> bool {
    let attempt = || Ok::<_, Infallible>(ready().then_some(()));
    matches!(until_some(bound, attempt), Ok(Some(())))
}

/// Tries until there is a value, for `bound` at most.
///
/// It always tries once more after the time is over: on a busy machine a single try may take longer
/// than `bound`.
///
/// # Errors
/// As `attempt`, at its first error.
pub fn until_some<T, E>(
    bound: Duration,
    mut attempt: impl FnMut() -> Result<Option<T>, E>,
) -> Result<Option<T>, E> {
    let deadline = Instant::now() + bound;
    loop {
        let is_last = Instant::now() >= deadline;
        let value = attempt()?;
        if value.is_some() || is_last {
            return Ok(value);
        }
        thread::sleep(POLL);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_value_ends_the_wait() {
        let mut answers = [None, None, Some(3), Some(4)].into_iter();
        let found = until_some(Duration::from_mins(1), || {
            Ok::<_, Infallible>(answers.next().flatten())
        });
        assert_eq!((found, answers.next()), (Ok(Some(3)), Some(Some(4))));
    }

    #[test]
    fn an_error_ends_the_wait() {
        let mut tries = 0;
        let found = until_some(Duration::from_mins(1), || {
            tries += 1;
            Err::<Option<()>, _>("broken")
        });
        assert_eq!((found, tries), (Err("broken"), 1));
    }

    #[test]
    fn time_that_is_over_allows_one_more_try() {
        let mut tries = 0;
        let ready = until(Duration::ZERO, || {
            tries += 1;
            false
        });
        assert_eq!((ready, tries), (false, 1));
    }
}
