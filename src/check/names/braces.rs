//! `{row.x}`, `$row.x` and `{{row.x}}` in a text, where `${row.x}` was meant.

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
        let text = self.program.sources.text(span);
        for (at, path) in dollared(text) {
            let start = span.start as usize + at;
            let place = Span::new(span.file, start, start + path.len() + 1);
            if self.has_value(path, module, locals) && self.may_be_field(path) {
                self.stays(place, path);
            }
        }
        for (at, path, length) in doubled(text) {
            let start = span.start as usize + at;
            let place = Span::new(span.file, start, start + length);
            let own = path.starts_with("case.") || path.starts_with("row.");
            if own && self.has_value(path, module, locals) && self.is_field(path) {
                self.stays(place, path);
            }
        }
        for (at, path) in braced(text) {
            let start = span.start as usize + at;
            let place = Span::new(span.file, start, start + path.len() + 2);
            let filled = parts.iter().any(|part| match part {
                StrPart::Interpolation(expr) => {
                    expr.span.start <= place.start && place.end <= expr.span.end
                }
                StrPart::Text(_) => false,
            });
            let named = self.has_value(path, module, locals) && self.may_be_field(path);
            if !filled && named {
                self.stays(place, path);
            }
        }
    }

    /// Says, once, that a path is not filled in where it stands.
    fn stays(&mut self, place: Span, path: &str) {
        if !self.in_braces.insert(place) {
            return;
        }
        let written = self.program.sources.text(place);
        let message = format!("`{written}` stays in this text as it is written");
        self.found.push(
            Diagnostic::warning(codes::MISSING_INTERPOLATION, place, message)
                .help(format!("with its value: `${{{path}}}`"))
                .fix("put its value there", place, format!("${{{path}}}"), false),
        );
    }

    /// Whether a path may be read, for all that is known: `row.x` only where rows have that column.
    fn may_be_field(&mut self, path: &str) -> bool {
        let column = path.strip_prefix("row.");
        let column = column.map(|rest| rest.split('.').next().unwrap_or(rest));
        column.is_none_or(|column| self.has_column(column) != Some(false))
    }

    /// The same, where it has to be known.
    fn is_field(&mut self, path: &str) -> bool {
        let column = path.strip_prefix("row.");
        let column = column.map(|rest| rest.split('.').next().unwrap_or(rest));
        column.is_none_or(|column| self.has_column(column) == Some(true))
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

/// What stands in the quotes of a text, and where that begins; none of a raw text, which is a
/// pattern or a template.
fn quoted(text: &str) -> Option<(usize, &str)> {
    let mut quotes = ["\"\"\"", "\""].into_iter();
    let quotes = quotes.find(|quotes| text.starts_with(quotes))?;
    let end = text.len().saturating_sub(quotes.len());
    Some((quotes.len(), text.get(quotes.len()..end)?))
}

/// The paths of a text behind a `$` alone, and where each `$` is: `$row.x`. A name without a field is
/// a variable of a shell.
fn dollared(text: &str) -> Vec<(usize, &str)> {
    let Some((start, inside)) = quoted(text) else {
        return Vec::new();
    };
    let path_at = |at: usize| {
        let rest = &inside[at + 1..];
        let letter = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.');
        let end = rest.find(|c| !letter(c)).unwrap_or(rest.len());
        let path = rest[..end].trim_end_matches('.');
        // what a case has is a text, behind which an ending of a file may stand
        let path = match path.strip_prefix("case.").and_then(|field| field.find('.')) {
            Some(dot) => &path[.."case.".len() + dot],
            None => path,
        };
        let free = !inside[..at].ends_with(['$', '\\']);
        (free && path.contains('.') && is_path(path)).then_some((start + at, path))
    };
    let signs = inside.match_indices('$');
    signs.filter_map(|(at, _)| path_at(at)).collect()
}

/// The paths of a text in two pairs of braces, with where they begin and how long they are, of a text
/// in which nothing else stands so: else it is a template of another language.
fn doubled(text: &str) -> Vec<(usize, &str, usize)> {
    let Some((start, inside)) = quoted(text) else {
        return Vec::new();
    };
    let mut out = Vec::new();
    let (mut rest, mut at) = (inside, start);
    while let Some(open) = rest.find("{{") {
        let Some(length) = rest[open..].find("}}") else {
            return Vec::new();
        };
        let path = rest[open + 2..open + length].trim();
        if !is_path(path) || !path.contains('.') {
            return Vec::new();
        }
        out.push((at + open, path, length + 2));
        at += open + length + 2;
        rest = &rest[open + length + 2..];
    }
    let others = ["{%", "{#", "}}"];
    match others
        .iter()
        .any(|sign| rest.contains(sign) || *sign != "}}" && inside.contains(sign))
    {
        true => Vec::new(),
        false => out,
    }
}

/// The paths in braces of a text as it stands in its file, and where each brace is.
fn braced(text: &str) -> Vec<(usize, &str)> {
    let Some((start, inside)) = quoted(text) else {
        return Vec::new();
    };
    if OF_OTHERS.iter().any(|sign| inside.contains(sign)) || is_program(inside) {
        return Vec::new();
    }
    let path_at = |at: usize| {
        let rest = inside.get(at + 1..)?;
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '_' | '.'))?;
        let path = rest[end..].starts_with('}').then_some(&rest[..end])?;
        (is_path(path) && may_begin(&inside[..at])).then_some((start + at, path))
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
    use super::{braced, dollared, doubled};

    #[test]
    fn signs_of_other_languages_before_a_path_are_found() {
        let dollars = |text| -> Vec<&str> { dollared(text).into_iter().map(|(_, p)| p).collect() };
        assert_eq!(dollars("\"Q: $row.question.\""), ["row.question"]);
        assert_eq!(dollars("\"$case.name.csv\""), ["case.name"]);
        for text in [
            "\"$HOME\"",
            "\"$$row.x\"",
            "\"${row.x}\"",
            "'$row.x'",
            "\"$3.50\"",
            "\"$.a\"",
        ] {
            assert_eq!(dollars(text), Vec::<&str>::new(), "{text}");
        }
        assert_eq!(doubled("\"a {{ row.x }}\""), [(3, "row.x", 11)]);
        for text in [
            "\"{{n}}\"",
            "\"{{row.x}} {{ f(1) }}\"",
            "\"{% if x %}{{row.x}}\"",
            "\"{{row.x\"",
            "\"{{row.x}} }}\"",
        ] {
            assert_eq!(doubled(text), [], "{text}");
        }
    }

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
