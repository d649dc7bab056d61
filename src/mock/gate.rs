//! The queue, with tasks that wait in it.

use super::pacer::now_ns;
use super::schedule::{Admission, Queue};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;

/// Lets a declared number of requests run at a time.
pub struct Gate {
    state: Mutex<State>,
}

struct State {
    queue: Queue,
    waiters: HashMap<u64, oneshot::Sender<u64>>,
}

/// A request's place, running or waiting; dropping it gives the place up.
pub struct Ticket {
    gate: Arc<Gate>,
    id: u64,
    place: Place,
}

enum Place {
    Waiting(oneshot::Receiver<u64>),
    /// Since when, in nanoseconds.
    Running(u64),
}

impl Gate {
    pub fn new(limit: Option<u64>) -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::new(State {
                queue: Queue::new(limit),
                waiters: HashMap::new(),
            }),
        })
    }

    /// A request with a new id arrived at `received_ns`.
    pub fn enter(self: &Arc<Self>, id: u64, received_ns: u64) -> Ticket {
        let mut state = self.lock();
        let place = match state.queue.arrive(id) {
            Admission::Start => Place::Running(received_ns),
            Admission::Wait => {
                let (sender, receiver) = oneshot::channel();
                state.waiters.insert(id, sender);
                Place::Waiting(receiver)
            }
        };
        drop(state);
        Ticket {
            gate: self.clone(),
            id,
            place,
        }
    }

    /// How many run, and how many wait.
    pub fn counts(&self) -> (usize, usize) {
        let state = self.lock();
        (state.queue.running(), state.queue.waiting())
    }

    fn leave(&self, id: u64) {
        let mut state = self.lock();
        state.waiters.remove(&id);
        if let Some(next) = state.queue.leave(id)
            && let Some(waiter) = state.waiters.remove(&next)
        {
            // One that has given up meanwhile leaves the queue as its ticket is dropped.
            let _ = waiter.send(now_ns());
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ticket {
    /// Waits for the start and says when it was: the arrival, for one that had not to wait.
    pub async fn started(&mut self) -> u64 {
        match &mut self.place {
            Place::Running(since) => *since,
            Place::Waiting(receiver) => match receiver.await {
                Ok(since) => {
                    self.place = Place::Running(since);
                    since
                }
                // The sender goes only together with this ticket.
                Err(_) => std::future::pending().await,
            },
        }
    }

    /// Gives the place up before the ticket is dropped; doing it twice changes nothing.
    pub fn leave(&self) {
        self.gate.leave(self.id);
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.leave();
    }
}
