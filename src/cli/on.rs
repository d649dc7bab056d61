//! `--on`: in which world, and what does not run there.

use crate::report::model::World;
use crate::scenario::Case;
use std::io::Write;

/// A world that `--on` names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum On {
    /// Launches them
    Real,
    /// Simulates all of it in virtual time, without waiting
    Sim,
    /// Launches the built-in server in place of each engine, which plays it in real time as `sim`
    /// has it
    Mock,
}

impl From<On> for World {
    fn from(on: On) -> Self {
        match on {
            On::Real => Self::Real,
            On::Sim => Self::Sim,
            On::Mock => Self::Mock,
        }
    }
}

/// What is said where nothing is left.
pub const NOTHING: &str =
    "no scenario that is selected runs there: its `worlds` say where, and `--on` is told";

/// Leaves out the scenarios that do not run in a world, and says so; whether any is left.
pub fn leave_out(cases: &mut Vec<Case>, world: World) -> bool {
    let mut told: Vec<String> = Vec::new();
    cases.retain(|case| {
        let runs = case.worlds.contains(&world);
        if !runs && !told.contains(&case.scenario) {
            let name = &case.scenario;
            let _ = writeln!(
                std::io::stderr(),
                "note: `{name}` is left out: its `worlds` are others"
            );
            told.push(name.clone());
        }
        runs
    });
    !cases.is_empty()
}
