//! A text that is typed letter by letter, or pieced together, comes to what it is opened whole.

use crate::client::{Client, Seeded, part};
use serde_json::{Value, json};

/// With letters outside of the basic plane, lines that end in several ways, and mistakes.
const TEXTS: [&str; 3] = [
    "use std.engines\n# 🦀 ü\nworkload w { prompt = \"🦀 say ü🎉\", outptu = 3 }\nlet a = \"🎉\" + wrong\n\
     scenario s {\n  server sut { engine = engines.builtin }\n  phase p { workload = w, requests = 30 }\n\
     \u{20} expect \u{20}a: p.ttft.p99 <= 1s because \"𝒳 \\\"x\\\"\"\n}\n",
    "use std.engines\r\n# 🦀\r\nworkload w { prompt = \"\"\"\r\n  🎉 say\r\n  \"\"\" }\r\n\r\nlet b = [1, 2\r\n\
     let c = True\r\nscenario s {\r\n  server sut { engine = engines.biultin }\r\n}\r\n",
    "let a = '🦀' # 🎉\rlet b = a +\r\nlet c = ${b}\n\u{2028}let d = \"é\u{301} ${a}\"",
];

/// The findings of a version; with them what the outline shows.
fn seen(client: &mut Client, name: &str, version: i64) -> (Vec<Value>, Value) {
    let found = client.findings(name, Some(version));
    let document = json!({ "textDocument": { "uri": client.uri(name) } });
    (found, client.ok("textDocument/documentSymbol", document))
}

/// The position behind so many characters of a text.
fn position(text: &[char], at: usize) -> Value {
    let (mut line, mut character) = (0, 0);
    for (n, c) in text[..at].iter().enumerate() {
        match c {
            '\r' if text.get(n + 1) == Some(&'\n') => {}
            '\n' | '\r' => (line, character) = (line + 1, 0),
            c => character += c.len_utf16(),
        }
    }
    json!({ "line": line, "character": character })
}

/// Whether there is a position: not between `\r` and `\n`.
fn is_place(text: &[char], at: usize) -> bool {
    at == 0 || text[at - 1] != '\r' || text.get(at) != Some(&'\n')
}

#[test]
fn a_text_is_typed_letter_by_letter() {
    let mut client = Client::ready();
    for (n, text) in TEXTS.into_iter().enumerate() {
        let name = &format!("{n}.scn");
        let all: Vec<char> = text.chars().collect();
        client.open(name, "");
        let mut version = 1;
        for (n, c) in all.iter().enumerate() {
            let at = position(&all[..n], n);
            // an editor ends a line at once
            let typed = match (c, all.get(n + 1)) {
                ('\r', Some('\n')) => continue,
                ('\n', _) if n > 0 && all[n - 1] == '\r' => "\r\n".to_owned(),
                _ => c.to_string(),
            };
            let at = match typed.as_str() {
                "\r\n" => position(&all[..n - 1], n - 1),
                _ => at,
            };
            version += 1;
            let range = json!({ "start": at, "end": at });
            client.changes(name, version, json!([{ "range": range, "text": typed }]));
        }
        let typed = seen(&mut client, name, version);
        client.change(name, version + 1, text);
        assert!(!typed.0.is_empty());
        assert_eq!(typed, seen(&mut client, name, version + 1), "{text}");
    }
}

/// Pieces are put in and taken out anywhere; in the end each text is there once more.
#[test]
fn a_text_is_pieced_together() {
    let mut client = Client::ready();
    let mut random = Seeded(3);
    for (n, text) in TEXTS.into_iter().enumerate() {
        let name = &format!("{n}.scn");
        let all: Vec<char> = text.chars().collect();
        let mut now: Vec<char> = Vec::new();
        client.open(name, "");
        let mut version = 1;
        for _ in 0..60 {
            let mut changes = Vec::new();
            for _ in 0..1 + random.below(3) {
                let (a, b) = (random.below(now.len() + 1), random.below(now.len() + 1));
                let (start, end) = (a.min(b), a.max(b).min(a.min(b) + 9));
                let from = random.below(all.len());
                let piece = &all[from..(from + random.below(40)).min(all.len())];
                if !is_place(&now, start) || !is_place(&now, end) {
                    continue;
                }
                let range = json!({ "start": position(&now, start), "end": position(&now, end) });
                let new: String = piece.iter().collect();
                changes.push(json!({ "range": range, "text": new }));
                now.splice(start..end, piece.iter().copied());
            }
            version += 1;
            client.changes(name, version, json!(changes));
        }
        let pieced = seen(&mut client, name, version);
        let now: String = now.iter().collect();
        client.change(name, version + 1, &now);
        assert_eq!(pieced, seen(&mut client, name, version + 1), "{now}");
        for one in &pieced.0 {
            part(&now, &one["range"]);
        }
    }
}

/// Places behind wide letters, and after lines that end as on Windows, are those of the words.
#[test]
fn places_count_as_the_protocol_does() {
    let mut client = Client::ready();
    for end in ["\n", "\r\n"] {
        let lines = [
            "# 🎉🎉",
            "let crab = \"🦀🦀\"",
            "let both = [\"🎉ü\", crab, \"𝒳𝒳\" + crab, wrong]",
            "let last = both",
        ];
        let text = lines.join(end) + end;
        client.open("a.scn", &text);
        let found = client.findings("a.scn", Some(1));
        let wrong = found.iter().find(|one| one["code"] == "E0203").unwrap();
        assert_eq!(part(&text, &wrong["range"]), "wrong");
        // on the `c` of the last `crab`
        let column = "let both = [\"🎉ü\", crab, \"𝒳𝒳\" + "
            .encode_utf16()
            .count();
        let params = client.at("a.scn", (2, column as u32));
        let definition = client.ok("textDocument/definition", params.clone());
        let place = |line: u32, from: usize, to: usize| {
            json!({
                "start": { "line": line, "character": from },
                "end": { "line": line, "character": to },
            })
        };
        assert_eq!(definition["range"], place(1, 4, 8));
        let mut renamed = params.clone();
        renamed["newName"] = json!("crabs");
        let edits = client.ok("textDocument/rename", renamed);
        let edits = &edits["changes"][client.uri("a.scn")];
        let places: Vec<&Value> = edits
            .as_array()
            .unwrap()
            .iter()
            .map(|e| &e["range"])
            .collect();
        let first = "let both = [\"🎉ü\", ".encode_utf16().count();
        assert_eq!(
            places,
            [
                &place(1, 4, 8),
                &place(2, first, first + 4),
                &place(2, column, column + 4)
            ]
        );
        let hover = client.ok("textDocument/hover", params);
        assert_eq!(hover["range"], place(2, column, column + 4));
    }
}
