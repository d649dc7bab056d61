//! What the events of a run tell of one case.

use crate::load::delay::RunDelay;
use crate::measure::case::Round;
use crate::probe::{Reading, Unavailable};
use crate::report::model::{ServerResult, Verdict, WorldError};
use crate::run::result::Begun;
use crate::store::Event;
use indexmap::IndexMap;
use serde::de::DeserializeOwned;

/// A case, as far as its events were written. Times are seconds on the run's clock.
#[derive(Debug, Default)]
pub(super) struct Past {
    pub begun_at_all: bool,
    /// Of its first event, or of the run's last where it has none.
    pub started: String,
    pub start: f64,
    /// Once its servers were ready.
    pub begun: Option<Begun>,
    pub servers: Vec<ServerResult>,
    pub phases: IndexMap<String, PastPhase>,
    pub error: Option<WorldError>,
    pub interrupted: bool,
    pub ended: bool,
    pub duration_s: Option<f64>,
    /// When the last of its events was written.
    pub last: f64,
}

/// A phase that had begun.
#[derive(Debug, Clone, Default)]
pub(super) struct PastPhase {
    pub start: Option<f64>,
    /// None for one that was cut.
    pub end: Option<f64>,
    pub rounds: Vec<Round>,
    pub not_run: Option<String>,
    pub interrupted: bool,
    pub notes: Vec<String>,
    pub client_delay: Option<Reading<RunDelay>>,
}

impl Past {
    pub(super) fn of(events: &[Event], scenario: &str, case: &str) -> Self {
        let mut past = Self::default();
        // cases run one after another: between its start and its end all is a case's own
        let mut within = false;
        for event in events {
            let names = |field: &str, name: &str| text(event, field) == Some(name);
            let its = names("scenario", scenario) && names("case", case);
            match event.event.as_str() {
                "case_started" => within = its,
                "case_ended" if its => within = true,
                _ => {}
            }
            if within {
                past.take(event);
            } else if !past.begun_at_all {
                (past.started, past.start) = (event.wall.clone(), event.t);
                past.last = event.t;
            }
            within &= event.event != "case_ended";
        }
        past
    }

    fn take(&mut self, event: &Event) {
        if !self.begun_at_all {
            (self.started, self.start) = (event.wall.clone(), event.t);
        }
        self.begun_at_all = true;
        self.last = event.t;
        match event.event.as_str() {
            "case_running" => {
                self.begun = field(event, "begun");
                self.servers = field(event, "servers").unwrap_or_default();
            }
            "phase_started" => self.phase(event).start = field(event, "start"),
            "round_ended" => {
                let round: Option<Round> = field(event, "measured");
                self.phase(event).rounds.extend(round);
            }
            "phase_ended" => {
                let phase = self.phase(event);
                phase.end = field(event, "end");
                phase.not_run = field(event, "not_run");
                phase.interrupted = field(event, "interrupted").unwrap_or(false);
                phase.notes = field(event, "notes").unwrap_or_default();
                phase.client_delay = delay(event);
            }
            // what the try before had measured is elsewhere
            "case_retried" => {
                *self = Self {
                    begun_at_all: true,
                    started: std::mem::take(&mut self.started),
                    start: self.start,
                    last: event.t,
                    ..Self::default()
                };
            }
            "case_failed" => self.error = field(event, "error"),
            "case_ended" => {
                self.ended = true;
                self.duration_s = field(event, "duration_s");
                self.interrupted = field(event, "verdict") == Some(Verdict::Interrupted);
            }
            _ => {}
        }
    }

    fn phase(&mut self, event: &Event) -> &mut PastPhase {
        let name = text(event, "phase").unwrap_or_default();
        self.phases.entry(name.to_string()).or_default()
    }
}

fn text<'e>(event: &'e Event, name: &str) -> Option<&'e str> {
    event.fields.get(name)?.as_str()
}

/// The client's delay of a phase that sent load.
fn delay(event: &Event) -> Option<Reading<RunDelay>> {
    let said = event.fields.get("client_delay")?;
    let unavailable = said["unavailable"].as_str();
    field(event, "client_delay")
        .map(Ok)
        .or_else(|| unavailable.map(|why| Err(Unavailable(why.into()))))
}

/// None where it is missing, null or something else.
fn field<T: DeserializeOwned>(event: &Event, name: &str) -> Option<T> {
    serde_json::from_value(event.fields.get(name)?.clone()).ok()
}
