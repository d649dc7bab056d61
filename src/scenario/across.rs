//! Where checks that read several cases are judged: once, and not in each of them.

use super::{Across, Case};

/// A check that reads other cases stands in the first of those in which it is the same, and of
/// these in one that can work where there is one. What it reads is wanted of the cases it names.
pub(super) fn across(cases: &mut [Case]) {
    let mut seen: Vec<(String, Across)> = Vec::new();
    let mut place: Vec<usize> = Vec::new();
    for (index, case) in cases.iter().enumerate() {
        for check in &case.checks {
            let Some(across) = &check.across else {
                continue;
            };
            let one = (check.name.clone(), across.clone());
            match seen.iter().position(|other| *other == one) {
                Some(at) if cases[place[at]].infeasible.is_some() => {
                    if case.infeasible.is_none() {
                        place[at] = index;
                    }
                }
                Some(_) => {}
                None => {
                    seen.push(one);
                    place.push(index);
                }
            }
        }
    }
    for (index, case) in cases.iter_mut().enumerate() {
        case.checks.retain(|check| match &check.across {
            None => true,
            Some(across) => {
                let is = |one: &(String, Across)| one.0 == check.name && one.1 == *across;
                seen.iter().position(is).map(|at| place[at]) == Some(index)
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
