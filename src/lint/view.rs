//! One case as a rule sees it: what runs, where that is written, and what its checks compare.

use super::ratio::{Ratio, ratios};
use super::wanted::Wanted;
use crate::diagnostics::{Diagnostic, Label};
use crate::eval::{
    Evaluator, Nothing, Params, Query, Reading, Scope, Shape, Stretch, Value, Window,
};
use crate::measure::requests::share_of;
use crate::resolve::{Flat, Program};
use crate::scenario::{
    Case, LoadSpec, PhaseSpec, ServerSpec, Start, Thunk, Unmeasured, WorkloadSpec, answered,
};
use crate::source::{Sources, Span};
use crate::syntax::ast::{BinaryOp, Expr, ExprKind, UnaryOp};
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

/// A figure that cases are ranked by, or that a column shows.
pub struct Shown {
    pub figure: Reading,
    /// The name of the rank; none of a column.
    pub rank: Option<String>,
    /// Whether it stands there alone, but for a positive factor.
    pub plain: bool,
}

/// One figure compared with a constant: `figure op limit`, however it is written.
pub struct Comparison {
    pub op: BinaryOp,
    pub figure: Reading,
    /// In base units: seconds, bytes, requests, tokens. Of the figure itself, where the check
    /// compares a multiple of it.
    pub limit: f64,
    pub limit_span: Span,
    pub span: Span,
    /// Whether the case fails where it does not hold: no `or` and no measured `when` stands over it.
    pub certain: bool,
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
                .map(|server| (server.name.as_str(), server))
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
    pub fn wanted(&self, workload: &WorkloadSpec, row: usize) -> Option<Wanted> {
        let accept = workload.accept.as_ref()?;
        let row = workload.rows.get(row)?;
        let eval = Evaluator::new(self.program, self.params, &Nothing);
        let unknown = || Value::Unknown(Shape::Text);
        let scope = answered(&accept.scope, unknown(), unknown(), row);
        Some(Wanted::of(&eval, &accept.expr, &scope))
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

impl Comparison {
    /// Whether the figure has to be small.
    pub fn at_most(&self) -> bool {
        matches!(self.op, BinaryOp::Less | BinaryOp::LessEqual)
    }

    /// Whether the figure has to reach the limit.
    pub fn at_least(&self) -> bool {
        matches!(
            self.op,
            BinaryOp::Greater | BinaryOp::GreaterEqual | BinaryOp::Equal
        )
    }

    /// Of a statistic or a percentile: the phase, the metric and what statistic.
    pub fn statistic(&self) -> Option<(&Stretch, &'static str, Stat<'_>)> {
        match &self.figure.query {
            Query::Statistic { of, metric, stat } => Some((
                of,
                metric,
                share_of(stat).map_or(Stat::Named(stat), Stat::Percentile),
            )),
            Query::Percentile { of, metric, share } => Some((of, metric, Stat::Percentile(*share))),
            _ => None,
        }
    }

    /// Of one figure of a whole phase: the phase and the metric.
    pub fn scalar(&self) -> Option<(&Stretch, &'static str)> {
        match &self.figure.query {
            Query::Scalar { of, metric } => Some((of, metric)),
            _ => None,
        }
    }
}

/// The stretch and the metric of a figure that depends on how many requests are under way.
fn timed(query: &Query) -> Option<(&Stretch, &'static str)> {
    let (of, metric, kinds) = match query {
        Query::Statistic { stat, .. } if stat.as_ref() == "count" => return None,
        Query::Statistic { of, metric, .. } | Query::Percentile { of, metric, .. } => {
            (of, *metric, LATENCIES.as_slice())
        }
        Query::Scalar { of, metric } => (of, *metric, RATES.as_slice()),
        _ => return None,
    };
    kinds.contains(&metric).then_some((of, metric))
}

/// What is read of a distribution.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Stat<'a> {
    /// The share below it, from 0 to 1.
    Percentile(f64),
    /// `mean`, `max`, …
    Named(&'a str),
}

/// Where an attribute of a block is written, or the block's head.
pub fn place(flat: &Flat, name: &str) -> Span {
    let written = flat.attrs.get(name);
    written.map_or(flat.head(), |attr| attr.name.span.to(attr.expr.span))
}

/// Where the value of an attribute is written, if it is.
pub fn value(flat: &Flat, name: &str) -> Option<Span> {
    flat.attrs.get(name).map(|attr| attr.expr.span)
}

/// So many findings back one of the same place is looked for, and so many other places are shown.
const LOOKED_BACK: usize = 64;
const MOST_LABELS: usize = 16;

/// Keeps a finding: what was said of its place already gets its other places.
pub fn keep(found: &mut Vec<Diagnostic>, one: Diagnostic) {
    let same = |d: &&mut Diagnostic| d.span() == one.span() && d.message == one.message;
    // those of one place come one after another, nearly
    match found.iter_mut().rev().take(LOOKED_BACK).find(same) {
        Some(before) => {
            let known = |label: &Label| before.labels.iter().any(|l| l.span == label.span);
            let new: Vec<Label> = one.labels.into_iter().filter(|l| !known(l)).collect();
            let room = MOST_LABELS.saturating_sub(before.labels.len());
            before.labels.extend(new.into_iter().take(room));
        }
        None => found.push(one),
    }
}

/// A finding of a rule: its place, and what is wrong there.
pub fn warning(
    rule: (&'static str, &'static str),
    span: Span,
    message: impl Into<String>,
) -> Diagnostic {
    Diagnostic::warning(rule, span, message)
}

/// The phases that run, each with the block that it is from.
fn running<'a>(case: &'a Case, flat: &'a Flat) -> Vec<(&'a PhaseSpec, &'a Flat)> {
    let mut blocks: HashMap<&str, &'a Flat> = HashMap::new();
    for block in flat.children_of("phase") {
        blocks.entry(block.title()).or_insert(block);
    }
    let running = case.phases.iter().filter(|p| p.skipped.is_none());
    running
        .filter_map(|phase| Some((phase, *blocks.get(phase.name.as_str())?)))
        .collect()
}

/// The phases that put load on each server, by their places, with these loads.
fn on_server<'a>(
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
fn named_loads<'a>(
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

fn unpriced(eval: &Evaluator<'_>, case: &Case, why: &str) -> Vec<(Span, String)> {
    let checks = case.checks.iter().map(|check| &check.expr);
    let ranks = case.ranks.iter().map(|rank| &rank.by);
    let columns = case.reports.iter().flat_map(|report| &report.columns);
    let figures = checks.chain(ranks).chain(columns.map(|(_, column)| column));
    let rests = |figure: &&Thunk| {
        let value = eval.eval(&figure.expr, &figure.scope);
        matches!(value, Value::Unavailable(reason) if *reason == *why)
    };
    let spans = figures.filter(rests).map(|figure| figure.expr.span);
    spans.map(|span| (span, why.to_string())).collect()
}

/// The figures of ranks and columns of this case itself.
fn shown(eval: &Evaluator<'_>, flat: &Flat, case: &Case) -> Vec<Shown> {
    let ranks = case.ranks.iter();
    let ranks = ranks.map(|rank| (Some(rank.name.clone()), &rank.by));
    let columns = case.reports.iter().flat_map(|report| &report.columns);
    let thunks = ranks.chain(columns.map(|(_, column)| (None, column)));
    let mut out = Vec::new();
    for (rank, thunk) in thunks {
        eval.take_trace();
        eval.eval(&thunk.expr, &thunk.scope);
        let read = eval.take_trace();
        let reader = Reader {
            eval,
            flat,
            scope: &thunk.scope,
        };
        let plain = reader.scaled(&thunk.expr).is_some() && read.len() == 1;
        let own = read.into_iter().filter(|figure| figure.case.is_none());
        out.extend(own.map(|figure| Shown {
            figure,
            rank: rank.clone(),
            plain,
        }));
    }
    out
}

/// Reads comparisons of one check.
struct Reader<'e, 'a> {
    eval: &'e Evaluator<'a>,
    flat: &'e Flat,
    scope: &'e Scope,
}

impl Reader<'_, '_> {
    /// What holds where `expr` is `holds`.
    fn compared(&self, expr: &Expr, (holds, certain): (bool, bool), out: &mut Vec<Comparison>) {
        let (op, left, right) = match &expr.kind {
            ExprKind::Unary {
                op: UnaryOp::Not,
                value,
            } => return self.compared(value, (!holds, certain), out),
            ExprKind::Binary {
                op, left, right, ..
            } => (*op, left, right),
            _ => return,
        };
        if matches!(op, BinaryOp::And | BinaryOp::Or) {
            // `not (a or b)` is `not a and not b`
            let certain = certain && (op == BinaryOp::And) == holds;
            self.compared(left, (holds, certain), out);
            self.compared(right, (holds, certain), out);
            return;
        }
        if !op.compares() || matches!(op, BinaryOp::In | BinaryOp::NotIn) {
            return;
        }
        let op = if holds { op } else { opposite(op) };
        let side = |expr: &Expr| {
            self.eval.take_trace();
            (self.eval.eval(expr, self.scope), self.eval.take_trace())
        };
        let ((left_value, left_read), (right_value, right_read)) = (side(left), side(right));
        let (op, read, limit, limited) = match (left_value, right_value) {
            (Value::Unknown(_), Value::Number(limit)) => (op, left_read, limit, (left, right)),
            (Value::Number(limit), Value::Unknown(_)) => {
                (turned(op), right_read, limit, (right, left))
            }
            _ => return,
        };
        // of a figure itself or a multiple of it, and of nothing else that is computed from it
        if let ([figure], Some(factor)) = (read.as_slice(), self.scaled(limited.0)) {
            out.push(Comparison {
                op,
                figure: figure.clone(),
                limit: limit.value / factor,
                limit_span: limited.1.span,
                span: expr.span,
                certain,
            });
        }
    }

