//! Samples one server's processes, GPUs and metrics at a steady pace, on threads of its own so
//! that a busy runtime does not disturb it.
//!
//! The series and what they mean (bytes unless said otherwise):
//!
//! | name | meaning |
//! | --- | --- |
//! | `memory` | anonymous + shared resident memory, summed over the server's processes |
//! | `memory_anon`, `memory_file`, `memory_shared` | the parts of resident memory; shared memory counts once for every process that maps it, as the kernel reports it, so the sum can exceed what there is (`memory_pss` does not) |
//! | `memory_swap` | anonymous memory that was swapped out; not part of `memory` |
//! | `processes` | how many processes the server has |
//! | `memory_pss` | the anonymous and shared part of `pss`, at checkpoints only |
//! | `pss`, `uss`, `swap_pss` | proportional and private memory, at checkpoints only |
//! | `roles.<role>.…` | the same for the processes of one role |
//! | `gpu_memory` | memory in use on the server's GPUs (all of the scope), by whomever |
//! | `gpu_util`, `gpu_power` | mean utilisation (0 to 1) and summed power (W) of those GPUs |
//! | `gpus.<n>.memory`, `.reserved`, `.util`, `.power`, `.sm_clock` | one GPU, the n-th of the scope |
//! | `gpu_process_memory`, `roles.<role>.gpu_memory` | GPU memory of the server's processes, as far as the driver tells |
//! | `gpu_other_memory` | GPU memory of all other processes on those GPUs, as far as the driver tells |
//! | `host_memory`, `host_memory_available`, `host_load` | the host: used is total − available |
//! | `cgroup_memory` | the control group of the server's first root |
//! | `probe_cpu` | what sampling itself costs: a share of one core |
//!
//! Engine metrics have the names of their engine block. Once no process of a server is left its
//! series end, and do not begin again: another launch is another sampler.

mod checkpoint;
mod gpus;
mod host;
mod tenants;
mod tree;

pub use checkpoint::Checkpoint;
pub use tenants::{GpuCounted, GpusCounted, OtherProcess};

use self::gpus::GpuSource;
use self::host::HostSource;
use self::tree::TreeSource;
use super::gpu::{GpuScope, Gpus};
use super::nvml::NvmlGpus;
use super::process::{Roles, Tree};
use super::recorder::Recorder;
use super::scrape::{EngineMetric, MetricsTarget, Scraper};
use super::series::SeriesSet;
use super::{Reading, Unavailable};
use crate::clock::Clock;
use crate::units::Dimension;
use regex::Regex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, watch};

/// How long a scrape out of turn is waited for.
pub const SCRAPE_PATIENCE: Duration = Duration::from_secs(5);

/// What to sample.
#[derive(Debug, Clone, Default)]
pub struct Targets {
    /// The server's name, for thread names.
    pub server: String,
    /// Processes whose trees are the server. Empty for a server whose processes are not known.
    pub roots: Vec<i32>,
    /// Processes whose descendants belong to the server, but which do not count themselves.
    pub guards: Vec<i32>,
    /// First match wins; see [`Roles::of`].
    pub roles: Vec<(String, Regex)>,
    pub gpus: GpuScope,
    pub metrics: Option<MetricsTarget>,
    /// Whether to sample the host and the control group too.
    pub host: bool,
}

/// How GPUs are come by: on the sampling thread, as starting NVML can take seconds.
pub type OpenGpus = Box<dyn FnOnce() -> Reading<Box<dyn Gpus>> + Send>;

/// The last figures, for progress.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Latest {
    /// When, on the run's clock; none before the first sample.
    pub time: Option<f64>,
    /// Bytes; none where it is not known.
    pub memory: Option<f64>,
    pub processes: Option<u32>,
}

