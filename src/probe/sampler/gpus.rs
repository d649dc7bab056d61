//! One sample of a server's GPUs: each, together, and by the server's processes.

use super::OpenGpus;
use super::tree::prefix;
use crate::probe::gpu::{GpuInfo, GpuProcess, GpuSample, GpuScope, Gpus};
use crate::probe::process::Process;
use crate::probe::recorder::Recorder;
use crate::probe::{Reading, Unavailable};
use crate::units::Dimension;
use indexmap::IndexMap;
use std::collections::HashMap;

/// Per second: of energy, watts; of nothing, hertz.
const WATT: Dimension = Dimension::ENERGY.per(Dimension::TIME);
const HERTZ: Dimension = Dimension::NONE.per(Dimension::TIME);

/// The GPUs of a scope as a source of samples.
pub(super) struct GpuSource {
    /// Those of the scope, in its order, with who answers for them.
    found: Reading<(Box<dyn Gpus>, Vec<GpuInfo>)>,
    roles_seen: IndexMap<String, ()>,
}

impl GpuSource {
    pub fn open(scope: &GpuScope, open: OpenGpus) -> Self {
        let none = *scope == GpuScope::None || *scope == GpuScope::Uuids(Vec::new());
        let found = if none {
            Err(Unavailable::new("no GPU belongs to this server"))
        } else {
            open().and_then(|gpus| match scope.resolve(&*gpus) {
                Ok(list) => Ok((gpus, list)),
                Err(error) => Err(Unavailable(error.to_string())),
            })
        };
        Self {
            found,
            roles_seen: IndexMap::new(),
        }
    }

    pub fn list(&self) -> Reading<Vec<GpuInfo>> {
        self.found
            .as_ref()
            .map(|(_, list)| list.clone())
            .map_err(Clone::clone)
    }

    /// Asks all GPUs of the scope. Nothing is locked meanwhile: a driver can take its time.
    pub fn sample(&self) -> Vec<Reading<GpuSample>> {
        let Ok((gpus, list)) = &self.found else {
            return Vec::new();
        };
        list.iter()
            .map(|gpu| {
                gpus.sample(&gpu.uuid)
                    .map_err(|e| Unavailable(e.to_string()))
            })
            .collect()
    }

    pub fn record(
        &mut self,
        time: f64,
        samples: &[Reading<GpuSample>],
        processes: &[Process],
        recorder: &mut Recorder,
    ) {
        if let Err(why) = &self.found {
            for (name, dimension) in [
                ("gpu_memory", Dimension::DATA),
                ("gpu_util", Dimension::NONE),
                ("gpu_power", WATT),
                ("gpu_process_memory", Dimension::DATA),
            ] {
                recorder.record(name, dimension, time, Err(why.clone()));
            }
            return;
        }
        type Figure = fn(&GpuSample) -> Reading<f64>;
        let figures: [(&str, Dimension, Figure); 5] = [
            ("memory", Dimension::DATA, |s| Ok(s.used as f64)),
            ("reserved", Dimension::DATA, |s| Ok(s.reserved as f64)),
            ("util", Dimension::NONE, |s| s.utilisation.clone()),
            ("power", WATT, |s| s.power.clone()),
            ("sm_clock", HERTZ, |s| s.sm_clock.clone()),
        ];
        let ask = |sample: &Reading<GpuSample>, figure: Figure| match sample {
            Ok(sample) => figure(sample),
            Err(why) => Err(why.clone()),
        };
        for (n, sample) in samples.iter().enumerate() {
            for (name, dimension, figure) in figures {
                let name = format!("gpus.{n}.{name}");
                recorder.record(&name, dimension, time, ask(sample, figure));
            }
        }
        let sum = |figure| samples.iter().map(|sample| ask(sample, figure)).sum();
        let [memory, _, util, power, _] = figures;
        recorder.record("gpu_memory", memory.1, time, sum(memory.2));
        let mean = sum(util.2).map(|sum: f64| sum / samples.len() as f64);
        recorder.record("gpu_util", util.1, time, mean);
        recorder.record("gpu_power", power.1, time, sum(power.2));
        self.record_processes(time, samples, processes, recorder);
    }

    /// GPU memory of the server's own processes, by role.
    fn record_processes(
        &mut self,
        time: f64,
        samples: &[Reading<GpuSample>],
        processes: &[Process],
        recorder: &mut Recorder,
    ) {
        let by_role = by_role(samples, processes);
        let total = by_role.as_ref().map(|roles| roles.values().sum::<f64>());
        let total = total.map_err(Clone::clone);
        recorder.record("gpu_process_memory", Dimension::DATA, time, total);
        for role in by_role.iter().flat_map(IndexMap::keys) {
            self.roles_seen.insert(role.clone(), ());
        }
        for role in self.roles_seen.keys() {
            let value = match &by_role {
                Ok(roles) => roles.get(role).copied().ok_or_else(|| {
                    Unavailable(format!("no process of role `{role}` uses a GPU any more"))
                }),
                Err(why) => Err(why.clone()),
            };
            let name = format!("{}gpu_memory", prefix(role));
            recorder.record(&name, Dimension::DATA, time, value);
        }
    }
}

/// Bytes on the GPUs for every role that has a process there.
fn by_role(
    samples: &[Reading<GpuSample>],
    processes: &[Process],
) -> Reading<IndexMap<String, f64>> {
    let roles: HashMap<u32, &str> = processes
        .iter()
        .filter_map(|process| Some((u32::try_from(process.pid).ok()?, process.role.as_str())))
        .collect();
    let mut sums: IndexMap<String, f64> = IndexMap::new();
    let mut strangers = 0;
    for sample in samples {
        let sample = sample.as_ref().map_err(Clone::clone)?;
        for GpuProcess { pid, used } in sample.processes.as_ref().map_err(Clone::clone)? {
            let Some(role) = roles.get(pid) else {
                strangers += 1;
                continue;
            };
            let used = used.ok_or_else(|| {
                Unavailable(format!(
                    "the driver does not tell the GPU memory of process {pid}"
                ))
            })?;
            *sums.entry((*role).to_string()).or_default() += used as f64;
        }
    }
    if !sums.is_empty() {
        return Ok(sums);
    }
    Err(Unavailable(if strangers == 0 {
        "the driver lists no process on these GPUs (in a container it may hide them)".into()
    } else {
        format!(
            "none of the {strangers} processes that the driver lists on these GPUs is the server's \
             (in a container the driver tells the host's process ids)"
        )
    }))
}
