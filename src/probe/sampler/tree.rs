//! One sample of a server's processes: resident memory, whole and by role.

use super::{Shared, Targets, lock};
use crate::probe::process::{OTHER, Process};
use crate::probe::procfile::{ProcError, Resident};
use crate::probe::recorder::Recorder;
use crate::probe::{Reading, Unavailable};
use crate::units::Dimension;
use indexmap::IndexMap;

/// Why a server's process series end.
pub(super) const ENDED: &str = "the process ended";

/// A server's processes as a source of samples.
pub(super) struct TreeSource {
    roots: Vec<i32>,
    known: bool,
    ended: bool,
    total: Names,
    roles: IndexMap<String, Names>,
    /// Pattern of every declared role, for the reason why there is no such process.
    patterns: IndexMap<String, String>,
}

/// The series of one group of processes.
struct Names {
    memory: String,
    anon: String,
    file: String,
    shared: String,
    swap: String,
    processes: String,
}

impl Names {
    /// `prefix` is empty, or ends with a dot.
    fn new(prefix: &str) -> Self {
        Self {
            memory: format!("{prefix}memory"),
            anon: format!("{prefix}memory_anon"),
            file: format!("{prefix}memory_file"),
            shared: format!("{prefix}memory_shared"),
            swap: format!("{prefix}memory_swap"),
            processes: format!("{prefix}processes"),
        }
    }

    fn record(&self, time: f64, group: &Reading<Group>, recorder: &mut Recorder) {
        let mut put = |name: &str, dimension, figure: fn(&Group) -> u64| {
            let value = group.as_ref().map(|group| figure(group) as f64);
            recorder.record(name, dimension, time, value.map_err(Clone::clone));
        };
        put(&self.memory, Dimension::DATA, |g| g.sum.anon + g.sum.shared);
        put(&self.anon, Dimension::DATA, |g| g.sum.anon);
        put(&self.file, Dimension::DATA, |g| g.sum.file);
        put(&self.shared, Dimension::DATA, |g| g.sum.shared);
        put(&self.swap, Dimension::DATA, |g| g.sum.swap);
        put(&self.processes, Dimension::NONE, |g| g.processes);
    }
}

#[derive(Debug, Clone, Copy, Default)]
struct Group {
    sum: Resident,
    processes: u64,
}

impl Group {
    fn add(&mut self, one: Resident) {
        self.sum.anon += one.anon;
        self.sum.file += one.file;
        self.sum.shared += one.shared;
        self.sum.swap += one.swap;
        self.processes += 1;
    }
}

impl TreeSource {
    pub fn new(targets: &Targets) -> Self {
        let role = |(name, _): &(String, _)| (name.clone(), Names::new(&prefix(name)));
        Self {
            roots: targets.roots.clone(),
            known: !(targets.roots.is_empty() && targets.guards.is_empty()),
            ended: false,
            total: Names::new(""),
            roles: targets.roles.iter().map(role).collect(),
            patterns: (targets.roles.iter())
                .map(|(name, pattern)| (name.clone(), pattern.to_string()))
                .collect(),
        }
    }

    /// Samples the tree; gives the living processes.
    pub fn sample(&mut self, time: f64, shared: &Shared) -> Vec<Process> {
        if self.ended {
            return Vec::new();
        }
        if !self.known {
            let why = "no process of this server is known (scn did not start it): \
                       give its `pid` to measure its memory";
            self.all_missing(time, why, &mut lock(&shared.recorder));
            self.ended = true;
            return Vec::new();
        }
        let (scan, seen) = {
            let mut tree = lock(&shared.tree);
            (tree.scan(), tree.seen_any())
        };
        let missing = match (&scan.incomplete, scan.processes.is_empty()) {
            (Some(why), _) => Some(why.clone()),
            (None, false) => None,
            (None, true) if seen => {
                self.ended = true;
                Some(ENDED.into())
            }
            (None, true) => Some(self.not_found()),
        };
        if let Some(why) = missing {
            self.all_missing(time, &why, &mut lock(&shared.recorder));
            return scan.processes;
        }
        let (total, mut roles) = add_up(
            scan.processes
                .iter()
                .map(|process| (process.role.as_str(), process.resident())),
        );
        if matches!(&total, Ok(group) if group.processes == 0) {
            // All ended between being found and being read: the next sample will say so.
            return Vec::new();
        }
        let mut recorder = lock(&shared.recorder);
        self.total.record(time, &total, &mut recorder);
        for role in roles.keys() {
            if !self.roles.contains_key(role) {
                let names = Names::new(&prefix(role));
                self.roles.insert(role.clone(), names);
            }
        }
        for (role, names) in &self.roles {
            let group = roles
                .shift_remove(role)
                .unwrap_or_else(|| Err(self.no_such(role, &recorder, names)));
            names.record(time, &group, &mut recorder);
        }
        scan.processes
    }

