//! The constants that can be fitted: what they are called in `.scn` files, and where a setup has
//! them.

use crate::cost::{Gemm, Kernels};
use crate::schema;
use crate::sim::{FrontEnd, Setup};
use crate::units::{Quantity, number, parse_unit};

/// In whose block a constant stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Owner {
    Gpu,
    Engine,
}

impl Owner {
    /// The kind of the block.
    pub fn kind(self) -> &'static str {
        match self {
            Self::Gpu => "gpu",
            Self::Engine => "engine",
        }
    }

    /// The module of the library that has such blocks.
    pub fn module(self) -> &'static str {
        match self {
            Self::Gpu => "gpus",
            Self::Engine => "engines",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    Time,
    Share,
    /// Of the bend of a roofline.
    Bend,
}

/// A constant of the simulator.
#[derive(Debug)]
pub struct Constant {
    pub owner: Owner,
    /// The block that holds it, in that of its owner: `gemm bf16`.
    pub block: &'static str,
    pub name: &'static str,
    pub sort: Sort,
    /// Where a setup has it; none where nothing of the setup's times depends on it.
    place: fn(&mut Setup) -> Option<&mut f64>,
}

/// All of them, in the order of the schema.
pub static CONSTANTS: [Constant; 31] = [
    gemm("gemm bf16", "start", |s| Some(&mut sixteen(s)?.start)),
    gemm("gemm bf16", "compute", |s| Some(&mut sixteen(s)?.compute)),
    gemm("gemm bf16", "memory", |s| Some(&mut sixteen(s)?.memory)),
    gemm("gemm bf16", "bend", |s| Some(&mut sixteen(s)?.blend)),
    gemm("gemm fp8", "start", |s| Some(&mut eight(s)?.start)),
    gemm("gemm fp8", "compute", |s| Some(&mut eight(s)?.compute)),
    gemm("gemm fp8", "memory", |s| Some(&mut eight(s)?.memory)),
    gemm("gemm fp8", "bend", |s| Some(&mut eight(s)?.blend)),
    gemm("gemm fp4", "start", |s| Some(&mut four(s)?.start)),
    gemm("gemm fp4", "compute", |s| Some(&mut four(s)?.compute)),
    gemm("gemm fp4", "memory", |s| Some(&mut four(s)?.memory)),
    gemm("gemm fp4", "bend", |s| Some(&mut four(s)?.blend)),
    kernel("attention_start", |s| Some(&mut kernels(s).attention_start)),
    kernel("attention_compute", |s| {
        Some(&mut kernels(s).attention_compute)
    }),
    kernel("attention_memory", |s| {
        Some(&mut kernels(s).attention_memory)
    }),
    kernel("elementwise_start", |s| {
        Some(&mut kernels(s).elementwise_start)
    }),
    kernel("elementwise_memory", |s| {
        Some(&mut kernels(s).elementwise_memory)
    }),
    kernel("expert_start", |s| Some(&mut experts(s)?.expert_start)),
    kernel("expert_compute", |s| Some(&mut experts(s)?.expert_compute)),
    kernel("expert_memory", |s| Some(&mut experts(s)?.expert_memory)),
    host("step", |s| Some(&mut s.host.step)),
    host("sequence", |s| Some(&mut s.host.sequence)),
    host("gap", |s| Some(&mut s.host.gap)),
    host("layer", |s| has_dense(s).then_some(&mut s.host.layer)),
    host("expert_layer", |s| {
        s.model.moe.is_some().then_some(&mut s.host.expert_layer)
    }),
    host("floor", |s| Some(&mut s.host.floor)),
    host("request_delay", |s| Some(&mut front(s)?.delay)),
    host("request", |s| Some(&mut front(s)?.request)),
    host("request_token", |s| Some(&mut front(s)?.token)),
    host("submit", |s| Some(&mut front(s)?.submit)),
    host("chunk", |s| Some(&mut front(s)?.chunk)),
];

type Place = fn(&mut Setup) -> Option<&mut f64>;

const fn gemm(block: &'static str, name: &'static str, place: Place) -> Constant {
    let sort = match name.as_bytes() {
        b"start" => Sort::Time,
        b"bend" => Sort::Bend,
        _ => Sort::Share,
    };
    Constant {
        owner: Owner::Gpu,
        block,
        name,
        sort,
        place,
    }
}

const fn kernel(name: &'static str, place: Place) -> Constant {
    let sort = match name.as_bytes() {
        [.., b's', b't', b'a', b'r', b't'] => Sort::Time,
        _ => Sort::Share,
    };
    Constant {
        owner: Owner::Gpu,
        block: "efficiency",
        name,
        sort,
        place,
    }
}

const fn host(name: &'static str, place: Place) -> Constant {
    Constant {
        owner: Owner::Engine,
        block: "simulator",
        name,
        sort: Sort::Time,
        place,
    }
}

/// Attention and the output layer compute in 16 bits whatever the weights are.
fn sixteen(setup: &mut Setup) -> Option<&mut Gemm> {
    Some(&mut setup.device.sixteen.gemm)
}

