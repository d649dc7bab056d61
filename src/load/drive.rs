//! Carrying a load out: who sends when, when it ends, and what becomes of what is in flight.

use crate::clock::Clock;
use crate::load::client::{Client, Prepared};
use crate::load::delay::RunDelay;
use crate::load::exchange::not_sent;
use crate::load::live::Live;
use crate::load::protocol::RequestError;
use crate::load::record::{FailureClass, Outcome, Record};
use crate::load::senders;
use crate::load::spec::{Load, Request};
use crate::load::thread::run_there;
use crate::stop::{Stop, StopLevel};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{mpsc, watch};

/// Makes a load's requests. Called once for each index, in order, on a thread of its own that
/// works ahead: some of the last may never be sent.
pub trait RequestSource: Send + Sync {
    /// The request number `index`, from 0.
    fn request(&self, index: u64) -> Request;
}

/// Takes each record as its request ends; see [`drive`].
pub type OnRecord = Arc<dyn Fn(Record) + Send + Sync>;

/// How a load ended. Times are seconds on the run's clock.
#[derive(Debug, Clone, PartialEq)]
pub struct LoadEnd {
    pub start: f64,
    /// When the last response ended; `start` where there was none.
    pub end: f64,
    /// Requests that were started: as many records were handed out.
    pub started: u64,
    /// Of these, how many ended as cancelled.
    pub cancelled: u64,
    /// The longest that a request was started after it was due, in seconds. Waiting for a
    /// connection is not in it: see each record's `sent`.
    pub late_max: f64,
    /// Requests that were due but never started, because the run was stopped.
    pub dropped: u64,
    /// What an open loop's pacer waited for a core, or why that is not known; none for a closed
    /// loop. The thread that all loads share is not in it: see
    /// [`Meter`](crate::load::delay::Meter).
    pub pacer_delay: Option<Result<RunDelay, String>>,
    pub stopped_by: EndedBy,
}

/// What ended a load.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndedBy {
    /// All its requests were started, and ended by themselves.
    Requests,
    /// Its duration was over, and what was in flight ended by itself.
    Duration,
    /// The run was stopped.
    Stop,
    /// Requests still in flight when the drain was over were cancelled.
    Drain,
}

/// Carries `load` out, and returns when its last request has ended; every request started is
/// one record, the cancelled ones too. When `stop` reaches [`StopLevel::Finish`], nothing new is
/// started and what is in flight is cancelled. Dropping the future cancels in the same way.
///
/// All loads run on a thread of their own, and `on_record` is called there: it must be quick.
///
/// # Panics
/// Where `source` or `on_record` panicked.
pub async fn drive(
    load: &Load,
    client: Arc<Client>,
    source: Arc<dyn RequestSource>,
    clock: Clock,
    stop: Stop,
    live: Arc<Live>,
    on_record: OnRecord,
) -> LoadEnd {
    let work = Work::new(load, client, source, clock, live, on_record);
    run_there(carry_out(work, stop)).await
}

async fn carry_out(work: Work, mut stop: Stop) -> LoadEnd {
    let work = Arc::new(work);
    let mut phases = work.phase.subscribe();
    let (token, mut all_ended) = mpsc::channel::<()>(1);
    // Dropped early, this future must leave nothing behind.
    let _cancel = CancelOnDrop(work.clone());
    let pacer = senders::start(&work, &token);
    drop(token);

    let mut ended_by = tokio::select! {
        biased;
        () = stop.reached(StopLevel::Finish) => EndedBy::Stop,
        over = phases.wait_for(|phase| *phase >= Phase::Over) => {
            drop(over);
            EndedBy::Requests
        }
        () = until(&work) => EndedBy::Duration,
        // All workers have seen that the deadline is over (or there were none).
        _ = all_ended.recv() => match work.deadline {
            Some(deadline) if work.clock.now() >= deadline => EndedBy::Duration,
            _ => EndedBy::Requests,
        },
    };
    if ended_by == EndedBy::Stop {
        work.raise(Phase::Stopped);
    } else {
        work.raise(Phase::Over);
    }
    if let Some(thread) = pacer {
        thread.unpark();
    }
    if ended_by != EndedBy::Stop {
        tokio::select! {
            biased;
            _ = all_ended.recv() => {}
            () = stop.reached(StopLevel::Finish) => {
                work.raise(Phase::Stopped);
                ended_by = EndedBy::Stop;
            }
            () = sleep_or_forever(work.load.drain) => {
                work.raise(Phase::Drained);
                ended_by = EndedBy::Drain;
            }
        }
    }
    // Cancelled requests end at once, and the others have ended.
    let _ = all_ended.recv().await;
    assert!(
        !work.panicked.load(SeqCst),
        "a request's source or the receiver of records panicked"
    );
    let totals = work.totals();
    LoadEnd {
        start: work.start,
        end: totals.end.unwrap_or(work.start),
        started: totals.started,
        cancelled: totals.cancelled,
        late_max: totals.late_max,
        dropped: totals.dropped,
        pacer_delay: totals.pacer_delay.clone(),
        stopped_by: ended_by,
    }
}

