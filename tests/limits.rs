//! Files that are hostile, or short and come to much, given to the program under limits of memory:
//! it must end by itself, and take no more than 64 MB and 200 times the file. How long it takes is
//! measured by `benches/lint.rs`. `SCN_LIMIT_BYTES=1048576` gives it larger hostile ones.

#[path = "../benches/support/hostile.rs"]
mod hostile;
#[path = "../benches/support/shapes.rs"]
mod shapes;

mod limits_support;

use limits_support::{SECONDS, run};

#[test]
fn hostile_files() {
    let size = std::env::var("SCN_LIMIT_BYTES").map_or(64 << 10, |n| n.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("it.scn");
    for command in [&["lint"][..], &["fmt", "--check"]] {
        for (name, text) in hostile::texts(size) {
            std::fs::write(&file, text).unwrap();
            let what = format!("{command:?} of {name}");
            run(command, &file, SECONDS).within(size, &what);
        }
    }
}

#[test]
fn short_files_that_come_to_much() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("it.scn");
    let data = folder.path().join("rows.jsonl");
    let row = |n: usize| format!("{{\"id\": {n}, \"prompt\": \"{}\"}}\n", "word ".repeat(20));
    let rows: String = (0..2000).map(row).collect();
    std::fs::write(&data, &rows).unwrap();
    let json = folder.path().join("plan.json").display().to_string();
    for (name, text) in much() {
        std::fs::write(&file, &text).unwrap();
        let bytes = text.len()
            + if text.contains("data(") {
                rows.len()
            } else {
                0
            };
        let lint = run(&["lint"], &file, SECONDS);
        lint.within(bytes, &format!("lint of {name}"));
        // what is refused before is not planned
        if lint.code == Some(0) {
            let plan = run(&["plan", "--json", &json], &file, SECONDS);
            plan.within(bytes, &format!("plan of {name}"));
        }
    }
}

/// What is useful has room: two thousand cases of a scenario as people write them, and as many rows
/// as a list may have.
#[test]
fn what_is_useful_fits() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("it.scn");
    let phases = |n: usize| format!("phase p{n} {{ workload = w, requests = 100 + n }}\n");
    let checks = |n: usize| format!("expect c{n}: p{n}.success_rate == 100%\n");
    let parts = (0..4).map(|n| phases(n) + &checks(n)).collect::<String>();
    for (name, text) in [
        (
            "2000 cases",
            scenario(&format!("matrix {{ n = range(2000) }}\n{parts}")),
        ),
        (
            "140000 rows, asked by four phases",
            scenario(&parts.replace("100 + n", "8"))
                .replace("prompt", "rows = range(140000), prompt"),
        ),
        (
            "rows of a file in 500 cases",
            scenario(&format!("matrix {{ n = range(500) }}\n{parts}"))
                .replace("prompt", "rows = data(\"rows.jsonl\"), prompt"),
        ),
    ] {
        let rows = (0..2000).map(|n| format!("{{\"id\": {n}}}\n"));
        std::fs::write(folder.path().join("rows.jsonl"), rows.collect::<String>()).unwrap();
        std::fs::write(&file, &text).unwrap();
        let one = run(&["lint"], &file, SECONDS);
        one.within(text.len() + 20_000, name);
        assert_eq!(one.code, Some(0), "{name}: {text}");
    }
}

