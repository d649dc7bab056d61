//! The result model: what `result.json` and `run.json` hold, and all that reports, JUnit, CSV
//! and comparisons read. Nothing downstream recomputes a figure.

use super::ending::Ending;
use crate::measure::distribution::Support;
use crate::schema::RestsOn;
use crate::syntax::ast::CheckLevel;
use crate::units::{Dimension, Quantity};
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

/// Raised when a field changes its meaning.
pub const SCHEMA_VERSION: u32 = 2;

/// How a check, a case or a run ended. Ordered by how much attention it asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Pass,
    /// Its `when` did not hold, its phase was absent, or its case cannot work.
    Skipped,
    /// This world cannot decide it.
    NotDecided,
    Inconclusive,
    /// What it needs was not measured; the evidence says why.
    NoData,
    Fail,
    /// The world failed: no server, a crash, a full disk.
    Error,
    /// Stopped by the user, or cut (killed, a full disk), before it was decided.
    Interrupted,
}

impl Verdict {
    pub fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Skipped => "skipped",
            Self::NotDecided => "not decided",
            Self::Inconclusive => "inconclusive",
            Self::NoData => "no data",
            Self::Fail => "fail",
            Self::Error => "error",
            Self::Interrupted => "interrupted",
        }
    }
}

/// In which world results were made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum World {
    #[default]
    Real,
    /// In virtual time, on the simulator.
    Sim,
    /// In real time, on the simulator behind HTTP.
    Mock,
}

impl World {
    pub const ALL: [Self; 3] = [Self::Real, Self::Sim, Self::Mock];

    /// As scenarios and results name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Real => "real",
            Self::Sim => "sim",
            Self::Mock => "mock",
        }
    }

    /// What is said of results that were simulated.
    pub fn simulated(self) -> Option<&'static str> {
        match self {
            Self::Real => None,
            Self::Sim => Some("simulated, in virtual time"),
            Self::Mock => Some("simulated, behind HTTP in real time"),
        }
    }

    /// Why figures that rest on this are not known there, where they are not.
    pub fn lacks(self, rests_on: RestsOn) -> Option<&'static str> {
        match (self, rests_on) {
            (Self::Sim, RestsOn::Answers) => Some("what they say is not decided in virtual time"),
            (Self::Sim, RestsOn::Client) => {
                Some("what the client waited for is not decided in virtual time: nobody waits")
            }
            (Self::Mock, RestsOn::Answers) => {
                Some("what they say is not decided on simulated servers")
            }
            _ => None,
        }
    }
}

/// One value for people and machines: a number with its unit, a text, or why there is none.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// In base units; none for texts and for what is unavailable.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<f64>,
    /// Of `value`, or of what is unavailable; none for a ratio, a count and a text. Kept as the
    /// base unit: `s`, `B`, `tok/s`.
    #[serde(rename = "unit", default, skip_serializing_if = "no_unit")]
    pub dimension: Option<Dimension>,
    /// As people read it: `12.3 ms`.
    pub text: String,
    /// How many samples it stands on, where that says something.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub samples: Option<u64>,
    /// How many a percentile needs so that it can be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub needed: Option<u64>,
    /// Between what the value lies, where it is not known any better.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub between: Option<Bounds>,
    /// Why there is no value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unavailable: Option<String>,
    /// Of the figures of phases and of columns: which phase did not wholly run, and why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cut: Option<String>,
    /// Where its text leads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// It tells how the case ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ending: Option<Ending>,
}

/// Between what a growth lies that was read of memory that had not settled.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Bounds {
    /// In base units, as `most`.
    pub least: f64,
    pub most: f64,
    pub why: String,
}

impl Bounds {
    /// `between 10 MB and 30 MB`
    pub fn shown(&self, dimension: Dimension) -> String {
        let shown = [self.least, self.most].map(|v| Quantity::new(v, dimension).to_string());
        match &shown {
            [least, most] if least == most => format!("about {least}"),
            [least, most] => format!("between {least} and {most}"),
        }
    }
}

