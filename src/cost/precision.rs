//! Bytes of one number, by the names that engines and checkpoints give their formats.

use serde::{Deserialize, Serialize};

/// How numbers are stored.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Precision {
    /// Block scales included.
    pub bytes: f64,
}

impl Precision {
    pub const BF16: Self = Self { bytes: 2.0 };

    /// By its name: a format (`bf16`, `fp8`, `mxfp4`), or how an engine's option calls one
    /// (`half`, `fp8_e4m3`, `modelopt_fp4`). None where the name does not tell the size: `awq`
    /// and `gptq` come with several, and how much of a model they cover differs.
    ///
    /// Block formats keep a scale of one byte for 32 numbers (OCP Microscaling 1.0) or, for
    /// NVFP4, for 16.
    pub fn named(name: &str) -> Option<Self> {
        let bytes = match name {
            "fp32" | "float32" | "float" => 4.0,
            "bf16" | "bfloat16" | "fp16" | "float16" | "half" => 2.0,
            "fp8" | "int8" | "fp8_e4m3" | "fp8_e5m2" | "modelopt_fp8" => 1.0,
            "mxfp8" => 1.0 + 1.0 / 32.0,
            "mxfp4" | "fp4_mx_block16" => 0.5 + 1.0 / 32.0,
            "nvfp4" | "modelopt_fp4" | "nvfp4_online" => 0.5 + 1.0 / 16.0,
            "int4" => 0.5,
            name => return Self::of_gguf(name),
        };
        Some(Self { bytes })
    }

    /// As GGUF files call them, in either case of letters.
    ///
    /// Of plain blocks: their bytes for 32 weights, by the structures of `ggml-common.h` in
    /// ggml. Of mixtures (`q4_k_m`) the least bits of a weight that the table of its converter has,
    /// that of the model of 70B in `examples/quantize/README.md` at b8c1476: a larger share of
    /// other models is in wider blocks.
    fn of_gguf(name: &str) -> Option<Self> {
        let block = |bytes: f64| bytes / 32.0;
        let mixture = |bits: f64| bits / 8.0;
        let bytes = match name.to_ascii_lowercase().as_str() {
            "f32" => 4.0,
            "f16" | "bf16" => 2.0,
            "q4_0" | "iq4_nl" => block(18.0),
            "q4_1" => block(20.0),
            "q5_0" => block(22.0),
            "q5_1" => block(24.0),
            "q8_0" => block(34.0),
            "q2_k" => mixture(3.35),
            "q3_k_s" => mixture(3.47),
            "q3_k_m" => mixture(3.85),
            "q3_k_l" => mixture(4.19),
            "q4_k_s" => mixture(4.53),
            "q4_k_m" => mixture(4.80),
            "q5_k_s" => mixture(5.50),
            "q5_k_m" => mixture(5.65),
            "q6_k" => mixture(6.56),
            _ => return None,
        };
        Some(Self { bytes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_sizes_or_nothing() {
        assert_eq!(Precision::named("half"), Some(Precision::BF16));
        assert_eq!(Precision::named("mxfp4").unwrap().bytes, 0.53125);
        assert_eq!(Precision::named("awq"), None);
        assert_eq!(Precision::named("Q8_0").unwrap().bytes, 1.0625);
        assert_eq!(Precision::named("q4_k_m").unwrap().bytes, 0.6);
    }
}
