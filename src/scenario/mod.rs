//! What a file means, as plain typed data: scenarios with their cases, each with the servers
//! to start, the phases to run, the checks to judge and the reports to write.

mod accepts;
mod across;
mod asked;
mod axis_units;
mod balance;
mod base;
mod by_case;
mod by_name;
mod case;
mod case_id;
mod checks;
mod cluster;
mod compile;
mod constants;
mod context;
mod decided;
mod either;
mod engine;
mod engine_metric;
mod faults;
mod feasible;
mod fit;
mod folder_name;
mod formula;
mod gpu;
mod itself;
mod judged;
mod known;
mod launch;
mod load;
mod locals;
mod matrix;
mod memory;
mod namesakes;
mod nones;
mod option_flags;
mod option_value;
mod options;
mod phase;
mod played;
mod rank;
mod report;
mod report_columns;
mod report_parts;
mod report_series;
mod server;
mod server_log;
mod shapes;
mod shared;
mod simulated;
mod suite;
mod unmeasured;
mod vain;
mod wiring;
mod workload;

pub use asked::{Asks, PartSpec, RequestSpec, WorkloadSpec};
pub use axis_units::few_uses;
pub use base::bases;
pub use by_case::ByCase;
pub use cluster::ClusterSpec;
pub use compile::{Compiled, compile, compile_in, compile_these, scenarios};
pub use constants::{constants, suite_scenarios};
pub(crate) use context::one_line;
pub use engine_metric::{EngineMetric, SeriesName};
pub use feasible::said as not_feasible;
pub use folder_name::folder_name;
pub use formula::{Formula, Nothing};
pub use gpu::{GpuSpec, price};
pub use memory::{MemorySpec, Pool, Sum};
pub use played::{SETUP, play};
pub use report::figure;
pub use server::PORT;
pub use shapes::unevaluated;
pub use suite::{SuiteLimits, suite_limits};
pub use unmeasured::{Names, Unmeasured, names_of};
pub use workload::answered;

use crate::eval::{Cases, Query, Scope, Value};
use crate::load::spec::{Api, Load, Pace};
use crate::report::model::{Figure, Part, ReportFormat, ReportSeries, Template, World};
use crate::sim::Setup;
use crate::source::Span;
use crate::syntax::ast::{CheckLevel, Expr};
use crate::versions::Versions;
use indexmap::IndexMap;
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// An expression to be evaluated later, with the names it sees.
#[derive(Debug, Clone)]
pub struct Thunk {
    pub expr: Arc<Expr>,
    pub scope: Scope,
}

/// One cell of a scenario's matrix.
#[derive(Debug, Clone, Serialize)]
pub struct Case {
    pub scenario: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scenario_doc: Option<String>,
    pub id: String,
    pub axes: IndexMap<String, Figure>,
    pub tags: Vec<String>,
    #[serde(serialize_with = "seconds")]
    pub sample: Duration,
    #[serde(serialize_with = "seconds")]
    pub timeout: Duration,
    #[serde(serialize_with = "maybe_seconds")]
    pub estimate: Option<Duration>,
    pub isolate: bool,
    /// Where it runs.
    #[serde(skip)]
    pub worlds: Vec<World>,
    /// How often it is run again where a server did not start or died.
    pub retry: u64,
    pub servers: Vec<Arc<ServerSpec>>,
    /// Where copies of logs go, below `reports`: server and path. Not of the server itself: cases
    /// that differ in this share it all the same.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub logs: Vec<(String, String)>,
    pub phases: Vec<Arc<PhaseSpec>>,
    pub checks: Vec<CheckSpec>,
    pub reports: Vec<Arc<ReportSpec>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ranks: Vec<RankSpec>,
    /// Why it cannot work: then it is a row with this reason, and nothing of it runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub infeasible: Option<String>,
    /// Whether its scenario leaves out what cannot work.
    #[serde(skip)]
    pub skips: bool,
    /// All cases of the scenario, for checks that read another.
    #[serde(skip)]
    pub cases: Arc<Cases>,
    /// What checks of any case read of this one across cases.
    #[serde(skip)]
    pub wanted: Vec<Query>,
}

impl Case {
    /// What of it is evaluated once all cases have run: the cases that each check, column and rank
    /// reads besides its own.
    pub fn across(&self) -> impl Iterator<Item = &Reads> {
        let checks = self.checks.iter().filter_map(|check| check.across.as_ref());
        let columns = self
            .reports
            .iter()
            .flat_map(|report| report.across.values());
        let ranks = self.ranks.iter().filter_map(|rank| rank.across.as_ref());
        checks
            .map(|across| &across.reads)
            .chain(columns)
            .chain(ranks)
    }
}

/// A text that may be secret; then neither `Debug` nor a serialiser shows it.
#[derive(Clone, PartialEq, Eq)]
pub struct Word {
    pub text: String,
    pub secret: bool,
}

