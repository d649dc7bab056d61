//! How a line starts, and where a bracket that was forgotten on it must have stood.

use crate::schema::{self, Naming};
use crate::syntax::is_reserved;
use crate::syntax::scan::{Bracket, Mark};

pub(super) const BLANKS: [char; 2] = [' ', '\t'];

pub(super) fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// The rest of the line from a place on.
pub(super) fn rest(text: &str, at: usize) -> &str {
    text[at..].lines().next().unwrap_or("")
}

/// A word and what follows it, after blanks.
fn word(text: &str) -> (&str, &str) {
    let end = text.find(|c| !is_word(c)).unwrap_or(text.len());
    let next = text[end..].trim_start_matches(BLANKS);
    (&text[..end], next)
}

pub(super) fn first_word(text: &str, at: usize) -> &str {
    word(rest(text, at)).0
}

/// Where the first word of the line of a place stands, whatever its indentation is taken for.
pub(super) fn first_of_line(text: &str, at: usize) -> usize {
    let before = &text[..at];
    let line = before.rfind(['\n', '\r']).map_or(0, |end| end + 1);
    at - before[line..].trim_start_matches(BLANKS).len()
}

/// `= …`, and no `==`.
fn sets(rest: &str) -> bool {
    rest.starts_with('=') && !rest.starts_with("==")
}

/// Whether a line is `name = …`.
pub(super) fn is_attribute(text: &str, at: usize) -> bool {
    let (name, next) = word(rest(text, at));
    !name.is_empty() && sets(next)
}

/// Statements whose first word is no kind of block.
const STATEMENTS: [&str; 6] = ["use", "param", "let", "expect", "warn", "exclude"];

/// The head of a block: `kind {`, `kind name {`, `kind name extends other {`.
pub(super) struct Head {
    /// Where its `{` stands.
    pub brace: usize,
}

pub(super) fn block_head(text: &str, at: usize) -> Option<Head> {
    let line = rest(text, at);
    let end = head_length(line)?;
    let next = line[end..].trim_start_matches(BLANKS);
    let opens = |next: &str| match schema::kind(word(line).0) {
        // another opener was put right
        Some(_) => next.starts_with(['{', '(', '[']),
        None => next.starts_with('{'),
    };
    opens(next).then(|| Head {
        brace: at + line.len() - next.len(),
    })
}

/// How much of a line is `kind`, `kind name` or `kind name extends other`.
pub(super) fn head_length(line: &str) -> Option<usize> {
    let (kind, next) = word(line);
    if !kind.starts_with(|c: char| c.is_ascii_alphabetic())
        || STATEMENTS.contains(&kind)
        || is_reserved(kind)
    {
        return None;
    }
    let mut end = kind.len();
    let mut after = next;
    let (name, next) = word(after);
    if !name.is_empty() && name != "extends" && !sets(next) {
        end = line.len() - after.len() + name.len();
        after = next;
    }
    // `scenario a : base {`, as other languages have it
    if let Some(base) = after.strip_prefix(':').filter(|_| end > kind.len()) {
        let base = base.trim_start_matches(BLANKS);
        let path = base.find(|c| !is_word(c) && c != '.').unwrap_or(base.len());
        if path > 0 && base[path..].trim_start_matches(BLANKS).starts_with('{') {
            end = line.len() - base.len() + path;
        }
    }
    let (extends, next) = word(after);
    if extends == "extends" {
        let path = next.find(|c| !is_word(c) && c != '.').unwrap_or(next.len());
        end = line.len() - next.len() + path;
    }
    Some(end)
}

/// Whether a line at the left margin defines something of the file, whatever stands before it.
pub(super) fn is_definition(text: &str, at: usize) -> bool {
    let line = rest(text, at);
    let (kind, next) = word(line);
    let (name, after) = word(next);
    if matches!(kind, "use" | "param" | "let") {
        return !name.is_empty() || next.starts_with('"');
    }
    if name.is_empty() && next.starts_with('{') {
        // its name was forgotten
        return schema::kind_in(kind, "file").is_some();
    }
    if name.is_empty() || is_reserved(kind) || sets(after) {
        return false;
    }
    match schema::kind(kind) {
        Some(_) => schema::kind_in(kind, "file").is_some(),
        // a kind that is misspelt
        None => !STATEMENTS.contains(&kind) && block_head(text, at).is_some(),
    }
}

/// Whether something may stand right in a block of a kind, by its first word: an attribute of it,
/// or a block in it.
pub(super) fn may_stand_in(text: &str, at: usize, kind: &str) -> bool {
    let word = first_word(text, at);
    let Some(kind) = schema::kind(kind) else {
        return is_attribute(text, at);
    };
    match is_attribute(text, at) {
        true => kind.free.is_some() || kind.attribute(word).is_some(),
        false => schema::kind_in(word, kind.name).is_some(),
    }
}

