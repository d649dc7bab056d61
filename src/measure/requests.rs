//! The figures of a phase's requests, or of one load's, by the definitions of the schema.
//!
//! What the definitions leave open:
//! - Distributions are over answered requests (wrong answers among them), `lateness` over all
//!   that were sent.
//! - `duration` adds up the repetitions, each from its first request due to the end of its last
//!   request, answered or not: time that was spent waiting for answers that never came was spent.
//!   Where nothing was answered at all there is no rate: an upper bound must not hold because
//!   everything failed. `success_rate` is then 0, and counts are what they are.
//! - Where all tokens of an answer came at one moment (in one chunk, or in one piece of several),
//!   no time between them was seen: it has no `tpot` and no `itl`.
//! - Throughputs add up the tokens that the server's `usage` tells. Where it does not tell those of
//!   some answers there are no throughputs: what was told is too low by an unknown part.
//! - Nothing is 0 because it is missing: without requests, answers or `usage` there is a reason.

mod batches;

use super::case::PhaseData;
use super::distribution::{Distribution, Support};
use crate::load::delay::RunDelay;
use crate::load::record::{FailureClass, Outcome, Record, TokenSource};
use crate::probe::{Reading, Unavailable};
use std::collections::BTreeMap;

/// The requests of a phase or of one of its loads.
#[derive(Debug)]
pub struct Requests<'a> {
    /// `stress` or `stress.chat`, as reasons quote it.
    name: String,
    records: Vec<&'a Record>,
    answered: Vec<&'a Record>,
    client_delay: Option<&'a Reading<RunDelay>>,
    phase: &'a PhaseData,
    of_load: bool,
}

/// Metrics of the replicas of a server, with values where it was simulated.
pub const OF_REPLICAS: [&str; 2] = ["replica_requests", "gpu_busy"];

impl<'a> Requests<'a> {
    /// Requests that were cancelled because the phase was cut short are left out.
    pub fn of(phase: &'a PhaseData, load: Option<&str>) -> Self {
        let cut = phase.not_run.is_some();
        let counts = |record: &&Record| {
            let of_load = load.is_none() || record.load.as_deref() == load;
            of_load && !(cut && class(record) == Some(FailureClass::Cancelled))
        };
        let records: Vec<&Record> = phase.records.iter().filter(counts).collect();
        Self {
            name: match load {
                Some(load) => format!("{}.{load}", phase.name),
                None => phase.name.clone(),
            },
            answered: records.iter().copied().filter(|r| r.answered()).collect(),
            records,
            client_delay: phase.client_delay.as_ref(),
            phase,
            of_load: load.is_some(),
        }
    }

    pub fn records(&self) -> &[&'a Record] {
        &self.records
    }

    /// How many requests failed with a class.
    pub fn failures(&self, of: &str) -> u64 {
        let failed = |r: &&&Record| class(r).is_some_and(|class| class.name() == of);
        self.records.iter().filter(failed).count() as u64
    }

    /// A metric with one value, in base units.
    ///
    /// # Errors
    /// Why there is none.
    pub fn scalar(&self, metric: &str) -> Reading<f64> {
        let answered = self.answered.len() as f64;
        match metric {
            "requests" => Ok(self.records.len() as f64),
            "completed" => Ok(answered),
            "failed" => Ok(self.failed() as f64),
            "success_rate" => {
                self.any_request()?;
                let all = self.records.len() as f64;
                Ok((all - self.failed() as f64) / all)
            }
            "accept_rate" => self.accept_rate(),
            "duration" => self.duration(),
            "client_delay" => self.client_delay(),
            "request_rate" => self.rate(|| Ok(answered)),
            "output_throughput" => self.rate(|| self.tokens(output)),
            "input_throughput" => self.rate(|| self.tokens(input)),
            "total_throughput" => self.rate(|| self.tokens(|r| Some(input(r)? + output(r)?))),
            "prefill_throughput" => batches::prefill(self),
            "decode_throughput" => batches::decode(self),
            "image_rate" => self.media(|r| Some(r.images)),
            "audio_rate" => self.media(|r| r.clips),
            "video_rate" => self.media(|r| r.videos),
            other => Err(Unavailable(format!("`{other}` is no metric of a phase"))),
        }
    }

