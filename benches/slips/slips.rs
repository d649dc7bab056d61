//! Single slips of a good file, each a change of one line.

/// A line, and what stands there instead: nothing where the whole line is lost.
pub struct Slip {
    pub sort: &'static str,
    pub line: usize,
    pub with: Option<String>,
}

/// What keys beside the one that was meant write behind a block's `}`.
const STRAYS: [char; 10] = ['.', ':', '!', '?', '@', '$', '&', '*', '\'', '"'];

const OPENERS: [char; 3] = ['(', '[', '{'];
const CLOSERS: [char; 3] = [')', ']', '}'];

/// Every slip that may be made in a text, in order of their places.
pub fn slips(text: &str) -> Vec<Slip> {
    let codes = code(text);
    let mut out = Vec::new();
    let mut start = 0;
    for (line, whole) in text.lines().enumerate() {
        of_line(whole, &codes[start..start + whole.len()], line, &mut out);
        start += whole.len() + 1;
    }
    out
}

/// For each byte whether it is read as code: it stands in no text and in no comment.
fn code(text: &str) -> Vec<bool> {
    let mut out = vec![false; text.len()];
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let rest = &text[at..];
        let ends = |quote: &str| {
            let inside = &rest[quote.len()..];
            let escaped = |n: usize| inside[..n].ends_with('\\');
            let end = inside.match_indices(quote).find(|(n, _)| !escaped(*n));
            end.map_or(rest.len(), |(n, _)| n + 2 * quote.len())
        };
        at += match c {
            '#' => rest.find('\n').unwrap_or(rest.len()),
            '"' if rest.starts_with("\"\"\"") => ends("\"\"\""),
            '"' => ends("\""),
            '\'' => ends("'"),
            c => {
                out[at..at + c.len_utf8()].fill(true);
                c.len_utf8()
            }
        };
    }
    out
}

fn of_line(line: &str, codes: &[bool], number: usize, out: &mut Vec<Slip>) {
    let mut slip = |sort, with: Option<String>| {
        let line = number;
        out.push(Slip { sort, line, with });
    };
    let replaced = |at: usize, length: usize, with: &str| {
        Some(format!("{}{with}{}", &line[..at], &line[at + length..]))
    };
    let end = codes.iter().rposition(|code| *code);
    let end = end.map_or(0, |last| line[..=last].trim_end().len());
    for (at, c) in line.char_indices() {
        let quote = matches!(c, '"' | '\'') && (at == 0 || codes[at - 1]);
        if !codes[at] && quote && !line[at..].starts_with("\"\"\"") {
            slip("a quote lost", replaced(at, 1, ""));
        }
        if !codes[at] {
            continue;
        }
        for brackets in [OPENERS, CLOSERS] {
            let Some(n) = brackets.iter().position(|bracket| *bracket == c) else {
                continue;
            };
            let other = brackets[(n + 1 + number % 2) % 3];
            slip("a bracket dropped", replaced(at, 1, ""));
            slip("a bracket doubled", replaced(at, 0, &c.to_string()));
            slip("a bracket swapped", replaced(at, 1, &other.to_string()));
        }
        let next = line[at + c.len_utf8()..].trim_start();
        let before = line[..at].chars().next_back();
        let sets = !next.starts_with('=') && before.is_none_or(|c| !"=<>!".contains(c));
        // behind the last of a row it says nothing
        if c == ',' && !next.starts_with(CLOSERS) && !next.is_empty() || c == '=' && sets {
            slip("`,` or `=` lost", replaced(at, 1, ""));
        }
        let of_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let word = line[at..].split(|c| !of_word(c)).next().unwrap_or("");
        if before.is_none_or(|c| !of_word(c)) && word.len() > 2 && !c.is_ascii_digit() {
            let mut letters: Vec<char> = word.chars().collect();
            letters.swap(1, 2);
            let swapped: String = letters.into_iter().collect();
            let with = if swapped == word {
                &word[..2]
            } else {
                &swapped
            };
            slip("a name misspelt", replaced(at, word.len(), with));
        }
    }
    if line[..end].ends_with('{') {
        slip("a head line lost", None);
        slip("`{}` where `{` stays open", replaced(end, 0, "}"));
    } else if line[..end].ends_with('}') {
        for n in [number, number * 3 + 5] {
            let stray = format!(" {}", STRAYS[n % STRAYS.len()]);
            slip("a stray sign behind `}`", replaced(end, 0, &stray));
        }
    }
}
