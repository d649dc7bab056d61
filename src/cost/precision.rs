//! Bytes of one number, by the names that engines and checkpoints give their formats.

/// How numbers are stored.
#[derive(Debug, Clone, Copy, PartialEq)]
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
    }
}
