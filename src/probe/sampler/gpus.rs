//! One sample of a server's GPUs: each, together, and by the server's processes.

use super::OpenGpus;
use super::tenants::{GpusCounted, Tenants};
use super::tree::prefix;
use crate::probe::gpu::{GpuSample, GpuScope, Gpus};
use crate::probe::process::Process;
use crate::probe::recorder::Recorder;
use crate::probe::{Reading, Unavailable};
use crate::units::Dimension;
use indexmap::IndexMap;

/// Per second: of energy, watts; of nothing, hertz.
const WATT: Dimension = Dimension::ENERGY.per(Dimension::TIME);
const HERTZ: Dimension = Dimension::NONE.per(Dimension::TIME);

/// The GPUs of a scope as a source of samples.
pub(super) struct GpuSource {
    /// Who answers for those of the scope, and who is on them.
    found: Reading<(Box<dyn Gpus>, Tenants)>,
    roles_seen: IndexMap<String, ()>,
}

impl GpuSource {
    pub fn open(scope: &GpuScope, open: OpenGpus) -> Self {
        let found = match scope {
            // no driver is needed to know that
            GpuScope::Nothing(why) => Err(Unavailable::new(why)),
            _ => open().and_then(|gpus| match scope.resolve(&*gpus) {
                Ok(list) => {
                    let tenants = Tenants::new(scope.words(), list, gpus.pids_are_ours());
                    Ok((gpus, tenants))
                }
                Err(error) => Err(Unavailable(error.to_string())),
            }),
        };
        Self {
            found,
            roles_seen: IndexMap::new(),
        }
    }

    /// Which GPUs are counted, and who was seen there so far.
    pub fn counted(&self) -> Reading<GpusCounted> {
        let found = self.found.as_ref().map_err(Clone::clone);
        found.map(|(_, tenants)| tenants.counted().clone())
    }

    /// Asks all GPUs of the scope. Nothing is locked meanwhile: a driver can take its time.
    pub fn sample(&self) -> Vec<Reading<GpuSample>> {
        let Ok((gpus, tenants)) = &self.found else {
            return Vec::new();
        };
        (tenants.counted().gpus.iter())
            .map(|gpu| {
                gpus.sample(&gpu.info.uuid)
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
                ("gpu_other_memory", Dimension::DATA),
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

    /// GPU memory of the server's own processes, by role, and of all others.
    fn record_processes(
        &mut self,
        time: f64,
        samples: &[Reading<GpuSample>],
        processes: &[Process],
        recorder: &mut Recorder,
    ) {
        let Ok((_, tenants)) = &mut self.found else {
            return;
        };
        let (by_role, others) = tenants.divide(samples, processes);
        let total = by_role.as_ref().map(|roles| roles.values().sum::<f64>());
        let total = total.map_err(Clone::clone);
        recorder.record("gpu_process_memory", Dimension::DATA, time, total);
        recorder.record("gpu_other_memory", Dimension::DATA, time, others);
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
