//! `{row.x}` in a text, where `${row.x}` was meant.

use super::Walk;
use super::due::AXIS;
use super::locals::Locals;
use crate::diagnostics::{Diagnostic, codes};
use crate::resolve::{DefinitionKind, ModuleId};
use crate::source::Span;
use crate::syntax::ast::StrPart;

/// Texts with one of these are of another language, whose braces are its own: JSON, templates,
/// programs, patterns.
const OF_OTHERS: [&str; 8] = ["{{", "}}", "{%", "{#", "\":", "':", ".format(", "(?"];

impl Walk<'_> {
    /// Finds names in braces that have a value where the text stands.
    pub(super) fn braces(
        &mut self,
        parts: &[StrPart],
        span: Span,
        module: ModuleId,
        locals: &Locals<'_>,
    ) {
        if self.pattern || self.program.standard.values().any(|id| *id == module) {
            return;
        }
        for (at, path) in braced(self.program.sources.text(span)) {
            let start = span.start as usize + at;
            let place = Span::new(span.file, start, start + path.len() + 2);
            let filled = parts.iter().any(|part| match part {
                StrPart::Interpolation(expr) => {
                    expr.span.start <= place.start && place.end <= expr.span.end
                }
                StrPart::Text(_) => false,
            });
            if filled || !self.has_value(path, module, locals) || !self.in_braces.insert(place) {
                continue;
            }
            let message = format!("`{{{path}}}` stays in this text as it is written");
            let before = Span {
                end: place.start,
                ..place
            };
            self.found.push(
                Diagnostic::warning(codes::MISSING_INTERPOLATION, place, message)
                    .help(format!("with its value: `${{{path}}}`"))
                    .fix("put its value there", before, "$", false),
            );
        }
    }

    /// Whether a path begins with a name that a text here can show.
    fn has_value(&self, path: &str, module: ModuleId, locals: &Locals<'_>) -> bool {
        let (name, dotted) = match path.split_once('.') {
            Some((name, _)) => (name, true),
            None => (path, false),
        };
        let block = |(kind, of): &(&str, &str)| *of == name && *kind != AXIS;
        match locals.get(name) {
            // of a phase or a server there are figures, and nothing else
            Some(Some(_)) => dotted || !self.around.iter().any(block),
            Some(None) => !self.lacks.contains(&name),
            None => {
                let names = &self.program.module(module).names;
                let kind = names.get(name).map(|definition| &definition.kind);
                matches!(
                    kind,
                    Some(DefinitionKind::Let(_) | DefinitionKind::Param(_))
                )
            }
        }
    }
}

/// The paths in braces of a text as it stands in its file, and where each brace is.
fn braced(text: &str) -> Vec<(usize, &str)> {
    let Some(quotes) = ["\"\"\"", "\""]
        .into_iter()
        .find(|quotes| text.starts_with(quotes))
    else {
        // a raw text is a pattern, or a template
        return Vec::new();
    };
    let end = text.len().saturating_sub(quotes.len());
    let Some(inside) = text.get(quotes.len()..end) else {
        return Vec::new();
    };
    if OF_OTHERS.iter().any(|sign| inside.contains(sign)) || is_program(inside) {
        return Vec::new();
    }
    let path_at = |at: usize| {
        let rest = inside.get(at + 1..)?;
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '_' | '.'))?;
        let path = rest[end..].starts_with('}').then_some(&rest[..end])?;
        (is_path(path) && may_begin(&inside[..at])).then_some((quotes.len() + at, path))
    };
    inside
        .match_indices('{')
        .filter_map(|(at, _)| path_at(at))
        .collect()
}

/// `row.x`
fn is_path(text: &str) -> bool {
    text.split('.').all(|name| {
        name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    })
}

/// Whether a brace behind this may begin what was meant to be filled in: not where it is, or is
/// escaped, and not an index of a formula, as in `x_{n}` and `x^{n}`.
fn may_begin(before: &str) -> bool {
    if before.ends_with(['$', '\\', '^']) {
        return false;
    }
    let Some(word) = before.strip_suffix('_') else {
        return true;
    };
    let letters = word.chars().rev().take_while(|c| c.is_ascii_alphanumeric());
    letters.count() != 1
}

/// Whether a text has commands, as of TeX, classes, as of patterns, or texts that Python fills in.
fn is_program(text: &str) -> bool {
    let command = |(at, _): (usize, &str)| {
        let next = text[at + 2..].chars().next();
        next.is_some_and(|c| c.is_ascii_alphabetic())
    };
    let quoted = ["f\"", "f'", "f\\\""].into_iter();
    let filled = |opening: &str| {
        text.match_indices(opening).any(|(at, _)| {
            let before = text[..at].chars().next_back();
            !before.is_some_and(|c| c.is_alphanumeric())
        })
    };
    text.match_indices("\\\\").any(command) || quoted.into_iter().any(filled)
}

#[cfg(test)]
mod tests {
    use super::braced;

    fn paths(text: &str) -> Vec<&str> {
        braced(text).into_iter().map(|(_, path)| path).collect()
    }

    #[test]
    fn names_in_braces_are_found() {
        assert_eq!(paths("\"Hi {row.name}, {n}!\""), ["row.name", "n"]);
        assert_eq!(
            paths("\"tables/run{n}_{case.name}.csv\""),
            ["n", "case.name"]
        );
        assert_eq!(paths("\"\"\"\n  {n}\n\"\"\""), ["n"]);
        assert_eq!(braced("\"{n}\""), [(1, "n")]);
    }

    #[test]
    fn braces_of_other_languages_are_not() {
        for text in [
            "\"${n}\"",
            "\"$${n}\"",
            "\"{{n}}\"",
            "\"{% if n %}{n}{% endif %}\"",
            "'a{n}'",
            "\"{n:.2f}\"",
            "\"{ n }\"",
            "\"{3}\"",
            "\"{}\"",
            "\"{\\\"n\\\": {n}}\"",
            "\"\"\"{\"n\": {n}}\"\"\"",
            "\"x_{n} and x^{n}\"",
            "\"\\\\frac{n}{n}\"",
            "\"\\\\d{n}\"",
            "\"print(f'{n}')\"",
            "\"print('{n}'.format(n))\"",
            "\"def f(n) {return n}\"",
        ] {
            assert_eq!(paths(text), Vec::<&str>::new(), "{text}");
        }
    }
}
