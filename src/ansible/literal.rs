//! Lists and dicts that arrive as text: JSON, Python literals (`[{'host': u'h'}]`, `True`, `None`,
//! tuples), YAML flow (`[{host: h}]`).
//!
//! Numbers and YAML's plain words stay text as they were spelled: a password of digits must not
//! lose its zeros. Reading takes linear time and stops at [`MAX_DEPTH`]. Errors never quote the text.

mod words;

use serde_json::{Map, Value};
use thiserror::Error;

use self::words::{Dialect, constant, has_bytes, is_python, plain_end};

/// Levels of lists and dicts inside each other that are read.
pub const MAX_DEPTH: usize = 64;

/// Why a text is not a list or dict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum LiteralError {
    /// Neither JSON nor a Python literal nor YAML flow. Characters count from 1.
    #[error(
        "is text that is neither JSON nor a Python literal nor YAML flow \
         (first fault at character {0})"
    )]
    Syntax(usize),
    /// An escape that is wrong, or needs a table of names (`\N{…}`).
    #[error("holds an escape at character {0} that cannot be read: write the character itself")]
    Escape(usize),
    /// Bytes or characters, by the version of Python that wrote it; one quote or the end of a text.
    #[error(
        "can be read in two ways at character {0}: write the character itself, and no quotes side \
         by side"
    )]
    Ambiguous(usize),
    /// YAML would fold it, JSON and Python do not allow it.
    #[error(
        "holds a line break in a text at character {0}: write \\n in double quotes, or one line"
    )]
    LineBreak(usize),
    /// Of the two values one would be lost.
    #[error("has a key twice in one dict (at character {0}): leave one out")]
    KeyTwice(usize),
    /// Too many levels.
    #[error("is nested deeper than {MAX_DEPTH} levels")]
    TooDeep,
    /// What Ansible leaves of an unquoted value on an INI host line.
    #[error(
        "has lost its quotes: Ansible strips them from an unquoted value on an INI host line. \
         Move the variable to a [group:vars] section or a YAML file, or put the whole value in \
         double quotes: variable=\"[{{'host': 'registry.example.com', …}}]\""
    )]
    QuotesStripped,
}

/// Reads `text` as a list or dict in whichever notation fits.
///
/// # Errors
/// [`LiteralError`]; where no notation fits, the place where the one that read furthest stopped.
pub fn read(text: &str) -> Result<Value, LiteralError> {
    let dialects = [Dialect::Json, Dialect::Python, Dialect::YamlFlow];
    let mut furthest = 1;
    for dialect in dialects {
        match Reader::new(text, dialect).document() {
            Ok(value) => return Ok(value),
            // The dialect that got furthest is the one that was meant.
            Err(LiteralError::Syntax(at)) => furthest = furthest.max(at),
            // The text is of this dialect: another one would only give it another meaning.
            Err(decisive) => return Err(decisive),
        }
    }
    Err(LiteralError::Syntax(furthest))
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
    dialect: Dialect,
}

type Read<T> = Result<T, LiteralError>;

impl<'a> Reader<'a> {
    fn new(text: &'a str, dialect: Dialect) -> Self {
        Self {
            text,
            at: 0,
            depth: 0,
            dialect,
        }
    }

    fn document(mut self) -> Read<Value> {
        let value = self.value()?;
        self.skip_space();
        if self.at == self.text.len() {
            Ok(value)
        } else {
            Err(self.error_here())
        }
    }

    fn value(&mut self) -> Read<Value> {
        self.skip_space();
        match self.peek() {
            Some('[') => self.nested(|reader| reader.list(']')),
            // Templates print tuples, such as those of `dict.items()`.
            Some('(') if self.dialect == Dialect::Python => self.nested(|reader| reader.list(')')),
            Some('{') => self.nested(Self::dict),
            _ => self.scalar(),
        }
    }

    fn nested(&mut self, read: impl FnOnce(&mut Self) -> Read<Value>) -> Read<Value> {
        self.depth += 1;
        // The reader is recursive, and a text of brackets would overflow the stack.
        if self.depth > MAX_DEPTH {
            return Err(LiteralError::TooDeep);
        }
        self.bump();
        let value = read(self)?;
        self.depth -= 1;
        Ok(value)
    }

    fn list(&mut self, close: char) -> Read<Value> {
        let mut items = Vec::new();
        while !self.eat(close) {
            items.push(self.value()?);
            self.separator(close)?;
        }
        Ok(Value::Array(items))
    }

    fn dict(&mut self) -> Read<Value> {
        let mut members = Map::new();
        while !self.eat('}') {
            let at = self.at;
            let name = self.name()?;
            let value = self.value()?;
            // Which of the two was meant cannot be known, and one may be a password.
            if members.insert(name, value).is_some() {
                return Err(LiteralError::KeyTwice(self.position(at)));
            }
            self.separator('}')?;
        }
        Ok(Value::Object(members))
    }

