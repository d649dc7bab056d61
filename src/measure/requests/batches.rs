//! Prefill and decode apart, of requests that were sent all at once: until the last of them has its
//! first token the server works on prompts, and then on answers alone. As
//! `bench_one_batch_server` computes them.

use super::{Requests, input, output};
use crate::load::record::Record;
use crate::probe::{Reading, Unavailable};
use std::collections::BTreeMap;

/// Seconds of prefill and of decode, over all repetitions.
struct Spans {
    prefill: f64,
    decode: f64,
}

/// Prompt tokens per second of prefill.
pub(super) fn prefill(requests: &Requests<'_>) -> Reading<f64> {
    let spans = spans(requests)?;
    per(requests.tokens(input)?, spans.prefill, "the prompts")
}

/// Output tokens per second of decode.
pub(super) fn decode(requests: &Requests<'_>) -> Reading<f64> {
    let spans = spans(requests)?;
    per(requests.tokens(output)?, spans.decode, "the answers")
}

impl Requests<'_> {
    /// Whether those answered of each repetition were all due before the first token of any.
    pub(in crate::measure) fn sent_at_once(&self) -> bool {
        let mut rounds: BTreeMap<u32, (f64, f64)> = BTreeMap::new();
        for record in &self.answered {
            let (due, first) = (rounds.entry(record.round)).or_insert((record.due, f64::INFINITY));
            *due = due.max(record.due);
            *first = first.min(record.first_token.unwrap_or(record.end));
        }
        !rounds.is_empty() && rounds.values().all(|(due, first)| due <= first)
    }
}

fn per(tokens: f64, seconds: f64, what: &str) -> Reading<f64> {
    match seconds > 0.0 {
        true => Ok(tokens / seconds),
        false => Err(Unavailable(format!("{what} took no time"))),
    }
}

fn spans(requests: &Requests<'_>) -> Reading<Spans> {
    requests.any_request()?;
    requests.any_answer()?;
    let mut rounds: BTreeMap<u32, Vec<&Record>> = BTreeMap::new();
    for record in &requests.answered {
        rounds.entry(record.round).or_default().push(record);
    }
    let mut spans = Spans {
        prefill: 0.0,
        decode: 0.0,
    };
    let name = &requests.name;
    for records in rounds.values() {
        let due = || records.iter().map(|record| record.due);
        let firsts: Option<Vec<f64>> = records.iter().map(|record| record.first_token).collect();
        let Some(firsts) = firsts else {
            let why = format!("not every answer of `{name}` was streamed");
            return Err(Unavailable(why));
        };
        let [begun, last_due] = [due().reduce(f64::min), due().reduce(f64::max)];
        let [first, last] = [f64::min, f64::max].map(|of| firsts.iter().copied().reduce(of));
        let end = records.iter().map(|record| record.end).reduce(f64::max);
        let (Some(begun), Some(last_due), Some(first), Some(last), Some(end)) =
            (begun, last_due, first, last, end)
        else {
            continue;
        };
        if last_due > first {
            let why = format!(
                "the requests of `{name}` were not all sent at once, so that prompts and answers \
                 overlap: it is for a `batch`"
            );
            return Err(Unavailable(why));
        }
        spans.prefill += last - begun;
        spans.decode += end - last;
    }
    Ok(spans)
}
