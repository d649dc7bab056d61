//! Simulations that can be worked out by hand: every step takes 10 ms.

use super::test_support::{MS, chunks, request, run, setup};
use super::{Balance, Passes, Request, Resource, Server, What};

#[test]
fn a_prompt_is_taken_in_chunks_and_its_last_gives_the_first_token() {
    let mut server = Server::new(&setup(100, 8, 100));
    server.arrive(request(1, 250, 3), 0);
    let events = run(&mut server);
    // 100 + 100 + 50 tokens of prompt, then a token a step
    assert_eq!(chunks(&events, 1), [30, 40, 50]);
    let end = events.last().unwrap();
    assert_eq!((end.what, end.at), (What::Finished, 50 * MS));
    assert_eq!((server.running(), server.blocks()), (0, (0, 100)));
}

#[test]
fn what_runs_goes_before_what_waits() {
    let mut server = Server::new(&setup(100, 8, 100));
    server.arrive(request(1, 50, 4), 0);
    server.arrive(request(2, 190, 1), 5 * MS);
    // the first is decoded in every step: 1 + 99, and then 1 + 91 of the second's 190 tokens
    let mut events = Vec::new();
    server.advance(5 * MS, &mut events);
    events.extend(run(&mut server));
    assert_eq!(chunks(&events, 1), [10, 20, 30, 40]);
    assert_eq!(chunks(&events, 2), [30]);
}

#[test]
fn prompts_have_steps_of_their_own_where_they_go_first() {
    let mut setup = setup(100, 8, 100);
    setup.profile.passes = Passes::PromptsFirst;
    let mut server = Server::new(&setup);
    server.arrive(request(1, 50, 3), 0);
    server.arrive(request(2, 190, 2), 0);
    let events = run(&mut server);
    // both prompts: 50 alone, as nothing else had arrived, then 100 and 90; then both decode
    assert_eq!(chunks(&events, 1), [10, 40, 50]);
    assert_eq!(chunks(&events, 2), [30, 40]);
}

#[test]
fn the_last_loses_its_blocks_and_is_computed_again() {
    // 4 blocks of 16: two prompts of 31 fill them, and the 33rd token of one has no room
    let mut server = Server::new(&setup(100, 8, 4));
    server.arrive(request(1, 31, 4), 0);
    server.arrive(request(2, 31, 4), 0);
    let events = run(&mut server);
    let lost = events.iter().find(|event| event.what == What::Preempted);
    assert_eq!(lost.map(|event| event.id), Some(2));
    // the first comes through, and then the second goes on from what it had given
    assert_eq!(chunks(&events, 1), [10, 20, 30, 40]);
    assert_eq!(chunks(&events, 2).len(), 4);
    assert!(chunks(&events, 2)[3] > 40);
    assert_eq!(server.blocks().0, 0);
}

#[test]
fn with_all_answers_reserved_nothing_is_ever_preempted() {
    let mut setup = setup(100, 8, 4);
    setup.profile.reserve = 1.0;
    let mut server = Server::new(&setup);
    server.arrive(request(1, 31, 4), 0);
    server.arrive(request(2, 31, 4), 0);
    let events = run(&mut server);
    assert!(events.iter().all(|event| event.what != What::Preempted));
    // 31 + 4 tokens are 3 blocks: the second waits for the first
    assert_eq!(chunks(&events, 2), [50, 60, 70, 80]);
}

#[test]
fn a_common_prefix_is_computed_once() {
    let mut setup = setup(16, 1, 100);
    setup.prefix_cache = true;
    let mut server = Server::new(&setup);
    for id in [1, 2] {
        let mut one = request(id, 48, 1);
        one.prefix = vec![7, 8, 9];
        server.arrive(one, 0);
    }
    let events = run(&mut server);
    assert_eq!(chunks(&events, 1), [30]);
    // of three blocks two are known: the last token must be computed, or nothing would be sampled
    assert_eq!(chunks(&events, 2), [40]);
}

#[test]
fn what_does_not_fit_is_rejected_and_says_why() {
    let mut small = setup(16, 1, 2);
    let mut server = Server::new(&small);
    server.arrive(request(1, 33, 1), 0);
    server.arrive(request(2, 5000, 1), 0);
    let rejected =
        |events: &[super::Event]| -> Vec<What> { events.iter().map(|e| e.what).collect() };
    let expected = [Resource::Blocks, Resource::Context].map(What::Rejected);
    assert_eq!(rejected(&run(&mut server)), expected);
    small.profile.chunked = false;
    let mut server = Server::new(&small);
    server.arrive(request(1, 17, 1), 0);
    let expected = [What::Rejected(Resource::Tokens)];
    assert_eq!(rejected(&run(&mut server)), expected);
}