    /// A comma, or the end of the list or dict right after.
    fn separator(&mut self, close: char) -> Read<()> {
        if self.eat(',') {
            self.skip_space();
            let ends = self.peek() == Some(close);
            // Python and YAML allow a comma at the end, JSON does not.
            return if ends && self.dialect == Dialect::Json {
                Err(self.error_here())
            } else {
                Ok(())
            };
        }
        if self.peek() == Some(close) {
            Ok(())
        } else {
            Err(self.error_here())
        }
    }

    fn name(&mut self) -> Read<String> {
        self.skip_space();
        let Value::String(name) = self.scalar()? else {
            return Err(self.error_here());
        };
        if self.eat(':') {
            Ok(name)
        } else {
            Err(self.stripped_or_error(&name))
        }
    }

    /// `{host:registry.example.com,…}`: a name that swallowed its value, because YAML wants a space
    /// after the colon. People do not write that; INI host lines do.
    fn stripped_or_error(&self, name: &str) -> LiteralError {
        let stripped = self.dialect == Dialect::YamlFlow && name.contains(':');
        if stripped {
            LiteralError::QuotesStripped
        } else {
            self.error_here()
        }
    }

    fn scalar(&mut self) -> Read<Value> {
        match self.peek() {
            Some('"') => self.string('"'),
            Some('\'') if self.dialect != Dialect::Json => self.string('\''),
            Some('u' | 'U') if self.dialect == Dialect::Python && self.quote_follows() => {
                self.bump();
                self.unicode_string()
            }
            Some(_) if self.dialect == Dialect::YamlFlow => self.plain(),
            Some(_) => self.word(),
            None => Err(self.error_here()),
        }
    }

    fn quote_follows(&self) -> bool {
        matches!(self.text[self.at + 1..].chars().next(), Some('"' | '\''))
    }

    /// A number or constant of JSON or Python.
    fn word(&mut self) -> Read<Value> {
        let rest = &self.text[self.at..];
        let end = rest
            .find(|c: char| c.is_whitespace() || matches!(c, ',' | ']' | ')' | '}' | ':'))
            .unwrap_or(rest.len());
        let value = constant(&rest[..end], self.dialect).ok_or_else(|| self.error_here())?;
        self.at += end;
        Ok(value)
    }

    /// A plain scalar of YAML flow: up to `,`, a bracket, `: ` or ` #`.
    fn plain(&mut self) -> Read<Value> {
        let rest = &self.text[self.at..];
        let end = plain_end(rest);
        let text = rest[..end].trim_end();
        if text.contains(['\n', '\r']) {
            return Err(LiteralError::LineBreak(self.position(self.at)));
        }
        let is_marked = text.starts_with(['&', '*', '!', '|', '>', '%', '@', '`', '#']);
        if text.is_empty() || is_marked || is_python(text) {
            return Err(self.error_here());
        }
        self.at += end;
        Ok(match text {
            "null" | "~" | "Null" | "NULL" => Value::Null,
            text => Value::from(text),
        })
    }

    /// `u'…'`: its escapes are characters in every version of Python.
    fn unicode_string(&mut self) -> Read<Value> {
        let quote = self.peek().ok_or_else(|| self.error_here())?;
        self.quoted(quote).map(Value::String)
    }

    fn string(&mut self, quote: char) -> Read<Value> {
        let begin = self.at;
        let text = self.quoted(quote)?;
        let python = self.dialect == Dialect::Python;
        // Python 2 writes the bytes of UTF-8 so, and Python 3 characters.
        if python && has_bytes(&self.text[begin..self.at]) {
            return Err(LiteralError::Ambiguous(self.position(begin)));
        }
        // Python joins the two texts, YAML reads one quote.
        if python && self.peek() == Some(quote) {
            return Err(LiteralError::Ambiguous(self.position(self.at)));
        }
        Ok(Value::String(text))
    }

    fn quoted(&mut self, quote: char) -> Read<String> {
        self.bump();
        let mut text = String::new();
        loop {
            let at = self.at;
            match self.bump().ok_or_else(|| self.error_here())? {
                c if c == quote && self.doubles(quote) => {
                    self.bump();
                    text.push(quote);
                }
                c if c == quote => return Ok(text),
                '\n' | '\r' => return Err(LiteralError::LineBreak(self.position(at))),
                '\\' if !self.is_yaml_single(quote) => self.escape(&mut text)?,
                c => text.push(c),
            }
        }
    }

    /// YAML writes a quote inside single quotes twice.
    fn doubles(&self, quote: char) -> bool {
        self.is_yaml_single(quote) && self.peek() == Some(quote)
    }

