//! Text from outside made harmless: a server's answer must not colour a terminal, break out of
//! a table, or run in a page or a spreadsheet.

/// Without escape sequences, control characters and marks that turn the direction of writing;
/// line breaks and tabs stay.
pub fn plain(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\x1b' => skip_escape(&mut chars),
            '\u{9b}' => skip_to_final(&mut chars),
            '\n' | '\t' => clean.push(c),
            '\r' => {
                if chars.peek() != Some(&'\n') {
                    clean.push('\n');
                }
            }
            _ if c.is_control() || invisible(c) => {}
            _ => clean.push(c),
        }
    }
    clean
}

/// [`plain`], on one line: runs of white space become one blank.
pub fn one_line(text: &str) -> String {
    plain(text).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// [`one_line`], cut after so many characters.
pub fn short(text: &str, most: usize) -> String {
    let line = one_line(text);
    match line.char_indices().nth(most) {
        None => line,
        Some((end, _)) => format!("{}…", &line[..end]),
    }
}

/// A text cell of a CSV file: one line, and nothing that a spreadsheet takes for a formula.
pub fn cell(text: &str) -> String {
    let line = one_line(text);
    let formula = line.starts_with(['=', '+', '-', '@']) && line.parse::<f64>().is_err();
    if formula { format!("'{line}") } else { line }
}

/// Marks that change how what follows is read without showing (Unicode's bidirectional controls,
/// zero-width ones but the joiners that scripts need), and what XML does not allow.
fn invisible(c: char) -> bool {
    matches!(c,
        '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2028}' | '\u{2029}'
        | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

type Chars<'a> = std::iter::Peekable<std::str::Chars<'a>>;

/// After an ESC: a CSI sequence to its final byte, a string sequence (OSC, DCS, …) to its end,
/// or the one character of a short sequence.
fn skip_escape(chars: &mut Chars<'_>) {
    match chars.peek() {
        Some('[') => {
            chars.next();
            skip_to_final(chars);
        }
        Some(']' | 'P' | 'X' | '^' | '_') => {
            chars.next();
            // an unended one must not swallow the text: it ends with its line
            while let Some(c) = chars.peek().copied() {
                if c == '\n' {
                    return;
                }
                chars.next();
                if c == '\x07' || c == '\u{9c}' {
                    return;
                }
                if c == '\x1b' {
                    if chars.peek() == Some(&'\\') {
                        chars.next();
                    }
                    return;
                }
            }
        }
        Some(c) if ('0'..='~').contains(c) => {
            chars.next();
        }
        _ => {}
    }
}

fn skip_to_final(chars: &mut Chars<'_>) {
    while let Some(c) = chars.peek().copied() {
        match c {
            '\x20'..='\x3f' => chars.next(),
            '\x40'..='\x7e' => {
                chars.next();
                return;
            }
            _ => return,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn escape_sequences_go_whole() {
        assert_eq!(
            plain("\x1b[31mred\x1b[0m and \x1b]0;title\x07text"),
            "red and text"
        );
        assert_eq!(plain("a\x1b]8;;http://x\x1b\\link\nb"), "alink\nb");
        assert_eq!(plain("a\x1b]never ended\nb"), "a\nb");
        assert_eq!(plain("a\r\nb\rc\0d"), "a\nb\ncd");
        assert_eq!(plain("user\u{202e}txt.exe"), "usertxt.exe");
    }

    #[test]
    fn cells_are_no_formulas() {
        assert_eq!(cell("=1+1"), "'=1+1");
        assert_eq!(cell("-5.5"), "-5.5");
        assert_eq!(cell(" \t@x\ny"), "'@x y");
    }

    proptest! {
        #[test]
        fn nothing_unprintable_is_left(text in "[\x1b\\[\\]\\\\m;0-9a-zé\n\r\t\x07\u{9b}\u{202e}]{0,40}") {
            let clean = plain(&text);
            prop_assert!(clean.chars().all(|c| c == '\n' || c == '\t' || !c.is_control()));
            prop_assert!(!one_line(&text).contains(['\n', '\t', '\x1b']));
            prop_assert_eq!(plain(&clean), clean.clone());
        }
    }
}
