//! How a server gets ready, and a launch its port.

use super::*;

#[tokio::test]
async fn a_server_gets_ready_when_it_answers() {
    let folder = tempfile::tempdir().unwrap();
    let (_stopper, stop) = stop_pair();
    let ports = ports(folder.path());
    let lease = ports.take().unwrap();
    let more = [("PORT", lease.port.to_string()), ("FAILURES", "3".into())];
    let mut server = start(&again(folder.path(), "serve", &more), &guard())
        .await
        .unwrap();
    let tries = Arc::new(AtomicUsize::new(0));
    let counted = tries.clone();
    let answers = move |_port: u16| {
        let n = counted.fetch_add(1, Ordering::Relaxed);
        let result = if n < 2 {
            Err("answered 500".to_string())
        } else {
            Ok(())
        };
        Box::pin(std::future::ready(result)) as _
    };
    let after = wait_ready(
        &mut server,
        lease.port,
        &ready(PATIENCE),
        Some(&answers),
        &client(),
        &stop,
    )
    .await
    .unwrap();
    assert!(
        after >= Duration::from_millis(100),
        "three failures and two refusals: {after:?}"
    );
    assert_eq!(tries.load(Ordering::Relaxed), 3);
    assert_eq!(listening_owner(lease.port, || server.tree()), Owner::Tree);
    assert_eq!(server.kill().await.left, []);
}

#[tokio::test]
async fn why_a_server_does_not_get_ready() {
    let folder = tempfile::tempdir().unwrap();
    let (stopper, stop) = stop_pair();
    let ports = ports(folder.path());
    let port = ports.take().unwrap().port;
    let wait = async |launch, timeout| {
        let mut server = start(&launch, &guard()).await.unwrap();
        let why = wait_ready(&mut server, port, &ready(timeout), None, &client(), &stop).await;
        assert_eq!(server.kill().await.left, []);
        why.unwrap_err()
    };
    let short = Duration::from_secs(3);

    let why = wait(sh(folder.path(), "echo loading; exec sleep 1000"), short).await;
    assert!(matches!(why, NotReady::Timeout { .. }), "{why}");
    let text = why.to_string();
    assert!(
        text.contains("nothing listened") && text.contains("| loading"),
        "{text}"
    );

    let why = wait(sh(folder.path(), "echo 'no GPU found'; exit 4"), PATIENCE).await;
    assert!(matches!(why, NotReady::Exited { .. }), "{why}");
    let text = why.to_string();
    assert!(
        text.contains("exit status 4") && text.contains("| no GPU found"),
        "{text}"
    );

    // Its own words say that the port was not to be had, though nobody holds it any more.
    let script = format!("echo 'bind 0.0.0.0:{port}: Address already in use'; exit 1");
    let why = wait(sh(folder.path(), &script), PATIENCE).await;
    assert!(matches!(why, NotReady::PortTaken { by: None, .. }), "{why}");

    // Comes last: it stays raised.
    let raise = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        stopper.raise(StopLevel::Finish);
    };
    let (why, ()) = tokio::join!(wait(sh(folder.path(), "exec sleep 1000"), PATIENCE), raise);
    assert!(
        matches!(why, NotReady::Interrupted(StopLevel::Finish)),
        "{why}"
    );
}

#[tokio::test]
async fn a_server_that_only_refuses_is_not_ready() {
    let folder = tempfile::tempdir().unwrap();
    let (_stopper, stop) = stop_pair();
    let lease = ports(folder.path()).take().unwrap();
    let more = [
        ("PORT", lease.port.to_string()),
        ("FAILURES", "1000000".into()),
    ];
    let mut server = start(&again(folder.path(), "serve", &more), &guard())
        .await
        .unwrap();
    eventually("it listens", || {
        listening_owner(lease.port, || server.tree()) == Owner::Tree
    });
    let soon = server.started().elapsed() + Duration::from_secs(4);
    let why = wait_ready(
        &mut server,
        lease.port,
        &ready(soon),
        None,
        &client(),
        &stop,
    )
    .await;
    let text = why.unwrap_err().to_string();
    assert!(
        text.contains("503") && text.contains("still loading"),
        "{text}"
    );
    server.kill().await;
}

#[tokio::test]
async fn a_foreign_socket_does_not_make_a_server_ready() {
    let folder = tempfile::tempdir().unwrap();
    let (_stopper, stop) = stop_pair();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || serve(&listener, |_| (200, "ok")));
    // It would answer.
    let answer = client()
        .get(format!("http://127.0.0.1:{port}/health"))
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 200);
    let mut server = start(&sh(folder.path(), "exec sleep 1000"), &guard())
        .await
        .unwrap();
    let why = wait_ready(&mut server, port, &ready(PATIENCE), None, &client(), &stop).await;
    let me = std::process::id().cast_signed();
    match why {
        Err(NotReady::PortTaken { by, .. }) => assert_eq!(by, Some(me)),
        other => panic!("{other:?}"),
    }
    server.kill().await;
}