/// A running sampler. Dropping it ends its threads.
#[derive(Debug)]
pub struct Sampler {
    shared: Arc<Shared>,
    stop: Option<Sender<()>>,
    stop_scraping: watch::Sender<bool>,
    /// Asks for a scrape out of turn; the sender goes back when it is recorded.
    scrape_now: mpsc::UnboundedSender<Sender<()>>,
    threads: Vec<(Part, JoinHandle<()>)>,
    /// The series of the engine's metrics.
    metrics: Vec<(String, Dimension)>,
    clock: Clock,
    /// Checkpoints come one after the other, so that their series are in order of time.
    checkpoint: Mutex<()>,
}

/// What the threads share.
#[derive(Debug)]
struct Shared {
    recorder: Mutex<Recorder>,
    tree: Mutex<Tree>,
    gpus: Mutex<Reading<GpusCounted>>,
    time: Mutex<Option<f64>>,
    /// CPU time of the scraping thread, in ns.
    scraping_ns: AtomicU64,
}

/// Starts sampling with this machine's GPUs. The first sample is taken at once, the others at
/// start + k · interval; a late one carries its real time, and one that is a whole interval late
/// is left out.
pub fn start(targets: Targets, interval: Duration, clock: Clock) -> Sampler {
    let open = || match NvmlGpus::open() {
        Ok(gpus) => Ok(Box::new(gpus) as Box<dyn Gpus>),
        Err(error) => Err(Unavailable(error.to_string())),
    };
    start_with(targets, interval, clock, Box::new(open))
}

/// The same, with GPUs of the caller's.
pub fn start_with(
    targets: Targets,
    interval: Duration,
    clock: Clock,
    open_gpus: OpenGpus,
) -> Sampler {
    let roles = Roles::new(targets.roles.clone());
    let tree = Tree::new(targets.roots.clone(), targets.guards.clone(), roles);
    let shared = Arc::new(Shared {
        recorder: Mutex::default(),
        tree: Mutex::new(tree),
        gpus: Mutex::new(Err(Unavailable::new("the GPUs were not asked yet"))),
        time: Mutex::default(),
        scraping_ns: AtomicU64::new(0),
    });
    let (stop, stopped) = channel();
    let (stop_scraping, scraping_stopped) = watch::channel(false);
    let (scrape_now, scrapes) = mpsc::unbounded_channel();
    let mut sampler = Sampler {
        shared,
        stop: Some(stop),
        stop_scraping,
        scrape_now,
        threads: Vec::new(),
        metrics: (targets.metrics.iter())
            .flat_map(|target| &target.metrics)
            .flat_map(EngineMetric::series_names)
            .collect(),
        clock,
        checkpoint: Mutex::new(()),
    };
    let interval = interval.max(Duration::from_millis(1));
    if let Some(metrics) = targets.metrics.clone() {
        let shared = sampler.shared.clone();
        sampler.spawn(Part::Scraping, &targets.server, move || {
            scrape_until_stopped(&metrics, &shared, clock, scraping_stopped, scrapes);
        });
    }
    let shared = sampler.shared.clone();
    let server = targets.server.clone();
    sampler.spawn(Part::Sampling, &server, move || {
        sample_until_stopped(&targets, open_gpus, interval, clock, &shared, &stopped);
    });
    sampler
}

impl Sampler {
    /// The last figures, without waiting for new ones.
    pub fn latest(&self) -> Latest {
        let recorder = lock(&self.shared.recorder);
        Latest {
            time: *lock(&self.shared.time),
            memory: recorder.last("memory"),
            processes: recorder.last("processes").map(|count| count as u32),
        }
    }

    /// Reads proportional and private memory now, and adds it to the series. Takes about 27 ms
    /// per GiB of small pages: call it where blocking is allowed.
    pub fn checkpoint(&self) -> Checkpoint {
        let _one_at_a_time = lock(&self.checkpoint);
        let checkpoint = checkpoint::take(&self.shared.tree, self.clock);
        checkpoint.record(&mut lock(&self.shared.recorder));
        checkpoint
    }

