//! Launching servers as real processes: start, output, stop, readiness, ports.

mod ready;

#[path = "../engine/mod.rs"]
mod engine;

use engine::{
    MODE, PATIENCE, escaping_script, eventually, guard, helper as again, kill9, launch, parent,
    serve, sh, status, tag, tagged,
};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use scn::engine::launch::{LaunchError, LaunchEvent, Launcher};
use scn::engine::log::{LogLimit, log_tail};
use scn::engine::port::Ports;
use scn::engine::process::{Server, StartError, start};
use scn::engine::ready::{NotReady, Ready, wait_ready};
use scn::engine::socket::{Owner, listening_owner};
use scn::stop::{StopLevel, stop_pair};
use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const TERM: i32 = 15;

/// Not a test: what this program does when a test runs it as a server.
#[test]
fn helper() {
    let Ok(mode) = std::env::var(MODE) else {
        return;
    };
    let var = |name: &str| std::env::var(name).unwrap();
    match mode.as_str() {
        // Answers 503 a few times before 200.
        "serve" => {
            let listener = TcpListener::bind(("127.0.0.1", var("PORT").parse().unwrap())).unwrap();
            let failures: usize = var("FAILURES").parse().unwrap();
            serve(&listener, |n| {
                if n < failures {
                    (503, "still loading")
                } else {
                    (200, "ok")
                }
            });
        }
        // Takes ports, prints them, and holds them until its input ends.
        "lease" => {
            let ports = Ports::within(Path::new(&var("LOCKS")), 18_000, 18_099).unwrap();
            let held: Vec<_> = (0..20).map(|_| ports.take().unwrap()).collect();
            let numbers: Vec<String> = held.iter().map(|l| l.port.to_string()).collect();
            println!("\nports {}", numbers.join(" "));
            std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
        }
        // Stands in for an scn that is killed.
        "parent" => {
            let runtime = tokio::runtime::Runtime::new().unwrap();
            runtime.block_on(async {
                let folder = var("FOLDER");
                let launch = sh(Path::new(&folder), &var("SCRIPT"));
                let _server = start(&launch, &guard()).await.unwrap();
                std::future::pending::<()>().await;
            });
        }
        other => panic!("no mode {other}"),
    }
    std::process::exit(0);
}

fn client() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().build().unwrap()
}

fn ready(timeout: Duration) -> Ready {
    Ready {
        method: reqwest::Method::GET,
        path: "/health".into(),
        headers: vec![("x-key".into(), "k".into())],
        every: Duration::from_millis(20),
        timeout,
    }
}

fn ports(folder: &Path) -> Ports {
    Ports::within(&folder.join("locks"), 17_000, 17_999).unwrap()
}

async fn wrote(server: &Server, line: &str) {
    let wait = async {
        while !server.log_tail(50).iter().any(|l| l == line) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.expect(line);
}

/// Another process that has started a server, and waits to be killed.
fn stand_in_scn(folder: &Path, script: &str) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "helper", "--nocapture"])
        .env(MODE, "parent")
        .env("SCRIPT", script)
        .env("FOLDER", folder)
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

#[test]
fn killing_scn_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let tag = tag();
    let mut scn = stand_in_scn(folder.path(), &escaping_script(&tag));
    eventually("the server and its descendants run", || {
        tagged(&tag).len() == 3
    });
    let escaped = tagged(&tag)
        .into_iter()
        .filter(|pid| status(*pid, "NSsid") == status(*pid, "NSpgid"));
    assert_eq!(escaped.count(), 2);
    scn.kill().unwrap();
    scn.wait().unwrap();
    eventually("nothing is left", || tagged(&tag).is_empty());
}

#[test]
fn the_server_itself_dies_when_scn_and_the_guard_are_killed_together() {
    let folder = tempfile::tempdir().unwrap();
    let tag = tag();
    let mut scn = stand_in_scn(folder.path(), &format!("exec sleep {tag}"));
    eventually("the server runs", || tagged(&tag).len() == 1);
    // Stopped, so that it cannot clean up between the two.
    let pid = Pid::from_raw(scn.id().cast_signed());
    kill(pid, Signal::SIGSTOP).unwrap();
    kill9(parent(tagged(&tag)[0]));
    scn.kill().unwrap();
    scn.wait().unwrap();
    eventually("nothing is left", || tagged(&tag).is_empty());
}

#[tokio::test]
async fn dropping_a_server_kills_all_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let tag = tag();
    let server = start(&sh(folder.path(), &escaping_script(&tag)), &guard())
        .await
        .unwrap();
    wrote(&server, "up").await;
    eventually("all run", || tagged(&tag).len() == 3);
    let tree = server.tree();
    assert!(tree.contains(&server.pid()));
    assert!(
        tagged(&tag).iter().all(|pid| tree.contains(pid)),
        "orphans stay in the tree"
    );
    server.kill_now();
    eventually("nothing is left", || tagged(&tag).is_empty());
}

