//! Setups that are small enough to be worked out by hand.

use super::{
    Balance, Event, Faults, FrontEnd, Passes, Profile, Request, Server, Setup, Time, What,
};
use crate::cost::{Architecture, Device, Format, Gemm, Host, Kernels, KvBlocks, Precision, Ranks};

/// A millisecond.
pub const MS: Time = 1_000_000;

/// A server on which every step takes 10 ms, whatever it works on: the floor of its host. Its GPU is
/// so fast that it does not count.
pub fn setup(tokens: u32, sequences: u32, blocks: u64) -> Setup {
    let gemm = Gemm {
        start: 0.0,
        compute: 1.0,
        memory: 1.0,
        blend: 1.0,
    };
    let sixteen = Format {
        flops: 1e30,
        input: 2.0,
        gemm,
    };
    Setup {
        model: Architecture {
            layers: 4.0,
            cross_layers: 0.0,
            hidden: 64.0,
            heads: 4.0,
            kv_heads: 4.0,
            head_dim: 16.0,
            intermediate: 128.0,
            gated: true,
            vocab: 100.0,
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
            memory: 1e9,
            bandwidth: 1e30,
            link: 1e30,
            sixteen,
            eight: None,
            four: None,
            kernels: Kernels {
                attention_start: 0.0,
                attention_compute: 1.0,
                attention_memory: 1.0,
                elementwise_start: 0.0,
                elementwise_memory: 1.0,
                expert_start: 0.0,
                expert_compute: 1.0,
                expert_memory: 1.0,
            },
            all_reduce: Vec::new(),
        },
        fabrics: Vec::new(),
        host: Host {
            step: 0.0,
            sequence: 0.0,
            overlaps: false,
            gap: 0.0,
            graphs: f64::MAX,
            layer: 0.0,
            expert_layer: 0.0,
            floor: 0.01,
        },
        profile: Profile {
            passes: Passes::Mixed,
            tokens,
            sequences,
            chunked: true,
            reserve: 0.0,
        },
        blocks: KvBlocks {
            count: blocks,
            tokens: 16,
        },
        prefix_cache: false,
        context: 4096,
        replicas: 1,
        lockstep: false,
        balance: Balance::LeastLoaded,
        front: FrontEnd::NONE,
        faults: Faults::default(),
    }
}

pub fn request(id: u64, prompt: u32, output: u32) -> Request {
    Request {
        id,
        prompt,
        output,
        ..Request::default()
    }
}

/// All that happens until nothing does any more.
pub fn run(server: &mut Server) -> Vec<Event> {
    let mut events = Vec::new();
    while let Some(next) = server.next() {
        server.advance(next, &mut events);
    }
    events
}

/// The times of a request's chunks, in whole milliseconds.
pub fn chunks(events: &[Event], id: u64) -> Vec<u64> {
    let of = events.iter().filter(|event| event.id == id);
    of.filter(|event| matches!(event.what, What::First(_) | What::Tokens(_)))
        .map(|event| event.at / MS)
        .collect()
}
