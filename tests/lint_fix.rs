//! `scn lint --fix`: a corpus of files before and after, and what becomes of the files themselves.
//! A file of the corpus may name further arguments in a first line `# args: …`.

use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/fix")
}

fn command(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_scn"));
    command
        .arg("lint")
        .args(args)
        .current_dir(folder)
        .env("NO_COLOR", "1");
    command
}

/// Exit code, standard output and standard error.
fn lint(folder: &Path, args: &[&str]) -> (i32, String, String) {
    let done = command(folder, args).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let code = done.status.code().expect("no signal");
    (code, text(done.stdout), text(done.stderr))
}

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

fn text(folder: &Path, name: &str) -> String {
    std::fs::read_to_string(folder.join(name)).unwrap()
}

const WRONG: &str = "let a = True\nlet b = [a && a]\nlet c = b\n";
const RIGHT: &str = "let a = true\nlet b = [a and a]\nlet c = b\n";

/// The names of the corpus, in order.
fn names() -> Vec<String> {
    let entries = std::fs::read_dir(corpus()).unwrap();
    let files = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = files
        .filter_map(|file| Some(file.strip_suffix(".scn")?.to_owned()))
        .filter(|name| !name.ends_with(".fixed"))
        .collect();
    names.sort();
    names
}

#[test]
fn the_corpus() {
    let update = std::env::var("INSTA_UPDATE").is_ok_and(|how| how == "always");
    let mut failed = Vec::new();
    for name in &names() {
        let file = format!("{name}.scn");
        let before = text(&corpus(), &file);
        let given = before.lines().next().unwrap().strip_prefix("# args: ");
        let mut args: Vec<&str> = given
            .map(|line| line.split(' ').collect())
            .unwrap_or_default();
        let folder = folder(&[(&file, &before)]);
        args.extend(["--fix", &file]);
        let (code, out, said) = lint(folder.path(), &args);
        let shown = format!("{out}{said}exit code {code}\n");
        let after = text(folder.path(), &file);
        // the second time there is nothing to do
        lint(folder.path(), &args);
        assert_eq!(after, text(folder.path(), &file), "{name}: the second time");
        let kept = corpus().join(format!("{name}.fixed.scn"));
        if update {
            std::fs::write(&kept, &after).unwrap();
        } else if std::fs::read_to_string(&kept).ok() != Some(after.clone()) {
            failed.push(format!("{name}: {after}"));
        }
        let compared = std::panic::catch_unwind(|| {
            insta::with_settings!({
                snapshot_path => "corpus/fix",
                prepend_module_to_snapshot => false,
                omit_expression => true,
            }, {
                insta::assert_snapshot!(name.clone(), shown);
            });
        });
        if compared.is_err() {
            failed.push(name.clone());
        }
    }
    assert!(failed.is_empty(), "changed: {failed:#?}");
}

#[test]
fn a_file_is_mended_in_place() {
    let folder = folder(&[("real.scn", WRONG)]);
    let here = folder.path();
    std::fs::set_permissions(here.join("real.scn"), PermissionsExt::from_mode(0o640)).unwrap();
    symlink("real.scn", here.join("link.scn")).unwrap();
    let (code, out, said) = lint(here, &["--fix", "link.scn"]);
    assert_eq!(code, 0, "{said}");
    assert_eq!(out, "1 file, 0 cases: nothing to object\n");
    assert!(said.contains("fixed 2 in link.scn\n"), "{said}");
    assert!(said.ends_with("2 fixed\n"), "{said}");
    assert_eq!(text(here, "real.scn"), RIGHT);
    let link = here.join("link.scn").symlink_metadata().unwrap();
    assert!(link.is_symlink());
    let meta = here.join("real.scn").metadata().unwrap();
    assert_eq!(meta.permissions().mode() & 0o777, 0o640);
    assert_eq!(std::fs::read_dir(here).unwrap().count(), 2);
    // what is right is not written again
    lint(here, &["--fix", "link.scn"]);
    assert_eq!(here.join("real.scn").metadata().unwrap().ino(), meta.ino());
}

