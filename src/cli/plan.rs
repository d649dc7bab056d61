//! `scn plan`: what a run would do.

use super::on::{self, On};
use super::{Selection, exit, load, style};
use crate::report::model::World;
use crate::store::Redactor;
use std::io::IsTerminal;
use std::path::PathBuf;

/// Show what a run would do: cases, launches, phases, resources and time.
#[derive(clap::Args)]
pub struct PlanArgs {
    #[command(flatten)]
    selection: Selection,
    /// How servers would be played; left out, as `real` does, with all scenarios of other worlds
    #[arg(long, value_name = "WORLD")]
    on: Option<On>,
    /// Write the plan as JSON to a file; `-` is standard output
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

pub fn plan(mut args: PlanArgs) -> u8 {
    let world = args.on.map(World::from);
    args.selection.world = world.unwrap_or_default();
    let (mut loaded, results) = match load::begin(&args.selection, args.json.as_deref(), None) {
        Ok(begun) => begun,
        Err(code) => return code,
    };
    if let Some(world) = world
        && !on::leave_out(&mut loaded.cases, world)
    {
        return load::said(on::NOTHING, exit::NOTHING, &results);
    }
    if world == Some(World::Mock) {
        crate::scenario::play(&mut loaded.cases);
    }
    let mut plan = crate::plan::plan_in(world.unwrap_or_default(), &loaded.cases);
    plan.given = loaded.given();
    // plans leave out what they know to be secret; this takes care of what became part of a text
    let redactor = Redactor::new(loaded.secrets);
    let json = crate::plan::PlanJson {
        cases: &loaded.cases,
        plan: &plan,
        redactor: &redactor,
    };
    if let Err(error) = results.write(&json) {
        eprintln!("error: {error}");
        return exit::WORLD;
    }
    if results.is_stdout() {
        return exit::PASSED;
    }
    let style = crate::plan::Style {
        color: style::color(std::io::stdout().is_terminal()),
        width: style::width(),
    };
    let text = redactor.text(&crate::plan::render(&loaded.cases, &plan, style));
    style::print_or(&text, exit::PASSED)
}
