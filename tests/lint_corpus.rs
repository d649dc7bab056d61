//! `scn lint` over a corpus: every file or pack beside what is said about it and the exit code.
//! A file may name further arguments in a first line `# args: …`; a pack is a folder, of which
//! `main.scn` is linted, or the whole where there is none.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/lint")
}

/// Name, path to lint, and further arguments of every entry.
fn entries() -> BTreeMap<String, (String, Vec<String>)> {
    let mut out = BTreeMap::new();
    for entry in std::fs::read_dir(corpus()).unwrap() {
        let path = entry.unwrap().path();
        let file = path.file_name().unwrap().to_string_lossy().into_owned();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let (target, text) = if path.is_dir() {
            match std::fs::read_to_string(path.join("main.scn")) {
                Ok(text) => (format!("{file}/main.scn"), text),
                Err(_) => (file, String::new()),
            }
        } else if path.extension().is_some_and(|e| e == "scn") {
            let text = std::fs::read(&path).unwrap();
            (file, String::from_utf8_lossy(&text).into_owned())
        } else {
            continue;
        };
        let given = text
            .lines()
            .next()
            .and_then(|line| line.strip_prefix("# args: "));
        out.insert(name, (target, given.map(words).unwrap_or_default()));
    }
    out.insert(
        "file_missing".into(),
        ("no_such_file.scn".into(), Vec::new()),
    );
    out
}

/// Words of a line; double quotes keep blanks together.
fn words(line: &str) -> Vec<String> {
    let mut out = vec![String::new()];
    let mut quoted = false;
    for c in line.chars() {
        match c {
            '"' => quoted = !quoted,
            ' ' if !quoted => out.push(String::new()),
            c => out.last_mut().unwrap().push(c),
        }
    }
    out
}

/// What lint prints, and its exit code in the last line.
fn lint(target: &str, args: &[String]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_scn"))
        .args(["lint", target])
        .args(args)
        .current_dir(corpus())
        .env("NO_COLOR", "1")
        .env_remove("SCN_CORPUS_KEY")
        .env_remove("SCN_CORPUS_NOT_SET")
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let shown = text(&output.stdout) + &text(&output.stderr);
    format!("{shown}exit code {}\n", output.status.code().unwrap())
}

#[test]
fn every_entry_says_what_it_said() {
    let entries = entries();
    assert!(entries.len() >= 250, "{}", entries.len());
    let mut failed = Vec::new();
    for (name, (target, args)) in &entries {
        let shown = lint(target, args);
        assert!(!shown.contains("panicked"), "{name}: {shown}");
        if name.starts_with("good_") {
            assert!(
                shown.contains("nothing to object\nexit code 0"),
                "{name}: {shown}"
            );
        }
        let compared = std::panic::catch_unwind(|| {
            insta::with_settings!({
                snapshot_path => "corpus/lint",
                prepend_module_to_snapshot => false,
                omit_expression => true,
            }, {
                insta::assert_snapshot!(name.clone(), shown);
            });
        });
        if compared.is_err() {
            failed.push(name);
        }
    }
    assert!(failed.is_empty(), "changed: {failed:?}");
}

