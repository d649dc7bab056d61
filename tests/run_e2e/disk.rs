//! Disks that are full, folders that cannot be written.

use crate::support::*;
use std::path::PathBuf;
use std::process::Command;

fn writes_much() -> Pack {
    Pack::new(&scenario(
        "s",
        "",
        "phase a { workload = w, duration = 10min, concurrency = 8 }
         expect ok: a.success_rate == 100%",
    ))
}

/// What was written before the disk was full is there, and the reason is said.
fn kept_and_said(ran: &Ran, kind: &str) {
    let rows = std::fs::read_to_string(ran.folder.join("cases/s/case/requests.csv")).unwrap();
    assert!(rows.lines().count() > 10, "{rows}");
    let said = format!("{}{}", ran.stdout, ran.stderr);
    assert!(
        said.contains("requests.csv") || said.contains("samples.csv"),
        "{said}"
    );
    assert!(said.contains(kind), "{said}");
    let events = ran.events();
    let pid = events
        .iter()
        .find(|event| event["event"] == "server_started")
        .unwrap()["pid"]
        .as_i64()
        .unwrap();
    assert!(!runs(i32::try_from(pid).unwrap()), "the server is gone");
}

#[test]
fn a_limit_on_file_sizes_ends_the_case_in_order() {
    let pack = writes_much();
    // blocks of 512 bytes
    let script = format!(
        "ulimit -f 256; exec {} run s.scn --out out",
        env!("CARGO_BIN_EXE_scn")
    );
    let mut command = Command::new("sh");
    command
        .args(["-c", &script])
        .current_dir(pack.path())
        .env_remove("GITHUB_STEP_SUMMARY");
    let ran = pack.ran(command).exits(3);
    kept_and_said(&ran, "beyond what this process may write");
    let case = ran.case("s/case");
    assert_eq!(case["error"]["kind"], "file_too_large", "{case:#}");
    assert!(
        phase(&case, "a")["metrics"]["completed"]["value"]
            .as_f64()
            .unwrap()
            > 10.0
    );
    pack.ran(pack.scn(&["report", "out"])).exits(0);
}

/// A small file system of its own, unmounted at the end.
struct Mounted(tempfile::TempDir);

impl Mounted {
    /// None where this user may not mount.
    fn new(options: &str) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mut mount = Command::new("mount");
        mount
            .args(["-t", "tmpfs", "-o", options, "tmpfs"])
            .arg(folder.path());
        mount.stderr(std::process::Stdio::null());
        mount
            .status()
            .is_ok_and(|status| status.success())
            .then_some(Self(folder))
    }
}

impl Mounted {
    /// As when somebody has made room.
    fn make_room(&self) {
        let mut mount = Command::new("mount");
        mount.args(["-o", "remount,size=16m,nr_inodes=10000"]);
        assert!(mount.arg(self.0.path()).status().unwrap().success());
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}

#[test]
fn a_full_disk_ends_the_case_in_order() {
    let Some(disk) = Mounted::new("size=192k") else {
        eprintln!(
            "not run: mounting is not allowed here; the limit on file sizes is tested instead"
        );
        return;
    };
    let pack = writes_much();
    let folder = disk.0.path().join("out");
    let mut ran = pack.ran(pack.scn(&["run", "s.scn", "--out", folder.to_str().unwrap()]));
    ran.folder = folder;
    let ran = ran.exits(3);
    kept_and_said(&ran, "no space is left");
    assert!(
        ran.stdout.contains("--out"),
        "the remedy is named: {}",
        ran.stdout
    );
}

/// A folder below which this user cannot write.
fn read_only() -> Option<(PathBuf, Box<dyn std::any::Any>)> {
    if nix::unistd::geteuid().is_root() {
        let disk = Mounted::new("ro")?;
        return Some((disk.0.path().into(), Box::new(disk)));
    }
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o555)).unwrap();
    Some((folder.path().into(), Box::new(folder)))
}

#[test]
fn folders_that_cannot_be_taken_are_refused_before_anything_starts() {
    let pack = Pack::new(&scenario(
        "s",
        "",
        "phase a { workload = w, requests = 2 }\nexpect ok: a.success_rate == 100%",
    ));
    // 2: wrong usage; 3: the world does not let scn
    let refused = |folder: &str, said: &str, code: i32| {
        let ran = pack
            .ran(pack.scn(&["run", "s.scn", "--out", folder]))
            .exits(code);
        assert!(ran.stderr.contains(said), "{}", ran.stderr);
        assert!(
            ran.stderr.contains("--out DIR"),
            "the remedy is named: {}",
            ran.stderr
        );
        assert!(ran.stdout.is_empty(), "{}", ran.stdout);
    };
    refused("s.scn", "is a file", 2);
    refused("s.scn/below", "is a file", 2);
    std::fs::create_dir(pack.path().join("foreign")).unwrap();
    std::fs::write(pack.path().join("foreign/thesis.tex"), "x").unwrap();
    refused("foreign", "thesis.tex", 2);
    assert_eq!(files(&pack.path().join("foreign")).len(), 1);
    if let Some((folder, _kept)) = read_only() {
        refused(
            folder.join("out").to_str().unwrap(),
            "cannot create the folder",
            3,
        );
    }
    pack.run(&[]).exits(0);
    let before = std::fs::read(pack.path().join("out/run.json")).unwrap();
    refused("out", "finished run", 2);
    let after = std::fs::read(pack.path().join("out/run.json")).unwrap();
    assert_eq!(before, after);
}