/// Where a load is; it only goes up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    Running,
    /// Nothing new is started.
    Over,
    /// The drain is over: what is in flight is cancelled.
    Drained,
    /// The run is stopped: the same.
    Stopped,
}

/// Whether there was a connection to send a request on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sent {
    Connected,
    /// None came about: nothing of the request left.
    Unconnected,
}

/// What the parts of a running load share.
pub(super) struct Work {
    pub load: Load,
    pub client: Arc<Client>,
    pub source: Arc<dyn RequestSource>,
    pub clock: Clock,
    pub start: f64,
    /// Nothing that is due from here on is started.
    pub deadline: Option<f64>,
    live: Arc<Live>,
    on_record: OnRecord,
    pub phase: watch::Sender<Phase>,
    totals: Mutex<Totals>,
    pub panicked: AtomicBool,
}

#[derive(Debug, Clone, Default)]
struct Totals {
    started: u64,
    cancelled: u64,
    dropped: u64,
    late_max: f64,
    end: Option<f64>,
    pacer_delay: Option<Result<RunDelay, String>>,
}

/// A request that may be due later, or why there is none.
pub(super) type Ready = Result<Prepared, RequestError>;

impl Work {
    fn new(
        load: &Load,
        client: Arc<Client>,
        source: Arc<dyn RequestSource>,
        clock: Clock,
        live: Arc<Live>,
        on_record: OnRecord,
    ) -> Self {
        let start = clock.now();
        Self {
            load: load.clone(),
            client,
            source,
            clock,
            start,
            deadline: load.duration.map(|duration| start + duration.as_secs_f64()),
            live,
            on_record,
            phase: watch::Sender::new(Phase::Running),
            totals: Mutex::new(Totals::default()),
            panicked: AtomicBool::new(false),
        }
    }

    pub fn raise(&self, to: Phase) {
        self.phase.send_if_modified(|phase| {
            let higher = to > *phase;
            *phase = (*phase).max(to);
            higher
        });
    }

    pub fn is_over(&self) -> bool {
        *self.phase.borrow() >= Phase::Over
    }

    pub fn is_stopped(&self) -> bool {
        *self.phase.borrow() >= Phase::Stopped
    }

    pub fn make(&self, index: u64) -> Ready {
        self.client.prepare(&self.source.request(index))
    }

    pub fn keep_pacer_delay(&self, delay: Result<RunDelay, String>) {
        self.totals().pacer_delay = Some(delay);
    }

    pub fn drop_due(&self, requests: u64) {
        self.totals().dropped += requests;
    }

    /// Carries one request through, from now; hands its record out.
    pub async fn send(self: &Arc<Self>, index: u64, due: f64, ready: Ready) -> Sent {
        let _watch = PanicWatch(self);
        let now = self.clock.now();
        self.live.start(now);
        {
            let mut totals = self.totals();
            totals.started += 1;
            totals.late_max = totals.late_max.max(now - due);
        }
        let record = Record {
            index,
            load: self.load.name.clone(),
            due,
            ..Record::default()
        };
        let record = match ready {
            Ok(prepared) => {
                let cancelled = cancelled(self.phase.subscribe());
                let timeout = self.load.timeout;
                self.client
                    .exchange(prepared, record, self.clock, timeout, cancelled)
                    .await
            }
            Err(error) => not_sent(record, self.clock, &error.to_string()),
        };
        {
            let mut totals = self.totals();
            totals.end = Some(totals.end.unwrap_or(0.0).max(record.end));
            totals.cancelled += u64::from(is_cancelled(&record));
        }
        self.live.end(&record);
        let sent = match &record.outcome {
            Outcome::Failed(failure)
                if failure.class == FailureClass::Connect && record.sent.is_none() =>
            {
                Sent::Unconnected
            }
            _ => Sent::Connected,
        };
        (self.on_record)(record);
        sent
    }

    fn totals(&self) -> std::sync::MutexGuard<'_, Totals> {
        self.totals.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn cancelled(mut phases: watch::Receiver<Phase>) -> &'static str {
    match phases.wait_for(|phase| *phase >= Phase::Drained).await {
        Ok(phase) if *phase == Phase::Drained => "cancelled when the drain was over",
        _ => "cancelled because the run was stopped",
    }
}

fn is_cancelled(record: &Record) -> bool {
    matches!(&record.outcome, Outcome::Failed(failure) if failure.class == FailureClass::Cancelled)
}

async fn until(work: &Work) {
    match work.deadline {
        Some(deadline) => tokio::time::sleep_until(work.clock.instant(deadline).into()).await,
        None => std::future::pending().await,
    }
}

async fn sleep_or_forever(duration: Option<Duration>) {
    match duration {
        Some(duration) => tokio::time::sleep(duration).await,
        None => std::future::pending().await,
    }
}

struct CancelOnDrop(Arc<Work>);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.raise(Phase::Stopped);
    }
}

/// Notes that what it lives in panicked: a lost record must not pass for a complete load.
pub(super) struct PanicWatch<'w>(pub &'w Work);

impl Drop for PanicWatch<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.panicked.store(true, SeqCst);
            self.0.raise(Phase::Over);
        }
    }
}
