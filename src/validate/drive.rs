//! Loads a simulated server as a benchmark's client does, in virtual time, and keeps what that
//! client would have measured.

use crate::sim::{Event, Request, Server, Setup, Time, What, nanoseconds};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::collections::HashMap;

/// When requests are sent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Load {
    /// So many at once: the next is sent when the last token of one has come.
    Closed { together: u32 },
    /// So many a second, at random moments.
    Poisson { rate: f64 },
}

/// Requests that are all alike.
#[derive(Debug, Clone, PartialEq)]
pub struct Bench {
    pub load: Load,
    pub requests: u32,
    /// Tokens.
    pub prompt: u32,
    pub output: u32,
    /// Tokens at the beginning that all prompts have in common.
    pub shared: u32,
}

/// What a client measured, in seconds.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Measured {
    pub ttft: Vec<f64>,
    pub tpot: Vec<f64>,
    pub e2e: Vec<f64>,
    /// Gaps between chunks: the first of them, and of all their number and sum.
    pub itl: Vec<f64>,
    pub gaps: u64,
    pub gaps_sum: f64,
    pub duration: f64,
    pub tokens: u64,
}

/// Further gaps are only added up.
const MOST_GAPS: usize = 2_000_000;

/// The moments of a Poisson load are drawn from this.
const SEED: u64 = 0;

#[derive(Debug, Clone, Copy)]
struct Under {
    sent: Time,
    first: Time,
    last: Time,
    tokens: u32,
}

/// Errors: what the simulation waits for where it cannot go on, or why a request was not taken.
pub fn drive(setup: &Setup, bench: &Bench) -> Result<Measured, String> {
    let mut server = Server::new(setup);
    let mut random = ChaCha8Rng::seed_from_u64(SEED);
    let mut out = Measured::default();
    let mut under: HashMap<u64, Under> = HashMap::new();
    let mut events: Vec<Event> = Vec::new();
    let prefix: Vec<u64> = (0..u64::from(bench.shared / setup.blocks.tokens)).collect();
    let mut sent = 0u32;
    let mut due: Time = 0;
    let mut now: Time = 0;
    let send = |server: &mut Server, under: &mut HashMap<u64, Under>, id: u32, now: Time| {
        let id = u64::from(id);
        let state = Under {
            sent: now,
            first: 0,
            last: 0,
            tokens: 0,
        };
        under.insert(id, state);
        let request = Request {
            id,
            prompt: bench.prompt,
            output: bench.output,
            prefix: prefix.clone(),
        };
        server.arrive(request, now);
    };
    if let Load::Closed { together } = bench.load {
        while sent < together.min(bench.requests) {
            send(&mut server, &mut under, sent, 0);
            sent += 1;
        }
    }
    loop {
        let arrival = match bench.load {
            Load::Poisson { .. } if sent < bench.requests => Some(due),
            _ => None,
        };
        let next = server.next();
        if let (Some(at), Load::Poisson { rate }) = (arrival, bench.load)
            && next.is_none_or(|next| at <= next)
        {
            now = at;
            send(&mut server, &mut under, sent, now);
            sent += 1;
            let gap: f64 = -(1.0 - random.random::<f64>()).ln() / rate;
            due += nanoseconds(gap);
            continue;
        }
        let Some(next) = next else { break };
        now = next;
        server.advance(now, &mut events);
        for event in events.drain(..) {
            match event.what {
                What::First(tokens) => {
                    if let Some(one) = under.get_mut(&event.id) {
                        one.first = event.at;
                        one.last = event.at;
                        one.tokens = tokens;
                    }
                }
                What::Tokens(tokens) => {
                    if let Some(one) = under.get_mut(&event.id) {
                        let gap = seconds(event.at - one.last);
                        out.gaps += 1;
                        out.gaps_sum += gap;
                        if out.itl.len() < MOST_GAPS {
                            out.itl.push(gap);
                        }
                        one.last = event.at;
                        one.tokens += tokens;
                    }
                }
                What::Finished => {
                    if let Some(one) = under.remove(&event.id) {
                        out.tokens += u64::from(one.tokens);
                        out.ttft.push(seconds(one.first - one.sent));
                        out.e2e.push(seconds(one.last - one.sent));
                        if one.tokens > 1 {
                            let rest = seconds(one.last - one.first);
                            out.tpot.push(rest / f64::from(one.tokens - 1));
                        }
                    }
                    if let Load::Closed { .. } = bench.load
                        && sent < bench.requests
                    {
                        send(&mut server, &mut under, sent, event.at);
                        sent += 1;
                    }
                }
                What::Preempted => {}
                What::Rejected(resource) => {
                    return Err(format!("a request needs more {resource} than there is"));
                }
            }
        }
    }
    if !under.is_empty() {
        return Err(match server.waits_for() {
            Some(resource) => format!("the simulation waits for {resource}, and none ever come"),
            None => "the simulation ended before its requests".to_string(),
        });
    }
    out.duration = seconds(now);
    Ok(out)
}

fn seconds(time: Time) -> f64 {
    time as f64 / 1e9
}

/// The mean; none of nothing.
pub fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// The value that a share of the others does not exceed, between two of them in proportion.
pub fn percentile(values: &[f64], share: f64) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = share * (sorted.len().checked_sub(1)? as f64);
    let (low, high) = (sorted[at.floor() as usize], sorted[at.ceil() as usize]);
    Some(low + (high - low) * at.fract())
}
