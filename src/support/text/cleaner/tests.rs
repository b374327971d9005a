use proptest::prelude::*;

use super::*;

fn quoted(secret: &str, text: &str) -> String {
    let cleaner = Cleaner::new([Secret::new(secret)]);
    cleaner.quote(&Foreign::new(text)).to_string()
}

fn assert_masked(secret: &str, text: &str) {
    let shown = quoted(secret, &format!("bad: {text}. end"));
    assert_eq!(shown, "bad: ********. end", "{text}");
}

#[test]
fn a_secret_is_found_in_every_notation() {
    let ascii = r#"p@ss/w:r"d <lo&ng>+1\n"#;
    let written = [
        r#"p@ss/w:r"d <lo&ng>+1\n"#,
        r#"p@ss/w:r\"d <lo&ng>+1\\n"#,
        r#"p@ss\/w:r\"d <lo&ng>+1\\n"#,
        r#"p@ss\/w:r\\\"d <lo&ng>+1\\\\n"#,
        r"p@ss\u002fw:r\u0022d\u0020\u003Clo\u0026ng\u003E\u002b1\\n",
        r"p\x40ss\x2fw:r\x22d <lo\x26ng>+1\x5cn",
        r"p\U00000040ss\057w:r\042d\040<lo&ng>+1\\n",
        "p%40ss%2Fw%3Ar%22d%20%3Clo%26ng%3E%2B1%5Cn",
        "p%40ss%2fw%3ar%22d+%3clo%26ng%3e%2b1%5cn",
        "p%2540ss%252Fw%253Ar%2522d%2520%253Clo%2526ng%253E%252B1%255Cn",
        "p@ss/w:r&quot;d &lt;lo&amp;ng&gt;+1\\n",
        "p@ss&#47;w:r&#34;d &#x3c;lo&#X26;ng&#x3E;+1\\n",
        "p&commat;ss&sol;w&colon;r&amp;quot;d &amp;lt;lo&amp;amp;ng&amp;gt;&plus;1&bsol;n",
        "p=40ss/w:r=22d=20=3Clo=26ng=3E+1=5Cn",
        "cEBzcy93OnIiZCA8bG8mbmc+KzFcbg==",
        "cEBzcy93OnIiZCA8bG8mbmc-KzFcbg",
        "cEBzcy93OnIiZCA8bG8mbmc%2BKzFcbg%3D%3D",
        "704073732f773a722264203c6c6f266e673e2b315c6e",
    ];
    for text in written {
        let shown = quoted(ascii, &format!("bad: {text}"));
        let rest = shown
            .strip_prefix("bad: ********")
            .unwrap_or_else(|| panic!("{text}: {shown}"));
        assert!(rest.chars().all(|c| "%3D".contains(c)), "{text}: {shown}");
    }
    for text in [
        "päss😀x1",
        r"p\u00e4ss\ud83d\ude00x1",
        r"p\xe4ss\U0001f600x1",
        r"p\xc3\xa4ss\xf0\x9f\x98\x80x1",
        r"p\303\244ss\360\237\230\200x1",
        "p%C3%a4ss%f0%9f%98%80x1",
        "p%E4ss😀x1",
        "p&#228;ss&#x1f600;x1",
        "p&auml;ss😀x1",
        r"p\\u00e4ss\\ud83d\\ude00x1",
        r"p\u{e4}ss\u{1f600}x1",
    ] {
        assert_masked("päss😀x1", text);
    }
}

#[test]
fn base64_of_a_longer_text_is_masked_as_a_whole() {
    use base64::{
        Engine,
        engine::general_purpose::{STANDARD, URL_SAFE},
    };
    let secret = "S3cr3t<Passw0rd>?";
    for before in ["", "x", "xy", "xyz", r#"{"auths":{"r":{"password":""#] {
        for after in ["", "1", "12", "\"}}}"] {
            for engine in [&STANDARD, &URL_SAFE] {
                assert_masked(secret, &engine.encode(format!("{before}{secret}{after}")));
                let go = format!("{before}S3cr3t\\u003cPassw0rd\\u003e?{after}");
                assert_masked(secret, &engine.encode(go));
            }
        }
    }
    let lines = STANDARD.encode(format!("{}{secret}{}", "a".repeat(33), "b".repeat(60)));
    let wrapped = quoted(secret, &format!("{}\n{}", &lines[..50], &lines[50..]));
    assert_eq!(wrapped, MASK);
}

