//! `env.json`: the machine a run was made on, without secrets.

use super::REDACTED;
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use std::fs;

/// A name with one of these in it holds something secret.
const SECRET: [&str; 9] = [
    "KEY",
    "TOKEN",
    "SECRET",
    "PASS",
    "CREDENTIAL",
    "AUTH",
    "COOKIE",
    "PRIVATE",
    "SIGNATURE",
];

/// Facts about the host. What is not known is none.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct HostFacts {
    pub scn_version: String,
    /// `Linux (Ubuntu 24.04)`
    pub os: Option<String>,
    pub kernel: Option<String>,
    pub architecture: String,
    pub host: Option<String>,
    pub cpu: Option<String>,
    /// Processors online.
    pub cores: Option<u64>,
    /// Processors this process may use (affinity and cgroup).
    pub usable_cores: Option<u64>,
    /// Bytes.
    pub memory: Option<u64>,
    /// Bytes this process and its servers may use, where a cgroup says less than `memory`.
    pub memory_limit: Option<u64>,
    pub nvidia_driver: Option<String>,
    /// How the client's own thread is scheduled, where there is one.
    #[serde(default)]
    pub client: Option<ClientScheduling>,
    /// Variables that change what servers do; `***` where a name looks secret.
    pub environment: IndexMap<String, String>,
}

/// Whether the thread that reads all answers comes before the ordinary ones of the machine.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientScheduling {
    /// SCHED_RR at its lowest priority.
    pub realtime: bool,
    /// What the system said where it was not allowed.
    pub refused: Option<String>,
}

impl HostFacts {
    /// Reads the facts. `nvidia_driver` is what NVML says, where it is known; otherwise the
    /// kernel's word is taken.
    pub fn collect(nvidia_driver: Option<String>) -> Self {
        let (memory, limit) = memory();
        let usable = std::thread::available_parallelism().ok();
        let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        Self {
            scn_version: env!("CARGO_PKG_VERSION").into(),
            os: sysinfo::System::long_os_version().ok(),
            kernel: sysinfo::System::kernel_version().ok(),
            architecture: std::env::consts::ARCH.into(),
            host: sysinfo::System::host_name().ok(),
            cpu: cpu_model(&cpuinfo),
            cores: online_cores(&cpuinfo),
            usable_cores: usable.map(|n| n.get() as u64),
            memory,
            memory_limit: limit,
            nvidia_driver: nvidia_driver.or_else(nvidia_driver_of_kernel),
            client: None,
            environment: selected(std::env::vars_os().filter_map(|(name, value)| {
                // a name that is no text is none of ours
                let name = name.into_string().ok()?;
                Some((name, value.to_string_lossy().into_owned()))
            })),
        }
    }
}

/// The host's memory, and what a cgroup leaves of it where that is less; bytes.
fn memory() -> (Option<u64>, Option<u64>) {
    let Ok(mut system) = sysinfo::System::new() else {
        return (None, None);
    };
    system.refresh_memory();
    let memory = Some(system.total_memory()).filter(|bytes| *bytes > 0);
    let limit = system
        .cgroup_limits()
        .map(|limits| limits.total_memory)
        .filter(|limit| *limit > 0 && Some(*limit) < memory);
    (memory, limit)
}

/// The variables of the allow-list, in order of name, without the values of secret ones.
fn selected(all: impl Iterator<Item = (String, String)>) -> IndexMap<String, String> {
    let mut chosen: IndexMap<String, String> = all
        .filter(|(name, _)| is_recorded(name))
        .map(|(name, value)| {
            let upper = name.to_ascii_uppercase();
            let secret = SECRET.iter().any(|s| upper.contains(s));
            (name, if secret { REDACTED.into() } else { value })
        })
        .collect();
    chosen.sort_unstable_keys();
    chosen
}

fn cpu_model(cpuinfo: &str) -> Option<String> {
    let value = |key: &str| {
        cpuinfo
            .lines()
            .filter_map(|line| line.split_once(':'))
            .find(|(name, _)| name.trim() == key)
            .map(|(_, value)| value.trim().to_string())
            .filter(|value| !value.is_empty())
    };
    value("model name").or_else(|| value("Hardware"))
}

fn online_cores(cpuinfo: &str) -> Option<u64> {
    let count = cpuinfo
        .lines()
        .filter(|line| {
            line.split(':')
                .next()
                .is_some_and(|n| n.trim() == "processor")
        })
        .count() as u64;
    (count > 0).then_some(count)
}

/// `NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.15  Tue …`
fn nvidia_driver_of_kernel() -> Option<String> {
    let text = fs::read_to_string("/proc/driver/nvidia/version").ok()?;
    text.lines().next()?.split_whitespace().find_map(|word| {
        let digits = word.starts_with(|c: char| c.is_ascii_digit()) && word.contains('.');
        digits.then(|| word.to_string())
    })
}

/// Whether a variable is among those that the standard library says are worth keeping.
fn is_recorded(name: &str) -> bool {
    let list = crate::stdlib::file("recorded_environment.txt").unwrap_or_default();
    list.lines()
        .filter(|line| !line.starts_with('#'))
        .any(|known| match known.strip_suffix('_') {
            Some(_) => name.starts_with(known),
            None => name == known,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chosen_variables_come_without_secrets() {
        let all = [
            ("VLLM_API_KEY", "sk-1"),
            ("VLLM_LOGGING_LEVEL", "DEBUG"),
            ("CUDA_VISIBLE_DEVICES", "0,1"),
            ("HOME", "/home/somebody"),
            ("AWS_SECRET_ACCESS_KEY", "aws"),
        ];
        let chosen = selected(all.iter().map(|(n, v)| (n.to_string(), v.to_string())));
        let chosen: Vec<(&str, &str)> = chosen.iter().map(|(n, v)| (&**n, &**v)).collect();
        assert_eq!(
            chosen,
            [
                ("CUDA_VISIBLE_DEVICES", "0,1"),
                ("VLLM_API_KEY", "***"),
                ("VLLM_LOGGING_LEVEL", "DEBUG"),
            ]
        );
    }

    #[test]
    fn reads_the_kernels_words() {
        let cpuinfo = "processor\t: 0\nmodel name\t: A Fine CPU @ 2 GHz\nprocessor\t: 1\n";
        assert_eq!(cpu_model(cpuinfo).as_deref(), Some("A Fine CPU @ 2 GHz"));
        assert_eq!(online_cores(cpuinfo), Some(2));
        assert_eq!(online_cores(""), None);
    }

    #[test]
    fn facts_of_this_host_are_there() {
        let facts = HostFacts::collect(Some("1.2".into()));
        assert!(facts.memory.is_some_and(|bytes| bytes > 1 << 20));
        assert!(facts.usable_cores.is_some_and(|n| n > 0));
        assert_eq!(facts.nvidia_driver.as_deref(), Some("1.2"));
        let text = serde_json::to_string(&facts).unwrap();
        assert_eq!(serde_json::from_str::<HostFacts>(&text).unwrap(), facts);
    }
}
