//! Holds what `make generate` writes of the option tables current, and the documentation of every module,
//! `library/<module>.yml`, equal to its option table.

use std::{collections::BTreeMap, fs, path::Path, process::Command};

use oreg::{
    ansible::{
        Module, OptionSpec,
        option::{Kind, OptionDefault},
    },
    modules::{self, documentation::FILES, option_page},
};
use serde::Deserialize;
use serde_json::{Value, json};

/// The members that `ansible-doc` knows.
#[derive(Deserialize)]
#[serde(rename_all = "UPPERCASE", deny_unknown_fields)]
struct Sidecar {
    documentation: Documentation,
    examples: String,
    #[serde(rename = "RETURN")]
    returned: BTreeMap<String, Returned>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    dead_code,
    reason = "some members need only be known, so that a misspelt one is not"
)]
struct Documentation {
    module: String,
    short_description: String,
    description: Value,
    options: BTreeMap<String, Described>,
    author: Option<Value>,
    version_added: Option<Value>,
    attributes: Option<Value>,
    notes: Option<Value>,
    requirements: Option<Value>,
    seealso: Option<Value>,
}

/// An option, as the documentation tells it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Described {
    description: Value,
    r#type: String,
    elements: Option<String>,
    #[serde(default)]
    required: bool,
    default: Option<Value>,
    #[serde(default)]
    choices: Vec<String>,
    #[serde(default)]
    aliases: Vec<String>,
    #[serde(default)]
    suboptions: BTreeMap<String, Described>,
}

#[derive(Deserialize)]
struct Returned {
    description: Value,
    #[serde(rename = "returned")]
    when: String,
    r#type: String,
}

#[test]
fn what_is_made_of_the_option_tables_is_current() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for file in FILES {
        let text = fs::read_to_string(root.join(file.path)).unwrap();
        let wanted = file.update(&text);
        assert!(text == wanted, "{}: run `make generate`", file.path);
    }
}

#[test]
fn the_page_of_options_is_current_and_has_every_option() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(option_page::PATH);
    let text = fs::read_to_string(path).unwrap();
    let wanted = option_page::update(&text);
    assert!(text == wanted, "{}: run `make generate`", option_page::PATH);
    for module in modules::ALL {
        assert!(
            text.contains(&format!("\n## `{}`\n", module.name)),
            "{} has no section: give it one in src/modules/option_page.rs",
            module.name
        );
        for option in module.options() {
            let entry = format!("\n- **`{}`**", option.name);
            assert!(text.contains(&entry), "{}: {}", module.name, option.name);
        }
    }
}

/// Whatever the generator writes, readers of YAML find the option table in it.
#[test]
fn documentation_equals_the_option_table() {
    for module in modules::ALL {
        let sidecar = read(module);
        let documented: BTreeMap<_, _> = sidecar.documentation.options.iter().map(told).collect();
        let taken: BTreeMap<_, _> = module.options().map(taken).collect();
        for (name, option) in &taken {
            assert_eq!(
                documented.get(name),
                Some(option),
                "{}: {name}",
                module.name
            );
        }
        let strangers: Vec<_> = documented
            .keys()
            .filter(|name| !taken.contains_key(*name))
            .collect();
        assert!(
            strangers.is_empty(),
            "{} has no option {strangers:?}",
            module.name
        );
    }
}

#[test]
fn documentation_says_something_of_everything() {
    for module in modules::ALL {
        let sidecar = read(module);
        let about = &sidecar.documentation;
        assert_eq!(about.module, module.name);
        assert!(!about.short_description.is_empty() && says_something(&about.description));
        assert!(sidecar.examples.contains(&format!("{}:", module.name)));
        assert_described(module.name, &about.options);
        for (name, value) in &sidecar.returned {
            let complete = says_something(&value.description)
                && !value.when.is_empty()
                && !value.r#type.is_empty();
            assert!(complete, "{}: {name} is not described", module.name);
        }
    }
}

/// What `scripts/programs` answers: the list that building and packing read.
fn listed(query: &str) -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let output = Command::new(root.join("scripts/programs"))
        .arg(query)
        .output()
        .unwrap();
    assert!(output.status.success());
    let lines = String::from_utf8(output.stdout).unwrap();
    let mut names: Vec<_> = lines
        .lines()
        .map(|line| line.split(' ').next().unwrap().to_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn every_module_has_a_program_and_every_executable_is_packed() {
    let mut modules: Vec<&str> = modules::ALL.iter().map(|module| module.name).collect();
    modules.sort_unstable();
    assert_eq!(listed("modules"), modules);
    let bin = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/bin");
    let files = bin.read_dir().unwrap().map(|entry| entry.unwrap().path());
    let mut executables: Vec<_> = files
        .map(|file| file.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    executables.sort();
    assert_eq!(listed("built"), executables);
}

fn read(module: &Module) -> Sidecar {
    let path = format!("{}/library/{}.yml", env!("CARGO_MANIFEST_DIR"), module.name);
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    serde_yaml::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn assert_described(place: &str, options: &BTreeMap<String, Described>) {
    for (name, option) in options {
        let place = format!("{place}: {name}");
        assert!(
            says_something(&option.description),
            "{place} is not described"
        );
        assert_described(&place, &option.suboptions);
    }
}

/// A sentence or a list of them.
fn says_something(description: &Value) -> bool {
    match description {
        Value::String(text) => !text.is_empty(),
        Value::Array(texts) => !texts.is_empty() && texts.iter().all(Value::is_string),
        _ => false,
    }
}

/// An option in the documentation, in the form in which both are compared.
fn told((name, option): (&String, &Described)) -> (String, Value) {
    let suboptions: BTreeMap<_, _> = option.suboptions.iter().map(told).collect();
    let form = json!({
        "type": option.r#type,
        "elements": option.elements,
        "required": option.required,
        "default": option.default,
        "choices": option.choices,
        "aliases": option.aliases,
        "suboptions": suboptions,
    });
    (name.clone(), form)
}

/// A row of an option table, in the form in which both are compared.
fn taken(option: &OptionSpec) -> (String, Value) {
    let (kind, elements) = words(option.kind);
    let choices = match option.kind {
        Kind::Choice(words) => words(),
        _ => Vec::new(),
    };
    let suboptions = match option.kind {
        Kind::ListOfDict(record) => record.options,
        _ => &[],
    };
    let form = json!({
        "type": kind,
        "elements": elements,
        "required": option.required,
        "default": default(option.default),
        "choices": choices,
        "aliases": option.aliases,
        "suboptions": suboptions.iter().map(taken).collect::<BTreeMap<_, _>>(),
    });
    (option.name.to_owned(), form)
}

/// Ansible's words for a kind of values.
fn words(kind: Kind) -> (&'static str, Option<&'static str>) {
    match kind {
        Kind::Str | Kind::Choice(_) => ("str", None),
        Kind::Path => ("path", None),
        Kind::Bool => ("bool", None),
        Kind::Int(_) => ("int", None),
        Kind::Mode => ("raw", None),
        Kind::ListOfStr => ("list", Some("str")),
        Kind::ListOfPath => ("list", Some("path")),
        Kind::Dict => ("dict", None),
        Kind::ListOfDict(_) => ("list", Some("dict")),
    }
}

fn default(default: OptionDefault) -> Value {
    match default {
        OptionDefault::Absent => Value::Null,
        OptionDefault::Str(text) => json!(text),
        OptionDefault::Bool(flag) => json!(flag),
        OptionDefault::Int(number) => json!(number),
        OptionDefault::List(texts) => json!(texts),
    }
}
