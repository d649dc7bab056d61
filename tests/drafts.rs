//! The five jobs that the language exists for, as packs with the files that they read: each lints
//! without a finding (what a rule says against a job is suppressed there, with its reason), is
//! planned, and stands in the one style.

use std::path::{Path, PathBuf};
use std::process::Command;

fn packs() -> Vec<PathBuf> {
    let drafts = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/drafts");
    let entries = std::fs::read_dir(drafts).unwrap();
    let mut packs: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    packs.sort();
    packs
}

/// What `scn` prints in a pack, after it succeeded.
#[track_caller]
fn scn(pack: &Path, args: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_scn"))
        .args(args)
        .current_dir(pack)
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (out, error) = (text(&output.stdout), text(&output.stderr));
    assert!(
        output.status.success(),
        "{}: scn {}\n{out}{error}",
        pack.display(),
        args.join(" ")
    );
    out
}

#[test]
fn the_five_jobs_lint_clean_and_are_planned() {
    let packs = packs();
    assert_eq!(packs.len(), 5, "{packs:?}");
    let planned = [
        ("batched", "6 cases on 2 launches; 2 GPUs; "),
        ("leak", "3 cases on 2 launches; 1 GPU; "),
        ("multimodal", "16 cases on 10 launches; 4 GPUs; "),
        ("parallelism", "18 of 19 cases, simulated; no GPU"),
        ("tp_moe", "13 of 24 cases on 13 launches; 8 GPUs; "),
    ];
    for (pack, (name, first)) in packs.iter().zip(planned) {
        assert!(pack.ends_with(name), "{}", pack.display());
        let said = scn(pack, &["lint", "."]);
        assert!(said.ends_with("nothing to object\n"), "{said}");
        scn(pack, &["fmt", "--check", "."]);
        let plan = scn(pack, &["plan", "."]);
        assert!(plan.starts_with(first), "{}: {plan}", pack.display());
    }
}

#[test]
fn rows_of_a_file_are_asked_once_each_and_a_record_becomes_flags() {
    let pack = packs().remove(0);
    let plan = scn(&pack, &["plan", "."]);
    let line = |what: &str| {
        let found = plan.lines().find(|line| line.contains(what));
        found
            .unwrap_or_else(|| panic!("no {what} in\n{plan}"))
            .to_string()
    };
    assert!(
        line("(text_cases)").contains("1 client, 2 requests"),
        "{plan}"
    );
    let command: String = plan.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        command.contains("--trust-remote-code --max-num-seqs 64"),
        "{plan}"
    );
}
