//! What checking a large pack costs: the real program, from its start to its end. Run with
//! `cargo bench --bench lint`.

mod support;

use std::path::Path;
use support::process::{Run, instructions, range, run, run_to_end};
use support::{hostile, pack, shapes, table};

const SCN: &str = env!("CARGO_BIN_EXE_scn");

const ROUNDS: usize = 30;

const MEGABYTE: usize = 1 << 20;

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
    let named = |(name, text): (&str, String)| (name.to_owned(), text);
    let of_one_sort = || shapes::shapes(MEGABYTE).map(named).collect();
    let to_repair = hostile::to_repair(MEGABYTE).into_iter().map(named);
    let against = |command: &[&str], texts| against(folder.path(), command, texts);
    let fix = ["lint", "--diff", "--unsafe-fixes"];
    against(&["lint"], of_one_sort());
    against(&fix, of_one_sort());
    against(&["lint"], hostile::texts(MEGABYTE));
    against(&["fmt", "--check"], hostile::texts(MEGABYTE));
    against(&fix, to_repair.collect());
}

/// Texts of a megabyte that can be made slow, large or endless, against a valid one of that size.
fn against(folder: &Path, command: &[&str], texts: Vec<(String, String)>) {
    let file = folder.join("hostile.scn");
    let path = file.to_str().unwrap();
    let cost = |text: &str| {
        std::fs::write(&file, text).unwrap();
        // with what it finds it ends in other ways than well
        run_to_end(SCN, &[command, &[path]].concat()).0
    };
    let valid = hostile::valid(MEGABYTE);
    let valid = (0..3).map(|_| cost(&valid).cpu).fold(f64::NAN, f64::min);
    let row = |(name, text): &(String, String)| {
        let run = cost(text);
        vec![
            name.clone(),
            format!("{:.0}", run.cpu * 1e3),
            format!("{:.1}", run.cpu / valid),
            format!("{:.0}", run.peak * 1e-6),
        ]
    };
    table(
        &format!("scn {} of 1 MB of each, once", command.join(" ")),
        &["text", "process time, ms", "times a valid file", "peak MB"],
        &texts.iter().map(row).collect::<Vec<_>>(),
    );
}
