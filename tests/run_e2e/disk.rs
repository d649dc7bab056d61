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
