//! Which GPUs are a server's, and what the results say of them.

use crate::probe::gpu::GpuScope;
use crate::probe::procfile;
use crate::probe::sampler::{GpuCounted, GpusCounted};
use crate::probe::visible::Visible;
use crate::report::model::{Figure, OtherProcess, ServerGpu, ServerGpus, ServerResult};
use crate::scenario::Start;
use crate::units::Quantity;

const DEVICES: &str = "CUDA_VISIBLE_DEVICES";
const ORDER: &str = "CUDA_DEVICE_ORDER";

/// How many other processes a note names.
const NAMED: usize = 3;

/// The GPUs of a server: those that its `CUDA_VISIBLE_DEVICES` names, else all. Which GPUs its
/// processes are found on narrows nothing down: a worker may come later, and in a container the
/// driver may not tell. A server of unknown processes may be on another host: it has none.
pub fn scope(start: &Start) -> GpuScope {
    match start {
        Start::Launch { environment, .. } => {
            // the server inherits what this process has
            let inherited =
                |name: &str| std::env::var_os(name).map(|v| v.to_string_lossy().into_owned());
            chosen(|name| {
                let own = environment.iter().rfind(|(own, _)| own == name);
                own.map_or_else(|| inherited(name), |(_, word)| Some(word.text.clone()))
            })
        }
        Start::Running { pid: None, .. } => GpuScope::Nothing(
            "scn did not start this server, and it may be on another host: where it is on this \
             one, give its `pid`"
                .into(),
        ),
        Start::Running { pid: Some(pid), .. } => match procfile::environment(*pid) {
            Ok(environment) => chosen(|name| {
                let own = environment.iter().find(|(own, _)| own == name);
                own.map(|(_, value)| value.clone())
            }),
            Err(why) => GpuScope::All(format!("its {DEVICES} is not known, because {why}")),
        },
    }
}

fn chosen(variable: impl Fn(&str) -> Option<String>) -> GpuScope {
    match variable(DEVICES) {
        Some(devices) => GpuScope::Visible(Visible::new(devices, variable(ORDER).as_deref())),
        None => GpuScope::All(format!("its {DEVICES} is not set")),
    }
}

/// What was counted, for `result.json`.
pub fn result(counted: GpusCounted) -> ServerGpus {
    let bytes = |value: u64| Figure::quantity(Quantity::bytes(value as f64));
    let one = |gpu: GpuCounted| ServerGpu {
        index: gpu.info.index,
        memory: bytes(gpu.info.total),
        uuid: gpu.info.uuid,
        name: gpu.info.name,
        server_processes: gpu.own,
        other_processes: (gpu.others.into_iter())
            .map(|other| OtherProcess {
                pid: other.pid,
                name: other.name,
                memory: other
                    .used
                    .map_or_else(|| Figure::unavailable("the driver does not tell it"), bytes),
            })
            .collect(),
    };
    ServerGpus {
        why: counted.why,
        counted: counted.gpus.into_iter().map(one).collect(),
    }
}

