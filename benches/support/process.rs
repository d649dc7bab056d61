//! What one run of a program costs: process time, wall time, peak memory, instructions.

use nix::libc;
use std::process::{Command, Stdio};
use std::time::Instant;

use super::Samples;

/// One run of a command: seconds, and bytes.
pub struct Run {
    pub cpu: f64,
    pub wall: f64,
    pub peak: f64,
}

/// Median (smallest to largest) of a figure of runs, times `scale`.
pub fn range(runs: &[Run], figure: fn(&Run) -> f64, scale: f64, digits: usize) -> String {
    Samples::new(runs.iter().map(figure).collect()).range(scale, digits)
}

/// Runs a program, which must end well.
pub fn run(program: &str, arguments: &[&str]) -> Run {
    let (run, status) = run_to_end(program, arguments);
    assert_eq!(status, 0, "{program} {arguments:?} failed");
    run
}

/// Runs a program; with what the system says of its end.
#[allow(
    clippy::zombie_processes,
    reason = "wait4 waits for it, and says what it cost"
)]
pub fn run_to_end(program: &str, arguments: &[&str]) -> (Run, i32) {
    let started = Instant::now();
    let child = quiet(Command::new(program).args(arguments))
        .spawn()
        .expect("it starts");
    let pid = i32::try_from(child.id()).expect("a pid");
    let mut status = 0;
    // SAFETY: both are plain data that the call fills; the child is ours and not yet waited for.
    let (waited, usage) = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        (libc::wait4(pid, &raw mut status, 0, &raw mut usage), usage)
    };
    let wall = started.elapsed().as_secs_f64();
    assert_eq!(
        waited, pid,
        "{program} {arguments:?} is not ours to wait for"
    );
    let seconds = |time: libc::timeval| time.tv_sec as f64 + time.tv_usec as f64 / 1e6;
    let run = Run {
        cpu: seconds(usage.ru_utime) + seconds(usage.ru_stime),
        wall,
        // Never less than the bench's own memory, in which the child begins (some 3 MB).
        peak: usage.ru_maxrss as f64 * 1024.0,
    };
    (run, status)
}

fn quiet(command: &mut Command) -> &mut Command {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
}

/// User-space instructions of one run, in millions: a figure that a busy machine does not change.
/// The CPU's own counter where perf may read it, else valgrind's count; else why there is none.
pub fn instructions(program: &str, arguments: &[&str]) -> String {
    let counted = perf(program, arguments)
        .map(|count| (count, ""))
        .or_else(|| Some((valgrind(program, arguments)?, " (valgrind)")));
    match counted {
        Some((count, how)) => format!("{:.1}{how}", count / 1e6),
        None => "neither perf nor valgrind".to_owned(),
    }
}

fn perf(program: &str, arguments: &[&str]) -> Option<f64> {
    let mut command = Command::new("perf");
    command
        .args(["stat", "-x", ",", "-e", "instructions:u", program])
        .args(arguments);
    let output = command.stdin(Stdio::null()).output().ok()?;
    let text = String::from_utf8_lossy(&output.stderr);
    // Without a counter the first field is `<not supported>`.
    text.lines().find_map(|line| {
        line.split_once(",,instructions")
            .and_then(|(count, _)| count.parse().ok())
    })
}

fn valgrind(program: &str, arguments: &[&str]) -> Option<f64> {
    let mut command = Command::new("valgrind");
    command
        .args([
            "--tool=callgrind",
            "--callgrind-out-file=/dev/null",
            program,
        ])
        .args(arguments);
    let output = command.stdin(Stdio::null()).output().ok()?;
    let text = String::from_utf8_lossy(&output.stderr);
    let count = text
        .lines()
        .find_map(|line| line.split_once("Collected : "))?
        .1;
    count.trim().parse().ok()
}
