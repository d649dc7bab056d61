//! Diagnostics as workflow commands, which GitHub shows at the lines of a pull request.

use super::{Diagnostic, Severity, by_place};
use crate::source::{Sources, Span};

/// `::error file=…,line=…::message` of each finding, by file and place.
pub fn render(sources: &Sources, found: &[Diagnostic]) -> String {
    let mut out = String::new();
    for d in by_place(sources, found) {
        let command = match d.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "notice",
        };
        let span = d.span();
        let (line, column) = sources.line_col(span);
        let (end_line, end) = sources.line_col(Span {
            start: span.end,
            ..span
        });
        let mut properties = vec![
            ("file", sources.get(span.file).name.clone()),
            ("line", line.to_string()),
            ("endLine", end_line.to_string()),
        ];
        // columns are for places within one line
        if line == end_line {
            properties.push(("col", column.to_string()));
            properties.push(("endColumn", end.to_string()));
        }
        properties.push(("title", format!("{} {}", d.code, d.rule)));
        let properties: Vec<String> = properties
            .iter()
            .map(|(name, value)| format!("{name}={}", property(value)))
            .collect();
        let message: Vec<String> = std::iter::once(d.message.clone())
            .chain(d.help.iter().map(|help| format!("help: {help}")))
            .collect();
        out += &format!(
            "::{command} {}::{}\n",
            properties.join(","),
            data(&message.join("\n"))
        );
    }
    out
}

/// As the runner's own toolkit escapes a message.
fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// As it escapes a property.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostics::codes;

    #[test]
    fn what_ends_a_part_of_a_command_is_escaped() {
        let mut sources = Sources::default();
        let file = sources.add("a:b,c%.scn", None, "one\ntwo");
        let span = Span::new(file, 4, 7);
        let found =
            Diagnostic::error(codes::SYNTAX, span, "50% of\r\nthis: that, ::error::").help("do it");
        assert_eq!(
            render(&sources, &[found]),
            "::error file=a%3Ab%2Cc%25.scn,line=2,endLine=2,col=1,endColumn=4,title=E0101 syntax::\
             50%25 of%0D%0Athis: that, ::error::%0Ahelp: do it\n"
        );
    }
}