/// Runs on a disk that takes no more at some moment, then makes room and reports: what `scn run`
/// said, the run folder, and the results that the report has.
fn on_a_disk(pack: &Pack, options: &str) -> Option<(Ran, serde_json::Value, Mounted)> {
    let Some(disk) = Mounted::new(options) else {
        eprintln!("not run: mounting is not allowed here");
        return None;
    };
    let folder = disk.0.path().join("out");
    let mut ran = pack.ran(pack.scn(&["run", "s.scn", "--out", folder.to_str().unwrap()]));
    ran.folder = folder;
    let ran = ran.exits(3);
    let said = format!("{}{}", ran.stdout, ran.stderr);
    assert!(
        said.contains("no space is left on the device"),
        "{options}: {said}"
    );
    assert!(
        said.contains(ran.folder.to_str().unwrap()),
        "the path is named: {said}"
    );
    assert!(said.contains("--out DIR"), "the remedy is named: {said}");
    if ran.folder.join("events.jsonl").exists() {
        for started in ran.events_named("server_started") {
            let pid = i32::try_from(started["pid"].as_i64().unwrap()).unwrap();
            assert!(!runs(pid), "{options}: the server is gone");
        }
    }
    disk.make_room();
    let report = ["report", ran.folder.to_str().unwrap(), "--json", "-"];
    let report = pack.ran(pack.scn(&report));
    let found = serde_json::from_str(&report.stdout).unwrap_or_default();
    Some((ran, found, disk))
}

/// How many whole rows of requests there are.
fn rows(ran: &Ran) -> usize {
    let path = ran.folder.join("cases/s/case/requests.csv");
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.matches('\n').count().saturating_sub(1)
}

#[test]
fn whenever_a_disk_is_full_what_it_took_is_reported_later() {
    let pack = writes_much();
    for size in [8, 24, 36, 48, 80, 128] {
        let Some((ran, found, _disk)) = on_a_disk(&pack, &format!("size={size}k")) else {
            return;
        };
        let case = &found["cases"][0];
        assert_ne!(case["verdict"], "pass", "{case:#}");
        let completed = case["phases"][0]["metrics"]["completed"]["value"].as_f64();
        match rows(&ran) {
            0 => assert_eq!(completed, None, "{size}k: never a 0"),
            rows => assert_eq!(completed, Some(rows as f64), "{size}k: {case:#}"),
        }
        if size >= 80 {
            assert!(rows(&ran) > 10, "{size}k: {}", rows(&ran));
        }
    }
}

#[test]
fn a_disk_that_takes_no_more_files_at_the_end_loses_nothing() {
    let pack = Pack::new(&scenario(
        "s",
        "",
        "phase a { workload = w, requests = 20 }
         expect ok: a.success_rate == 100%
         report page extends reports.summary {}",
    ));
    let mut failed_at = std::collections::BTreeSet::new();
    // with so many files the disk is full, one after the other: root, out, .lock, run.json, …
    for files in 11..=17 {
        let options = format!("size=4m,nr_inodes={files}");
        let Some((ran, found, disk)) = on_a_disk(&pack, &options) else {
            return;
        };
        for name in [
            "server.log",
            "samples.csv",
            "result.json",
            "junit.xml",
            "reports",
        ] {
            let said = format!("{}{}", ran.stdout, ran.stderr);
            if said.contains(name) {
                failed_at.insert(name);
            }
        }
        let case = &found["cases"][0];
        if files >= 14 {
            assert_eq!(rows(&ran), 20);
            assert_eq!(case["verdict"], "pass", "{files}: {case:#}");
            assert_eq!(phase(case, "a")["metrics"]["completed"]["value"], 20.0);
        } else {
            assert_eq!(case["verdict"], "error", "{files}: {case:#}");
            let message = case["error"]["message"].as_str().unwrap();
            assert!(message.contains("no space is left"), "{files}: {message}");
            assert!(
                case["error"]["help"]
                    .as_str()
                    .unwrap()
                    .contains("--out DIR")
            );
        }
        assert!(
            disk.0.path().join("out/reports/summary.md").exists(),
            "{files}"
        );
    }
    assert_eq!(failed_at.len(), 5, "{failed_at:?}");
}

#[test]
fn a_run_on_a_read_only_disk_is_shown_and_its_copy_is_reported() {
    let Some(disk) = Mounted::new("size=16m") else {
        eprintln!("not run: mounting is not allowed here");
        return;
    };
    let pack = Pack::new(&scenario(
        "s",
        "",
        "phase a { workload = w, requests = 6 }\nexpect ok: a.success_rate == 100%",
    ));
    let folder = disk.0.path().join("out");
    let folder = folder.to_str().unwrap();
    pack.ran(pack.scn(&["run", "s.scn", "--out", folder]))
        .exits(0);
    let mut mount = Command::new("mount");
    mount.args(["-o", "remount,ro"]).arg(disk.0.path());
    assert!(mount.status().unwrap().success());
    let ran = pack.ran(pack.scn(&["report", folder])).exits(3);
    assert!(ran.stdout.contains("1 passed"), "{}", ran.stdout);
    assert!(ran.stderr.contains("junit.xml"), "{}", ran.stderr);
    assert!(ran.stderr.contains("read-only"), "{}", ran.stderr);
    assert!(ran.stderr.contains("takes the copy"), "{}", ran.stderr);
    let copied = Command::new("cp")
        .args(["-r", folder])
        .arg(pack.path().join("copy"))
        .status();
    assert!(copied.unwrap().success());
    pack.ran(pack.scn(&["report", "copy"])).exits(0);
}