#[tokio::test]
async fn a_polite_server_ends_by_itself_and_its_escaped_children_are_killed() {
    let folder = tempfile::tempdir().unwrap();
    let tag = tag();
    let script = format!(
        "trap 'echo bye; exit 7' TERM; {}; wait",
        escaping_script(&tag)
    );
    let server = start(&sh(folder.path(), &script), &guard()).await.unwrap();
    wrote(&server, "up").await;
    eventually("all run", || tagged(&tag).len() == 3);
    let report = server.stop(TERM, PATIENCE).await;
    let exit = report.exit.unwrap();
    assert_eq!(
        (exit.code, exit.signal, exit.guard_lost),
        (Some(7), None, false)
    );
    assert!(!report.grace_over);
    let names: Vec<&str> = report.killed.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(
        names,
        ["sleep", "sleep"],
        "the two that left the process group"
    );
    assert_eq!(report.left, []);
    assert_eq!(tagged(&tag), [] as [i32; 0]);
    assert_eq!(
        log_tail(&folder.path().join("server.log"), 1).unwrap(),
        ["bye"]
    );
}

#[tokio::test]
async fn a_server_that_ignores_the_signal_is_killed_after_its_grace() {
    let folder = tempfile::tempdir().unwrap();
    let script = "trap 'echo no' TERM; echo up; while :; do sleep 1000 & wait; done";
    let server = start(&sh(folder.path(), script), &guard()).await.unwrap();
    wrote(&server, "up").await;
    let pid = server.pid();
    let report = server.stop(TERM, Duration::from_secs(3)).await;
    assert!(report.grace_over);
    assert_eq!(report.exit.unwrap().signal, Some(9));
    assert!(report.killed.iter().any(|one| one.pid == pid), "{report:?}");
    assert_eq!(report.left, []);
    assert!(report.took >= Duration::from_secs(3));
    // The signal did come first.
    assert!(
        log_tail(&folder.path().join("server.log"), 9)
            .unwrap()
            .contains(&"no".into())
    );
}

#[tokio::test]
async fn being_asked_to_stop_now_ends_the_grace() {
    let folder = tempfile::tempdir().unwrap();
    let script = "trap '' TERM; echo up; while :; do sleep 1000; done";
    let server = start(&sh(folder.path(), script), &guard()).await.unwrap();
    wrote(&server, "up").await;
    let (stopper, stop) = stop_pair();
    let stopping = server.stop_or_hurry(TERM, Duration::from_secs(3600), &stop);
    let raise = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        stopper.raise(StopLevel::Now);
    };
    let both = async { tokio::join!(stopping, raise).0 };
    let report = tokio::time::timeout(PATIENCE, both).await.unwrap();
    assert_eq!(report.exit.unwrap().signal, Some(9));
    assert_eq!(report.left, []);
}

#[tokio::test]
async fn a_server_that_ends_says_how_and_leaves_its_last_words() {
    let folder = tempfile::tempdir().unwrap();
    let script = "printf '\\033[31mfirst\\033[0m\\n'; echo second >&2; exit 3";
    let mut server = start(&sh(folder.path(), script), &guard()).await.unwrap();
    let exit = tokio::time::timeout(PATIENCE, server.wait_exit())
        .await
        .unwrap();
    assert_eq!(exit.code, Some(3));
    assert_eq!(server.exited(), Some(exit));
    assert_eq!(server.log_tail(9), ["first", "second"]);
    assert!(
        exit.to_string()
            .starts_with("ended with exit status 3 after"),
        "{exit}"
    );

    let mut server = start(&sh(folder.path(), "kill -SEGV $$"), &guard())
        .await
        .unwrap();
    let exit = tokio::time::timeout(PATIENCE, server.wait_exit())
        .await
        .unwrap();
    assert_eq!(exit.signal, Some(11));
    assert!(exit.to_string().contains("SIGSEGV"), "{exit}");
}

#[tokio::test]
async fn much_output_neither_blocks_nor_fills_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let script = "head -c 50000000 /dev/zero | tr '\\0' '\\n'; echo done";
    let mut launch = sh(folder.path(), script);
    launch.log_limit = LogLimit {
        head: 1_000_000,
        tail: 500_000,
    };
    let mut server = start(&launch, &guard()).await.unwrap();
    let exit = tokio::time::timeout(PATIENCE, server.wait_exit())
        .await
        .unwrap();
    assert_eq!(exit.code, Some(0));
    let report = server.stop(TERM, Duration::ZERO).await;
    assert_eq!(report.log.bytes, 50_000_005);
    assert_eq!(report.log.error, None);
    let size = std::fs::metadata(&launch.log).unwrap().len();
    assert!((1_500_000..2_001_000).contains(&size), "{size}");
    assert_eq!(log_tail(&launch.log, 1).unwrap(), ["done"]);
}

