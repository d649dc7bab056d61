//! Progress on a real (pseudo) terminal: what it shows, that an interrupt leaves it clean, and
//! that it stays plain where it should. The driver is this test program itself, as a child.

use nix::libc;
use nix::pty::{OpenptyResult, Winsize, openpty};
use scn::run::progress::{Event, Progress, Reading, terminal};
use scn::stop::StopLevel;
use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Set for the child; says whether it is to end by itself or when it is interrupted.
const DRIVE: &str = "SCN_TEST_PROGRESS";

const COLUMNS: u16 = 60;

/// Not a test of its own: what the child does. By hand, in a terminal:
/// `SCN_TEST_PROGRESS=until_interrupted target/debug/deps/plan_progress-… driver --exact --nocapture`
#[test]
fn driver() {
    let Ok(how) = std::env::var(DRIVE) else {
        return;
    };
    let progress = terminal(how == "quiet", how == "verbose", true);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(drive(progress.as_ref(), &how));
    println!("the results");
}

async fn drive(progress: &dyn Progress, how: &str) {
    let mut interrupt =
        tokio::signal::unix::signal(tokio::signal::unix::SignalKind::interrupt()).unwrap();
    let server = || "sut".to_string();
    progress.event(Event::RunStarted {
        left_out: 0,
        cases: 2,
        launches: 1,
        folder: "runs/one".into(),
    });
    progress.event(Event::LaunchStarting {
        number: 1,
        again: false,
        server: server(),
        engine: "demo".into(),
        command: "demo-serve org/tiny-7b --port 8000".into(),
        runs_already: false,
    });
    let log = Some(
        "\x1b[31mloading\x1b[0m weights \x1b]0;owned\x07 of a model with a long name, shard 1 of 4"
            .to_string(),
    );
    progress.event(Event::LaunchWaiting {
        number: 1,
        server: server(),
        waited_s: 0.3,
        log,
    });
    tokio::time::sleep(Duration::from_millis(400)).await;
    progress.event(Event::LaunchReady {
        number: 1,
        server: server(),
        after_s: Some(0.4),
    });
    progress.event(Event::CaseStarted {
        index: 0,
        scenario: "stress".into(),
        id: "tp=2,concurrency=16".into(),
    });
    progress.event(Event::PhaseStarted {
        name: "load".into(),
        words: "closed loop, 16 clients, 400 requests".into(),
        planned_requests: Some(400),
        planned_s: None,
    });
    let rounds: u64 = if how == "until_interrupted" {
        10_000
    } else {
        8
    };
    for step in 1..=rounds {
        progress.event(Event::PhaseTick(Reading {
            done: step * 40 % 400,
            failed: step / 5,
            in_flight: 16,
            drained_in: None,
            rate: Some(41.5),
            ttft_p50: Some(0.045),
            ttft_p95: Some(0.08),
            memory: Some(1.2e9),
            ..Reading::default()
        }));
        tokio::select! {
            () = tokio::time::sleep(Duration::from_millis(100)) => {}
            _ = interrupt.recv() => {
                progress.event(Event::Interrupting { level: StopLevel::Finish });
                tokio::time::sleep(Duration::from_millis(400)).await;
                break;
            }
        }
    }
    progress.event(Event::PhaseEnded {
        name: "load".into(),
        seconds: 0.8,
        summary: "32 requests".into(),
    });
    progress.event(Event::RunEnded);
}

/// A child on a terminal of its own.
struct OnTerminal {
    child: Child,
    master: File,
    bytes: Vec<u8>,
}

