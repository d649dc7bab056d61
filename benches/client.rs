//! What the client itself costs, and how true its times are, against the built-in engine: a
//! process of its own, whose timing is declared and whose chunks say when they were due and sent.
//! Run with `cargo bench --bench client`; with words after `--`, the costs whose names have one of
//! them, and nothing else.

mod stamps;
mod support;

use scn::clock::Clock;
use scn::load::client::Client;
use scn::load::drive::{RequestSource, drive};
use scn::load::live::Live;
use scn::load::record::{Outcome, Record};
use scn::load::spec::{Arrival, Load, Pace, Part, Request};
use scn::stop::stop_pair;
use stamps::{Piece, Stamped, clock, target};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use support::{Engine, Samples, own_cpu, table};

const STREAMS: u64 = 64;
const EVENTS_PER_S: u64 = 50;
const SECONDS: u64 = 6;
/// The cost is measured so often: what else the machine does comes and goes.
const REPEATS: usize = 3;

const TTFT: Duration = Duration::from_millis(50);
const ITL: Duration = Duration::from_millis(20);

fn main() {
    let words: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| !word.starts_with("--"))
        .collect();
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        cost(&words).await;
        if words.is_empty() {
            truth().await;
        }
    });
}

/// The CPU time of this process while it reads 64 streams of 50 events a second, and while it
/// sends in an open loop.
async fn cost(words: &[String]) {
    let steady = ["--ttft", "50ms", "--itl", "20ms"];
    // Tokens up to 10 ms early or late, so that streams do not send at the same moments.
    let spread = ["--ttft", "50ms", "--itl", "20ms", "--jitter", "50%"];
    let quick = ["--ttft", "2ms", "--itl", "1ms"];
    let rate = |per_s| {
        (
            Pace::Open {
                rate_per_s: per_s,
                arrival: Arrival::Poisson,
                ramp: None,
            },
            2,
        )
    };
    let streams = (
        Pace::Closed {
            concurrency: STREAMS,
            think: Duration::ZERO.into(),
        },
        EVENTS_PER_S * SECONDS,
    );
    let cases = [
        (
            format!("{STREAMS} streams x {EVENTS_PER_S} events/s, in step"),
            &steady[..],
            streams.clone(),
        ),
        (
            format!("{STREAMS} streams x {EVENTS_PER_S} events/s, spread"),
            &spread[..],
            streams,
        ),
        (
            "open loop, 200 req/s of 2 events".to_owned(),
            &quick[..],
            rate(200.0),
        ),
        (
            "open loop, 1000 req/s of 2 events".to_owned(),
            &quick[..],
            rate(1000.0),
        ),
    ];
    let mut rows = Vec::new();
    let wanted = |name: &str| words.is_empty() || words.iter().any(|word| name.contains(word));
    for (name, arguments, (pace, events)) in cases.into_iter().filter(|case| wanted(&case.0)) {
        let engine = Engine::start(arguments);
        let (mut share, mut each, mut servers) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..REPEATS {
            let (cpu, served, started) = (own_cpu(), engine.cpu(), Instant::now());
            let records = run(&load(&pace), &engine.url, events, None, Clock::start()).await;
            let seconds = started.elapsed().as_secs_f64();
            let (cpu, served) = (own_cpu() - cpu, engine.cpu() - served);
            let chunks: usize = records.iter().map(|record| record.chunks.len()).sum();
            share.push(cpu / seconds);
            each.push(cpu / chunks as f64);
            servers.push(served / seconds);
        }
        let [share, each, servers] = [share, each, servers].map(Samples::new);
        rows.push(vec![
            name,
            share.range(100.0, 2),
            each.range(1e6, 1),
            servers.range(100.0, 1),
        ]);
    }
    let head = [
        "load",
        "client, % of a core",
        "client, us per event",
        "engine, % of a core",
    ];
    table(
        &format!("what the client costs, {REPEATS} runs each: median (min to max)"),
        &head,
        &rows,
    );
}

