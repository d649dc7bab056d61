//! Markdown that holds what was put into it, whatever that is.

use super::text::{one_line, plain};

/// A link: the text as [`escape`] has it, and the URL without what would end it or the cell.
pub(super) fn link(text: &str, url: &str) -> String {
    let mut target = String::with_capacity(url.len());
    for c in one_line(url).chars() {
        match c {
            '<' | '>' | '(' | ')' | '[' | ']' | '|' | '`' | '"' | '\\' | ' ' | '&' => {
                if c == '&' {
                    target.push_str("&amp;");
                } else {
                    target.push_str(&format!("%{:02X}", u32::from(c)));
                }
            }
            c => target.push(c),
        }
    }
    format!("[{}]({target})", escape(text))
}

/// Text as one line of Markdown: shown as it is, never as markup; but what stands between
/// backticks is code.
pub(super) fn escape(text: &str) -> String {
    let line = one_line(text);
    let mut safe = String::with_capacity(line.len());
    let chars: Vec<char> = line.chars().collect();
    let mut i = 0;
    while i < chars.len() {
        if let Some(end) = code_span(&chars, i) {
            let inner: String = chars[i + 1..end].iter().collect();
            safe.push_str(&code(&inner));
            i = end + 1;
            continue;
        }
        let c = chars[i];
        let around = [
            i.checked_sub(1).map(|j| chars[j]),
            chars.get(i + 1).copied(),
        ];
        match c {
            '<' => safe.push_str("&lt;"),
            '&' if entity(&chars[i + 1..]) => safe.push_str("&amp;"),
            '\\' | '`' | '*' | '[' | ']' | '|' | '~' | '$' => {
                safe.push('\\');
                safe.push(c);
            }
            // within a word it is only itself: `mem_fraction`
            '_' if !around.iter().all(|a| a.is_some_and(char::is_alphanumeric)) => {
                safe.push_str("\\_");
            }
            // only at a line's start do these begin a heading, a quotation or a list
            '#' | '>' | '+' | '-' | '=' if i == 0 => {
                safe.push('\\');
                safe.push(c);
            }
            '.' | ')'
                if i > 0
                    && i < 10
                    && chars[..i].iter().all(char::is_ascii_digit)
                    && matches!(around[1], None | Some(' ')) =>
            {
                safe.push('\\');
                safe.push(c);
            }
            _ => safe.push(c),
        }
        i += 1;
    }
    safe
}

/// Where the code that begins with the backtick at `start` ends. None where there is no such
/// backtick or no code, or where what stands beside them would give them another meaning.
fn code_span(chars: &[char], start: usize) -> Option<usize> {
    if chars[start] != '`' {
        return None;
    }
    let length = chars[start + 1..].iter().position(|c| *c == '`')?;
    let end = start + 1 + length;
    let free = |c: Option<&char>| !matches!(c, Some('`' | '$' | '\\'));
    let before = start.checked_sub(1).and_then(|at| chars.get(at));
    let blank = chars[start + 1..end].iter().all(|c| c.is_whitespace());
    // within a word it is a stray one
    let opens = free(before) && !before.is_some_and(|c| c.is_alphanumeric());
    (!blank && opens && free(chars.get(end + 1))).then_some(end)
}

/// Whether what follows an `&` would be read as an entity.
fn entity(rest: &[char]) -> bool {
    let end = rest.iter().take(33).position(|c| *c == ';');
    end.is_some_and(|end| {
        end > 0
            && rest[..end]
                .iter()
                .all(|c| c.is_ascii_alphanumeric() || *c == '#')
    })
}

/// Text as inline code, also within a table.
pub(super) fn code(text: &str) -> String {
    let line = one_line(text);
    if line.is_empty() {
        return String::new();
    }
    if !line.contains(['`', '|', '\\']) {
        return format!("`{line}`");
    }
    // a pipe ends a table's cell even within backticks; as an entity nothing does
    let mut html = String::from("<code>");
    for c in line.chars() {
        match c {
            '<' | '>' | '&' | '|' | '`' | '*' | '_' | '[' | ']' | '\\' | '~' | '$' => {
                html.push_str(&format!("&#{};", u32::from(c)));
            }
            _ => html.push(c),
        }
    }
    html + "</code>"
}

