//! What was measured in one case, and the answers to what expressions ask of it.

use super::distribution::Support;
use super::requests::{Requests, share_of, statistic};
use super::{floors, requests, window};
use crate::eval::{Fitted, Measurements, Query, SeriesRef, Stretch, Value};
use crate::load::delay::RunDelay;
use crate::load::record::{FailureClass, Record};
use crate::probe::series::{Series, SeriesSet};
use crate::probe::{Reading, Unavailable};
use crate::report::model::{Bounds, Figure, World};
use crate::scenario::{Names, Nothing, not_feasible};
use crate::schema::{RestsOn, rests_on};
use crate::units::{Dimension, Quantity, number};
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// One repetition of a phase. Times are seconds on the run's clock, here and below.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Round {
    pub start: f64,
    pub end: f64,
    /// After the load: since when it was watched whether memory settles.
    #[serde(default)]
    pub watched: Option<f64>,
    /// After the load: the end of the quiet, since memory last moved (see `run::quiesce`). Its
    /// least sample is the floor.
    pub quiet: Option<(f64, f64)>,
}

/// What was measured in one phase of a case.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PhaseData {
    pub name: String,
    pub doc: Option<String>,
    pub measured: bool,
    /// Its `when` was false: the condition in words.
    pub skipped: Option<String>,
    /// Why it did not run, or not wholly: the server died, the user stopped the run.
    ///
    /// Requests that were cancelled in such a phase were ended by that, not by the server: they
    /// are left out of its figures. In a phase that wholly ran a request is only cancelled by
    /// the end of its load's `drain`, and has failed.
    pub not_run: Option<String>,
    /// `not_run` was the user's doing, or that of whatever cut the run.
    pub interrupted: bool,
    pub start: f64,
    pub end: f64,
    /// Names of its `load` blocks.
    pub load_names: Vec<String>,
    /// What it did, in words: `closed loop, 8 clients, 200 requests`.
    pub load_text: String,
    /// One of its loads is an open loop: requests are due at times of their own.
    pub open_loop: bool,
    /// One of its workloads judges answers.
    pub judged: bool,
    pub rounds: Vec<Round>,
    /// Of all rounds and loads; each says to which it belongs.
    pub records: Vec<Record>,
    /// What a reader of its figures must know.
    pub notes: Vec<String>,
    /// How long the client's threads waited for a core while it sent load; none where it sent none.
    pub client_delay: Option<Reading<RunDelay>>,
    /// What each replica of its servers had of the work; none where nobody can tell.
    pub replicas: Option<Vec<ReplicaWork>>,
}

/// What one replica had of a phase's work.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ReplicaWork {
    pub requests: u64,
    /// Seconds in which the GPUs of each of its pipeline stages worked, while load was sent.
    pub busy: Vec<f64>,
}

/// What was measured in one case.
#[derive(Debug, Clone, Default)]
pub struct CaseData {
    pub names: Names,
    /// In the order in which they ran; those that did not run are there too, and say why.
    pub phases: Vec<PhaseData>,
    /// The series of each server while the case ran.
    pub servers: IndexMap<String, SeriesSet>,
    /// Why it cannot work, and nothing of it ran.
    pub infeasible: Option<String>,
    /// Where it was measured.
    pub world: World,
}

/// A figure, and how many values it stands on where that says something.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    pub quantity: Quantity,
    pub support: Option<Support>,
    /// Between what it lies, where it is not known any better.
    pub between: Option<Bounds>,
    /// Of a percentile of too few values: between what it lies at any rate, in base units. Of one at
    /// or above the median that is at or above the least value seen (that all values lie above it by
    /// chance is unlikely), while nothing is known of how high it goes; below the median the other
    /// way round.
    pub at_any_rate: Option<(f64, f64)>,
}

/// Why there is no figure, or why no verdict can rest on the one there is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lack {
    pub kind: LackKind,
    pub reason: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LackKind {
    /// The phase's `when` was false.
    Skipped,
    /// Nothing in this world can tell it.
    Elsewhere,
    /// The user stopped the run before the phase had wholly run.
    Interrupted,
    /// The phase did not wholly run for another reason.
    NotRun,
    /// It could not be measured.
    Missing,
    /// There is a figure, but of too few values.
    TooFew,
    /// There is a figure, but what it is of did not settle.
    Unsettled,
}

impl Lack {
    pub fn missing(reason: impl Into<String>) -> Self {
        Self {
            kind: LackKind::Missing,
            reason: reason.into(),
        }
    }
}

