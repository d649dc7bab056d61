//! Takes the records of requests as they end: judged, kept, and written down at once.

use super::{Shared, error, requests};
use crate::load::record::{FailureClass, Outcome, Record};
use crate::report::model::WorldError;
use crate::scenario::WorkloadSpec;
use crate::store::RequestLog;
use std::sync::{Arc, Mutex, PoisonError};

/// The records of one case's requests.
pub struct Recorder {
    shared: Arc<Shared>,
    log: Mutex<Option<RequestLog>>,
    records: Mutex<Vec<Record>>,
    /// The first thing that could not be written. It is the case's own: others may run beside it.
    problem: Mutex<Option<WorldError>>,
}

impl Recorder {
    pub fn new(shared: Arc<Shared>, log: Option<RequestLog>) -> Arc<Self> {
        Arc::new(Self {
            shared,
            log: Mutex::new(log),
            records: Mutex::default(),
            problem: Mutex::default(),
        })
    }

    /// A request of a phase has ended.
    pub fn take(&self, phase: &str, workload: &WorkloadSpec, mut record: Record) {
        requests::judge(&self.shared, workload, &mut record);
        self.keep(phase, workload, record);
    }

    /// A request of a phase has ended, of whose answer nothing can be said.
    pub fn keep(&self, phase: &str, workload: &WorkloadSpec, mut record: Record) {
        let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        let question = log.as_ref().filter(|log| log.keeps_all_answers());
        let question = question.and_then(|_| workload.question(record.row));
        if let Some(open) = log.as_mut()
            && let Err(problem) = open.write_asked(phase, &record, question.as_deref())
        {
            // nothing more can be written; what was is kept, and so is the reason
            self.keep_problem(error::of_store(&problem, Some(phase)));
            *log = None;
        }
        drop(log);
        // they are written where they are wanted, and no figure reads them
        record.answer = String::new();
        record.reasoning = String::new();
        self.records
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(record);
    }

    /// Whether a connection broke since the records were last drained: as when a server dies.
    pub fn broken(&self) -> bool {
        let records = self.records.lock().unwrap_or_else(PoisonError::into_inner);
        let class = |record: &Record| match &record.outcome {
            Outcome::Failed(failure) => Some(failure.class),
            Outcome::Ok => None,
        };
        let broke = [Some(FailureClass::Connect), Some(FailureClass::CutStream)];
        records.iter().any(|record| broke.contains(&class(record)))
    }

    /// The records since the last call.
    pub fn drain(&self) -> Vec<Record> {
        std::mem::take(&mut self.records.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn keep_problem(&self, problem: WorldError) {
        let mut kept = self.problem.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get_or_insert(problem);
    }

    /// What could not be written, if anything.
    pub fn take_problem(&self) -> Option<WorldError> {
        let mut kept = self.problem.lock().unwrap_or_else(PoisonError::into_inner);
        kept.take()
    }

    /// Hands what was written to the system.
    pub fn flush(&self, phase: &str) {
        let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(open) = log.as_mut()
            && let Err(problem) = open.flush()
        {
            self.keep_problem(error::of_store(&problem, Some(phase)));
            *log = None;
        }
    }
}
