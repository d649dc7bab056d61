//! A large pack: a scenario of about 33 lines in each of its files, and one that all of them use.

use std::path::Path;

/// So many files with a scenario each.
pub const SCENARIOS: usize = 300;

const COMMON: &str =
    "## What all of them ask.\nworkload hello { prompt = \"hi\", output = 32 }\nlet limit = 60ms\n";

/// The text of one of the files.
pub fn scenario(n: usize) -> String {
    let mut text = format!(
        "use std.engines\nuse \"./common.scn\"\n\n## The {n}th.\nscenario s{n} {{\n  matrix {{ concurrency = [1, 8] }}\n\n  \
         server sut {{\n    engine  = engines.builtin\n    options {{ ttft = 20ms, itl = 5ms }}\n  }}\n\n"
    );
    for phase in ["warmup", "steady", "second", "third"] {
        text.push_str(&format!(
            "  phase {phase} {{\n    workload    = common.hello\n    concurrency = concurrency\n    \
             requests    = 40 * concurrency\n  }}\n"
        ));
    }
    text.push_str("\n  expect quick: steady.ttft.p50 <= common.limit\n}\n");
    text
}

/// Writes the pack into a folder; its lines.
pub fn write(folder: &Path) -> usize {
    std::fs::write(folder.join("common.scn"), COMMON).unwrap();
    let mut lines = COMMON.lines().count();
    for n in 0..SCENARIOS {
        let text = scenario(n);
        lines += text.lines().count();
        std::fs::write(folder.join(format!("s{n}.scn")), text).unwrap();
    }
    lines
}
