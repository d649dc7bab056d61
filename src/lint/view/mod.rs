//! One case as a rule sees it: what runs, where that is written, and what its checks compare.

mod blocks;
mod compare;
mod found;
mod shown;

use blocks::{named_loads, on_server, running};
pub use compare::{Comparison, Stat, statistic};
pub use found::{keep, place, value, warning};
pub use shown::Shown;

use super::ratio::{Ratio, ratios};
use super::wanted::Wanted;
use crate::diagnostics::Diagnostic;
use crate::eval::{Evaluator, Nothing, Params, Query, Reading, Shape, Stretch, Value, Window};
use crate::resolve::{Flat, Program};
use crate::scenario::{
    Case, LoadSpec, PhaseSpec, ServerSpec, Start, Unmeasured, WorkloadSpec, answered,
};
use crate::source::{Sources, Span};
use compare::Reader;
use shown::{shown, timed, unpriced};
use std::collections::HashMap;
use std::rc::Rc;

/// A case, the scenario that it is of, and what its checks compare.
pub struct View<'a> {
    pub case: &'a Case,
    pub flat: &'a Flat,
    program: &'a Program,
    params: &'a Params,
    sources: &'a Sources,
    /// The phases that run, and where each stands among them.
    phases: Vec<(&'a PhaseSpec, &'a Flat)>,
    phase_at: HashMap<&'a str, usize>,
    servers: HashMap<&'a str, &'a ServerSpec>,
    server_blocks: HashMap<&'a str, &'a Flat>,
    /// The phases that put load on a server, by their places, each with these loads.
    on_server: HashMap<&'a str, Vec<(usize, Vec<&'a LoadSpec>)>>,
    /// The loads that have names, by phase and name.
    named: HashMap<(&'a str, &'a str), (&'a LoadSpec, &'a Flat)>,
    /// All cases of the scenario, by their ids.
    cases: Rc<HashMap<&'a str, &'a Case>>,
    /// What its checks compare with constants.
    comparisons: Vec<Comparison>,
    /// What its checks compare with each other.
    ratios: Vec<Ratio>,
    /// What its ranks go by and its tables show.
    shown: Vec<Shown>,
    /// Where a figure rests on a price that is not known, and why it is not.
    unpriced: Vec<(Span, String)>,
}

/// Metrics of time that requests take.
pub const LATENCIES: [&str; 5] = ["ttft", "ttfa", "itl", "tpot", "e2e"];

/// Metrics of how much is done in a time.
pub const RATES: [&str; 4] = [
    "request_rate",
    "output_throughput",
    "input_throughput",
    "total_throughput",
];

impl<'a> View<'a> {
    pub fn new(
        program: &'a Program,
        params: &'a Params,
        flat: &'a Flat,
        case: &'a Case,
        cases: Rc<HashMap<&'a str, &'a Case>>,
    ) -> Self {
        let unmeasured = Unmeasured::of(case);
        let eval = Evaluator::new(program, params, &unmeasured);
        let (mut comparisons, mut of_each_other) = (Vec::new(), Vec::new());
        for check in &case.checks {
            let when = check.when.as_ref();
            let holds = when.map(|when| eval.eval(&when.expr, &when.scope));
            if matches!(holds, Some(Value::Bool(false))) {
                continue;
            }
            let certain = matches!(holds, None | Some(Value::Bool(true)));
            let reader = Reader {
                eval: &eval,
                flat,
                scope: &check.expr.scope,
            };
            reader.compared(&check.expr.expr, (true, certain), &mut comparisons);
            ratios(&eval, flat, check, certain, &mut of_each_other);
        }
        let unpriced = match case.price() {
            Ok(_) => Vec::new(),
            Err(why) => unpriced(&eval, case, &why),
        };
        let shown = shown(&eval, flat, case);
        let phases = running(case, flat);
        let blocks = flat.children_of("server");
        Self {
            case,
            flat,
            program,
            params,
            sources: &program.sources,
            phase_at: (phases.iter().enumerate())
                .map(|(at, (phase, _))| (phase.name.as_str(), at))
                .collect(),
            named: named_loads(&phases),
            on_server: on_server(&phases),
            phases,
            server_blocks: blocks.map(|block| (block.title(), &**block)).collect(),
            servers: (case.servers.iter())
                .map(|server| (server.name.as_str(), &**server))
                .collect(),
            cases,
            shown,
            unpriced,
            comparisons,
            ratios: of_each_other,
        }
    }