/// Only the bytes of the mistakes change.
#[test]
fn all_other_bytes_stay() {
    for (before, after) in [
        (
            "\u{FEFF}let a = True\nlet b = a",
            "\u{FEFF}let a = true\nlet b = a",
        ),
        (
            "let  a=True\r\n\r\n\tlet b = a  # é\r\n",
            "let  a=true\r\n\r\n\tlet b = a  # é\r\n",
        ),
        (
            "## doc\nlet a = True #1\n\n\n\nlet b = a",
            "## doc\nlet a = true #1\n\n\n\nlet b = a",
        ),
    ] {
        let folder = folder(&[("a.scn", before)]);
        lint(folder.path(), &["--fix", "a.scn"]);
        assert_eq!(text(folder.path(), "a.scn"), after);
    }
}

#[test]
fn differences_are_shown_and_nothing_written() {
    let folder = folder(&[("a.scn", WRONG), ("b.scn", RIGHT)]);
    let here = folder.path();
    let (code, out, said) = lint(here, &["--diff", "a.scn", "b.scn"]);
    assert_eq!(code, 1);
    insta::assert_snapshot!(out, @r"
    --- a.scn
    +++ a.scn
    @@ -1,3 +1,3 @@
    -let a = True
    -let b = [a && a]
    +let a = true
    +let b = [a and a]
     let c = b
    ");
    assert!(said.contains("would fix 2 in a.scn"), "{said}");
    assert!(said.contains("2 would be fixed"), "{said}");
    assert_eq!(text(here, "a.scn"), WRONG);
    assert_eq!(
        lint(here, &["--diff", "b.scn", "-q"]),
        (0, String::new(), String::new())
    );
    // the differences are on standard output, where findings would be
    let (code, _, said) = lint(here, &["--diff", "a.scn", "--format", "json"]);
    assert_eq!(code, 2, "{said}");
}

#[test]
fn a_difference_of_the_format_shows_no_secret_either() {
    let before = "let a=secret(\"hunter2\")\nlet  b=secret(\"hunter2-and-more\") # hunter2-and-more\n\
                  let  c=secret(\"abc\")\nlet  d=secret(\"\"\"\n  of\n  lines\"\"\")";
    let shown = "--- a.scn\n+++ a.scn\n@@ -1,6 +1,6 @@\n-let a=secret(\"***\")\n\
                 -let  b=secret(\"***\") # ***\n-let  c=secret(\"***\")\n-let  d=secret(\"\"\"\n\
                 +let a = secret(\"***\")\n+let b = secret(\"***\") # ***\n+let c = secret(\"***\")\n\
                 +let d = secret(\"\"\"\n ***\n-***\"\"\")\n\\ No newline at end of file\n\
                 +***\"\"\")\n";
    let folder = folder(&[("a.scn", before)]);
    let done = Command::new(env!("CARGO_BIN_EXE_scn"))
        .args(["fmt", "--diff", "a.scn"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&done.stdout), shown);
}

#[test]
fn of_two_secrets_the_longer_is_hidden_whole() {
    let before = "let x = True\nlet a = secret(\"hunter2\")\nlet b = secret(\"hunter2-and-more\")\n\
                  let c = [\"hunter2-and-more\"]\n";
    let folder = folder(&[("a.scn", before)]);
    let (_, out, said) = lint(folder.path(), &["--diff", "a.scn"]);
    assert!(out.contains(" let c = [\"***\"]\n"), "{out}");
    assert!(!format!("{out}{said}").contains("and-more"), "{out}{said}");
}

#[test]
fn a_difference_shows_no_secret() {
    let wrong = "let key = secret(\"hidden-words\")\nlet a = [key, True]\nlet b = a\n";
    let folder = folder(&[("a.scn", wrong)]);
    let (code, out, said) = lint(folder.path(), &["--diff", "a.scn"]);
    assert_eq!(code, 1, "{said}");
    assert!(out.contains("+let a = [key, true]"), "{out}");
    assert!(!out.contains("hidden-words") && !said.contains("hidden-words"));
    lint(folder.path(), &["--fix", "a.scn"]);
    assert!(text(folder.path(), "a.scn").contains("secret(\"hidden-words\")\nlet a = [key, true]"));
}

/// Files that the named ones use are of the pack; others are not.
#[test]
fn used_files_are_mended_too() {
    let main = "use \"common.scn\"\nlet d = [common.c, True]\nlet e = d\n";
    let folder = folder(&[
        ("main.scn", main),
        ("common.scn", WRONG),
        ("other.scn", WRONG),
    ]);
    let here = folder.path();
    let (code, _, said) = lint(here, &["--fix", "main.scn"]);
    assert_eq!(code, 0, "{said}");
    assert!(
        said.contains("fixed 2 in common.scn") && said.contains("fixed 1 in main.scn"),
        "{said}"
    );
    assert_eq!(text(here, "common.scn"), RIGHT);
    assert_eq!(text(here, "other.scn"), WRONG);
}

#[test]
fn unsafe_repairs_are_counted_and_made_on_demand() {
    let wrong = "let apples = True\nlet b = aples\nlet c = b\n";
    let folder = folder(&[("a.scn", wrong)]);
    let here = folder.path();
    let (code, _, said) = lint(here, &["a.scn", "--unsafe-fixes"]);
    assert_eq!(code, 1);
    let hint = "1 fixable with `scn lint --fix`, 1 more with `--unsafe-fixes`\n";
    assert!(said.ends_with(hint), "{said}");
    assert_eq!(text(here, "a.scn"), wrong);
    let (code, _, said) = lint(here, &["a.scn", "--fix"]);
    assert_eq!(code, 1);
    assert!(
        said.ends_with("1 fixed, 1 more with `--unsafe-fixes`\n"),
        "{said}"
    );
    let (code, _, said) = lint(here, &["a.scn", "--fix", "--unsafe-fixes"]);
    assert_eq!(code, 0, "{said}");
    assert_eq!(
        text(here, "a.scn"),
        "let apples = true\nlet b = apples\nlet c = b\n"
    );
}

/// What remains is said in the form that is asked for.
#[test]
fn programs_read_what_remains() {
    let wrong = "let a = True\nlet b = nowhere\nlet c = [a, b]\nlet d = c\n";
    for format in ["json", "sarif"] {
        let folder = folder(&[("a.scn", wrong)]);
        let before = lint(folder.path(), &["a.scn", "--format", format]).1;
        assert!(before.contains("write `true`"), "{before}");
        let (code, out, _) = lint(folder.path(), &["--fix", "a.scn", "--format", format]);
        assert_eq!(code, 1);
        let out: serde_json::Value = serde_json::from_str(&out).unwrap();
        assert!(
            out.to_string().contains("E0203") && !out.to_string().contains("E0104"),
            "{out}"
        );
    }
}

#[test]
fn what_cannot_be_written_is_left_as_it_is() {
    let folder = folder(&[("a.scn", WRONG)]);
    let here = folder.path();
    std::fs::set_permissions(here.join("a.scn"), PermissionsExt::from_mode(0o444)).unwrap();
    let (code, _, said) = lint(here, &["--fix", "a.scn"]);
    assert_eq!(code, 3);
    let read_only = said.contains("it is read-only") || said.contains("ermission denied");
    assert!(said.contains("cannot write a.scn") && read_only, "{said}");
    assert_eq!(text(here, "a.scn"), WRONG);
    assert_eq!(std::fs::read_dir(here).unwrap().count(), 1);
}

/// A disk that takes no more, played by a limit on the size of files.
#[test]
fn a_full_disk_leaves_the_old_text() {
    let folder = folder(&[("a.scn", WRONG)]);
    let mut command = command(folder.path(), &["--fix", "a.scn"]);
    let limited = || {
        use nix::sys::resource::{Resource, setrlimit};
        use nix::sys::signal::{SigHandler, Signal, signal};
        // SAFETY: sets the action to one of the system's own.
        unsafe { signal(Signal::SIGXFSZ, SigHandler::SigIgn) }?;
        Ok(setrlimit(Resource::RLIMIT_FSIZE, 16, 16)?)
    };
    // SAFETY: two system calls, no memory is allocated.
    let done = unsafe { command.pre_exec(limited) }.output().unwrap();
    let said = String::from_utf8(done.stderr).unwrap();
    assert_eq!(done.status.code(), Some(3), "{said}");
    assert!(said.contains("cannot write a.scn: "), "{said}");
    assert_eq!(text(folder.path(), "a.scn"), WRONG);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

/// A repair that would make a new error is not made, and it is said why.
#[test]
fn a_repair_that_spoils_is_left_out() {
    // the name that is near is of something else
    let wrong = "let apples = \"x\"\nlet a = 1s + aples\nlet b = [a, True]\nlet c = b\n";
    let folder = folder(&[("a.scn", wrong)]);
    let (code, _, said) = lint(folder.path(), &["--fix", "--unsafe-fixes", "a.scn"]);
    assert_eq!(code, 1);
    assert!(said.contains("left out at a.scn:2:"), "{said}");
    assert!(said.contains("there would be a new error, E03"), "{said}");
    assert!(said.ends_with("1 fixed, 1 left out\n"), "{said}");
    let after = text(folder.path(), "a.scn");
    assert_eq!(after, wrong.replace("True", "true"));
}

/// What an error has hidden is no reason to leave it.
#[test]
fn a_repair_may_uncover_what_was_hidden() {
    let wrong = "let n = 1\nlet a = [n nowhere]\nlet b = a\n";
    let folder = folder(&[("a.scn", wrong)]);
    let (code, out, said) = lint(folder.path(), &["--fix", "a.scn", "--format", "concise"]);
    assert_eq!(code, 1);
    assert!(
        out.contains("error[E0203]") && out.lines().count() == 1,
        "{out}"
    );
    assert!(said.starts_with("fixed 1 in a.scn\n"), "{said}");
    assert_eq!(text(folder.path(), "a.scn"), wrong.replace("n n", "n, n"));
}

/// More than are told of one file.
#[test]
fn many_mistakes_are_mended() {
    let of = |word: &str| {
        let lines = (0..300).map(|n| format!("let _a{n} = {word}\n"));
        lines.collect::<String>() + "scenario s { no }\n"
    };
    let folder = folder(&[("a.scn", &of("True"))]);
    let (code, _, said) = lint(folder.path(), &["--fix", "a.scn", "-q"]);
    assert_eq!(code, 1, "{said}");
    assert_eq!(text(folder.path(), "a.scn"), of("true"));
}

#[test]
fn lists_side_by_side_are_mended_wholly() {
    for (wrong, right) in [
        ("[[1 2] [3 4] [5]]", "[[1, 2], [3, 4], [5]]"),
        ("[[1, 2] [3, 4]]", "[[1, 2], [3, 4]]"),
    ] {
        let file = |list: &str| format!("let a = {list}\nlet b = a\n");
        let folder = folder(&[("a.scn", &file(wrong))]);
        let (code, _, said) = lint(folder.path(), &["--fix", "a.scn"]);
        assert_eq!(code, 0, "{said}");
        assert_eq!(text(folder.path(), "a.scn"), file(right));
    }
}

/// A link or a `use` may lead out of what was named; what lies there is not touched.
#[test]
fn nothing_outside_is_changed() {
    let main = "use \"../out.scn\"\nuse \"link.scn\"\nlet a = [out.c, link.c, True]\nlet b = a\n";
    let folder = folder(&[("out.scn", WRONG), ("far.scn", WRONG)]);
    let here = folder.path().join("pack");
    std::fs::create_dir(&here).unwrap();
    std::fs::write(here.join("main.scn"), main).unwrap();
    symlink("../far.scn", here.join("link.scn")).unwrap();
    for named in ["main.scn", "."] {
        let (code, _, said) = lint(&here, &["--fix", named]);
        assert_eq!(code, 1, "{said}");
        assert!(said.contains("not touched: "), "{said}");
        assert!(
            said.contains("out.scn, with 2 to fix: it is outside"),
            "{said}"
        );
        assert_eq!(text(folder.path(), "out.scn"), WRONG);
        assert_eq!(text(folder.path(), "far.scn"), WRONG);
    }
    assert_eq!(text(&here, "main.scn"), main.replace("True", "true"));
    // what is named is changed, wherever it is
    lint(&here, &["--fix", "link.scn"]);
    assert_eq!(text(folder.path(), "far.scn"), RIGHT);
}

/// Where the errors that a repair leads to can be mended too, all of them are made together.
#[test]
fn what_a_repair_leads_to_is_mended_with_it() {
    let wrong = "let apples = 1\nlet a = aples == 1 ? True : 2\nlet b = a\n";
    let folder = folder(&[("a.scn", wrong)]);
    let (code, _, said) = lint(folder.path(), &["--fix", "a.scn"]);
    assert_eq!(code, 1, "{said}");
    let (code, _, said) = lint(folder.path(), &["--fix", "--unsafe-fixes", "a.scn"]);
    assert_eq!(code, 0, "{said}");
    let right = "let apples = 1\nlet a = if apples == 1 then true else 2\nlet b = a\n";
    assert_eq!(text(folder.path(), "a.scn"), right);
}

/// Where each repair is refused only a few are tried, since each costs a lint of the whole.
#[test]
fn what_is_wrong_all_over_is_not_tried_piece_by_piece() {
    let before = format!("let a = {}\n", "a=b=".repeat(128));
    let folder = folder(&[("a.scn", &before)]);
    let (code, _, said) = lint(folder.path(), &["--fix", "--unsafe-fixes", "a.scn"]);
    assert_eq!(code, 1, "{said}");
    assert!(
        said.contains("stopped before all was tried: mend"),
        "{said}"
    );
    let left = said
        .lines()
        .filter(|line| line.starts_with("left out at"))
        .count();
    assert!((1..60).contains(&left), "{left}");
    assert!(said.contains(" more are left out\n"), "{said}");
}

/// What is wrong by the ten thousand is no scenario with slips.
#[test]
fn no_repair_is_tried_where_very_much_is_found() {
    let before = "a: 1\n".repeat(30_000);
    let folder = folder(&[("a.scn", &before)]);
    let (code, _, said) = lint(folder.path(), &["--fix", "--unsafe-fixes", "a.scn"]);
    assert_eq!(code, 1, "{said}");
    assert!(
        said.contains("findings are too many for it: name fewer files"),
        "{said}"
    );
    assert_eq!(text(folder.path(), "a.scn"), before);
}

/// A file is not emptied to be rid of what is wrong with it, and an operator of two words is one.
#[test]
fn no_repair_makes_an_error_of_its_own() {
    let folder = folder(&[("a.scn", ",\n")]);
    let (code, _, said) = lint(folder.path(), &["--fix", "a.scn"]);
    assert_eq!(code, 1, "{said}");
    assert_eq!(text(folder.path(), "a.scn"), ",\n", "{said}");
    assert!(said.contains("there would be a new error, E0003"), "{said}");
    for (written, right) in [
        ("is not", "!="),
        ("is", "=="),
        ("is  not", "!="),
        ("is nota +", "== nota +"),
    ] {
        let of = |operator: &str| {
            format!("let nota = 1\nlet a = 2\nlet b = a {operator} 1\nlet c = b\n")
        };
        std::fs::write(folder.path().join("a.scn"), of(written)).unwrap();
        let (code, _, said) = lint(folder.path(), &["--fix", "--unsafe-fixes", "a.scn"]);
        assert_eq!(text(folder.path(), "a.scn"), of(right), "{said}");
        assert_eq!(code, 0, "{said}");
    }
}

/// Programs are told all mistakes of a file, people the first ones and how many there are.
#[test]
fn programs_are_told_everything() {
    let mistakes: String = (0..1500).map(|n| format!("let a{n} = @\n")).collect();
    let meant: String = (0..1500)
        .map(|n| format!("let a{n} = none_{n}\n"))
        .collect();
    let folder = folder(&[
        ("a.scn", &mistakes),
        ("b.scn", &meant),
        ("two.scn", "\u{FEFF}\u{FEFF}let a = 1\n"),
    ]);
    for file in ["a.scn", "b.scn"] {
        for format in ["json", "sarif", "concise", "github"] {
            let (code, told, said) = lint(folder.path(), &["--format", format, file]);
            assert_eq!(code, 1, "{said}");
            let findings = match format {
                "json" => serde_json::from_str::<Vec<serde_json::Value>>(&told)
                    .unwrap()
                    .len(),
                "sarif" => {
                    let log: serde_json::Value = serde_json::from_str(&told).unwrap();
                    log["runs"][0]["results"].as_array().unwrap().len()
                }
                _ => told.lines().count(),
            };
            assert_eq!(findings, 1500, "{file} as {format}");
        }
    }
    let (_, _, said) = lint(folder.path(), &["a.scn"]);
    assert!(said.contains("1400 more mistakes are not shown"), "{said}");
    assert_eq!(said.matches("error[").count(), 101);
    let (_, _, said) = lint(folder.path(), &["b.scn"]);
    assert!(said.contains("500 more findings are not shown"), "{said}");
    // a mark that nobody sees
    let (code, _, said) = lint(folder.path(), &["--fix", "two.scn"]);
    assert_eq!(
        (code, text(folder.path(), "two.scn").as_str()),
        (0, "\u{FEFF}let a = 1\n"),
        "{said}"
    );
}

/// The one slip of a whole file is mended in a few looks at it, however often it was made.
#[test]
fn what_is_wrong_everywhere_is_mended_everywhere() {
    let lets = |name: &str, count: usize| -> String {
        (0..count).map(|n| format!("let x{n} = {name}\n")).collect()
    };
    // so many names by so many are more than are compared at a time
    let read = "let hello = 1\nlet read = hello\n";
    let wrong = format!("{read}{}", lets("helo", 2500));
    let right = format!("{read}{}", lets("hello", 2500));
    let one = folder(&[("a.scn", &wrong)]);
    let (_, _, said) = lint(one.path(), &["--fix", "--unsafe-fixes", "a.scn"]);
    assert_eq!(text(one.path(), "a.scn"), right, "{said}");
    assert!(said.contains("(2500 times)"), "{said}");
    // where nothing reads the name that is defined, it is one mistake
    let other = folder(&[("a.scn", &wrong.replace("let read = hello\n", ""))]);
    let (_, _, said) = lint(other.path(), &["--fix", "--unsafe-fixes", "a.scn"]);
    let mended = text(other.path(), "a.scn");
    assert_eq!(mended, right.replace("let read = hello\n", ""), "{said}");
    assert!(said.contains("fixed 1 in a.scn"), "{said}");
}

/// A check that is broken before its operator is one finding, and the operator moves up.
#[test]
fn an_operator_moves_to_the_line_above() {
    let text_of = |check: &str| {
        format!(
            "use std.engines\nworkload w {{ prompt = \"Say hello.\", output = 16 }}\nscenario s {{\n  \
            server sut {{ engine = engines.builtin }}\n  \
            phase warmup {{ workload = w, requests = 10, measured = false }}\n  \
            phase p {{ workload = w, requests = 40 }}\n  {check}\n}}\n"
        )
    };
    let broken = text_of("expect a: p.ttft.p50 # why\n    <= 1s\n    and p.failed == 0");
    let folder = folder(&[("a.scn", &broken)]);
    let (code, _, out) = lint(folder.path(), &["a.scn"]);
    assert_eq!(code, 1);
    // one mistake, whatever lines come after it
    assert_eq!(out.matches("a line cannot start with").count(), 1, "{out}");
    assert_eq!(out.matches("error[").count(), 1, "{out}");
    let (code, out, said) = lint(folder.path(), &["--fix", "a.scn"]);
    assert_eq!(code, 0, "{out}{said}");
    // with a whole comparison above it, a line may begin with `and`
    let right = text_of("expect a: p.ttft.p50 <= # why\n    1s\n    and p.failed == 0");
    assert_eq!(text(folder.path(), "a.scn"), right);
}

/// The number is written elsewhere, where its unit has to stand too.
#[test]
fn no_unit_is_put_behind_a_name() {
    let limit = |value: &str| {
        format!(
            "use std.engines\nlet most = 5\nworkload w {{ prompt = \"Say hello.\", output = 16 }}\n\
            scenario s {{\n  server sut {{ engine = engines.builtin }}\n  \
            phase warmup {{ workload = w, requests = 10, measured = false }}\n  \
            phase p {{ workload = w, requests = 40 }}\n  expect a: p.ttft.p50 <= {value}\n  \
            expect b: p.completed >= most\n}}\n"
        )
    };
    for (value, mended) in [("5", "5 ms"), ("most", "most")] {
        let folder = folder(&[("a.scn", &limit(value))]);
        let (code, out, _) = lint(folder.path(), &["a.scn", "--fix", "--unsafe-fixes"]);
        let after = text(folder.path(), "a.scn");
        assert_eq!(after, limit(mended), "{out}");
        assert_eq!(code == 0, value != "most", "{out}");
    }
}

/// What a file uses has to be a file: a pipe would be waited for, for ever.
#[test]
fn no_pipe_is_waited_for() {
    let folder = folder(&[("a.scn", "use \"./b.scn\"\nlet a = [b.x, True]\nlet c = a\n")]);
    let here = folder.path();
    nix::unistd::mkfifo(&here.join("b.scn"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    for args in [
        &["a.scn"][..],
        &["a.scn", "--fix", "--diff"],
        &["a.scn", "--fix"],
    ] {
        let mut child = command(here, args)
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let until = std::time::Instant::now() + std::time::Duration::from_secs(60);
        while child.try_wait().unwrap().is_none() {
            if std::time::Instant::now() > until {
                child.kill().unwrap();
                panic!("{args:?}: it waits");
            }
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        let done = child.wait_with_output().unwrap();
        let said =
            String::from_utf8(done.stderr).unwrap() + &String::from_utf8(done.stdout).unwrap();
        assert!(
            args.contains(&"--diff") || said.contains("it is not a regular file"),
            "{args:?}: {said}"
        );
    }
}