impl Word {
    pub fn plain(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            secret: false,
        }
    }

    pub fn secret(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            secret: true,
        }
    }

    pub fn shown(&self) -> &str {
        if self.secret { "***" } else { &self.text }
    }
}

impl std::fmt::Debug for Word {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}", self.shown())
    }
}

impl Serialize for Word {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.shown())
    }
}

/// A server of a case: what to start, or where it runs, and how it is asked.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ServerSpec {
    pub name: String,
    pub engine: String,
    /// What requests call the model; none where it is to be found through `/v1/models`.
    pub model: Option<String>,
    /// The longest sequence that it takes, in tokens, where that is known.
    #[serde(skip)]
    pub context: Option<f64>,
    /// Whether its model takes a longer one than the server is told to.
    #[serde(skip)]
    pub context_set: bool,
    /// Whether it keeps what prompts have in common, where that is known.
    #[serde(skip)]
    pub prefix_cache: Option<bool>,
    /// The temperature of requests that say none, where that is known.
    #[serde(skip)]
    pub temperature: Option<f64>,
    /// Whether its model has random weights, and so random answers.
    #[serde(skip)]
    pub random_weights: bool,
    /// What its model takes, where that is known.
    #[serde(skip)]
    pub modalities: Option<Vec<String>>,
    pub start: Start,
    pub layout: Layout,
    /// Every option that is passed, with its value as people read it.
    pub options: IndexMap<String, String>,
    pub gpus: u64,
    /// The host that it is stated to run on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cluster: Option<ClusterSpec>,
    /// The sort of GPU that it says it is for.
    #[serde(skip)]
    pub gpu: Option<GpuSpec>,
    /// Requests per second that one replica is said to carry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capacity: Option<f64>,
    /// What its model takes of the `gpu` that it says it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<MemorySpec>,
    /// Its model, its GPU, its layout or an option is wrong, which was reported: no sum is made of it.
    #[serde(skip)]
    pub broken: bool,
    pub apis: IndexMap<String, Api>,
    pub ready: Ready,
    pub stop: StopSpec,
    /// How long after its end the next one is started.
    #[serde(serialize_with = "seconds")]
    pub pause: Duration,
    pub version: Option<VersionSpec>,
    /// What its block says that its version is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stated: Option<Versions>,
    pub actions: Vec<Action>,
    /// `GET /metrics`, and the figures read from it.
    pub metrics_request: Option<HttpRequest>,
    pub metrics: Vec<EngineMetric>,
    /// Role and the pattern of its process title, in order.
    pub roles: Vec<(String, String)>,
    pub headers: Vec<(String, Word)>,
    pub body: serde_json::Map<String, serde_json::Value>,
    pub ca_file: Option<PathBuf>,
    /// How the simulator plays it, or why it cannot, where that was asked for.
    #[serde(skip)]
    pub simulated: Option<Result<Setup, String>>,
    /// Whether the built-in server plays it, in real time.
    #[serde(skip)]
    pub played: bool,
}

/// How a server comes to run.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Start {
    /// A command; `{port}` in its words and variables is the port that it gets.
    Launch {
        command: Vec<Word>,
        environment: Vec<(String, Word)>,
        /// Fixed by the scenario; otherwise a free one is chosen.
        port: Option<u16>,
        /// The script that installs the program, where the scenario names one.
        setup: Option<PathBuf>,
    },
    /// It already runs there; with a process id its memory is measured.
    Running { url: String, pid: Option<i32> },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Layout {
    pub tp: u64,
    pub pp: u64,
    pub dp: u64,
    pub ep: u64,
}

