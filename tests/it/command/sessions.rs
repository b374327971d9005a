//! Sessions at a prompt, word by word: `tests/sessions`. After a change of a message,
//! `TRYCMD=overwrite cargo test --test it sessions` writes them anew; read the difference.

use trycmd::{TestCases, schema::Bin};

use crate::support::command::program;

#[test]
fn sessions_are_as_written() {
    let cases = TestCases::new();
    cases
        .register_bin("oreg", Bin::Path(program().to_owned()))
        .env("LC_ALL", "C.UTF-8")
        .env("HOME", "/nonexistent")
        .case("tests/sessions/*.trycmd");
}
