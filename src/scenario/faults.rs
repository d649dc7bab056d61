//! What a simulated server does wrong on purpose.

use super::balance;
use super::context::{Context, as_number, as_whole};
use crate::diagnostics::{Diagnostic, codes};
use crate::report::model::World;
use crate::resolve::Flat;
use crate::sim::{Faults, Memory};
use crate::units::number;

/// The least and the most of what must lie between two values, and how one is written.
const BOUNDS: &[(&str, f64, f64, &str)] = &[
    ("fail_rate", 0.0, 1.0, "5%"),
    ("fail_status", 400.0, 599.0, "503"),
    ("cut_rate", 0.0, 1.0, "5%"),
    ("jitter", 0.0, 0.5, "10%"),
    ("slowdown", 0.01, 1000.0, "2"),
    ("leak_step_every", 1.0, 1e15, "100 req"),
    ("warm_up_requests", 1.0, 1e15, "100 req"),
    ("grow_at_start", 0.0, MOST, "50MB"),
    ("leak", 0.0, MOST, "1MB/req"),
    ("leak_token", 0.0, MOST, "160kB/tok"),
    ("leak_image", 0.0, MOST, "1MB/img"),
    ("leak_abort", 0.0, MOST, "1MB/req"),
    ("leak_step", 0.0, MOST, "50MB"),
    ("sawtooth", 0.0, MOST, "1MB/req"),
    ("sawtooth_top", 0.0, MOST, "100MB"),
    ("warm_up", 0.0, MOST, "500MB"),
    ("cache", 0.0, MOST, "1MB/req"),
    ("cache_size", 0.0, MOST, "100MB"),
];

/// 1 TB.
const MOST: f64 = 1e12;

/// What makes a server's memory known.
const HELD: &[&str] = &[
    "grow_at_start",
    "leak",
    "leak_token",
    "leak_image",
    "leak_abort",
    "leak_step",
    "sawtooth",
    "warm_up",
    "cache",
];

/// The faults of a server; what is wrong with them is reported.
pub(super) fn lower(cx: &Context<'_>, server: &Flat) -> Faults {
    let Some(block) = server.child("faults") else {
        return Faults::default();
    };
    if balance::worlds(cx).contains(&World::Real) {
        let message = "only the simulator plays `faults`, and this scenario may run for real";
        cx.eval.report(
            Diagnostic::error(codes::CONTRADICTION, block.head(), message).help(
                "say `worlds = [\"sim\", \"mock\"]` in the scenario; or say them as `options` of \
                 `engines.builtin`, which is a real process",
            ),
        );
    }
    for (name, least, most, example) in BOUNDS {
        let value = as_number(&cx.attr(block, name));
        if value.is_some_and(|value| !(*least..=*most).contains(&value)) {
            let message = match *most == MOST {
                true => format!("`{name}` is 0 at least, and 1 TB at most"),
                false => {
                    let [least, most] = [least, most].map(|bound| number(*bound, 4));
                    format!("`{name}` is {least} at least, and {most} at most")
                }
            };
            cx.eval.report(
                Diagnostic::error(codes::OUT_OF_RANGE, cx.place(block, name), message)
                    .help(format!("write it like `{name} = {example}`")),
            );
        }
    }
    let number = |name| as_number(&cx.attr(block, name));
    let whole = |name| as_whole(&cx.attr(block, name));
    let of = |name| number(name).unwrap_or(0.0);
    let memory = Memory {
        grow_at_start: of("grow_at_start"),
        leak: of("leak"),
        leak_token: of("leak_token"),
        leak_image: of("leak_image"),
        leak_abort: of("leak_abort"),
        leak_step: of("leak_step"),
        leak_step_every: whole("leak_step_every").unwrap_or(1),
        sawtooth: of("sawtooth"),
        sawtooth_top: of("sawtooth_top"),
        warm_up: of("warm_up"),
        warm_up_requests: whole("warm_up_requests").unwrap_or(1),
        cache: of("cache"),
        cache_size: of("cache_size"),
    };
    Faults {
        seed: whole("seed").unwrap_or(0),
        fail_rate: of("fail_rate"),
        fail_status: whole("fail_status").map_or(500, |status| status as u16),
        cut_rate: of("cut_rate"),
        stall_after: whole("stall_after"),
        die_after: whole("die_after"),
        jitter: of("jitter"),
        slow_replicas: whole("slow_replicas").map_or(0, |count| count as u32),
        slowdown: of("slowdown"),
        crash_after: whole("crash_after"),
        crash_restart: number("crash_restart"),
        memory: (HELD.iter())
            .any(|name| number(name).is_some())
            .then_some(memory),
    }
}
