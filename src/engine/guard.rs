//! The guard: a small process between scn and each server that outlives scn for as long as it
//! takes to kill everything the server started.
//!
//! - scn holds the guard's standard input. Its end (scn ended, was killed, dropped the server)
//!   makes the guard kill every descendant at once.
//! - The guard is a *child subreaper*: a descendant whose parent ends becomes the guard's
//!   child, also where it left the process group or the session. So everything the server ever
//!   started stays below the guard, and "nothing is left" is when the guard has no child.
//! - The server asks the kernel to kill it when the guard dies (`PR_SET_PDEATHSIG`). scn too
//!   is a subreaper ([`become_subreaper`]): when the guard alone is killed, its descendants
//!   come to scn, which kills them, and those it finds by a variable in their environment.
//! - The guard has a session of its own and blocks every signal that can be blocked: the
//!   terminal's Ctrl-C reaches scn alone, which decides what becomes of servers.
//!
//! What remains: when scn *and* the guard are killed in the same instant, the server itself
//! dies, but its descendants live on, unless they end because it did. The same holds for a
//! server with set-user-id or file capabilities, for which the kernel drops `PDEATHSIG`, where
//! the guard is killed. Descendants that run as another user cannot be killed; they are named.
//! Containers that a daemon starts on behalf of the server are not its descendants.

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::prctl;
use nix::sys::signal::{SigHandler, SigSet, Signal, killpg, signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{Pid, getpid, getppid, setsid};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::protocol::{Event, Order, Spec, line};
use super::tree;

/// The hidden subcommand: the program's first argument, before any of clap's.
pub const SUBCOMMAND: &str = "__guard";

/// What `ps` and `pkill` see; without the program's own name, so that `pkill scn` ends scn
/// and leaves the guard to do its work.
pub(super) const NAME: &std::ffi::CStr = c"server-guard";

/// Longest pause between two rounds of killing what does not die (a process in an
/// uninterruptible wait dies when the wait is over).
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

/// Makes this process the one that orphaned descendants come to, so that they can be killed
/// where a guard was killed. Call it once, early.
///
/// # Errors
/// The kernel's, on a system without subreapers.
pub fn become_subreaper() -> io::Result<()> {
    prctl::set_child_subreaper(true).map_err(io::Error::from)
}

/// Runs a guard until nothing it started is left. Must be called before any thread starts:
/// the server's death signal is bound to the thread that starts it.
/// Returns the process's exit code.
pub fn guard_main(_args: impl Iterator<Item = OsString>) -> i32 {
    match Guard::new().and_then(Guard::run) {
        Ok(()) => 0,
        Err(error) => {
            // Standard error is the server's log.
            eprintln!("the guard of this server failed: {error}");
            1
        }
    }
}

struct Guard {
    orders: Orders,
    signals: SignalFd,
    server: Pid,
    server_ended: bool,
    /// From when on everything is killed.
    deadline: Option<Instant>,
    leftover: Duration,
    grace_over: bool,
    killed: BTreeMap<i32, tree::ProcessName>,
    pause: Duration,
}

impl Guard {
    fn new() -> io::Result<Self> {
        // Fails where the guard already leads a group: then it is apart from scn's anyway.
        let _ = setsid();
        let _ = prctl::set_name(NAME);
        // An ignored SIGCHLD is inherited, and would reap children before they are looked at.
        // SAFETY: sets a default disposition; no handler is involved.
        unsafe { signal(Signal::SIGCHLD, SigHandler::SigDfl) }?;
        SigSet::all().thread_set_mask()?;
        let mut children = SigSet::empty();
        children.add(Signal::SIGCHLD);
        let flags = SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK;
        become_subreaper()?;
        Ok(Self {
            orders: Orders::default(),
            signals: SignalFd::with_flags(&children, flags)?,
            server: Pid::from_raw(0),
            server_ended: false,
            deadline: None,
            leftover: Duration::ZERO,
            grace_over: false,
            killed: BTreeMap::new(),
            pause: Duration::from_millis(5),
        })
    }

    fn run(mut self) -> io::Result<()> {
        let spec = loop {
            match self.orders.next() {
                Some(Order::Start(spec)) => break spec,
                Some(Order::Stop { .. }) => return Ok(()),
                None if self.orders.ended => return Ok(()),
                None => self.orders.read()?,
            }
        };
        self.leftover = Duration::from_millis(spec.leftover_ms);
        match start(spec) {
            Ok(pid) => self.server = pid,
            Err(error) => {
                tell(&Event::Failed {
                    errno: error.raw_os_error(),
                    message: error.to_string(),
                });
                return Ok(());
            }
        }
        tell(&Event::Started {
            pid: self.server.as_raw(),
        });
        loop {
            while let Some(order) = self.orders.next() {
                self.obey(&order);
            }
            if self.orders.ended {
                self.deadline = Some(Instant::now());
            }
            if !self.reap()? {
                break;
            }
            if self.deadline.is_some_and(|at| at <= Instant::now()) {
                self.kill();
            }
            self.wait()?;
        }
        tell(&Event::Gone {
            grace_over: self.grace_over,
            killed: self.killed.into_values().collect(),
        });
        Ok(())
    }

    fn obey(&mut self, order: &Order) {
        let Order::Stop { signal, grace_ms } = order else {
            return;
        };
        // Until it is reaped, which only this thread does, the number is the server's own.
        if !self.server_ended
            && let Ok(signal) = Signal::try_from(*signal)
        {
            let _ = killpg(self.server, signal);
        }
        self.kill_after(Duration::from_millis(*grace_ms));
    }

    /// Brings the deadline nearer; it is never put off.
    fn kill_after(&mut self, grace: Duration) {
        let at = Instant::now().checked_add(grace);
        self.deadline = match (self.deadline, at) {
            (Some(old), Some(new)) => Some(old.min(new)),
            (old, new) => old.or(new),
        };
    }

    /// Reaps what has ended; false when no child, so no descendant, is left.
    fn reap(&mut self) -> io::Result<bool> {
        loop {
            let status = match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
                Ok(WaitStatus::StillAlive) => return Ok(true),
                Ok(status) => status,
                Err(Errno::ECHILD) => return Ok(false),
                Err(Errno::EINTR) => continue,
                Err(error) => return Err(error.into()),
            };
            let (pid, code, signal) = match status {
                WaitStatus::Exited(pid, code) => (pid, Some(code), None),
                WaitStatus::Signaled(pid, signal, _) => (pid, None, Some(signal as i32)),
                _ => continue,
            };
            if pid == self.server {
                self.server_ended = true;
                tell(&Event::Exited { code, signal });
                self.kill_after(self.leftover);
            }
        }
    }

    fn kill(&mut self) {
        self.grace_over |= !self.server_ended;
        for one in tree::kill_each(tree::below(getpid().as_raw())) {
            self.killed.entry(one.pid).or_insert(one);
        }
    }

    /// Waits for an order, an ended child, or the deadline.
    fn wait(&mut self) -> io::Result<()> {
        let timeout = match self
            .deadline
            .map(|at| at.saturating_duration_since(Instant::now()))
        {
            None => PollTimeout::NONE,
            Some(Duration::ZERO) => {
                self.pause = (self.pause * 2).min(LONGEST_PAUSE);
                PollTimeout::try_from(self.pause).unwrap_or(PollTimeout::MAX)
            }
            // A millisecond more: poll rounds down, and would spin until the deadline.
            Some(left) => {
                PollTimeout::try_from(left + Duration::from_millis(1)).unwrap_or(PollTimeout::MAX)
            }
        };
        let stdin = io::stdin();
        let mut fds = vec![PollFd::new(self.signals.as_fd(), PollFlags::POLLIN)];
        if !self.orders.ended {
            fds.push(PollFd::new(stdin.as_fd(), PollFlags::POLLIN));
        }
        match poll(&mut fds, timeout) {
            Ok(_) | Err(Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
        let spoken = fds.get(1).is_some_and(|fd| fd.any().unwrap_or(true));
        while let Ok(Some(_)) = self.signals.read_signal() {}
        if spoken { self.orders.read() } else { Ok(()) }
    }
}

/// Starts the server in a process group of its own; its output goes to the guard's standard
/// error, which is the pipe that scn drains.
fn start(spec: Spec) -> io::Result<Pid> {
    let Some((program, args)) = spec.argv.split_first() else {
        return Err(Errno::EINVAL.into());
    };
    let output = || io::stderr().as_fd().try_clone_to_owned().map(Stdio::from);
    let mut command = Command::new(program);
    command
        .args(args)
        .envs(spec.env)
        .stdin(Stdio::null())
        .stdout(output()?)
        .stderr(output()?)
        .process_group(0);
    if let Some(cwd) = spec.cwd {
        command.current_dir(cwd);
    }
    let guard = getpid();
    // SAFETY: only async-signal-safe calls (signal, sigprocmask, prctl, getppid), no allocation.
    unsafe {
        command.pre_exec(move || {
            // A shell starts background jobs with some of these ignored; a server must not
            // inherit that, nor the guard's mask.
            for one in [
                Signal::SIGHUP,
                Signal::SIGINT,
                Signal::SIGQUIT,
                Signal::SIGTERM,
                Signal::SIGUSR1,
                Signal::SIGUSR2,
            ] {
                signal(one, SigHandler::SigDfl)?;
            }
            SigSet::empty().thread_set_mask()?;
            prctl::set_pdeathsig(Signal::SIGKILL)?;
            // The guard may have died before the line above: then nothing would kill us.
            if getppid() != guard {
                return Err(Errno::ESRCH.into());
            }
            Ok(())
        });
    }
    let child = command.spawn()?;
    Ok(Pid::from_raw(child.id().cast_signed()))
}

/// Says it to scn; where scn is gone, the end of the input says so.
fn tell(event: &Event) {
    if let Ok(line) = line(event) {
        let mut stdout = io::stdout().lock();
        let _ = stdout.write_all(&line).and_then(|()| stdout.flush());
    }
}

/// Lines from standard input, read only when there is something, without a hidden buffer.
#[derive(Default)]
struct Orders {
    buffer: Vec<u8>,
    ended: bool,
}

impl Orders {
    fn read(&mut self) -> io::Result<()> {
        let mut chunk = [0; 16 * 1024];
        match nix::unistd::read(io::stdin(), &mut chunk) {
            Ok(0) => self.ended = true,
            Ok(n) => self.buffer.extend_from_slice(&chunk[..n]),
            Err(Errno::EINTR | Errno::EAGAIN) => {}
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    /// The next whole order; what cannot be read ends the guard's work, as scn's end does.
    fn next(&mut self) -> Option<Order> {
        let end = self.buffer.iter().position(|byte| *byte == b'\n')?;
        let line: Vec<u8> = self.buffer.drain(..=end).collect();
        let order = serde_json::from_slice(&line).ok();
        self.ended |= order.is_none();
        order
    }
}
