//! Reads the options of a call by a table: unknown, missing and unusable ones are all named at once,
//! with option, place and way out, and never a value.

use std::collections::HashMap;

use serde_json::{Map, Value};
use thiserror::Error;

use super::{
    coerce::{default_of, is_omitted, list, value_of},
    literal,
    option::{Kind, OptionSpec, RecordSpec, Table},
    options::{Given, Options},
    path::Lookup,
};
use crate::{domain::secret::Secret, support::errors::MOST_NAMED};

/// What is wrong with one option.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{place}: {problem}")]
pub struct OptionError {
    /// The option, with index and label inside lists.
    pub place: String,
    /// What is wrong and what would be right.
    pub problem: String,
}

/// What is wrong with the options of a call: the first errors, and how many there are besides.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OptionErrors {
    named: Vec<OptionError>,
    more: usize,
}

impl OptionErrors {
    /// Joins the errors by `separator`.
    pub fn joined(&self, separator: &str) -> String {
        let mut lines: Vec<_> = self.named.iter().map(ToString::to_string).collect();
        if self.more > 0 {
            lines.push(format!("and {} more errors", self.more));
        }
        lines.join(separator)
    }

    /// Adds an error, which is described only if it will be named: a hundred thousand unknown options must
    /// cost neither megabytes nor the search for the name that each resembles.
    fn add(&mut self, describe: impl FnOnce() -> OptionError) {
        if self.named.len() < MOST_NAMED {
            self.named.push(describe());
        } else {
            self.more += 1;
        }
    }
}

/// Reads `given` by `table`; `lookup` knows the variables that paths may contain. Returns the options with
/// defaults filled in, and every secret in them.
///
/// # Errors
/// [`OptionErrors`]: unknown, missing and unusable options, all at once.
pub fn read_options(
    table: Table,
    given: &Map<String, Value>,
    lookup: Lookup,
) -> Result<(Options, Vec<Secret>), OptionErrors> {
    let mut reading = Reading {
        lookup,
        errors: OptionErrors::default(),
        secrets: Vec::new(),
    };
    let options = reading.options(table, given, &Place::default());
    if reading.errors.named.is_empty() {
        Ok((options, reading.secrets))
    } else {
        Err(reading.errors)
    }
}

/// Where in the options a value stands.
#[derive(Clone, Default)]
struct Place {
    list: String,
    label: String,
}

impl Place {
    fn of(&self, name: &str) -> String {
        match self.list.as_str() {
            "" => name.to_owned(),
            list => format!("{list}.{name}{}", self.label),
        }
    }

    fn itself(&self) -> String {
        format!("{}{}", self.list, self.label)
    }
}

struct Reading {
    lookup: Lookup,
    errors: OptionErrors,
    secrets: Vec<Secret>,
}

impl Reading {
    fn options(&mut self, table: Table, given: &Map<String, Value>, place: &Place) -> Options {
        self.refuse_unknown(table, given, place);
        let mut values = HashMap::new();
        for spec in table.iter().copied().flatten() {
            if let Some(value) = self.option(spec, given, place) {
                values.insert(spec.name, value);
            }
        }
        Options(values)
    }

    fn refuse_unknown(&mut self, table: Table, given: &Map<String, Value>, place: &Place) {
        let rows = || table.iter().copied().flatten();
        for name in given.keys() {
            if rows().any(|spec| spec.answers_to(name)) {
                continue;
            }
            self.errors.add(|| {
                let (what, place) = match place.list.as_str() {
                    "" => ("option", quote_name(name)),
                    _ => ("key", place.itself()),
                };
                let problem = unknown(name, what, table);
                OptionError { place, problem }
            });
        }
    }

    fn option(
        &mut self,
        spec: &'static OptionSpec,
        given: &Map<String, Value>,
        place: &Place,
    ) -> Option<Given> {
        let names = std::iter::once(&spec.name).chain(spec.aliases);
        let mut values = names
            .filter_map(|name| given.get(*name))
            .filter(|v| is_given(v, spec));
        let Some(value) = values.next() else {
            return self.absent(spec, given, place);
        };
        // Equal values are harmless: a task may pass on the options of another. Two values are a mistake.
        if values.next().is_some_and(|other| other != value) {
            self.fail(
                place.of(spec.name),
                "is given twice under different names".to_owned(),
            );
        }
        let read = self.value(spec, value, place)?;
        if let Given::Secret(secret) = &read {
            self.secrets.push(secret.clone());
        }
        Some(read)
    }

