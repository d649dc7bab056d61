//! A pack in a folder of its own, runs of it, and what they left.

use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Long enough for a machine that does much else; a test that passes does not wait for it.
pub const PATIENCE: Duration = Duration::from_secs(60);

pub const HEAD: &str =
    "use std.engines\nuse std.reports\nworkload w { prompt = \"hi\", output = 4 }\n";

/// A server of the built-in engine that answers at once, with further options.
pub fn server(options: &str) -> String {
    let comma = if options.is_empty() { "" } else { ", " };
    format!(
        "server sut {{ engine = engines.builtin, options {{ ttft = 1ms, itl = 1ms{comma}{options} }} }}\n"
    )
}

/// A scenario on such a server.
pub fn scenario(name: &str, options: &str, body: &str) -> String {
    format!(
        "scenario {name} {{\n sample = 50ms\n {}{body}\n}}\n",
        server(options)
    )
}

/// A scenario on a simulated server.
pub fn simulated(name: &str, body: &str) -> String {
    format!(
        "use std.gpus\nuse std.models\n\
         workload long {{ input = uniform(500 tok, 2000 tok), output = uniform(50 tok, 200 tok) }}\n\
         scenario {name} {{\n\
         server sut {{ engine = engines.vllm, model = models.llama_3_1_8b, gpu = gpus.h200 }}\n\
         {body}\n}}\n"
    )
}

/// The file `s.scn` in a folder of its own.
pub struct Pack {
    folder: Arc<TempDir>,
}

impl Pack {
    pub fn new(text: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("s.scn"), format!("{HEAD}{text}")).expect("written");
        Self {
            folder: Arc::new(folder),
        }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// `scn` with these arguments, in the pack's folder.
    pub fn scn(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_scn"));
        command
            .args(arguments)
            .current_dir(self.path())
            .stdin(Stdio::null());
        for name in ["GITHUB_STEP_SUMMARY", "NO_COLOR", "LC_ALL", "LC_CTYPE"] {
            command.env_remove(name);
        }
        command.env("LANG", "C.UTF-8");
        command
    }

    /// `scn run s.scn --out out` with further arguments.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        let mut all = vec!["run", "s.scn", "--out", "out"];
        all.extend(arguments);
        self.ran(self.scn(&all))
    }

    /// Carries a command out; its run folder is taken to be `out`.
    pub fn ran(&self, mut command: Command) -> Ran {
        let output = command.output().expect("the binary starts");
        Ran {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).expect("UTF-8"),
            stderr: String::from_utf8(output.stderr).expect("UTF-8"),
            folder: self.path().join("out"),
            _pack: self.folder.clone(),
        }
    }

    /// Starts `scn run s.scn --out out` and goes on.
    pub fn start(&self, arguments: &[&str]) -> Started {
        let mut all = vec!["run", "s.scn", "--out", "out"];
        all.extend(arguments);
        self.start_with(&mut self.scn(&all))
    }

    /// Starts another command of which the same is expected.
    pub fn start_with(&self, command: &mut Command) -> Started {
        use std::os::unix::process::CommandExt;
        command
            .current_dir(self.path())
            .env_remove("GITHUB_STEP_SUMMARY");
        // as a shell does it: a signal from the terminal goes to the whole group
        command
            .process_group(0)
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        // what starts the tests may ignore signals (`nohup`, a job in the background), and so
        // would the run, as it should
        // SAFETY: between fork and exec only `signal` is called, which is async-signal-safe.
        unsafe {
            command.pre_exec(|| {
                use nix::sys::signal::{SigHandler, Signal, signal};
                for one in [Signal::SIGHUP, Signal::SIGINT, Signal::SIGTERM] {
                    signal(one, SigHandler::SigDfl)?;
                }
                Ok(())
            });
        }
        Started {
            child: command.spawn().expect("the binary starts"),
            folder: self.path().join("out"),
        }
    }
}

/// A run that has ended.
pub struct Ran {
    /// None where a signal ended it.
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
    pub folder: PathBuf,
    /// Its files stay as long as this.
    _pack: Arc<TempDir>,
}

impl Ran {
    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{}\n{}", self.stdout, self.stderr);
        self
    }

    pub fn case(&self, case: &str) -> Value {
        json(&self.folder.join("cases").join(case).join("result.json"))
    }

    pub fn events(&self) -> Vec<Value> {
        events(&self.folder)
    }

    /// The events of a name.
    pub fn events_named(&self, name: &str) -> Vec<Value> {
        self.events()
            .into_iter()
            .filter(|event| event["event"] == name)
            .collect()
    }

    /// Rows of a case's `requests.csv`, by header.
    pub fn requests(&self, case: &str) -> Vec<std::collections::HashMap<String, String>> {
        let path = self.folder.join("cases").join(case).join("requests.csv");
        let mut reader = csv::Reader::from_path(path).expect("requests.csv");
        reader
            .deserialize()
            .map(|row| row.expect("a row"))
            .collect()
    }
}

