//! One case as a rule sees it: what runs, where that is written, and what its checks compare.

mod blocks;
mod compare;
mod conditions;
mod found;
mod grown;
mod shown;
mod speeds;
mod together;

use blocks::{named_loads, on_server, running};
pub use compare::{Comparison, Difference, Stat, statistic};
pub use conditions::Condition;
pub use found::{keep, place, value, warning};
pub use grown::{End, Within};
pub use shown::Shown;
pub use together::Together;

use super::ratio::{Ratio, ratios};
use super::wanted::Wanted;
use crate::diagnostics::Diagnostic;
use crate::eval::{
    Evaluator, Measurements, Nothing, Params, Query, Reading, Shape, Stretch, Value,
};
use crate::report::model::World;
use crate::resolve::{Flat, Program};
use crate::scenario::{
    Case, LoadSpec, PhaseSpec, ServerSpec, Start, Unmeasured, WorkloadSpec, answered,
};
use crate::source::{Sources, Span};
use crate::syntax::ast::BinaryOp;
use compare::{Compared, Reader};
use conditions::Parts;
use shown::{shown, unpriced};
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
    together: Rc<Together<'a>>,
    /// What its checks ask.
    conditions: Vec<Condition<'a>>,
    /// What they compare with constants.
    comparisons: Vec<Comparison>,
    differences: Vec<Difference>,
    /// What its checks compare with each other.
    ratios: Vec<Ratio>,
    /// What its ranks go by and its tables show.
    shown: Vec<Shown>,
    /// Where a figure rests on a price that is not known, and why it is not.
    unpriced: Vec<(Span, String)>,
}

/// A figure of this case that a check reads.
struct Read<'v> {
    query: &'v Query,
    /// The condition that reads it.
    span: Span,
    /// How it is compared with a constant, where nothing else is done with it.
    op: Option<BinaryOp>,
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
        together: Rc<Together<'a>>,
    ) -> Self {
        let unmeasured = Unmeasured::of(case);
        let eval = Evaluator::new(program, params, &unmeasured);
        let (mut compared, mut of_each_other) = (Compared::default(), Vec::new());
        let mut parts = Parts {
            eval: &eval,
            flat,
            out: Vec::new(),
        };
        for check in &case.checks {
            let when = check.when.as_ref();
            let holds = when.map(|when| eval.eval(&when.expr, &when.scope));
            if matches!(holds, Some(Value::Bool(false))) {
                continue;
            }
            let certain = matches!(holds, None | Some(Value::Bool(true)));
            parts.check(&check.expr, certain);
            ratios(&eval, flat, check, certain, &mut of_each_other);
        }
        let mut conditions = parts.out;
        for condition in &mut conditions {
            let reader = Reader {
                eval: &eval,
                flat,
                scope: &condition.scope,
            };
            let before = compared.comparisons.len();
            reader.compared(condition, &mut compared);
            let of = &compared.comparisons[before..];
            let op = |read: &Reading| {
                let one = of.iter().find(|c| c.figure.same(read));
                one.map(|comparison| comparison.op)
            };
            condition.ops = condition.reads.iter().map(op).collect();
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
            shown,
            unpriced,
            together,
            conditions,
            comparisons: compared.comparisons,
            differences: compared.differences,
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
        let real = self.case.worlds.contains(&World::Real);
        real && server.is_some_and(|s| s.gpus > 0 && matches!(s.start, Start::Launch { .. }))
    }

    /// Whether it runs already, started by someone else: on GPUs, as most do.
    pub fn runs_elsewhere(&self, name: &str) -> bool {
        let server = self.server(name);
        let real = self.case.worlds.contains(&World::Real);
        real && server.is_some_and(|s| matches!(s.start, Start::Running { .. }))
    }

    /// A case of the scenario by its id; without one, the case at hand.
    pub fn case_of(&self, id: Option<&str>) -> Option<&'a Case> {
        let Some(id) = id else { return Some(self.case) };
        self.together.cases.get(id).copied()
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

    /// Differences of two figures that its checks compare with constants.
    pub fn differences(&self) -> impl Iterator<Item = &Difference> {
        self.differences.iter()
    }

    /// What its checks ask.
    pub fn conditions(&self) -> impl Iterator<Item = &Condition<'a>> {
        self.conditions.iter()
    }

    /// Whether a figure is one of the case at hand.
    fn is_own(&self, reading: &Reading) -> bool {
        let of = reading.case.as_deref();
        of.is_none_or(|id| id == self.case.id)
    }

    /// The figures of this case that checks read: its own, and those of other cases.
    fn read(&self) -> impl Iterator<Item = Read<'_>> {
        let own = self.conditions.iter().flat_map(move |condition| {
            let read = condition.reads.iter().zip(&condition.ops);
            let own = read.filter(|(reading, _)| self.is_own(reading));
            own.map(move |(reading, op)| Read {
                query: &reading.query,
                span: condition.expr.span,
                op: *op,
            })
        });
        let elsewhere = self.together.read.get(self.case.id.as_str());
        let elsewhere = elsewhere.into_iter().flatten();
        let elsewhere = elsewhere.filter(|read| read.stands != self.case.id);
        own.chain(elsewhere.map(|read| Read {
            query: read.query,
            span: read.span,
            op: None,
        }))
    }

    /// The figures of this case that checks read, each with the condition that does.
    pub fn checked(&self) -> impl Iterator<Item = (&Query, Span)> {
        self.read().map(|read| (read.query, read.span))
    }

    /// The loads of a stretch of any case, each with the block that it is from.
    pub fn loads_in(&self, case: &'a Case, of: &Stretch) -> Vec<(&'a LoadSpec, &'a Flat)> {
        let phases = running(case, self.flat);
        let phases = phases
            .into_iter()
            .filter(|(phase, _)| phase.name == *of.phase);
        let loads = phases.flat_map(|(phase, block)| phase.loads.iter().map(move |l| (l, block)));
        let named =
            |load: &LoadSpec| of.load.is_none() || load.load.name.as_deref() == of.load.as_deref();
        loads.filter(|(load, _)| named(load)).collect()
    }

    /// What an expression comes to with figures that are given.
    pub fn eval_with(&self, condition: &Condition<'_>, figures: &dyn Measurements) -> Value {
        let eval = Evaluator::new(self.program, self.params, figures);
        eval.eval(condition.expr, &condition.scope)
    }
}
