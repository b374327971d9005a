//! `make generate`: brings what is made of the option tables up to date, and names what it has changed.

#![expect(clippy::print_stdout, reason = "it speaks to whoever calls make")]

use std::{fs, io, path::Path};

use oreg::modules::{documentation::FILES, option_page};

fn main() -> io::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for file in FILES {
        bring_up_to_date(&root.join(file.path), |text| file.update(text))?;
    }
    bring_up_to_date(&root.join(option_page::PATH), option_page::update)
}

#[expect(
    clippy::disallowed_methods,
    reason = "files of a working copy can be had again"
)]
fn bring_up_to_date(path: &Path, update: impl Fn(&str) -> String) -> io::Result<()> {
    let before = fs::read_to_string(path)?;
    let after = update(&before);
    if after != before {
        fs::write(path, after)?;
        println!("{}", path.display());
    }
    Ok(())
}
