//! Rules about what a test means, as an experienced performance engineer would object in a
//! review; and what becomes of findings: those that a writer has answered at their place, the
//! levels that somebody sets, and the repairs.

pub mod fix;
mod levels;
mod rules;
mod suites;
mod suppress;
mod view;

pub use levels::Levels;
pub use suppress::{Suppression, suppress, suppressions};

use crate::diagnostics::Diagnostic;
use crate::eval::Params;
use crate::resolve::{Flat, Program};
use crate::scenario::{Case, gather};
use std::sync::Arc;
use view::View;

/// What the rules find in scenarios that compiled without an error, said once for all cases of a
/// scenario. Only of what users wrote: the library's own text is not theirs to change.
pub fn check(
    program: &Program,
    params: &Params,
    scenarios: &[Arc<Flat>],
    cases: &[Case],
) -> Vec<Diagnostic> {
    let mut out = Vec::new();
    for flat in scenarios {
        let of_scenario = cases.iter().filter(|case| case.scenario == flat.title());
        let mut found = Vec::new();
        for case in of_scenario {
            let view = View::new(program, params, flat, case);
            let of_case = rules::CASE_RULES.iter().flat_map(|rule| rule(&view));
            found.push((case.id.clone(), of_case.collect::<Vec<_>>()));
        }
        out.extend(gather(found));
        let cases: Vec<Case> = cases
            .iter()
            .filter(|case| case.scenario == flat.title())
            .cloned()
            .collect();
        out.extend(
            rules::SCENARIO_RULES
                .iter()
                .flat_map(|rule| rule(flat, &cases)),
        );
    }
    out.extend(suites::check(program, params, cases));
    out.retain(|d| program.sources.get(d.span().file).path.is_some());
    out
}
