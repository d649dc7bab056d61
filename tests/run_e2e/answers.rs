//! What a scenario and one that builds on it leave in one file, wrong answers, cells that become
//! texts, and the places of ranks.

use crate::support::*;

const WORKLOAD: &str = r#"
workload qa {
  rows   = data("qa.csv"), prompt = "${row.question}?", output = 8
  accept = contains_any(answer, ["${row.answer}"])
}
"#;

fn pack(body: &str, more: &str) -> Pack {
    let text = format!(
        "{WORKLOAD}{}{more}",
        scenario("base", "answer = \"it is 1.50 or sk-secret-key\"", body)
    );
    let pack = Pack::new(&text);
    let rows = "question,answer\nPrice,1.50\nBig,1e21\nKey of sk-secret-key,7\nSum,42\nLast,3\n";
    std::fs::write(pack.path().join("qa.csv"), rows).unwrap();
    pack
}

fn read(ran: &Ran, name: &str) -> String {
    std::fs::read_to_string(ran.folder.join("reports").join(name)).unwrap()
}

#[test]
fn rows_of_two_scenarios_are_told_apart_and_places_shown() {
    let body = r#"
      matrix { n = [1, 2] }
      phase a { workload = w, requests = 3 * n, concurrency = n }
      expect ok: a.completed == 3 * n
      rank most { highest = a.completed }
      report t extends reports.bench_table { to = ["a.md", "a.csv"] }
      report one { each = "case", columns = { answered = a.completed, place = case.place }, to = "${case.name}.csv" }
      report own { columns = [case.scenario, case.name], to = "own.csv" }
    "#;
    let pack = pack(
        body,
        "scenario fast extends base { phase a { requests = 4 * n }, expect ok: a.completed == 4 * n }",
    );
    let ran = pack.run(&[]).exits(0);
    let table = read(&ran, "a.csv");
    let cells = table.lines().map(|line| line.split(',').take(3));
    let cells: Vec<String> = cells.map(|row| row.collect::<Vec<_>>().join(" ")).collect();
    let expected = [
        "scenario case requests",
        "base n=1 3",
        "base n=2 6",
        "fast n=1 4",
        "fast n=2 8",
    ];
    assert_eq!(cells, expected);
    // each file has the format of its ending, though a format is inherited
    assert!(read(&ran, "a.md").starts_with("| scenario | case "));
    let one = "scenario,answered (req),place\nbase,3,2\nfast,4,2\n";
    assert_eq!(read(&ran, "n=1.csv"), one);
    assert_eq!(
        read(&ran, "own.csv").lines().next(),
        Some("case.scenario,case.name")
    );
    let junit = std::fs::read_to_string(ran.folder.join("junit.xml")).unwrap();
    assert!(
        junit.contains(r#"<property name="rank most" value="n=2 (8 req)"/>"#),
        "{junit}"
    );
}

#[test]
fn ranks_that_no_report_shows_are_in_the_summary() {
    let body = r#"
      matrix { n = [1, 2] }
      phase a { workload = w, requests = 3 * n }
      rank most { highest = a.completed }
      report t { columns = [case.name, a.completed], to = "t.csv" }
    "#;
    let ran = pack(body, "").run(&[]).exits(0);
    let page = read(&ran, "summary.md");
    assert!(
        page.contains("## most of base") && page.contains(" 1 | n=2 "),
        "{page}"
    );
    let shown = body.replace("a.completed], to", "case.place], to");
    let ran = pack(&shown, "").run(&[]).exits(0);
    assert!(!ran.folder.join("reports/summary.md").exists());
    assert_eq!(read(&ran, "t.csv"), "case.name,case.place\nn=1,2\nn=2,1\n");
}

#[test]
fn wrong_answers_say_to_what_and_what_was_wanted() {
    let body = r#"
      let key = secret("sk-secret-key")
      phase a { workload = qa, requests = 10 }
      expect right: a.accept_rate == 100%
      report page extends reports.summary {}
    "#;
    let ran = pack(body, "").run(&[]).exits(1);
    let case = ran.case("base/case");
    // the cell is as it is written, and so the first row is right
    let failures = &phase(&case, "a")["failures"][0];
    assert_eq!(failures["class"], "wrong_answer");
    assert_eq!(failures["count"], 8);
    let first = failures["example"].as_str().unwrap();
    let all = [
        r#"row 2, asked "Big?": the answer ""#,
        r#"contains_any(answer, ["${row.answer}"])"#,
        "where row.answer is 1e21",
    ];
    assert!(all.iter().all(|part| first.contains(part)), "{first}");
    let more = failures["more"].as_array().unwrap();
    assert_eq!(more.len(), 2, "{more:?}");
    assert!(
        more[0]
            .as_str()
            .unwrap()
            .contains(r#"row 3, asked "Key of ***?""#),
        "{more:?}"
    );
    let page = read(&ran, "summary.md");
    assert!(page.contains("Wrong answers:\n\n- row 2, asked"), "{page}");
    assert_eq!(ran.stdout.matches("also row ").count(), 2, "{}", ran.stdout);
    for text in [&ran.stdout, &ran.stderr, &page, &case.to_string()] {
        assert!(!text.contains("sk-secret"), "{text}");
    }
}