    /// Reads the engine's metrics now, and waits until they are recorded, at most for
    /// [`SCRAPE_PATIENCE`]: a counter's increase over a phase counts from its ends. Call it
    /// where blocking is allowed.
    pub fn scrape(&self) {
        let (done, recorded) = channel();
        // Where there is nothing to scrape, nobody answers, and nobody holds the sender.
        if self.scrape_now.send(done).is_ok() {
            let _ = recorded.recv_timeout(SCRAPE_PATIENCE);
        }
    }

    /// All series so far.
    pub fn snapshot(&self) -> SeriesSet {
        lock(&self.shared.recorder).clone().finish()
    }

    /// Which GPU `gpus.<n>` is, in order of n, and who was seen there so far.
    ///
    /// # Errors
    /// Why there are none.
    pub fn gpus(&self) -> Reading<GpusCounted> {
        lock(&self.shared.gpus).clone()
    }

    /// Memory in use on each of its GPUs, by UUID, in bytes, as sampled last.
    pub fn latest_gpus(&self) -> Vec<(String, f64)> {
        let Ok(counted) = self.gpus() else {
            return Vec::new();
        };
        let recorder = lock(&self.shared.recorder);
        let one = |(n, gpu): (usize, GpuCounted)| {
            Some((gpu.info.uuid, recorder.last(&format!("gpus.{n}.memory"))?))
        };
        counted
            .gpus
            .into_iter()
            .enumerate()
            .filter_map(one)
            .collect()
    }

    /// Ends sampling and gives the series.
    pub fn stop(mut self) -> SeriesSet {
        self.end();
        std::mem::take(&mut *lock(&self.shared.recorder)).finish()
    }

    fn spawn(&mut self, part: Part, server: &str, body: impl FnOnce() + Send + 'static) {
        let thread = std::thread::Builder::new()
            .name(format!("{} {server}", part.name()))
            .spawn(body);
        match thread {
            Ok(thread) => self.threads.push((part, thread)),
            Err(error) => self.lost(part, &format!("cannot be started: {error}")),
        }
    }

    fn end(&mut self) {
        self.stop.take();
        // Nobody listens where there is nothing to scrape.
        let _ = self.stop_scraping.send(true);
        for (part, thread) in std::mem::take(&mut self.threads) {
            if thread.join().is_err() {
                self.lost(part, "failed");
            }
        }
    }

    /// A thread's series end, saying so.
    fn lost(&self, part: Part, how: &str) {
        let reason = format!("the {} thread {how}", part.name());
        let now = self.clock.now();
        let mut recorder = lock(&self.shared.recorder);
        let is_metric = |name: &str| self.metrics.iter().any(|(metric, _)| metric == name);
        let own = [("memory", Dimension::DATA), ("gpu_memory", Dimension::DATA)]
            .map(|(name, dimension)| (name.to_string(), dimension));
        let sure = match part {
            Part::Sampling => &own[..],
            Part::Scraping => &self.metrics,
        };
        for (name, dimension) in sure {
            let why = Unavailable::new(&reason);
            recorder.record(name, *dimension, now, Err(why));
        }
        if part == Part::Sampling {
            recorder.lose(&reason, |name| !is_metric(name));
        }
    }
}

/// One of a sampler's threads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Sampling,
    Scraping,
}

impl Part {
    fn name(self) -> &'static str {
        match self {
            Self::Sampling => "probe",
            Self::Scraping => "scrape",
        }
    }
}

impl Drop for Sampler {
    fn drop(&mut self) {
        self.end();
    }
}

