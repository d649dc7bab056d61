//! What is going on, gathered from the events.

use super::{Event, Limit, Reading};
use crate::stop::StopLevel;
use std::time::{Duration, Instant};

/// What is known of the run at a moment.
#[derive(Debug, Clone)]
pub(super) struct View {
    pub cases: usize,
    pub launches: usize,
    pub started: Instant,
    /// The case under way: its place from 1, scenario and id.
    pub case: Option<(usize, String)>,
    pub doing: Doing,
    pub stopping: Option<StopLevel>,
}

/// What takes the time.
#[derive(Debug, Clone)]
pub(super) enum Doing {
    Nothing,
    Starting {
        number: u32,
        server: String,
        since: Instant,
        log: Option<String>,
        runs_already: bool,
    },
    Stopping {
        server: String,
        since: Instant,
    },
    Phase(Box<Phase>),
}

#[derive(Debug, Clone)]
pub(super) struct Phase {
    pub name: String,
    pub words: String,
    pub planned_requests: Option<u64>,
    pub planned_s: Option<f64>,
    pub since: Instant,
    pub reading: Option<Reading>,
    pub waiting: Option<Waiting>,
    /// Since when only the last answers are awaited.
    pub draining: Option<Instant>,
}

/// What a phase waits for, other than answers.
#[derive(Debug, Clone)]
pub(super) struct Waiting {
    pub what: String,
    pub since: Instant,
    pub limit: Limit,
    pub memory: Option<f64>,
}

impl View {
    pub fn new(now: Instant) -> Self {
        Self {
            cases: 0,
            launches: 0,
            started: now,
            case: None,
            doing: Doing::Nothing,
            stopping: None,
        }
    }

    pub fn apply(&mut self, event: &Event, now: Instant) {
        match event {
            Event::RunStarted {
                cases, launches, ..
            } => {
                (self.cases, self.launches, self.started) = (*cases, *launches, now);
            }
            Event::LaunchStarting {
                number,
                server,
                runs_already,
                ..
            } => {
                self.case = None;
                self.doing = Doing::Starting {
                    number: *number,
                    server: server.clone(),
                    since: now,
                    log: None,
                    runs_already: *runs_already,
                };
            }
            Event::LaunchWaiting { log: said, .. } => {
                if let (Doing::Starting { log, .. }, Some(said)) = (&mut self.doing, said) {
                    *log = Some(said.clone());
                }
            }
            Event::LaunchStopping { server, .. } => {
                self.doing = Doing::Stopping {
                    server: server.clone(),
                    since: now,
                };
            }
            Event::LaunchReady { .. } | Event::LaunchFailed { .. } => self.doing = Doing::Nothing,
            Event::CaseStarted {
                index,
                scenario,
                id,
            } => {
                self.case = Some((index + 1, format!("{scenario} / {id}")));
                self.doing = Doing::Nothing;
            }
            Event::PhaseStarted {
                name,
                words,
                planned_requests,
                planned_s,
            } => {
                self.doing = Doing::Phase(Box::new(Phase {
                    name: name.clone(),
                    words: words.clone(),
                    planned_requests: *planned_requests,
                    planned_s: *planned_s,
                    since: now,
                    reading: None,
                    waiting: None,
                    draining: None,
                }));
            }
            Event::PhaseTick(reading) => {
                if let Doing::Phase(phase) = &mut self.doing {
                    phase.reading = Some(reading.clone());
                    phase.waiting = None;
                    let since = phase.draining.unwrap_or(now);
                    phase.draining = reading.drained_in.map(|_| since);
                }
            }
            Event::Waiting {
                what,
                waited_s,
                limit,
                memory,
            } => {
                if let Doing::Phase(phase) = &mut self.doing {
                    let waited = Duration::try_from_secs_f64(*waited_s).unwrap_or_default();
                    phase.waiting = Some(Waiting {
                        what: what.clone(),
                        since: now.checked_sub(waited).unwrap_or(now),
                        limit: *limit,
                        memory: *memory,
                    });
                }
            }
            Event::PhaseEnded { .. } => self.doing = Doing::Nothing,
            Event::CaseEnded { .. } => (self.case, self.doing) = (None, Doing::Nothing),
            Event::Interrupting { level } => self.stopping = Some(*level),
            Event::ServerSaid { .. }
            | Event::Note { .. }
            | Event::Error { .. }
            | Event::RunEnded => {}
        }
    }
}
