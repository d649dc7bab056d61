//! Reads the few files of `/proc/PID` that memory figures come from.
//!
//! Parsed here rather than by the procfs crate, whose `status` makes a map of all sixty fields:
//! the sampler reads these files for every process at every sample.

use std::fs::File;
use std::io::{ErrorKind, Read};

/// Titles longer than this are cut: roles are told by their start.
const TITLE_LIMIT: u64 = 4096;

/// Why a process's file gave nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProcError {
    /// The process ended before or while it was read; nothing is wrong.
    #[error("process {pid} has ended")]
    Gone { pid: i32 },
    #[error(
        "process {pid} cannot be read (permission denied on /proc/{pid}/{file}): \
         run scn as the user that owns the server, or as root"
    )]
    Denied { pid: i32, file: &'static str },
    #[error("/proc/{pid}/{file} cannot be read: {why}")]
    Unreadable {
        pid: i32,
        file: &'static str,
        why: String,
    },
}

/// `/proc/PID/stat`, as far as it is needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stat {
    /// The executable's name or what the process called itself; at most 15 bytes.
    pub comm: String,
    /// `R`, `S`, `Z`, …
    pub state: char,
    pub ppid: i32,
    /// Clock ticks from the machine's start to the process's start: with the pid, its identity.
    pub start: u64,
}

impl Stat {
    /// Ended, and only waiting to be reaped: it holds no memory.
    pub fn is_dead(&self) -> bool {
        matches!(self.state, 'Z' | 'X' | 'x')
    }
}

/// Resident memory in bytes, as `/proc/PID/status` tells it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Resident {
    pub anon: u64,
    pub file: u64,
    /// Shared memory and pinned host memory; every process that maps it counts all of it.
    pub shared: u64,
    /// Anonymous memory that was swapped out: not resident, yet held.
    pub swap: u64,
}

/// Proportional and private memory in bytes, as `/proc/PID/smaps_rollup` tells it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Proportional {
    /// Resident memory, what is shared being divided by those who share it.
    pub pss: u64,
    /// The anonymous and shared memory in `pss`, without files; none where the kernel does not
    /// tell it (Linux before 5.9).
    pub held: Option<u64>,
    /// What would be freed if the process ended: private clean and private dirty pages.
    pub uss: u64,
    pub swap_pss: u64,
}

pub fn stat(pid: i32) -> Result<Stat, ProcError> {
    let text = read(pid, "stat")?;
    parse_stat(&text).ok_or_else(|| unreadable(pid, "stat", "it has an unknown form"))
}

/// # Errors
/// [`ProcError::Gone`] also for a process that is ending and has given up its memory already.
pub fn resident(pid: i32) -> Result<Resident, ProcError> {
    let text = read(pid, "status")?;
    match parse_status(&text) {
        Some(resident) => Ok(resident),
        None if field(&text, "VmRSS").is_none() => Err(ProcError::Gone { pid }),
        None => Err(unreadable(
            pid,
            "status",
            "this kernel does not tell RssAnon, RssFile and RssShmem apart",
        )),
    }
}

/// Walks all pages of the process: about 27 ms per GiB of small pages.
pub fn proportional(pid: i32) -> Result<Proportional, ProcError> {
    let text = read(pid, "smaps_rollup")?;
    if text.is_empty() {
        return Err(ProcError::Gone { pid });
    }
    parse_rollup(&text).ok_or_else(|| unreadable(pid, "smaps_rollup", "it has no Pss"))
}

/// The command line joined by spaces: what the process was started with, or what it has put there
/// since, as engines do (`Engine::Worker_0`).
pub fn title(pid: i32) -> Result<String, ProcError> {
    let bytes = read_bytes(pid, "cmdline", TITLE_LIMIT)?;
    let text = String::from_utf8_lossy(&bytes);
    Ok(text
        .split(['\0', ' '])
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(" "))
}

