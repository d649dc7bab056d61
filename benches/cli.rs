//! What a command costs from start to end: process time, wall time, peak memory, instructions;
//! and the size of the binary. Run with `cargo bench --bench cli`.

mod support;

use nix::libc;
use std::process::{Command, Stdio};
use std::time::Instant;
use support::{Samples, table};

const SCN: &str = env!("CARGO_BIN_EXE_scn");
const QUICKSTART: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios/quickstart.scn");

/// Every command runs so often, in turns, so that what else the machine does meets all alike.
const ROUNDS: usize = 100;

const COMMANDS: &[&[&str]] = &[
    &["--version"],
    &["--help"],
    &["lint", "--help"],
    &["lint", QUICKSTART],
    &["plan", QUICKSTART],
    &["plan", "--json", "-", QUICKSTART],
    &["completions", "bash"],
];

/// One run of a command: seconds, and bytes.
struct Run {
    cpu: f64,
    wall: f64,
    peak: f64,
}

fn main() {
    let mut runs: Vec<Vec<Run>> = COMMANDS.iter().map(|_| Vec::new()).collect();
    for _ in 0..ROUNDS {
        for (arguments, runs) in COMMANDS.iter().zip(&mut runs) {
            runs.push(run(arguments));
        }
    }
    let rows: Vec<Vec<String>> = COMMANDS
        .iter()
        .zip(&runs)
        .map(|(arguments, runs)| {
            let of = |figure: fn(&Run) -> f64| Samples::new(runs.iter().map(figure).collect());
            vec![
                shown(arguments),
                of(|run| run.cpu).range(1e3, 2),
                of(|run| run.wall).range(1e3, 2),
                format!("{:.1}", of(|run| run.peak).at(0.5) / 1e6),
                instructions(arguments),
            ]
        })
        .collect();
    let head = ["command", "process time, ms", "wall time, ms", "peak MB", "M instructions"];
    table(&format!("the command line, {ROUNDS} runs each: median (min to max)"), &head, &rows);
    let size = std::fs::metadata(SCN).map_or(f64::NAN, |meta| meta.len() as f64);
    println!("\n  the binary: {:.1} MB", size / 1e6);
}

fn shown(arguments: &[&str]) -> String {
    let words: Vec<&str> = arguments.iter().map(|word| word.rsplit('/').next().unwrap_or(word)).collect();
    format!("scn {}", words.join(" "))
}

fn run(arguments: &[&str]) -> Run {
    let started = Instant::now();
    let child = quiet(Command::new(SCN).args(arguments)).spawn().expect("scn starts");
    let pid = i32::try_from(child.id()).expect("a pid");
    let mut status = 0;
    // SAFETY: both are plain data that the call fills; the child is ours and not yet waited for.
    let (waited, usage) = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        (libc::wait4(pid, &raw mut status, 0, &raw mut usage), usage)
    };
    let wall = started.elapsed().as_secs_f64();
    assert_eq!(waited, pid, "scn {arguments:?} is not ours to wait for");
    assert_eq!(status, 0, "scn {arguments:?} failed");
    let seconds = |time: libc::timeval| time.tv_sec as f64 + time.tv_usec as f64 / 1e6;
    Run {
        cpu: seconds(usage.ru_utime) + seconds(usage.ru_stime),
        wall,
        // Never less than the bench's own memory, in which the child begins (some 3 MB).
        peak: usage.ru_maxrss as f64 * 1024.0,
    }
}

fn quiet(command: &mut Command) -> &mut Command {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null())
}

/// User-space instructions of one run, in millions: a figure that a busy machine does not change.
/// The CPU's own counter where perf may read it, else valgrind's count; else why there is none.
fn instructions(arguments: &[&str]) -> String {
    let counted = perf(arguments).map(|count| (count, "")).or_else(|| Some((valgrind(arguments)?, " (valgrind)")));
    match counted {
        Some((count, how)) => format!("{:.1}{how}", count / 1e6),
        None => "neither perf nor valgrind".to_owned(),
    }
}

fn perf(arguments: &[&str]) -> Option<f64> {
    let mut command = Command::new("perf");
    command.args(["stat", "-x", ",", "-e", "instructions:u", SCN]).args(arguments);
    let output = command.stdin(Stdio::null()).output().ok()?;
    let text = String::from_utf8_lossy(&output.stderr);
    // Without a counter the first field is `<not supported>`.
    text.lines().find_map(|line| line.split_once(",,instructions").and_then(|(count, _)| count.parse().ok()))
}

fn valgrind(arguments: &[&str]) -> Option<f64> {
    let mut command = Command::new("valgrind");
    command.args(["--tool=callgrind", "--callgrind-out-file=/dev/null", SCN]).args(arguments);
    let output = command.stdin(Stdio::null()).output().ok()?;
    let text = String::from_utf8_lossy(&output.stderr);
    let count = text.lines().find_map(|line| line.split_once("Collected : "))?.1;
    count.trim().parse().ok()
}
