//! Requests on their way, and the records that they become.

use super::load::Source;
use super::tokens;
use crate::load::record::{Failure, FailureClass, Outcome, Record, TokenSource};
use crate::load::spec::{Media, Part, Request};
use crate::sim::{self, Event, Time, What};
use std::collections::BTreeMap;

/// What is under way, by its id; no two of a case have the same.
#[derive(Debug, Default)]
pub struct Flights {
    next: u64,
    /// Tokens of a block of each server's KV cache.
    blocks: Vec<u32>,
    under_way: BTreeMap<u64, Flight>,
}

#[derive(Debug)]
struct Flight {
    load: usize,
    server: usize,
    stream: bool,
    prompt: u32,
    output: u32,
    limited: bool,
    record: Record,
}

impl Flights {
    pub fn new(blocks: Vec<u32>) -> Self {
        Self {
            blocks,
            ..Self::default()
        }
    }

    pub fn none(&self) -> bool {
        self.under_way.is_empty()
    }

    /// All of them.
    pub fn all(&self) -> Vec<u64> {
        self.under_way.keys().copied().collect()
    }

    /// Those of a load.
    pub fn of(&self, load: usize) -> Vec<u64> {
        let all = self.under_way.iter();
        let own = all.filter(|(_, flight)| flight.load == load);
        own.map(|(id, _)| *id).collect()
    }

    pub fn server(&self, id: u64) -> Option<usize> {
        self.under_way.get(&id).map(|flight| flight.server)
    }

    pub fn load(&self, id: u64) -> Option<usize> {
        self.under_way.get(&id).map(|flight| flight.load)
    }

    /// Whether something of its answer came.
    pub fn begun(&self, id: u64) -> bool {
        let flight = self.under_way.get(&id);
        flight.is_some_and(|flight| flight.record.headers.is_some())
    }

    /// A request is due, and sent at once.
    pub fn begin(
        &mut self,
        load: usize,
        source: &Source<'_>,
        index: u64,
        asked: &Request,
        now: Time,
    ) -> (u64, sim::Request) {
        let id = self.next;
        self.next += 1;
        let block = self.blocks.get(source.server).copied().unwrap_or(1);
        let request = tokens::request(id, asked, block);
        let media = |wanted: Media| {
            let all = asked.content.iter();
            let own =
                all.filter(|part| matches!(part, Part::Media { kind, .. } if *kind == wanted));
            u32::try_from(own.count()).unwrap_or(u32::MAX)
        };
        let record = Record {
            index,
            load: source.load.name.clone(),
            row: asked.row,
            due: seconds(now),
            sent: Some(seconds(now)),
            images: media(Media::Image),
            clips: Some(media(Media::Audio)),
            videos: Some(media(Media::Video)),
            ..Record::default()
        };
        self.under_way.insert(
            id,
            Flight {
                load,
                server: source.server,
                stream: asked.stream,
                prompt: request.prompt,
                output: request.output.max(1),
                limited: asked.max_tokens.is_some(),
                record,
            },
        );
        (id, request)
    }

    /// What a server did; the record, with its load's index, of a request that ended so.
    pub fn event(&mut self, event: Event) -> Option<(usize, Record)> {
        let at = seconds(event.at);
        let flight = self.under_way.get_mut(&event.id)?;
        let record = &mut flight.record;
        match event.what {
            What::First(_) | What::Tokens(_) if !flight.stream => None,
            What::First(_) | What::Tokens(_) => {
                record.headers.get_or_insert(at);
                record.first_token.get_or_insert(at);
                record.first_answer.get_or_insert(at);
                record.last_token = Some(at);
                record.chunks.push(at);
                None
            }
            What::Preempted => None,
            What::Finished => {
                let flight = self.under_way.remove(&event.id)?;
                let mut record = flight.record;
                record.headers.get_or_insert(at);
                record.end = at;
                record.status = Some(200);
                record.prompt_tokens = Some(flight.prompt.into());
                record.completion_tokens = Some(flight.output.into());
                record.token_source = TokenSource::Usage;
                let reason = if flight.limited { "length" } else { "stop" };
                record.finish_reason = Some(reason.into());
                Some((flight.load, record))
            }
            What::Refused(status) => {
                let why = format!("status {status}: refused, as the server's `faults` say");
                let (load, mut record) =
                    self.fail(event.id, FailureClass::Status, why, event.at)?;
                record.headers = Some(at);
                record.status = Some(status);
                Some((load, record))
            }
            What::Cut => {
                record.headers.get_or_insert(at);
                let why = format!("the connection broke {}", after(record));
                self.fail(event.id, FailureClass::CutStream, why, event.at)
            }
            What::Lost => {
                let begun = record.headers.is_some();
                let why = format!("what worked on it crashed {}", after(record));
                let class = match begun {
                    true => FailureClass::CutStream,
                    false => FailureClass::Connect,
                };
                self.fail(event.id, class, why, event.at)
            }
            What::Rejected(resource) => {
                let why = format!("status 400: it needs more {resource} than there are");
                let (load, mut record) =
                    self.fail(event.id, FailureClass::Status, why, event.at)?;
                record.headers = Some(at);
                record.status = Some(400);
                Some((load, record))
            }
        }
    }

    /// Ends a request that was not answered.
    pub fn fail(
        &mut self,
        id: u64,
        class: FailureClass,
        detail: String,
        now: Time,
    ) -> Option<(usize, Record)> {
        let Flight {
            load, mut record, ..
        } = self.under_way.remove(&id)?;
        record.end = seconds(now);
        record.outcome = Outcome::Failed(Failure { class, detail });
        Some((load, record))
    }
}

/// How far an answer had come.
fn after(record: &Record) -> String {
    match record.chunks.len() {
        0 => "before an answer began".into(),
        1 => "after 1 chunk with tokens".into(),
        many => format!("after {many} chunks with tokens"),
    }
}

/// A time of the simulation on the run's clock.
pub fn seconds(time: Time) -> f64 {
    time as f64 / 1e9
}
