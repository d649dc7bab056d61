//! A case's servers, phases and loads by their names, for what reads many of them.

use super::{Case, LoadSpec, PhaseSpec, ServerSpec};
use crate::eval::Stretch;
use crate::resolve::Flat;
use std::cell::Cell;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Made once for all checks of a case, so that none of them looks through all phases.
pub(super) struct Stretches<'c> {
    pub case: &'c Case,
    servers: HashMap<&'c str, &'c ServerSpec>,
    phases: HashMap<&'c str, &'c PhaseSpec>,
    /// The loads that have names, by phase and name.
    loads: HashMap<(&'c str, &'c str), &'c LoadSpec>,
}

impl<'c> Stretches<'c> {
    pub fn of(case: &'c Case) -> Self {
        let mut phases = HashMap::new();
        let mut loads = HashMap::new();
        for phase in &case.phases {
            phases.entry(phase.name.as_str()).or_insert(&**phase);
            for load in &phase.loads {
                let name = load.load.name.as_deref();
                let key = name.map(|name| (phase.name.as_str(), name));
                key.map(|key| loads.entry(key).or_insert(load));
            }
        }
        Self {
            case,
            servers: (case.servers.iter())
                .map(|server| (server.name.as_str(), &**server))
                .collect(),
            phases,
            loads,
        }
    }

    pub fn server(&self, name: &str) -> Option<&'c ServerSpec> {
        self.servers.get(name).copied()
    }

    /// A phase, whether it runs in this case or not.
    pub fn phase(&self, name: &str) -> Option<&'c PhaseSpec> {
        self.phases.get(name).copied()
    }

    /// A phase, where it runs in this case.
    pub fn running(&self, name: &str) -> Option<&'c PhaseSpec> {
        self.phase(name).filter(|phase| phase.skipped.is_none())
    }

    /// The loads of a stretch of a phase.
    pub fn loads(&self, phase: &'c PhaseSpec, of: &Stretch) -> Vec<&'c LoadSpec> {
        match &of.load {
            None => phase.loads.iter().collect(),
            Some(load) => {
                let named = self.loads.get(&(phase.name.as_str(), load));
                named.into_iter().copied().collect()
            }
        }
    }
}

/// The servers of a case, for its loads.
pub(super) struct Servers<'c> {
    /// What the servers of the scenario are called, whether or not they could be lowered.
    pub names: Vec<&'c str>,
    pub first: Option<&'c ServerSpec>,
    by_name: HashMap<&'c str, &'c ServerSpec>,
    /// Whether it was said of this case that loads name none of them.
    pub none_named: Cell<bool>,
}

impl<'c> Servers<'c> {
    pub fn of(flat: &'c Flat, servers: &'c [Arc<ServerSpec>]) -> Self {
        // a second one of a name is reported as such
        let mut seen = HashSet::new();
        let names = flat.children_of("server").map(|s| s.title());
        let names = names.filter(|name| seen.insert(*name)).collect();
        Self {
            names,
            first: servers.first().map(Arc::as_ref),
            by_name: servers.iter().map(|s| (s.name.as_str(), &**s)).collect(),
            none_named: Cell::new(false),
        }
    }

    pub fn get(&self, name: &str) -> Option<&'c ServerSpec> {
        self.by_name.get(name).copied()
    }
}
