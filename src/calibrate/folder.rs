//! What constants are fitted to: the phases of a run against real servers, from its folder.

use super::cases::{Case, Cases, Figure};
use crate::load::record::Record;
use crate::load::spec::Pace;
use crate::report::model::{CaseResult, ServerResult, World};
use crate::scenario::{self, LoadSpec, PhaseSpec, ServerSpec, Start};
use crate::sim::Setup;
use crate::store::{RunFolder, StoreError};
use crate::validate::{Bench, Lengths, Load, Measured, Metric};
use std::path::Path;

/// Figures of a phase, by the columns of tables, and how many requests each needs.
const FIGURES: [(&str, usize); 10] = [
    ("mean_ttft_ms", 1),
    ("p50_ttft_ms", 5),
    ("p90_ttft_ms", 20),
    ("mean_tpot_ms", 1),
    ("p50_tpot_ms", 5),
    ("mean_itl_ms", 1),
    ("p50_itl_ms", 5),
    ("p90_itl_ms", 20),
    ("mean_e2e_ms", 1),
    ("output_tok_s", 1),
];

/// Whether constants can be fitted to a world's results; why not.
pub fn is_real(world: World) -> Result<(), String> {
    match world {
        World::Real => Ok(()),
        _ => Err("it was simulated, and a simulator is not fitted to a simulator".into()),
    }
}

impl Cases {
    /// The measured phases of a run. `compiled` are its cases, with servers as the simulator plays
    /// them.
    ///
    /// # Errors
    /// A file of the folder that is there cannot be read.
    pub fn add_run(
        &mut self,
        folder: &RunFolder,
        compiled: &[scenario::Case],
    ) -> Result<(), StoreError> {
        let run = folder.run()?;
        for result in folder.cases()? {
            let named =
                |case: &&scenario::Case| case.scenario == result.scenario && case.id == result.case;
            let Some(spec) = compiled.iter().find(named) else {
                self.unusable("a case is not in what the run kept of its files");
                continue;
            };
            let listed = { run.cases.iter() }
                .find(|one| one.scenario == result.scenario && one.case == result.case);
            let Some(listed) = listed else { continue };
            let mut requests = folder.requests(&listed.folder)?;
            for phase in &spec.phases {
                let records = requests.shift_remove(&phase.name).unwrap_or_default();
                if phase.measured && phase.skipped.is_none() && !phase.loads.is_empty() {
                    self.phase(&folder.id(), (spec, &result), phase, &records);
                }
            }
        }
        Ok(())
    }

    /// A case for each repetition of a phase.
    fn phase(
        &mut self,
        run: &str,
        (spec, result): (&scenario::Case, &CaseResult),
        phase: &PhaseSpec,
        records: &[Record],
    ) {
        for round in 0..u32::try_from(phase.repeat).unwrap_or(u32::MAX) {
            let own: Vec<&Record> = records.iter().filter(|r| r.round == round).collect();
            if round > 0 && own.is_empty() {
                break;
            }
            let made = one_load(phase)
                .and_then(|load| Ok((load, server(spec, result, load)?)))
                .and_then(|(load, (server, setup))| {
                    let bench = bench(load, setup, &own)?;
                    Ok((load, server, setup, bench))
                });
            let (load, server, setup, bench) = match made {
                Ok(made) => made,
                Err(why) => {
                    self.unusable(&why);
                    continue;
                }
            };
            let figures = figures(setup, &bench, &own);
            if figures.is_empty() {
                self.unusable("a phase has no figures");
                continue;
            }
            let ran = result.servers.iter().find(|one| one.name == load.server);
            let note = unstated(server, ran).filter(|note| !self.notes.contains(note));
            self.notes.extend(note);
            let of_round = match phase.repeat {
                0 | 1 => String::new(),
                _ => format!(" round {round}"),
            };
            self.cases.push(Case {
                source: run.to_string(),
                model: server.model.clone().unwrap_or_default(),
                gpu: server
                    .gpu
                    .as_ref()
                    .map(|gpu| gpu.name.clone())
                    .unwrap_or_default(),
                engine: server.engine.clone(),
                run: format!("{}/{} {}{of_round}", spec.scenario, spec.id, phase.name),
                gpus: server.gpu_count(),
                setup: setup.clone(),
                bench,
                figures,
            });
        }
    }
}

fn one_load(phase: &PhaseSpec) -> Result<&LoadSpec, String> {
    match phase.loads.as_slice() {
        [one] => Ok(one),
        _ => Err("a phase has several loads at once".into()),
    }
}

/// The server that a load went to, as it is simulated.
fn server<'a>(
    spec: &'a scenario::Case,
    result: &CaseResult,
    load: &LoadSpec,
) -> Result<(&'a ServerSpec, &'a Setup), String> {
    is_real(result.world)?;
    let server = { spec.servers.iter() }
        .find(|server| server.name == load.server)
        .ok_or("a server is not in what the run kept of its files")?;
    if is_built_in(server) {
        return Err(
            "its server is the built-in engine, and a simulator is not fitted to a simulator"
                .into(),
        );
    }
    match &server.simulated {
        Some(Ok(setup)) => Ok((server, setup)),
        Some(Err(why)) => Err(format!("`{}` cannot be simulated: {why}", server.name)),
        None => Err(format!("`{}` cannot be simulated", server.name)),
    }
}

