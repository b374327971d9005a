//! Lists and dicts as text. Whatever is read can be written as JSON and read again as the same; and what is
//! JSON is read as the same as by `serde_json`, but for numbers, which stay as they were spelled.

#![no_main]

use libfuzzer_sys::fuzz_target;
use oreg::ansible::literal;
use serde_json::Value;

fuzz_target!(|text: &str| {
    let read = literal::read(text);
    if let Ok(value) = &read {
        let again = literal::read(&value.to_string());
        assert!(
            !is_nested(value) || again.as_ref() == Ok(value),
            "{value} became {again:?}"
        );
    }
    if let (Ok(ours), Ok(theirs)) = (&read, serde_json::from_str::<Value>(text)) {
        assert!(are_alike(ours, &theirs), "{ours} is not {theirs}");
    }
});

fn is_nested(value: &Value) -> bool {
    value.is_array() || value.is_object()
}

fn are_alike(ours: &Value, theirs: &Value) -> bool {
    match (ours, theirs) {
        (Value::String(_), Value::Number(_)) => true,
        (Value::Array(ours), Value::Array(theirs)) => {
            ours.len() == theirs.len() && ours.iter().zip(theirs).all(|(a, b)| are_alike(a, b))
        }
        (Value::Object(ours), Value::Object(theirs)) => {
            let same =
                |(a, b): ((&String, &Value), (&String, &Value))| a.0 == b.0 && are_alike(a.1, b.1);
            ours.len() == theirs.len() && ours.iter().zip(theirs).all(same)
        }
        _ => ours == theirs,
    }
}
