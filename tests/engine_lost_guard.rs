//! A guard that is killed itself. Alone in its program: the program becomes a subreaper, to
//! which the orphans of every test in it come.

mod engine;

use engine::{PATIENCE, escaping_script, eventually, guard, kill9, parent, sh, tag, tagged};
use scn::engine::guard::become_subreaper;
use scn::engine::process::start;
use std::time::Duration;

#[tokio::test]
async fn killing_a_guard_leaves_nothing_and_harms_no_other_server() {
    become_subreaper().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (tag, other_tag) = (tag(), tag());
    let script = escaping_script(&tag);
    let mut server = start(&sh(folder.path(), &script), &guard()).await.unwrap();
    let other = start(&sh(folder.path(), &escaping_script(&other_tag)), &guard())
        .await
        .unwrap();
    eventually("all run", || {
        tagged(&tag).len() == 3 && tagged(&other_tag).len() == 3
    });

    kill9(parent(server.pid()));
    let exit = tokio::time::timeout(PATIENCE, server.wait_exit())
        .await
        .unwrap();
    assert!(exit.guard_lost);
    assert_eq!(
        exit.signal,
        Some(9),
        "the kernel ends the server with its guard"
    );
    assert_eq!(tagged(&tag), [] as [i32; 0]);
    assert_eq!(server.tree(), [] as [i32; 0]);
    let report = server.stop(15, Duration::from_secs(1)).await;
    assert_eq!(report.left, []);
    assert!(report.exit.unwrap().to_string().contains("guard"));

    assert_eq!(tagged(&other_tag).len(), 3);
    assert_eq!(other.exited(), None);
    assert_eq!(other.kill().await.left, []);
    assert_eq!(tagged(&other_tag), [] as [i32; 0]);
}
