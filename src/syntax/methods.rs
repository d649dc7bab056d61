//! What other languages write behind a value: methods, and a case in square brackets.

use super::ast::{Expr, ExprKind};
use super::grammar::Builder;
use crate::diagnostics::{Diagnostic, codes};
use crate::schema;
use crate::source::Span;

impl Builder<'_> {
    /// How `answer.contains(x)` is written, where `base` is what stands before the brackets `args`;
    /// and whether that calls a builtin.
    pub(super) fn called(&self, base: &Expr, args: Span) -> (bool, String) {
        let ExprKind::Field { base, field } = &base.kind else {
            return (false, String::new());
        };
        let of = self.source(base.span);
        let args = self.source(args);
        let args = args
            .strip_prefix('(')
            .and_then(|args| args.strip_suffix(')'));
        let args = args.unwrap_or_default().trim();
        match field.text.as_str() {
            "contains" | "includes" | "has" if !args.is_empty() => {
                (true, format!("contains_any({of}, [{args}])"))
            }
            name if schema::builtin(name).is_some() => (
                true,
                match args {
                    "" => format!("{name}({of})"),
                    args => format!("{name}({of}, {args})"),
                },
            ),
            name => (false, format!("{name}({of}, …)")),
        }
    }

    /// `steady[concurrency = 4]`: a case is chosen before what is read of it. In place of what was
    /// said of the brackets, which is all that was found since.
    pub(super) fn case_in_brackets(&mut self, base: &Expr, brackets: Span, since: usize) {
        let chosen = |d: &Diagnostic| d.code == codes::FOREIGN_FORM.0;
        let named = matches!(base.kind, ExprKind::Name(_) | ExprKind::Field { .. });
        let text = self.source(brackets);
        let inside = text
            .strip_prefix('[')
            .and_then(|text| text.strip_suffix(']'));
        let Some(inside) = inside.map(str::trim).filter(|_| named) else {
            return;
        };
        if self.found.len() != since + 1 || !self.found[since..].iter().all(chosen) {
            return;
        }
        let is_set = inside.split(',').all(|one| {
            one.split_once('=')
                .is_some_and(|(name, value)| is_word(name.trim()) && !value.starts_with('='))
        });
        if !is_set {
            return;
        }
        let right = format!("at({inside}).{}", self.source(base.span));
        let message = "another case is not chosen in square brackets";
        self.found[since] = Diagnostic::error(codes::FOREIGN_FORM, brackets, message)
            .says("of the case in which this is so")
            .help(format!("write `{right}`"))
            .fix(
                "choose the case first",
                base.span.to(brackets),
                right,
                false,
            );
    }
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}
