//! The command line of a process that scn did not start, without what may be a secret: besides the
//! keys that scn knows, what the names of the words before it say.

use crate::report::text::short;
use crate::store::{REDACTED, Redactor};

/// The most characters of a command line that are shown.
const MOST: usize = 300;

/// Parts of a flag's or a variable's name after which a secret stands.
const NAMES: [&str; 13] = [
    "apikey",
    "auth",
    "authorization",
    "bearer",
    "credential",
    "credentials",
    "key",
    "keys",
    "passwd",
    "password",
    "secret",
    "secrets",
    "token",
];

/// How keys that are widely used begin.
const STARTS: [&str; 3] = ["sk-", "hf_", "ghp_"];

/// The command line with `***` for what follows a name like `--api-key`, up to the next flag.
pub(super) fn command(title: &str, known: &Redactor) -> String {
    let title = known.text(title);
    let mut shown: Vec<String> = Vec::new();
    let mut hides = false;
    for word in title.split_whitespace() {
        let flag = word.starts_with('-');
        if hides && !flag {
            shown.push(REDACTED.into());
            continue;
        }
        let (name, value) = match word.split_once(['=', ':']) {
            Some((name, value)) if !value.starts_with("//") => (name, Some(value)),
            _ => (word, None),
        };
        let secret = is_secret(name);
        // a word alone is a name only where it is a flag, or ends as a header's does
        hides = secret && value.is_none_or(str::is_empty) && (flag || value.is_some());
        shown.push(match value {
            Some(value) if secret && !value.is_empty() => {
                hides = value.eq_ignore_ascii_case("bearer");
                format!("{}{REDACTED}", &word[..=name.len()])
            }
            _ if word.eq_ignore_ascii_case("bearer") => {
                hides = true;
                word.into()
            }
            _ if STARTS.iter().any(|start| word.starts_with(start)) => REDACTED.into(),
            _ => without_login(word),
        });
    }
    short(&shown.join(" "), MOST)
}

/// Whether a part of the name says so: `--hf-token`, `OPENAI_API_KEY`, not `--max-tokens`.
fn is_secret(name: &str) -> bool {
    name.split(|c: char| !c.is_ascii_alphanumeric())
        .any(|part| NAMES.iter().any(|name| part.eq_ignore_ascii_case(name)))
}

/// A URL without the name and password in it.
fn without_login(word: &str) -> String {
    let Some((scheme, rest)) = word.split_once("://") else {
        return word.into();
    };
    let host = rest.find(['/', '?']).unwrap_or(rest.len());
    match rest[..host].rfind('@') {
        Some(at) => format!("{scheme}://{REDACTED}{}", &rest[at..]),
        None => word.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn none() -> Redactor {
        Redactor::default()
    }

    #[test]
    fn no_part_of_a_known_key_is_left_where_the_line_is_cut() {
        let known = Redactor::new(["a1b2c3d4".to_string()]);
        let shown = command(&format!("{}a1b2c3d4 x", "y ".repeat(148)), &known);
        assert!(!shown.contains("a1b2"), "{shown}");
    }

    #[test]
    fn what_follows_a_secrets_name_is_hidden() {
        for (typed, shown) in [
            (
                "serve --api-key k1 k2 --port 1",
                "serve --api-key *** *** --port 1",
            ),
            (
                "serve --api-key=k1 --port 1",
                "serve --api-key=*** --port 1",
            ),
            (
                "env OPENAI_API_KEY=k1 serve m",
                "env OPENAI_API_KEY=*** serve m",
            ),
            (
                "x -H Authorization: Bearer k1 -v",
                "x -H Authorization: *** *** -v",
            ),
            ("x --hf-token k1", "x --hf-token ***"),
            ("x sk-abc hf_abc", "x *** ***"),
            ("x http://me:pw@host:1/a", "x http://***@host:1/a"),
        ] {
            assert_eq!(command(typed, &none()), shown);
        }
    }

    #[test]
    fn what_is_no_secret_is_shown() {
        for typed in [
            "sleep 300",
            "vllm serve org/m --max-num-batched-tokens 16 --tokenizer a",
            "python -m x --url http://host:1/a --host ::1",
        ] {
            assert_eq!(command(typed, &none()), typed);
        }
        assert!(command(&"x ".repeat(500), &none()).chars().count() <= MOST + 1);
    }
}