    fn is_yaml_single(&self, quote: char) -> bool {
        self.dialect == Dialect::YamlFlow && quote == '\''
    }

    /// In Python a wrong escape is decisive: YAML would take it for ordinary characters.
    fn escape(&mut self, text: &mut String) -> Read<()> {
        let at = self.at - 1;
        match self.escaped(text) {
            Err(LiteralError::Syntax(_)) if self.dialect == Dialect::Python => {
                Err(LiteralError::Escape(self.position(at)))
            }
            read => read,
        }
    }

    fn escaped(&mut self, text: &mut String) -> Read<()> {
        let character = match self.bump().ok_or_else(|| self.error_here())? {
            'n' => '\n',
            't' => '\t',
            'r' => '\r',
            'b' => '\u{8}',
            'f' => '\u{c}',
            'a' if self.dialect == Dialect::Python => '\u{7}',
            'v' if self.dialect == Dialect::Python => '\u{b}',
            first @ '0'..='7' if self.dialect == Dialect::Python => self.octal(first)?,
            'x' if self.dialect != Dialect::Json => self.hexadecimal(2)?,
            'u' => self.hexadecimal(4)?,
            'U' if self.dialect != Dialect::Json => self.hexadecimal(8)?,
            c @ ('\\' | '\'' | '"') => c,
            '/' if self.dialect != Dialect::Python => '/',
            '\n' if self.dialect == Dialect::Python => return Ok(()),
            'N' if self.dialect == Dialect::Python => return Err(self.error_here()),
            other if self.dialect == Dialect::Python => {
                text.push('\\');
                other
            }
            _ => return Err(self.error_here()),
        };
        text.push(character);
        Ok(())
    }

    /// Up to three digits (Python reference, "String and Bytes literals").
    fn octal(&mut self, first: char) -> Read<char> {
        let rest = self.text[self.at..].bytes().take(2);
        let more = rest.take_while(|byte| (b'0'..=b'7').contains(byte)).count();
        let digits = &self.text[self.at - first.len_utf8()..self.at + more];
        let code = u32::from_str_radix(digits, 8).ok().and_then(char::from_u32);
        self.at += more;
        code.ok_or_else(|| self.error_here())
    }

    fn hexadecimal(&mut self, digits: usize) -> Read<char> {
        let code = self.hex_number(digits)?;
        let code = match code {
            0xD800..0xDC00 if self.text[self.at..].starts_with("\\u") => {
                self.at += 2;
                let low = self.hex_number(4)?;
                if !(0xDC00..0xE000).contains(&low) {
                    return Err(self.error_here());
                }
                0x1_0000 + ((code - 0xD800) << 10) + (low - 0xDC00)
            }
            code => code,
        };
        char::from_u32(code).ok_or_else(|| self.error_here())
    }

    fn hex_number(&mut self, digits: usize) -> Read<u32> {
        let text = self
            .text
            .get(self.at..self.at + digits)
            .ok_or_else(|| self.error_here())?;
        let is_hex = text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let number = u32::from_str_radix(text, 16).ok().filter(|_| is_hex);
        self.at += digits;
        number.ok_or_else(|| self.error_here())
    }

    fn eat(&mut self, wanted: char) -> bool {
        self.skip_space();
        let found = self.peek() == Some(wanted);
        if found {
            self.bump();
        }
        found
    }

    fn skip_space(&mut self) {
        let rest = &self.text[self.at..];
        self.at += rest.len() - rest.trim_start().len();
    }

    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    fn bump(&mut self) -> Option<char> {
        let character = self.peek()?;
        self.at += character.len_utf8();
        Some(character)
    }

    fn error_here(&self) -> LiteralError {
        LiteralError::Syntax(self.position(self.at))
    }