    fn all_missing(&self, time: f64, why: &str, recorder: &mut Recorder) {
        let missing = Err(Unavailable::new(why));
        self.total.record(time, &missing, recorder);
        for names in self.roles.values() {
            names.record(time, &missing, recorder);
        }
    }

    fn not_found(&self) -> String {
        if self.roots.is_empty() {
            return "the server has not started a process yet".into();
        }
        let pids: Vec<String> = self.roots.iter().map(ToString::to_string).collect();
        format!(
            "no process of this server was found (pid {}): it has ended, or /proc hides it from this user",
            pids.join(", ")
        )
    }

    /// Why a role has no process now.
    fn no_such(&self, role: &str, recorder: &Recorder, names: &Names) -> Unavailable {
        let never = !recorder.has_points(&names.memory);
        Unavailable(match self.patterns.get(role) {
            Some(pattern) if never => {
                format!("no process of the server has a title like `{pattern}` (role `{role}`)")
            }
            _ if role == OTHER => "every process has a role by now".into(),
            _ => format!("the last process of role `{role}` ended"),
        })
    }
}

/// `roles.worker.`
pub(super) fn prefix(role: &str) -> String {
    format!("roles.{role}.")
}

/// Resident memory of all processes and by role. A process that may not be read leaves its role
/// and the total without a figure: part of a sum would look like one.
fn add_up<'a>(
    figures: impl Iterator<Item = (&'a str, Result<Resident, ProcError>)>,
) -> (Reading<Group>, IndexMap<String, Reading<Group>>) {
    let mut total = Ok(Group::default());
    let mut roles: IndexMap<String, Reading<Group>> = IndexMap::new();
    for (role, figure) in figures {
        let resident = match figure {
            Ok(resident) => Ok(resident),
            Err(ProcError::Gone { .. }) => continue,
            Err(error) => Err(Unavailable(error.to_string())),
        };
        let role = (roles.entry(role.to_string())).or_insert(Ok(Group::default()));
        for group in [role, &mut total] {
            match (&mut *group, &resident) {
                (Ok(sum), Ok(one)) => sum.add(*one),
                (Ok(_), Err(why)) => *group = Err(why.clone()),
                (Err(_), _) => {}
            }
        }
    }
    (total, roles)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(anon: u64) -> Result<Resident, ProcError> {
        Ok(Resident {
            anon,
            shared: 1,
            ..Resident::default()
        })
    }

    #[test]
    fn memory_adds_up_by_role() {
        let gone = Err(ProcError::Gone { pid: 3 });
        let figures = [
            ("worker", holds(10)),
            ("front", holds(5)),
            ("worker", holds(20)),
            ("worker", gone),
        ];
        let (total, roles) = add_up(figures.into_iter());
        let total = total.unwrap();
        assert_eq!(
            (total.sum.anon, total.sum.shared, total.processes),
            (35, 3, 3)
        );
        assert_eq!(roles["worker"].as_ref().unwrap().sum.anon, 30);
    }

    #[test]
    fn a_process_that_may_not_be_read_leaves_no_part_of_a_sum() {
        let denied = Err(ProcError::Denied {
            pid: 9,
            file: "status",
        });
        let figures = [
            ("worker", holds(10)),
            ("worker", denied),
            ("front", holds(5)),
            ("worker", holds(1)),
        ];
        let (total, roles) = add_up(figures.into_iter());
        for missing in [total, roles["worker"].clone()] {
            let why = missing.unwrap_err().0;
            assert!(
                why.contains("process 9") && why.contains("run scn as"),
                "{why}"
            );
        }
        assert_eq!(roles["front"].as_ref().unwrap().sum.anon, 5);

        let mut recorder = Recorder::default();
        Names::new("").record(
            1.0,
            &add_up(
                [(
                    "a",
                    Err(ProcError::Denied {
                        pid: 9,
                        file: "status",
                    }),
                )]
                .into_iter(),
            )
            .0,
            &mut recorder,
        );
        let set = recorder.finish();
        assert!(
            set.series["memory"].points.is_empty() && set.series["memory"].unavailable.is_some()
        );
    }
}
