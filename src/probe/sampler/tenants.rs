//! Who is on a server's GPUs: its own processes, and others.

use crate::probe::gpu::{GpuInfo, GpuProcess, GpuSample};
use crate::probe::process::Process;
use crate::probe::{Reading, Unavailable, procfile};
use indexmap::IndexMap;
use std::collections::{HashMap, HashSet};

/// The GPUs that a server's figures count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GpusCounted {
    /// Why these, in words.
    pub why: String,
    /// `gpus.<n>` in order of n.
    pub gpus: Vec<GpuCounted>,
}

/// One of them, and whose processes were seen there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GpuCounted {
    pub info: GpuInfo,
    /// The most processes of the server that were there at once; none where the driver did not
    /// tell whose its processes are.
    pub own: Option<usize>,
    pub others: Vec<OtherProcess>,
}

/// A process that is not the server's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherProcess {
    pub pid: u32,
    /// The kernel's short name of it; its whole command line is nobody's business.
    pub name: String,
    /// The most bytes that it held; none where the driver does not say.
    pub used: Option<u64>,
}

/// Tells the server's processes on its GPUs from others.
pub(super) struct Tenants {
    counted: GpusCounted,
    /// The driver's process ids are those of `/proc`.
    sure: bool,
    /// Every process that the server had: one that ends may be listed a moment longer.
    known: HashSet<u32>,
}

impl Tenants {
    pub fn new(why: String, gpus: Vec<GpuInfo>, sure: bool) -> Self {
        let gpus = gpus.into_iter().map(|info| GpuCounted {
            info,
            own: None,
            others: Vec::new(),
        });
        Self {
            counted: GpusCounted {
                why,
                gpus: gpus.collect(),
            },
            sure,
            known: HashSet::new(),
        }
    }

    pub fn counted(&self) -> &GpusCounted {
        &self.counted
    }

    /// Bytes on the GPUs for every role that has a process there, and of all processes that are
    /// not the server's. The second is 0 only where the driver lists the server's own: a driver
    /// that hides processes lists none.
    pub fn divide(
        &mut self,
        samples: &[Reading<GpuSample>],
        processes: &[Process],
    ) -> (Reading<IndexMap<String, f64>>, Reading<f64>) {
        let roles: HashMap<u32, &str> = processes
            .iter()
            .filter_map(|process| Some((u32::try_from(process.pid).ok()?, process.role.as_str())))
            .collect();
        self.known.extend(roles.keys());
        let lists = match lists(samples) {
            Ok(lists) => lists,
            Err(why) => return (Err(why.clone()), Err(why)),
        };
        let listed = || lists.iter().copied().flatten();
        let count = listed().count();
        let ours = listed().any(|one| self.known.contains(&one.pid));
        if !ours && (count == 0 || !self.sure) {
            let why = Unavailable(match count {
                0 => "the driver lists no process on these GPUs (in a container it may hide them)"
                    .into(),
                _ => format!(
                    "none of the {count} processes that the driver lists on these GPUs is the \
                     server's (in a container the driver tells the host's process ids)"
                ),
            });
            return (Err(why.clone()), Err(why));
        }
        if self.known.is_empty() {
            let why = Unavailable::new("no process of this server is known");
            return (Err(why.clone()), Err(why));
        }
        let mut own = Ok(IndexMap::new());
        let mut other = Ok(0.0);
        for (gpu, list) in self.counted.gpus.iter_mut().zip(&lists) {
            let here = list.iter().filter(|one| roles.contains_key(&one.pid));
            gpu.own = gpu.own.max(Some(here.count()));
            for process in *list {
                match roles.get(&process.pid) {
                    Some(role) => add(&mut own, process, |sums| {
                        sums.entry((*role).to_string()).or_default()
                    }),
                    None if self.known.contains(&process.pid) => {}
                    None => {
                        add(&mut other, process, |sum| sum);
                        note(&mut gpu.others, process);
                    }
                }
            }
        }
        if own.as_ref().is_ok_and(IndexMap::is_empty) {
            own = Err(Unavailable(format!(
                "none of the {count} processes that the driver lists on these GPUs is the server's"
            )));
        }
        (own, other)
    }
}

/// The processes on each GPU.
fn lists(samples: &[Reading<GpuSample>]) -> Reading<Vec<&[GpuProcess]>> {
    samples.iter().map(list).collect()
}

fn list(sample: &Reading<GpuSample>) -> Reading<&[GpuProcess]> {
    let sample = sample.as_ref().map_err(Clone::clone)?;
    sample.processes.as_deref().map_err(Clone::clone)
}

/// Part of a sum would look like one: a process without a figure leaves none.
fn add<T>(sum: &mut Reading<T>, process: &GpuProcess, part: impl FnOnce(&mut T) -> &mut f64) {
    match (&mut *sum, process.used) {
        (Ok(sum), Some(used)) => *part(sum) += used as f64,
        (Ok(_), None) => {
            let pid = process.pid;
            let why = format!("the driver does not tell the GPU memory of process {pid}");
            *sum = Err(Unavailable(why));
        }
        (Err(_), _) => {}
    }
}

