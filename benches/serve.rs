//! How true the built-in engine is to the simulator that it plays in real time: by how much later
//! than simulated a client has its tokens, by the stamps of each chunk. Run with
//! `cargo bench --bench serve`.

mod stamps;
mod support;

use scn::clock::Clock;
use scn::load::client::Client;
use scn::load::drive::{RequestSource, drive};
use scn::load::live::Live;
use scn::load::record::{Outcome, Record};
use scn::load::spec::{Load, Pace, Part, Request};
use scn::stop::stop_pair;
use stamps::{Piece, clock, late, target};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use support::{Engine, Samples, own_cpu, table};

const MODEL: &str = "llama_3_1_8b";
const GPU: &str = "h200";
const TOKENS: u64 = 100;

fn main() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let mut rows = Vec::new();
    for streams in [1, 64, 200, 1000] {
        let engine = Engine::start(&["--model", MODEL, "--gpu", GPU]);
        let (clock, offset) = clock();
        let pieces = Arc::new(Mutex::new(Vec::new()));
        let (cpu, served) = (own_cpu(), engine.cpu());
        let records = runtime.block_on(run(streams, &engine.url, pieces.clone(), clock));
        let (cpu, served) = (own_cpu() - cpu, engine.cpu() - served);
        let first = records.iter().map(|one| one.due).fold(f64::MAX, f64::min);
        let last = records.iter().map(|one| one.end).fold(0.0, f64::max);
        let pieces = std::mem::take(&mut *pieces.lock().expect("no panic"));
        let (sent, seen) = late(pieces, offset);
        let rate = seen.len() as f64 / (last - first);
        let mut row = vec![format!("{streams}"), format!("{rate:.0}")];
        for samples in [sent, seen].map(Samples::new) {
            row.extend([0.5, 0.99, 1.0].map(|q| format!("{:.3}", samples.at(q) * 1e3)));
        }
        row.extend([served, cpu].map(|cpu| format!("{:.0}", cpu / (last - first) * 100.0)));
        rows.push(row);
    }
    let head = [
        "streams",
        "chunks/s",
        "sent p50",
        "p99",
        "max",
        "seen p50",
        "p99",
        "max",
        "engine, %",
        "client, %",
    ];
    table(
        "later than simulated, ms; and parts of a core",
        &head,
        &rows,
    );
}

/// Prompts of 200 words, each its own.
struct Distinct;

impl RequestSource for Distinct {
    fn request(&self, index: u64) -> Request {
        Request {
            row: 0,
            system: None,
            content: vec![Part::Text(format!("{index} {}", "word ".repeat(199)))],
            max_tokens: Some(TOKENS),
            temperature: None,
            ignore_eos: true,
            stream: true,
            extra: Default::default(),
        }
    }
}

async fn run(streams: u64, url: &str, tap: Arc<Mutex<Vec<Piece>>>, clock: Clock) -> Vec<Record> {
    let load = Load {
        name: None,
        pace: Pace::Closed {
            concurrency: streams,
            think: Duration::ZERO.into(),
        },
        requests: Some(streams),
        duration: None,
        drain: None,
        timeout: Duration::from_secs(60),
        seed: 1,
        lengths_seed: 1,
    };
    let client = Client::new(&target(url, MODEL)).expect("a client");
    let client = client.with_tap(Arc::new(move |request, at, bytes| {
        let bytes = bytes.to_vec();
        let mut pieces = tap.lock().expect("no panic");
        pieces.push(Piece { request, at, bytes });
    }));
    let (_stopper, stop) = stop_pair();
    let records: Arc<Mutex<Vec<Record>>> = Arc::default();
    let sink = records.clone();
    drive(
        &load,
        Arc::new(client),
        Arc::new(Distinct),
        clock,
        stop,
        Arc::new(Live::new()),
        Arc::new(move |record| sink.lock().expect("no panic").push(record)),
    )
    .await;
    let records = std::mem::take(&mut *records.lock().expect("no panic"));
    for record in &records {
        assert_eq!(record.outcome, Outcome::Ok);
        assert_eq!(record.completion_tokens, Some(TOKENS));
    }
    records
}
