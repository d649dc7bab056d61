//! What the serving simulator costs: a step by its number of sequences, and a load of many requests.

use scn::cost::{Architecture, Device, Format, Gemm, Host, Kernels, KvBlocks, Precision, Ranks};
use scn::sim::{Balance, Event, Faults, FrontEnd, Passes, Profile, Request, Server, Setup, What};
use std::time::Instant;

/// A model of 8 billion parameters on a GPU of 4.8 TB/s and 989 TFLOP/s.
fn setup(sequences: u32) -> Setup {
    let gemm = Gemm {
        start: 4e-6,
        compute: 0.65,
        memory: 0.8,
        blend: 3.0,
    };
    Setup {
        model: Architecture {
            layers: 32.0,
            cross_layers: 0.0,
            hidden: 4096.0,
            heads: 32.0,
            kv_heads: 8.0,
            head_dim: 128.0,
            intermediate: 14336.0,
            gated: true,
            vocab: 128_256.0,
            tied: false,
            weights: Precision::BF16,
            moe: None,
            mla: None,
            window: None,
            towers: Vec::new(),
        },
        ranks: Ranks::ONE,
        cache: Precision::BF16,
        device: Device {
            memory: 150e9,
            bandwidth: 4.8e12,
            link: 450e9,
            sixteen: Format {
                flops: 989e12,
                input: 2.0,
                gemm,
            },
            eight: None,
            four: None,
            kernels: Kernels {
                attention_start: 8e-6,
                attention_compute: 0.6,
                attention_memory: 0.8,
                elementwise_start: 2e-6,
                elementwise_memory: 0.8,
                expert_start: 2e-5,
                expert_compute: 0.35,
                expert_memory: 0.8,
            },
            all_reduce: Vec::new(),
        },
        fabrics: Vec::new(),
        host: Host {
            step: 1e-3,
            sequence: 8e-6,
            overlaps: true,
            gap: 1e-4,
            graphs: 512.0,
            layer: 1e-4,
            expert_layer: 1e-4,
            floor: 0.0,
        },
        profile: Profile {
            passes: Passes::Mixed,
            tokens: 8192,
            sequences,
            chunked: true,
            reserve: 0.0,
        },
        blocks: KvBlocks {
            count: 1 << 20,
            tokens: 16,
        },
        prefix_cache: false,
        context: 1 << 20,
        replicas: 1,
        lockstep: false,
        balance: Balance::LeastLoaded,
        front: FrontEnd::NONE,
        faults: Faults::default(),
    }
}

fn request(id: u64, prompt: u32, output: u32) -> Request {
    Request {
        id,
        prompt,
        output,
        ..Request::default()
    }
}

/// Nanoseconds of a step in which so many sequences decode, their events included.
fn step(sequences: u32) -> f64 {
    const STEPS: u32 = 2000;
    let mut server = Server::new(&setup(sequences));
    for id in 0..u64::from(sequences) {
        server.arrive(request(id, 16, STEPS + 200), 0);
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

/// Requests a second that a closed loop of 256 gets through, of 500 and 200 tokens.
fn requests() -> f64 {
    const COUNT: u64 = 20_000;
    let mut server = Server::new(&setup(256));
    (0..256).for_each(|id| server.arrive(request(id, 500, 200), 0));
    let (start, mut sent, mut events) = (Instant::now(), 256, Vec::new());
    while let Some(at) = server.next() {
        server.advance(at, &mut events);
        for event in events.drain(..) {
            if event.what == What::Finished && sent < COUNT {
                server.arrive(request(sent, 500, 200), event.at);
                sent += 1;
            }
        }
    }
    COUNT as f64 / start.elapsed().as_secs_f64()
}

fn main() {
    println!("sequences    ns a step    ns a step and sequence");
    for sequences in [1, 8, 64, 256, 1024] {
        let ns = step(sequences);
        println!(
            "{sequences:>9} {ns:>12.0} {:>25.1}",
            ns / f64::from(sequences)
        );
    }
    println!(
        "{:.0} requests a second of one core, of 500 and 200 tokens",
        requests()
    );
}