/// Short texts that would take much more memory than is allowed, if it were not shared or bounded.
fn much() -> Vec<(&'static str, String)> {
    let phase = "phase p { workload = w, requests = 100 + n }\n";
    let lines =
        |count: usize, line: &dyn Fn(usize) -> String| -> String { (0..count).map(line).collect() };
    let phases = lines(30, &|n| phase.replace(" p ", &format!(" p{n} ")));
    let rows = "workload w { rows = range(140000), prompt = \"Say ${row}.\", output = 8 }\n";
    let long = "x".repeat(200);
    let matrix = |values: &str| format!("matrix {{ n = {values} }}\n");
    let constant = |lets: &str| {
        format!(
            "{lets}use std.engines\nscenario s {{ server sut {{ engine = engines.builtin }}\n\
             phase p {{ idle = 1s }}\ntags = [\"${{len(a)}}\"] }}\n"
        )
    };
    vec![
        ("a matrix", scenario(&(matrix("range(10000)") + phase))),
        (
            "a matrix with phases",
            scenario(&(matrix("range(10000)") + &phases)),
        ),
        (
            "a matrix with checks and columns",
            scenario(
                &(matrix("range(10000)")
                    + phase
                    + &lines(20, &|n| {
                        format!(
                            "expect c{n}: p.failed <= n\nreport r{n} {{ columns = [case.name, p.ttft.p50], to = \"${{case.name}}{n}.csv\" }}\n"
                        )
                    })),
            ),
        ),
        (
            "a matrix with servers of its own",
            scenario(&(matrix("range(10000)") + phase)).replace(
                "engines.builtin",
                "engines.builtin\noptions { ttft = n * 1ms }",
            ),
        ),
        (
            "a matrix of long texts",
            scenario(
                &(matrix(&format!("[\"${{x}}{long}{long}\" for x in range(10000)]"))
                    + "phase p { workload = w, requests = 8, concurrency = 1 }\n"),
            ),
        ),
        (
            "a matrix of many axes",
            scenario(
                &(format!(
                    "matrix {{ n = range(5000)\n{} }}\n",
                    lines(60, &|n| format!("a{n} = [[x for x in range(20)]]\n"))
                ) + phase),
            ),
        ),
        (
            "a matrix with a finding in each case",
            scenario(
                &(matrix("range(10000)")
                    + "phase p { workload = w, requests = 1 + n, concurrency = 1 + n }\nexpect p.ttft.p99 <= 1ms * (1 + n)\n"),
            ),
        ),
        (
            "a matrix with a mistake in a check",
            scenario(
                &(matrix("range(4000)")
                    + phase
                    + "expect bad: p.nothing == 1\nexpect good: p.failed == 0\n"),
            ),
        ),
        (
            "rows",
            format!(
                "{rows}{}",
                scenario(phase)
                    .replace("100 + n", "8")
                    .replace("workload w {", "workload v {")
            ),
        ),
        (
            "rows and phases",
            format!(
                "{rows}{}",
                scenario(&phases)
                    .replace("100 + n", "8")
                    .replace("workload w {", "workload v {")
            ),
        ),
        (
            "rows and cases",
            scenario(
                &(matrix("range(1000)")
                    + "  workload v { rows = range(1000), prompt = \"${row} ${n}\" }\nphase p { workload = v, requests = 8 }\n"),
            ),
        ),
        (
            "rows of long texts",
            scenario(phase).replace("100 + n", "8").replace(
                "prompt = ",
                &format!(
                    "rows = range(100000), system = \"${{row}}{}\", prompt = ",
                    long.repeat(5)
                ),
            ),
        ),
        (
            "rows of a file and cases",
            scenario(&(matrix("range(2000)") + phase)).replace(
                "prompt = ",
                "rows = data(\"rows.jsonl\"), system = row.prompt, prompt = ",
            ),
        ),
        (
            "rows of a file made anew in each case",
            scenario(
                &(matrix("range(2000)")
                    + "  workload v { rows = data(\"rows.jsonl\"), prompt = \"${n} ${row.prompt}\" }\nphase p { workload = v, requests = 8 }\n"),
            ),
        ),
        (
            "lists of lists",
            constant("let a = [[x + y for x in range(1000)] for y in range(1000)]\n"),
        ),
        (
            "lists of records",
            constant("let a = [{ a = x, b = \"${x}\", c = [x] } for x in range(140000)]\n"),
        ),
        (
            "lists side by side",
            constant(&format!("let a = [{}]\n", "range(140000),".repeat(200))),
        ),
        (
            "lists one by one",
            constant(
                &(lines(200, &|n| format!("let a{n} = range(140000)\n"))
                    + &format!("let a = [{}]\n", lines(200, &|n| format!("a{n},")))),
            ),
        ),
        ("a range", constant("let a = range(1000000)\n")),
        (
            "scenarios",
            lines(40, &|n| {
                scenario(&(matrix("range(1000)") + phase))
                    .replace("use std.engines\n", "")
                    .replace("scenario s", &format!("scenario s{n}"))
                    .replace("workload w", &format!("workload w{n}"))
                    .replace("= w,", &format!("= w{n},"))
            }) + "use std.engines\n",
        ),
    ]
}

/// A scenario with these parts, and a workload `w`.
fn scenario(parts: &str) -> String {
    format!(
        "use std.engines\nworkload w {{ prompt = \"Say hello.\", output = 8 }}\n\
         scenario s {{\nserver sut {{ engine = engines.builtin }}\n{parts}}}\n"
    )
}

/// So many bytes of one sort take a second or so of a build with debugging; what took the square of
/// their number or more took ten seconds to hours.
const MANY: usize = 128 << 10;
const SECONDS_OF_MANY: u64 = 20;

#[test]
fn many_of_one_sort() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("it.scn");
    for (name, text) in shapes::shapes(MANY) {
        std::fs::write(&file, &text).unwrap();
        run(&["lint"], &file, SECONDS_OF_MANY).within(text.len(), name);
    }
}

/// A check in each of many cases that reads another took the cube of their number: a minute of a
/// thousand.
#[test]
fn many_cases_that_read_another() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("it.scn");
    let text = scenario(
        "matrix { n = range(1000) }\nphase p { workload = w, requests = 100 + n }\n\
         expect p.ttft.p50 <= 2 * at(n = 0).p.ttft.p50\n",
    );
    std::fs::write(&file, &text).unwrap();
    let one = run(&["lint"], &file, SECONDS_OF_MANY);
    one.within(text.len(), "checks of another case");
    assert_eq!(one.code, Some(0));
}

/// What a file may say does not depend on those that are read with it.
#[test]
fn neighbours_take_nothing_away() {
    let folder = tempfile::tempdir().unwrap();
    let text = scenario(
        "matrix { n = range(1500) }\nphase p { workload = w, requests = 100 + n }\n\
         phase q { workload = w, requests = 100 + n }\nexpect p.failed == 0\n",
    );
    for n in 0..6 {
        let file = folder.path().join(format!("f{n}.scn"));
        let own = text.replace("scenario s {", &format!("scenario s{n} {{"));
        std::fs::write(file, own).unwrap();
    }
    let together = run(&["lint"], folder.path(), SECONDS);
    assert_eq!((together.ended, together.code), (Ok(()), Some(0)));
}
