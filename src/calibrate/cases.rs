//! What constants are fitted to: measured runs, of tables.

use crate::sim::Setup;
use crate::validate::{Bench, Metric, Plan, Planned, Row, Setups, setup_of, words};
use indexmap::IndexMap;

/// A measured run, and the server that it can be simulated at.
#[derive(Debug, Clone)]
pub struct Case {
    /// What measured it.
    pub source: String,
    pub model: String,
    /// The names of the blocks that hold its constants.
    pub gpu: String,
    pub engine: String,
    /// The layout and the load, in words.
    pub run: String,
    pub gpus: u64,
    pub setup: Setup,
    pub bench: Bench,
    pub figures: Vec<Figure>,
}

/// A measured figure: latencies in ms, throughputs a second.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    pub name: String,
    pub metric: Metric,
    pub measured: f64,
}

/// Measured runs, and what could not be taken of what was given.
#[derive(Debug, Clone, Default)]
pub struct Cases {
    pub cases: Vec<Case>,
    /// Why something cannot be fitted to, and how often.
    pub unusable: IndexMap<String, usize>,
    /// What else a reader must know.
    pub notes: Vec<String>,
}

impl Cases {
    /// The rows of a table of which the source holds a text.
    pub fn add_table(&mut self, rows: &[Row], source: &str) {
        let plan = Plan::of(rows, &mut Setups::default());
        let first = self.cases.len();
        let mut at: Vec<Option<usize>> = vec![None; plan.runs.len()];
        for Planned { row, ready } in &plan.rows {
            if !row.source.contains(source) {
                continue;
            }
            let (metric, run) = match ready {
                Ok((_, metric, Some(run))) => (*metric, *run),
                // memory follows from no constant of these
                Ok((_, _, None)) => continue,
                Err(why) => {
                    self.unusable(why);
                    continue;
                }
            };
            if !row.judged {
                self.unusable("its source says not to judge by it");
                continue;
            }
            if row.measured <= 0.0 {
                self.unusable("what it says that was measured is no time and no rate");
                continue;
            }
            let (made, asked) = &plan.runs[run];
            let Some(bench) = &asked.bench else { continue };
            let at = *at[run].get_or_insert_with(|| {
                self.cases.push(Case {
                    source: row.source.clone(),
                    model: made.model.clone(),
                    gpu: made.gpu.clone(),
                    engine: made.engine.clone(),
                    run: words(asked),
                    gpus: asked.gpus(),
                    setup: setup_of(made, asked).into_owned(),
                    bench: bench.clone(),
                    figures: Vec::new(),
                });
                self.cases.len() - 1
            });
            self.cases[at].figures.push(Figure {
                name: row.metric.clone(),
                metric,
                measured: row.measured,
            });
        }
        debug_assert!(
            self.cases[first..]
                .iter()
                .all(|case| !case.figures.is_empty())
        );
    }

    pub fn unusable(&mut self, why: &str) {
        *self.unusable.entry(why.to_string()).or_default() += 1;
    }

    /// Keeps so many of them, spread evenly.
    pub fn limit(&mut self, most: usize) {
        let all = self.cases.len();
        if all > most {
            let kept = (0..most).map(|at| self.cases[at * all / most].clone());
            self.cases = kept.collect();
        }
    }
}
