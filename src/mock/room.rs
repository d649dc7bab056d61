//! The serving simulator in real time: a room in which requests sit until their tokens come. Its
//! moments are those of the clock, counted from when it was opened.

use super::http::die;
use super::metrics::{Cache, Figures};
use super::pacer::{Pacer, now_ns};
use crate::sim::{Event, Request, Resource, Server, Setup, Time, What};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// Tokens that go out together, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chunk {
    pub due_ns: u64,
    pub tokens: u64,
}

/// Why a request is not answered, or not to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// It needs more of something than there is.
    Needs(Resource),
    /// Nobody is there who could.
    Status(u16),
    /// What worked on it has crashed.
    Lost,
}

type Given = Result<Chunk, Refusal>;

/// A simulated server, and who waits in it.
pub struct Room {
    opened_ns: u64,
    state: Mutex<State>,
    /// Something happens at another moment than the one that is awaited.
    changed: Notify,
}

struct State {
    server: Server,
    seats: HashMap<u64, UnboundedSender<Given>>,
    /// Up to where the server has gone; nothing arrives before.
    now: Time,
    /// The moment that is awaited.
    awaited: Option<Time>,
    preempted: u64,
    /// The process is about to end.
    over: bool,
    /// Empty between two uses: its room is used again.
    events: Vec<Event>,
}

/// A request's place; who leaves it before the last token has given up.
pub struct Seat {
    room: Arc<Room>,
    id: u64,
    given: UnboundedReceiver<Given>,
    /// The first chunk, where it came to know whether the request is taken.
    held: Option<Chunk>,
}

impl Room {
    /// Opens it for a server that does wrong by itself only what engines do, and starts the task that lets its time pass; needs a tokio runtime.
    pub fn open(mut setup: Setup, pacer: Pacer) -> Arc<Self> {
        setup.faults = setup.faults.of_engine();
        let room = Arc::new(Self {
            opened_ns: now_ns(),
            state: Mutex::new(State {
                server: Server::new(&setup),
                seats: HashMap::new(),
                now: 0,
                awaited: None,
                preempted: 0,
                over: false,
                events: Vec::new(),
            }),
            changed: Notify::new(),
        });
        tokio::spawn(pass_time(room.clone(), pacer));
        room
    }

    /// A request with a new id, that was received at that moment.
    pub fn enter(self: &Arc<Self>, request: Request, received_ns: u64) -> Seat {
        let (sender, given) = unbounded_channel();
        let id = request.id;
        let mut state = self.lock();
        let at = self.time(received_ns).max(state.now);
        state.now = at;
        state.seats.insert(id, sender);
        state.server.arrive(request, at);
        self.look_again(&state);
        drop(state);
        Seat {
            room: self.clone(),
            id,
            given,
            held: None,
        }
    }

    pub fn figures(&self) -> Figures {
        let state = self.lock();
        let (used, all) = state.server.blocks();
        Figures {
            running: state.server.running(),
            waiting: state.server.waiting(),
            cache: Some(Cache {
                usage: used as f64 / all.max(1) as f64,
                preempted: state.preempted,
            }),
        }
    }

    /// Forgets the prefixes that are kept. As in vLLM not while somebody is there; whether it did.
    pub fn forget_prefixes(&self) -> bool {
        let mut state = self.lock();
        let empty = state.seats.is_empty();
        if empty {
            state.server.forget_prefixes();
        }
        empty
    }

    fn leave(&self, id: u64) {
        let mut state = self.lock();
        if state.seats.remove(&id).is_some() {
            let now = self.time(now_ns());
            self.advance(&mut state, now);
            let now = state.now;
            state.server.abort(id, now);
            self.look_again(&state);
        }
    }

    /// Lets happen what does until now, and tells those whom it concerns.
    fn advance(&self, state: &mut State, now: Time) {
        state.now = state.now.max(now);
        let mut events = std::mem::take(&mut state.events);
        state.server.advance(state.now, &mut events);
        for event in events.drain(..) {
            self.tell(state, event);
        }
        state.events = events;
        if state.server.ended().is_some() && !std::mem::replace(&mut state.over, true) {
            die("its only worker has crashed (`crash_after`)".into());
        }
    }

    fn tell(&self, state: &mut State, event: Event) {
        // one that has left meanwhile leaves its seat too
        let give = |state: &State, given| {
            if let Some(seat) = state.seats.get(&event.id) {
                let _ = seat.send(given);
            }
        };
        match event.what {
            What::First(tokens) | What::Tokens(tokens) => give(
                state,
                Ok(Chunk {
                    due_ns: self.opened_ns.saturating_add(event.at),
                    tokens: tokens.into(),
                }),
            ),
            What::Preempted => state.preempted += 1,
            What::Rejected(resource) => {
                give(state, Err(Refusal::Needs(resource)));
                state.seats.remove(&event.id);
            }
            What::Refused(status) => {
                give(state, Err(Refusal::Status(status)));
                state.seats.remove(&event.id);
            }
            What::Lost => {
                give(state, Err(Refusal::Lost));
                state.seats.remove(&event.id);
            }
            What::Cut | What::Finished => {
                state.seats.remove(&event.id);
            }
        }
    }

    fn look_again(&self, state: &State) {
        if state.server.next() != state.awaited {
            self.changed.notify_one();
        }
    }

    fn time(&self, ns: u64) -> Time {
        ns.saturating_sub(self.opened_ns)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The clock's task wakes no oftener. Of a thousand streams a chunk is due every 56 µs: to wake for
/// each would take longer than to send it.
const BREATH_NS: u64 = 200_000;

async fn pass_time(room: Arc<Room>, pacer: Pacer) {
    let mut woke_ns = 0;
    loop {
        let next = {
            let mut state = room.lock();
            state.awaited = state.server.next();
            state.awaited
        };
        match next {
            None => room.changed.notified().await,
            Some(at) => {
                let due_ns = room.opened_ns.saturating_add(at);
                let wake_ns = due_ns.max(woke_ns + BREATH_NS);
                tokio::select! {
                    () = pacer.sleep_until(wake_ns) => {}
                    () = room.changed.notified() => {}
                }
            }
        }
        woke_ns = now_ns();
        let now = room.time(woke_ns);
        room.advance(&mut room.lock(), now);
    }
}

impl Seat {
    /// Waits until it is known whether the request is taken: with its first tokens.
    pub async fn taken(&mut self) -> Result<(), Refusal> {
        if self.held.is_none() {
            self.held = Some(self.receive().await?);
        }
        Ok(())
    }

    /// Waits for the next tokens; none come for one that is not taken, or that is lost. May be dropped
    /// while it waits.
    pub async fn next(&mut self) -> Option<Chunk> {
        match self.held.take() {
            Some(held) => Some(held),
            None => self.receive().await.ok(),
        }
    }

    async fn receive(&mut self) -> Given {
        match self.given.recv().await {
            Some(given) => given,
            // nothing comes after the end
            None => std::future::pending().await,
        }
    }

    /// Gives the place up before the seat is dropped; doing it twice changes nothing.
    pub fn leave(&self) {
        self.room.leave(self.id);
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.leave();
    }
}

#[cfg(test)]
#[path = "room_tests.rs"]
mod tests;
