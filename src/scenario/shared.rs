//! What cases have in common, made and held once: servers that are the same, also in several
//! scenarios, and workloads, which many loads of many cases ask.

use super::context::Context;
use super::workload::{self, Overrides};
use super::{CheckWords, PhaseSpec, ReportSpec, ServerSpec, WorkloadSpec};
use crate::eval::BlockValue;
use crate::report::model::{Template, World};
use crate::resolve::ModuleId;
use crate::syntax::ast::Expr;
use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

/// So many of the last ones are looked through: cases that follow one another are alike.
const KEPT: usize = 32;

#[derive(Default)]
pub(super) struct Shared {
    servers: RefCell<VecDeque<Arc<ServerSpec>>>,
    /// By their names.
    phases: RefCell<HashMap<String, VecDeque<Arc<PhaseSpec>>>>,
    /// By their places in the scenario.
    checks: RefCell<HashMap<usize, VecDeque<Arc<CheckWords>>>>,
    reports: RefCell<VecDeque<Arc<ReportSpec>>>,
    templates: RefCell<VecDeque<Arc<Template>>>,
    /// Parts of an attribute's value, by their places in the program.
    exprs: RefCell<HashMap<*const Expr, Arc<Expr>>>,
    /// By the place of their blocks in memory, which stays theirs while they are kept.
    workloads: RefCell<HashMap<usize, VecDeque<Known>>>,
    /// Where the cases are to run: outside of the real world the simulator plays their servers.
    world: Cell<World>,
    /// Whether a file has a server outside of scenarios.
    misplaced: RefCell<HashMap<ModuleId, bool>>,
}

/// A workload in which nothing is wrong, and what it was made of.
struct Known {
    block: Arc<BlockValue>,
    over: Overrides,
    spec: Arc<WorkloadSpec>,
}

impl Shared {
    /// Of all servers from here on.
    pub fn run_on(&self, world: World) {
        self.world.set(world);
    }

    pub fn world(&self) -> World {
        self.world.get()
    }

    /// Whether a file has a server outside of scenarios: looked for once a file, not once a scenario.
    pub fn has_misplaced(&self, file: ModuleId, look: impl FnOnce() -> bool) -> bool {
        *self.misplaced.borrow_mut().entry(file).or_insert_with(look)
    }

    /// Forgets what no other scenario has.
    pub fn next_scenario(&self) {
        self.checks.borrow_mut().clear();
        self.exprs.borrow_mut().clear();
    }

    /// The server, or an equal one of another case.
    pub fn server(&self, server: ServerSpec) -> Arc<ServerSpec> {
        one_of(&mut self.servers.borrow_mut(), server)
    }

    /// The phase, or an equal one of another case.
    pub fn phase(&self, phase: PhaseSpec) -> Arc<PhaseSpec> {
        let mut phases = self.phases.borrow_mut();
        match phases.get_mut(&phase.name) {
            Some(known) => one_of(known, phase),
            None => one_of(phases.entry(phase.name.clone()).or_default(), phase),
        }
    }

    /// What is written of the scenario's check at this place, or the same of another case.
    pub fn check(&self, index: usize, words: CheckWords) -> Arc<CheckWords> {
        one_of(self.checks.borrow_mut().entry(index).or_default(), words)
    }

    /// The report, or an equal one of another case. Columns are of a case by themselves.
    pub fn report(&self, report: ReportSpec) -> Arc<ReportSpec> {
        let mut reports = self.reports.borrow_mut();
        if report.columns.is_empty() && report.note.is_none() {
            let same = |known: &&Arc<ReportSpec>| known.writes_as(&report);
            if let Some(known) = reports.iter().rev().find(same) {
                return known.clone();
            }
            let report = Arc::new(report);
            reports.push_back(report.clone());
            if reports.len() > KEPT {
                reports.pop_front();
            }
            return report;
        }
        Arc::new(report)
    }

    /// The template, or an equal one.
    pub fn template(&self, template: Template) -> Arc<Template> {
        one_of(&mut self.templates.borrow_mut(), template)
    }

    /// A part of what an attribute of the program says, by itself.
    pub fn expr(&self, expr: &Expr) -> Arc<Expr> {
        let mut exprs = self.exprs.borrow_mut();
        let known = exprs.entry(expr).or_insert_with(|| Arc::new(expr.clone()));
        known.clone()
    }

    /// A workload, and whether it is right, as [`workload::lower`] has it.
    pub fn workload(
        &self,
        cx: &Context<'_>,
        block: Arc<BlockValue>,
        over: Overrides,
    ) -> Option<(Arc<WorkloadSpec>, bool)> {
        let place = Arc::as_ptr(&block.flat) as usize;
        let mut workloads = self.workloads.borrow_mut();
        let known = workloads.entry(place).or_default();
        let is = |known: &&Known| block.same(&known.block) && over == known.over;
        if let Some(known) = known.iter().rev().find(is) {
            return Some((known.spec.clone(), true));
        }
        let (lowered, found) = cx.eval.apart(|| workload::lower(cx, &block, &over));
        let clean = found.is_empty();
        found.into_iter().for_each(|d| cx.eval.report(d));
        let (mut spec, fine) = lowered?;
        if let Some(last) = known.back() {
            spec.share(&last.spec);
        }
        let spec = Arc::new(spec);
        // what is wrong is said in every case that has it
        if fine && clean {
            known.push_back(Known {
                block,
                over,
                spec: spec.clone(),
            });
        }
        if known.len() > KEPT {
            known.pop_front();
        }
        Some((spec, fine))
    }
}

/// What is known and equal, or this one, which is known then.
fn one_of<T: PartialEq>(known: &mut VecDeque<Arc<T>>, one: T) -> Arc<T> {
    if let Some(same) = known.iter().rev().find(|other| ***other == one) {
        return same.clone();
    }
    let one = Arc::new(one);
    known.push_back(one.clone());
    if known.len() > KEPT {
        known.pop_front();
    }
    one
}

impl ReportSpec {
    /// Whether two reports without columns and notes are the same.
    fn writes_as(&self, other: &Self) -> bool {
        let plain = |one: &Self| one.columns.is_empty() && one.note.is_none();
        plain(self)
            && plain(other)
            && (&self.name, self.format, &self.part) == (&other.name, other.format, &other.part)
            && (&self.to, &self.template) == (&other.to, &other.template)
            && self.series == other.series
    }
}

impl WorkloadSpec {
    /// Takes of another what is equal in both.
    fn share(&mut self, other: &Self) {
        if self.requests == other.requests {
            self.requests = other.requests.clone();
        }
        if self.rows == other.rows {
            self.rows = other.rows.clone();
        }
        if self.body == other.body {
            self.body = other.body.clone();
        }
    }
}