#[test]
fn what_can_be_read_in_two_ways_is_found() {
    for secret in [
        "100%25x", r"a\\b\\c", r"\\\\\\", "a&amp;bc", r"\u0061", "%2541%41", "a+b c+d",
    ] {
        assert_masked(secret, secret);
    }
    assert_eq!(quoted("password1\n", "of password1"), "of ********");
    assert_eq!(quoted("", "nothing & all 100% \\"), "nothing & all 100% \\");
}

#[test]
fn nothing_between_letters_helps() {
    let secret = "S3cr3tPassw0rd";
    let joined = |between: &str| {
        secret
            .chars()
            .map(String::from)
            .collect::<Vec<_>>()
            .join(between)
    };
    for between in [
        "\u{200b}", "\0", r"\u200b", "&#8203;", "<b>", "<i></i>", "\u{ad}",
    ] {
        assert_masked(secret, &joined(between));
    }
    assert_masked(secret, &secret.to_lowercase());
    assert_masked(secret, &secret.chars().rev().collect::<String>());
    assert_eq!(
        quoted(secret, "https://s3cr3tpassw0rd.example.com/"),
        "https://********.example.com/"
    );
}

#[test]
fn a_secret_that_looks_like_markup_leaves_nothing() {
    let page = "<html><body>login failed for u / Tr0ub4dor<&3xyz</body></html>";
    assert_eq!(
        quoted("Tr0ub4dor<&3xyz", page),
        "login failed for u / ********"
    );
    let page = "<p>bad <b>Tr0ub</b>4dor</p>";
    assert_eq!(quoted("Tr0ub4dor", page), "bad ********");
}

#[test]
fn a_short_secret_is_masked_as_a_whole_token() {
    let table = [
        (
            "pass",
            "wrong user or password pass",
            "wrong user or password ********",
        ),
        ("pass", "user:pass@host", "user:********@host"),
        (
            "pass",
            r#"{\"password\":\"pass\"}"#,
            r#"{\"password\":\"********\"}"#,
        ),
        ("pass", r"bad\npass", r"bad\n********"),
        ("pass", "bad%20pass%20", "bad%20********%20"),
        ("pass", "p%61ss", MASK),
        ("pass", "PASS cGFzcw== cGFzcw", "PASS ******** ********"),
        ("a", "a bad apple, a", "******** bad apple, ********"),
        ("-x-", "a-x-b", "a********b"),
        ("ü", "über ü", "über ********"),
    ];
    for (secret, text, shown) in table {
        assert_eq!(quoted(secret, text), shown);
    }
}

#[test]
fn no_part_is_left_where_text_ends() {
    let secret = "S3cr3tPassw0rd";
    assert_eq!(quoted(secret, "bad S3cr3tPas"), "bad ********");
    for length in 150..260 {
        let shown = quoted(secret, &format!("{}{secret}", "x".repeat(length)));
        assert!(!shown.contains("S3c"), "{shown}");
    }
    // Much that is invisible, and the secret across the end of what is read.
    for shift in 0..20 {
        let text = format!(
            "{}{secret}{}",
            "\u{200b}".repeat((READ - 6 - shift) / 3),
            "x".repeat(100)
        );
        assert!(!quoted(secret, &text).contains("S3"), "{shift}");
    }
    let token = format!("{}.payload.signature", "eyJhbGciOiJ".repeat(9));
    assert_eq!(
        quoted(&token, &format!("bad token {}...", &token[..70])),
        "bad token ********"
    );
}