    fn absent(
        &mut self,
        spec: &OptionSpec,
        given: &Map<String, Value>,
        place: &Place,
    ) -> Option<Given> {
        if spec.required {
            let empty = given.contains_key(spec.name);
            let problem = if empty {
                "is required and must not be empty"
            } else {
                "is required"
            };
            self.fail(place.of(spec.name), problem.to_owned());
        }
        default_of(spec)
    }

    fn value(&mut self, spec: &'static OptionSpec, value: &Value, place: &Place) -> Option<Given> {
        if let Kind::ListOfDict(records) = spec.kind {
            return self.records(spec.name, records, value);
        }
        match value_of(spec, value, self.lookup) {
            Ok(given) => Some(given),
            Err(problem) => {
                self.fail(place.of(spec.name), problem);
                None
            }
        }
    }

    fn records(
        &mut self,
        name: &str,
        records: &'static RecordSpec,
        value: &Value,
    ) -> Option<Given> {
        let members = match list(value, "a list of dicts") {
            Ok(members) => members,
            Err(problem) => {
                self.fail(name.to_owned(), problem);
                return None;
            }
        };
        let read = members
            .iter()
            .enumerate()
            .map(|(index, member)| self.record(&format!("{name}[{index}]"), records, member));
        Some(Given::Records(
            read.collect::<Vec<_>>().into_iter().flatten().collect(),
        ))
    }

    fn record(
        &mut self,
        place: &str,
        records: &'static RecordSpec,
        value: &Value,
    ) -> Option<Options> {
        // A list that came as text has members that are text as well.
        let text_form = value.as_str().map(literal::read);
        match (value, &text_form) {
            (Value::Object(given), _) | (_, Some(Ok(Value::Object(given)))) => {
                let label = given.get(records.label).and_then(Value::as_str);
                let label = label.map(|text| format!(" ({} {})", records.label, quote_label(text)));
                let place = Place {
                    list: place.to_owned(),
                    label: label.unwrap_or_default(),
                };
                Some(self.record_options(records, given, &place))
            }
            (_, Some(Err(error))) if *error == literal::LiteralError::QuotesStripped => {
                self.fail(place.to_owned(), error.to_string());
                None
            }
            _ => {
                let keys: Vec<_> = records.options.iter().map(|spec| spec.name).collect();
                let problem = format!("must be a dict with the keys {}", keys.join(", "));
                self.fail(place.to_owned(), problem);
                None
            }
        }
    }

    fn record_options(
        &mut self,
        records: &'static RecordSpec,
        given: &Map<String, Value>,
        place: &Place,
    ) -> Options {
        self.options(std::slice::from_ref(&records.options), given, place)
    }

    fn fail(&mut self, place: String, problem: String) {
        self.errors.add(|| OptionError { place, problem });
    }
}

/// `null` and empty text are what templates leave of a value that is not there.
fn is_given(value: &Value, spec: &OptionSpec) -> bool {
    match value {
        value if is_omitted(value) => false,
        Value::String(text) => !text.is_empty() && (spec.secret || !text.trim().is_empty()),
        _ => true,
    }
}

fn unknown(name: &str, what: &str, table: Table) -> String {
    let rows = || table.iter().copied().flatten();
    let names = rows().flat_map(|spec| std::iter::once(&spec.name).chain(spec.aliases));
    let near = |candidate: &&&str| strsim::damerau_levenshtein(candidate, name);
    let nearest = names
        .min_by_key(near)
        .filter(|candidate| near(candidate) <= candidate.len() / 2);
    let what = if what == "key" {
        format!("unknown key {}", quote_name(name))
    } else {
        format!("unknown {what}")
    };
    match nearest {
        Some(nearest) => format!("{what}; did you mean {nearest}?"),
        None => {
            let known: Vec<_> = rows().map(|spec| spec.name).collect();
            format!("{what}; known are {}", known.join(", "))
        }
    }
}

/// A name that may be shown: what looks like a value (a ruined list holds passwords in its keys)
/// is only counted.
fn quote_name(name: &str) -> String {
    quote_if(name, |c| {
        c.is_ascii_alphanumeric() || matches!(c, '_' | '-')
    })
}

/// A label is a host, so it may have a port or a path; `user:password@host` is not shown.
fn quote_label(label: &str) -> String {
    let fits = |c: char| c.is_ascii_alphanumeric() || "_-.:/[]".contains(c);
    quote_if(label, fits)
}