    /// The values of a metric with one per request or more, in base units; at least one.
    ///
    /// # Errors
    /// Why there are none.
    pub fn distribution(&self, metric: &str) -> Reading<Distribution> {
        if OF_REPLICAS.contains(&metric) {
            return self.of_replicas(metric);
        }
        self.any_request()?;
        if metric == "lateness" {
            let late = |r: &&Record| r.sent.map(|sent| sent - r.due);
            let values = self.records.iter().filter_map(late);
            return self.some(values, || "no request of `{}` was sent");
        }
        self.any_answer()?;
        let answered = self.answered.iter().copied();
        match metric {
            "ttft" => {
                let values = answered.filter_map(|r| Some(r.first_token? - r.due));
                self.some(values, || "no answer of `{}` was streamed")
            }
            "ttfa" => {
                let values = answered.filter_map(|r| Some(r.first_answer? - r.due));
                self.some(values, || "no answer of `{}` was streamed and had content")
            }
            "itl" => {
                let values = answered.flat_map(gaps);
                self.some(values, || self.no_gap())
            }
            "tpot" => {
                self.any_usage(output)?;
                let values = answered.filter_map(Record::time_per_token);
                self.some(values, || self.no_time_per_token())
            }
            "e2e" => self.some(
                answered.map(|r| r.end - r.due),
                || "no request of `{}` ended",
            ),
            "input" => {
                self.any_usage(input)?;
                self.some(answered.filter_map(input), || NO_USAGE)
            }
            "output" => {
                self.any_usage(output)?;
                self.some(answered.filter_map(output), || NO_USAGE)
            }
            "tokens_per_chunk" => {
                self.any_usage(output)?;
                let streamed = answered.filter(|r| !r.chunks.is_empty());
                let values = streamed.filter_map(|r| Some(output(r)? / r.chunks.len() as f64));
                self.some(values, || "no answer of `{}` was streamed")
            }
            other => Err(Unavailable(format!("`{other}` is no metric of a phase"))),
        }
    }

    /// Whether it is known what replicas did.
    pub fn knows_replicas(&self) -> bool {
        self.phase.replicas.is_some() && !self.of_load
    }

    fn of_replicas(&self, metric: &str) -> Reading<Distribution> {
        let Some(replicas) = &self.phase.replicas else {
            let why = "what replicas and GPUs did only the simulator tells";
            return Err(Unavailable::new(why));
        };
        if self.of_load {
            let why = "what replicas and GPUs did is known of whole phases";
            return Err(Unavailable::new(why));
        }
        let rounds = self.phase.rounds.iter();
        let loaded: f64 = rounds.map(|round| round.end - round.start).sum();
        if metric == "replica_requests" {
            let requests = replicas.iter().map(|one| one.requests as f64);
            return self.some(requests, || "`{}` had no server");
        }
        let busy = replicas.iter().flat_map(|one| &one.busy);
        // a step that is under way at the end may last longer
        let share = |busy: &f64| (busy / loaded).min(1.0);
        self.some(
            busy.map(share).filter(|share| share.is_finite()),
            || "the requests of `{}` took no time",
        )
    }

