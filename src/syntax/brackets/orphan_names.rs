//! The name of a block whose first line was lost: what is read as such a block, and defined nowhere.

use super::lines::{BLANKS, is_word};
use crate::schema;
use crate::syntax::is_reserved;
use std::collections::{HashMap, HashSet};
use std::ops::Range;

/// Words that begin a statement and are no names.
const STATEMENTS: [&str; 8] = [
    "use", "param", "let", "expect", "warn", "exclude", "as", "for",
];

/// With so many names is one compared that may be a misspelt one of them.
const MOST_COMPARED: usize = 1000;

/// A name longer than this is no slip of another.
const LONGEST: usize = 64;

/// Names that are defined, each with the word before it.
type Defined<'a> = HashMap<&'a str, &'a str>;

/// The words of a file.
pub(super) struct Names<'a> {
    words: Vec<Word<'a>>,
    /// What is defined at its left margin, and anywhere, each with the word before it.
    top: Defined<'a>,
    all: Defined<'a>,
    /// What blocks of a kind read by themselves.
    implicit: HashSet<&'static str>,
}

impl<'a> Names<'a> {
    pub fn of(text: &'a str) -> Self {
        let words = words(text);
        let all = || (0..words.len()).filter(|n| defines(&words, *n));
        let named = |n: usize| (words[n].text, beside(&words, n).unwrap_or(""));
        Self {
            top: all().filter(|n| words[*n].margin).map(named).collect(),
            all: all().map(named).collect(),
            implicit: (schema::kinds())
                .flat_map(|kind| kind.implicit.iter().copied())
                .collect(),
            words,
        }
    }

    /// The name of the one block of a kind that a part of the file lacks; none where nothing tells it.
    pub fn lacking(&self, part: Range<usize>, kind: &str) -> Option<&'a str> {
        let start = self.words.partition_point(|word| word.at < part.start);
        let end = self.words.partition_point(|word| word.at < part.end);
        let words = &self.words[start..end];
        // what a part builds on may define what it reads
        let head = words.iter().take_while(|word| word.margin);
        let builds = head.into_iter().any(|word| word.text == "extends");
        let around = if builds { &self.all } else { &self.top };
        let mut defined = Defined::new();
        let mut read: HashMap<&str, (usize, usize)> = HashMap::new();
        let mut attribute = "";
        for (n, word) in words.iter().enumerate() {
            if defines(words, n) {
                defined.insert(word.text, beside(words, n).unwrap_or(""));
            }
            if word.next == Some('=') {
                attribute = word.text;
            } else if word.begins && matches!(word.next, Some('a' | '{')) {
                attribute = "";
            } else if reads(words, n, kind, attribute) && !self.implicit.contains(word.text) {
                read.entry(word.text).or_insert((0, n)).0 += 1;
            }
        }
        read.retain(|name, _| !defined.contains_key(name) && !around.contains_key(name));
        // of those that are read as often, the first
        let most =
            (read.into_iter()).max_by_key(|(_, (count, first))| (*count, usize::MAX - first));
        let (name, (count, _)) = most.filter(|(name, _)| name.len() <= LONGEST)?;
        let alike = defined.iter().chain(around).filter(|(_, of)| **of == kind);
        let slip = count == 1 && (alike.take(MOST_COMPARED)).any(|(other, _)| is_slip(name, other));
        (!slip).then_some(name)
    }
}

/// Whether a name is nearly another, and no other by its number: `tp2` and `tp4`.
fn is_slip(name: &str, other: &str) -> bool {
    let shorter = name.len().min(other.len());
    let limit = 1.max(shorter / 4);
    let letters = |name: &str| name.replace(|c: char| c.is_ascii_digit(), "");
    // of one letter nothing is left
    limit < shorter
        && other.len().abs_diff(name.len()) <= limit
        && letters(name) != letters(other)
        && strsim::damerau_levenshtein(name, other) <= limit
}

/// The word before one, on its line and with nothing between.
fn beside<'w>(words: &[Word<'w>], n: usize) -> Option<&'w str> {
    let before = words[..n].last()?;
    (words[n].behind == Some(' ')).then_some(before.text)
}

