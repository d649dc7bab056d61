//! What the tests of launched processes share. This test program plays the servers itself:
//! a launch runs it again with [`MODE`] set, and its test `helper` then does as told.

#![allow(dead_code)] // Not every test program uses all of it.

use scn::engine::log::LogLimit;
use scn::engine::process::{GuardProgram, Launch};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

pub const MODE: &str = "SCN_TEST_HELPER";

/// Long enough for a machine that does much else; a test that passes does not wait for it.
pub const PATIENCE: Duration = Duration::from_secs(60);

pub fn guard() -> GuardProgram {
    GuardProgram(env!("CARGO_BIN_EXE_scn").into())
}

pub fn launch(folder: &Path, program_and_args: &[&str]) -> Launch {
    Launch {
        program_and_args: program_and_args.iter().map(|a| (*a).into()).collect(),
        env: Vec::new(),
        cwd: None,
        log: folder.join("server.log"),
        log_limit: LogLimit::default(),
        secrets: Vec::new(),
    }
}

pub fn sh(folder: &Path, script: &str) -> Launch {
    launch(folder, &["sh", "-c", script])
}

/// This program, as a helper.
pub fn helper(folder: &Path, mode: &str, more: &[(&str, String)]) -> Launch {
    let me = std::env::current_exe().unwrap();
    let me = me.to_str().unwrap();
    let mut launch = launch(folder, &[me, "--exact", "helper", "--nocapture"]);
    launch.env.push((MODE.into(), mode.into()));
    for (name, value) in more {
        launch.env.push(((*name).into(), value.clone()));
    }
    launch
}

/// An argument for `sleep` by which its process is found again.
pub fn tag() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let n = NEXT.fetch_add(1, Ordering::Relaxed);
    format!(
        "{}",
        10_000_000_000 + u64::from(std::process::id()) * 100 + u64::from(n)
    )
}

/// The `sleep`s of the tag that run.
pub fn tagged(tag: &str) -> Vec<i32> {
    std::fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|pid| {
            let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            let mut args = line.split(|b| *b == 0);
            args.next()
                .is_some_and(|program| program.ends_with(b"sleep"))
                && args.next() == Some(tag.as_bytes())
        })
        .filter(|pid| scn::engine::tree::is_alive(*pid))
        .collect()
}

/// A server's script: a child, and a grandchild in a session of its own that ignores SIGTERM,
/// without a parent and without scn's variable. Three processes carry the tag `{0}`.
pub fn escaping_script(tag: &str) -> String {
    format!(
        "sleep {tag} & \
         setsid sh -c 'trap \"\" TERM HUP INT; (env -i \"$(command -v sleep)\" {tag} &)'; \
         setsid sh -c 'trap \"\" TERM HUP INT; (sleep {tag} &)'; \
         echo up; wait"
    )
}

pub fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let give_up = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < give_up, "never happened: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

pub fn parent(pid: i32) -> i32 {
    status(pid, "PPid").parse().unwrap()
}

/// A field of `/proc/<pid>/status`.
pub fn status(pid: i32, field: &str) -> String {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = text
        .lines()
        .find(|line| line.split(':').next() == Some(field));
    line.unwrap().split(':').nth(1).unwrap().trim().into()
}

pub fn kill9(pid: i32) {
    let pid = nix::unistd::Pid::from_raw(pid);
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL).unwrap();
}

/// Answers each request with what `answer` makes of how many there were before.
pub fn serve(listener: &TcpListener, answer: impl Fn(usize) -> (u16, &'static str)) {
    for (n, stream) in listener.incoming().enumerate() {
        let mut stream = stream.unwrap();
        let mut request = Vec::new();
        let mut chunk = [0; 1024];
        while !request.windows(4).any(|w| w == b"\r\n\r\n") {
            match stream.read(&mut chunk) {
                Ok(0) | Err(_) => break,
                Ok(n) => request.extend_from_slice(&chunk[..n]),
            }
        }
        let (status, body) = answer(n);
        let _ = write!(
            stream,
            "HTTP/1.1 {status} X\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        );
    }
}