fn quote_if(text: &str, fits: impl Fn(char) -> bool) -> String {
    if text.len() <= 100 && text.chars().all(fits) {
        text.to_owned()
    } else {
        format!("(a text of {} characters)", text.chars().count())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{
        super::row::{Choice, Mode, OneOf, Row},
        *,
    };

    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    enum Letter {
        A,
        B,
    }

    impl Choice for Letter {
        const ALL: &'static [Self] = &[Self::A, Self::B];

        fn word(self) -> &'static str {
            match self {
                Self::A => "a",
                Self::B => "b",
            }
        }
    }

    const HOST: Row<String> = Row::text("host").required();
    const PASSWORD: Row<Secret> = Row::text("password").secret().required();
    const TLS_VERIFY: Row<bool> = Row::flag("tls_verify", true);
    const RECORD: RecordSpec = RecordSpec {
        label: "host",
        options: &[HOST.spec(), PASSWORD.spec(), TLS_VERIFY.spec()],
    };

    const NAME: Row<Option<String>> = Row::text("name").aliases(&["title"]);
    const KIND: Row<OneOf<Letter>> = Row::choice("kind").default("a");
    const TOKEN: Row<Option<Secret>> = Row::text("token").secret();
    const ON: Row<bool> = Row::flag("on", false);
    const COUNT: Row<u64> = Row::count("count", 1, 1);
    const MODE: Row<Mode> = Row::mode("mode", "0600");
    const HOSTS: Row<Vec<String>> = Row::texts("hosts");
    const FILES: Row<Vec<String>> = Row::paths("files");
    const MAP: Row<Vec<(String, String)>> = Row::dict("map");
    const RECORDS: Row<Vec<Options>> = Row::records("records", &RECORD, &[]);
    const TABLE: Table = &[
        &[
            NAME.spec(),
            KIND.spec(),
            TOKEN.spec(),
            ON.spec(),
            COUNT.spec(),
            MODE.spec(),
        ],
        &[HOSTS.spec(), FILES.spec(), MAP.spec(), RECORDS.spec()],
    ];

    #[expect(
        clippy::needless_pass_by_value,
        reason = "calls read better with a literal"
    )]
    fn read(given: Value) -> Result<Options, String> {
        let given = given.as_object().cloned().unwrap();
        read_options(TABLE, &given, |_| None)
            .map(|(options, _)| options)
            .map_err(|errors| errors.joined("; "))
    }

    fn refusal(given: Value) -> String {
        read(given).unwrap_err()
    }

    #[test]
    fn truth_has_many_spellings() {
        for yes in [
            json!(true),
            json!("True"),
            json!("yes"),
            json!("on"),
            json!("1"),
            json!(1),
            json!(" T "),
        ] {
            assert!(read(json!({"on": yes})).unwrap().get(ON));
        }
        for no in [
            json!(false),
            json!("False"),
            json!("no"),
            json!("off"),
            json!(0),
            json!("F"),
        ] {
            assert!(!read(json!({"on": no})).unwrap().get(ON));
        }
        assert_eq!(
            refusal(json!({"on": "maybe"})),
            "on: must be true or false (or yes/no, on/off, 1/0)"
        );
    }

    #[test]
    fn addresses_in_brackets_are_no_list() {
        let texts = |text: &str| read(json!({"hosts": text})).unwrap().get(HOSTS).to_vec();
        assert_eq!(texts("[::1]:5000, [fd00::1]"), ["[::1]:5000", "[fd00::1]"]);
        assert_eq!(texts("['::1']"), ["::1"]);
    }

    #[test]
    fn numbers_and_modes() {
        let count = |value| read(json!({"count": value})).unwrap().get(COUNT);
        assert_eq!(
            (count(json!("42")), count(json!(42)), count(json!(3.0))),
            (42, 42, 3)
        );
        assert_eq!(
            refusal(json!({"count": "0"})),
            "count: must be a whole number, 1 or more"
        );
        let mode = |value| read(json!({"mode": value})).unwrap().get(MODE);
        assert_eq!(
            (mode(json!("0640")), mode(json!(384)), mode(json!(null))),
            (0o640, 0o600, 0o600)
        );
        assert!(refusal(json!({"mode": "u=rw"})).contains("octal"));
        for no_mode in [
            json!(600),
            json!("+600"),
            json!("0o0o600"),
            json!(384.5),
            json!("8"),
        ] {
            assert!(
                refusal(json!({"mode": no_mode})).contains("octal"),
                "{no_mode}"
            );
        }
        let longest = json!({"name": 18_446_744_073_709_551_615_u64});
        assert_eq!(
            read(longest).unwrap().get(NAME),
            Some("18446744073709551615")
        );
    }

    #[test]
    fn lists_and_dicts_also_as_text() {
        for hosts in [
            json!(["a", "b"]),
            json!("a, b"),
            json!("['a','b']"),
            json!("[\"a\",\"b\"]"),
            json!("[a, b]"),
            json!(["a", "__omit_place_holder__1f", "b"]),
        ] {
            assert_eq!(
                read(json!({"hosts": hosts})).unwrap().get(HOSTS),
                ["a", "b"]
            );
        }
        let pair = [("k".to_owned(), "v".to_owned())];
        for map in [json!({"k": "v"}), json!("{'k': 'v'}"), json!("k=v")] {
            assert_eq!(read(json!({"map": map})).unwrap().get(MAP), pair);
        }
        assert_eq!(
            refusal(json!({"files": "config.json"})),
            "files: must be an absolute path, beginning with /"
        );
    }

    #[test]
    fn records_in_every_form_are_equal() {
        let expected =
            read(json!({"records": [{"host": "h", "password": "p", "tls_verify": "False"}]}))
                .unwrap();
        for records in [
            json!("[{'host': 'h', 'password': 'p', 'tls_verify': 'no'}]"),
            json!("[{\"host\": \"h\", \"password\": \"p\", \"tls_verify\": false}]"),
            json!("[{host: h, password: p, tls_verify: off}]"),
            json!(["{'host': 'h', 'password': 'p', 'tls_verify': 0}"]),
        ] {
            assert_eq!(read(json!({"records": records})).unwrap(), expected);
        }
        let record = &expected.get(RECORDS)[0];
        assert_eq!((record.get(HOST), record.get(TLS_VERIFY)), ("h", false));
        assert_eq!(record.get(PASSWORD).expose(), "p");
    }

    #[test]
    fn errors_name_the_place_and_the_way_out_and_no_value() {
        let table = [
            (
                json!({"nmae": "s3cret"}),
                "nmae: unknown option; did you mean name?",
            ),
            (
                json!({"records": [{"host": "h", "passwd": "s3cret"}]}),
                "records[0] (host h): unknown key passwd; did you mean password?; records[0].password (host h): is required",
            ),
            (
                json!({"records": [{"host": "h", "password": ""}]}),
                "records[0].password (host h): is required and must not be empty",
            ),
            (
                json!({"records": [{"host": "h", "password": ["s3cret"]}]}),
                "records[0].password (host h): must be text, not a list",
            ),
            (
                json!({"records": ["s3cret"]}),
                "records[0]: must be a dict with the keys host, password, tls_verify",
            ),
            (
                json!({"records": {"host": "h"}}),
                "records: must be a list of dicts: put the dict in a list",
            ),
            (
                json!({"name": 12_345_678_901_234_567_890_123_f64}),
                "name: arrived as a number and may have lost digits: write it in quotes",
            ),
            (
                json!({"name": 3.1}),
                "name: arrived as a number and may have lost digits: write it in quotes",
            ),
            (
                json!({"hosts": ["a", 1e3]}),
                "hosts: arrived as a number and may have lost digits: write it in quotes",
            ),
            (
                json!({"name": true}),
                "name: must be text, not a truth value: write it in quotes",
            ),
            (
                json!({"records": r"[{'host':'h','password':'100\N{EURO SIGN}'}]"}),
                r"records: holds an escape at character 29 that cannot be read: write the character itself",
            ),
            (
                json!({"token": 1.5}),
                "token: arrived as a number and may have lost digits: write it in quotes",
            ),
            (
                json!({"name": "x", "title": "y"}),
                "name: is given twice under different names",
            ),
            (json!({"kind": "c"}), "kind: must be one of a, b"),
        ];
        for (given, message) in table {
            assert_eq!(refusal(given), message);
        }
    }

    #[test]
    fn a_ruined_list_is_explained_and_not_quoted() {
        let message = refusal(json!({"records": "[{host:h,user:u,password:s3cret}]"}));
        assert!(
            message.contains("[group:vars]") && !message.contains("s3cret"),
            "{message}"
        );
        let message = refusal(json!({"password:s3cret": "x"}));
        assert!(!message.contains("s3cret"), "{message}");
    }

    #[test]
    fn of_many_errors_the_first_are_named_and_the_rest_counted() {
        let given: Map<String, Value> = (0..100_000)
            .map(|n| (format!("unknown_{n}"), Value::Null))
            .collect();
        let refused = refusal(Value::Object(given));
        assert!(refused.len() < 10_000, "{} bytes", refused.len());
        assert!(refused.contains("unknown_19:") && !refused.contains("unknown_20:"));
        assert!(refused.contains("and 999"), "{refused}");
    }
}
