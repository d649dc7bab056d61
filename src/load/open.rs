//! The sender of an open loop: requests leave when they are due, whatever the server does.
//!
//! Two threads of their own, since a runtime's timer ticks in milliseconds and spinning would
//! burn a core: one makes requests ahead of time, the other sleeps until each is due (with the
//! kernel's timer slack turned off) and hands it to the runtime.

use crate::load::arrival::Arrivals;
use crate::load::drive::{PanicWatch, Phase, Ready, Work};
use crate::load::spec::Arrival;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, Thread};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::mpsc;

/// How many requests may lie ready before they are due.
const AHEAD: usize = 64;

/// The longest sleep, so that an end of the load is seen though a wake-up were lost.
const NAP: Duration = Duration::from_millis(100);

struct Next {
    index: u64,
    due: f64,
    ready: Ready,
}

/// Starts both threads; they end by themselves when the load is over. `token` lives as long as
/// they and the requests they started do. The thread returned is to be unparked at the end.
pub(super) fn start(
    work: &Arc<Work>,
    rate_per_s: f64,
    arrival: Arrival,
    token: mpsc::Sender<()>,
) -> Thread {
    let (sender, receiver) = sync_channel(AHEAD);
    let arrivals = Arrivals::new(arrival, rate_per_s, work.load.seed);
    let runtime = Handle::current();
    let maker = (work.clone(), token.clone());
    thread::spawn(move || {
        let (work, _token) = maker;
        let _watch = PanicWatch(&work);
        make(&work, arrivals, &sender);
    });
    let work = work.clone();
    let pacer = thread::spawn(move || {
        let _watch = PanicWatch(&work);
        pace(&work, &receiver, &runtime, &token);
    });
    pacer.thread().clone()
}

fn make(work: &Work, mut arrivals: Arrivals, sender: &SyncSender<Next>) {
    for index in 0.. {
        if work.load.requests.is_some_and(|requests| index >= requests) {
            return;
        }
        let due = work.start + arrivals.next_due();
        if !due.is_finite() || work.deadline.is_some_and(|deadline| due >= deadline) {
            return;
        }
        let next = Next {
            index,
            due,
            ready: work.make(index),
        };
        // Waits while enough is ready; fails when the other thread is gone: the load is over.
        if sender.send(next).is_err() {
            return;
        }
    }
}

fn pace(work: &Arc<Work>, ready: &Receiver<Next>, runtime: &Handle, token: &mpsc::Sender<()>) {
    // This thread's sleeps end on time, not up to 50 µs later; where not, that much later.
    let _ = nix::sys::prctl::set_timerslack(1);
    let mut started = 0;
    // Until the maker is done: all requests were started, or the rest is due too late.
    while let Ok(next) = ready.recv() {
        loop {
            let now = work.clock.now();
            if now >= next.due {
                break;
            }
            if work.is_over() {
                return;
            }
            let wait = Duration::from_secs_f64(next.due - now);
            thread::park_timeout(wait.min(NAP));
        }
        if work.is_stopped() {
            return work.drop_due(1 + due_by_now(work, ready));
        }
        started += 1;
        let (work, token) = (work.clone(), token.clone());
        runtime.spawn(async move {
            work.send(next.index, next.due, next.ready).await;
            drop(token);
        });
    }
    let all = |requests| started >= requests;
    if work.deadline.is_none() || work.load.requests.is_some_and(all) {
        work.raise(Phase::Over);
    }
    // The load lasts its whole duration, though the last answer may have come before.
    while !work.is_over() {
        thread::park_timeout(NAP);
    }
}

fn due_by_now(work: &Work, ready: &Receiver<Next>) -> u64 {
    let now = work.clock.now();
    ready.try_iter().take_while(|next| next.due <= now).count() as u64
}
