//! Cases that cannot work: which findings mean that, and what then becomes of a case.

use super::context::Context;
use super::{Case, ServerSpec, Start};
use crate::diagnostics::{Diagnostic, Severity, codes};
use crate::eval::Value;
use crate::resolve::Flat;
use std::collections::HashMap;
use std::sync::Arc;

/// The errors that are about what a case asks of its engines and GPUs. All others are mistakes of
/// whoever wrote the file, in this case as in any, and leave out nothing.
const INFEASIBLE: [codes::Rule; 4] = [
    codes::CONSTRAINT,
    codes::DOES_NOT_FIT,
    codes::TOO_FEW_GPUS,
    codes::UNCONNECTED,
];

/// So many reasons are named where no case can work.
const NAMED: usize = 3;

/// Why a case cannot work, as its findings say; none where it can.
pub(super) fn reason(found: &[Diagnostic]) -> Option<String> {
    let mut reasons: Vec<&str> = Vec::new();
    for one in found.iter().filter(|one| is_infeasible(one)) {
        if !reasons.contains(&one.message.as_str()) {
            reasons.push(&one.message);
        }
    }
    (!reasons.is_empty()).then(|| reasons.join("; "))
}

fn is_infeasible(found: &Diagnostic) -> bool {
    found.severity == Severity::Error && INFEASIBLE.iter().any(|rule| rule.0 == found.code)
}

/// Leaves a case that cannot work out of what runs, where its scenario says so: then that is no
/// finding. The case stays, and its phases say why they do not run.
pub(super) fn settle(cx: &Context<'_>, case: &mut Case, found: &mut Vec<Diagnostic>) {
    if matches!(cx.attr(cx.flat, "infeasible"), Value::Error) {
        // what was meant is not known, and whatever is wrong with it has been said
        case.infeasible = None;
        found.retain(|one| !is_infeasible(one));
    }
    let Some(why) = case.infeasible.as_ref().filter(|_| case.skips) else {
        return;
    };
    found.retain(|one| !is_infeasible(one));
    for phase in &mut case.phases {
        Arc::make_mut(phase).skipped = Some(said(why));
    }
}

/// Whether the scenario leaves out the cases that cannot work.
pub(super) fn skips(cx: &Context<'_>) -> bool {
    match cx.attr(cx.flat, "infeasible") {
        Value::Text(what) => what.as_ref() == "skip",
        _ => false,
    }
}

/// A case that needs more GPUs at once than the suite says there are, in a scenario that leaves
/// such cases out. Elsewhere the suite is wrong, which is found in it.
pub(super) fn of_suite(
    cx: &Context<'_>,
    there: u64,
    servers: &[Arc<ServerSpec>],
) -> Option<Diagnostic> {
    let launched = servers.iter();
    let launched = launched.filter(|server| matches!(server.start, Start::Launch { .. }));
    let needed: u64 = launched.map(|server| server.gpus).sum();
    if needed <= there || !skips(cx) {
        return None;
    }
    let gpus = if needed == 1 { "GPU" } else { "GPUs" };
    let message = format!("it needs {needed} {gpus} at once, and the suite has {there}");
    let head = cx.flat.head();
    Some(Diagnostic::error(codes::TOO_FEW_GPUS, head, message))
}

/// As results and plans say it.
pub fn said(why: &str) -> String {
    format!("not feasible: {why}")
}

/// The cases that cannot work, for `at(…).feasible`.
pub(super) fn of_all(cases: &[Case]) -> HashMap<Arc<str>, Arc<str>> {
    let of = |case: &Case| Some((case.id.as_str().into(), case.infeasible.as_deref()?.into()));
    cases.iter().filter_map(of).collect()
}

/// A scenario of which every case was left out tests nothing.
pub(super) fn none_left(flat: &Flat, cases: &[Case]) -> Option<Diagnostic> {
    if cases.is_empty() || cases.iter().any(|case| case.infeasible.is_none()) {
        return None;
    }
    let message = format!("no case of {} can work", flat.quoted());
    let place = flat.attrs.get("infeasible");
    let place = place.map_or(flat.head(), |attr| attr.expr.span);
    let mut found = Diagnostic::error(codes::NONE_FEASIBLE, place, message)
        .help("add a case that can, or mend these");
    for case in cases.iter().take(NAMED) {
        let why = case.infeasible.as_deref().unwrap_or_default();
        found = found.help(format!("{}: {why}", case.id));
    }
    if cases.len() > NAMED {
        found = found.help(format!("and {} more", cases.len() - NAMED));
    }
    Some(found)
}
