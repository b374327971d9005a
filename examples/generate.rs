//! `make generate`: brings what is made of the option tables up to date, and names what it has changed.

#![expect(clippy::print_stdout, reason = "it speaks to whoever calls make")]

use std::{fs, io, path::Path};

use oreg::modules::documentation::FILES;

#[expect(
    clippy::disallowed_methods,
    reason = "files of a working copy can be had again"
)]
fn main() -> io::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for file in FILES {
        let path = root.join(file.path);
        let before = fs::read_to_string(&path)?;
        let after = file.update(&before);
        if after != before {
            fs::write(&path, after)?;
            println!("{}", file.path);
        }
    }
    Ok(())
}
