//! What all parts of a run share.

use super::{across, error, limits};
use crate::clock::Clock;
use crate::eval::Params;
use crate::judge::Answers;
use crate::measure::case::CaseData;
use crate::report::model::{World, WorldError};
use crate::resolve::Program;
use crate::run::progress::Progress;
use crate::scenario::Case;
use crate::store::RunFolder;
use std::sync::{Arc, Mutex};

/// What all parts of a run share.
pub(crate) struct Shared {
    /// Where servers are played.
    pub world: World,
    pub program: Arc<Program>,
    pub params: Arc<Params>,
    pub clock: Clock,
    pub folder: Arc<RunFolder>,
    pub progress: Box<dyn Progress>,
    /// Whether `progress` is told every line that servers write.
    pub server_lines: bool,
    /// Whether simulated cases write what their servers did when.
    pub timeline: bool,
    pub secrets: Vec<String>,
    /// For readiness; never uses a proxy.
    pub http: reqwest::Client,
    /// The first event that could not be written.
    pub(super) problem: Mutex<Option<WorldError>>,
    /// What checks across cases read of those that have run.
    pub(super) answers: Mutex<across::AllAnswers>,
    pub(super) limits: limits::Limits,
    /// Before this no further server is started.
    pub(super) rests_until: Mutex<Option<tokio::time::Instant>>,
}

impl Shared {
    /// Adds a line to `events.jsonl`; what goes wrong is kept for the case at hand.
    pub fn log(&self, event: &str, fields: serde_json::Value) {
        if let Err(error) = self.folder.event(self.clock.now(), event, fields) {
            self.keep(error::of_store(&error, None));
        }
    }

    /// Keeps the first thing that could not be written.
    pub fn keep(&self, error: WorldError) {
        let mut slot = self
            .problem
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        slot.get_or_insert(error);
    }

    /// Keeps of a case what checks of others read.
    pub fn keep_answers(&self, case: &Case, data: &CaseData) {
        let mut all = self
            .answers
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let of = all.entry(case.scenario.clone()).or_default();
        of.insert(case.id.clone(), Answers::of(case, data));
    }

    pub(super) fn take_answers(&self) -> across::AllAnswers {
        let mut all = self
            .answers
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        std::mem::take(&mut all)
    }

    pub fn take_problem(&self) -> Option<WorldError> {
        self.problem
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .take()
    }
}
