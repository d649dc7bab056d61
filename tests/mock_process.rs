//! The built-in engine as a process: how it starts, stops and dies, and its child.

mod mock_support;

use mock_support::{Answer, CHAT, Server, poll, stream};
use nix::sys::signal::Signal;
use std::io::Read;
use std::process::Command;
use std::time::{Duration, Instant};

#[test]
fn a_signal_stops_it_in_order() {
    for signal in [Signal::SIGTERM, Signal::SIGINT] {
        let mut server = Server::start(&["--ttft", "200ms", "--itl", "10ms"]);
        let begun = server.send("POST", CHAT, "", &stream(10).to_string());
        poll(|| (server.metric("num_requests_running", "") == 1.0).then_some(())).expect("it runs");
        server.signal(signal);
        let answer = Answer::read(begun);
        assert!(answer.complete, "what was begun is finished");
        assert_eq!(answer.tokens().len(), 10);
        assert_eq!(server.wait().code(), Some(0));
        std::net::TcpStream::connect(&server.address).expect_err("nobody listens");
    }
}

#[test]
fn it_does_not_wait_long_for_answers() {
    let mut server = Server::start(&["--ttft", "1h"]);
    let _begun = server.send("POST", CHAT, "", &stream(10).to_string());
    poll(|| (server.metric("num_requests_running", "") == 1.0).then_some(())).expect("it runs");
    let start = Instant::now();
    server.signal(Signal::SIGTERM);
    assert_eq!(server.wait().code(), Some(0));
    assert!(start.elapsed() < Duration::from_secs(9));
}

#[test]
fn it_may_ignore_the_signal() {
    let mut server = Server::start(&["--ignore-term", "--ttft", "1ms"]);
    let mut stderr = server.stderr();
    server.signal(Signal::SIGTERM);
    let mut line = [0; 9];
    stderr.read_exact(&mut line).expect("it says so");
    assert_eq!(&line, b"scn serve");
    assert!(server.post(CHAT, &stream(2)).complete);
    server.signal(Signal::SIGINT);
    assert_eq!(server.wait().code(), Some(0));
}

#[test]
fn a_port_that_is_taken_has_a_status_of_its_own() {
    let server = Server::start(&[]);
    let (_, port) = server.address.rsplit_once(':').expect("a port");
    let second = Command::new(env!("CARGO_BIN_EXE_scn"))
        .args(["serve", "--port", port])
        .output()
        .expect("it runs");
    assert_eq!(second.status.code(), Some(98));
    let said = String::from_utf8(second.stderr).expect("UTF-8");
    assert!(said.contains(port) && said.contains("taken"), "{said}");
    assert_eq!(server.get("/health").status, 200);
}

/// The server closes its connections first, so that the system keeps their ends for a minute.
#[test]
fn a_port_is_free_again_at_once() {
    let again = (0..10).find_map(|_| {
        let mut server = Server::start(&["--ttft", "1ms"]);
        server.post(CHAT, &stream(2));
        let (_, port) = server.address.rsplit_once(':').expect("a port");
        let port = port.to_string();
        server.signal(Signal::SIGTERM);
        server.wait();
        // Somebody else's connection may have come to use the very port meanwhile.
        Server::try_start(&["--port", &port])
    });
    again.expect("at least one of ten ports is free again");
}

#[test]
fn an_address_that_is_not_ours_is_refused_clearly() {
    let output = Command::new(env!("CARGO_BIN_EXE_scn"))
        .args(["serve", "--host", "192.0.2.1", "--port", "0"])
        .output()
        .expect("it runs");
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).expect("UTF-8");
    assert!(
        said.contains("192.0.2.1") && said.contains("--host"),
        "{said}"
    );
}

#[test]
fn it_may_die_after_some_requests() {
    let mut server = Server::start(&["--die-after", "2", "--ttft", "1ms", "--itl", "1ms"]);
    let mut stderr = server.stderr();
    assert!(server.post(CHAT, &stream(2)).complete);
    let last = server.post(CHAT, &stream(2));
    assert!(last.complete, "the last answer is whole");
    assert_eq!(server.wait().code(), Some(3));
    let mut said = String::new();
    stderr.read_to_string(&mut said).expect("UTF-8");
    assert!(
        said.contains("--die-after") && said.lines().count() == 1,
        "{said}"
    );
}

#[test]
fn its_child_is_a_process_that_an_orderly_stop_ends() {
    for (place, in_group) in [("group", true), ("session", false)] {
        let mut server = Server::start(&[&format!("--spawn-child={place}")]);
        let children = format!("/proc/{0}/task/{0}/children", server.child.id());
        let child = poll(|| {
            let found = std::fs::read_to_string(&children).ok()?;
            found.split_whitespace().next()?.parse::<i32>().ok()
        });
        let child = nix::unistd::Pid::from_raw(child.expect("it has a child"));
        let own_group = || nix::unistd::getpgid(Some(child)).expect("it lives") == child;
        if in_group {
            assert!(!own_group());
        } else {
            poll(|| own_group().then_some(())).expect("a session of its own");
        }
        server.signal(Signal::SIGTERM);
        assert_eq!(server.wait().code(), Some(0));
        nix::sys::signal::kill(child, None).expect_err("it is gone");
    }
}

#[test]
fn wrong_usage_is_told_with_an_example() {
    for (arguments, needle) in [
        (["--ttft", "20"], "20ms or 0.5s"),
        (["--leak", "5ms"], "1MB/req"),
        (["--fail-rate", "5"], "5%"),
        (["--jitter", "60%"], "50%"),
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_scn"))
            .arg("serve")
            .args(arguments)
            .output()
            .expect("it runs");
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let said = String::from_utf8(output.stderr).expect("UTF-8");
        assert!(said.contains(needle), "{said}");
    }
}