impl Figure {
    pub fn quantity(q: Quantity) -> Self {
        Self {
            value: Some(q.value),
            dimension: Some(q.dimension).filter(|dimension| !dimension.is_none()),
            text: q.to_string(),
            ..Self::default()
        }
    }

    /// A share of one, shown in per cent.
    pub fn ratio(value: f64) -> Self {
        Self {
            text: format!("{} %", crate::units::number(value * 100.0, 4)),
            ..Self::quantity(Quantity::plain(value))
        }
    }

    pub fn text(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            ..Self::default()
        }
    }

    pub fn unavailable(reason: impl Into<String>) -> Self {
        let reason = reason.into();
        Self {
            text: format!("unavailable: {reason}"),
            unavailable: Some(reason),
            ..Self::default()
        }
    }

    /// A text that leads somewhere.
    pub fn link(text: impl Into<String>, url: impl Into<String>) -> Self {
        Self {
            link: Some(url.into()),
            ..Self::text(text)
        }
    }

    /// A word of how the case ended.
    pub fn ending(word: Ending, text: impl Into<String>) -> Self {
        Self {
            ending: Some(word),
            ..Self::text(text)
        }
    }

    pub fn with_samples(mut self, samples: u64) -> Self {
        self.samples = Some(samples);
        self
    }

    /// How many samples it stands on, and how many it would need.
    pub fn with_support(mut self, support: Support) -> Self {
        self.samples = Some(support.samples);
        self.needed = support.needed;
        self
    }

    /// Of a phase that did not wholly run.
    pub fn with_cut(self, why: Option<String>) -> Self {
        Self { cut: why, ..self }
    }

    /// Says in its text between what it lies.
    pub fn with_bounds(mut self, bounds: Bounds) -> Self {
        let dimension = self.dimension.unwrap_or(Dimension::NONE);
        self.text = format!("{} ({})", self.text, bounds.shown(dimension));
        self.between = Some(bounds);
        self
    }

    /// Whether it is a percentile of too few values: a check of it is inconclusive.
    pub fn too_few(&self) -> bool {
        let support = |samples| Support {
            samples,
            needed: self.needed,
        };
        self.value.is_some() && self.samples.is_some_and(|n| support(n).too_few())
    }
}

fn no_unit(dimension: &Option<Dimension>) -> bool {
    dimension.is_none_or(Dimension::is_none)
}

/// `run.json`: the run as a whole.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RunResult {
    pub schema: u32,
    pub scn_version: String,
    /// The run folder's name.
    pub id: String,
    pub world: World,
    /// RFC 3339, local time zone.
    pub started: String,
    pub finished: Option<String>,
    /// As typed; secret values replaced.
    pub command: Vec<String>,
    /// Files given on the command line.
    pub files: Vec<String>,
    pub params: IndexMap<String, String>,
    /// Set at the end: the process's exit code.
    pub exit_code: Option<i32>,
    pub interrupted: bool,
    /// Why the suite ended it before all cases had run.
    #[serde(default)]
    pub stopped: Option<String>,
    /// In the order they ran.
    pub cases: Vec<CaseSummary>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CaseSummary {
    pub scenario: String,
    pub case: String,
    /// Relative to the run folder: `cases/<scenario>/<case>`.
    pub folder: String,
    pub verdict: Verdict,
    pub duration_s: f64,
}

