//! Servers that do wrong on purpose, worked out by hand: every step takes 10 ms.

use super::test_support::{MS, chunks, request, run, setup};
use super::{Event, Memory, Request, Server, Setup, Share, What};

/// What became of a request, without its tokens.
fn fate(events: &[Event], id: u64) -> Vec<(What, u64)> {
    let of = events.iter().filter(|event| event.id == id);
    of.filter(|event| !matches!(event.what, What::First(_) | What::Tokens(_)))
        .map(|event| (event.what, event.at / MS))
        .collect()
}

fn with(faults: impl FnOnce(&mut Setup)) -> Server {
    let mut setup = setup(100, 8, 100);
    faults(&mut setup);
    Server::new(&setup)
}

#[test]
fn some_are_refused_and_never_worked_on() {
    let mut server = with(|setup| {
        setup.faults.fail_rate = 1.0;
        setup.faults.fail_status = 503;
        setup.faults.memory = Some(Memory {
            leak: 1e6,
            ..Memory::default()
        });
    });
    server.arrive(request(1, 50, 3), 0);
    let events = run(&mut server);
    assert_eq!(fate(&events, 1), [(What::Refused(503), 0)]);
    assert_eq!((events.len(), server.memory()), (1, Some(0)));
}

#[test]
fn a_cut_answer_gives_its_blocks_back() {
    let mut server = with(|setup| setup.faults.cut_rate = 1.0);
    server.arrive(request(1, 50, 8), 0);
    let events = run(&mut server);
    let given = chunks(&events, 1);
    let cut_at = 10 * (given.len() as u64 + 1);
    assert!((1..8).contains(&given.len()), "{given:?}");
    assert_eq!(fate(&events, 1), [(What::Cut, cut_at)]);
    assert_eq!((server.running(), server.blocks().0), (0, 0));
    // one of a single token has no middle: nothing of it comes
    let now = 1000 * MS;
    server.arrive(request(2, 50, 1), now);
    assert_eq!(fate(&run(&mut server), 2), [(What::Cut, 1010)]);
}

#[test]
fn after_so_many_answers_nothing_comes_any_more() {
    let mut server = with(|setup| setup.faults.stall_after = Some(1));
    server.arrive(request(1, 50, 2), 0);
    assert_eq!(chunks(&run(&mut server), 1), [10, 20]);
    server.arrive(request(2, 50, 2), 30 * MS);
    assert_eq!(run(&mut server), []);
    assert_eq!(server.blocks().0, 0);
}

#[test]
fn a_server_that_ends_takes_all_with_it() {
    let mut server = with(|setup| setup.faults.die_after = Some(1));
    server.arrive(request(1, 30, 2), 0);
    server.arrive(request(2, 30, 9), 0);
    let events = run(&mut server);
    assert_eq!(fate(&events, 1), [(What::Finished, 20)]);
    assert_eq!(fate(&events, 2), [(What::Lost, 20)]);
    assert_eq!((server.ended(), server.next()), (Some(20 * MS), None));
}

#[test]
fn a_crashed_worker_loses_what_it_had_and_others_go_on() {
    let mut server = with(|setup| {
        setup.replicas = 2;
        setup.faults.crash_after = Some(1);
        setup.faults.crash_restart = Some(0.1);
    });
    // two each; the first ends at 10 ms, and one of the two workers crashes
    for id in 1..5 {
        server.arrive(request(id, 30, if id == 1 { 1 } else { 4 }), 0);
    }
    let mut events = Vec::new();
    server.advance(10 * MS, &mut events);
    let lost = |events: &[Event]| {
        let lost = events.iter().filter(|event| event.what == What::Lost);
        lost.map(|event| event.id).collect::<Vec<u64>>()
    };
    let gone = lost(&events);
    assert!(gone == [3] || gone == [2, 4], "{gone:?}");
    // what comes meanwhile goes to the other one, and later to both
    let shares = |server: &Server| {
        server
            .shares()
            .map(|one| one.requests)
            .collect::<Vec<u64>>()
    };
    assert_eq!(shares(&server), [2, 2]);
    for id in 5..7 {
        server.arrive(request(id, 30, 1), 20 * MS);
    }
    events.extend(run(&mut server));
    assert_eq!(lost(&events), gone);
    let mut expected = [4, 4];
    expected[usize::from(gone != [3])] = 2;
    assert_eq!(shares(&server), expected);
    for id in 7..9 {
        server.arrive(request(id, 30, 1), 200 * MS);
    }
    run(&mut server);
    assert_eq!(shares(&server), expected.map(|count| count + 1));
}