#[test]
fn who_waits_says_for_what() {
    let mut server = Server::new(&setup(100, 1, 100));
    server.arrive(request(1, 10, 5), 0);
    server.arrive(request(2, 10, 5), 0);
    let mut events = Vec::new();
    server.advance(5 * MS, &mut events);
    assert_eq!(server.waits_for(), Some(Resource::Sequences));
    server.abort(1, 6 * MS);
    let events = run(&mut server);
    assert!(events.iter().all(|event| event.id == 2), "{events:?}");
    // its first step begins when the one under way ends
    assert_eq!(chunks(&events, 2)[0], 20);
    assert_eq!(server.waits_for(), None);
}

#[test]
fn while_the_host_works_ahead_a_request_waits_a_step_longer() {
    let mut setup = setup(100, 8, 100);
    setup.host.overlaps = true;
    let mut server = Server::new(&setup);
    server.arrive(request(1, 50, 6), 0);
    let mut events = Vec::new();
    server.advance(5 * MS, &mut events);
    server.arrive(request(2, 50, 1), 5 * MS);
    events.extend(run(&mut server));
    assert_eq!(chunks(&events, 1), [10, 20, 30, 40, 50, 60]);
    // the step from 10 to 20 was made before it came
    assert_eq!(chunks(&events, 2), [30]);
}

#[test]
fn pipeline_stages_work_on_different_chunks() {
    let mut setup = setup(50, 8, 100);
    setup.ranks.stages = 2.0;
    let mut server = Server::new(&setup);
    server.arrive(request(1, 100, 2), 0);
    let events = run(&mut server);
    // a step passes both stages in 20 ms and 10 us between them, and the second chunk follows 10 ms
    // behind the first; a token must be there before the next is worked on
    assert_eq!(chunks(&events, 1), [30, 50]);
}

#[test]
fn a_busy_front_end_sends_tokens_together() {
    let mut setup = setup(100, 8, 100);
    setup.front.chunk = 0.025;
    let mut server = Server::new(&setup);
    server.arrive(request(1, 10, 7), 0);
    let events = run(&mut server);
    // tokens come every 10 ms, and a chunk takes 25: what comes meanwhile goes along
    let counts = |event: &super::Event| match event.what {
        What::First(tokens) | What::Tokens(tokens) => Some((event.at / MS, tokens)),
        _ => None,
    };
    let sent: Vec<(u64, u32)> = events.iter().filter_map(counts).collect();
    assert_eq!(sent, [(35, 3), (65, 3), (95, 1)]);
}

#[test]
fn replicas_share_the_requests() {
    let mut setup = setup(100, 8, 100);
    setup.replicas = 2;
    for lockstep in [false, true] {
        setup.lockstep = lockstep;
        let mut server = Server::new(&setup);
        server.arrive(request(1, 100, 1), 0);
        server.arrive(request(2, 100, 1), 0);
        let events = run(&mut server);
        let second = if lockstep { 20 } else { 10 };
        assert_eq!(chunks(&events, 1), [10]);
        assert_eq!(chunks(&events, 2), [second], "lockstep {lockstep}");
    }
}

/// When each of four requests that come together, all of one step, has its first token. Of two
/// replicas that take one at a time the second in a queue waits 10 ms longer.
fn first_tokens(balance: Balance) -> Vec<u64> {
    let mut setup = setup(100, 1, 100);
    setup.replicas = 2;
    setup.balance = balance;
    let mut server = Server::new(&setup);
    for id in 0..4 {
        server.arrive(request(id, 100, 1), 0);
    }
    let events = run(&mut server);
    (0..4).flat_map(|id| chunks(&events, id)).collect()
}

#[test]
fn replicas_get_what_the_balance_says() {
    assert_eq!(first_tokens(Balance::RoundRobin), [10, 10, 20, 20]);
    assert_eq!(first_tokens(Balance::LeastLoaded), [10, 10, 20, 20]);
    // three of four to the first
    let weighted = Balance::Weighted(vec![3.0, 1.0]);
    assert_eq!(first_tokens(weighted), [10, 20, 10, 30]);
}

#[test]
fn a_replica_that_holds_the_prefix_gets_the_request() {
    let mut setup = setup(16, 1, 100);
    setup.replicas = 2;
    setup.prefix_cache = true;
    setup.balance = Balance::Prefix;
    let mut server = Server::new(&setup);
    let with_prefix = |id| Request {
        prefix: vec![7, 8, 9],
        ..request(id, 48, 1)
    };
    server.arrive(request(1, 16, 1), 0);
    server.arrive(with_prefix(2), 0);
    run(&mut server);
    let now = 100 * MS;
    server.advance(now, &mut Vec::new());
    server.arrive(with_prefix(3), now);
    server.arrive(with_prefix(4), now);
    let events = run(&mut server);
    // both go where it is, one after the other, with a block left to compute
    assert_eq!(chunks(&events, 3), [110]);
    assert_eq!(chunks(&events, 4), [120]);
}