/// The environment that a process was started with, names and values; what it changed since does
/// not show.
///
/// # Errors
/// [`ProcError::Denied`] for processes of other users, [`ProcError::Unreadable`] where a process
/// has put its title over it, as Python servers do.
pub fn environment(pid: i32) -> Result<Vec<(String, String)>, ProcError> {
    let text = read(pid, "environ")?;
    parse_environment(&text)
        .ok_or_else(|| unreadable(pid, "environ", "it is empty, or overwritten with a title"))
}

/// None where there is no environment, or something else in its place.
fn parse_environment(text: &str) -> Option<Vec<(String, String)>> {
    let entries = text.strip_suffix('\0')?.split('\0');
    entries
        .map(|entry| entry.split_once('='))
        .map(|pair| pair.map(|(name, value)| (name.into(), value.into())))
        .collect()
}

/// All process ids of the machine that may be seen.
///
/// # Errors
/// Those of reading the folder `/proc`.
pub fn pids() -> std::io::Result<Vec<i32>> {
    let entries = std::fs::read_dir("/proc")?;
    Ok(entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .collect())
}

fn read(pid: i32, file: &'static str) -> Result<String, ProcError> {
    let bytes = read_bytes(pid, file, 1 << 20)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn read_bytes(pid: i32, file: &'static str, limit: u64) -> Result<Vec<u8>, ProcError> {
    let mut bytes = Vec::with_capacity(2048);
    match File::open(format!("/proc/{pid}/{file}"))
        .and_then(|open| open.take(limit).read_to_end(&mut bytes))
    {
        Ok(_) => Ok(bytes),
        // ESRCH: the process ended between opening and reading.
        Err(error) if error.kind() == ErrorKind::NotFound || error.raw_os_error() == Some(3) => {
            // The process is there, the file is not: an older or a reduced kernel.
            if std::path::Path::new(&format!("/proc/{pid}")).exists()
                && error.kind() == ErrorKind::NotFound
            {
                return Err(unreadable(pid, file, "this kernel does not offer it"));
            }
            Err(ProcError::Gone { pid })
        }
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            Err(ProcError::Denied { pid, file })
        }
        Err(error) => Err(unreadable(pid, file, error.to_string())),
    }
}

fn unreadable(pid: i32, file: &'static str, why: impl Into<String>) -> ProcError {
    ProcError::Unreadable {
        pid,
        file,
        why: why.into(),
    }
}

/// `1234 (na) me) S 1 …`: the name may hold anything, so the last `)` ends it.
fn parse_stat(text: &str) -> Option<Stat> {
    let open = text.find('(')?;
    let close = text.rfind(')')?;
    let comm = text.get(open + 1..close)?.to_string();
    let mut rest = text.get(close + 1..)?.split_ascii_whitespace();
    let state = rest.next()?.chars().next()?;
    let ppid = rest.next()?.parse().ok()?;
    // `start` is field 22 of the line, `ppid` field 4.
    let start = rest.nth(17)?.parse().ok()?;
    Some(Stat {
        comm,
        state,
        ppid,
        start,
    })
}

fn parse_status(text: &str) -> Option<Resident> {
    Some(Resident {
        anon: field(text, "RssAnon")?,
        file: field(text, "RssFile")?,
        shared: field(text, "RssShmem")?,
        swap: field(text, "VmSwap").unwrap_or(0),
    })
}

fn parse_rollup(text: &str) -> Option<Proportional> {
    Some(Proportional {
        pss: field(text, "Pss")?,
        held: (field(text, "Pss_Anon").zip(field(text, "Pss_Shmem")))
            .map(|(anon, shared)| anon.saturating_add(shared)),
        uss: field(text, "Private_Clean")?.saturating_add(field(text, "Private_Dirty")?),
        swap_pss: field(text, "SwapPss").unwrap_or(0),
    })
}

