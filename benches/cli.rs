//! What a command costs from start to end: process time, wall time, peak memory, instructions;
//! and the size of the binary. Run with `cargo bench --bench cli`.

mod support;

use support::process::{Run, instructions, range, run};
use support::table;

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

fn main() {
    let mut runs: Vec<Vec<Run>> = COMMANDS.iter().map(|_| Vec::new()).collect();
    for _ in 0..ROUNDS {
        for (arguments, runs) in COMMANDS.iter().zip(&mut runs) {
            runs.push(run(SCN, arguments));
        }
    }
    let rows: Vec<Vec<String>> = COMMANDS
        .iter()
        .zip(&runs)
        .map(|(arguments, runs)| {
            vec![
                shown(arguments),
                range(runs, |run| run.cpu, 1e3, 2),
                range(runs, |run| run.wall, 1e3, 2),
                range(runs, |run| run.peak, 1e-6, 1),
                instructions(SCN, arguments),
            ]
        })
        .collect();
    let head = [
        "command",
        "process time, ms",
        "wall time, ms",
        "peak MB",
        "M instructions",
    ];
    table(
        &format!("the command line, {ROUNDS} runs each: median (min to max)"),
        &head,
        &rows,
    );
    let size = std::fs::metadata(SCN).map_or(f64::NAN, |meta| meta.len() as f64);
    println!("\n  the binary: {:.1} MB", size / 1e6);
}

fn shown(arguments: &[&str]) -> String {
    let words: Vec<&str> = arguments
        .iter()
        .map(|word| word.rsplit('/').next().unwrap_or(word))
        .collect();
    format!("scn {}", words.join(" "))
}