/// `GET /health`
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HttpRequest {
    pub method: String,
    pub path: String,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Ready {
    pub request: Option<HttpRequest>,
    #[serde(serialize_with = "seconds")]
    pub every: Duration,
    #[serde(serialize_with = "seconds")]
    pub timeout: Duration,
    pub answers: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StopSpec {
    /// `TERM`
    pub signal: String,
    #[serde(serialize_with = "seconds")]
    pub grace: Duration,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct VersionSpec {
    pub request: Option<HttpRequest>,
    /// A command that prints it; empty where there is none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub command: Vec<Word>,
    pub pattern: String,
}

/// Something that a running server can be asked to do.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Action {
    pub name: String,
    pub request: HttpRequest,
    pub body: Option<serde_json::Value>,
    pub retry: u64,
    #[serde(serialize_with = "seconds")]
    pub every: Duration,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PhaseSpec {
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub doc: Option<String>,
    /// Why it does not run in this case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skipped: Option<String>,
    pub measured: bool,
    #[serde(serialize_with = "maybe_seconds")]
    pub idle: Option<Duration>,
    pub quiesce: bool,
    pub flush: bool,
    pub repeat: u64,
    #[serde(serialize_with = "seconds")]
    pub pause: Duration,
    pub loads: Vec<LoadSpec>,
}

impl PhaseSpec {
    /// Whether requests of it are due at times of their own.
    pub fn is_open_loop(&self) -> bool {
        let open = |load: &LoadSpec| matches!(load.load.pace, Pace::Open { .. });
        self.loads.iter().any(open)
    }

    /// Whether a workload of it judges answers.
    pub fn is_judged(&self) -> bool {
        self.loads.iter().any(|load| load.workload.accepts())
    }
}

/// One load of a phase: the pace, the server, and what is asked.
#[derive(Debug, Clone, Serialize)]
pub struct LoadSpec {
    pub load: Load,
    /// Whether its seed is written, and not the default: then lengths follow from it alone.
    #[serde(skip)]
    pub seeded: bool,
    pub server: String,
    /// One for all loads of all cases that ask the same. Plans say each once.
    #[serde(skip)]
    pub workload: Arc<WorkloadSpec>,
}

impl PartialEq for LoadSpec {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.workload, &other.workload)
            && self.load == other.load
            && (self.seeded, &self.server) == (other.seeded, &other.server)
    }
}

#[derive(Debug, Clone, Serialize)]
pub struct CheckSpec {
    #[serde(flatten)]
    pub words: Arc<CheckWords>,
    #[serde(skip)]
    pub expr: Thunk,
    #[serde(skip)]
    pub when: Option<Thunk>,
    /// Set where it reads other cases: then it is judged once all have run.
    #[serde(skip)]
    pub across: Option<Across>,
}

/// A check reads as its words do.
impl std::ops::Deref for CheckSpec {
    type Target = CheckWords;

    fn deref(&self) -> &CheckWords {
        &self.words
    }
}

/// What is written of a check, and what it reads: the same in most cases, and then held once.
#[derive(Debug, PartialEq, Serialize)]
pub struct CheckWords {
    pub name: String,
    pub level: CheckLevel,
    /// As written.
    pub text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub when_text: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
    pub place: String,
    /// The phases that it reads.
    pub phases: Vec<String>,
    /// The sampled series, each with its server, whose growth it reads: they are to settle.
    #[serde(skip)]
    pub grows: Vec<(String, String)>,
    #[serde(skip)]
    pub span: Span,
}

/// What a check reads of which cases. Cases in which this is equal are judged once.
#[derive(Debug, Clone, PartialEq)]
pub struct Across {
    pub reads: Reads,
    /// The axes of the case at hand that it names, with their values.
    pub axes: Vec<(String, Value)>,
}

/// What a scenario's cases are ranked by.
#[derive(Debug, Clone, Serialize)]
pub struct RankSpec {
    pub name: String,
    pub highest: bool,
    /// The figure as written.
    #[serde(rename = "by")]
    pub text: String,
    #[serde(skip)]
    pub by: Thunk,
    /// What it reads of which cases, where it reads others: then it is evaluated once all have run.
    #[serde(skip)]
    pub across: Option<Reads>,
    /// Only cases in which these are equal are compared: as written, and the value.
    #[serde(serialize_with = "headers")]
    pub within: Vec<(String, Thunk)>,
}

#[derive(Debug, Clone, Serialize)]
pub struct ReportSpec {
    pub name: String,
    pub format: ReportFormat,
    /// Of what its file tells, where the report says `each`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub part: Option<Part>,
    pub to: Vec<String>,
    /// The template's name; its text is left out of plans.
    #[serde(serialize_with = "template_name")]
    pub template: Option<Arc<Template>>,
    #[serde(serialize_with = "headers")]
    pub columns: Vec<(String, Thunk)>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub series: Vec<ReportSeries>,
    #[serde(skip)]
    pub note: Option<Thunk>,
    /// Columns that read other cases, by their places, and what they read: they are evaluated once
    /// all have run.
    #[serde(skip)]
    pub across: BTreeMap<usize, Reads>,
}

/// Figures that are read, each with the id of its case.
pub type Reads = Vec<(Arc<str>, Query)>;

fn seconds<S: serde::Serializer>(d: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(d.as_secs_f64())
}

fn maybe_seconds<S: serde::Serializer>(d: &Option<Duration>, s: S) -> Result<S::Ok, S::Error> {
    match d {
        Some(d) => s.serialize_f64(d.as_secs_f64()),
        None => s.serialize_none(),
    }
}

fn template_name<S: serde::Serializer>(t: &Option<Arc<Template>>, s: S) -> Result<S::Ok, S::Error> {
    t.as_ref().map(|t| &t.name).serialize(s)
}

fn headers<S: serde::Serializer>(columns: &[(String, Thunk)], s: S) -> Result<S::Ok, S::Error> {
    s.collect_seq(columns.iter().map(|(header, _)| header))
}
