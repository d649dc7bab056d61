//! `scn serve`: the built-in engine by itself, with declared times or as the simulator plays a
//! server of the library.

use super::{exit, run};
use crate::library::{Layout, Unmade, Wanted, find, library, made_as_meant};
use crate::mock::{MetricNames, ServeArgs, Simulated, SimulationArgs};
use std::path::Path;

pub fn serve(args: ServeArgs) -> u8 {
    // a client that goes away in the middle of an answer must not end the server
    run::ignore_write_signals();
    let simulated = match simulated(&args) {
        Ok(simulated) => simulated,
        Err(why) => {
            eprintln!("scn serve: {}", why.message);
            why.notes.iter().for_each(|note| eprintln!("  {note}"));
            return exit::USAGE;
        }
    };
    match crate::mock::serve(args, simulated) {
        Ok(()) => exit::PASSED,
        Err(error) => {
            eprintln!("scn serve: {error}");
            error.exit_code()
        }
    }
}

/// What is to be simulated, if anything is.
fn simulated(args: &ServeArgs) -> Result<Option<Simulated>, Unmade> {
    let asked = &args.simulation;
    match (&asked.setup, &asked.gpu) {
        (Some(file), _) => read(file).map(Some),
        (None, Some(gpu)) => of_library(args, asked, gpu).map(Some),
        (None, None) => Ok(None),
    }
}

fn of_library(args: &ServeArgs, asked: &SimulationArgs, gpu: &str) -> Result<Simulated, Unmade> {
    let (engines, models, gpus) = (library("engines"), library("models"), library("gpus"));
    let wanted = Wanted {
        engine: &find(&engines, "engine", &asked.engine)?.name,
        version: asked.engine_version.as_deref(),
        model: &find(&models, "model", &args.model)?.name,
        gpu: &find(&gpus, "GPU", gpu)?.name,
        context: args.context,
        layout: Layout {
            tp: asked.tp,
            pp: asked.pp,
            dp: asked.dp,
            ..Layout::default()
        },
        ..Wanted::default()
    };
    let setup = made_as_meant(&wanted.text())?;
    let Layout { tp, pp, dp, .. } = wanted.layout;
    Ok(Simulated {
        said: format!(
            "{} x {}, tp {tp}, pp {pp}, dp {dp}; {}",
            tp.saturating_mul(pp).saturating_mul(dp),
            wanted.gpu,
            wanted.described(&setup)
        ),
        setup,
        metrics: MetricNames::default(),
    })
}

fn read(file: &Path) -> Result<Simulated, Unmade> {
    let said = format!("as {} says", file.display());
    let text = std::fs::read_to_string(file).map_err(|error| error.to_string());
    let read = text.and_then(|text| {
        let read = serde_json::from_str(&text)
            .and_then(|setup| Ok((setup, serde_json::from_str::<Beside>(&text)?)));
        read.map_err(|why| why.to_string())
    });
    match read {
        Ok((setup, Beside { metrics })) => Ok(Simulated {
            setup,
            said,
            metrics,
        }),
        Err(why) => Err(format!("cannot read the setup {}: {why}", file.display()).into()),
    }
}

/// What a file has beside a setup.
#[derive(serde::Deserialize)]
struct Beside {
    #[serde(default)]
    metrics: MetricNames,
}