impl OnTerminal {
    fn start(how: &str, variables: &[(&str, &str)]) -> Self {
        let size = Winsize {
            ws_row: 30,
            ws_col: COLUMNS,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        let OpenptyResult { master, slave } = openpty(Some(&size), None).unwrap();
        let end = || Stdio::from(slave.try_clone().unwrap());
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .args(["driver", "--exact", "--nocapture", "--quiet"])
            .env(DRIVE, how)
            .env("TERM", "xterm-256color")
            .env_remove("NO_COLOR")
            .envs(variables.iter().copied())
            .stdin(end())
            .stdout(end())
            .stderr(end());
        // SAFETY: both calls are safe after a fork
        unsafe {
            command.pre_exec(|| {
                if libc::setsid() < 0 || libc::ioctl(0, libc::TIOCSCTTY, 0) < 0 {
                    return Err(std::io::Error::last_os_error());
                }
                Ok(())
            });
        }
        Self {
            child: command.spawn().unwrap(),
            master: File::from(master),
            bytes: Vec::new(),
        }
    }

    /// Reads until the screen holds a text.
    fn until(&mut self, text: &str) {
        let start = Instant::now();
        while !self.screen().contains(text) {
            assert!(
                start.elapsed() < Duration::from_secs(60),
                "no `{text}` on\n{}",
                self.screen()
            );
            assert!(self.read(), "ended without `{text}`:\n{}", self.screen());
        }
    }

    /// False when the child's side is closed.
    fn read(&mut self) -> bool {
        // little at a time: every moment of the screen is looked at
        let mut buffer = [0; 64];
        match self.master.read(&mut buffer) {
            Ok(n) if n > 0 => self.bytes.extend_from_slice(&buffer[..n]),
            _ => return false,
        }
        true
    }

    fn screen(&self) -> String {
        let mut parser = vt100::Parser::new(30, COLUMNS, 0);
        parser.process(&self.bytes);
        let rows: Vec<String> = parser
            .screen()
            .rows(0, COLUMNS)
            .map(|row| row.trim_end().to_string())
            .collect();
        rows.join("\n").trim_end().to_string()
    }

    /// The screen when the child has ended.
    fn end(mut self) -> (String, String) {
        while self.read() {}
        assert!(self.child.wait().unwrap().success());
        (
            self.screen(),
            String::from_utf8_lossy(&self.bytes).into_owned(),
        )
    }
}

impl Drop for OnTerminal {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

#[test]
fn a_terminal_shows_moving_lines_and_is_clean_afterwards() {
    let mut run = OnTerminal::start("run", &[]);
    run.until("starting sut");
    run.until("/400");
    let moving = run.screen();
    assert!(
        moving.contains("━") && moving.contains("TTFT 45 ms"),
        "{moving}"
    );
    let (screen, bytes) = run.end();
    let expected = "2 cases on 1 launch, into runs/one
launch 1/1 sut is ready after 400 ms
[1/2] stress / tp=2,concurrency=16
  load: 32 requests (800 ms)
the results";
    assert!(screen.contains(expected), "{screen}");
    assert!(
        !screen.contains("in flight") && !screen.contains('━'),
        "{screen}"
    );
    assert!(
        bytes.contains("\x1b[1m") && !bytes.contains("owned"),
        "{bytes:?}"
    );
    assert!(!bytes.contains("\x1b[?"), "{bytes:?}");
}

#[test]
fn an_interrupt_from_the_keyboard_leaves_a_clean_terminal() {
    let mut run = OnTerminal::start("until_interrupted", &[]);
    run.until("/400");
    run.master.write_all(b"\x03").unwrap();
    let (screen, bytes) = run.end();
    assert!(bytes.contains("^C"), "the terminal echoes: {bytes:?}");
    assert!(!screen.contains("^C") && !screen.contains('━'), "{screen}");
    assert_eq!(screen.matches("[1/2]").count(), 1, "{screen}");
    assert!(
        screen.contains("interrupted: stopping servers") && screen.contains("the results"),
        "{screen}"
    );
}

#[test]
fn no_color_has_no_colour_and_a_dumb_terminal_nothing_that_moves() {
    let (screen, bytes) = OnTerminal::start("run", &[("NO_COLOR", "1")]).end();
    assert!(screen.contains("the results"), "{screen}");
    assert!(
        !bytes.contains("m[1/2]") && !bytes.contains("\x1b[36m"),
        "{bytes:?}"
    );
    let (screen, bytes) = OnTerminal::start("run", &[("TERM", "dumb")]).end();
    assert!(!bytes.contains('\x1b'), "{bytes:?}");
    assert!(
        screen.contains("  load: closed loop, 16 clients, 400 requests"),
        "{screen}"
    );
}

#[test]
fn quiet_is_quiet_and_a_pipe_gets_plain_lines() {
    let (screen, _) = OnTerminal::start("quiet", &[]).end();
    assert!(
        screen.contains("the results") && !screen.contains("runs/one"),
        "{screen}"
    );
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["driver", "--exact", "--nocapture", "--quiet"])
        .env(DRIVE, "verbose")
        .output()
        .unwrap();
    let (out, err) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(!err.contains(['\x1b', '\r']), "{err}");
    assert!(err.contains("demo-serve org/tiny-7b --port 8000"), "{err}");
    assert!(
        out.contains("the results") && !out.contains("stress"),
        "stdout is for results: {out}"
    );
}
