//! Rules about what a test means, as an experienced performance engineer would object in a
//! review; and what becomes of findings: those that a writer has answered at their place, the
//! levels that somebody sets, and the repairs.

pub mod fix;
mod levels;
mod misnamed;
mod ratio;
mod reach;
mod rules;
mod suites;
mod suppress;
mod touched;
mod view;
mod wanted;

pub use levels::Levels;
pub use misnamed::as_one;
pub use suppress::{Suppression, suppress, suppressions};

use crate::diagnostics::Diagnostic;
use crate::eval::Params;
use crate::resolve::{Flat, Program};
use crate::scenario::{ByCase, Case};
use crate::source::Span;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use std::sync::Arc;
use touched::{Touched, touched};
use view::{Together, View};

/// What the rules find in scenarios, said once for all cases of a scenario. Of what the errors
/// among the findings so far touch nothing is said. Only of what users wrote: the library's own
/// text is not theirs to change.
pub fn check(
    program: &Program,
    params: &Params,
    scenarios: &[Arc<Flat>],
    cases: &[Case],
    found: &[Diagnostic],
) -> Vec<Diagnostic> {
    let touched = touched(program, scenarios, found);
    let sound = |at: usize| touched[at].as_ref().is_some_and(Touched::is_sound);
    let mut out = match (0..scenarios.len()).all(sound) {
        true => suites::check(program, params, cases),
        false => {
            let sound = (0..scenarios.len()).filter(|at| sound(*at));
            let sound: HashSet<Span> = sound.map(|at| scenarios[at].head()).collect();
            let of = |case: &&Case| sound.contains(&case.cases.scenario);
            let cases: Vec<Case> = cases.iter().filter(of).cloned().collect();
            suites::check(program, params, &cases)
        }
    };
    // the cases of a scenario follow one another; two files may have one of the same name
    let cases: HashMap<Span, &[Case]> = cases
        .chunk_by(|a, b| a.cases.scenario == b.cases.scenario)
        .filter_map(|cases| Some((cases.first()?.cases.scenario, cases)))
        .collect();
    for (flat, touched) in scenarios.iter().zip(&touched) {
        let Some(touched) = touched else { continue };
        let cases = cases.get(&flat.head()).copied().unwrap_or_default();
        match touched.is_sound() {
            true => scenario(program, params, flat, cases, touched, &mut out),
            false => {
                let rest = touched.rest(flat, cases);
                scenario(program, params, flat, &rest, touched, &mut out);
            }
        }
    }
    out.retain(|d| program.sources.get(d.span().file).path.is_some());
    out
}

/// What the rules find in a scenario, of what its errors leave of it.
fn scenario(
    program: &Program,
    params: &Params,
    flat: &Flat,
    cases: &[Case],
    touched: &Touched,
    out: &mut Vec<Diagnostic>,
) {
    let rules = touched.ask(rules::FEASIBILITY_RULES);
    out.extend(rules.flat_map(|rule| rule(flat, cases)));
    let rules = touched.ask(rules::MATRIX_RULES);
    out.extend(rules.flat_map(|rule| rule(program, params, flat, cases)));
    // what cannot work does not run, so there is nothing in it to object to
    let runs: Vec<Case>;
    let of_all = cases.len();
    let cases = match cases.iter().any(|case| case.infeasible.is_some()) {
        true => {
            let can_work = cases.iter().filter(|case| case.infeasible.is_none());
            runs = can_work.cloned().collect();
            &runs
        }
        false => cases,
    };
    let (mut found, mut across) = (ByCase::default(), Vec::new());
    found.leaves_out(of_all - cases.len());
    let together = Rc::new(Together::of(cases));
    for (at, case) in cases.iter().enumerate() {
        let view = View::new(program, params, flat, case, together.clone());
        let of_case = touched.ask(rules::CASE_RULES).flat_map(|rule| rule(&view));
        found.add(at, &case.id, of_case.collect());
        let rules = touched.ask(rules::ACROSS_RULES);
        across.extend(rules.flat_map(|rule| rule(&view)));
    }
    out.extend(found.gather());
    // a check that reads other cases is of all of them
    let mut said = HashSet::new();
    across.retain(|d: &Diagnostic| said.insert((d.code, d.span())));
    out.extend(across);
    let rules = touched.ask(rules::SCENARIO_RULES);
    out.extend(rules.flat_map(|rule| rule(flat, cases)));
}