/// What was declared, what the engine did and what the client measured, on one clock.
async fn truth() {
    let engine = Engine::start(&["--ttft", "50ms", "--itl", "20ms"]);
    let steady = load(&Pace::Closed {
        concurrency: STREAMS,
        think: Duration::ZERO.into(),
    });
    let streams = compare(&steady, &engine.url, EVENTS_PER_S * SECONDS).await;
    let open = load(&Pace::Open {
        rate_per_s: 100.0,
        arrival: Arrival::Poisson,
        ramp: None,
    });
    let requests = compare(&open, &engine.url, 10).await;

    let (mut measured, mut delays) = (Vec::new(), Vec::new());
    for (name, seen) in [("64 streams", streams), ("100 req/s", requests)] {
        let mut declared = |what: &str, declared: Duration, samples: Vec<f64>| {
            let samples = Samples::new(samples);
            let mut row = vec![
                format!("{name}: {what}"),
                format!("{:.1}", declared.as_secs_f64() * 1e3),
            ];
            let figures = [
                samples.mean(),
                samples.at(0.01),
                samples.at(0.5),
                samples.at(0.99),
            ];
            row.extend(figures.map(|figure| format!("{:.3}", figure * 1e3)));
            measured.push(row);
        };
        declared("ttft", TTFT, seen.ttft);
        declared("itl", ITL, seen.itl);
        let mut delay = |what: &str, samples: Vec<f64>| {
            let samples = Samples::new(samples);
            let figures = [0.0, 0.5, 0.99, 1.0].map(|q| format!("{:.0}", samples.at(q) * 1e6));
            delays.push([vec![format!("{name}: {what}")], figures.to_vec()].concat());
        };
        delay("request due to sent (client)", seen.due_to_sent);
        delay("request sent to received", seen.sent_to_received);
        delay("token due to sent (engine)", seen.engine_late);
        delay("first token sent to seen", seen.first_to_seen);
        delay("any token sent to seen", seen.sent_to_seen);
        delay("error of the measured ttft", seen.ttft_error);
    }
    let head = ["what", "declared, ms", "mean", "p1", "p50", "p99"];
    table("declared, and measured by the client, ms", &head, &measured);
    table(
        "where the difference arises, us",
        &["what", "min", "p50", "p99", "max"],
        &delays,
    );
}

async fn compare(load: &Load, url: &str, events: u64) -> Stamped {
    let pieces = Arc::new(Mutex::new(Vec::new()));
    let (clock, offset) = clock();
    let records = run(load, url, events, Some(pieces.clone()), clock).await;
    let pieces = std::mem::take(&mut *pieces.lock().expect("no panic"));
    stamps::compare(&records, pieces, offset)
}

/// One request per client of a closed loop; five seconds of an open one.
fn load(pace: &Pace) -> Load {
    let (requests, duration) = match pace {
        Pace::Closed { concurrency, .. } => (Some(*concurrency), None),
        Pace::Open { .. } | Pace::Batch => (None, Some(Duration::from_secs(5))),
    };
    Load {
        name: None,
        pace: pace.clone(),
        requests,
        duration,
        drain: None,
        timeout: Duration::from_secs(60),
        seed: 1,
        lengths_seed: 1,
    }
}

/// `max_tokens` says how many tokens the engine sends.
struct Same(u64);

impl RequestSource for Same {
    fn request(&self, _: u64) -> Request {
        Request {
            row: 0,
            system: None,
            content: vec![Part::Text("word ".repeat(200))],
            max_tokens: Some(self.0),
            temperature: None,
            ignore_eos: true,
            stream: true,
            extra: Default::default(),
        }
    }
}

async fn run(
    load: &Load,
    url: &str,
    events: u64,
    tap: Option<Arc<Mutex<Vec<Piece>>>>,
    clock: Clock,
) -> Vec<Record> {
    let target = target(url, "builtin");
    let mut client = Client::new(&target).expect("a client");
    if let Some(pieces) = tap {
        client = client.with_tap(Arc::new(move |request, at, bytes| {
            let bytes = bytes.to_vec();
            pieces
                .lock()
                .expect("no panic")
                .push(Piece { request, at, bytes });
        }));
    }
    let (_stopper, stop) = stop_pair();
    let records = Arc::new(Mutex::new(Vec::new()));
    let sink = records.clone();
    let on_record = Arc::new(move |record| sink.lock().expect("no panic").push(record));
    drive(
        load,
        Arc::new(client),
        Arc::new(Same(events)),
        clock,
        stop,
        Arc::new(Live::new()),
        on_record,
    )
    .await;
    let records: Vec<Record> = std::mem::take(&mut *records.lock().expect("no panic"));
    for record in &records {
        assert_eq!(record.outcome, Outcome::Ok);
        assert_eq!(
            record.chunks.len() as u64,
            events,
            "every token is a chunk of its own"
        );
    }
    records
}
