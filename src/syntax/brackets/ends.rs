//! Where a list or a call ends that is never closed.

use super::lines::{BLANKS, is_word, tokens};
use crate::schema;

/// Where a list that is never closed on its line ends all the same: before `, name = …`, which
/// cannot stand in it. `from` is behind its opener.
pub(super) fn end_of_list(text: &str, from: usize, end: usize) -> Option<usize> {
    let tokens = tokens(&text[from..end])?;
    let named = tokens.windows(3).find(|next| {
        let name = next[1]
            .1
            .starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        next[0].1 == "," && name && next[2].1 == "="
    })?;
    let before = text[from..from + named[0].0].trim_end();
    Some(from + before.len())
}

/// Whether `(`, closed at `end` or before, makes the same of what follows it: `(a + b <= c`.
pub(super) fn same_wherever_closed(text: &str, opener: usize, end: usize) -> bool {
    let before = text[..opener].trim_end_matches(BLANKS);
    let word_start = before.trim_end_matches(is_word).len();
    let begins = match &before[word_start..] {
        "" => before.ends_with(['=', ':', ',', '(', '[', '{']),
        word => {
            let words = ["and", "or", "when", "expect", "warn", "if", "then", "else"];
            words.contains(&word) && before.len() < opener
        }
    };
    let comparison = ["==", "<=", ">=", "!="]
        .iter()
        .any(|op| before.ends_with(op));
    let Some(tokens) = tokens(&text[opener + 1..end]).filter(|_| begins && !comparison) else {
        return false;
    };
    let mut tightest = u8::MAX;
    let mut operand = false;
    for (_, token) in tokens {
        let binds = match token {
            // what joins conditions has conditions on both sides, wherever the bracket ends
            "or" | "and" => return operand,
            "not" | "if" | "then" | "else" | "for" | "when" | "because" | "," | "=" => {
                return false;
            }
            "<" | ">" | "<=" | ">=" | "==" | "!=" | "in" => 1,
            "+" | "-" if operand => 2,
            "*" | "/" | "%" if operand => 3,
            _ => {
                operand = true;
                continue;
            }
        };
        if binds > tightest {
            return false;
        }
        tightest = binds;
        operand = false;
    }
    operand
}

/// Where a call ends that is never closed on its line: behind a named value, before a comparison of
/// what it gives: `growth(m, to = after <= 20MB`. `opener` is its `(`.
pub(super) fn end_of_call(text: &str, opener: usize, end: usize) -> Option<usize> {
    let before = &text[..opener];
    let function = &before[before.trim_end_matches(is_word).len()..];
    schema::builtin(function)?;
    let tokens = tokens(&text[opener + 1..end])?;
    let compares = |token: &str| matches!(token, "<" | ">" | "<=" | ">=" | "==" | "!=");
    let at = tokens.iter().position(|(_, token)| compares(token))?;
    let words = ["for", "if", "when", "and", "or", "not"];
    if tokens[..at].iter().any(|(_, token)| words.contains(token)) {
        return None;
    }
    let argument = tokens[..at].iter().rposition(|(_, token)| *token == ",");
    let named = tokens.get(argument.map_or(0, |n| n + 1) + 1);
    named.filter(|(_, token)| *token == "=")?;
    let inside = &text[opener + 1..opener + 1 + tokens[at].0];
    Some(opener + 1 + inside.trim_end().len())
}