    /// How many times a figure an expression is; none where it is none, or not a multiple of it.
    fn scaled(&self, expr: &Expr) -> Option<f64> {
        let constant = |expr: &Expr| match self.eval.eval(expr, self.scope) {
            Value::Number(number) if number.value > 0.0 => Some(number.value),
            _ => None,
        };
        match &expr.kind {
            ExprKind::Binary {
                op: BinaryOp::Multiply,
                left,
                right,
                ..
            } => match constant(left) {
                Some(factor) => Some(self.scaled(right)? * factor),
                None => Some(self.scaled(left)? * constant(right)?),
            },
            ExprKind::Binary {
                op: BinaryOp::Divide,
                left,
                right,
                ..
            } => Some(self.scaled(left)? / constant(right)?),
            ExprKind::Binary { .. } | ExprKind::If { .. } | ExprKind::Unary { .. } => None,
            ExprKind::Name(name) => match self.flat.lets.get(name) {
                Some(attr) => {
                    let scope = &self.scope.in_module(attr.module);
                    let inner = Reader {
                        eval: self.eval,
                        flat: self.flat,
                        scope,
                    };
                    inner.scaled(&attr.expr)
                }
                None => Some(1.0),
            },
            ExprKind::Call { function, args } => match (function.text.as_str(), args.as_slice()) {
                ("mod" | "round" | "len", _) => None,
                ("abs", [arg]) => self.scaled(&arg.value),
                _ => Some(1.0),
            },
            _ => Some(1.0),
        }
    }
}

/// What holds where the comparison does not.
fn opposite(op: BinaryOp) -> BinaryOp {
    match op {
        BinaryOp::Less => BinaryOp::GreaterEqual,
        BinaryOp::LessEqual => BinaryOp::Greater,
        BinaryOp::Greater => BinaryOp::LessEqual,
        BinaryOp::GreaterEqual => BinaryOp::Less,
        BinaryOp::Equal => BinaryOp::NotEqual,
        BinaryOp::NotEqual => BinaryOp::Equal,
        other => other,
    }
}

/// The comparison with its sides changed.
pub fn turned(op: BinaryOp) -> BinaryOp {
    match op {
        BinaryOp::Less => BinaryOp::Greater,
        BinaryOp::LessEqual => BinaryOp::GreaterEqual,
        BinaryOp::Greater => BinaryOp::Less,
        BinaryOp::GreaterEqual => BinaryOp::LessEqual,
        other => other,
    }
}
