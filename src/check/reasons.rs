//! Reasons of checks that say nothing: `because ""`.

use crate::diagnostics::{Diagnostic, codes};
use crate::resolve::{DefinitionKind, Program};
use crate::syntax::ast::{Expr, ExprKind, StrPart};

pub(super) fn check(program: &Program) -> Vec<Diagnostic> {
    let definitions = program
        .user_modules()
        .flat_map(|id| program.module(id).names.values());
    let blocks = definitions.filter_map(|definition| match &definition.kind {
        DefinitionKind::Block(flat) => Some(flat),
        _ => None,
    });
    let checks = blocks.flat_map(|flat| &flat.checks);
    let reasons = checks.filter_map(|check| check.because.as_ref());
    let empty = reasons.filter(|reason| is_blank(reason)).map(|reason| {
        Diagnostic::warning(codes::EMPTY_REASON, reason.span, "this reason says nothing")
            .help("say why this has to hold, or leave `because` out")
    });
    empty.collect()
}

fn is_blank(reason: &Expr) -> bool {
    let ExprKind::Str(parts) = &reason.kind else {
        return false;
    };
    parts.iter().all(|part| match part {
        StrPart::Text(text) => text.trim().is_empty(),
        StrPart::Interpolation(_) => false,
    })
}
