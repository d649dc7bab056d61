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

/// A value with something that every encoding writes in another way.
const KEY: &str = "pa\"ss/wo+rd=77 \u{e4}\u{20ac}\\secret";

/// [`KEY`] as servers print it.
fn forms() -> Vec<String> {
    let json = serde_json::to_string(KEY).unwrap();
    let ascii = json
        .replace('\u{e4}', "\\u00e4")
        .replace('\u{20ac}', "\\u20AC");
    let quoted = "pa%22ss/wo%2Brd%3D77%20%C3%A4%E2%82%AC%5Csecret";
    vec![
        KEY.into(),
        json.clone(),
        serde_json::to_string(&json).unwrap(),
        serde_json::to_string(&ascii).unwrap(),
        ascii,
        quoted.into(),
        quoted.replace('/', "%2F"),
        quoted.replace("%2B", "%2b").replace('/', "%2f"),
        "\"pa\\\"ss\\/wo+rd=77 \u{e4}\u{20ac}\\\\secret\"".into(),
        "b'pa\"ss/wo+rd=77 \\xc3\\xa4\\xe2\\x82\\xac\\\\secret'".into(),
        "Basic dXNlcjpwYSJzcy93bytyZD03NyDDpOKCrFxzZWNyZXQ=".into(),
    ]
}

/// Parts of the forms: none is in anything else.
const PARTS: [&str; 3] = ["ss/wo", "wo+rd", "rd%3D77"];

fn holds_none(ran: &Ran) {
    let mut texts = vec![
        ("stdout".to_string(), ran.stdout.clone()),
        ("stderr".to_string(), ran.stderr.clone()),
    ];
    for file in files(&ran.folder) {
        let bytes = std::fs::read(ran.folder.join(&file)).unwrap();
        texts.push((file, String::from_utf8_lossy(&bytes).into_owned()));
    }
    for (place, text) in texts {
        for part in PARTS.iter().map(|part| part.to_string()).chain(forms()) {
            assert!(!text.contains(&part), "{place} has {part}: {text}");
        }
    }
}

/// A server that prints its key in every form and ends, or that answers with it.
#[test]
fn a_key_is_in_nothing_in_whatever_form_a_server_prints_it() {
    let server = "engine prints {
           command = [\"sh\", \"prints.sh\", host, port]
           served_name = \"m\"
           ready { request = \"GET /health\", every = 50ms, timeout = 20s }
           api chat { protocol = \"openai_chat\", path = \"/v1/chat/completions\" }
         }
         model m { path = \"m\" }
         scenario s {
           server sut { engine = prints, model = m, environment { SERVER_KEY = env(\"S\") } }
           phase a { workload = w, requests = 1 }
           expect ok: a.failed == 0
           report summary extends reports.summary {}
         }";
    let pack = Pack::new(server);
    let lines: Vec<String> = forms()
        .iter()
        .map(|form| format!("got {form}.\n"))
        .collect();
    std::fs::write(pack.path().join("said"), lines.concat()).unwrap();
    std::fs::write(pack.path().join("prints.sh"), "cat said\nexit 3\n").unwrap();
    let mut command = pack.scn(&["run", "s.scn", "--out", "out", "-v", "--json", "-"]);
    command.env("S", KEY);
    let ran = pack.ran(command).exits(3);
    holds_none(&ran);
    let log = std::fs::read_to_string(ran.folder.join("cases/s/case/server.log")).unwrap();
    assert_eq!(log.matches("***").count(), forms().len(), "{log}");
}

#[test]
fn a_key_is_in_nothing_where_a_server_answers_with_it() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for (n, stream) in listener.incoming().enumerate() {
            let forms = forms();
            // also where a detail is cut
            let said = format!("{}{}", "-".repeat(n * 23 % 300), forms[n % forms.len()]);
            answer(stream.unwrap(), &said);
        }
    });
    let pack = Pack::new(&format!(
        "scenario s {{
           server sut {{ url = \"{url}\", model = {{ path = \"m\" }} }}
           phase a {{ workload = w, requests = 40 }}
           expect ok: a.failed == 0
           expect not: a.failed == 0 when env(\"S\") == secret(\"another\")
           report summary extends reports.summary {{}}
         }}"
    ));
    let mut command = pack.scn(&["run", "s.scn", "--out", "out", "-v", "--json", "-"]);
    command.env("S", KEY);
    let ran = pack.ran(command).exits(1);
    holds_none(&ran);
    let rows = std::fs::read_to_string(ran.folder.join("cases/s/case/requests.csv")).unwrap();
    assert!(rows.matches("***").count() > 20, "{rows}");
}

fn answer(mut stream: std::net::TcpStream, said: &str) {
    use std::io::{BufRead, Read, Write};
    let mut request = std::io::BufReader::new(stream.try_clone().unwrap());
    let (mut line, mut length) = (String::new(), 0);
    while request.read_line(&mut line).is_ok_and(|n| n > 2) {
        let header = line.to_ascii_lowercase();
        if let Some(number) = header.strip_prefix("content-length:") {
            length = number.trim().parse().unwrap();
        }
        line.clear();
    }
    request.read_exact(&mut vec![0; length]).ok();
    let head = format!(
        "HTTP/1.1 500 No\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        said.len()
    );
    stream.write_all((head + said).as_bytes()).ok();
}