/// Whether what is started is this program.
fn is_built_in(server: &ServerSpec) -> bool {
    match &server.start {
        Start::Launch { command, .. } => {
            let words: Vec<&str> = command.iter().map(|word| word.text.as_str()).collect();
            let this = std::env::current_exe().ok();
            let own = |program: &str| {
                let name = Path::new(program).file_name();
                name == Some("scn".as_ref())
                    || this
                        .as_ref()
                        .is_some_and(|this| this.as_path() == Path::new(program))
            };
            server.engine == "builtin"
                || matches!(words.as_slice(), [program, "serve", ..] if own(program))
        }
        Start::Running { .. } => server.engine == "builtin",
    }
}

/// The load again, with the lengths that its server counted.
fn bench(load: &LoadSpec, setup: &Setup, records: &[&Record]) -> Result<Bench, String> {
    if records.is_empty() {
        return Err("a phase has no requests".into());
    }
    if records.iter().any(|record| !record.answered()) {
        return Err("requests of a phase were not answered".into());
    }
    let media = |r: &&Record| r.images + r.clips.unwrap_or(0) + r.videos.unwrap_or(0) > 0;
    if records.iter().any(media) {
        return Err("requests of a phase hold more than text".into());
    }
    let asks = &load.workload.asks;
    let alike = load
        .workload
        .requests
        .iter()
        .any(|request| request.system.is_some());
    if setup.prefix_cache && (asks.input.is_none() || alike) {
        return Err(
            "what of its prompts was in the prefix cache is not known (random words are in none: \
             `input = 1024 tok`)"
                .into(),
        );
    }
    let mut records = records.to_vec();
    records.sort_by_key(|record| record.index);
    let lengths = records.iter().map(|record| {
        let tokens = |count: Option<u64>| u32::try_from(count?).ok().filter(|count| *count > 0);
        Some((
            tokens(record.prompt_tokens)?,
            tokens(record.output_tokens())?,
        ))
    });
    let lengths = lengths.collect::<Option<Vec<_>>>();
    let lengths = lengths.ok_or("its server did not count the tokens of its answers")?;
    let requests = u32::try_from(lengths.len()).map_err(|_| "a phase has too many requests")?;
    let load = match &load.load.pace {
        Pace::Closed { think, .. } if think.fixed() != Some(0.0) => {
            return Err("the clients of a phase think".into());
        }
        Pace::Closed { concurrency, .. } => Load::Closed {
            together: u32::try_from(*concurrency)
                .unwrap_or(u32::MAX)
                .min(requests),
        },
        Pace::Batch => Load::Closed { together: requests },
        Pace::Open { .. } => {
            let begin = first_due(&records);
            let moments = records.iter().map(|record| record.due - begin);
            let mut moments: Vec<f64> = moments.collect();
            moments.sort_by(f64::total_cmp);
            Load::At(moments)
        }
    };
    Ok(Bench {
        load,
        requests,
        of: Lengths::Each(lengths),
    })
}

fn first_due(records: &[&Record]) -> f64 {
    let due = records.iter().map(|record| record.due);
    due.fold(f64::INFINITY, f64::min)
}

/// What was measured, read as a simulated run is.
fn figures(setup: &Setup, bench: &Bench, records: &[&Record]) -> Vec<Figure> {
    let mut all = Measured::default();
    let begin = first_due(records);
    for record in records {
        let (Some(first), Some(last)) = (record.first_token, record.last_token) else {
            continue;
        };
        all.ttft.push(first - record.due);
        all.e2e.push(last - record.due);
        all.tpot.extend(record.time_per_token());
        let gaps = record.chunks.windows(2).map(|pair| pair[1] - pair[0]);
        all.itl.extend(gaps);
        all.duration = all.duration.max(last - begin);
        all.tokens += record.output_tokens().unwrap_or(0);
    }
    all.gaps = all.itl.len() as u64;
    all.gaps_sum = all.itl.iter().sum();
    let enough = |least: &usize| all.ttft.len() >= *least;
    let names = FIGURES.iter().filter(|(_, least)| enough(least));
    let of = |name: &str| {
        let metric = Metric::column(name)?;
        let measured = metric.read(setup, 1, (&all, Some(bench)))?;
        (measured > 0.0).then(|| Figure {
            name: name.to_string(),
            metric,
            measured,
        })
    };
    names.filter_map(|(name, _)| of(name)).collect()
}

/// That a scenario does not say which version it ran, where constants may depend on it.
fn unstated(server: &ServerSpec, ran: Option<&ServerResult>) -> Option<String> {
    let version = ran.and_then(|ran| ran.version.clone());
    let version = version.filter(|_| server.stated.is_none())?;
    let engine = &server.engine;
    Some(format!(
        "`{engine}` was of version {version}, which its server does not state (`version = \
         \"{version}\"`): it is simulated as a new one"
    ))
}
