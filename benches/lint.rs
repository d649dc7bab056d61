//! What checking a large pack costs: the real program, from its start to its end. Run with
//! `cargo bench --bench lint`.

mod support;

use support::process::{Run, instructions, range, run};
use support::{pack, table};

const SCN: &str = env!("CARGO_BIN_EXE_scn");

const ROUNDS: usize = 30;

fn main() {
    let folder = tempfile::tempdir().unwrap();
    let lines = pack::write(folder.path());
    let path = folder.path().to_str().unwrap();
    let arguments = ["lint", path];
    let runs: Vec<Run> = (0..ROUNDS).map(|_| run(SCN, &arguments)).collect();
    let row = vec![
        "scn lint".to_owned(),
        range(&runs, |run| run.cpu, 1e3, 0),
        range(&runs, |run| run.wall, 1e3, 0),
        range(&runs, |run| run.peak, 1e-6, 0),
        instructions(SCN, &arguments),
    ];
    table(
        &format!(
            "{} scenarios in as many files ({lines} lines), {ROUNDS} times: median (min to max)",
            pack::SCENARIOS
        ),
        &[
            "command",
            "process time, ms",
            "wall time, ms",
            "peak MB",
            "M instructions",
        ],
        &[row],
    );
}
