//! Runs the program under limits, and says what it took.

#![allow(dead_code, reason = "not every test reads all of it")]

use nix::libc;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};

/// What takes longer hangs, in seconds of a processor: a build with debugging takes about a tenth.
pub const SECONDS: u64 = 20;

/// The program itself is larger in a build with debugging, by so many bytes of what it reads of it.
const OF_DEBUGGING: usize = if cfg!(debug_assertions) { 4 << 20 } else { 0 };

/// What a program may take for files of so many bytes in all.
pub fn allowed(bytes: usize) -> usize {
    (64 << 20) + 200 * bytes + OF_DEBUGGING
}

/// How a program ended.
#[derive(Debug)]
pub struct Ran {
    /// Why it did not end well.
    pub ended: Result<(), String>,
    pub code: Option<i32>,
    /// The most that it had in memory at a time, in bytes.
    pub most: usize,
    /// The processor's time that it took.
    pub seconds: f64,
}

impl Ran {
    /// It ended by itself, and within the memory that files of so many bytes may take.
    pub fn within(&self, bytes: usize, what: &str) {
        assert_eq!(self.ended, Ok(()), "{what}");
        let (most, allowed) = (self.most >> 10, allowed(bytes) >> 10);
        assert!(most <= allowed, "{what} takes {most} kB of {allowed} kB");
    }
}

/// Runs the program on a file, under limits that end it where it does not do so itself.
pub fn run(command: &[&str], file: &Path, seconds: u64) -> Ran {
    // what is mapped is more than what is used
    let mapped = allowed(file.metadata().unwrap().len() as usize) + (512 << 20);
    let mut child = Command::new("prlimit");
    child.args([format!("--cpu={seconds}"), format!("--as={mapped}")]);
    child.arg(env!("CARGO_BIN_EXE_scn")).args(command).arg(file);
    child.stdout(Stdio::null()).stderr(Stdio::null());
    let (status, used) = waited(child.spawn().unwrap());
    let ended = match (status.code(), status.signal()) {
        (Some(0..=2), _) => Ok(()),
        (Some(code), _) => Err(format!("exit code {code}")),
        (None, signal) => Err(format!("signal {signal:?}")),
    };
    let part = |time: libc::timeval| time.tv_sec as f64 + time.tv_usec as f64 / 1e6;
    Ran {
        ended,
        code: status.code(),
        most: used.ru_maxrss as usize * 1024,
        seconds: part(used.ru_utime) + part(used.ru_stime),
    }
}

/// Waits for a child of ours: how it ended, and what it alone used.
fn waited(child: Child) -> (ExitStatus, libc::rusage) {
    let (child, mut status) = (child.id(), 0);
    // SAFETY: both places are there to be written to, and zeros are a valid rusage.
    let (ended, used) = unsafe {
        let mut used: libc::rusage = std::mem::zeroed();
        let ended = libc::wait4(child as i32, &raw mut status, 0, &raw mut used);
        (ended, used)
    };
    assert_eq!(ended, child as i32, "{}", std::io::Error::last_os_error());
    (ExitStatus::from_raw(status), used)
}