/// Whether a line may stand right in a block of a kind, be it a statement of any sort.
pub(super) fn fits(text: &str, at: usize, kind: &str) -> bool {
    match first_word(text, at) {
        "expect" | "warn" => schema::kind(kind).is_some_and(|kind| kind.checks),
        "exclude" => kind == "matrix",
        "let" => kind == "scenario",
        "use" | "param" => false,
        _ => may_stand_in(text, at, kind),
    }
}

/// Where `{` was forgotten in the head of a block of several lines: after the name, up to the end
/// of its line.
pub(super) fn bare_head(text: &str, at: usize) -> Option<(usize, usize)> {
    let line = rest(text, at);
    let line = line.split('#').next().unwrap_or("").trim_end();
    let end = head_length(line)?;
    let sign = line[end..].trim_start_matches(BLANKS);
    // what stands in place of it; in a list a name may stand before a comma
    let named = || end > word(line).0.len() && schema::kind(word(line).0).is_some();
    let bare = matches!(sign, "" | ":") || matches!(sign, "," | ";") && named();
    bare.then_some((at + end, at + line.len()))
}

/// Whether a line is the head of a block of a known kind and goes on without its `{`:
/// `rank best highest = …`.
pub(super) fn lacks_brace(text: &str, at: usize) -> bool {
    let line = rest(text, at);
    let kind = word(line).0;
    let end = head_length(line).filter(|end| *end > kind.len() && schema::kind(kind).is_some());
    end.is_some_and(|end| {
        let (name, after) = word(line[end..].trim_start_matches(BLANKS));
        !name.is_empty() && sets(after)
    })
}

/// Whether a line is the head of a block of a known kind, and nothing more.
pub(super) fn is_bare_block(text: &str, at: usize) -> bool {
    schema::kind(first_word(text, at)).is_some() && bare_head(text, at).is_some()
}

/// Where `[` was forgotten behind the `=` that ends a line, or `(` behind a function's name.
pub(super) fn bare_value(text: &str, at: usize, bracket: Bracket) -> Option<usize> {
    let line = rest(text, at);
    let line = line.split('#').next().unwrap_or("").trim_end();
    let (name, next) = word(line);
    let called = &line[line.trim_end_matches(is_word).len()..];
    let fits = match bracket {
        Bracket::Round => schema::builtin(called).is_some(),
        _ => next == "=",
    };
    (!name.is_empty() && fits).then_some(at + line.len())
}

/// Whether an opener that is never closed is one too many: another follows it at once, and takes
/// all that it could.
pub(super) fn is_doubled(text: &str, opener: usize, end: usize) -> bool {
    let rest = &text[opener + 1..end];
    let inner = opener + 1 + rest.len() - rest.trim_start_matches(BLANKS).len();
    if text[inner..end].chars().next() != text[opener..].chars().next() {
        return false;
    }
    if text[opener..].starts_with('{') {
        return true;
    }
    let Some(close) = group_end(text, inner, end) else {
        return false;
    };
    let call = text[..opener].ends_with(is_word);
    let list =
        || tokens(&text[inner + 1..close - 1]).is_some_and(|of| of.iter().any(|t| t.1 == ","));
    close == end || call && text[opener..].starts_with('(') && list()
}

/// Where the group ends whose opener stands at a place, if it does before `end`.
fn group_end(text: &str, opener: usize, end: usize) -> Option<usize> {
    let part = text[opener..end].trim_end();
    let first = part.chars().next()?;
    if !matches!(first, '{' | '[' | '(') {
        return None;
    }
    let next = tokens(part)?.get(1).map_or(part.len(), |(at, _)| *at);
    let group = part[..next].trim_end();
    // closed, and not just at the end
    let mut depth = 0_i64;
    for c in group.chars() {
        depth += match c {
            '{' | '[' | '(' => 1,
            '}' | ']' | ')' => -1,
            _ => 0,
        };
    }
    let whole = depth == 0 && group.len() > 1;
    let trimmed = text[opener..end].len() - part.len();
    whole.then(|| opener + group.len() + if next == part.len() { trimmed } else { 0 })
}

/// Where a bracket was forgotten on a line, before the closer at `closer`.
pub(super) enum Forgotten {
    /// After a head that starts and ends here.
    Block(usize, usize),
    /// Right before what stands here.
    Before(usize),
}