/// A code that no file of the corpora shows is one that nobody has seen work.
#[test]
fn every_code_is_shown() {
    let source = include_str!("../src/diagnostics/mod.rs");
    let codes: BTreeSet<&str> = source
        .lines()
        .filter(|line| line.contains(": Rule ="))
        .filter_map(|line| line.split('"').nth(1))
        .collect();
    assert!(codes.len() > 30, "{codes:?}");
    let mut seen = String::new();
    for folder in ["lint", "syntax"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/corpus")
            .join(folder);
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|e| e == "snap") {
                seen += &std::fs::read_to_string(path).unwrap();
            }
        }
    }
    let missing: Vec<_> = codes.iter().filter(|code| !seen.contains(**code)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// Whoever may not read a file is told so. As `root`, who may read everything, the program is run for
/// somebody who may not.
#[test]
fn an_unreadable_file_is_wrong_usage() {
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::process::CommandExt;
    let folder = tempfile::tempdir().unwrap();
    let mode = |path: &Path, mode| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    mode(folder.path(), 0o755);
    let file = folder.path().join("closed.scn");
    std::fs::write(&file, "let a = 1\n").unwrap();
    mode(&file, 0o000);
    let mut program = PathBuf::from(env!("CARGO_BIN_EXE_scn"));
    let reads_all = std::fs::read(&file).is_ok();
    if reads_all {
        // where the program was built others may not be
        let copy = folder.path().join("scn");
        std::fs::copy(&program, &copy).unwrap();
        mode(&copy, 0o755);
        program = copy;
    }
    let mut command = Command::new(program);
    command.arg("lint").arg(&file).current_dir(folder.path());
    if reads_all {
        command.uid(65534).gid(65534);
    }
    let output = command.output().unwrap();
    let shown = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{shown}");
    assert!(shown.contains("permission denied"), "{shown}");
}

/// Every finding says what to do, not only what is wrong.
#[test]
fn every_finding_has_a_remedy() {
    let mut without = Vec::new();
    for (name, (target, args)) in &entries() {
        let json = [&args[..], &["--json".into(), "-".into()]].concat();
        let output = lint(target, &json);
        let found: Vec<serde_json::Value> = match output.rsplit_once("exit code") {
            Some((text, _)) => serde_json::from_str(text).unwrap_or_default(),
            None => Vec::new(),
        };
        for one in &found {
            if one["help"].as_array().unwrap().is_empty()
                && one["fixes"].as_array().unwrap().is_empty()
            {
                without.push(format!("{name}: {}", one["message"]));
            }
        }
    }
    assert!(without.is_empty(), "{without:#?}");
}

/// The same words from all three, and no colour where nobody sees it.
#[test]
fn plan_and_run_say_what_lint_says() {
    let entries = [
        "beginner_unclosed_server.scn",
        "beginner_five_mistakes.scn",
        "beginner_wide_letters.scn",
        "beginner_count_with_a_share.scn",
        "file_not_utf8.scn",
        "use_cycle/main.scn",
    ];
    for entry in entries {
        let said = ["lint", "plan", "run"].map(|command| {
            let output = Command::new(env!("CARGO_BIN_EXE_scn"))
                .args([command, entry])
                .current_dir(corpus())
                .env_remove("NO_COLOR")
                .output()
                .unwrap();
            let shown = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(!shown.contains('\u{1b}'), "{shown}");
            (output.status.code(), shown)
        });
        let [(_, lint), (plan_code, plan), (run_code, run)] = said;
        assert_eq!((plan_code, run_code), (Some(2), Some(2)), "{entry}");
        assert!(
            !lint.is_empty() && lint == plan && plan == run,
            "{entry}: {lint}\n{run}"
        );
    }
}

/// What lint lets pass without a key is refused where the key is needed.
#[test]
fn an_unset_variable_stops_a_run() {
    for command in ["plan", "run"] {
        let output = Command::new(env!("CARGO_BIN_EXE_scn"))
            .args([command, "env_missing.scn"])
            .current_dir(corpus())
            .env_remove("SCN_CORPUS_NOT_SET")
            .output()
            .unwrap();
        let shown = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{command}: {shown}");
        assert!(shown.contains("error[E0413]"), "{command}: {shown}");
    }
}

#[test]
fn plan_and_run_refuse_what_lint_refuses() {
    for command in ["plan", "run"] {
        let output = Command::new(env!("CARGO_BIN_EXE_scn"))
            .args([command, "unknown_attribute.scn"])
            .current_dir(corpus())
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(2), "{command}");
        assert!(String::from_utf8_lossy(&output.stderr).contains("E0202"));
    }
}

