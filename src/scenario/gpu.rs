//! What is said of the GPUs that a server is for, and what a case costs on them.

use super::cluster::Wire;
use super::context::{Context, as_number, member};
use super::server::part;
use super::{Case, ServerSpec};
use crate::cost::Rates;
use crate::diagnostics::{Diagnostic, codes};
use crate::eval::Value;
use crate::source::Span;
use std::sync::Arc;

/// The sort of GPU that a server names, in base units.
#[derive(Debug, Clone, PartialEq)]
pub struct GpuSpec {
    /// The name of its block.
    pub name: String,
    /// In USD per second.
    pub price: Option<f64>,
    /// Bytes per second of its memory.
    pub bandwidth: Option<f64>,
    /// Bytes per second in each direction.
    pub link: Option<f64>,
    /// FLOP per second, by how numbers are stored.
    compute: Vec<(&'static str, f64)>,
}

/// The GPU of a server, with the place that says it: its own `gpu`, or that of its cluster.
pub(super) fn lower(cx: &Context<'_>, (written, place): (&Value, Span)) -> Option<GpuSpec> {
    let name = match written {
        Value::Block(block) => block.flat.title().to_string(),
        Value::Record(_) => "GPU".to_string(),
        _ => return None,
    };
    let figure = |name| as_number(&member(cx.eval, written, "gpu", name, place));
    for name in ["bandwidth", "link"] {
        if figure(name) == Some(0.0) {
            nothing(cx, place, &format!("`{name}` of this GPU"));
        }
    }
    let compute = match part(cx, written, "compute", place) {
        Value::Record(fields) => ["bf16", "fp8", "int8", "fp4"]
            .into_iter()
            .filter_map(|name| Some((name, as_number(fields.get(name)?)?)))
            .inspect(|(name, flops)| {
                if *flops == 0.0 {
                    nothing(cx, place, &format!("`compute.{name}` of this GPU"));
                }
            })
            .collect(),
        _ => Vec::new(),
    };
    Some(GpuSpec {
        name,
        price: figure("price"),
        bandwidth: figure("bandwidth"),
        link: figure("link"),
        compute,
    })
}

/// A rate of 0 is none: with it nothing would ever end.
fn nothing(cx: &Context<'_>, place: Span, what: &str) {
    let found = Diagnostic::error(codes::OUT_OF_RANGE, place, format!("{what} is 0"));
    cx.eval
        .report(found.help("say what it does per second; or leave it out where that is not known"));
}

impl GpuSpec {
    /// What it does per second where numbers take so many bytes; none where one of the figures is
    /// not known. What it has no arithmetic for, it computes in 16 bits. `wire` is what its links
    /// pass where they are stated.
    pub(super) fn rates(&self, bytes: f64, wire: Option<Wire>) -> Option<Rates> {
        let names: &[&str] = match bytes {
            b if b < 1.0 => &["fp4", "bf16"],
            b if b < 2.0 => &["fp8", "int8", "bf16"],
            _ => &["bf16"],
        };
        let known = |name: &&str| self.compute.iter().find(|(one, _)| one == name);
        let (_, flops) = names.iter().find_map(known)?;
        let positive = |figure: Option<f64>| figure.filter(|figure| *figure > 0.0);
        Some(Rates {
            flops: positive(Some(*flops))?,
            bandwidth: positive(self.bandwidth)?,
            link: positive(wire.map_or(self.link, |wire| Some(self.passes(wire))))?,
            latency: wire.map_or(0.0, |wire| wire.latency),
        })
    }
}

impl GpuSpec {
    /// Bytes per second over stated links: all of a GPU's together, but no more than what it has for
    /// them, unless one of them alone is wider (a bridge beside its PCIe).
    fn passes(&self, wire: Wire) -> f64 {
        match self.link {
            Some(own) => wire.bandwidth.min(own.max(wire.widest)),
            None => wire.bandwidth,
        }
    }
}

impl ServerSpec {
    /// The GPUs that it works on: those that its engine asks for, or where it asks for none, those
    /// of its layout.
    pub fn gpu_count(&self) -> u64 {
        match self.gpus {
            0 => self.layout.tp * self.layout.pp * self.layout.dp,
            gpus => gpus,
        }
    }
}

/// What a case's servers cost together, in USD per second; or the server of which that is not
/// known, and why.
pub fn price(servers: &[Arc<ServerSpec>]) -> Result<f64, String> {
    let each = servers.iter().map(|server| match &server.gpu {
        None => Err(format!(
            "the server `{}` does not say its `gpu`, so its price is not known",
            server.name
        )),
        Some(GpuSpec {
            price: None, name, ..
        }) => Err(format!(
            "the GPU `{name}` of the server `{}` has no `price`",
            server.name
        )),
        Some(GpuSpec {
            price: Some(price), ..
        }) => Ok(price * server.gpu_count() as f64),
    });
    each.sum()
}

impl Case {
    /// What it costs, in USD per second; or why that is not known.
    pub fn price(&self) -> Result<f64, String> {
        price(&self.servers)
    }
}
