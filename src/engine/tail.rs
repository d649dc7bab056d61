//! The last lines of an output, made fit for an error message.

/// Longest line that is shown whole, in characters.
const LONGEST_LINE: usize = 500;

/// The last `lines` lines with something in them: terminal escapes and control characters are
/// removed, a line that was overwritten (a progress bar) shows its last state.
pub(super) fn last_lines(bytes: &[u8], lines: usize) -> Vec<String> {
    let text = without_escapes(&String::from_utf8_lossy(bytes));
    let mut found: Vec<String> = text
        .split('\n')
        .rev()
        .map(clean_line)
        .filter(|line| !line.is_empty())
        .take(lines)
        .collect();
    found.reverse();
    found
}

fn clean_line(line: &str) -> String {
    let line = line.trim_end_matches(['\r', ' ', '\t']);
    let line = line.rsplit('\r').next().unwrap_or(line);
    let mut clean: String = line
        .chars()
        .map(|c| if c == '\t' { ' ' } else { c })
        .filter(|c| !c.is_control() && !turns_text(*c))
        .take(LONGEST_LINE + 1)
        .collect();
    if clean.chars().count() > LONGEST_LINE {
        clean.pop();
        clean.push('…');
    }
    clean
}

/// Characters that change the direction of what follows, also outside of the line.
fn turns_text(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Removes ECMA-48 control sequences (`ESC [ … m`), strings (`ESC ] … BEL`) and short escapes.
fn without_escapes(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\u{1b}' => match chars.next() {
                Some('[') => skip_sequence(&mut chars),
                Some(']' | 'P' | '^' | '_' | 'X') => skip_string(&mut chars),
                // Three-character escapes: a charset's choice.
                Some('(' | ')' | '*' | '+' | '#' | '%' | ' ') => {
                    chars.next();
                }
                _ => {}
            },
            '\u{9b}' => skip_sequence(&mut chars),
            _ => clean.push(c),
        }
    }
    clean
}

fn skip_sequence(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    while let Some(c) = chars.next_if(|c| ('\u{20}'..='\u{7e}').contains(c)) {
        if ('\u{40}'..='\u{7e}').contains(&c) {
            return;
        }
    }
}

/// Up to its end or the line's: an unended one must not swallow the rest of the log.
fn skip_string(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    while let Some(c) = chars.next_if(|c| *c != '\n') {
        if c == '\u{7}' || c == '\u{9c}' {
            return;
        }
        if c == '\u{1b}' {
            chars.next_if_eq(&'\\');
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn removes_what_a_terminal_would_obey() {
        let text = "one\n\x1b[31mred\x1b[0m \x1b]8;;http://x\x07link\x1b]8;;\x1b\\ \x1b(Bend\r\n\n10%\r 50%\r100%\ntab\there\n";
        assert_eq!(
            last_lines(text.as_bytes(), 10),
            ["one", "red link end", "100%", "tab here"]
        );
        assert_eq!(last_lines(text.as_bytes(), 1), ["tab here"]);
    }

    #[test]
    fn bounds_a_line_and_an_unended_string() {
        let text = format!("{}\n\x1b]0;title\nlast", "x".repeat(5000));
        let lines = last_lines(text.as_bytes(), 9);
        assert_eq!(lines.len(), 2);
        assert_eq!(lines[0].chars().count(), LONGEST_LINE + 1 - 1 + 1);
        assert!(lines[0].ends_with('…'));
        assert_eq!(lines[1], "last");
    }

    proptest! {
        #[test]
        fn nothing_a_terminal_obeys_is_left(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            for line in last_lines(&bytes, 100) {
                prop_assert!(!line.chars().any(char::is_control), "{line:?}");
            }
        }
    }
}
