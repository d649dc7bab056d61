//! Loads a simulated server as a benchmark's client does, in virtual time, and keeps what that
//! client would have measured.

use crate::sim::{Event, Request, Server, Setup, Time, What, nanoseconds};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::collections::HashMap;

/// When requests are sent.
#[derive(Debug, Clone, PartialEq)]
pub enum Load {
    /// So many at once: the next is sent when the last token of one has come.
    Closed { together: u32 },
    /// At random moments: so many a second for so many seconds, and then so many others.
    Poisson { stretches: Vec<(f64, f64)> },
    /// At these moments, in seconds, ascending.
    At(Vec<f64>),
}

impl Load {
    /// When requests are sent whatever comes back, in order.
    fn moments(&self) -> Box<dyn Iterator<Item = Time> + '_> {
        match self {
            Self::Closed { .. } => Box::new(std::iter::empty()),
            Self::Poisson { stretches } => Box::new(Moments::of(stretches.clone())),
            Self::At(moments) => Box::new(moments.iter().map(|at| nanoseconds(*at))),
        }
    }
}

/// The moments of a Poisson load, in order.
struct Moments {
    stretches: std::vec::IntoIter<(f64, f64)>,
    rate: f64,
    ends: f64,
    at: f64,
    random: ChaCha8Rng,
}

impl Moments {
    fn of(stretches: Vec<(f64, f64)>) -> Self {
        Self {
            stretches: stretches.into_iter(),
            rate: 0.0,
            ends: 0.0,
            at: 0.0,
            random: ChaCha8Rng::seed_from_u64(SEED),
        }
    }
}

impl Iterator for Moments {
    type Item = Time;

    fn next(&mut self) -> Option<Time> {
        loop {
            if self.rate > 0.0 {
                self.at += -(1.0 - self.random.random::<f64>()).ln() / self.rate;
                if self.at < self.ends {
                    return Some(nanoseconds(self.at));
                }
            }
            self.at = self.ends;
            let (rate, seconds) = self.stretches.next()?;
            self.rate = rate;
            self.ends += seconds;
        }
    }
}

/// What is sent to a server.
#[derive(Debug, Clone, PartialEq)]
pub struct Bench {
    pub load: Load,
    pub requests: u32,
    pub of: Lengths,
}

/// How long requests and their answers are, in tokens.
#[derive(Debug, Clone, PartialEq)]
pub enum Lengths {
    /// All alike; prompts have so many tokens at the beginning in common.
    Alike {
        prompt: u32,
        output: u32,
        shared: u32,
    },
    /// Prompt and answer of each request, as many as there are.
    Each(Vec<(u32, u32)>),
}

impl Bench {
    /// Prompt and answer of a request.
    fn lengths(&self, index: u32) -> (u32, u32) {
        match &self.of {
            Lengths::Alike { prompt, output, .. } => (*prompt, *output),
            Lengths::Each(all) => all.get(index as usize).copied().unwrap_or((1, 1)),
        }
    }

    /// Tokens of all prompts together.
    pub fn prompts(&self, sent: usize) -> f64 {
        let each = (0..sent as u32).map(|index| f64::from(self.lengths(index).0));
        each.sum()
    }

    /// Most tokens of a prompt and its answer.
    pub fn longest(&self) -> u32 {
        match &self.of {
            Lengths::Alike { prompt, output, .. } => prompt + output,
            Lengths::Each(all) => all.iter().map(|(p, o)| p + o).max().unwrap_or(0),
        }
    }
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
    /// Until the last token.
    pub duration: f64,
    pub tokens: u64,
    pub preempted: u64,
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

/// The client: what it has sent, and what came back.
struct Client<'a> {
    bench: &'a Bench,
    prefix: Vec<u64>,
    sent: u32,
    under: HashMap<u64, Under>,
    out: Measured,
}

impl Client<'_> {
    fn send(&mut self, server: &mut Server, now: Time) {
        if self.sent >= self.bench.requests {
            return;
        }
        let id = u64::from(self.sent);
        let (prompt, output) = self.bench.lengths(self.sent);
        self.sent += 1;
        let state = Under {
            sent: now,
            first: now,
            last: now,
            tokens: 0,
        };
        self.under.insert(id, state);
        let request = Request {
            id,
            prompt,
            output,
            prefix: self.prefix.clone(),
            ..Request::default()
        };
        server.arrive(request, now);
    }

    /// Notes what happened; whether a request has ended.
    fn sees(&mut self, event: &Event) -> Result<bool, String> {
        let Some(one) = self.under.get_mut(&event.id) else {
            return Ok(false);
        };
        match event.what {
            What::First(tokens) => {
                one.first = event.at;
                one.last = event.at;
                one.tokens = tokens;
            }
            What::Tokens(tokens) => {
                let gap = seconds(event.at - one.last);
                self.out.gaps += 1;
                self.out.gaps_sum += gap;
                if self.out.itl.len() < MOST_GAPS {
                    self.out.itl.push(gap);
                }
                one.last = event.at;
                one.tokens += tokens;
            }
            What::Finished => {
                let one = *one;
                self.under.remove(&event.id);
                self.out.tokens += u64::from(one.tokens);
                self.out.ttft.push(seconds(one.first - one.sent));
                self.out.e2e.push(seconds(one.last - one.sent));
                if one.tokens > 1 {
                    let rest = seconds(one.last - one.first);
                    self.out.tpot.push(rest / f64::from(one.tokens - 1));
                }
                self.out.duration = seconds(event.at);
                return Ok(true);
            }
            What::Preempted => self.out.preempted += 1,
            What::Refused(_) | What::Cut | What::Lost => {
                return Err("the server does wrong on purpose".into());
            }
            What::Rejected(resource) => {
                return Err(format!("a request needs more {resource} than there is"));
            }
        }
        Ok(false)
    }
}

/// Errors: what the simulation waits for where it cannot go on, or why a request was not taken.
pub fn drive(setup: &Setup, bench: &Bench) -> Result<Measured, String> {
    let mut server = Server::new(setup);
    let shared = match bench.of {
        Lengths::Alike { shared, .. } => shared,
        Lengths::Each(_) => 0,
    };
    let mut client = Client {
        bench,
        prefix: (0..u64::from(shared / setup.blocks.tokens)).collect(),
        sent: 0,
        under: HashMap::new(),
        out: Measured::default(),
    };
    let mut events: Vec<Event> = Vec::new();
    let mut moments = bench.load.moments().take(bench.requests as usize);
    let mut due = moments.next();
    let again = match bench.load {
        Load::Closed { together } => {
            (0..together).for_each(|_| client.send(&mut server, 0));
            true
        }
        Load::Poisson { .. } | Load::At(_) => false,
    };
    loop {
        let next = server.next();
        if let Some(at) = due.filter(|at| next.is_none_or(|next| *at <= next)) {
            client.send(&mut server, at);
            due = moments.next();
            continue;
        }
        let Some(next) = next else { break };
        server.advance(next, &mut events);
        for event in events.drain(..) {
            if client.sees(&event)? && again {
                client.send(&mut server, event.at);
            }
        }
    }
    if !client.under.is_empty() {
        return Err(match server.waits_for() {
            Some(resource) => format!("the simulation waits for {resource}, and none ever come"),
            None => "the simulation ended before its requests".to_string(),
        });
    }
    Ok(client.out)
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
