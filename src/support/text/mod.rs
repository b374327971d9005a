//! Text of other machines and other people: masked, made visible, cut, in this order.
//!
//! A server may repeat what it was sent, store what it was given, and quote both in an error. Its text
//! is a [`Foreign`] from the moment it arrives. `Foreign` has no `Display`: only a [`Cleaner`], which
//! knows the secrets of the run, makes a [`Quoted`] of it, and only that can be part of a message.
//! Sentences of the program itself hold no secret and never pass through here.
//!
//! # What is promised
//!
//! No secret that the cleaner has learned is in a [`Quoted`], in any of these notations, also where
//! several of them are mixed and where an escape is escaped again:
//!
//! - as it is, also in Latin-1, UTF-16 and UTF-32 ([`Foreign::from_bytes`]);
//! - escapes of JSON, C, Python, JavaScript: `\"`, `\/`, `\n`, `\uHHHH` with surrogates, `\u{H}`,
//!   `\UHHHHHHHH`, `\xHH`, `\OOO`; a code above 127 is a character or a byte of UTF-8;
//! - percent encoding (`%HH`, `%uHHHH`, `+`), quoted-printable (`=HH`), entities of HTML and XML;
//! - base64, standard and URL-safe, alone or inside a longer text at any of the three offsets, broken
//!   into lines or not; hexadecimal.
//!
//! A secret of fewer than [`SHORT`] characters is masked where it is a whole token only: elsewhere it is
//! a part of other words, and masking it there would spell it.
//!
//! Masking comes before tags, invisible characters and the end are cut off, so no part of a secret is
//! left by cutting. It takes at most [`search::BUDGET`] steps for each text. A text that would take
//! more is withheld as a whole.
//!
//! # What is done besides, without promise
//!
//! Case of ASCII letters is ignored, the reverse of a secret is found, and so is a secret with invisible
//! characters or tags between its letters, its beginning where the text ends, and the beginning of a
//! token. A server that wants to pass on a secret always can: by a cipher, or by spelling it in words.

mod cleaner;
mod foreign;
mod forms;
mod needles;
mod notation;
mod search;
mod visible;

pub use cleaner::Cleaner;
pub use foreign::{Foreign, Quoted};
pub use forms::{SHORT, is_distinctive};
pub use needles::Needles;
