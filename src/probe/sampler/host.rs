//! One sample of the host and of the server's control group.

use super::Targets;
use crate::probe::host::{self, Cgroup};
use crate::probe::recorder::Recorder;
use crate::probe::{Reading, Unavailable};
use crate::units::Dimension;

/// The host as a source of samples.
pub(super) struct HostSource {
    cgroup: Reading<Cgroup>,
}

impl HostSource {
    /// None where the host is not asked about.
    pub fn new(targets: &Targets) -> Option<Self> {
        let root = targets.roots.first().copied();
        targets.host.then(|| Self {
            cgroup: Cgroup::of(root),
        })
    }

    pub fn record(&self, time: f64, recorder: &mut Recorder) {
        let memory = host::memory();
        let figure = |value: fn(host::HostMemory) -> u64| match &memory {
            Ok(memory) => Ok(value(*memory) as f64),
            Err(why) => Err(Unavailable::clone(why)),
        };
        let cgroup = match &self.cgroup {
            Ok(group) => group.memory().map(|bytes| bytes as f64),
            Err(why) => Err(why.clone()),
        };
        let data = Dimension::DATA;
        recorder.record("host_memory", data, time, figure(host::HostMemory::used));
        let available = figure(|memory| memory.available);
        recorder.record("host_memory_available", data, time, available);
        recorder.record("host_load", Dimension::NONE, time, host::load());
        recorder.record("cgroup_memory", data, time, cgroup);
    }
}