fn eight(setup: &mut Setup) -> Option<&mut Gemm> {
    let used = has_weights(setup, |bytes| (1.0..2.0).contains(&bytes));
    let format = setup.device.eight.as_mut().filter(|_| used)?;
    Some(&mut format.gemm)
}

fn four(setup: &mut Setup) -> Option<&mut Gemm> {
    let used = has_weights(setup, |bytes| bytes < 1.0);
    let format = setup.device.four.as_mut().filter(|_| used)?;
    Some(&mut format.gemm)
}

fn has_weights(setup: &Setup, are: impl Fn(f64) -> bool) -> bool {
    let experts = setup.model.moe.and_then(|moe| moe.weights);
    are(setup.model.weights.bytes) || experts.is_some_and(|weights| are(weights.bytes))
}

fn kernels(setup: &mut Setup) -> &mut Kernels {
    &mut setup.device.kernels
}

fn experts(setup: &mut Setup) -> Option<&mut Kernels> {
    let has = setup.model.moe.is_some();
    has.then_some(&mut setup.device.kernels)
}

fn has_dense(setup: &Setup) -> bool {
    setup.model.moe.is_none_or(|moe| moe.first_dense > 0.0)
}

fn front(setup: &mut Setup) -> Option<&mut FrontEnd> {
    (setup.front != FrontEnd::NONE).then_some(&mut setup.front)
}

impl Constant {
    /// What a setup has; none where its times do not depend on it.
    pub fn of(&self, setup: &mut Setup) -> Option<f64> {
        (self.place)(setup).copied()
    }

    pub fn set(&self, setup: &mut Setup, value: f64) {
        if let Some(place) = (self.place)(setup) {
            *place = value;
        }
    }

    /// `gemm.bf16.start`
    pub fn path(&self) -> String {
        format!("{}.{}", self.block.replace(' ', "."), self.name)
    }

    /// Whether a name on the command line means it: its path, what that begins with, or its own name.
    pub fn is_named(&self, name: &str) -> bool {
        let path = self.path();
        let begins = path.strip_prefix(name);
        self.name == name || begins.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    }

    /// Between what it is looked for.
    pub fn bounds(&self, start: f64) -> (f64, f64) {
        let (least, most) = match self.sort {
            Sort::Time => (start / 16.0, start * 16.0),
            Sort::Share => (0.02, 1.0),
            Sort::Bend => (1.0, 8.0),
        };
        (least.min(start), most.max(start))
    }

    /// What it is where a block does not say it.
    pub fn default(&self) -> Option<f64> {
        let kind = schema::kind(self.block.split(' ').next()?)?;
        let written = kind.attribute(self.name)?.default?;
        let unit = written.find(|c: char| !c.is_ascii_digit() && c != '.');
        let (digits, unit) = written.split_at(unit.unwrap_or(written.len()));
        let value: f64 = digits.parse().ok()?;
        match unit {
            "" => Some(value),
            unit => parse_unit(unit).map(|(factor, _)| value * factor),
        }
    }

    /// With so many digits as it is written.
    pub fn rounded(&self, value: f64) -> f64 {
        match value {
            0.0 => 0.0,
            value => format!("{value:.3e}").parse().unwrap_or(value),
        }
    }

    /// As a `.scn` file has it: `3.9us`, `66%`, `2.07`.
    pub fn written(&self, value: f64) -> String {
        let of = |factor: f64| number(value / factor, 4);
        match self.sort {
            Sort::Time if value == 0.0 => "0s".into(),
            Sort::Time if value < 1e-4 => format!("{}us", of(1e-6)),
            Sort::Time => format!("{}ms", of(1e-3)),
            Sort::Share => format!("{}%", of(1e-2)),
            Sort::Bend => of(1.0),
        }
    }

    /// As people read it.
    pub fn shown(&self, value: f64) -> String {
        match self.sort {
            Sort::Time => crate::units::display_precise(Quantity::seconds(value)),
            _ => self.written(value),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_an_attribute_of_the_schema() {
        for constant in &CONSTANTS {
            let path = constant.path();
            let default = constant.default();
            assert!(
                default.is_some_and(|value| value >= 0.0),
                "{path}: {default:?}"
            );
            assert!(
                constant.is_named(&path) && constant.is_named(constant.name),
                "{path}"
            );
        }
        let step = CONSTANTS.iter().find(|one| one.name == "step").unwrap();
        assert_eq!(step.default(), Some(1e-3));
        assert!(step.is_named("simulator") && !step.is_named("simul"));
    }

    #[test]
    fn values_are_written_with_four_digits() {
        let [start, compute, _, bend, ..] = &CONSTANTS;
        assert_eq!(start.written(start.rounded(3.987_654e-6)), "3.988us");
        assert_eq!(start.written(0.001_115), "1.115ms");
        assert_eq!(compute.written(0.66), "66%");
        assert_eq!(bend.written(2.07), "2.07");
        assert_eq!(compute.rounded(0.123_456), 0.1235);
    }
}
