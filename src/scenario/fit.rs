//! What `fit(server)` comes to: the sum of a server's model on its GPU, as expressions read it.

use super::{MemorySpec, ServerSpec, Start, Sum};
use crate::eval::{Fitted, Value};
use crate::units::{Dimension, Quantity};

impl ServerSpec {
    /// What its model takes of its GPU, or why that is not known.
    pub fn fitted(&self) -> Fitted {
        let lacks = |why: &str| Fitted::Lacks(why.into());
        if self.broken {
            return Fitted::Broken;
        }
        match (&self.start, &self.memory) {
            (Start::Running { .. }, _) => lacks("it runs already, and scn does not launch it"),
            (_, None) => lacks("it says neither its `gpu` nor its `cluster`"),
            (_, Some(memory)) => of(&self.engine, memory),
        }
    }
}

fn of(engine: &str, memory: &MemorySpec) -> Fitted {
    match &memory.sum {
        Sum::Unknown {
            unknown,
            lacks: true,
        } => Fitted::Lacks(unknown.as_str().into()),
        Sum::Unknown { unknown, .. } => Fitted::Unknown(unknown.as_str().into()),
        Sum::Known {
            fits,
            gpu_bytes,
            allowed_bytes,
            weights_bytes,
            cache_bytes,
            cache_bytes_per_token,
            block_tokens,
            longest_sequence,
            ..
        } => {
            let of = |value, dimension| Value::Number(Quantity::new(value, dimension));
            let bytes = |value: f64| of(value, Dimension::DATA);
            let tokens = (cache_bytes / cache_bytes_per_token).floor();
            let none_kept = || Value::Unavailable("the model keeps nothing of a token".into());
            let kv_tokens = match tokens.is_finite() {
                true => of(tokens, Dimension::TOKENS),
                false => none_kept(),
            };
            let kv_blocks = match block_tokens {
                None => Value::Unavailable(
                    format!("{engine} does not say how many tokens a block of it has").into(),
                ),
                Some(block) if tokens.is_finite() => Value::plain((tokens / block).floor()),
                Some(_) => none_kept(),
            };
            let longest = longest_sequence.map(|tokens| of(tokens, Dimension::TOKENS));
            let per_token = Dimension::DATA.per(Dimension::TOKENS);
            let fields = [
                ("fits", Value::Bool(*fits)),
                ("memory", bytes(*gpu_bytes)),
                ("allowed", bytes(*allowed_bytes)),
                ("weights", bytes(*weights_bytes)),
                ("free", bytes(allowed_bytes - weights_bytes)),
                ("kv_cache", bytes(*cache_bytes)),
                ("kv_bytes_per_token", of(*cache_bytes_per_token, per_token)),
                ("kv_tokens", kv_tokens),
                ("kv_blocks", kv_blocks),
                ("longest_sequence", longest.unwrap_or_else(none_kept)),
            ];
            Fitted::Known(Value::record(
                fields.map(|(name, value)| (name.to_string(), value)),
            ))
        }
    }
}