fn note(others: &mut Vec<OtherProcess>, process: &GpuProcess) {
    match others.iter_mut().find(|other| other.pid == process.pid) {
        Some(known) => known.used = known.used.max(process.used),
        None => {
            let pid = i32::try_from(process.pid).ok();
            let stat = pid.and_then(|pid| procfile::stat(pid).ok());
            others.push(OtherProcess {
                pid: process.pid,
                name: stat.map_or_else(|| "a process".into(), |stat| stat.comm),
                used: process.used,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERVER: u32 = 10;
    const WORKER: u32 = 11;
    /// No process has such an id: its name cannot be read.
    const STRANGER: u32 = 4_200_000_000;

    fn tenants(sure: bool) -> Tenants {
        let gpu = |index, uuid: &str| GpuInfo {
            index: Some(index),
            uuid: uuid.into(),
            name: "H200".into(),
            total: 1000,
            split: false,
        };
        let gpus = vec![gpu(0, "GPU-a"), gpu(1, "GPU-b")];
        Tenants::new("named".into(), gpus, sure)
    }

    fn on(processes: &[(u32, Option<u64>)]) -> Reading<GpuSample> {
        let one = |(pid, used): &(u32, Option<u64>)| GpuProcess {
            pid: *pid,
            used: *used,
        };
        let hidden = || Err(Unavailable::new("not asked"));
        Ok(GpuSample {
            used: 500,
            reserved: 0,
            processes: Ok(processes.iter().map(one).collect()),
            utilisation: hidden(),
            power: hidden(),
            sm_clock: hidden(),
        })
    }

    fn tree() -> Vec<Process> {
        let process = |pid: u32, role: &str| Process {
            pid: pid.cast_signed(),
            ppid: 1,
            start: 1,
            comm: role.into(),
            title: role.into(),
            role: role.into(),
        };
        vec![process(SERVER, "front"), process(WORKER, "worker")]
    }

    #[test]
    fn own_and_other_memory_are_told_apart() {
        let mut tenants = tenants(false);
        let samples = [
            on(&[(WORKER, Some(300)), (STRANGER, Some(40))]),
            on(&[(WORKER, Some(200)), (SERVER, Some(5))]),
        ];
        let (own, other) = tenants.divide(&samples, &tree());
        let own = own.unwrap();
        assert_eq!((own["worker"], own["front"], own.len()), (500.0, 5.0, 2));
        assert_eq!(other, Ok(40.0));
        let less = [on(&[(STRANGER, Some(30))]), on(&[(WORKER, Some(200))])];
        assert_eq!(tenants.divide(&less, &tree()).1, Ok(30.0));
        let [first, second] = &tenants.counted().gpus[..] else {
            panic!("two GPUs")
        };
        assert_eq!((first.own, second.own), (Some(1), Some(2)));
        let stranger = OtherProcess {
            pid: STRANGER,
            name: "a process".into(),
            used: Some(40),
        };
        assert_eq!(
            (&first.others[..], second.others.len()),
            (&[stranger][..], 0)
        );

        // alone, where the driver lists our own: that is a measured 0
        let alone = [on(&[(WORKER, Some(300))]), on(&[])];
        assert_eq!(tenants.divide(&alone, &tree()).1, Ok(0.0));
    }

    #[test]
    fn a_worker_that_ends_is_no_stranger() {
        let mut tenants = tenants(true);
        let samples = [on(&[(WORKER, Some(300))]), on(&[])];
        assert!(tenants.divide(&samples, &tree()).0.is_ok());
        let (own, other) = tenants.divide(&samples, &tree()[..1]);
        assert!(own.unwrap_err().0.contains("is the server's"));
        assert_eq!(other, Ok(0.0));
        assert!(tenants.counted().gpus[0].others.is_empty());
    }

    #[test]
    fn what_the_driver_does_not_tell_is_not_zero() {
        // another pid namespace, or a container that hides them
        for (list, words) in [
            (&[(STRANGER, Some(40))][..], "host's process ids"),
            (&[][..], "lists no process"),
        ] {
            let mut tenants = tenants(false);
            let (own, other) = tenants.divide(&[on(list), on(&[])], &tree());
            assert!(own.unwrap_err().0.contains(words));
            assert!(other.unwrap_err().0.contains(words));
            assert_eq!(tenants.counted().gpus[0].own, None);
            assert!(tenants.counted().gpus[0].others.is_empty());
        }
        // the same ids as ours: whoever is listed is a stranger
        let samples = [on(&[(STRANGER, Some(40))]), on(&[])];
        let (own, other) = tenants(true).divide(&samples, &tree());
        assert!(own.is_err());
        assert_eq!(other, Ok(40.0));
        // hidden processes may be on a GPU where none is listed
        assert!(
            tenants(true)
                .divide(&[on(&[]), on(&[])], &tree())
                .1
                .is_err()
        );

        let mut tenants = tenants(true);
        let silent = [on(&[(WORKER, None), (STRANGER, None)]), on(&[])];
        let (own, other) = tenants.divide(&silent, &tree());
        assert!(own.unwrap_err().0.contains("process 11"));
        assert!(other.unwrap_err().0.contains("4200000000"));
        assert_eq!(tenants.counted().gpus[0].others[0].used, None);
    }
}