    /// What a reader of the figures must know.
    pub fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        let all = self.answered.len();
        let untold = |r: &&&Record| input(r).is_none() || output(r).is_none();
        let missing = self.answered.iter().filter(untold).count();
        if missing > 0 && missing == all {
            notes.push(format!(
                "the server did not tell the tokens of any answer of `{}` in full: metrics of \
                 tokens that it never told are unavailable",
                self.name
            ));
        } else if missing > 0 {
            notes.push(format!(
                "the server did not tell the tokens of {missing} of {all} answers of `{}`: \
                 tokens per request leave them out, and throughputs of these are unavailable",
                self.name
            ));
        }
        notes.extend(self.one_moment_notes());
        if let Ok(tokens) = self.distribution("tokens_per_chunk")
            && let Some(mean) = tokens.mean()
            && mean > 1.05
        {
            notes.push(format!(
                "chunks of `{}` carry {} tokens on average: itl is the time between chunks, \
                 tpot the time per token",
                self.name,
                crate::units::number(mean, 3)
            ));
        }
        notes
    }

    /// What `tpot` and `itl` leave out or hold because tokens came together.
    fn one_moment_notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        let name = &self.name;
        let left_out = |r: &&&Record| r.at_one_moment() && many(r);
        let left_out = self.answered.iter().filter(left_out).count();
        if left_out > 0 {
            notes.push(format!(
                "all tokens came at one moment in {left_out} of {} answers of `{name}`: no time \
                 between them was seen, and tpot and itl leave these answers out",
                self.answered.len()
            ));
        }
        let gaps: Vec<f64> = self.answered.iter().copied().flat_map(gaps).collect();
        let none = gaps.iter().filter(|gap| **gap <= 0.0).count();
        if none as f64 > ZERO_GAPS * gaps.len() as f64 {
            notes.push(format!(
                "{none} of {} gaps of `{name}` are 0: these chunks came in one piece with the one \
                 before, so low percentiles of itl say little",
                gaps.len()
            ));
        }
        notes
    }

    fn no_gap(&self) -> &'static str {
        match self.answered.iter().any(|r| r.chunks.len() > 1) {
            true => ONE_MOMENT,
            false => "no answer of `{}` came in two chunks or more",
        }
    }

    fn no_time_per_token(&self) -> &'static str {
        let at_one_moment = |r: &&Record| r.at_one_moment() && many(r);
        match self.answered.iter().any(at_one_moment) {
            true => ONE_MOMENT,
            false => "no answer of `{}` was streamed and had two tokens or more",
        }
    }

    fn failed(&self) -> usize {
        self.records.iter().filter(|r| class(r).is_some()).count()
    }

    fn accept_rate(&self) -> Reading<f64> {
        self.any_request()?;
        self.any_answer()?;
        // a share of those that could be judged would hide that the test is wrong
        let not_judged = |r: &&&Record| class(r) == Some(FailureClass::NotJudged);
        if let Some(first) = self.answered.iter().find(not_judged) {
            let many = self.answered.iter().filter(not_judged).count();
            let detail = match &first.outcome {
                Outcome::Failed(failure) => failure.detail.as_str(),
                Outcome::Ok => "",
            };
            let (all, name) = (self.answered.len(), &self.name);
            return Err(Unavailable(format!(
                "{many} of {all} answers of `{name}` could not be judged: {detail}"
            )));
        }
        let judged: Vec<bool> = self.answered.iter().filter_map(|r| r.accepted).collect();
        if judged.is_empty() {
            let name = &self.name;
            return Err(Unavailable(format!(
                "no answer of `{name}` was judged: its workload has no `accept`"
            )));
        }
        let accepted = judged.iter().filter(|accepted| **accepted).count();
        Ok(accepted as f64 / judged.len() as f64)
    }

    fn duration(&self) -> Reading<f64> {
        self.any_request()?;
        let mut rounds: BTreeMap<u32, Vec<&Record>> = BTreeMap::new();
        for record in &self.records {
            rounds.entry(record.round).or_default().push(record);
        }
        let length = |records: &Vec<&Record>| {
            let due = records.iter().map(|r| r.due).fold(f64::INFINITY, f64::min);
            let end = records.iter().map(|r| r.end).reduce(f64::max);
            end.map_or(0.0, |end| end - due)
        };
        Ok(rounds.values().map(length).sum())
    }

    /// The mean wait of the client's threads for a core.
    fn client_delay(&self) -> Reading<f64> {
        self.any_request()?;
        let unsaid = || Unavailable::new("the client's own delay was not measured");
        let delay = self.client_delay.ok_or_else(unsaid)?.as_ref();
        let never = || Unavailable::new("the client's threads were never woken");
        let mean = delay.map_err(Clone::clone)?.mean().ok_or_else(never)?;
        // the kernel counts whole nanoseconds
        Ok((mean * 1e9).round() / 1e9)
    }

    /// How much of one kind was in answered requests, per second of the phase.
    fn media(&self, of: fn(&Record) -> Option<u32>) -> Reading<f64> {
        let lacks = || {
            Unavailable::new(
                "how many there were was not kept: the run was of an earlier version of scn",
            )
        };
        let sum = || {
            self.answered
                .iter()
                .map(|r| of(r).map(f64::from))
                .sum::<Option<f64>>()
        };
        self.rate(|| sum().ok_or_else(lacks))
    }

    /// A sum over answered requests per second of the phase.
    fn rate(&self, sum: impl FnOnce() -> Reading<f64>) -> Reading<f64> {
        self.any_request()?;
        self.any_answer()?;
        let duration = self.duration()?;
        if duration <= 0.0 {
            let name = &self.name;
            return Err(Unavailable(format!(
                "the requests of `{name}` took no time"
            )));
        }
        Ok(sum()? / duration)
    }

    fn tokens(&self, count: fn(&Record) -> Option<f64>) -> Reading<f64> {
        self.any_usage(count)?;
        let told: Vec<f64> = self.answered.iter().filter_map(|r| count(r)).collect();
        let (all, name) = (self.answered.len(), &self.name);
        match all - told.len() {
            0 => Ok(told.iter().sum()),
            untold => Err(Unavailable(format!(
                "{untold} of {all} answers of `{name}` had no `usage` that tells these tokens"
            ))),
        }
    }

    fn any_request(&self) -> Reading<()> {
        self.at_least_one(self.records.is_empty(), "no request of `{}` was due")
    }

    fn any_answer(&self) -> Reading<()> {
        self.at_least_one(self.answered.is_empty(), "no request of `{}` was answered")
    }

    fn any_usage(&self, count: fn(&Record) -> Option<f64>) -> Reading<()> {
        let none = !self.answered.iter().any(|r| count(r).is_some());
        let some_usage = |r: &&Record| r.token_source == TokenSource::Usage;
        let reason = match self.answered.iter().any(some_usage) {
            true => "the server's `usage` in the answers of `{}` does not tell these tokens",
            false => NO_USAGE,
        };
        self.at_least_one(none, reason)
    }

    fn at_least_one(&self, none: bool, reason: &str) -> Reading<()> {
        if none {
            return Err(Unavailable(reason.replace("{}", &self.name)));
        }
        Ok(())
    }

    fn some(
        &self,
        values: impl Iterator<Item = f64>,
        reason: impl FnOnce() -> &'static str,
    ) -> Reading<Distribution> {
        let distribution = Distribution::new(values);
        self.at_least_one(distribution.count() == 0, reason())?;
        Ok(distribution)
    }
}