/// That others held memory on a server's GPUs, where they did.
pub fn shared_note(server: &ServerResult) -> Option<String> {
    let mut others: Vec<(&ServerGpu, &OtherProcess)> = (server.gpus.iter())
        .flat_map(|gpus| &gpus.counted)
        .flat_map(|gpu| gpu.other_processes.iter().map(move |other| (gpu, other)))
        .collect();
    if others.is_empty() {
        return None;
    }
    let held = |other: &OtherProcess| other.memory.value.unwrap_or(f64::INFINITY);
    others.sort_by(|a, b| held(b.1).total_cmp(&held(a.1)));
    let mut words: Vec<String> = (others.iter().take(NAMED))
        .map(|(gpu, other)| {
            let held = match other.memory.value {
                Some(_) => format!("up to {}", other.memory.text),
                None => "how much is not known".into(),
            };
            let index = gpu
                .index
                .map_or_else(|| gpu.uuid.clone(), |n| n.to_string());
            format!("{} ({}) on GPU {index}: {held}", other.name, other.pid)
        })
        .collect();
    if others.len() > NAMED {
        words.push(format!("and {} more", others.len() - NAMED));
    }
    Some(format!(
        "other processes than those of {name} held memory on its GPUs, which {name}.gpu_memory \
         includes: {}",
        words.join("; "),
        name = server.name
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probe::gpu::GpuInfo;
    use crate::probe::sampler;
    use crate::scenario::Word;

    fn launch(environment: &[(&str, &str)]) -> Start {
        Start::Launch {
            command: Vec::new(),
            environment: (environment.iter())
                .map(|(name, value)| ((*name).to_string(), Word::plain(*value)))
                .collect(),
            port: None,
            setup: None,
        }
    }

    fn running(pid: Option<i32>) -> Start {
        let url = "http://127.0.0.1:1".into();
        Start::Running { url, pid }
    }

    #[test]
    fn a_launched_server_has_the_gpus_of_its_environment() {
        let visible = |devices: &str, order| GpuScope::Visible(Visible::new(devices, order));
        let start = launch(&[("CUDA_VISIBLE_DEVICES", "2,3")]);
        assert_eq!(scope(&start), visible("2,3", None));
        let start = launch(&[
            ("CUDA_VISIBLE_DEVICES", "0"),
            ("CUDA_DEVICE_ORDER", "PCI_BUS_ID"),
        ]);
        assert_eq!(scope(&start), visible("0", Some("PCI_BUS_ID")));
        assert_eq!(
            scope(&launch(&[("CUDA_VISIBLE_DEVICES", "")])),
            visible("", None)
        );
        let GpuScope::All(why) = chosen(|_| None) else {
            panic!("nothing narrows them down")
        };
        assert!(why.contains("is not set"), "{why}");
    }

    #[test]
    fn a_server_that_runs_has_the_gpus_of_its_process_or_none() {
        let mut child = std::process::Command::new("sleep")
            .arg("600")
            .env("CUDA_VISIBLE_DEVICES", "GPU-abc")
            .env_remove("CUDA_DEVICE_ORDER")
            .spawn()
            .unwrap();
        let pid = i32::try_from(child.id()).unwrap();
        // a program that has only just begun has no environment yet
        while procfile::environment(pid).is_err() {
            std::thread::yield_now();
        }
        let seen = scope(&running(Some(pid)));
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(seen, GpuScope::Visible(Visible::new("GPU-abc", None)));
        let GpuScope::All(why) = scope(&running(Some(pid))) else {
            panic!("it has ended")
        };
        assert!(why.contains("is not known"), "{why}");
        let GpuScope::Nothing(why) = scope(&running(None)) else {
            panic!("it may be anywhere")
        };
        assert!(
            why.contains("another host") && why.contains("`pid`"),
            "{why}"
        );
    }

    fn server(others: Vec<sampler::OtherProcess>) -> ServerResult {
        let gpu = GpuCounted {
            info: GpuInfo {
                index: Some(4),
                uuid: "GPU-a".into(),
                name: "H200".into(),
                total: 150_000_000_000,
                split: false,
            },
            own: Some(1),
            others,
        };
        ServerResult {
            name: "sut".into(),
            gpus: Some(result(GpusCounted {
                why: "named".into(),
                gpus: vec![gpu],
            })),
            ..ServerResult::default()
        }
    }

    #[test]
    fn others_on_a_servers_gpus_are_named() {
        assert_eq!(shared_note(&server(Vec::new())), None);
        assert_eq!(shared_note(&ServerResult::default()), None);
        let other = |pid, used| sampler::OtherProcess {
            pid,
            name: "python3".into(),
            used,
        };
        let one = server(vec![other(7, Some(3_000_000_000))]);
        assert_eq!(
            shared_note(&one).unwrap(),
            "other processes than those of sut held memory on its GPUs, which sut.gpu_memory \
             includes: python3 (7) on GPU 4: up to 3 GB"
        );
        let many = (1..=5).map(|n| other(n, Some(u64::from(n) * 1_000_000)));
        let note = shared_note(&server(many.chain([other(9, None)]).collect())).unwrap();
        let order = [
            "(9) on GPU 4: how much is not known",
            "(5)",
            "(4)",
            "and 3 more",
        ];
        let places = order.map(|words| note.find(words).unwrap_or_else(|| panic!("{note}")));
        assert!(places.is_sorted(), "{note}");
        assert!(!note.contains("(3)"), "{note}");
    }
}
