//! What requests draw, as a server gets it.

use crate::raw::{Raw, STREAM};
use crate::support::*;
use serde_json::Value;

fn server() -> Raw {
    Raw::start(|request| match request {
        "POST /v1/chat/completions" => (200, "text/event-stream", STREAM.into()),
        _ => (404, "text/plain", String::new()),
    })
}

/// Phases tell themselves apart by their temperature, which they say in place of the workload.
fn pack(server: &Raw, phases: &str) -> Pack {
    Pack::new(&format!(
        "workload random {{ input = uniform(5 tok, 40 tok), output = lognormal(mean = 60, stddev = 20), temperature = 9 }}
         scenario s {{
           server sut {{ url = \"{}\", model = {{ path = \"m\" }} }}
           {phases}
         }}",
        server.url
    ))
}

/// The prompts of one temperature in order of their words, each with its limit.
fn asked(bodies: &[Value], temperature: f64) -> Vec<(String, u64)> {
    let of = bodies
        .iter()
        .filter(|body| body["temperature"] == temperature);
    let mut asked: Vec<(String, u64)> = of
        .map(|body| {
            let prompt = body["messages"][0]["content"].as_str().unwrap();
            (prompt.into(), body["max_tokens"].as_u64().unwrap())
        })
        .collect();
    asked.sort();
    asked
}

/// How long prompts and answers are to be, sorted.
fn lengths(asked: &[(String, u64)]) -> Vec<(usize, u64)> {
    let words = |prompt: &str| prompt.split(' ').count();
    let mut lengths: Vec<_> = asked.iter().map(|(p, most)| (words(p), *most)).collect();
    lengths.sort_unstable();
    lengths
}

#[test]
fn lengths_vary_and_repeat_with_the_seed() {
    let server = server();
    let load = "workload = random, requests = 30, concurrency = 4";
    let pack = pack(
        &server,
        &format!(
            "phase a {{ {load}, temperature = 0.1, seed = 1 }}
             phase b {{ {load}, temperature = 0.2, seed = 1 }}
             phase c {{ {load}, temperature = 0.3, seed = 2 }}
             phase d {{ {load}, temperature = 0.4 }}
             phase e {{ {load}, temperature = 0.5 }}
             phase f {{ {load}, temperature = 0.6, seed = 1, output = 7, input = 3 }}
             phase g {{ workload = random, batch = 30, temperature = 0.7, seed = 1 }}"
        ),
    );
    let run = |out: &str| {
        pack.ran(pack.scn(&["run", "s.scn", "--out", out]));
        server.bodies()
    };
    let first = run("one");
    let [a, b, c, d, e, f, g] =
        [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7].map(|phase| asked(&first, phase));
    assert_eq!(a.len(), 30);
    let drawn = lengths(&a);
    assert!(drawn.iter().all(|(words, _)| (5..=40).contains(words)));
    let different =
        |of: &mut dyn Iterator<Item = u64>| of.collect::<std::collections::BTreeSet<_>>().len();
    assert!(
        different(&mut drawn.iter().map(|(words, _)| *words as u64)) > 10,
        "{drawn:?}"
    );
    assert!(
        different(&mut drawn.iter().map(|(_, most)| *most)) > 10,
        "{drawn:?}"
    );
    // one seed: the same lengths in another phase and all at once, of other words
    assert_eq!(drawn, lengths(&b));
    assert_eq!(drawn, lengths(&g));
    assert_ne!(a, b);
    assert_ne!(drawn, lengths(&c));
    assert_ne!(
        lengths(&d),
        lengths(&e),
        "without a seed, by the phase's name"
    );
    assert_eq!(lengths(&f), [(3, 7); 30]);
    let starts = different(&mut a.iter().map(|(prompt, _)| {
        let first = prompt.split(' ').next().unwrap();
        first.bytes().fold(0, |n, byte| n * 256 + u64::from(byte))
    }));
    assert_eq!(starts, 30, "no two prompts begin with the same word");
    // whatever the order in which the server got them
    let again = run("two");
    for (phase, before) in [(0.1, a), (0.4, d)] {
        assert_eq!(asked(&again, phase), before);
    }
}

#[test]
fn a_batch_is_due_at_one_moment_and_a_ramp_rises() {
    let body = "phase all { workload = w, batch = 12, repeat = 2 }
        phase up { workload = w, rate = ramp(from = 0 req/s, to = 80 req/s), arrival = constant(), duration = 1s }
        expect all: all.requests == 24 and all.success_rate == 100% and up.requests == 40";
    let ran = Pack::new(&scenario("s", "", body)).run(&[]).exits(0);
    let rows = ran.requests("s/case");
    let due = |phase: &str, round: &str| -> Vec<f64> {
        let of = rows
            .iter()
            .filter(|row| row["phase"] == phase && row["round"] == round);
        let mut due: Vec<f64> = of.map(|row| row["due (s)"].parse().unwrap()).collect();
        due.sort_by(f64::total_cmp);
        due
    };
    for round in ["0", "1"] {
        let due = due("all", round);
        assert_eq!((due.len(), due[0]), (12, due[11]));
    }
    let up = due("up", "0");
    // a quarter is due in its first half
    let half = up.iter().filter(|due| **due < up[0] + 0.5 - 1e-4).count();
    assert_eq!(half, 10, "{up:?}");
}
