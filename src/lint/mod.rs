//! Rules about what a test means, as an experienced performance engineer would object in a
//! review; and what becomes of findings: those that a writer has answered at their place, the
//! levels that somebody sets, and the repairs.

pub mod fix;
mod levels;
mod ratio;
mod reach;
mod rules;
mod sound;
mod suites;
mod suppress;
mod view;
mod wanted;

pub use levels::Levels;
pub use sound::sound;
pub use suppress::{Suppression, suppress, suppressions};

use crate::diagnostics::Diagnostic;
use crate::eval::Params;
use crate::resolve::{Flat, Program};
use crate::scenario::{Case, gather};
use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use std::sync::Arc;
use view::View;

/// What the rules find in [`sound`] scenarios, said once for all cases of a
/// scenario. Only of what users wrote: the library's own text is not theirs to change.
pub fn check(
    program: &Program,
    params: &Params,
    scenarios: &[Arc<Flat>],
    cases: &[Case],
) -> Vec<Diagnostic> {
    let mut out = suites::check(program, params, cases);
    // the cases of a scenario follow one another
    let cases: HashMap<&str, &[Case]> = cases
        .chunk_by(|a, b| a.scenario == b.scenario)
        .filter_map(|cases| Some((cases.first()?.scenario.as_str(), cases)))
        .collect();
    for flat in scenarios {
        let mut cases = cases.get(flat.title()).copied().unwrap_or_default();
        let rules = rules::FEASIBILITY_RULES.iter();
        out.extend(rules.flat_map(|rule| rule(flat, cases)));
        let rules = rules::MATRIX_RULES.iter();
        out.extend(rules.flat_map(|rule| rule(program, params, flat, cases)));
        // what cannot work does not run, so there is nothing in it to object to
        let runs: Vec<Case>;
        if cases.iter().any(|case| case.infeasible.is_some()) {
            let can_work = cases.iter().filter(|case| case.infeasible.is_none());
            runs = can_work.cloned().collect();
            cases = &runs;
        }
        let (mut found, mut across) = (Vec::new(), Vec::new());
        let by_id = cases.iter().map(|case| (case.id.as_str(), case));
        let by_id: Rc<HashMap<&str, &Case>> = Rc::new(by_id.collect());
        for case in cases {
            let view = View::new(program, params, flat, case, by_id.clone());
            let of_case = rules::CASE_RULES.iter().flat_map(|rule| rule(&view));
            found.push((case.id.clone(), of_case.collect::<Vec<_>>()));
            across.extend(rules::ACROSS_RULES.iter().flat_map(|rule| rule(&view)));
        }
        out.extend(gather(found));
        // a check that reads other cases is of all of them
        let mut said = HashSet::new();
        across.retain(|d: &Diagnostic| said.insert((d.code, d.span())));
        out.extend(across);
        out.extend(
            rules::SCENARIO_RULES
                .iter()
                .flat_map(|rule| rule(flat, cases)),
        );
    }
    out.retain(|d| program.sources.get(d.span().file).path.is_some());
    out
}
