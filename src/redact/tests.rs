//! No form of a secret is left, wherever a text is cut, and nothing else is changed.

use super::*;
use proptest::prelude::*;
use serde_json::json;

#[test]
fn long_values_go_wherever_they_are() {
    let redactor = Redactor::new(["sk-\"quoted\" value".to_string(), "sk-\"q".to_string()]);
    assert_eq!(redactor.text("Bearer sk-\"quoted\" value."), "Bearer ***.");
    assert_eq!(
        redactor.text(r#"{"got": "sk-\"quoted\" value"}"#),
        r#"{"got": "***"}"#
    );
    assert_eq!(
        redactor.text("http://h/?key=sk-%22quoted%22%20value&x=1"),
        "http://h/?key=***&x=1"
    );
}

/// As Python prints it, in the ways it has: `json.dumps`, `urllib.parse`, `repr`, `ascii`,
/// `html.escape`, `bytes.hex`, `base64`.
#[test]
fn every_usual_form_goes() {
    let secret = "pa\"ss/wo+rd ä€😀'<7&\\\n%\tx";
    let redactor = Redactor::new([secret.to_string()]);
    let forms = [
        r#"pa\"ss/wo+rd \u00e4\u20ac\ud83d\ude00'<7&\\\n%\tx"#,
        r#"pa\"ss\/wo+rd ä€😀'\u003c7\u0026\\\n%\tx"#,
        r#"pa\\\"ss/wo+rd \\u00E4\\u20AC\\ud83d\\ude00'<7&\\\\\\n%\\tx"#,
        r#"pa\\\\\\\"ss/wo+rd \\\\u00e4\\\\u20ac\\\\ud83d\\\\ude00'<7&\\\\\\\\\\\\n%\\\\tx"#,
        "pa%22ss/wo%2Brd%20%C3%A4%E2%82%AC%F0%9F%98%80%27%3C7%26%5C%0A%25%09x",
        "pa%22ss%2fwo%2brd+%c3%a4%e2%82%ac%f0%9f%98%80%27%3c7%26%5c%0a%25%09x",
        "pa%2522ss%252Fwo%252Brd%2520%25C3%25A4%25E2%2582%25AC%25F0%259F%2598%2580%2527%253C7%2526%255C%250A%2525%2509x",
        r#"pa"ss/wo+rd ä€😀\'<7&\\\n%\tx"#,
        r#"pa"ss/wo+rd \xe4\u20ac\U0001f600\'<7&\\\n%\tx"#,
        r#"pa"ss/wo+rd \xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\'<7&\\\n%\tx"#,
        r#"pa\"ss/wo+rd \u{e4}\u{20ac}\u{1f600}'<7&\\\n%\tx"#,
        "pa&quot;ss/wo+rd ä€😀&#x27;&lt;7&amp;\\\n%\tx",
        "pa&#34;ss&#47;wo&#43;rd &#228;&#8364;&#128512;&#39;&#60;7&#38;&#92;&#10;&#37;&#9;x",
        "pa&#x22;ss&#x2F;wo&#x2b;rd&#32;&#xe4;&#X20AC;&#x1f600;&#x0027;&#x3C;7&#x26;&#x005c;\n%\tx",
        "&#112;&#97;&amp;quot;ss/wo+rd ä€😀&amp;#39;&amp;amp;lt;7&amp;amp;\\\n%\tx",
    ];
    for form in forms {
        assert_eq!(redactor.text(&format!("<{form}>")), "<***>", "{form}");
    }
    let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
    for form in [hex.to_uppercase(), hex] {
        assert_eq!(redactor.text(&format!("<{form}>")), "<***>", "{form}");
    }
    // alone, and behind `user:`: only the first and the last character may be another
    for (form, left) in [
        ("cGEic3Mvd28rcmQgw6Tigqzwn5iAJzw3JlwKJQl4", 0),
        (
            "dXNlcjpwYSJzcy93bytyZCDDpOKCrPCfmIAnPDcmXAolCXg=",
            6 + 1 + 2,
        ),
    ] {
        let shown = redactor.text(form);
        assert!(shown.len() <= left + 3, "{shown}");
    }
}

#[test]
fn what_is_no_secret_stays() {
    let redactor = Redactor::new(["nabcd".to_string(), "hunter22".to_string()]);
    for text in [
        r"C:\dir\hunter\2",
        r"x\",
        "100% of %68unter2 and hunter2",
        r"\u006eabc",
        "%",
        "&quot;",
        "&#110;&#97;&#98;&#99;",
        "&amp;#110;abce",
    ] {
        assert_eq!(redactor.text(text), text);
    }
    assert_eq!(redactor.text(r"a\nabc"), r"a\nabc");
}

#[test]
fn short_values_and_plain_words_stay() {
    let redactor = Redactor::new(["abc", "1", "none", " True "].map(String::from));
    let text = "abc 1 none true";
    assert_eq!(redactor.text(text), text);
    assert!(redactor.is_empty());
}

#[test]
fn letters_that_were_taken_for_latin_1_hide_nothing() {
    let redactor = Redactor::new(["tökenSECRETPART".to_string()]);
    let wrong: String = "Bearer tökenSECRETPART".bytes().map(char::from).collect();
    assert_eq!(redactor.text(&wrong), "Bearer ***");
    let json = serde_json::to_string(&wrong).unwrap();
    assert_eq!(redactor.text(&json), "\"Bearer ***\"");
}

#[test]
fn words_of_the_record_stay_readable() {
    let redactor = Redactor::new(["pass", "case"].map(String::from));
    let mut value = json!({"verdict": "pass", "case": "a pass", "unit": "s", "text": "1 s"});
    redactor.value(&mut value);
    assert_eq!(
        value,
        json!({"verdict": "pass", "case": "a ***", "unit": "s", "text": "1 s"})
    );
}

#[test]
fn nothing_prints_the_secrets() {
    let redactor = Redactor::new(["hunter22".to_string()]);
    assert!(!format!("{redactor:?}").contains("hunter22"));
}

#[test]
fn a_beginning_goes_where_the_text_was_cut() {
    let redactor = Redactor::new(["supersecret".to_string()]);
    assert_eq!(redactor.beginning("a supersec"), "a ***");
    assert_eq!(redactor.beginning("a supersecret, sup"), "a ***, sup");
    assert_eq!(redactor.text("a supersec"), "a supersec");
}

/// A text in one of the ways in which programs write it.
fn written(secret: &str, way: usize) -> String {
    let json = |text: &str| {
        let quoted = serde_json::to_string(text).unwrap();
        quoted[1..quoted.len() - 1].to_string()
    };
    let ascii = |text: &str| -> String {
        let unit = |n: &u16| match u8::try_from(*n) {
            Ok(byte) if byte.is_ascii() => char::from(byte).to_string(),
            _ => format!("\\u{n:04x}"),
        };
        let units: Vec<u16> = json(text).encode_utf16().collect();
        units.iter().map(unit).collect()
    };
    let percent = |text: &str, keep: &[u8], lower: bool| -> String {
        let byte = |b: u8| match b {
            _ if b.is_ascii_alphanumeric() || keep.contains(&b) => char::from(b).to_string(),
            _ if lower => format!("%{b:02x}"),
            _ => format!("%{b:02X}"),
        };
        text.bytes().map(byte).collect()
    };
    match way {
        0 => secret.to_string(),
        1 => json(secret),
        2 => ascii(secret),
        3 => ascii(secret).replace('/', "\\/"),
        4 => json(&json(secret)),
        5 => json(&json(&json(secret))),
        6 => ascii(&ascii(secret)),
        7 => percent(secret, b"-_.~", false),
        8 => percent(secret, b"-_.~/", false),
        9 => percent(secret, b"-_.~", true),
        10 => percent(secret, b"-_.~ ", true).replace(' ', "+"),
        11 => percent(&percent(secret, b"-_.~", false), b"-_.~", false),
        12 => json(&percent(secret, b"/", false)),
        13 => secret
            .chars()
            .map(|c| format!("&#{};", u32::from(c)))
            .collect(),
        14 => secret
            .chars()
            .map(|c| format!("&#x{:02x};", u32::from(c)))
            .collect(),
        15 => secret
            .replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('"', "&quot;"),
        16 => written(&written(secret, 15), 15),
        _ => secret.bytes().map(|byte| format!("%{byte:02x}")).collect(),
    }
}
const WAYS: usize = 18;

proptest! {
    #[test]
    fn no_form_is_left_wherever_it_is_cut(
        secret in "[a-c\"\\\\/+%&'é€😀 \n\t_.=-]{4,12}",
        ways in proptest::collection::vec(0..WAYS, 1..4),
        between in proptest::collection::vec("[x-z{}:,é]{1,5}", 4),
        cuts in proptest::collection::vec(1usize..9, 0..60),
    ) {
        let secret = secret.trim();
        prop_assume!(secret.chars().count() >= 4);
        let redactor = Redactor::new([secret.to_string()]);
        let mut text = between[0].clone();
        let mut clean = text.clone();
        for (way, after) in ways.iter().zip(&between[1..]) {
            text += &(written(secret, *way) + after);
            clean += &(REDACTED.to_string() + after);
        }
        prop_assert_eq!(redactor.text(&text), clean.clone());

        let mut stream = Stream::new(redactor);
        let mut shown = Vec::new();
        let mut rest = text.as_bytes();
        for cut in cuts {
            let (now, later) = rest.split_at(cut.min(rest.len()));
            shown.extend(stream.push(now));
            rest = later;
        }
        shown.extend(stream.push(rest));
        shown.extend(stream.finish());
        prop_assert_eq!(String::from_utf8(shown).unwrap(), clean);
    }

    #[test]
    fn cutting_changes_nothing(
        text in "(ab|abcab|c|bca|\\\\|%|%61|%25| |é|\\\\u0061|q){0,30}",
        cuts in proptest::collection::vec(1usize..6, 0..40),
    ) {
        let secrets = ["abcab", "bcac", "q", "a\\%", "é"].map(String::from);
        let redactor = Redactor::new(secrets);
        let whole = redactor.text(&text);
        let mut stream = Stream::new(redactor);
        let mut shown = Vec::new();
        let mut rest = text.as_bytes();
        for cut in cuts {
            let (now, later) = rest.split_at(cut.min(rest.len()));
            shown.extend(stream.push(now));
            rest = later;
        }
        shown.extend(stream.push(rest));
        shown.extend(stream.finish());
        prop_assert_eq!(String::from_utf8(shown).unwrap(), whole.clone());
        prop_assert!(!whole.contains("abcab"));
    }

    #[test]
    fn bytes_without_a_secret_come_through(
        pieces in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..40), 0..10),
    ) {
        let secrets = ["\u{1f511}-not-in-this".to_string(), "\\\"%&\u{1f511}".to_string()];
        let mut stream = Stream::new(Redactor::new(secrets));
        let mut shown = Vec::new();
        for piece in &pieces {
            shown.extend(stream.push(piece));
        }
        shown.extend(stream.finish());
        prop_assert_eq!(shown, pieces.concat());
    }

    #[test]
    fn base64_goes_at_every_alignment(
        secret in "[ -~]{8,20}", before in "[ -~]{0,5}", after in "[ -~]{0,5}"
    ) {
        let secret = secret.trim();
        prop_assume!(secret.len() >= 8);
        let whole = base64::parts(format!("{before}{secret}{after}").as_bytes());
        let redactor = Redactor::new([secret.to_string()]);
        // what is left is what stands around it, and the characters it shares
        let most = (before.len() + after.len()).div_ceil(3) * 4 + 8 + REDACTED.len();
        let shown = redactor.text(&whole[0]);
        prop_assert!(shown.contains(REDACTED) && shown.len() <= most, "{shown}");
    }
}