/// Text as a block of code, its lines kept: the fence is longer than any within.
pub(super) fn fence(text: &str) -> String {
    let text = plain(text);
    let text = text.trim_end_matches('\n');
    let (mut longest, mut run) = (0, 0);
    for c in text.chars() {
        run = if c == '`' { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    let fence = "`".repeat((longest + 1).max(3));
    format!("{fence}text\n{text}\n{fence}")
}

/// A table; cells are Markdown already. Columns of figures stand to the right.
pub(super) fn table(headers: &[String], rows: &[Vec<String>]) -> String {
    let columns = headers.len();
    let cell = |row: &[String], i: usize| row.get(i).cloned().unwrap_or_default();
    let widths: Vec<usize> = (0..columns)
        .map(|i| {
            let cells = rows.iter().map(|row| cell(row, i).chars().count());
            cells
                .chain([headers[i].chars().count(), 4])
                .max()
                .unwrap_or(4)
        })
        .collect();
    let right: Vec<bool> = (0..columns)
        .map(|i| {
            let mut cells = rows
                .iter()
                .map(|row| cell(row, i))
                .filter(|c| !c.is_empty());
            let mut any = false;
            cells.all(|c| {
                let digit = c
                    .trim_start_matches(['-', '+', '\\'])
                    .starts_with(|c: char| c.is_ascii_digit());
                any |= digit;
                digit || c.starts_with(super::figures::NONE)
            }) && any
        })
        .collect();
    let line = |cells: Vec<String>| {
        let padded = cells.iter().enumerate().map(|(i, text)| {
            let fill = " ".repeat(widths[i].saturating_sub(text.chars().count()));
            if right[i] {
                fill + text
            } else {
                text.clone() + &fill
            }
        });
        format!("| {} |\n", padded.collect::<Vec<_>>().join(" | "))
    };
    let rule = (0..columns).map(|i| {
        let dashes = "-".repeat(widths[i] - 1);
        if right[i] { dashes + ":" } else { dashes + "-" }
    });
    let mut text = line(headers.to_vec());
    text.push_str(&format!("| {} |\n", rule.collect::<Vec<_>>().join(" | ")));
    for row in rows {
        text.push_str(&line((0..columns).map(|i| cell(row, i)).collect()));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_one_link_whatever_is_in_it() {
        assert_eq!(
            link("trace", "https://example.org/a?b=1&c=2"),
            "[trace](https://example.org/a?b=1&amp;c=2)"
        );
        assert_eq!(
            link("a] | <b>", "traces/x (1).json\n) [y](javascript:z"),
            "[a\\] \\| &lt;b>](traces/x%20%281%29.json%20%29%20%5By%5D%28javascript:z)"
        );
    }
    use proptest::prelude::*;

    #[test]
    fn markup_is_shown_and_not_done() {
        assert_eq!(
            escape("a|b\n<script>x</script>"),
            r"a\|b &lt;script>x&lt;/script>"
        );
        assert_eq!(escape("`rm` *now* [x](y)"), r"`rm` \*now\* \[x\](y)");
        assert_eq!(
            escape("of `steady`: `a|b`"),
            "of `steady`: <code>a&#124;b</code>"
        );
        assert_eq!(escape("``a` b` ` `"), r"\`\`a\` b\` \` \`");
        assert_eq!(escape("# no heading"), r"\# no heading");
        assert_eq!(escape("1. no list"), r"1\. no list");
        assert_eq!(escape("&lt; & co; &amp;"), "&amp;lt; & co; &amp;amp;");
        assert_eq!(escape("mem_fraction _x_ 1.5"), r"mem_fraction \_x\_ 1.5");
        assert_eq!(escape("ttft.p95 = 812 ms"), "ttft.p95 = 812 ms");
    }

    #[test]
    fn code_stays_code() {
        assert_eq!(code("a <= b"), "`a <= b`");
        assert_eq!(code("a`|b"), "<code>a&#96;&#124;b</code>");
        assert_eq!(fence("```\nx"), "````text\n```\nx\n````");
    }

    proptest! {
        #[test]
        fn a_cell_stays_one_cell(text in "[|`\\\\<>\n\r\t&#;*_a1. -]{0,30}") {
            for cell in [escape(&text), code(&text)] {
                prop_assert!(!cell.contains(['\n', '\r']));
                // every pipe has an odd number of backslashes before it
                for (at, _) in cell.match_indices('|') {
                    let slashes = cell[..at].chars().rev().take_while(|c| *c == '\\').count();
                    prop_assert!(slashes % 2 == 1, "{:?}", cell);
                }
            }
            // outside of code no tag begins
            let escaped = escape(&text).replace("\\`", "");
            let escaped = escaped.replace("<code>", "").replace("</code>", "");
            prop_assert!(escaped.split('`').step_by(2).all(|part| !part.contains('<')));
        }
    }
}
