//! Commands and addresses as people read and copy them, without secrets.

use crate::scenario::{PORT, Word};

/// Each word as a shell would take it; secret ones as `***`.
pub fn command_line(words: &[Word]) -> Vec<String> {
    words.iter().map(|word| quoted(word.shown())).collect()
}

fn quoted(word: &str) -> String {
    // the port's place stays readable: no shell sees it
    let told = word.replace(PORT, "0");
    let safe = |c: char| c.is_ascii_alphanumeric() || "-_./:=,+@%*".contains(c);
    if !told.is_empty() && told.chars().all(safe) {
        word.to_string()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// `NAME=value` as a shell would take it.
pub(super) fn variable(name: &str, value: &Word) -> String {
    format!("{name}={}", quoted(value.shown()))
}

/// Words that belong together: the program with what follows it, then each flag with its values.
pub(super) fn grouped(words: &[String]) -> Vec<String> {
    let mut groups: Vec<String> = Vec::new();
    for word in words {
        match groups.last_mut() {
            Some(last) if !word.starts_with('-') => {
                last.push(' ');
                last.push_str(word);
            }
            _ => groups.push(word.clone()),
        }
    }
    groups
}

/// A URL without name, password, query or fragment: they may hold secrets.
pub fn shown_url(url: &str) -> String {
    let url = url.split(['?', '#']).next().unwrap_or_default();
    let (scheme, rest) = url
        .split_once("://")
        .map_or(("", url), |(scheme, rest)| (scheme, rest));
    let (host, path) = rest
        .split_once('/')
        .map_or((rest, None), |(host, path)| (host, Some(path)));
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    let scheme = if scheme.is_empty() {
        String::new()
    } else {
        format!("{scheme}://")
    };
    path.map_or_else(
        || format!("{scheme}{host}"),
        |path| format!("{scheme}{host}/{path}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(words: &[&str]) -> Vec<String> {
        command_line(
            &words
                .iter()
                .map(|word| Word::plain(*word))
                .collect::<Vec<_>>(),
        )
    }

    #[test]
    fn words_are_quoted_where_a_shell_would_split_them() {
        assert_eq!(
            line(&[
                "vllm",
                "serve",
                "a b",
                "--port",
                "{port}",
                "{\"x\":1}",
                "it's",
                "",
                "--key=***"
            ]),
            [
                "vllm",
                "serve",
                "'a b'",
                "--port",
                "{port}",
                "'{\"x\":1}'",
                r"'it'\''s'",
                "''",
                "--key=***"
            ],
        );
        let secret = Word {
            text: "hunter2".into(),
            secret: true,
        };
        assert_eq!(command_line(std::slice::from_ref(&secret)), ["***"]);
        assert_eq!(variable("KEY", &secret), "KEY=***");
    }

    #[test]
    fn flags_keep_their_values() {
        let words = line(&[
            "python", "-m", "x", "--tp", "2", "--fast", "--port", "{port}",
        ]);
        assert_eq!(
            grouped(&words),
            ["python", "-m x", "--tp 2", "--fast", "--port {port}"]
        );
    }

    #[test]
    fn urls_show_no_password_and_no_query() {
        assert_eq!(
            shown_url("https://me:hunter2@host:8000/api?key=1#x"),
            "https://host:8000/api"
        );
        assert_eq!(shown_url("http://127.0.0.1:8000"), "http://127.0.0.1:8000");
        assert_eq!(shown_url("http://me:pw@host"), "http://host");
    }
}