/// `let x`, `x =`, `phase x {`
fn defines(words: &[Word<'_>], n: usize) -> bool {
    let (word, beside) = (&words[n], beside(words, n));
    let named = beside.is_some_and(|word| STATEMENTS.contains(&word)) || word.head == "use";
    named
        || match word.next {
            Some('=') => true,
            Some('{' | 'a') => beside.is_some_and(|word| !is_reserved(word)),
            _ => false,
        }
}

/// Whether a word is the name of such a block, by where it stands.
fn reads(words: &[Word<'_>], n: usize, kind: &str, attribute: &str) -> bool {
    let (word, beside) = (&words[n], beside(words, n));
    let number = |word: &str| word.starts_with(|c: char| c.is_ascii_digit());
    if beside == Some("extends") {
        return word.head == kind && word.next != Some('.');
    }
    let head = matches!(word.next, Some('a')) && schema::kind(word.text).is_some();
    !number(word.text)
        && !head
        && !beside.is_some_and(number)
        && !matches!(word.behind, Some('.' | '/'))
        && !matches!(word.next, Some('(' | '{' | ':'))
        && !is_reserved(word.text)
        && !STATEMENTS.contains(&word.text)
        && may_read(kind, attribute, word)
}

/// Whether what stands where this attribute's value does may be such a block.
fn may_read(kind: &str, attribute: &str, word: &Word<'_>) -> bool {
    let field = word.next == Some('.');
    match kind {
        // what a module defines is not read so
        "phase" | "server" if field => schema::kind(attribute).is_none(),
        "phase" => {
            word.behind == Some('=') && matches!(attribute, "during" | "from" | "to" | "phase")
        }
        "scenario" => attribute == "scenarios" && !field,
        _ => attribute == kind && !field,
    }
}

/// A word outside of texts and comments.
struct Word<'a> {
    at: usize,
    text: &'a str,
    /// What stands before it: a blank for a word on the same line.
    behind: Option<char>,
    /// What follows it on its line: a letter for a word, `~` for `==`.
    next: Option<char>,
    /// The word that begins its line.
    head: &'a str,
    /// It is that word.
    begins: bool,
    /// That line begins at the left margin.
    margin: bool,
}

fn words(text: &str) -> Vec<Word<'_>> {
    let mut out: Vec<Word<'_>> = Vec::new();
    let (mut at, mut behind, mut head, mut line) = (0, None, None, 0);
    while let Some(c) = text[at..].chars().next() {
        let rest = &text[at..];
        at += match c {
            '\n' => {
                (behind, head, line) = (None, None, at + 1);
                1
            }
            '#' => rest.find('\n').unwrap_or(rest.len()),
            '"' | '\'' => {
                behind = Some(c);
                end_of_text(rest, c)
            }
            _ if is_word(c) => {
                let length = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
                let word = &rest[..length];
                let begins = head.is_none();
                let (start, head) = *head.get_or_insert((at, word));
                out.push(Word {
                    at,
                    text: word,
                    behind,
                    next: sign(&rest[length..]),
                    head,
                    begins,
                    margin: start == line,
                });
                behind = Some(' ');
                length
            }
            _ => {
                if !BLANKS.contains(&c) {
                    behind = Some(c);
                }
                c.len_utf8()
            }
        };
    }
    out
}

fn sign(rest: &str) -> Option<char> {
    let rest = rest.trim_start_matches(BLANKS);
    let c = rest.chars().next()?;
    match c {
        '=' if rest.starts_with("==") => Some('~'),
        _ if is_word(c) => Some('a'),
        _ => Some(c),
    }
}

/// How long a text is that a quote begins.
fn end_of_text(rest: &str, quote: char) -> usize {
    if let Some(inside) = rest.strip_prefix("\"\"\"") {
        return inside.find("\"\"\"").map_or(rest.len(), |end| end + 6);
    }
    let mut escaped = false;
    for (n, c) in rest.char_indices().skip(1) {
        match c {
            '\n' => return n,
            _ if escaped => escaped = false,
            '\\' if quote == '"' => escaped = true,
            _ if c == quote => return n + 1,
            _ => {}
        }
    }
    rest.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lacking<'a>(text: &'a str, kind: &str) -> Option<&'a str> {
        Names::of(text).lacking(0..text.len(), kind)
    }

    #[test]
    fn what_is_read_and_defined_nowhere() {
        let text = "scenario a {\n  phase b { workload = w, requests = 5 }\n  expect x: \
                    steady.ttft.p95 <= 20 ms and b.ttft.p50 <= 1\n}\nworkload w { }\n";
        assert_eq!(lacking(text, "phase"), Some("steady"));
        assert_eq!(lacking(text, "workload"), None);
        assert_eq!(lacking("scenario a extends b { }", "scenario"), Some("b"));
        let one = "phase steady { }\nexpect x: stedy.failed == 0";
        assert_eq!(lacking(one, "phase"), None, "a slip of the pen is no block");
    }
}
