//! The host's own memory and load, and the control group's memory.

use super::{Reading, Unavailable};
use procfs::{Current, Meminfo};
use std::path::{Component, Path, PathBuf};

/// Bytes of the whole machine (in a container, mostly of the machine around it).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HostMemory {
    pub total: u64,
    /// What a new program could get without swapping.
    pub available: u64,
}

impl HostMemory {
    pub fn used(self) -> u64 {
        self.total.saturating_sub(self.available)
    }
}

/// # Errors
/// Where `/proc/meminfo` cannot be read, or has no `MemAvailable`.
pub fn memory() -> Reading<HostMemory> {
    let info = Meminfo::current()
        .map_err(|error| Unavailable(format!("/proc/meminfo cannot be read: {error}")))?;
    Ok(HostMemory {
        total: info.mem_total,
        available: info
            .mem_available
            .ok_or_else(|| Unavailable::new("/proc/meminfo has no MemAvailable"))?,
    })
}

/// The mean number of runnable tasks over the last minute.
///
/// # Errors
/// Where `/proc/loadavg` cannot be read.
pub fn load() -> Reading<f64> {
    procfs::LoadAverage::current()
        .map(|load| f64::from(load.one))
        .map_err(|error| Unavailable(format!("/proc/loadavg cannot be read: {error}")))
}

/// The control group of a process that accounts memory: of version 2, or of 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cgroup {
    current: PathBuf,
}

impl Cgroup {
    /// Finds the group of a process; `None` for our own.
    ///
    /// # Errors
    /// No control groups, a group out of sight, or one without memory accounting.
    pub fn of(pid: Option<i32>) -> Reading<Self> {
        let pid = pid.map_or("self".to_string(), |pid| pid.to_string());
        let read = |path: String| {
            std::fs::read_to_string(&path)
                .map_err(|error| Unavailable(format!("{path} cannot be read: {error}")))
        };
        let groups = read(format!("/proc/{pid}/cgroup"))?;
        let mounts = read("/proc/self/mountinfo".into())?;
        let (folder, file) = match v1_memory(&groups) {
            Some(group) => (v1_folder(group, &mounts)?, "memory.usage_in_bytes"),
            None => (folder(&groups, &mounts)?, "memory.current"),
        };
        let current = folder.join(file);
        if current.exists() {
            return Ok(Self { current });
        }
        let folder = folder.display();
        Err(Unavailable(format!(
            "{folder} has no {file} (the root group, or the memory controller is off)"
        )))
    }

    /// Bytes charged to the group and those below it, page cache among them.
    ///
    /// # Errors
    /// Where the group has ended, or cannot be read.
    pub fn memory(&self) -> Reading<u64> {
        let path = self.current.display();
        let text = std::fs::read_to_string(&self.current)
            .map_err(|error| Unavailable(format!("{path} cannot be read: {error}")))?;
        text.trim()
            .parse()
            .map_err(|_| Unavailable(format!("{path} holds no number")))
    }
}

/// The folder of the v2 group, from `/proc/PID/cgroup` and our mounts.
fn folder(groups: &str, mounts: &str) -> Reading<PathBuf> {
    let group = groups
        .lines()
        .find_map(|line| line.strip_prefix("0::"))
        .ok_or_else(|| Unavailable::new("this machine has no cgroup v2"))?;
    let mounted = mounts
        .lines()
        .find_map(|line| mount(line, |kind, _| kind == "cgroup2"))
        .ok_or_else(|| Unavailable::new("cgroup v2 is not mounted here"))?;
    below(group, mounted)
}

/// The group that accounts memory, where that is one of version 1.
fn v1_memory(groups: &str) -> Option<&str> {
    groups.lines().find_map(|line| {
        let mut fields = line.splitn(3, ':').skip(1);
        let (controllers, group) = (fields.next()?, fields.next()?);
        controllers
            .split(',')
            .any(|one| one == "memory")
            .then_some(group)
    })
}

fn v1_folder(group: &str, mounts: &str) -> Reading<PathBuf> {
    let memory = |kind: &str, options: &str| {
        kind == "cgroup" && options.split(',').any(|option| option == "memory")
    };
    let mounted = mounts
        .lines()
        .find_map(|line| mount(line, memory))
        .ok_or_else(|| Unavailable::new("cgroup v1's memory controller is not mounted here"))?;
    below(group, mounted)
}

/// Where a group's folder is, below a mount.
fn below(group: &str, (root, mount): (&str, &str)) -> Reading<PathBuf> {
    // The mount may show a subtree; a path out of our namespace begins with `/..`.
    let below = Path::new(group).strip_prefix(root).ok().filter(|path| {
        path.components()
            .all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
    });
    below
        .map(|below| Path::new(mount).join(below))
        .ok_or_else(|| Unavailable(format!("the control group {group} is out of sight here")))
}

/// Root and mount point of a line of `mountinfo`, where its file system's kind and options are
/// right.
fn mount(line: &str, right: impl Fn(&str, &str) -> bool) -> Option<(&str, &str)> {
    let (fields, system) = line.split_once(" - ")?;
    let mut system = system.split(' ');
    let (kind, options) = (system.next()?, system.nth(1)?);
    if !right(kind, options) {
        return None;
    }
    let mut fields = fields.split(' ').skip(3);
    Some((fields.next()?, fields.next()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOUNTS: &str = "22 1 8:1 / / rw - ext4 /dev/sda rw\n\
        30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw\n";

    #[test]
    fn the_host_has_memory_and_uses_some() {
        let memory = memory().unwrap();
        assert!(memory.used() > 0 && memory.used() < memory.total);
        assert!(load().unwrap() >= 0.0);
    }

    #[test]
    fn a_group_is_found_below_its_mount() {
        assert_eq!(
            folder("0::/system.slice/a.service\n", MOUNTS).unwrap(),
            Path::new("/sys/fs/cgroup/system.slice/a.service")
        );
        let inside = MOUNTS.replace("0:26 / /sys", "0:26 /docker/abc /sys");
        assert_eq!(
            folder("0::/docker/abc/x\n", &inside).unwrap(),
            Path::new("/sys/fs/cgroup/x")
        );
    }

    #[test]
    fn the_folder_of_a_v1_group_is_found() {
        let mounts = "32 31 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n\
            35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n";
        let group = v1_memory("9:name=systemd:/\n4:hugetlb,memory:/a:b/c\n0::/\n").unwrap();
        assert_eq!(
            v1_folder(group, mounts).unwrap(),
            Path::new("/sys/fs/cgroup/memory/a:b/c")
        );
        assert_eq!(v1_memory("0::/memory\n"), None);
        assert!(
            v1_folder(group, MOUNTS)
                .unwrap_err()
                .0
                .contains("not mounted")
        );
    }

    #[test]
    fn what_cannot_be_found_says_why() {
        let why = |groups, mounts| folder(groups, mounts).unwrap_err().0;
        assert!(why("4:memory:/a\n", MOUNTS).contains("no cgroup v2"));
        assert!(why("0::/a\n", "22 1 8:1 / / rw - ext4 x rw\n").contains("not mounted"));
        assert!(why("0::/../b\n", MOUNTS).contains("out of sight"));
    }

    #[test]
    fn our_own_group_gives_memory_or_a_reason() {
        match Cgroup::of(None).and_then(|group| group.memory()) {
            Ok(bytes) => assert!(bytes > 0),
            Err(why) => assert!(!why.0.is_empty()),
        }
    }
}