/// Why a metric that is worked out of counters has no other statistic.
const ONLY_MEAN: &str = "it is worked out of what counters rose by, and has a mean alone";

impl From<Nothing> for Lack {
    fn from(_: Nothing) -> Self {
        Self::missing("nothing was counted that it could be divided by")
    }
}

impl From<Unavailable> for Lack {
    fn from(Unavailable(reason): Unavailable) -> Self {
        Self::missing(reason)
    }
}

impl PhaseData {
    /// Why nothing of it was measured, where that is so.
    pub fn absent(&self) -> Option<Lack> {
        match &self.skipped {
            Some(why) => Some(Lack {
                kind: LackKind::Skipped,
                reason: format!("`{}` was left out: {why}", self.name),
            }),
            None if self.empty() => self.cut(),
            None => None,
        }
    }

    /// Why it did not run, or not wholly, where that is so; one that was left out was not to run.
    pub fn cut(&self) -> Option<Lack> {
        let how = if self.empty() { "run" } else { "wholly run" };
        let why = self.not_run.as_ref().filter(|_| self.skipped.is_none())?;
        Some(Lack {
            kind: match self.interrupted {
                true => LackKind::Interrupted,
                false => LackKind::NotRun,
            },
            reason: format!("`{}` did not {how}: {why}", self.name),
        })
    }

    fn empty(&self) -> bool {
        self.rounds.is_empty() && self.records.is_empty()
    }
}

impl CaseData {
    /// The measured phases that made requests, where none of these requests was answered: such a
    /// case measured nothing. None where an answer came, or where there was no request at all.
    pub fn nothing_answered(&self) -> Option<Vec<&str>> {
        let asked = |phase: &&PhaseData| phase.measured && !phase.records.is_empty();
        let asked: Vec<&PhaseData> = self.phases.iter().filter(asked).collect();
        let mut records = asked.iter().flat_map(|phase| &phase.records);
        let nothing = !asked.is_empty() && !records.any(Record::answered);
        nothing.then(|| asked.iter().map(|phase| phase.name.as_str()).collect())
    }

    /// The figure that a query asks for.
    ///
    /// # Errors
    /// Why there is none.
    pub fn answer(&self, query: &Query) -> Result<Measured, Lack> {
        if let Some(why) = &self.infeasible {
            return Err(Lack {
                kind: LackKind::Skipped,
                reason: not_feasible(why),
            });
        }
        if let Some(lack) = self.by_what_answers_say(query) {
            return Err(lack);
        }
        self.look_up(query).map_err(|lack| match lack.kind {
            LackKind::Missing if self.world != World::Sim && only_simulated(query) => Lack {
                kind: LackKind::Elsewhere,
                ..lack
            },
            LackKind::Missing if self.world != World::Real => {
                let there = elsewhere(self.world, query, &lack.reason);
                there.or_else(|| self.cut_short(query)).unwrap_or(lack)
            }
            // what is missing from a phase that was cut short is missing because of that
            LackKind::Missing => self.cut_short(query).unwrap_or(lack),
            _ => lack,
        })
    }

    /// Where `accept` judges answers, what counts the wrong ones is known only where there are some.
    fn by_what_answers_say(&self, query: &Query) -> Option<Lack> {
        let why = self.world.lacks(RestsOn::Answers)?;
        let of = match query {
            Query::Scalar { of, metric } => (rests_on(metric) == RestsOn::Answers).then_some(of),
            Query::Failures { of, class } => {
                let by_answer = [FailureClass::WrongAnswer, FailureClass::NotJudged];
                let is_one = by_answer.iter().any(|one| one.name() == class.as_ref());
                is_one.then_some(of)
            }
            _ => None,
        }?;
        let judged = |phase: &&PhaseData| *phase.name == *of.phase && phase.judged;
        self.phases.iter().find(judged).map(|phase| Lack {
            kind: LackKind::Elsewhere,
            reason: format!("`{}` judges answers, and {why}", phase.name),
        })
    }

    fn cut_short(&self, query: &Query) -> Option<Lack> {
        let names = query.phases();
        let mut read = self
            .phases
            .iter()
            .filter(|phase| names.iter().any(|n| **n == *phase.name));
        read.find_map(PhaseData::cut)
    }