    fn position(&self, at: usize) -> usize {
        self.text[..at.min(self.text.len())].chars().count() + 1
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn every_notation_gives_the_same() {
        let expected = json!([
            {"host": "r.example.com", "user": "name", "password": "pass1", "test_login": "False"},
            {"host": "r2.example.com:5000", "password": "0123"},
        ]);
        let table = [
            r#"[{"host":"r.example.com","user":"name","password":"pass1","test_login":"False"},{"host":"r2.example.com:5000","password":"0123"}]"#,
            "[{'host':'r.example.com','user':'name','password':'pass1','test_login':'False'},{'host':'r2.example.com:5000','password':'0123'}]",
            "[{u'host': u'r.example.com', u'user': u'name', u'password': u'pass1', u'test_login': u'False'}, {u'host': u'r2.example.com:5000', u'password': u'0123'}]",
            "({'host': 'r.example.com', 'user': 'name', 'password': 'pass1', 'test_login': 'False'}, {'host': 'r2.example.com:5000', 'password': '0123',},)",
            "[{host: r.example.com, user: name, password: pass1, test_login: False}, {host: r2.example.com:5000, password: 0123}]",
            "[ {host: 'r.example.com', user: \"name\", password: pass1, 'test_login': False },\n {host: r2.example.com:5000, password: 0123} ]",
        ];
        for text in table {
            assert_eq!(read(text), Ok(expected.clone()), "{text}");
        }
    }

    #[test]
    fn scalars_and_escapes() {
        let table = [
            (
                "[True, False, None, 1.10, -2]",
                json!([true, false, null, "1.10", "-2"]),
            ),
            ("[true, false, null]", json!([true, false, null])),
            (r#"["a\/b\u00fc\ud83d\ude00\n"]"#, json!(["a/bü😀\n"])),
            (
                r"['it\'s', 'a\x41\d', '\U0001F600', 'a\101b\0\78\a']",
                json!(["it's", "aA\\d", "😀", "aAb\0\u{7}8\u{7}"]),
            ),
            (
                r"[{a: 'it''s\n', b: ~, c: x y}]",
                json!([{"a": "it's\\n", "b": null, "c": "x y"}]),
            ),
            ("[]", json!([])),
            ("{}", json!({})),
            ("[(), {'a': ('b',)}]", json!([[], {"a": ["b"]}])),
            (
                "[{'p': 12345678901234567890123}]",
                json!([{"p": "12345678901234567890123"}]),
            ),
        ];
        for (text, value) in table {
            assert_eq!(read(text), Ok(value), "{text}");
        }
    }

    #[test]
    fn the_ruin_of_an_ini_host_line_is_recognised() {
        for text in [
            "[{host:registry.example.com,user:name,password:pass1,test_login:False},{host:r2,password:t}]",
            "[{host:registry.example.com}]",
        ] {
            assert_eq!(read(text), Err(LiteralError::QuotesStripped), "{text}");
        }
    }

    #[test]
    fn refuses_the_rest_and_says_where() {
        for text in [
            "",
            "[",
            "[{'a': }]",
            "[{'a' 'b'}]",
            "['a]",
            "[<generator object>",
            "[b'abc']",
            "[{p: r'a'}]",
            "[AnsibleUnsafeText('x')]",
        ] {
            assert!(matches!(read(text), Err(LiteralError::Syntax(_))), "{text}");
        }
        assert_eq!(read("['a', 'b'"), Err(LiteralError::Syntax(10)));
    }

    #[test]
    fn what_cannot_be_read_exactly_is_refused() {
        use LiteralError::{Ambiguous, Escape, KeyTwice, LineBreak};
        let table = [
            (r"[{'p':'100\N{EURO SIGN}'}]", Escape(11)),
            (r"[{'p':'\x4'}]", Escape(8)),
            (r"['\ud83d']", Escape(3)),
            (r"['\ud83d\u0041']", Escape(3)),
            (r"['\U00110000']", Escape(3)),
            (r"[{'p': 'p\xc3\xa4ss'}]", Ambiguous(8)),
            ("[{'p': 'it''s'}]", Ambiguous(12)),
            ("['''a''']", Ambiguous(4)),
            ("[{'p': 'a\nb'}]", LineBreak(10)),
            ("[{\"p\": \"a\n b\"}]", LineBreak(10)),
            ("[{p: 'a\n b'}]", LineBreak(8)),
            ("[{p: a\n b}]", LineBreak(6)),
            ("[{'p': 'a', 'p': 'b'}]", KeyTwice(13)),
            ("[{\"p\": 1, \"p\": 1}]", KeyTwice(11)),
            ("[{p: a, q: b, p: c}]", KeyTwice(15)),
        ];
        for (text, error) in table {
            assert_eq!(read(text), Err(error), "{text}");
        }
        let exact = read(r"[u'p\xc3\xa4ss', 'p\xe4ss']");
        assert_eq!(exact, Ok(json!(["p\u{c3}\u{a4}ss", "päss"])));
    }

    #[test]
    fn depth_is_limited() {
        let nest = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        assert!(read(&nest(MAX_DEPTH)).is_ok());
        assert_eq!(read(&nest(MAX_DEPTH + 1)), Err(LiteralError::TooDeep));
        assert_eq!(read(&"[{'a':".repeat(100_000)), Err(LiteralError::TooDeep));
    }

    proptest! {
        #[test]
        fn never_panics(text in "\\PC{0,60}|[\\[\\]{}()'\":,\\\\ua ]{0,60}") {
            let _ = read(&text);
        }

        #[test]
        fn json_text_comes_back(words in prop::collection::vec("\\PC{0,12}", 0..5)) {
            let value = json!(words);
            prop_assert_eq!(read(&value.to_string()), Ok(value));
        }
    }
}
