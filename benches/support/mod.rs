//! What the benches share: figures of samples, tables, CPU time and the built-in engine.
#![allow(dead_code, reason = "every bench uses its own part")]

pub mod hostile;
pub mod pack;
pub mod process;
pub mod shapes;

use nix::sys::resource::{UsageWho, getrusage};
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

/// Samples in order of size.
pub struct Samples(Vec<f64>);

impl Samples {
    pub fn new(mut samples: Vec<f64>) -> Self {
        samples.sort_by(f64::total_cmp);
        Self(samples)
    }

    /// The value below which a share `q` of the samples lies (nearest rank); NaN of none.
    pub fn at(&self, q: f64) -> f64 {
        let last = self.0.len().saturating_sub(1) as f64;
        let found = self.0.get((last * q).round() as usize);
        found.copied().unwrap_or(f64::NAN)
    }

    pub fn mean(&self) -> f64 {
        self.0.iter().sum::<f64>() / self.0.len() as f64
    }

    /// `median (min to max)`, each times `scale`.
    pub fn range(&self, scale: f64, digits: usize) -> String {
        let [min, median, max] = [0.0, 0.5, 1.0].map(|q| self.at(q) * scale);
        format!("{median:.digits$} ({min:.digits$} to {max:.digits$})")
    }
}

/// Rows under a head, in columns; the first to the left, the others to the right.
pub fn table(title: &str, head: &[&str], rows: &[Vec<String>]) {
    let head: Vec<String> = head.iter().map(ToString::to_string).collect();
    let all = || std::iter::once(&head).chain(rows);
    let width = |column: usize| {
        all()
            .filter_map(|row| row.get(column))
            .map(|cell| cell.chars().count())
            .max()
    };
    let widths: Vec<usize> = (0..head.len())
        .map(|column| width(column).unwrap_or(0))
        .collect();
    println!("\n{title}");
    for row in all() {
        let cells =
            row.iter()
                .zip(&widths)
                .enumerate()
                .map(|(column, (cell, width))| match column {
                    0 => format!("{cell:<width$}"),
                    _ => format!("{cell:>width$}"),
                });
        println!("  {}", cells.collect::<Vec<_>>().join("   "));
    }
}

/// CPU seconds of this process so far, user and system.
pub fn own_cpu() -> f64 {
    let usage = getrusage(UsageWho::RUSAGE_SELF).expect("our own usage");
    [usage.user_time(), usage.system_time()]
        .iter()
        .map(|time| time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6)
        .sum()
}

/// The built-in engine, a process of its own that ends with this value.
pub struct Engine {
    child: Child,
    pub url: String,
}

impl Engine {
    /// Starts `scn serve` on a free port and waits for the line that says where it listens.
    pub fn start(arguments: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_scn"));
        command.args(["serve", "--port", "0"]).args(arguments);
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        // SAFETY: one system call, in the child, between fork and exec. The engine must not stay
        // when the bench is killed; its thread that starts engines is the main one.
        unsafe {
            command.pre_exec(|| {
                Ok(nix::sys::prctl::set_pdeathsig(
                    nix::sys::signal::Signal::SIGKILL,
                )?)
            });
        }
        let mut child = command.spawn().expect("the engine starts");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("piped");
        let _ = BufReader::new(stdout).read_line(&mut line);
        let url = line
            .split_whitespace()
            .find(|word| word.starts_with("http://"));
        let Some(url) = url.map(str::to_owned) else {
            let _ = child.kill();
            panic!("the engine says {line:?} ({:?})", child.wait());
        };
        Self { child, url }
    }

    /// CPU seconds of the engine's threads so far.
    pub fn cpu(&self) -> f64 {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", self.child.id()));
        let spent = tasks.expect("the engine lives").flatten().map(|task| {
            // Nanoseconds on a CPU, then what is of no interest here.
            let text = std::fs::read_to_string(task.path().join("schedstat")).unwrap_or_default();
            let first = text.split_whitespace().next();
            first.and_then(|ns| ns.parse::<f64>().ok()).unwrap_or(0.0) / 1e9
        });
        spent.sum()
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
