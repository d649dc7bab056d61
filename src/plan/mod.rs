//! What there is to do: which servers are launched for which cases and in what order, how long
//! it takes at least, and how people and machines read that. Pure; nothing here does IO.

mod command;
mod estimate;
mod fold;
mod given;
mod json;
mod launches;
mod page;
mod render;
mod words;
pub(crate) mod wrap;

pub use command::{command_line, shown_url};
pub use estimate::{Estimate, Sure, planned_requests, planned_seconds};
pub use given::{From, Given, ParamValue};
pub use json::{PlanJson, to_json};
pub use render::{Style, render};
pub use words::{count, load_words, phase_words, rounds_words, time_words, workload_words};

use crate::report::model::World;
use crate::scenario::{Case, ServerSpec, Start};
use indexmap::IndexMap;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

/// The launches of a run, in the order in which they are carried out.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Plan {
    pub launches: Vec<Launch>,
    /// What a reader should know before it starts: cases that run out of their order, and
    /// cases that cannot end within their timeout.
    pub notes: Vec<String>,
    /// What was given from outside, for those who read the plan.
    pub given: Given,
}

/// Servers that are up together, and the cases that run on them, one after another.
#[derive(Debug, Clone, PartialEq)]
pub struct Launch {
    /// From 1.
    pub number: u32,
    pub servers: Vec<Arc<ServerSpec>>,
    /// Indices into the cases that were planned.
    pub cases: Vec<usize>,
}

impl Launch {
    /// How many servers it starts; one that already runs is not started.
    pub fn starts(&self) -> usize {
        self.servers
            .iter()
            .filter(|server| matches!(server.start, Start::Launch { .. }))
            .count()
    }

    /// GPUs that the servers it starts need together.
    pub fn gpus(&self) -> u64 {
        gpus(&self.servers)
    }

    /// How long its cases take, server starts apart.
    pub fn estimate(&self, cases: &[Case]) -> Estimate {
        self.cases
            .iter()
            .map(|&index| Estimate::of_case(&cases[index]))
            .sum()
    }
}

impl Plan {
    /// How many of the cases that can work have no launch: they run simulated alone.
    pub fn simulated(&self, cases: &[Case]) -> usize {
        let work = cases.iter().filter(|case| case.infeasible.is_none());
        let launched: usize = self.launches.iter().map(|launch| launch.cases.len()).sum();
        work.count().saturating_sub(launched)
    }

    /// Servers that are started over the whole run.
    pub fn starts(&self) -> usize {
        self.launches.iter().map(Launch::starts).sum()
    }

    /// The most GPUs that any launch needs: launches come one after another.
    pub fn gpus(&self) -> u64 {
        self.launches.iter().map(Launch::gpus).max().unwrap_or(0)
    }

    /// How long the run takes, server starts apart.
    pub fn estimate(&self, cases: &[Case]) -> Estimate {
        self.launches
            .iter()
            .map(|launch| launch.estimate(cases))
            .sum()
    }

    /// Cases in the order in which they run: the launch, and the index of the case.
    pub fn order(&self) -> impl Iterator<Item = (&Launch, usize)> {
        self.launches
            .iter()
            .flat_map(|launch| launch.cases.iter().map(move |&index| (launch, index)))
    }
}

/// A server that already runs takes none from this run, and one that is simulated none at all.
pub(crate) fn gpus(servers: &[Arc<ServerSpec>]) -> u64 {
    servers
        .iter()
        .filter(|server| matches!(server.start, Start::Launch { .. }) && !server.played)
        .map(|server| server.gpus)
        .sum()
}

/// Shares launches between cases that describe the same servers; one that cannot work has none. Launches come in the order of
/// their first case, and the cases of one in the order given; an `isolate` case has a launch of
/// its own.
pub fn plan(cases: &[Case]) -> Plan {
    plan_of(cases, |_| true)
}

/// The same in a world: cases that do not run there have no launch, and in virtual time none has.
pub fn plan_in(world: World, cases: &[Case]) -> Plan {
    plan_of(cases, |case| {
        world != World::Sim && case.worlds.contains(&world)
    })
}

fn plan_of(cases: &[Case], launched: impl Fn(&Case) -> bool) -> Plan {
    let mut launches: Vec<Launch> = Vec::new();
    // launches that others may join, by a number that equal server lists share: it spares comparing
    // every case with every launch
    let mut shared: HashMap<u64, Vec<usize>> = HashMap::new();
    let can_work = cases.iter().enumerate();
    let works = |case: &Case| case.infeasible.is_none() && launched(case);
    for (index, case) in can_work.filter(|(_, case)| works(case)) {
        if case.isolate {
            launches.push(Launch::next(&launches, case, index));
            continue;
        }
        let alike = shared.entry(number_of(&case.servers)).or_default();
        match alike
            .iter()
            .find(|&&at| launches[at].servers == case.servers)
        {
            Some(&at) => launches[at].cases.push(index),
            None => {
                alike.push(launches.len());
                launches.push(Launch::next(&launches, case, index));
            }
        }
    }
    let notes = notes(cases, &launches);
    Plan {
        launches,
        notes,
        given: Given::default(),
    }
}

/// The same for servers that are the same; secrets, of which it knows nothing, may differ.
fn number_of(servers: &[Arc<ServerSpec>]) -> u64 {
    let mut hasher = DefaultHasher::new();
    format!("{servers:?}").hash(&mut hasher);
    hasher.finish()
}

impl Launch {
    fn next(before: &[Self], case: &Case, index: usize) -> Self {
        let number = u32::try_from(before.len() + 1).unwrap_or(u32::MAX);
        Self {
            number,
            servers: case.servers.clone(),
            cases: vec![index],
        }
    }
}

fn notes(cases: &[Case], launches: &[Launch]) -> Vec<String> {
    let mut notes = Vec::new();
    let order: Vec<usize> = launches
        .iter()
        .flat_map(|launch| launch.cases.iter().copied())
        .collect();
    let moved = order.windows(2).filter(|pair| pair[1] < pair[0]).count();
    if moved > 0 {
        notes.push("cases that share a server run together, so some run before cases that stand above them".to_string());
    }
    let over = |case: &Case| Estimate::of_phases(case).seconds - case.timeout.as_secs_f64();
    let mut late: IndexMap<&str, Vec<&Case>> = IndexMap::new();
    let late_one = |case: &&Case| case.infeasible.is_none() && over(case) > 0.0;
    for case in cases.iter().filter(late_one) {
        late.entry(&case.scenario).or_default().push(case);
    }
    for (scenario, cases) in late {
        let Some(worst) = cases
            .iter()
            .copied()
            .max_by(|a, b| over(a).total_cmp(&over(b)))
        else {
            continue;
        };
        let others = match cases.len() {
            1 => String::new(),
            n => format!(" (and {} too)", count(n as u64 - 1, "other case")),
        };
        notes.push(format!(
            "{scenario} / {}{others}: its phases take {} at least, but its timeout is {}: raise `timeout`, or shorten the phases",
            worst.id,
            time_words(Estimate::of_phases(worst).seconds),
            time_words(worst.timeout.as_secs_f64()),
        ));
    }
    notes
}
