//! Where checks that read several cases are judged: once, and not in each of them.

use super::{Across, Case};

/// A check that reads other cases stands in one of those in which it is the same: in the one that
/// it reads first, so that its verdict is that of a case that it is about, and otherwise in the
/// first; of these in one that can work where there is one. What it reads is wanted of the cases
/// it names.
pub(super) fn across(cases: &mut [Case]) {
    let mut seen: Vec<(String, Across)> = Vec::new();
    let mut same: Vec<Vec<usize>> = Vec::new();
    for (index, case) in cases.iter().enumerate() {
        for check in &case.checks {
            let Some(across) = &check.across else {
                continue;
            };
            let one = (check.name.clone(), across.clone());
            match seen.iter().position(|other| *other == one) {
                Some(at) => same[at].push(index),
                None => {
                    seen.push(one);
                    same.push(vec![index]);
                }
            }
        }
    }
    let place: Vec<Option<usize>> = (seen.iter().zip(&same))
        .map(|((_, across), same)| stands(cases, across, same))
        .collect();
    for (index, case) in cases.iter_mut().enumerate() {
        case.checks.retain(|check| match &check.across {
            None => true,
            Some(across) => {
                let is = |one: &(String, Across)| one.0 == check.name && one.1 == *across;
                seen.iter().position(is).and_then(|at| place[at]) == Some(index)
            }
        });
    }
    let reads: Vec<_> = cases
        .iter()
        .flat_map(Case::across)
        .flatten()
        .cloned()
        .collect();
    for (of, query) in reads {
        let case = cases.iter_mut().find(|case| case.id == *of);
        if let Some(case) = case.filter(|case| !case.wanted.contains(&query)) {
            case.wanted.push(query);
        }
    }
}

/// In which of the cases a check stands in which it is the same.
fn stands(cases: &[Case], across: &Across, same: &[usize]) -> Option<usize> {
    let read = (across.reads.iter())
        .filter_map(|(id, _)| same.iter().copied().find(|index| cases[*index].id == **id));
    let order: Vec<usize> = read.chain(same.iter().copied()).collect();
    let works = |index: &&usize| cases[**index].infeasible.is_none();
    order.iter().find(works).or(order.first()).copied()
}
