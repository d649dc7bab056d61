//! Keys that are written out in a scenario: they are in nothing that a run leaves or shows.

use crate::support::*;

/// Keys in a scenario that is not selected, in a name that nothing reads, in a branch that is not
/// taken, in a comment and in a check.
fn written_out() -> Pack {
    let sut = server("").replace(
        "server sut {",
        "server sut { headers = if 1 > 2 then { x = secret(\n \"hunter3-key ${w.prompt} hunter4-key\" ) } else {},",
    );
    let pack = Pack::new(&format!(
        "let unused = secret(\"hunter1-key\")
         # let before = secret(\"hunter2-key\")
         scenario a {{ {} phase p {{ workload = w, requests = 1 }} }}
         scenario b {{ {sut} phase p {{ workload = w, requests = 1 }}
           expect x: p.success_rate == 100% or secret(\"hunter8-key\") == secret(\"hunter6-key\") }}\n",
        server("").replace(
            "server sut {",
            "server sut { api_key = secret(\"hunter5-key\"), "
        )
    ));
    let more =
        "workload other { prompt = \"hi\", output = 4 }\nlet key = secret(\"hunter7-key\")\n";
    std::fs::write(pack.path().join("more.scn"), more).unwrap();
    let text = std::fs::read_to_string(pack.path().join("s.scn")).unwrap();
    let text = format!("use \"more.scn\"\n{text}");
    std::fs::write(pack.path().join("s.scn"), text).unwrap();
    pack
}

#[test]
fn a_key_that_is_never_evaluated_is_not_kept() {
    let pack = written_out();
    let ran = pack.run(&["--only", "b", "--json", "-"]).exits(0);
    let shown = [&ran.stdout, &ran.stderr];
    assert!(
        !shown.iter().any(|text| text.contains("hunter")),
        "{shown:?}"
    );
    for file in files(&ran.folder) {
        let bytes = std::fs::read(ran.folder.join(&file)).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        assert!(!text.contains("hunter"), "{file}: {text}");
    }
    let kept = std::fs::read_to_string(ran.folder.join("sources.json")).unwrap();
    assert!(kept.contains("***${w.prompt}***"), "{kept}");

    // what is kept is still read as what ran
    std::fs::remove_file(ran.folder.join("cases/b/case/result.json")).unwrap();
    let again = pack
        .ran(pack.scn(&["report", "out", "--json", "-"]))
        .exits(0);
    let again: serde_json::Value = serde_json::from_str(&again.stdout).unwrap();
    let x = check(&again["cases"][0], "x");
    assert_eq!(x["verdict"], "pass", "{again:#}");
}

#[test]
fn a_finding_shows_its_line_without_the_key() {
    let line =
        "server sut { engine = engines.builtin, api_keyy = secret(\"hunter1-key\"), port = 1 }";
    let pack = Pack::new(&format!(
        "scenario a {{\n {line}\n phase p {{ workload = w, requests = 1 }}\n}}
         let quoted = secret('hunter2-key')\nlet wrong = secret(“hunter3-key”)\nlet open = secret(\"hunter4-key\n"
    ));
    for command in ["lint", "plan", "run", "fmt"] {
        let human = pack.ran(pack.scn(&[command, "s.scn"]));
        assert!(!human.stderr.contains("hunter"), "{}", human.stderr);
        assert!(human.stderr.contains("***********"), "{}", human.stderr);
        if command != "fmt" {
            let json = pack.ran(pack.scn(&[command, "s.scn", "--json", "-"]));
            assert!(!json.stdout.contains("hunter"), "{}", json.stdout);
            assert!(json.stdout.contains("typographic"), "{}", json.stdout);
        }
    }
    let text = std::fs::read_to_string(pack.path().join("s.scn")).unwrap();
    std::fs::write(
        pack.path().join("s.scn"),
        text.split("let quoted").next().unwrap(),
    )
    .unwrap();
    let lint = pack.ran(pack.scn(&["lint", "s.scn"])).exits(1);
    assert!(
        lint.stderr.contains("secret(\"***********\"), port = 1"),
        "{}",
        lint.stderr
    );
}
