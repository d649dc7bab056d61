//! The time of a layer's mixture of experts.

use super::fabric::Ways;
use super::{Device, Moe, Precision, Ranks};

/// How many of so many experts are touched where `tokens` go to `top_k` of them each, evenly:
/// `E·(1 − (1 − k/E)^N)`.
pub(super) fn touched(experts: f64, top_k: f64, tokens: f64) -> f64 {
    experts * (1.0 - (1.0 - (top_k / experts).min(1.0)).powf(tokens))
}

/// The fullest rank's share of the tokens, over the mean: experts are not chosen evenly.
const IMBALANCE: f64 = 1.2;

/// Seconds of the routed experts of a layer: choosing them, two grouped products and, where they
/// are spread over ranks, the exchange before and after.
///
/// A rank reads `3·h·ff·w` bytes of each touched expert and does `2·3·h·ff` operations for each
/// of its `N·k` rows, split over `ep` ranks.
pub(super) fn seconds(
    (device, ways): (&Device, Option<&Ways>),
    (moe, hidden, gated): (&Moe, f64, bool),
    weights: Precision,
    ranks: Ranks,
    tokens: f64,
) -> f64 {
    let precision = moe.weights.unwrap_or(weights);
    let format = device.format(precision.bytes);
    let router = device.sixteen.seconds(
        (tokens, moe.experts, hidden),
        Precision::BF16.bytes,
        device.bandwidth,
    );
    let matrices = if gated { 3.0 } else { 2.0 };
    let width = matrices * hidden * moe.intermediate;
    let rows = tokens * moe.top_k;
    let spread = spread(ranks);
    // split by width, every rank has part of each expert: nothing is uneven
    let uneven = if spread { IMBALANCE } else { 1.0 };
    let active = touched(moe.experts, moe.top_k, tokens);
    let bytes = active * width * precision.bytes / ranks.experts
        + rows * (2.0 * hidden + 3.0 * moe.intermediate / ranks.experts) * 2.0;
    let mut grouped = *format;
    grouped.gemm.compute = device.kernels.expert_compute;
    grouped.gemm.memory = device.kernels.expert_memory;
    let work = 2.0 * rows * width / ranks.experts;
    let products = grouped.bend(work * uneven, bytes, device.bandwidth);
    let exchange = exchange((device, ways), (moe, hidden), ranks, tokens);
    router + device.kernels.expert_start + products + exchange
}

/// Whether ranks have experts of their own, and send them tokens.
fn spread(ranks: Ranks) -> bool {
    ranks.experts > ranks.tensor
}

/// Seconds of sending tokens to their experts and back, where these are spread over ranks.
pub(super) fn exchange(
    (device, ways): (&Device, Option<&Ways>),
    (moe, hidden): (&Moe, f64),
    ranks: Ranks,
    tokens: f64,
) -> f64 {
    if !spread(ranks) {
        return 0.0;
    }
    let sent = tokens * moe.top_k * hidden * 2.0 / ranks.experts;
    2.0 * device.all_to_all(ranks.experts, sent, ways)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_tokens_touch_few_experts() {
        assert!((touched(128.0, 8.0, 1.0) - 8.0).abs() < 1e-9);
        assert!((touched(128.0, 8.0, 8.0) - 51.6).abs() < 0.1);
        assert!((touched(128.0, 8.0, 1000.0) - 128.0).abs() < 1e-9);
        assert_eq!(touched(4.0, 4.0, 1.0), 4.0);
    }
}
