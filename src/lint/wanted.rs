//! What an `accept` wants of an answer, whatever the answer is.

use crate::eval::{Evaluator, Scope, Value};
use crate::syntax::ast::{BinaryOp, Expr, ExprKind, StrPart};

/// No token has more characters: words of vocabularies are shorter by far, and only rows of blanks
/// or dashes are longer.
const MOST_CHARACTERS: f64 = 64.0;

/// Texts of so many letters are not in one token with more than one other: `timestamp` may be a
/// token, and has `time` and `stamp` in it.
const LETTERS: usize = 4;

/// And texts of so many with more than two others; shorter ones may be anywhere.
const SHORT: usize = 3;

/// What holds of each answer that is accepted.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Wanted {
    /// Words that it has at least.
    pub words: usize,
    /// Tokens that it has at least, by its words or by its length.
    pub tokens: usize,
    /// It has been cut at its limit.
    pub cut: bool,
}

impl Wanted {
    /// By what `accept` looks for in the answer, or compares it with.
    pub fn of(eval: &Evaluator<'_>, accept: &Expr, scope: &Scope) -> Self {
        match &accept.kind {
            ExprKind::Binary {
                op: op @ (BinaryOp::And | BinaryOp::Or),
                left,
                right,
                ..
            } => {
                let (a, b) = (Self::of(eval, left, scope), Self::of(eval, right, scope));
                match op {
                    BinaryOp::And => Self {
                        words: a.words.max(b.words),
                        tokens: a.tokens.max(b.tokens),
                        cut: a.cut || b.cut,
                    },
                    _ => Self {
                        words: a.words.min(b.words),
                        tokens: a.tokens.min(b.tokens),
                        cut: a.cut && b.cut,
                    },
                }
            }
            ExprKind::Binary {
                op, left, right, ..
            } => compared(*op, left, &eval.eval(right, scope))
                .or_else(|| compared(turned(*op)?, right, &eval.eval(left, scope)))
                .unwrap_or_default(),
            ExprKind::Call { function, args } => {
                let (Some(first), Some(texts)) = (args.first(), args.get(1)) else {
                    return Self::default();
                };
                let texts = texts_of(&eval.eval(&texts.value, scope));
                match (function.text.as_str(), texts) {
                    _ if !named(&first.value, "answer") => Self::default(),
                    ("contains_any", Some(texts)) => {
                        Self::words(texts.iter().map(|text| words(text)).min())
                    }
                    ("contains_all", Some(texts)) => Self {
                        tokens: apart(&texts).max(longest(&texts)),
                        ..Self::words(Some(longest(&texts)))
                    },
                    _ => Self::default(),
                }
            }
            _ => Self::default(),
        }
    }

    fn words(words: Option<usize>) -> Self {
        let words = words.unwrap_or(0);
        Self {
            words,
            tokens: words,
            cut: false,
        }
    }
}

/// Whether an answer has to have certain words in it to be accepted: more than that there is one,
/// or how long it is.
pub fn looks_for_words(accept: &Expr) -> bool {
    looks_for(accept, has_word)
}

/// Whether an answer has to have certain words in it, or to be of a pattern.
pub fn looks_for_text(accept: &Expr) -> bool {
    looks_for(accept, |_| true)
}

/// The same, by the patterns that count.
fn looks_for(accept: &Expr, pattern: fn(&Expr) -> bool) -> bool {
    match &accept.kind {
        ExprKind::Binary {
            op: BinaryOp::And | BinaryOp::Or,
            left,
            right,
            ..
        } => looks_for(left, pattern) || looks_for(right, pattern),
        ExprKind::Binary {
            op: BinaryOp::Equal | BinaryOp::In,
            left,
            right,
            ..
        } => named(left, "answer") || named(right, "answer"),
        ExprKind::Call { function, args } => {
            let of_answer = args.first().is_some_and(|arg| named(&arg.value, "answer"));
            of_answer
                && match function.text.as_str() {
                    "contains_any" | "contains_all" => true,
                    "matches" => args.get(1).is_some_and(|arg| pattern(&arg.value)),
                    _ => false,
                }
        }
        _ => false,
    }
}

