//! Simulated runs, side by side on as many threads as there are processors. What comes out does
//! not depend on their number.

use super::drive::{Bench, Measured, drive};
use super::setups::Made;
use super::table::{Asked, Row};
use crate::sim::{FrontEnd, Setup};
use crate::validate::Metric;
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Mutex;

/// A row of a table with its server, and the number of its run among those that are made.
pub struct Planned<'r> {
    pub row: &'r Row,
    pub ready: Result<(Made, Metric, Option<usize>), String>,
}

/// The rows of a table, and the runs that they are figures of.
pub struct Plan<'r> {
    pub rows: Vec<Planned<'r>>,
    pub runs: Vec<(Made, &'r Asked)>,
}

impl<'r> Plan<'r> {
    /// Rows of one run share it.
    pub fn of(rows: &'r [Row], setups: &mut super::Setups) -> Self {
        let mut runs: Vec<(Made, &Asked)> = Vec::new();
        let mut known: HashMap<String, usize> = HashMap::new();
        let rows = rows.iter().map(|row| {
            let ready = row.asked.as_ref().map_err(Clone::clone);
            let ready = ready.and_then(|(asked, metric)| {
                let made = setups.of(asked)?;
                let run = asked.bench.is_some().then(|| {
                    *known.entry(format!("{asked:?}")).or_insert_with(|| {
                        runs.push((made.clone(), asked));
                        runs.len() - 1
                    })
                });
                Ok((made, *metric, run))
            });
            Planned { row, ready }
        });
        let rows = rows.collect();
        Self { rows, runs }
    }
}

/// The server that a row of a table was measured at: some have no front end before the engine.
pub fn setup_of<'m>(made: &'m Made, asked: &Asked) -> Cow<'m, Setup> {
    let mut setup = Cow::Borrowed(made.setup.as_ref());
    if asked.offline {
        setup.to_mut().front = FrontEnd::NONE;
    }
    setup
}

/// Carries runs out, in any order.
pub fn carry_out(runs: &[(Cow<'_, Setup>, &Bench)]) -> Vec<Result<Measured, String>> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let next = Mutex::new(0..runs.len());
    let done = Mutex::new(vec![Err(String::new()); runs.len()]);
    std::thread::scope(|scope| {
        for _ in 0..threads.min(runs.len()) {
            scope.spawn(|| {
                while let Some(at) = taken(&next) {
                    let (setup, bench) = &runs[at];
                    let result = drive(setup, bench);
                    if let Ok(mut done) = done.lock() {
                        done[at] = result;
                    }
                }
            });
        }
    });
    done.into_inner().unwrap_or_default()
}

fn taken(next: &Mutex<std::ops::Range<usize>>) -> Option<usize> {
    next.lock().ok()?.next()
}
