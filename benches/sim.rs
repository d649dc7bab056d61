//! What the serving simulator costs: a step by its number of sequences, and a chat workload of many
//! requests. Run with `cargo bench --bench sim`.

mod support;

use scn::library::{Layout, Wanted, made};
use scn::sim::{Event, FrontEnd, Request, Server, Setup, What};
use std::time::Instant;
use support::{own_cpu, table};

/// vLLM with Llama 3.1 8B on H200, so many replicas of it.
fn setup(dp: u64) -> Setup {
    let wanted = Wanted {
        engine: "vllm",
        model: "llama_3_1_8b",
        gpu: "h200",
        layout: Layout {
            dp,
            ..Layout::default()
        },
        ..Wanted::default()
    };
    made(&wanted.text()).unwrap_or_else(|why| panic!("{}", why.message))
}

/// Nanoseconds of a step in which so many sequences decode, each with a chunk of its own.
fn step(sequences: u32) -> f64 {
    const STEPS: u32 = 2000;
    let mut setup = setup(1);
    setup.profile.sequences = sequences;
    // a front end that falls behind merges chunks, and room for all: the most that a step costs
    setup.front = FrontEnd::NONE;
    setup.blocks.count = 1 << 20;
    let mut server = Server::new(&setup);
    for id in 0..u64::from(sequences) {
        let request = Request {
            id,
            prompt: 16,
            output: STEPS + 200,
            ..Request::default()
        };
        server.arrive(request, 0);
    }
    let mut events: Vec<Event> = Vec::new();
    let mut next = |server: &mut Server| {
        if let Some(at) = server.next() {
            server.advance(at, &mut events);
        }
        let tokens = events.len();
        events.clear();
        tokens
    };
    // until all of them decode
    while next(&mut server) < sequences as usize {}
    (0..50).for_each(|_| {
        next(&mut server);
    });
    let (start, mut tokens) = (Instant::now(), 0u64);
    while tokens < u64::from(STEPS) * u64::from(sequences) {
        let seen = next(&mut server);
        if seen == 0 && server.next().is_none() {
            break;
        }
        tokens += seen as u64;
    }
    start.elapsed().as_nanos() as f64 * f64::from(sequences) / tokens as f64
}

/// A chat's turn: 256 tokens that all share, a question of up to 500, an answer of up to 400.
fn chat(id: u64) -> Request {
    let mixed = (id + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
    let prompt = 256 + 20 + (mixed % 480) as u32;
    let shared = 256 / 16;
    let own = u64::from(prompt / 16) - shared;
    Request {
        id,
        prompt,
        output: 20 + (mixed / 480 % 380) as u32,
        prefix: (0..shared)
            .chain((0..own).map(|block| (id + 1) << 8 | block))
            .collect(),
        ..Request::default()
    }
}

/// Sends so many turns to eight GPUs, 1024 at once; the tokens that came.
fn chats(count: u64) -> u64 {
    let mut server = Server::new(&setup(8));
    let (mut sent, mut tokens, mut events) = (0, 0, Vec::new());
    while sent < 1024.min(count) {
        server.arrive(chat(sent), 0);
        sent += 1;
    }
    while let Some(at) = server.next() {
        server.advance(at, &mut events);
        for event in events.drain(..) {
            match event.what {
                What::First(some) | What::Tokens(some) => tokens += u64::from(some),
                What::Finished if sent < count => {
                    server.arrive(chat(sent), event.at);
                    sent += 1;
                }
                _ => {}
            }
        }
    }
    tokens
}

/// The most memory that this process had so far, in MB.
fn peak() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kb = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    kb.map_or("unavailable".into(), |kb| format!("{:.1}", kb / 1e3))
}

fn main() {
    let steps = [1, 8, 64, 256, 1024].map(|sequences| {
        let ns = step(sequences);
        let each = ns / f64::from(sequences);
        vec![
            format!("{sequences}"),
            format!("{ns:.0}"),
            format!("{each:.1}"),
            format!("{:.2}", ns / (1000.0 + 20.0 * f64::from(sequences))),
        ]
    });
    table(
        "a step",
        &["sequences", "ns", "ns a sequence", "of 1 µs + 20 ns each"],
        &steps,
    );
    let loads = [10_000, 100_000, 1_000_000].map(|count| {
        let cpu = own_cpu();
        let tokens = chats(count);
        vec![
            format!("{count}"),
            format!("{tokens}"),
            format!("{:.2}", own_cpu() - cpu),
            peak(),
        ]
    });
    table(
        "turns of chats on 8 GPUs, dp 8, 1024 at once",
        &["requests", "tokens", "CPU s", "peak MB so far"],
        &loads,
    );
}