pub fn json(path: &Path) -> Value {
    let text = std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

pub fn events(folder: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(folder.join("events.jsonl")).unwrap_or_default();
    text.lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect()
}

/// The phase of this name in a case's result.
#[track_caller]
pub fn phase<'v>(case: &'v Value, name: &str) -> &'v Value {
    named(&case["phases"], name)
}

/// The check of this name in a case's result.
#[track_caller]
pub fn check<'v>(case: &'v Value, name: &str) -> &'v Value {
    named(&case["checks"], name)
}

#[track_caller]
fn named<'v>(list: &'v Value, name: &str) -> &'v Value {
    let list = list.as_array().expect("a list");
    list.iter()
        .find(|one| one["name"] == name)
        .unwrap_or_else(|| panic!("no `{name}` in {list:#?}"))
}

/// All files below a folder, relative, sorted.
pub fn files(folder: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(&next).expect("a folder") {
            let path = entry.expect("an entry").path();
            match path.is_dir() {
                true => folders.push(path),
                false => {
                    let relative = path.strip_prefix(folder).expect("below it");
                    found.insert(relative.display().to_string());
                }
            }
        }
    }
    found
}

/// A run that goes on; killed when it goes out of scope.
pub struct Started {
    pub child: Child,
    pub folder: PathBuf,
}

impl Started {
    /// Waits until an event is written that fits.
    #[track_caller]
    pub fn wait_for(&self, what: &str, fits: impl Fn(&Value) -> bool) {
        eventually(what, || events(&self.folder).iter().any(&fits));
    }

    #[track_caller]
    pub fn wait_for_phase(&self, phase: &str) {
        self.wait_for(phase, |event| {
            event["event"] == "phase_started" && event["phase"] == phase
        });
    }

    /// As a terminal does it: to the whole process group.
    pub fn signal(&self, signal: nix::sys::signal::Signal) {
        let group = nix::unistd::Pid::from_raw(i32::try_from(self.child.id()).expect("a pid"));
        nix::sys::signal::killpg(group, signal).expect("our child");
    }

    /// The exit code, once it has ended; none after a signal.
    pub fn end(&mut self) -> Option<i32> {
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().expect("our child") {
                return status.code();
            }
            assert!(Instant::now() < until, "scn did not end");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Its descendants, with the time of their start: a number alone may be another's later.
    pub fn descendants(&self) -> Vec<(i32, String)> {
        let all = processes();
        let mut found = vec![i32::try_from(self.child.id()).expect("a pid")];
        let mut i = 0;
        while i < found.len() {
            let parent = found[i];
            found.extend(all.iter().filter(|p| p.1 == parent).map(|p| p.0));
            i += 1;
        }
        found[1..]
            .iter()
            .filter_map(|pid| Some((*pid, start_of(*pid)?)))
            .collect()
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Process ids and those of their parents.
fn processes() -> Vec<(i32, i32)> {
    let entries = std::fs::read_dir("/proc").expect("/proc");
    let pids = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<i32>().ok());
    pids.filter_map(|pid| Some((pid, stat(pid)?.get(1)?.parse().ok()?)))
        .collect()
}

/// The fields of `/proc/<pid>/stat` from the state on; none where it is gone or a zombie.
fn stat(pid: i32) -> Option<Vec<String>> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let fields: Vec<String> = text
        .rsplit_once(')')?
        .1
        .split_whitespace()
        .map(Into::into)
        .collect();
    (fields.first()? != "Z" && fields.first()? != "X").then_some(fields)
}

fn start_of(pid: i32) -> Option<String> {
    stat(pid)?.get(19).cloned()
}

pub fn runs(pid: i32) -> bool {
    stat(pid).is_some()
}

/// Waits until none of these processes runs any more.
#[track_caller]
pub fn all_gone(processes: &[(i32, String)]) {
    assert!(!processes.is_empty(), "there were processes to look for");
    eventually("all processes are gone", || {
        processes
            .iter()
            .all(|(pid, start)| start_of(*pid).as_ref() != Some(start))
    });
}

#[track_caller]
pub fn eventually(what: &str, mut is: impl FnMut() -> bool) {
    let until = Instant::now() + PATIENCE;
    while !is() {
        assert!(Instant::now() < until, "never: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}