#[test]
fn a_name_stays_usable() {
    let cleaner = Cleaner::new(["quay", "openshift", "hunter2hunter2"].map(Secret::new));
    let table = [
        ("quay.io", "quay.io"),
        (
            "https://openshift.example.com:5000/v1/",
            "https://openshift.example.com:5000/v1/",
        ),
        ("u:hunter2hunter2@quay.io", "u:********@********.io"),
        ("evil\u{1b}[2J\nother: user=x", "evil [2J other: user=x"),
    ];
    for (name, shown) in table {
        assert_eq!(cleaner.quote_name(&Foreign::new(name)).as_str(), shown);
    }
    assert!(
        cleaner
            .quote_name(&Foreign::new("n".repeat(10_000)))
            .as_str()
            .len()
            < 300
    );
}

#[test]
fn a_child_knows_what_its_parent_learns() {
    let parent = Cleaner::default();
    let child = parent.child();
    child.learn([Secret::new("of the child")]);
    parent.learn([Secret::new("of the parent")]);
    let text = Foreign::new("of the child, of the parent");
    assert_eq!(child.quote(&text).as_str(), "********, ********");
    assert_eq!(parent.quote(&text).as_str(), "of the child, ********");
}

#[test]
fn an_explanation_has_more_room() {
    let text = Foreign::new("word ".repeat(1000));
    let cleaner = Cleaner::default();
    assert_eq!(cleaner.quote(&text).as_str().chars().count(), 200);
    assert_eq!(
        cleaner.quote_explanation(&text).as_str().chars().count(),
        600
    );
}

/// Steps for one secret of `secret` bytes in a text of `text` bytes, both of `unit` and one more.
fn steps(unit: &str, secret: usize, text: usize) -> u64 {
    let mut index = Index::default();
    index.add(&Secret::new(format!(
        "{}x",
        unit.repeat(secret / unit.len())
    )));
    let text = unit.repeat(text / unit.len());
    let mut steps = 0;
    let _ = index.find(&Text::new(&text), Ending::Complete, &mut steps);
    steps
}

#[test]
fn no_text_takes_longer_than_the_budget() {
    for unit in ["\\", "a"] {
        let taken = steps(unit, 4096, READ);
        // One place may be begun after the budget is spent.
        assert!(taken <= BUDGET + (1 << 17), "{unit}: {taken}");
    }
    assert_eq!(
        quoted(&format!("{}x", "\\".repeat(1024)), &"\\".repeat(READ)),
        WITHHELD
    );
}

#[test]
fn honest_texts_are_far_below_the_budget() {
    let index = |count: usize| {
        let mut index = Index::default();
        for number in 0..count {
            // Digits that are spread like those of real secrets.
            index.add(&Secret::new(
                Secret::new(format!("{number}")).fingerprint().repeat(2),
            ));
        }
        index
    };
    let page = "<html><body>no access to this registry: s3cret-of-registry-7</body>\n".repeat(200);
    let steps = |count: usize| {
        let mut steps = 0;
        index(count)
            .find(&Text::new(&page), Ending::Complete, &mut steps)
            .unwrap();
        steps
    };
    let (few, many) = (steps(10), steps(1000));
    assert!(few < BUDGET / 8 && many < BUDGET, "{few} {many}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_cost_grows_with_text_times_secret(
        unit in "[\\\\%&+<=a5u;]{1,4}",
        secret in 8_usize..200,
        text in 8_usize..2000,
    ) {
        // At most eleven readings for each state, twelve forms, and the heads.
        let bound = 150 * (text as u64 + 8) * (secret as u64 + 8);
        prop_assert!(steps(&unit, secret, text) <= bound.min(BUDGET + (1 << 17)));
    }

    #[test]
    fn a_secret_goes_and_all_else_stays(
        secret in "[a-dé%&/ \\\\\"]{5,12}[a-d]",
        before in "[e-zü😀]{0,12}",
        after in "[e-z]{0,12}",
    ) {
        prop_assume!(secret.trim() == secret && !secret.starts_with("\\\\"));
        let shown = quoted(&secret, &format!("{before}{secret}{after}"));
        prop_assert_eq!(shown, format!("{before}{MASK}{after}"));
    }

    #[test]
    fn nothing_panics(secret in "\\PC{0,12}", text in "(\\PC|[\\\\%&;u<>0-9a]){0,60}") {
        quoted(&secret, &text);
        quoted(&text, &format!("{secret}{text}{secret}"));
    }
}
