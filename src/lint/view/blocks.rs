//! The phases and loads that run, by the blocks that they are from.

use crate::resolve::Flat;
use crate::scenario::{Case, LoadSpec, PhaseSpec};
use std::collections::HashMap;

/// The phases that run, each with the block that it is from.
pub(super) fn running<'a>(case: &'a Case, flat: &'a Flat) -> Vec<(&'a PhaseSpec, &'a Flat)> {
    let mut blocks: HashMap<&str, &'a Flat> = HashMap::new();
    for block in flat.children_of("phase") {
        blocks.entry(block.title()).or_insert(block);
    }
    let running = case.phases.iter().filter(|p| p.skipped.is_none());
    running
        .filter_map(|phase| Some((&**phase, *blocks.get(phase.name.as_str())?)))
        .collect()
}

/// The phases that put load on each server, by their places, with these loads.
pub(super) fn on_server<'a>(
    phases: &[(&'a PhaseSpec, &'a Flat)],
) -> HashMap<&'a str, Vec<(usize, Vec<&'a LoadSpec>)>> {
    let mut on_server: HashMap<&str, Vec<(usize, Vec<&'a LoadSpec>)>> = HashMap::new();
    for (at, (phase, _)) in phases.iter().enumerate() {
        for load in &phase.loads {
            let loaded = on_server.entry(&load.server).or_default();
            match loaded.last_mut() {
                Some((last, loads)) if *last == at => loads.push(load),
                _ => loaded.push((at, vec![load])),
            }
        }
    }
    on_server
}

/// The loads that have names, by phase and name, each with its block.
pub(super) fn named_loads<'a>(
    phases: &[(&'a PhaseSpec, &'a Flat)],
) -> HashMap<(&'a str, &'a str), (&'a LoadSpec, &'a Flat)> {
    let mut named = HashMap::new();
    for (phase, block) in phases {
        let mut own: HashMap<&str, &'a Flat> = HashMap::new();
        for child in block.children_of("load") {
            own.entry(child.title()).or_insert(child);
        }
        for load in &phase.loads {
            if let Some(name) = load.load.name.as_deref() {
                let at = own.get(name).copied().unwrap_or(block);
                named
                    .entry((phase.name.as_str(), name))
                    .or_insert((load, at));
            }
        }
    }
    named
}
