//! The time of one step of a serving engine: what a batch of prompts' chunks and decoding
//! sequences takes on each GPU, and on the host beside it.

use super::attention::Attention;
use super::layers::{self, Stage};
use super::{Architecture, Device, Fabric, Precision, Ranks};
use serde::{Deserialize, Serialize};

/// What a step works on, added up: its time follows from these sums alone.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Batch {
    /// Tokens that go through the layers.
    pub tokens: u32,
    /// Sequences that get a token at its end: rows of the output layer.
    pub sampled: u32,
    /// Sequences of which it computes one token.
    pub decoding: u32,
    /// Parts of prompts.
    pub chunks: u32,
    /// Tokens that decoding sequences look at.
    pub context: f64,
    /// The same, no more than the model's window for each.
    pub context_in_window: f64,
    /// Pairs of a chunk's token and a token that it looks at: `Σ c·prev + c²/2`.
    pub pairs: f64,
    pub pairs_in_window: f64,
    /// Tokens whose keys and values chunks look at: `Σ prev + c`.
    pub chunk_context: f64,
    pub chunk_context_in_window: f64,
}

impl Batch {
    /// Adds `count` tokens of a sequence of which `before` are computed; `window` tokens are seen in
    /// layers that slide, `samples` says whether it gets a token at the end.
    pub fn add(&mut self, before: u32, count: u32, samples: bool, window: f64) {
        let (prev, c) = (f64::from(before), f64::from(count));
        self.tokens += count;
        self.sampled += u32::from(samples);
        if count == 1 && before > 0 {
            self.decoding += 1;
            self.context += prev + 1.0;
            self.context_in_window += (prev + 1.0).min(window);
        } else {
            self.chunks += 1;
            let seen = prev + c / 2.0;
            self.pairs += c * seen;
            self.pairs_in_window += c * seen.min(window);
            self.chunk_context += prev + c;
            self.chunk_context_in_window += (prev + c).min(window + c);
        }
    }
}

/// What an engine does on the host for a step, in seconds, fitted to measured runs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Host {
    /// Scheduling, preparing inputs and reading results, of any step.
    pub step: f64,
    /// And for each sequence of it.
    pub sequence: f64,
    /// Whether it is done while the GPU works: then the longer of the two counts.
    pub overlaps: bool,
    /// What of a step neither hides: the gap between two steps on the GPU.
    pub gap: f64,
    /// Most tokens of a step that runs from recorded graphs; beyond, the host launches the kernels
    /// of each layer.
    pub graphs: f64,
    /// Seconds of that for a dense layer, and for one with experts.
    pub layer: f64,
    pub expert_layer: f64,
    /// No step is shorter.
    pub floor: f64,
}

/// What a pipeline stage spends a step's time on, in seconds, each added up over its layers.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Parts {
    pub attention: f64,
    /// Products of matrices, experts and elementwise kernels.
    pub products: f64,
    /// Sums over ranks, and exchanges between experts.
    pub collectives: f64,
    /// The output layer, and choosing tokens.
    pub output: f64,
    /// What the host adds, and what neither hides.
    pub host: f64,
}

/// The step times of a model on so many GPUs. Those of layers are kept by number of tokens.
#[derive(Debug, Clone)]
pub struct Serving {
    model: Architecture,
    ranks: Ranks,
    device: Device,
    fabric: Option<Fabric>,
    host: Host,
    attention: Attention,
    stages: Vec<(Stage, Vec<f64>)>,
    head: Vec<f64>,
}

impl Serving {
    pub fn new(
        (model, ranks): (&Architecture, Ranks),
        cache: Precision,
        (device, fabric): (&Device, Option<&Fabric>),
        host: Host,
    ) -> Self {
        let stages = (ranks.stages as usize).max(1);
        Self {
            attention: Attention::of(model, ranks, cache.bytes),
            stages: (0..stages)
                .map(|stage| (Stage::of(model, stages, stage), Vec::new()))
                .collect(),
            head: Vec::new(),
            model: model.clone(),
            ranks,
            device: device.clone(),
            fabric: fabric.cloned(),
            host,
        }
    }