#[test]
fn without_a_worker_requests_are_refused_or_the_server_has_ended() {
    for restart in [Some(0.1), None] {
        let mut server = with(|setup| {
            setup.faults.crash_after = Some(1);
            setup.faults.crash_restart = restart;
        });
        server.arrive(request(1, 50, 1), 0);
        run(&mut server);
        assert_eq!(server.ended(), restart.map_or(Some(10 * MS), |_| None));
        server.arrive(request(2, 50, 1), 50 * MS);
        let events = run(&mut server);
        if restart.is_some() {
            assert_eq!(fate(&events, 2), [(What::Refused(503), 50)]);
            server.arrive(request(3, 50, 1), 110 * MS);
            assert_eq!(chunks(&run(&mut server), 3), [120]);
        }
    }
}

#[test]
fn a_slow_replica_takes_longer_and_is_busier() {
    let mut server = with(|setup| {
        setup.replicas = 2;
        setup.faults.slow_replicas = 1;
        setup.faults.slowdown = 3.0;
    });
    server.arrive(request(1, 50, 2), 0);
    server.arrive(request(2, 50, 2), 0);
    let events = run(&mut server);
    assert_eq!(chunks(&events, 1), [30, 60]);
    assert_eq!(chunks(&events, 2), [10, 20]);
    let expected = [60, 20].map(|busy| Share {
        requests: 1,
        busy: vec![busy * MS],
    });
    assert_eq!(server.shares().collect::<Vec<_>>(), expected);
}

#[test]
fn steps_are_off_by_no_more_than_the_jitter_and_by_the_seed() {
    let gaps = |seed| {
        let mut server = with(|setup| {
            setup.faults.jitter = 0.2;
            setup.faults.seed = seed;
        });
        server.arrive(request(1, 50, 50), 0);
        let events = run(&mut server);
        let times: Vec<u64> = events.iter().map(|event| event.at).collect();
        let gaps = times.windows(2).map(|pair| pair[1] - pair[0]);
        gaps.filter(|gap| *gap > 0).collect::<Vec<u64>>()
    };
    let (one, other) = (gaps(1), gaps(2));
    assert_eq!(one, gaps(1));
    assert_ne!(one, other);
    assert!(
        one.iter().all(|gap| (8 * MS..=12 * MS).contains(gap)),
        "{one:?}"
    );
    assert!(one.iter().max().unwrap() - one.iter().min().unwrap() > 2 * MS);
}

#[test]
fn what_is_held_follows_what_was_done() {
    let mut server = with(|setup| {
        setup.faults.memory = Some(Memory {
            grow_at_start: 1e6,
            leak: 1000.0,
            leak_token: 10.0,
            leak_image: 100.0,
            leak_abort: 1e5,
            ..Memory::default()
        });
    });
    assert_eq!(server.memory(), Some(1_000_000));
    let with_images = Request {
        images: 3,
        ..request(1, 50, 4)
    };
    server.arrive(with_images, 0);
    run(&mut server);
    assert_eq!(server.memory(), Some(1_000_000 + 1000 + 4 * 10 + 300));
    // one that goes away after two tokens
    server.arrive(request(2, 50, 9), 100 * MS);
    let mut events = Vec::new();
    server.advance(125 * MS, &mut events);
    server.abort(2, 125 * MS);
    run(&mut server);
    assert_eq!(
        server.memory(),
        Some(1_000_000 + 2000 + 6 * 10 + 300 + 100_000)
    );
    assert_eq!(with(|_| ()).memory(), None);
}