/// Whether a pattern has letters that stand for themselves, three in a row.
fn has_word(pattern: &Expr) -> bool {
    let ExprKind::Str(parts) = &pattern.kind else {
        return false;
    };
    let text = |part: &StrPart| match part {
        StrPart::Text(text) => text.clone(),
        StrPart::Interpolation(_) => String::new(),
    };
    let text: String = parts.iter().map(text).collect();
    let (mut run, mut depth, mut escaped) = (0, 0usize, false);
    for c in text.chars() {
        match c {
            _ if escaped => (run, escaped) = (0, false),
            '\\' => escaped = true,
            '[' => depth += 1,
            ']' => depth = depth.saturating_sub(1),
            c if depth == 0 && c.is_alphabetic() => run += 1,
            _ => run = 0,
        }
        if run >= 3 {
            return true;
        }
    }
    false
}

/// `left op value`, of the answer, its length or how it ended.
fn compared(op: BinaryOp, left: &Expr, value: &Value) -> Option<Wanted> {
    match value {
        Value::Text(text) if op == BinaryOp::Equal && named(left, "answer") => {
            Some(Wanted::words(Some(words(text))))
        }
        Value::Text(text) if op == BinaryOp::Equal && named(left, "finish_reason") => {
            Some(Wanted {
                cut: text.as_ref() == "length",
                ..Wanted::default()
            })
        }
        Value::Number(number) if of_length(left) => {
            let least = match op {
                BinaryOp::GreaterEqual | BinaryOp::Equal => number.value,
                BinaryOp::Greater => number.value + 1.0,
                _ => return None,
            };
            Some(Wanted {
                tokens: (least / MOST_CHARACTERS).ceil() as usize,
                ..Wanted::default()
            })
        }
        _ => None,
    }
}

/// The comparison with its sides changed; none of what has no sides to change.
fn turned(op: BinaryOp) -> Option<BinaryOp> {
    op.compares().then(|| op.turned())
}

/// `len(answer)`
fn of_length(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Call { function, args } => {
            function.text == "len" && args.first().is_some_and(|arg| named(&arg.value, "answer"))
        }
        _ => false,
    }
}

fn named(expr: &Expr, wanted: &str) -> bool {
    matches!(&expr.kind, ExprKind::Name(name) if name == wanted)
}

/// One text, or those of a list of nothing else.
fn texts_of(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::Text(text) => Some(vec![text.to_string()]),
        Value::List(items) => items
            .iter()
            .map(|item| match item {
                Value::Text(text) => Some(text.to_string()),
                _ => None,
            })
            .collect(),
        _ => None,
    }
}

fn words(text: &str) -> usize {
    text.split_whitespace().count()
}

fn longest(texts: &[String]) -> usize {
    texts.iter().map(|text| words(text)).max().unwrap_or(0)
}

/// How many tokens hold all of the texts, at least. No token holds more than two words that have no
/// letter in common, or three where they are short or share one; those that may share more, or be in
/// one another, are looked at as one.
fn apart(texts: &[String]) -> usize {
    let mut apart: Vec<&str> = Vec::new();
    let (mut sixths, mut glued) = (0, 0);
    for text in texts.iter().map(|text| text.trim()) {
        let letters = text.chars().filter(|c| c.is_alphabetic()).count();
        let shared = apart.iter().map(|other| shared(text, other)).max();
        let shared = shared.unwrap_or(0);
        if letters < SHORT || shared > 1 {
            continue;
        }
        let whole = letters >= LETTERS && shared == 0;
        sixths += words(text) * if whole { 3 } else { 2 };
        // the last word of a text may run on into the first of another, and no further
        glued += words(text).saturating_sub(1);
        apart.push(text);
    }
    sixths
        .div_ceil(6)
        .max(glued + usize::from(!apart.is_empty()))
}

/// How many letters can be of both at once: all where one is in the other, or those with which one
/// begins as the other ends.
fn shared(a: &str, b: &str) -> usize {
    let (a, b) = (a.to_lowercase(), b.to_lowercase());
    if a.contains(&b) || b.contains(&a) {
        return usize::MAX;
    }
    let runs_on = |a: &str, b: &str| {
        let ends = b.char_indices().skip(1).map(|(at, _)| &b[..at]);
        let ends = ends.filter(|head| a.ends_with(head));
        ends.map(|head| head.chars().count()).max().unwrap_or(0)
    };
    runs_on(&a, &b).max(runs_on(&b, &a))
}
