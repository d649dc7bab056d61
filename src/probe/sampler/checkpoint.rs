//! A checkpoint: proportional and private memory, too slow to read at every sample.

use super::lock;
use super::tree::{ENDED, prefix};
use crate::clock::Clock;
use crate::probe::process::Tree;
use crate::probe::procfile::{ProcError, Proportional};
use crate::probe::recorder::Recorder;
use crate::probe::{Reading, Unavailable};
use crate::units::Dimension;
use indexmap::IndexMap;
use std::sync::Mutex;

/// Why there is no `memory_pss` where there is a `pss`.
const NOT_APART: &str = "this kernel does not tell Pss_Anon and Pss_Shmem apart from files in \
    /proc/PID/smaps_rollup (Linux does from 5.9)";

/// What a checkpoint saw.
#[derive(Debug, Clone, PartialEq)]
pub struct Checkpoint {
    /// When reading began, in seconds on the run's clock.
    pub time: f64,
    /// How long reading took, in seconds.
    pub took: f64,
    /// Summed over the server's processes.
    pub total: Reading<Proportional>,
    /// By role; roles without a process are absent.
    pub roles: IndexMap<String, Reading<Proportional>>,
}

/// Reads now. The tree is locked only while its processes are found.
pub(super) fn take(tree: &Mutex<Tree>, clock: Clock) -> Checkpoint {
    let time = clock.now();
    let (scan, seen) = {
        let mut tree = lock(tree);
        (tree.scan(), tree.seen_any())
    };
    let mut total: Option<Reading<Proportional>> = scan.incomplete.map(|why| Err(Unavailable(why)));
    let mut roles: IndexMap<String, Reading<Proportional>> = IndexMap::new();
    for process in &scan.processes {
        let figure = match process.proportional() {
            Ok(figure) => Ok(figure),
            Err(ProcError::Gone { .. }) => continue,
            Err(error) => Err(Unavailable(error.to_string())),
        };
        let role = roles.get(&process.role).cloned();
        roles.insert(process.role.clone(), add(role, &figure));
        total = Some(add(total, &figure));
    }
    let nothing = || match seen {
        true => Err(Unavailable::new(ENDED)),
        false => Err(Unavailable::new("no process of this server is known")),
    };
    Checkpoint {
        time,
        took: clock.now() - time,
        total: total.unwrap_or_else(nothing),
        roles,
    }
}

fn add(sum: Option<Reading<Proportional>>, one: &Reading<Proportional>) -> Reading<Proportional> {
    match (sum, one) {
        (None, one) => one.clone(),
        (Some(Err(why)), _) => Err(why),
        (Some(Ok(_)), Err(why)) => Err(why.clone()),
        (Some(Ok(sum)), Ok(one)) => Ok(Proportional {
            pss: sum.pss + one.pss,
            held: sum.held.zip(one.held).map(|(sum, one)| sum + one),
            uss: sum.uss + one.uss,
            swap_pss: sum.swap_pss + one.swap_pss,
        }),
    }
}

impl Checkpoint {
    pub(super) fn record(&self, recorder: &mut Recorder) {
        let mut put = |prefix: &str, figure: &Reading<Proportional>| {
            let mut one = |name: &str, value: fn(&Proportional) -> Option<u64>| {
                let value = match figure {
                    Ok(figure) => value(figure).ok_or_else(|| Unavailable::new(NOT_APART)),
                    Err(why) => Err(why.clone()),
                };
                let name = format!("{prefix}{name}");
                let value = value.map(|bytes| bytes as f64);
                recorder.record(&name, Dimension::DATA, self.time, value);
            };
            one("memory_pss", |p| p.held);
            one("pss", |p| Some(p.pss));
            one("uss", |p| Some(p.uss));
            one("swap_pss", |p| Some(p.swap_pss));
        };
        put("", &self.total);
        for (role, figure) in &self.roles {
            put(&prefix(role), figure);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probe::series::SeriesSet;

    #[test]
    fn what_the_kernel_does_not_tell_is_unavailable_and_the_rest_is_there() {
        let rollup = Proportional {
            pss: 5,
            ..Proportional::default()
        };
        let checkpoint = Checkpoint {
            time: 1.0,
            took: 0.0,
            total: Ok(rollup),
            roles: IndexMap::new(),
        };
        let set = recorded(&checkpoint);
        let held = &set.series["memory_pss"];
        let why = held.unavailable.as_ref().map(ToString::to_string);
        assert_eq!((held.points.len(), why.as_deref()), (0, Some(NOT_APART)));
        assert_eq!(set.series["pss"].points, [(1.0, 5.0)]);
    }

    fn recorded(checkpoint: &Checkpoint) -> SeriesSet {
        let mut recorder = Recorder::default();
        checkpoint.record(&mut recorder);
        recorder.finish()
    }

    #[test]
    fn one_unreadable_process_leaves_no_sum() {
        let one = Ok(Proportional {
            pss: 5,
            held: Some(4),
            uss: 3,
            swap_pss: 1,
        });
        let denied: Reading<Proportional> = Err(Unavailable::new("permission denied"));
        let two = add(Some(add(None, &one)), &one).unwrap();
        assert_eq!((two.pss, two.uss, two.swap_pss), (10, 6, 2));
        assert_eq!(two.held, Some(8));
        let untold = Ok(Proportional { held: None, ..two });
        assert_eq!(add(Some(Ok(two)), &untold).unwrap().held, None);
        assert_eq!(add(Some(Ok(two)), &denied), denied);
        assert_eq!(add(Some(denied.clone()), &one), denied);
    }
}