    fn look_up(&self, query: &Query) -> Result<Measured, Lack> {
        let mut between = None;
        let mut at_any_rate = None;
        let (value, support) = match query {
            Query::Scalar { of, metric } => (self.requests(of)?.scalar(metric)?, None),
            Query::Statistic { of, metric, stat } => {
                let values = self.requests(of)?.distribution(metric);
                let (value, support) = statistic(&values, stat)?;
                let share = share_of(stat).filter(|_| support.too_few());
                at_any_rate = share.and_then(|share| values.ok()?.at_any_rate(share));
                (value, Some(support))
            }
            Query::Percentile { of, metric, share } => {
                let values = self.requests(of)?.distribution(metric)?;
                let value = values.percentile(*share);
                let value = value.ok_or_else(|| Lack::missing("a percentile is a share of 0 to 1"));
                let support = Support::of_percentile(*share, values.count());
                if support.too_few() {
                    at_any_rate = values.at_any_rate(*share);
                }
                (value?, Some(support))
            }
            Query::Failures { of, class } => (self.requests(of)?.failures(class) as f64, None),
            Query::SeriesStat { series, stat } if self.is_worked_out(series) => {
                if stat.as_ref() != "mean" {
                    return Err(Lack::missing(ONLY_MEAN));
                }
                (self.worked_out(series, floors::EVER)?, None)
            }
            Query::Growth { series, .. }
            | Query::Peak { series, .. }
            | Query::Increase { series, .. }
                if self.is_worked_out(series) =>
            {
                return Err(Lack::missing(ONLY_MEAN));
            }
            Query::Mean { series, during } => {
                let window = self.window(&series.name, during.as_deref())?;
                match self.is_worked_out(series) {
                    true => (self.worked_out(series, window)?, None),
                    false => (window::mean(self.series(series)?, window)?, None),
                }
            }
            Query::SeriesStat { series, stat } => {
                let all = self.series(series)?;
                (floors::statistic(all, stat, floors::EVER)?, None)
            }
            Query::Growth { series, window } => {
                self.series(series)?;
                let server = &self.servers[series.server.as_ref()];
                let grown = floors::growth(&self.phases, server, &series.name, window)?;
                between = grown.between;
                (grown.value, None)
            }
            Query::Peak { series, during } => {
                let window = self.window(&series.name, during.as_deref())?;
                (window::max(self.series(series)?, window)?, None)
            }
            Query::Increase { series, during } => {
                let window = self.window(&series.name, during.as_deref())?;
                (window::increase(self.series(series)?, window)?, None)
            }
        };
        Ok(Measured {
            quantity: Quantity::new(value, query.dimension()),
            support,
            between,
            at_any_rate,
        })
    }

    /// Why no verdict can rest on a figure that there is: a phase that it reads did not wholly
    /// run, it is a percentile of too few values (see [`Support::too_few`]), or a growth of what
    /// did not settle.
    pub fn doubt(&self, query: &Query) -> Option<Lack> {
        let phases = query.phases();
        // a figure of the whole case needs all phases that were to run
        let whole_case = phases.is_empty();
        let reads = |phase: &&PhaseData| {
            whole_case || phases.iter().any(|name| name.as_ref() == phase.name)
        };
        if let Some(lack) = self.phases.iter().filter(reads).find_map(PhaseData::cut) {
            return Some(lack);
        }
        let measured = self.look_up(query).ok()?;
        if let Some(bounds) = measured.between {
            let dimension = query.dimension();
            return Some(Lack {
                kind: LackKind::Unsettled,
                reason: format!("{}: {}", bounds.shown(dimension), bounds.why),
            });
        }
        let (metric, share) = percentile(query)?;
        let support = measured.support?;
        let noun = if metric == "itl" { "gaps" } else { "requests" };
        support.too_few().then(|| Lack {
            kind: LackKind::TooFew,
            reason: format!(
                "p{} needs at least {} {noun}, there were {}",
                number(share * 100.0, 6),
                support.needed.unwrap_or_default(),
                support.samples
            ),
        })
    }

    /// The figure as results keep it.
    pub fn figure(&self, query: &Query) -> Figure {
        figure_from(query, self.answer(query))
    }