    /// What is written at a place.
    pub fn text(&self, span: Span) -> &'a str {
        self.sources.text(span)
    }

    /// Where a word stands in a part of the text, if it does so once.
    pub fn word(&self, within: Span, word: &str) -> Option<Span> {
        let text = self.text(within);
        let is_letter = |c: char| c.is_alphanumeric() || c == '_';
        let mut places = text.match_indices(word).filter(|(at, _)| {
            let behind = &text[at + word.len()..];
            !text[..*at].ends_with(is_letter) && !behind.starts_with(is_letter)
        });
        let (at, _) = places.next()?;
        let start = within.start as usize + at;
        let once = places.next().is_none();
        once.then(|| Span::new(within.file, start, start + word.len()))
    }

    /// The phases that run, each with the block that it is from.
    pub fn phases(&self) -> impl Iterator<Item = (&'a PhaseSpec, &'a Flat)> {
        self.phases.iter().copied()
    }

    pub fn phase(&self, name: &str) -> Option<(&'a PhaseSpec, &'a Flat)> {
        self.phase_place(name).map(|at| self.phases[at])
    }

    /// Where a phase stands among those that run.
    pub fn phase_place(&self, name: &str) -> Option<usize> {
        self.phase_at.get(name).copied()
    }

    /// Whether a phase before this one puts load on a server.
    pub fn loaded_before(&self, name: &str, server: &str) -> bool {
        let first = self.on_server.get(server).and_then(|loaded| loaded.first());
        first.is_some_and(|(first, _)| self.phase_place(name).is_none_or(|at| *first < at))
    }

    /// The phases that put load on a server, each with the block that it is from and these loads.
    pub fn phases_on(
        &self,
        server: &str,
    ) -> impl Iterator<Item = (&'a PhaseSpec, &'a Flat, &[&'a LoadSpec])> {
        let on_server = self.on_server.get(server).into_iter().flatten();
        on_server.map(|(at, loads)| {
            let (phase, block) = self.phases[*at];
            (phase, block, loads.as_slice())
        })
    }

    /// The block that holds a load's attributes.
    pub fn load_block(&self, phase: &str, load: &LoadSpec) -> Option<&'a Flat> {
        let named = self.named.get(&(phase, load.load.name.as_deref()?));
        named.map(|(_, block)| *block)
    }

    pub fn server_block(&self, name: &str) -> Option<&'a Flat> {
        self.server_blocks.get(name).copied()
    }

    /// The loads of a stretch, each with the block that holds its attributes.
    pub fn loads(&self, of: &Stretch) -> Vec<(&'a LoadSpec, &'a Flat)> {
        if let Some(name) = &of.load {
            let named = self.named.get(&(&*of.phase, &**name));
            return named.into_iter().copied().collect();
        }
        let Some((phase, block)) = self.phase(&of.phase) else {
            return Vec::new();
        };
        let own = |load: &'a LoadSpec| {
            let name = load.load.name.as_deref();
            name.and_then(|name| self.named.get(&(phase.name.as_str(), name)).copied())
        };
        let loads = phase.loads.iter();
        loads
            .map(|load| own(load).unwrap_or((load, block)))
            .collect()
    }

    pub fn server(&self, name: &str) -> Option<&'a ServerSpec> {
        self.servers.get(name).copied()
    }

    /// Whether a server is started here and works on GPUs: it compiles and allocates as it is used.
    pub fn starts_on_gpus(&self, name: &str) -> bool {
        let server = self.server(name);
        server.is_some_and(|s| s.gpus > 0 && matches!(s.start, Start::Launch { .. }))
    }

    /// A case of the scenario by its id; without one, the case at hand.
    pub fn case_of(&self, id: Option<&str>) -> Option<&'a Case> {
        let Some(id) = id else { return Some(self.case) };
        self.cases.get(id).copied()
    }

    /// Where a check, a rank or a column rests on a price that is not known, and why it is not.
    pub fn unpriced(&self) -> &[(Span, String)] {
        &self.unpriced
    }

    /// What `accept` wants of an answer to a row.
    fn wanted(&self, workload: &WorkloadSpec, row: usize) -> Option<Wanted> {
        let accept = workload.accept.as_ref()?;
        let row = workload.rows.get(row)?;
        let eval = Evaluator::new(self.program, self.params, &Nothing);
        let unknown = || Value::Unknown(Shape::Text);
        let scope = answered(&accept.scope, unknown(), unknown(), row);
        Some(Wanted::of(&eval, &accept.expr, &scope))
    }

    /// What a rule finds in the `accept` of the loads that run: of each, the first row of which
    /// `object` says what is wrong, by what is wanted of its answer.
    pub fn accepts(
        &self,
        rule: (&'static str, &'static str),
        help: &str,
        object: impl Fn(&WorkloadSpec, &dyn Fn() -> Option<Wanted>) -> Option<String>,
    ) -> Vec<Diagnostic> {
        let mut found = Vec::new();
        for (phase, block) in self.phases() {
            for load in &phase.loads {
                let workload = &load.workload;
                let mut rows = 0..workload.requests.len();
                let wrong = rows.find_map(|row| object(workload, &|| self.wanted(workload, row)));
                if let (Some(message), Some(accept)) = (wrong, &workload.accept) {
                    let one = warning(rule, accept.expr.span, message)
                        .label(place(block, "workload"), "asked here");
                    keep(&mut found, one.help(help));
                }
            }
        }
        found
    }

    /// The latencies and rates that its ranks go by, each with its stretch and its metric.
    pub fn ranked(&self) -> impl Iterator<Item = (&Reading, &Stretch, &'static str)> {
        let ranked = self.shown.iter().filter(|shown| shown.rank.is_some());
        ranked.filter_map(|shown| {
            let (of, metric) = timed(&shown.figure.query)?;
            Some((&shown.figure, of, metric))
        })
    }

    /// What its ranks go by and its tables show.
    pub fn shown(&self) -> impl Iterator<Item = &Shown> {
        self.shown.iter()
    }

    /// The figures that its checks compare with each other.
    pub fn ratios(&self) -> impl Iterator<Item = &Ratio> {
        self.ratios.iter()
    }

    /// All comparisons of the case's checks.
    pub fn comparisons(&self) -> impl Iterator<Item = &Comparison> {
        self.comparisons.iter()
    }

    /// Comparisons with a limit from above of a latency, each with its phase.
    pub fn latency_limits(&self) -> impl Iterator<Item = (&Comparison, &Stretch)> {
        let limits = self.comparisons().filter(|c| c.at_most());
        limits.filter_map(|c| {
            let (of, metric, _) = c.statistic()?;
            LATENCIES.contains(&metric).then_some((c, of))
        })
    }

    /// Comparisons with a limit from below of how much a phase gets done in a time.
    pub fn rate_limits(&self) -> impl Iterator<Item = (&Comparison, &Stretch)> {
        let limits = self.comparisons().filter(|c| c.at_least());
        limits.filter_map(|c| {
            let (of, metric) = c.scalar()?;
            RATES.contains(&metric).then_some((c, of))
        })
    }

    /// Comparisons with a limit from above of what a server holds more than before.
    pub fn growth_limits(&self) -> impl Iterator<Item = (&Comparison, &str, &Window)> {
        let limits = self.comparisons().filter(|c| c.at_most());
        limits.filter_map(|c| match &c.figure.query {
            Query::Growth { series, window } => Some((c, &*series.name, window)),
            _ => None,
        })
    }
}
