//! Where an answer's tokens come from: declared times, or the serving simulator.

use super::args::ServeArgs;
use super::error::ApiError;
use super::gate::{Gate, Ticket};
use super::metrics::Figures;
use super::openai::Job;
use super::pacer::Pacer;
use super::room::{Chunk, Room, Seat};
use super::schedule::{Plan, Timing};
use crate::sim::{Request, Setup};
use std::sync::Arc;

/// What all requests share.
pub enum Source {
    Declared { timing: Timing, gate: Arc<Gate> },
    Simulated(Arc<Room>),
}

/// What one request has of it; dropping it gives its place up.
pub enum Tokens {
    Declared {
        ticket: Ticket,
        timing: Timing,
        index: u64,
        pacer: Pacer,
        plan: Option<Plan>,
    },
    Simulated(Seat),
}

impl Source {
    pub fn new(args: &ServeArgs, simulated: Option<Setup>, pacer: &Pacer) -> Self {
        match simulated {
            Some(setup) => Self::Simulated(Room::open(setup, pacer.clone())),
            None => Self::Declared {
                timing: args.timing(),
                gate: Gate::new(args.timing.max_concurrent),
            },
        }
    }

    /// Takes a place for the request with this index.
    pub fn enter(&self, job: &mut Job, index: u64, received_ns: u64, pacer: &Pacer) -> Tokens {
        match self {
            Self::Declared { timing, gate } => Tokens::Declared {
                ticket: gate.enter(index, received_ns),
                timing: *timing,
                index,
                pacer: pacer.clone(),
                plan: None,
            },
            Self::Simulated(room) => {
                let request = Request {
                    id: index,
                    // a chat template has a token at least
                    prompt: whole(job.prompt_tokens).max(1),
                    output: whole(job.tokens),
                    prefix: std::mem::take(&mut job.prefix),
                    ..Request::default()
                };
                Tokens::Simulated(room.enter(request, received_ns))
            }
        }
    }

    pub fn figures(&self) -> Figures {
        match self {
            Self::Declared { gate, .. } => {
                let (running, waiting) = gate.counts();
                Figures {
                    running,
                    waiting,
                    cache: None,
                }
            }
            Self::Simulated(room) => room.figures(),
        }
    }
}

fn whole(tokens: u64) -> u32 {
    u32::try_from(tokens).unwrap_or(u32::MAX)
}

impl Tokens {
    /// Waits until it is known whether the request is taken.
    pub async fn taken(&mut self) -> Result<(), ApiError> {
        match self {
            Self::Declared { .. } => Ok(()),
            Self::Simulated(seat) => seat.taken().await.map_err(ApiError::simulated),
        }
    }

    /// Waits in the queue, where there is one that requests see; when the wait was over.
    pub async fn started(&mut self) -> Option<u64> {
        match self {
            Self::Declared {
                ticket,
                timing,
                index,
                plan,
                ..
            } => {
                let start_ns = ticket.started().await;
                *plan = Some(timing.plan(*index, start_ns));
                Some(start_ns)
            }
            Self::Simulated(_) => None,
        }
    }

    /// Waits for the next tokens, the first of which is token `k`; the request has started, and has
    /// more. None come where what worked on it has crashed. May be dropped while it waits.
    pub async fn next(&mut self, k: u64) -> Option<Chunk> {
        match self {
            Self::Declared { pacer, plan, .. } => {
                let due_ns = plan.map_or(0, |plan| plan.due_ns(k));
                pacer.sleep_until(due_ns).await;
                Some(Chunk { due_ns, tokens: 1 })
            }
            Self::Simulated(seat) => seat.next().await,
        }
    }

    /// Gives the place up; doing it twice changes nothing.
    pub fn leave(&self) {
        match self {
            Self::Declared { ticket, .. } => ticket.leave(),
            Self::Simulated(seat) => seat.leave(),
        }
    }
}