#[tokio::test]
async fn a_launch_moves_to_another_port_when_one_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    let (_stopper, stop) = stop_pair();
    let ports = ports(folder.path());
    let events = Mutex::new(Vec::new());
    let note = |event| events.lock().unwrap().push(event);
    let launcher = Launcher {
        guard: &guard(),
        ports: &ports,
        client: &client(),
        stop: &stop,
        stop_signal: TERM,
        grace: Duration::from_millis(200),
        events: &note,
    };
    // Somebody takes the first port between its choice and the server's start.
    let thief = Mutex::new(None);
    let template = |port: u16| {
        let mut thief = thief.lock().unwrap();
        if thief.is_none() {
            *thief = Some(TcpListener::bind(("127.0.0.1", port)).unwrap());
        }
        let more = [("PORT", port.to_string()), ("FAILURES", "0".into())];
        again(folder.path(), "serve", &more)
    };
    let running = launcher
        .launch(template, &ready(PATIENCE), None)
        .await
        .unwrap();
    let stolen = thief
        .lock()
        .unwrap()
        .as_ref()
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    assert_ne!(running.port, stolen);
    assert_eq!(running.port, running.port_lease.port);
    let seen = std::mem::take(&mut *events.lock().unwrap());
    assert_eq!(seen.len(), 3, "{seen:?}");
    assert!(matches!(seen[1], LaunchEvent::PortTaken { port, .. } if port == stolen));
    assert!(matches!(seen[2], LaunchEvent::Started { port, .. } if port == running.port));
    running.server.kill().await;

    // All of them stolen: it gives up, and says which.
    let thieves = Mutex::new(Vec::new());
    let template = |port: u16| {
        thieves
            .lock()
            .unwrap()
            .push(TcpListener::bind(("127.0.0.1", port)).unwrap());
        sh(folder.path(), "exec sleep 1000")
    };
    match launcher.launch(template, &ready(PATIENCE), None).await {
        Err(LaunchError::PortsTaken { ports }) => assert_eq!(ports.len(), 5),
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("ready on a stolen port"),
    }
}

#[tokio::test]
async fn an_interrupted_launch_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (stopper, stop) = stop_pair();
    let tag = tag();
    let launcher = Launcher {
        guard: &guard(),
        ports: &ports(folder.path()),
        client: &client(),
        stop: &stop,
        stop_signal: TERM,
        grace: Duration::from_millis(200),
        events: &|_| stopper.raise(StopLevel::Finish),
    };
    let template = |_| sh(folder.path(), &escaping_script(&tag));
    match launcher.launch(template, &ready(PATIENCE), None).await {
        Err(LaunchError::Interrupted(StopLevel::Finish)) => {}
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("ready without listening"),
    }
    assert_eq!(tagged(&tag), [] as [i32; 0]);
}

#[test]
fn leases_are_kept_across_processes_and_end_with_them() {
    let folder = tempfile::tempdir().unwrap();
    let locks = folder.path().join("locks");
    let mut others: Vec<_> = (0..3)
        .map(|_| {
            Command::new(std::env::current_exe().unwrap())
                .args(["--exact", "helper", "--nocapture"])
                .env(MODE, "lease")
                .env("LOCKS", &locks)
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()
                .unwrap()
        })
        .collect();
    let mut taken: Vec<String> = Vec::new();
    for other in &mut others {
        let lines = BufReader::new(other.stdout.as_mut().unwrap()).lines();
        let line = lines
            .map(Result::unwrap)
            .find(|l| l.starts_with("ports "))
            .unwrap();
        taken.extend(line.split(' ').skip(1).map(String::from));
    }
    let own = Ports::within(&locks, 18_000, 18_099).unwrap();
    let held: Vec<_> = (0..20).map(|_| own.take().unwrap()).collect();
    taken.extend(held.iter().map(|lease| lease.port.to_string()));
    taken.sort();
    taken.dedup();
    assert_eq!(taken.len(), 80);
    for mut other in others {
        kill9(other.id().cast_signed());
        other.wait().unwrap();
    }
    // Killed, not asked: the locks are free all the same.
    let more: Vec<_> = (0..60).map(|_| own.take().unwrap()).collect();
    assert_eq!(more.len(), 60);
}
