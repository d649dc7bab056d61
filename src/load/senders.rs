//! Who sends: the clients of a closed loop, the pacer of an open one, whose requests leave when
//! they are due, whatever the server does, or nobody but a batch itself.
//!
//! In both, a thread makes requests ahead of time, so that the work it takes (a large image, a
//! long prompt) delays neither a send nor a time stamp. The pacer is a thread too: a runtime's
//! timer ticks in milliseconds, and spinning would burn a core.

use crate::clock::whole_nanoseconds;
use crate::load::arrival::Arrivals;
use crate::load::delay;
use crate::load::drive::{PanicWatch, Phase, Ready, Sent, Work};
use crate::load::priority;
use crate::load::random::{Random, What, rng};
use crate::load::spec::Pace;
use std::sync::Arc;
use std::thread::{self, Thread};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::{Mutex, mpsc};

/// How many requests may lie ready before they are due.
const AHEAD: usize = 64;

/// The pacer's longest sleep, so that an end of the load is seen though a wake-up were lost.
const NAP: Duration = Duration::from_millis(100);

/// How long a client of a closed loop waits at least after a request for which there was no
/// connection: a server that is gone refuses them at once, and would be asked without a pause.
const REFUSED: Duration = Duration::from_millis(100);

/// A request that is made; `due` is known in an open loop.
struct Next {
    index: u64,
    due: f64,
    ready: Ready,
}

/// Starts the load's senders, on this runtime and threads of their own; they end by themselves
/// when the load is over. Clones of `token` live as long as they and the requests they started.
/// A thread that is returned is to be unparked at the end.
pub(super) fn start(work: &Arc<Work>, token: &mpsc::Sender<()>) -> Option<Thread> {
    match &work.load.pace {
        Pace::Batch => {
            batch(work.clone(), token.clone());
            None
        }
        Pace::Closed { concurrency, think } => {
            let ready = Arc::new(Mutex::new(made(work, token, || 0.0)));
            // a client beyond the requests would find none
            let clients = (*concurrency).min(work.load.requests.unwrap_or(u64::MAX));
            for _ in 0..clients {
                let client = client(work.clone(), think.clone(), ready.clone(), token.clone());
                tokio::spawn(client);
            }
            None
        }
        Pace::Open {
            rate_per_s,
            arrival,
            ramp,
        } => {
            let seed = work.load.seed;
            let mut arrivals = match (ramp, work.load.duration) {
                (Some(ramp), Some(over)) => Arrivals::ramped(*arrival, *ramp, over, seed),
                _ => Arrivals::new(*arrival, *rate_per_s, seed),
            };
            let start = work.start;
            let dues = move || whole_nanoseconds(start + arrivals.next_due());
            let ready = made(work, token, dues);
            let (work, token) = (work.clone(), token.clone());
            let runtime = Handle::current();
            let pacer = thread::spawn(move || {
                let _watch = PanicWatch(&work);
                pace(&work, ready, &runtime, &token);
                work.keep_pacer_delay(delay::of_this_thread());
                drop(token);
            });
            Some(pacer.thread().clone())
        }
    }
}

/// Makes all requests of a batch, and hands them to this runtime at one moment, when they are due.
fn batch(work: Arc<Work>, token: mpsc::Sender<()>) {
    let runtime = Handle::current();
    thread::spawn(move || {
        let _watch = PanicWatch(&work);
        let mut all = Vec::new();
        for index in 0..work.load.requests.unwrap_or(0) {
            if work.is_over() {
                return;
            }
            all.push((index, work.make(index)));
        }
        let due = work.clock.now();
        for (index, ready) in all {
            let (work, token) = (work.clone(), token.clone());
            runtime.spawn(async move {
                work.send(index, due, ready).await;
                drop(token);
            });
        }
        work.raise(Phase::Over);
    });
}

/// The requests as they are made, on a thread of their own.
fn made(
    work: &Arc<Work>,
    token: &mpsc::Sender<()>,
    dues: impl FnMut() -> f64 + Send + 'static,
) -> mpsc::Receiver<Next> {
    let (sender, receiver) = mpsc::channel(AHEAD);
    let maker = (work.clone(), token.clone());
    thread::spawn(move || {
        let (work, _token) = maker;
        let _watch = PanicWatch(&work);
        make(&work, dues, &sender);
    });
    receiver
}

/// Makes requests until all are made, the rest is due too late, or nobody takes them any more.
fn make(work: &Work, mut dues: impl FnMut() -> f64, sender: &mpsc::Sender<Next>) {
    for index in 0.. {
        let enough = |requests| index >= requests;
        let due = dues();
        let too_late = |deadline| due >= deadline;
        if work.load.requests.is_some_and(enough)
            || work.deadline.is_some_and(too_late)
            || !due.is_finite()
        {
            return;
        }
        let ready = work.make(index);
        if sender.blocking_send(Next { index, due, ready }).is_err() {
            return;
        }
    }
}

/// One client of a closed loop; `_token` says that it still lives.
async fn client(
    work: Arc<Work>,
    think: Random,
    ready: Arc<Mutex<mpsc::Receiver<Next>>>,
    _token: mpsc::Sender<()>,
) {
    let _watch = PanicWatch(&work);
    let mut over = work.phase.subscribe();
    loop {
        let next = tokio::select! {
            biased;
            _ = over.wait_for(|phase| *phase >= Phase::Over) => return,
            next = async { ready.lock().await.recv().await } => next,
        };
        // A request is due when its client is ready for it, and it is made.
        let due = work.clock.now();
        let too_late = |deadline| due >= deadline;
        if work.deadline.is_some_and(too_late) {
            return;
        }
        let Some(next) = next else {
            return work.raise(Phase::Over);
        };
        if work.load.requests == Some(next.index + 1) {
            work.raise(Phase::Over);
        }
        let think = think.draw_time(&mut rng(work.load.lengths_seed, next.index, What::Think));
        let pause = match work.send(next.index, due, next.ready).await {
            Sent::Unconnected => think.max(REFUSED),
            Sent::Connected => think,
        };
        if !pause.is_zero() {
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                _ = over.wait_for(|phase| *phase >= Phase::Over) => {}
            }
        }
    }
}

/// Hands each request to the runtime when it is due.
fn pace(
    work: &Arc<Work>,
    mut ready: mpsc::Receiver<Next>,
    runtime: &Handle,
    token: &mpsc::Sender<()>,
) {
    // This thread's sleeps end on time, not up to 50 µs later; where not, that much later.
    let _ = nix::sys::prctl::set_timerslack(1);
    // whether it may is known of the load's thread
    let _ = priority::raise();
    let mut started = 0;
    while let Some(next) = ready.blocking_recv() {
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
            return work.drop_due(1 + due_by_now(work, &mut ready));
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

fn due_by_now(work: &Work, ready: &mut mpsc::Receiver<Next>) -> u64 {
    let now = work.clock.now();
    let mut count = 0;
    while let Ok(next) = ready.try_recv()
        && next.due <= now
    {
        count += 1;
    }
    count
}