    fn requests(&self, of: &Stretch) -> Result<Requests<'_>, Lack> {
        let phase = floors::phase(&self.phases, &of.phase)?;
        Ok(Requests::of(phase, of.load.as_deref()))
    }

    fn series(&self, of: &SeriesRef) -> Result<&Series, Lack> {
        let set = (self.servers.get(of.server.as_ref()))
            .ok_or_else(|| Lack::missing(format!("the server `{}` was not sampled", of.server)))?;
        let missing = |series: Option<&Series>| {
            let why = series.and_then(|series| series.unavailable.clone());
            let unsaid = || format!("`{}.{}` was not sampled", of.server, of.name);
            Lack::missing(why.unwrap_or_else(unsaid))
        };
        match set.series.get(of.name.as_ref()) {
            Some(series) if !series.points.is_empty() => Ok(series),
            series => Err(missing(series)),
        }
    }

    fn is_worked_out(&self, of: &SeriesRef) -> bool {
        self.names.formula(&of.server, &of.name).is_some()
    }

    /// What a metric comes to that is worked out of counters, in a window.
    fn worked_out(&self, of: &SeriesRef, window: window::Window) -> Result<f64, Lack> {
        let formula = self.names.formula(&of.server, &of.name);
        let formula = formula.ok_or_else(|| Lack::missing("it is worked out of nothing"))?;
        formula.value(&|name| {
            let counter = SeriesRef {
                name: name.into(),
                ..of.clone()
            };
            Ok(window::increase(self.series(&counter)?, window)?)
        })
    }

    fn window(&self, series: &str, during: Option<&str>) -> Result<window::Window, Lack> {
        match during {
            None => Ok(floors::EVER),
            Some(name) => {
                let phase = floors::phase(&self.phases, name)?;
                Ok(floors::during(&self.phases, phase, series))
            }
        }
    }
}

/// Whether only the simulator can tell it.
fn only_simulated(query: &Query) -> bool {
    match query {
        Query::Statistic { metric, .. } | Query::Percentile { metric, .. } => {
            requests::OF_REPLICAS.contains(metric)
        }
        _ => false,
    }
}

/// What a simulated world has nothing of: in virtual time processes, and what of the engine's own
/// metrics the simulator does not know; a simulated server has a process, but no GPU.
fn elsewhere(world: World, query: &Query, missing: &str) -> Option<Lack> {
    let reason = match query {
        Query::SeriesStat { series, .. }
        | Query::Growth { series, .. }
        | Query::Peak { series, .. }
        | Query::Increase { series, .. }
        | Query::Mean { series, .. } => match world {
            World::Sim => format!(
                "`{}.{}` is not decided in virtual time: there is no process that has it",
                series.server, series.name
            ),
            World::Mock if *series.name != *OF_ITS_PROCESS => format!(
                "`{}.{}` is not decided on a simulated server: {missing}",
                series.server, series.name
            ),
            World::Mock | World::Real => return None,
        },
        // of phases that judge answers this was said before: others know all that can be known
        Query::Scalar { metric, .. } => match rests_on(metric) {
            RestsOn::Answers => return None,
            on => world.lacks(on)?.to_owned(),
        },
        _ => return None,
    };
    let kind = LackKind::Elsewhere;
    Some(Lack { kind, reason })
}

/// What a simulated server's process has.
const OF_ITS_PROCESS: &str = "memory";

/// An answer as results keep it.
pub fn figure_from(query: &Query, answer: Result<Measured, Lack>) -> Figure {
    match answer {
        Err(lack) => Figure::unavailable(lack.reason),
        Ok(measured) => {
            let figure = match query.is_ratio() {
                true => Figure::ratio(measured.quantity.value),
                false => Figure::quantity(measured.quantity),
            };
            match (measured.support, measured.between) {
                (Some(support), _) => figure.with_support(support),
                (None, Some(bounds)) => figure.with_bounds(bounds),
                (None, None) => figure,
            }
        }
    }
}

/// The metric and the share (0 to 1) of a query for a percentile.
fn percentile(query: &Query) -> Option<(&'static str, f64)> {
    match query {
        Query::Statistic { metric, stat, .. } => Some((metric, share_of(stat)?)),
        Query::Percentile { metric, share, .. } => Some((metric, *share)),
        _ => None,
    }
}

/// How many values the percentile that a query asks for needs; none for other queries.
pub fn needed(query: &Query) -> Option<u64> {
    let (_, share) = percentile(query)?;
    Support::of_percentile(share, 0).needed
}

impl Measurements for CaseData {
    fn loads(&self, phase: &str) -> Vec<Arc<str>> {
        self.names.loads(phase)
    }

    fn engine_metrics(&self, server: &str) -> Vec<(Arc<str>, Dimension)> {
        self.names.engine_metrics(server)
    }

    fn roles(&self, server: &str) -> Vec<Arc<str>> {
        self.names.roles(server)
    }

    fn fit(&self, server: &str) -> Option<Fitted> {
        self.names.fit(server)
    }

    fn measure(&self, query: &Query) -> Value {
        match self.answer(query) {
            Ok(measured) => Value::Number(measured.quantity),
            Err(lack) => Value::Unavailable(lack.reason.into()),
        }
    }
}