/// A panic elsewhere leaves figures that are still good.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn sample_until_stopped(
    targets: &Targets,
    open_gpus: OpenGpus,
    interval: Duration,
    clock: Clock,
    shared: &Shared,
    stopped: &Receiver<()>,
) {
    let start = Instant::now();
    let mut tree = TreeSource::new(targets);
    let mut gpus = GpuSource::open(&targets.gpus, open_gpus);
    let host = HostSource::new(targets);
    *lock(&shared.gpus) = gpus.counted();
    let mut cost: Option<Cost> = None;
    let mut k: u32 = 0;
    loop {
        let time = clock.now();
        let processes = tree.sample(time, shared);
        let gpu_samples = gpus.sample();
        {
            let mut recorder = lock(&shared.recorder);
            gpus.record(time, &gpu_samples, &processes, &mut recorder);
            if let Some(host) = &host {
                host.record(time, &mut recorder);
            }
        }
        *lock(&shared.gpus) = gpus.counted();
        *lock(&shared.time) = Some(time);
        match &mut cost {
            Some(cost) => cost.record(time, shared),
            // A share needs the time between two samples.
            None => cost = Some(Cost::new(shared)),
        }
        let elapsed = start.elapsed();
        // The next moment of the schedule that lies ahead.
        k = k.saturating_add(1).max(
            u32::try_from(elapsed.as_nanos() / interval.as_nanos())
                .unwrap_or(u32::MAX)
                .saturating_add(1),
        );
        let wait = interval.saturating_mul(k).saturating_sub(elapsed);
        match stopped.recv_timeout(wait) {
            Err(RecvTimeoutError::Timeout) => {}
            Ok(()) | Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

fn scrape_until_stopped(
    target: &MetricsTarget,
    shared: &Shared,
    clock: Clock,
    mut stopped: watch::Receiver<bool>,
    mut asked: mpsc::UnboundedReceiver<Sender<()>>,
) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let ready = runtime
        .map_err(|error| Unavailable(format!("no runtime for metrics: {error}")))
        .and_then(|runtime| Ok((runtime, Scraper::new(target)?)));
    let (runtime, scraper) = match ready {
        Ok(ready) => ready,
        Err(why) => {
            return Scraper::refuse(target, &why, clock.now(), &mut lock(&shared.recorder));
        }
    };
    let waiting = Unavailable::new("the server's /metrics gave no answer yet");
    let now = clock.now();
    Scraper::refuse(target, &waiting, now, &mut lock(&shared.recorder));
    let scraping = async {
        let mut pace = tokio::time::interval(target.every.max(Duration::from_millis(1)));
        pace.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
        loop {
            let done = tokio::select! {
                _ = pace.tick() => None,
                done = asked.recv() => done,
            };
            let answer = scraper.fetch().await;
            scraper.record(&answer, clock.now(), &mut lock(&shared.recorder));
            if let Some(done) = done {
                let _ = done.send(());
            }
            shared
                .scraping_ns
                .store(thread_cpu_ns().unwrap_or(0), Ordering::Relaxed);
        }
    };
    runtime.block_on(async {
        tokio::select! {
            () = scraping => {}
            _ = stopped.wait_for(|stop| *stop) => {}
        }
    });
    // Not waiting for a name that is still being looked up.
    runtime.shutdown_background();
}

/// CPU time of both threads between samples.
struct Cost {
    at: Instant,
    ns: Option<u64>,
}

impl Cost {
    fn new(shared: &Shared) -> Self {
        Self {
            at: Instant::now(),
            ns: Self::now(shared),
        }
    }

    fn now(shared: &Shared) -> Option<u64> {
        let scraping = shared.scraping_ns.load(Ordering::Relaxed);
        thread_cpu_ns().map(|own| own + scraping)
    }

    fn record(&mut self, time: f64, shared: &Shared) {
        let (at, ns) = (Instant::now(), Self::now(shared));
        let wall = at.duration_since(self.at).as_nanos() as f64;
        let share = match (self.ns, ns) {
            (Some(before), Some(after)) => Ok(after.saturating_sub(before) as f64 / wall.max(1.0)),
            _ => Err(Unavailable::new("this system has no CPU time of threads")),
        };
        (self.at, self.ns) = (at, ns);
        lock(&shared.recorder).record("probe_cpu", Dimension::NONE, time, share);
    }
}

fn thread_cpu_ns() -> Option<u64> {
    let time = nix::time::clock_gettime(nix::time::ClockId::CLOCK_THREAD_CPUTIME_ID).ok()?;
    u64::try_from(time.tv_sec() * 1_000_000_000 + time.tv_nsec()).ok()
}