/// Where the opener of a closer was forgotten, looked for from `from`, where its statement or the
/// bracket around it begins.
pub(super) fn forgotten(
    text: &str,
    from: usize,
    closer: usize,
    bracket: Bracket,
    statement: bool,
) -> Option<Forgotten> {
    let part = &text[from..closer];
    match bracket {
        Bracket::Brace if statement => {
            let end = head_length(part)?;
            let (head, next) = part.split_at(end);
            let next = next.trim_start_matches(BLANKS);
            if let Some(inside) = next.strip_prefix('{') {
                return forgotten_inside(inside, closer - inside.len());
            }
            let (name, after) = word(next);
            let kind = word(head).0;
            let block = schema::kind(kind).is_some() && (next.is_empty() || sets(after));
            if block && !(sets(next) || name.is_empty() && !next.is_empty()) {
                return Some(Forgotten::Block(from, from + end));
            }
            // `name = name = …`
            let value = next
                .strip_prefix('=')
                .map(|v| v.trim_start_matches(BLANKS))?;
            let (name, after) = word(value);
            let set = !name.is_empty() && sets(after);
            set.then(|| Forgotten::Before(closer - value.len()))
        }
        Bracket::Brace => None,
        Bracket::Square => {
            let tokens = tokens(part)?;
            let set = tokens.iter().rposition(|(_, token)| *token == "=")?;
            let place = tokens
                .get(set + 1)
                .map_or(closer, |(value, _)| from + value);
            // `[1, 2]]`
            let doubled = group_end(text, place, closer) == Some(closer);
            (!doubled).then_some(Forgotten::Before(place))
        }
        Bracket::Round => {
            let tokens = tokens(part)?;
            let call = tokens.windows(2).rev().find(|pair| {
                let [(at, name), (next, value)] = pair else {
                    return false;
                };
                let field = part[..*at].ends_with('.');
                let starts = value.starts_with(|c: char| is_word(c) || "\"[".contains(c));
                let apart = *next > at + name.len();
                apart && starts && !field && !is_reserved(value) && schema::builtin(name).is_some()
            })?;
            Some(Forgotten::Before(from + call[1].0))
        }
    }
}

/// Whether the opener of a closer was forgotten on the line that both stand on, which `first` starts.
pub(super) fn opener_forgotten(text: &str, first: &Mark, closer: &Mark, bracket: Bracket) -> bool {
    forgotten(text, first.at, closer.at, bracket, first.statement).is_some()
}

/// Where `{` was forgotten in a block of one line: `server sut { options ttft = 5ms } }`. Its inside
/// starts at `from`.
fn forgotten_inside(inside: &str, from: usize) -> Option<Forgotten> {
    let tokens = tokens(inside)?;
    let is_name = |token: &str| token.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let starts = (0..tokens.len()).filter(|n| *n == 0 || tokens[n - 1].1 == ",");
    starts.into_iter().find_map(|n| {
        let at = |n: usize| tokens.get(n).map_or("", |token| token.1);
        let named = schema::kind(at(n)).map(|kind| kind.naming == Naming::Required);
        let head = match named {
            Some(true) if is_name(at(n + 1)) && is_name(at(n + 2)) && at(n + 3) == "=" => n + 1,
            Some(false) if is_name(at(n + 1)) && at(n + 2) == "=" => n,
            _ if at(n + 1) == "=" && is_name(at(n + 2)) && at(n + 3) == "=" => {
                return Some(Forgotten::Before(from + tokens[n + 2].0));
            }
            _ => return None,
        };
        let (end, name) = tokens[head];
        Some(Forgotten::Block(
            from + tokens[n].0,
            from + end + name.len(),
        ))
    })
}

/// The tokens of a piece of a line that stand in no brackets, by their places; a group stands for
/// itself by its opener, a text by its quote. None where a text holds more than letters.
pub(super) fn tokens(part: &str) -> Option<Vec<(usize, &str)>> {
    let mut out = Vec::new();
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(c) = part[at..].chars().next() {
        let rest = &part[at..];
        let length = match c {
            '#' => break,
            '"' | '\'' => {
                let end = rest[1..].find(c)? + 2;
                let text = &rest[..end];
                if text.contains(['\\', '\n'])
                    || text.contains("${")
                    || text == "\"\"" && rest.starts_with("\"\"\"")
                {
                    return None;
                }
                end
            }
            _ if is_word(c) => rest.find(|c| !is_word(c)).unwrap_or(rest.len()),
            '<' | '>' | '=' | '!' if rest[1..].starts_with('=') => 2,
            _ => c.len_utf8(),
        };
        match c {
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            _ if depth == 0 && !c.is_whitespace() => {
                let shown = if matches!(c, '"' | '\'') { 1 } else { length };
                out.push((at, &rest[..shown]));
            }
            _ => {}
        }
        if matches!(c, '(' | '[' | '{') {
            depth += 1;
        }
        at += length;
    }
    Some(out)
}