/// `result.json`: one case.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CaseResult {
    pub schema: u32,
    pub scenario: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scenario_doc: Option<String>,
    /// Made of the axis values: `tp=2,concurrency=16`; `case` where there is no matrix.
    pub case: String,
    pub axes: IndexMap<String, Figure>,
    pub tags: Vec<String>,
    pub world: World,
    pub verdict: Verdict,
    /// Why it cannot work, so that nothing of it ran.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub infeasible: Option<String>,
    /// What went wrong in the world, where the verdict is error.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<WorldError>,
    pub started: String,
    /// On the run's clock.
    pub start_s: f64,
    pub duration_s: f64,
    pub servers: Vec<ServerResult>,
    /// The phases between whose quiet ends the servers' `memory.growth` is; none where there are
    /// no two.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub growth_between: Option<Between>,
    pub phases: Vec<PhaseResult>,
    pub checks: Vec<CheckResult>,
    pub reports: Vec<ReportData>,
    /// Its part in the scenario's ranks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ranks: Vec<RankValue>,
    /// Earlier tries of it, on servers that did not start or died; its own figures are of the last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attempts: Vec<Attempt>,
    /// Remarks that a reader must know: token counts missing, answers declared by the workload.
    pub notes: Vec<String>,
}

/// What is said of a case that is [unanswered](CaseResult::unanswered).
pub const UNANSWERED: &str = "no request was answered, so nothing was measured of the answers";

/// What is said of a case that is [left out](CaseResult::left_out).
pub const LEFT_OUT: &str = "`when` left out all of its phases";

impl CaseResult {
    /// Whether it was skipped though no `expect` says so: none of its phases was to run.
    pub fn left_out(&self) -> bool {
        let expects = |check: &CheckResult| check.level == CheckLevel::Expect;
        let skipped = self.verdict == Verdict::Skipped && self.infeasible.is_none();
        skipped && !self.checks.iter().any(expects)
    }

    /// Whether it has no data though no `expect` says so: none of its requests was answered.
    pub fn unanswered(&self) -> bool {
        let expects = |check: &CheckResult| check.level == CheckLevel::Expect;
        self.verdict == Verdict::NoData && !self.checks.iter().any(expects)
    }
}

/// A try of a case that was given up and made again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attempt {
    pub started: String,
    pub duration_s: f64,
    pub error: WorldError,
    /// What it left, relative to the case's folder.
    pub folder: String,
}

/// Two phases, by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Between {
    pub from: String,
    pub to: String,
}

/// What was tried, what came back, and what to do.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct WorldError {
    /// `server_not_ready`, `server_died`, `disk_full`, …
    pub kind: String,
    pub message: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// The last lines of the server's log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_tail: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ServerResult {
    pub name: String,
    pub engine: String,
    pub model: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Empty for a server that was already running.
    pub command: Vec<String>,
    pub url: String,
    /// The process that `pid` names; none for a server that scn started, and without `pid`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub process: Option<ServerProcess>,
    /// Which launch of the run it was; cases of one launch share it.
    pub launch: u32,
    /// From start to ready; none for a server that was already running.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ready_s: Option<f64>,
    /// Log file relative to the case's folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log: Option<String>,
    /// Where a copy of it goes, below `reports`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_copy: Option<String>,
    /// The GPUs that its figures count; none where there are none, `gpu_memory.max` says why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gpus: Option<ServerGpus>,
    /// Figures of the whole case: `memory.max`, `memory.growth`, `roles.worker.memory.max`, `gpu_memory.max`, `kv_usage.mean`.
    pub metrics: IndexMap<String, Figure>,
}

/// The process of a server that was already running: whose memory is measured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerProcess {
    pub pid: i32,
    /// The kernel's name of it: at most 15 characters.
    pub name: String,
    /// Its command line, what may be a secret replaced; empty where it has none.
    pub command: String,
    /// That another process listens where requests go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warning: Option<Warning>,
}