#[test]
fn a_plan_shows_no_secret() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secret.scn");
    let text = "use std.engines\n\
        workload hello { prompt = \"Hi.\" }\n\
        scenario basic {\n\
          server sut {\n\
            engine = engines.vllm, model = { path = \"/m\" }\n\
            options { load_format = secret(\"hidden-1\") }\n\
            arguments = [\"--api-key\", secret(\"hidden-2\")]\n\
            environment { TOKEN = env(\"SCN_TEST_TOKEN\") }\n\
          }\n\
          phase steady { workload = hello, requests = 10 }\n\
        }\n";
    std::fs::write(&file, text).unwrap();
    for json in [false, true] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_scn"));
        command
            .arg("plan")
            .arg(&file)
            .env("SCN_TEST_TOKEN", "hidden-3");
        if json {
            command.args(["--json", "-"]);
        }
        let output = command.output().unwrap();
        let shown = String::from_utf8_lossy(&output.stdout).into_owned()
            + &String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{shown}");
        assert!(shown.contains("--api-key"), "{shown}");
        assert!(!shown.contains("hidden-"), "{shown}");
    }
}

#[test]
fn suites_of_other_files_are_planned() {
    let plan = |args: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_scn"))
            .args(["plan", "good_suite_of_other_files/main.scn"])
            .args(args)
            .current_dir(corpus())
            .output()
            .unwrap();
        (
            output.status.code(),
            String::from_utf8_lossy(&output.stdout).into_owned(),
        )
    };
    let (code, shown) = plan(&["--suite", "nightly"]);
    assert_eq!(code, Some(0));
    assert!(
        shown.contains("small") && shown.contains("large"),
        "{shown}"
    );
    let (code, shown) = plan(&["--suite", "nightly", "--only", "large"]);
    assert_eq!(code, Some(0));
    assert!(!shown.contains("scenario small"), "{shown}");
    assert_eq!(plan(&[]).0, Some(4));
}

/// What a plan says on standard error, in a folder of the corpus.
fn refused(folder: &str, args: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_scn"))
        .arg("plan")
        .args(args)
        .current_dir(corpus().join(folder))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(4));
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_suite_without_its_name_and_a_scenario_of_a_wrong_one_are_told_the_names() {
    let folder = "good_suite_of_other_files";
    let said = refused(folder, &["main.scn"]);
    assert!(said.contains("selected with --suite nightly"), "{said}");
    // what lies in the folder and is named by the suite too is told once
    let said = refused(folder, &[".", "--only", "nope"]);
    assert_eq!(said.matches("small").count(), 1, "{said}");
}

/// A base of another folder: what extends it there is looked for below the current folder, and only
/// where it uses this very file.
#[test]
fn what_extends_a_base_from_another_folder_gives_it_names() {
    let pack = tempfile::tempdir().unwrap();
    let (base, runs) = (pack.path().join("base"), pack.path().join("runs"));
    let beside = corpus().join("good_base_of_a_file_beside");
    for folder in [&base, &runs] {
        std::fs::create_dir(folder).unwrap();
    }
    std::fs::copy(beside.join("main.scn"), base.join("main.scn")).unwrap();
    let text = std::fs::read_to_string(beside.join("runs.scn")).unwrap();
    let uses = |path: &str| {
        let text = text.replace("./main.scn", path);
        std::fs::write(runs.join("runs.scn"), text).unwrap();
    };
    let lint = |folder: &Path, file: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_scn"));
        let output = command.args(["lint", file]).current_dir(folder).output();
        output.unwrap().status.code()
    };
    uses("../base/main.scn");
    assert_eq!(lint(pack.path(), "base/main.scn"), Some(0));
    assert_eq!(lint(&base, "main.scn"), Some(1), "nothing above is read");
    uses("./main.scn");
    assert_eq!(lint(pack.path(), "base/main.scn"), Some(1), "another file");
}