#[tokio::test]
async fn a_full_disk_does_not_hold_the_server_up() {
    let folder = tempfile::tempdir().unwrap();
    let mut launch = sh(folder.path(), "head -c 1000000 /dev/zero; echo; echo done");
    launch.log = "/dev/full".into();
    let mut server = start(&launch, &guard()).await.unwrap();
    let exit = tokio::time::timeout(PATIENCE, server.wait_exit())
        .await
        .unwrap();
    assert_eq!(exit.code, Some(0));
    assert_eq!(server.log_tail(1), ["done"]);
    assert!(
        server
            .log_summary()
            .error
            .unwrap()
            .contains("No space left")
    );
}

#[tokio::test]
async fn what_cannot_be_started_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "#!/no/such/interpreter\n").unwrap();
    let name = file.to_str().unwrap();
    let failure = async |launch| match start(&launch, &guard()).await {
        Ok(_) => panic!("it started"),
        Err(error) => error,
    };

    let error = failure(launch(folder.path(), &["no-such-program-anywhere"])).await;
    assert!(matches!(error, StartError::NotFound { .. }));
    assert!(error.to_string().contains("PATH"), "{error}");
    let error = failure(launch(folder.path(), &["./no/such/file"])).await;
    assert!(error.to_string().contains("no such file"), "{error}");
    let error = failure(launch(folder.path(), &[name])).await;
    assert!(matches!(error, StartError::NotExecutable { .. }), "{error}");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
    let error = failure(launch(folder.path(), &[name])).await;
    assert!(error.to_string().contains("interpreter"), "{error}");
    let error = failure(launch(folder.path(), &[])).await;
    assert!(matches!(error, StartError::Empty));

    let mut nowhere = launch(folder.path(), &["true"]);
    nowhere.cwd = Some(folder.path().join("none"));
    let error = failure(nowhere).await;
    assert!(matches!(error, StartError::Folder { .. }), "{error}");
    let error = failure(launch(&folder.path().join("none"), &["true"])).await;
    assert!(matches!(error, StartError::Log { .. }), "{error}");
    let mut text = launch(folder.path(), &["true"]);
    text.program_and_args.push("nul\0byte".into());
    let error = failure(text).await;
    assert!(matches!(error, StartError::Refused { .. }), "{error}");

    let unguarded = scn::engine::process::GuardProgram("/no/such/guard".into());
    let error = start(&launch(folder.path(), &["true"]), &unguarded)
        .await
        .err()
        .unwrap();
    assert!(matches!(error, StartError::Guard { .. }), "{error}");
}

#[tokio::test]
async fn a_server_starts_clean_and_its_secrets_stay_secret() {
    let folder = tempfile::tempdir().unwrap();
    let mut launch = sh(folder.path(), "echo \"key $KEY in $PWD\"; exec sleep 1000");
    launch.env.push(("KEY".into(), "sesame-open".into()));
    launch.secrets.push("sesame-open".into());
    let cwd = folder.path().canonicalize().unwrap();
    launch.cwd = Some(cwd.clone());
    assert!(!format!("{launch:?}").contains("sesame"));
    let server = start(&launch, &guard()).await.unwrap();
    wrote(&server, &format!("key *** in {}", cwd.display())).await;
    let pid = server.pid();
    let guard_pid = parent(pid);

    let guard_line = std::fs::read_to_string(format!("/proc/{guard_pid}/cmdline")).unwrap();
    assert!(!guard_line.contains("sesame"), "{guard_line}");
    // `pkill scn` and `pkill -f scn` end scn, not the guard that has to clean up after it.
    assert!(!guard_line.contains("scn"), "{guard_line}");
    assert_eq!(status(guard_pid, "Name"), "server-guard");
    let blocked = |pid| u64::from_str_radix(&status(pid, "SigBlk"), 16).unwrap();
    let bit = |signal: u32| 1u64 << (signal - 1);
    for signal in [1, 2, 3, 15] {
        assert_ne!(
            blocked(guard_pid) & bit(signal),
            0,
            "signal {signal} reaches the guard"
        );
    }
    assert_eq!(blocked(pid), 0);
    let ignored = u64::from_str_radix(&status(pid, "SigIgn"), 16).unwrap();
    assert_eq!(ignored & (bit(1) | bit(2) | bit(15)), 0);
    let own = status(std::process::id().cast_signed(), "NSsid");
    assert_ne!(status(guard_pid, "NSsid"), own);
    assert_eq!(status(pid, "NSpgid"), pid.to_string());
    server.kill().await;
}
