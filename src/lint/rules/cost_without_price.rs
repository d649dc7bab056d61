//! # cost-without-price (W0631)
//!
//! A check, a rank or a column that rests on `case.price`, where the price of the GPUs is not known.
//!
//! ## Why it matters
//!
//! The figure is unavailable: the check has no data, and the column stays empty. Prices differ by
//! contract, so the library's GPUs have none; say yours.
//!
//! ## Wrong
//!
//! ```scn
//! use std.engines
//! use std.gpus
//!
//! workload hello { prompt = "Say hello.", output = 16 }
//!
//! scenario basic {
//!   server sut { engine = engines.builtin, gpu = gpus.h100 }
//!   phase warmup { workload = hello, requests = 10, measured = false }
//!   phase steady { workload = hello, requests = 100, concurrency = 4 }
//!   expect cheap: case.price / steady.output_throughput <= 0.60 USD/Mtok
//! }
//! ```
//!
//! ## Right
//!
//! ```scn
//! use std.engines
//! use std.gpus
//!
//! gpu rented extends gpus.h100 { price = 2.10 USD/h }
//!
//! workload hello { prompt = "Say hello.", output = 16 }
//!
//! scenario basic {
//!   server sut { engine = engines.builtin, gpu = rented }
//!   phase warmup { workload = hello, requests = 10, measured = false }
//!   phase steady { workload = hello, requests = 100, concurrency = 4 }
//!   expect cheap: case.price / steady.output_throughput <= 0.60 USD/Mtok
//! }
//! ```

use crate::diagnostics::Diagnostic;
use crate::diagnostics::codes::Rule;
use crate::lint::view::{View, place, warning};

const RULE: Rule = ("W0631", "cost-without-price");

pub fn check(view: &View<'_>) -> Vec<Diagnostic> {
    let lacking = view.case.servers.iter().find(|server| {
        let price = server.gpu.as_ref().and_then(|gpu| gpu.price);
        price.is_none()
    });
    let Some(server) = lacking else {
        return Vec::new();
    };
    let block = view.server_block(&server.name);
    let help = match &server.gpu {
        Some(gpu) => format!(
            "give it one: `gpu rented extends gpus.{} {{ price = 2.10 USD/h }}`, and `gpu = rented` in the server",
            gpu.name
        ),
        None => "say it in the server: `gpu = rented`, with `gpu rented extends gpus.h100 { price = 2.10 USD/h }`".to_string(),
    };
    let found = view.unpriced().iter().map(|(span, why)| {
        let found = warning(RULE, *span, format!("this cannot be known: {why}"));
        match block {
            Some(block) => found.label(place(block, "gpu"), "of this server"),
            None => found,
        }
        .help(help.clone())
    });
    found.collect()
}
