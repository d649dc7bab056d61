//! How long the client's threads waited for a core when they had something to do: the client's
//! own part in the times it measures.
//!
//! The kernel counts it for every thread (`/proc/<pid>/task/<tid>/schedstat`), so that it costs
//! two reads a load. Two sorts of threads count: the one that reads all answers, and the pacers,
//! which hand out the requests of open loops. Those that make requests ahead delay nothing.

use crate::load::thread;
use nix::unistd::gettid;
use serde::{Deserialize, Serialize};
use std::ops::{Add, AddAssign};

/// What threads waited for a core: as they woke, and where another took the core from them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct RunDelay {
    /// All that they waited, in seconds.
    pub waited_s: f64,
    /// How often they came to run.
    pub times: u64,
}

impl RunDelay {
    /// The mean of one wait, in seconds; none where they never ran.
    pub fn mean(&self) -> Option<f64> {
        (self.times > 0).then(|| self.waited_s / self.times as f64)
    }

    /// From an earlier reading of the same thread to this one.
    fn since(self, earlier: Self) -> Self {
        Self {
            waited_s: (self.waited_s - earlier.waited_s).max(0.0),
            times: self.times.saturating_sub(earlier.times),
        }
    }
}

impl Add for RunDelay {
    type Output = Self;

    fn add(mut self, other: Self) -> Self {
        self += other;
        self
    }
}

impl AddAssign for RunDelay {
    fn add_assign(&mut self, other: Self) {
        self.waited_s += other.waited_s;
        self.times += other.times;
    }
}

/// A reading of the load's thread, to be compared with a later one.
#[derive(Debug, Clone)]
pub struct Meter(Result<RunDelay, String>);

impl Meter {
    /// Reads now; starts the load's thread where it does not run yet.
    pub fn start() -> Self {
        Self(of_load_thread())
    }

    /// What the load's thread waited since then.
    ///
    /// # Errors
    /// Why that is not known: no such file, or a kernel that does not count.
    pub fn stop(self) -> Result<RunDelay, String> {
        let before = self.0?;
        counted(of_load_thread()?).map(|now| now.since(before))
    }
}

fn of_load_thread() -> Result<RunDelay, String> {
    match thread::id() {
        Some(tid) => read(tid.as_raw()),
        None => Err("the client has no thread of its own".into()),
    }
}

/// What the calling thread has waited since it was started.
///
/// # Errors
/// As [`Meter::stop`].
pub(super) fn of_this_thread() -> Result<RunDelay, String> {
    read(gettid().as_raw()).and_then(counted)
}

fn read(tid: i32) -> Result<RunDelay, String> {
    let path = format!("/proc/self/task/{tid}/schedstat");
    let text = std::fs::read_to_string(&path).map_err(|error| {
        format!("the kernel does not tell how long threads wait for a core: {path}: {error}")
    })?;
    parse(&text).ok_or_else(|| format!("{path} was not understood: {:?}", text.trim_end()))
}

/// Nanoseconds run, nanoseconds waited, and how often it came to run.
fn parse(text: &str) -> Option<RunDelay> {
    let mut fields = text.split_whitespace().map(str::parse::<u64>);
    let _ran = fields.next()?.ok()?;
    let waited = fields.next()?.ok()?;
    Some(RunDelay {
        waited_s: waited as f64 / 1e9,
        times: fields.next()?.ok()?,
    })
}

/// A thread that has run came to run at least once: a kernel that says otherwise does not count.
fn counted(delay: RunDelay) -> Result<RunDelay, String> {
    match delay.times {
        0 => Err(
            "the kernel does not count how long threads wait for a core (schedstat is 0)".into(),
        ),
        _ => Ok(delay),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
    use std::time::{Duration, Instant};

    #[test]
    fn reads_the_kernels_words() {
        let delay = parse("148978 500000000 4\n").unwrap();
        assert_eq!((delay.waited_s, delay.times), (0.5, 4));
        assert_eq!(delay.mean(), Some(0.125));
        assert_eq!(parse("148978 76680\n"), None);
        assert_eq!(parse("a b c"), None);
        assert!(read(i32::MAX).unwrap_err().contains("schedstat"));
    }

    #[test]
    fn a_kernel_that_does_not_count_is_no_delay_of_0() {
        let off = parse("0 0 0\n").unwrap();
        assert_eq!(off.mean(), None);
        assert!(counted(off).unwrap_err().contains("does not count"));
        assert!(
            counted(RunDelay {
                waited_s: 0.0,
                times: 3
            })
            .is_ok()
        );
    }

    #[test]
    fn only_what_was_waited_since_counts() {
        let before = RunDelay {
            waited_s: 1.0,
            times: 10,
        };
        let now = RunDelay {
            waited_s: 1.5,
            times: 30,
        };
        let pacer = RunDelay {
            waited_s: 0.5,
            times: 5,
        };
        let both = now.since(before) + pacer;
        assert_eq!(
            (both.waited_s, both.times, both.mean()),
            (1.0, 25, Some(0.04))
        );
    }

    /// Ties the calling thread to one core.
    fn stay_on(core: usize) {
        // SAFETY: an empty set of cores is valid, and the set lives during the calls.
        unsafe {
            let mut set: nix::libc::cpu_set_t = std::mem::zeroed();
            nix::libc::CPU_SET(core, &mut set);
            nix::libc::sched_setaffinity(0, size_of_val(&set), &raw const set);
        }
    }

    #[test]
    fn two_threads_on_one_core_wait_for_each_other() {
        if let Err(why) = of_this_thread() {
            return assert!(why.contains("the kernel does not"), "{why}");
        }
        // SAFETY: takes nothing.
        let core = usize::try_from(unsafe { nix::libc::sched_getcpu() }).unwrap();
        let over = AtomicBool::new(false);
        let waited = std::thread::scope(|scope| {
            scope.spawn(|| {
                stay_on(core);
                while !over.load(SeqCst) {
                    std::hint::spin_loop();
                }
            });
            let late = scope.spawn(|| {
                stay_on(core);
                let before = of_this_thread().unwrap();
                let until = Instant::now() + Duration::from_secs(30);
                let mut waited = RunDelay::default();
                while waited.waited_s < 2e-3 && Instant::now() < until {
                    waited = of_this_thread().unwrap().since(before);
                }
                over.store(true, SeqCst);
                waited
            });
            late.join().unwrap()
        });
        assert!(waited.waited_s >= 2e-3, "{waited:?}");
        assert!(waited.times > 0 && waited.mean().unwrap() > 0.0);
    }
}