/// `Name:   123 kB` in bytes.
fn field(text: &str, name: &str) -> Option<u64> {
    let value = text
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    let kilobytes: u64 = value.split_ascii_whitespace().next()?.parse().ok()?;
    kilobytes.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const STATUS: &str = "Name:\tpython3\nState:\tS (sleeping)\nPid:\t7\nPPid:\t1\nVmRSS:\t     390 kB\n\
        RssAnon:\t     100 kB\nRssFile:\t     240 kB\nRssShmem:\t      50 kB\nVmSwap:\t       4 kB\nThreads:\t3\n";

    #[test]
    fn reads_the_parts_of_resident_memory_apart() {
        assert_eq!(
            parse_status(STATUS),
            Some(Resident {
                anon: 100 << 10,
                file: 240 << 10,
                shared: 50 << 10,
                swap: 4 << 10
            })
        );
        assert_eq!(parse_status("VmRSS:\t 390 kB\n"), None);
    }

    #[test]
    fn a_name_may_hold_brackets_and_spaces() {
        let stat = parse_stat(
            "77 (a) S 9 (b) R 42 1 1 0 -1 4194304 1 0 0 0 0 0 0 0 20 0 1 0 98765 1000 10 …",
        )
        .unwrap();
        assert_eq!(
            (stat.comm.as_str(), stat.state, stat.ppid, stat.start),
            ("a) S 9 (b", 'R', 42, 98765)
        );
        assert!(!stat.is_dead());
        assert_eq!(parse_stat("77 (a) R 42"), None);
    }

    #[test]
    fn uss_is_private_clean_and_dirty() {
        let text = "0-1 ---p 0 00:00 0 [rollup]\nRss: 90 kB\nPss: 50 kB\nPss_Dirty: 7 kB\n\
                    Private_Clean: 10 kB\nPrivate_Dirty: 20 kB\nSwap: 9 kB\nSwapPss: 3 kB\n";
        let rollup = parse_rollup(text).unwrap();
        assert_eq!(
            (rollup.pss, rollup.uss, rollup.swap_pss),
            (50 << 10, 30 << 10, 3 << 10)
        );
        // a kernel that does not tell files apart; half a sum is none
        assert_eq!(rollup.held, None);
        let held = |more: &str| parse_rollup(&format!("{text}{more}")).unwrap().held;
        assert_eq!(held("Pss_Anon: 5 kB\n"), None);
        let apart = "Pss_Anon: 5 kB\nPss_File: 43 kB\nPss_Shmem: 2 kB\n";
        assert_eq!(held(apart), Some(7 << 10));
    }

    #[test]
    fn reads_itself_and_tells_that_an_ended_process_is_gone() {
        let me = i32::try_from(std::process::id()).unwrap();
        let own = stat(me).unwrap();
        assert!(own.start > 0 && !own.is_dead());
        assert!(resident(me).unwrap().anon > 0);
        let rollup = proportional(me).unwrap();
        assert!(rollup.uss > 0 && rollup.uss <= rollup.pss);
        assert!(!title(me).unwrap().is_empty());
        assert!(pids().unwrap().contains(&me));

        let mut child = std::process::Command::new("true").spawn().unwrap();
        let pid = i32::try_from(child.id()).unwrap();
        child.wait().unwrap();
        assert_eq!(stat(pid), Err(ProcError::Gone { pid }));
    }

    #[test]
    fn an_environment_is_told_from_a_title_in_its_place() {
        let pair = |(name, value): (&str, &str)| (name.to_string(), value.to_string());
        assert_eq!(
            parse_environment("A=1\0B=x=y\0C=\0"),
            Some([("A", "1"), ("B", "x=y"), ("C", "")].map(pair).to_vec())
        );
        for title in ["", "\0\0\0", "gine\0\0\0", "A=1\0\0\0"] {
            assert_eq!(parse_environment(title), None, "{title:?}");
        }
    }

    #[test]
    fn a_denied_file_names_the_process_and_the_remedy() {
        let text = ProcError::Denied {
            pid: 41,
            file: "smaps_rollup",
        }
        .to_string();
        assert!(
            text.contains("process 41") && text.contains("run scn as"),
            "{text}"
        );
    }

    proptest! {
        #[test]
        fn any_text_is_survived(text in "\\PC*") {
            parse_stat(&text);
            parse_status(&text);
            parse_rollup(&text);
        }
    }
}