const NO_USAGE: &str = "the server sent no `usage` with the answers of `{}`";

const ONE_MOMENT: &str = "in each answer of `{}` all tokens came at one moment, in one chunk or \
                          one piece: no time between them was seen";

/// The share of gaps of 0 beyond which a note says so.
const ZERO_GAPS: f64 = 0.05;

/// The times between successive chunks; none where all came at one moment.
fn gaps(record: &Record) -> impl Iterator<Item = f64> {
    let chunks = match record.at_one_moment() {
        true => &[],
        false => record.chunks.as_slice(),
    };
    chunks.windows(2).map(|pair| pair[1] - pair[0])
}

/// Whether it had more than one token, as far as is known.
fn many(record: &Record) -> bool {
    record.chunks.len() > 1 || record.output_tokens().is_some_and(|tokens| tokens > 1)
}

/// Why a request failed: also one whose answer was not accepted has.
pub fn class(record: &Record) -> Option<FailureClass> {
    match &record.outcome {
        Outcome::Failed(failure) => Some(failure.class),
        Outcome::Ok if record.accepted == Some(false) => Some(FailureClass::WrongAnswer),
        Outcome::Ok => None,
    }
}

fn input(record: &Record) -> Option<f64> {
    let told = |_: &u64| record.token_source == TokenSource::Usage;
    let tokens = record.prompt_tokens.filter(told);
    tokens.map(|tokens| tokens as f64)
}

fn output(record: &Record) -> Option<f64> {
    record.output_tokens().map(|tokens| tokens as f64)
}

/// A statistic of a metric's values, and how many there are and should be.
///
/// # Errors
/// Why there is none.
pub fn statistic(values: &Reading<Distribution>, stat: &str) -> Reading<(f64, Support)> {
    let values = values.as_ref().map_err(Clone::clone)?;
    let count = values.count();
    let share = share_of(stat);
    let value = match stat {
        "count" => Some(count as f64),
        "mean" => values.mean(),
        "stddev" => values.stddev(),
        "min" => values.min(),
        "max" => values.max(),
        _ => share.and_then(|share| values.percentile(share)),
    };
    let support = match share {
        Some(share) => Support::of_percentile(share, count),
        None => Support {
            samples: count as u64,
            needed: None,
        },
    };
    match value {
        Some(value) => Ok((value, support)),
        None if stat == "stddev" => Err(Unavailable::new("one value has no deviation")),
        None => Err(Unavailable(format!("`{stat}` is no statistic"))),
    }
}

/// The share that a percentile's name says: `p95` is 0.95, `p999` is 0.999.
pub fn share_of(stat: &str) -> Option<f64> {
    let digits = stat.strip_prefix('p')?;
    let all_digits = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    all_digits.then(|| format!("0.{digits}").parse().ok())?
}

#[cfg(test)]
mod tests;
