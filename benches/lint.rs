//! What checking a large pack costs: the real program, from its start to its end. Run with
//! `cargo bench --bench lint`.

mod support;

use std::path::Path;
use support::process::{Run, instructions, range, run, run_to_end};
use support::{pack, shapes, table};

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
    hostile(folder.path(), &["lint"]);
    hostile(folder.path(), &["lint", "--diff", "--unsafe-fixes"]);
}

/// Texts of many things of one sort, each of a megabyte, against scenarios of that size.
fn hostile(folder: &Path, command: &[&str]) {
    let file = folder.join("hostile.scn");
    let path = file.to_str().unwrap();
    let cpu = |text: &str| {
        std::fs::write(&file, text).unwrap();
        // with what it finds it ends in other ways than well
        run_to_end(SCN, &[command, &[path]].concat()).0
    };
    let shapes: Vec<_> = shapes::shapes(1 << 20).collect();
    let plain = shapes.iter().find(|(name, _)| *name == "scenarios");
    let plain = plain.map_or(f64::NAN, |(_, text)| cpu(text).cpu);
    let rows: Vec<Vec<String>> = shapes
        .iter()
        .map(|(name, text)| {
            let run = cpu(text);
            vec![
                (*name).to_owned(),
                format!("{:.0}", run.cpu * 1e3),
                format!("{:.1}", run.cpu / plain),
                format!("{:.0}", run.peak * 1e-6),
            ]
        })
        .collect();
    table(
        &format!("scn {} of 1 MB of one sort, once", command.join(" ")),
        &["text", "process time, ms", "times scenarios", "peak MB"],
        &rows,
    );
}
