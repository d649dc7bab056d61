//! What sampling costs: the share of a core at 100 ms, and single readings.

use scn::clock::Clock;
use scn::measure::window::{Window, max, mean};
use scn::probe::gpu::{GpuScope, Gpus};
use scn::probe::nvml::NvmlGpus;
use scn::probe::process::{Roles, Tree};
use scn::probe::prometheus::parse;
use scn::probe::sampler::{Targets, start};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

const VLLM: &str = include_str!("../tests/probe_data/vllm_metrics.txt");

struct Sleepers(Vec<Child>);

impl Sleepers {
    fn start(count: usize) -> Self {
        let sleeper = |_| Command::new("sleep").arg("600").spawn().expect("sleep");
        Self((0..count).map(sleeper).collect())
    }

    fn pids(&self) -> Vec<i32> {
        self.0.iter().map(|child| child.id() as i32).collect()
    }
}

impl Drop for Sleepers {
    fn drop(&mut self) {
        for child in &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Mean time of one call over about a second.
fn time(what: &str, mut call: impl FnMut()) {
    call();
    let (start, mut calls) = (Instant::now(), 0u32);
    while start.elapsed() < Duration::from_secs(1) {
        call();
        calls += 1;
    }
    println!("{what:<44} {:>10.1?}", start.elapsed() / calls);
}

/// What a GPU costs to ask, and what it says; or why there is none.
fn gpus() {
    let gpus = match NvmlGpus::open() {
        Ok(gpus) => gpus,
        Err(why) => return println!("GPUs: {why}"),
    };
    for gpu in gpus.list().unwrap_or_default() {
        println!("{gpu:?}\n{:#?}", gpus.sample(&gpu.uuid));
        time("ask one GPU", || {
            let _ = gpus.sample(&gpu.uuid);
        });
    }
}

fn main() {
    gpus();
    let sleepers = Sleepers::start(20);
    let mut tree = Tree::new(sleepers.pids(), Vec::new(), Roles::default());
    let machine = scn::probe::procfile::pids().map_or(0, |pids| pids.len());
    println!("{machine} processes on the machine, 20 of them the server's");
    time("find the tree", || {
        assert_eq!(tree.scan().processes.len(), 20);
    });
    let scan = tree.scan();
    time("resident memory of 20 processes", || {
        assert!(
            scan.processes
                .iter()
                .all(|process| process.resident().is_ok())
        );
    });
    time("PSS of 20 small processes", || {
        assert!(
            scan.processes
                .iter()
                .all(|process| process.proportional().is_ok())
        );
    });
    time("read vLLM's metrics (51 kB)", || {
        assert!(parse(VLLM).samples.len() > 300);
    });

    let targets = Targets {
        roots: sleepers.pids(),
        gpus: GpuScope::default(),
        host: true,
        ..Targets::default()
    };
    let clock = Clock::start();
    let sampler = start(targets, Duration::from_millis(100), clock);
    std::thread::sleep(Duration::from_secs(5));
    let set = sampler.stop();
    let window = Window::new(0.5, clock.now());
    let cost = &set.series["probe_cpu"];
    let share = |figure: scn::probe::Reading<f64>| figure.unwrap_or(f64::NAN) * 100.0;
    println!(
        "sampling 20 processes and the host every 100 ms: {:.2} % of a core, at most {:.2} %, {} samples",
        share(mean(cost, window)),
        share(max(cost, window)),
        cost.points.len()
    );
}
