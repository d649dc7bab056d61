//! `timeline.json` of a case: the steps of its servers, their queues and KV cache, and its requests,
//! in the JSON of the Trace Event Format, which Perfetto (`ui.perfetto.dev`) and `chrome://tracing`
//! open. A server is a process there, each pipeline stage of each replica a thread of it.

use crate::load::record::{Outcome, Record};
use crate::sim::{Server, Step, Time};
use crate::store::{CaseFolder, LineLog, StoreError};
use serde_json::{Value, json};

/// Writes as the case goes on.
pub struct Timeline {
    log: LineLog,
    /// Whether an event was written.
    begun: bool,
    /// Blocks of KV cache of each server.
    blocks: Vec<u64>,
    requests: u64,
    /// The first thing that could not be written; nothing is after it.
    problem: Option<StoreError>,
}

/// Threads of a replica: no pipeline has more stages.
const STAGES: usize = 1000;

impl Timeline {
    /// From now on the servers keep their steps.
    ///
    /// # Errors
    /// The file cannot be made.
    pub fn open(
        folder: &CaseFolder,
        names: &[&str],
        servers: &mut [Server],
    ) -> Result<Self, StoreError> {
        let mut timeline = Self {
            log: folder.timeline()?,
            begun: false,
            blocks: Vec::new(),
            requests: 0,
            problem: None,
        };
        for (index, (name, server)) in names.iter().zip(servers).enumerate() {
            server.watch();
            timeline.blocks.push(server.blocks().1);
            let args = json!({ "name": name });
            timeline
                .write(&json!({ "ph": "M", "name": "process_name", "pid": index, "args": args }));
            for (replica, stage) in server.stages() {
                let name = format!("replica {replica}, stage {stage}");
                let (tid, args) = (thread(replica, stage), json!({ "name": name }));
                timeline.write(
                    &json!({ "ph": "M", "name": "thread_name", "pid": index, "tid": tid, "args": args }),
                );
            }
        }
        Ok(timeline)
    }

    /// Writes the steps that servers have begun since the last call.
    pub fn steps(&mut self, servers: &mut [Server]) {
        for (pid, server) in servers.iter_mut().enumerate() {
            let taken: Vec<_> = server.take_steps().collect();
            for (replica, step) in taken {
                self.step(pid, replica, &step);
            }
        }
    }

    fn step(&mut self, pid: usize, replica: usize, step: &Step) {
        let tid = thread(replica, step.stage);
        let slice = |name: &str, begin: f64, end: f64, args: Value| json!({ "ph": "X", "name": name, "pid": pid, "tid": tid, "ts": begin, "dur": end - begin, "args": args });
        let (mut at, end) = (micros(step.begin), micros(step.end));
        let args =
            json!({ "tokens": step.tokens, "decoding": step.decoding, "prompts": step.chunks });
        self.write(&slice("step", at, end, args));
        // sums over the layers, one behind the other: in a real step they alternate
        let parts = &step.parts;
        for (name, seconds) in [
            ("products", parts.products),
            ("attention", parts.attention),
            ("collectives", parts.collectives),
            ("output layer", parts.output),
            ("host", parts.host),
        ] {
            let until = (at + seconds * 1e6).min(end);
            if until > at {
                self.write(&slice(name, at, until, json!({})));
            }
            at = until;
        }
        if step.stage > 0 {
            return;
        }
        let used = step.blocks as f64;
        let all = self.blocks.get(pid).copied().unwrap_or_default().max(1) as f64;
        for (what, value) in [
            ("running", json!(step.running)),
            ("waiting", json!(step.waiting)),
            ("KV cache (% of the server's)", json!(100.0 * used / all)),
        ] {
            let name = format!("replica {replica}: {what}");
            let args = json!({ "value": value });
            self.write(
                &json!({ "ph": "C", "name": name, "pid": pid, "ts": micros(step.begin), "args": args }),
            );
        }
    }

    /// Writes a request of a phase that has ended, of the server so numbered.
    pub fn request(&mut self, phase: &str, pid: usize, record: &Record) {
        self.requests += 1;
        let event = |ph: &str, name: &str, at: f64, args: Value| json!({ "ph": ph, "cat": "request", "name": name, "id": self.requests, "pid": pid, "tid": 0, "ts": at * 1e6, "args": args });
        let name = format!("{phase} {}", record.index);
        let outcome = match &record.outcome {
            Outcome::Ok => "answered".to_string(),
            Outcome::Failed(failure) => failure.detail.clone(),
        };
        let args = json!({ "prompt tokens": record.prompt_tokens, "completion tokens": record.completion_tokens, "outcome": outcome });
        let mut events = vec![event("b", &name, record.due, args)];
        if let Some(first) = record.first_token {
            events.push(event("b", "to the first token", record.due, json!({})));
            events.push(event("e", "to the first token", first, json!({})));
        }
        events.push(event("e", &name, record.end, json!({})));
        events.iter().for_each(|event| self.write(event));
    }

    fn write(&mut self, event: &Value) {
        if self.problem.is_none() {
            let before = if self.begun { "," } else { "[" };
            self.begun = true;
            self.problem = self.log.write(&format!("{before}{event}")).err();
        }
    }

    /// Ends the array, and hands all to the system. What a killed run has written, without its end,
    /// can be looked at as well.
    ///
    /// # Errors
    /// The file did not take something.
    pub fn close(mut self) -> Result<(), StoreError> {
        if let Some(problem) = self.problem {
            return Err(problem);
        }
        self.log.write(if self.begun { "]" } else { "[]" })?;
        self.log.flush()
    }
}

fn thread(replica: usize, stage: usize) -> usize {
    replica * STAGES + stage + 1
}

/// Times of the format are microseconds.
fn micros(time: Time) -> f64 {
    time as f64 / 1e3
}
