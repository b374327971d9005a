//! Collects every error at once, where results are wanted all or not at all.

/// Collects all values, or all errors, in their order.
///
/// # Errors
/// All errors.
pub fn all<T, E>(results: impl IntoIterator<Item = Result<T, E>>) -> Result<Vec<T>, Vec<E>> {
    let (mut values, mut errors) = (Vec::new(), Vec::new());
    for result in results {
        match result {
            Ok(value) => values.push(value),
            Err(error) => errors.push(error),
        }
    }
    if errors.is_empty() {
        Ok(values)
    } else {
        Err(errors)
    }
}

/// Collects both values, or the errors of both.
///
/// # Errors
/// One error or two.
pub fn both<A, B, E>(a: Result<A, E>, b: Result<B, E>) -> Result<(A, B), Vec<E>> {
    match (a, b) {
        (Ok(a), Ok(b)) => Ok((a, b)),
        (a, b) => Err(a.err().into_iter().chain(b.err()).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_error_keeps_all_values_back_and_hides_no_other() {
        let none: [Result<u8, char>; 0] = [];
        assert_eq!(all(none), Ok(vec![]));
        assert_eq!(all([Ok::<_, char>(1), Ok(2)]), Ok(vec![1, 2]));
        assert_eq!(all([Err('a'), Ok(1), Err('b')]), Err(vec!['a', 'b']));
    }

    #[test]
    fn both_errors_are_reported() {
        let (good, bad) = (Ok::<_, char>(1), Err::<u8, _>('a'));
        assert_eq!(both(good, Ok(2)), Ok((1, 2)));
        assert_eq!(both(good, bad), Err(vec!['a']));
        assert_eq!(both(bad, good), Err(vec!['a']));
        assert_eq!(both(bad, Err::<u8, _>('b')), Err(vec!['a', 'b']));
    }
}