    pub fn stages(&self) -> usize {
        self.stages.len()
    }

    /// Whether the host works ahead of the GPU.
    pub fn overlaps(&self) -> bool {
        self.host.overlaps
    }

    /// Tokens that layers with a window see; without any, no sequence is so long.
    pub fn window(&self) -> f64 {
        self.model
            .window
            .map_or(f64::INFINITY, |window| window.size)
    }

    /// Seconds in which a pipeline stage has the batch, in a step whose largest rank has `padded`
    /// tokens: the layers' work on all ranks waits for that one.
    pub fn stage_seconds(&mut self, stage: usize, batch: &Batch, padded: u32) -> f64 {
        let tokens = batch.tokens.max(padded);
        let (shape, _) = self.stages[stage];
        let mut gpu = self.layers(stage, tokens);
        gpu += shape.layers() * self.attention.seconds(&self.device, batch);
        if shape.last {
            gpu += self.head(batch.sampled);
        }
        let host = &self.host;
        let sequences = f64::from(batch.decoding + batch.chunks);
        let scheduling = host.step + host.sequence * sequences;
        let mut seconds = gpu;
        if f64::from(tokens) > host.graphs {
            let launches = shape.dense * host.layer + shape.sparse * host.expert_layer;
            seconds = seconds.max(launches);
        }
        seconds = match host.overlaps {
            true => seconds.max(scheduling),
            false => seconds + scheduling,
        };
        (seconds + host.gap).max(host.floor)
    }

    /// The parts of [`stage_seconds`](Self::stage_seconds).
    pub fn parts(&mut self, stage: usize, batch: &Batch, padded: u32) -> Parts {
        let tokens = batch.tokens.max(padded);
        let (shape, _) = self.stages[stage];
        let layers = self.layers(stage, tokens);
        let ways = self.fabric.as_ref().and_then(|fabric| fabric.stage(stage));
        let devices = (&self.device, ways);
        let (model, ranks) = (&self.model, self.ranks);
        let collectives =
            layers::collectives(model, ranks, devices, shape, f64::from(tokens)).min(layers);
        let attention = shape.layers() * self.attention.seconds(&self.device, batch);
        let output = match shape.last {
            true => self.head(batch.sampled),
            false => 0.0,
        };
        let gpu = layers + attention + output;
        Parts {
            attention,
            products: layers - collectives,
            collectives,
            output,
            host: (self.stage_seconds(stage, batch, padded) - gpu).max(0.0),
        }
    }

    /// Seconds of handing the batch on to the stage after this one.
    pub fn hand_on(&self, stage: usize, batch: &Batch) -> f64 {
        let bytes = f64::from(batch.tokens) * self.model.hidden * 2.0;
        let ways = self.fabric.as_ref().and_then(|fabric| fabric.stage(stage));
        self.device.hand_on(bytes, ways)
    }

    fn layers(&mut self, stage: usize, tokens: u32) -> f64 {
        let ways = self.fabric.as_ref().and_then(|fabric| fabric.stage(stage));
        let (shape, known) = &mut self.stages[stage];
        remembered(known, tokens, |tokens| {
            layers::seconds(&self.model, self.ranks, &self.device, ways, *shape, tokens)
        })
    }

    fn head(&mut self, rows: u32) -> f64 {
        remembered(&mut self.head, rows, |rows| {
            layers::head(&self.model, self.ranks, &self.device, rows)
        })
    }
}

/// A figure of a count that was worked out before, or is now.
fn remembered(known: &mut Vec<f64>, count: u32, work: impl FnOnce(f64) -> f64) -> f64 {
    let at = count as usize;
    if known.len() <= at {
        known.resize(at + 1, f64::NAN);
    }
    if known[at].is_nan() {
        known[at] = work(f64::from(count));
    }
    known[at]
}