/// The GPUs of a server, in the order of its series `gpus.<n>`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ServerGpus {
    /// How they were chosen: `named by CUDA_VISIBLE_DEVICES`.
    pub why: String,
    pub counted: Vec<ServerGpu>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ServerGpu {
    /// As `nvidia-smi` numbers them; a MIG instance has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<u32>,
    pub uuid: String,
    pub name: String,
    /// What it has in all.
    pub memory: Figure,
    /// The most processes of the server that were on it at once; none where the driver does not
    /// tell whose its processes are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server_processes: Option<usize>,
    /// Other processes that were on it, with the most that each held.
    pub other_processes: Vec<OtherProcess>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OtherProcess {
    pub pid: u32,
    pub name: String,
    pub memory: Figure,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PhaseResult {
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub doc: Option<String>,
    pub start_s: f64,
    pub end_s: f64,
    pub measured: bool,
    /// Why it did not run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skipped: Option<String>,
    /// What the phase did, in words: `closed loop, 8 clients, 200 requests`.
    pub load: String,
    /// One of its loads is an open loop, of which `lateness` says how well it kept its times.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub open_loop: bool,
    /// `ttft.p50`, `request_rate`, `success_rate`, …; `<load>.ttft.p50` for a phase of several loads.
    pub metrics: IndexMap<String, Figure>,
    pub failures: Vec<FailureCount>,
    /// What makes its figures doubtful.
    #[serde(default)]
    pub warnings: Vec<Warning>,
    pub notes: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Warning {
    /// `client_late`, `sent_late` or `not_followed`; of a server's process `pid_does_not_listen`
    pub kind: String,
    pub text: String,
    /// What to do.
    pub help: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FailureCount {
    /// A failure class's name.
    pub class: String,
    pub count: u64,
    /// One of them, in words.
    pub example: String,
    /// Of wrong answers, a few more, to other rows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub more: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CheckResult {
    pub name: String,
    pub level: CheckLevel,
    pub verdict: Verdict,
    /// The expression as written.
    pub text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
    /// `file:line:column`
    pub place: String,
    /// Every measured part of the expression with its value, and the phases they come from.
    pub evidence: Vec<Evidence>,
    /// One line: `ttft.p95 = 812 ms, must be at most 800 ms (stress)`, or why it was not decided.
    pub why: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// The part as written: `stress.ttft.p95`.
    pub text: String,
    pub value: Figure,
    /// The phase it was measured in, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phase: Option<String>,
}

/// One case's part in one rank; its place follows from all cases of the scenario.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RankValue {
    pub name: String,
    /// By what, as written.
    pub metric: String,
    pub highest: bool,
    /// Only cases in which these are equal are compared.
    pub within: Vec<(String, Figure)>,
    pub value: Figure,
}

/// One case's part in one report: the evaluated columns, and where they go.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ReportData {
    pub name: String,
    pub format: ReportFormat,
    /// Of what its file tells, where the report says `each`; otherwise of all that goes to one path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<Part>,
    /// Evaluated paths below the run folder's `reports/`, or `github:summary`.
    pub to: Vec<String>,
    /// For templates: `std:summary.md.j2`, or a file of the pack (its text is kept here, so that
    /// reports can be written again without the pack).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template: Option<std::sync::Arc<Template>>,
    /// Header and value, in order.
    pub columns: Vec<(String, Figure)>,
    /// What is written over time, in place of columns.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub series: Vec<ReportSeries>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// What one file of a report tells of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Part {
    pub each: Each,
    /// Parts of one file have this in common, and those of two files have not.
    pub unit: String,
    /// The one phase, of `each = "phase"` and `"round"`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<String>,
    /// The one repetition of it, from 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub round: Option<u32>,
    /// The phase with the figures of that repetition alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub figures: Option<PhaseResult>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Each {
    Run,
    Scenario,
    /// The cases that share a start of their servers.
    Server,
    Case,
    Phase,
    Round,
}

/// A series of a report, as written and what it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportSeries {
    pub text: String,
    pub of: SeriesOf,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SeriesOf {
    /// Sampled of a server.
    Server { server: String, series: String },
    /// How many requests of a phase, or of one of its loads, had ended.
    Requests {
        phase: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        load: Option<String>,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Template {
    pub name: String,
    pub text: String,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReportFormat {
    /// A minijinja template over the whole result.
    #[default]
    Template,
    Csv,
    Markdown,
    Json,
    Junit,
    /// The machine and the engines, as text or JSON.
    Environment,
}
