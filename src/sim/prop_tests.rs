//! What holds of every simulation: tokens are conserved, blocks never run over, every request ends,
//! and the same again gives the same.

use super::test_support::{request, setup};
use super::{Event, Faults, Passes, Request, Server, Setup, Time, What};
use proptest::prelude::*;
use std::collections::HashMap;

#[derive(Debug, Clone)]
struct Sent {
    at: Time,
    request: Request,
    /// When its client goes away, if it is not done by then.
    aborted: Option<Time>,
}

fn sent() -> impl Strategy<Value = Vec<Sent>> {
    let one = (0u64..200, 1u32..120, 1u32..40, 0u64..6, 0u64..900);
    prop::collection::vec(one, 1..40).prop_map(|all| {
        let each = all.into_iter().enumerate();
        each.map(|(id, (at, prompt, output, shared, abort))| {
            let mut request = request(id as u64, prompt, output);
            request.prefix = (0..shared.min(u64::from(prompt / 16))).collect();
            let at = at * 1_000_000;
            let aborted = (abort < 150).then_some(at + abort * 1_000_000);
            Sent {
                at,
                request,
                aborted,
            }
        })
        .collect()
    })
}

fn setups() -> impl Strategy<Value = Setup> {
    let flags = (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>());
    let numbers = (8u32..80, 1u32..12, 10u64..40, 0u32..5);
    let counts = (1u32..3, 1u32..3);
    (numbers, flags, counts, faults()).prop_map(|(numbers, flags, counts, faults)| {
        let (replicas, stages) = counts;
        let (tokens, sequences, blocks, reserve) = numbers;
        let (first, overlaps, cached, lockstep) = flags;
        let mut setup = setup(tokens, sequences, blocks);
        setup.profile.reserve = f64::from(reserve) / 4.0;
        if first {
            setup.profile.passes = Passes::PromptsFirst;
        }
        setup.host.overlaps = overlaps;
        setup.prefix_cache = cached;
        setup.replicas = replicas;
        setup.lockstep = lockstep;
        setup.ranks.stages = f64::from(stages);
        setup.front.request = 0.0004;
        setup.front.chunk = 0.0007;
        setup.faults = faults;
        setup
    })
}

/// None, in one of two; no worker is lost for good.
fn faults() -> impl Strategy<Value = Faults> {
    let numbers = (0u64..9, 0u32..3, 0u32..3, 0u32..2, 1u64..20);
    (any::<bool>(), numbers).prop_map(|(some, (seed, fails, cuts, slow, crash))| match some {
        false => Faults::default(),
        true => Faults {
            seed,
            fail_rate: f64::from(fails) / 4.0,
            cut_rate: f64::from(cuts) / 4.0,
            jitter: 0.3,
            slow_replicas: slow,
            slowdown: 2.0,
            crash_after: Some(crash),
            crash_restart: Some(0.05),
            ..Faults::default()
        },
    })
}

/// Runs it to the end, looking after each moment at how many blocks are in use.
fn simulate(setup: &Setup, sent: &[Sent]) -> (Vec<Event>, Server) {
    let mut server = Server::new(setup);
    let mut due: Vec<(Time, usize, bool)> = Vec::new();
    for (i, one) in sent.iter().enumerate() {
        due.push((one.at, i, false));
        due.extend(one.aborted.map(|at| (at, i, true)));
    }
    due.sort_unstable();
    let mut events = Vec::new();
    let mut due = due.into_iter().peekable();
    loop {
        let next = match (server.next(), due.peek()) {
            (None, None) => break,
            (next, Some((at, _, _))) if next.is_none_or(|next| *at <= next) => *at,
            (next, _) => next.unwrap(),
        };
        server.advance(next, &mut events);
        while let Some((_, i, abort)) = due.next_if(|(at, _, _)| *at <= next) {
            match abort {
                true => server.abort(sent[i].request.id, next),
                false => server.arrive(sent[i].request.clone(), next),
            }
        }
        let (used, all) = server.blocks();
        assert!(used <= all, "{used} of {all} blocks");
    }
    (events, server)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn requests_end_with_all_their_tokens(setup in setups(), sent in sent()) {
        let (events, server) = simulate(&setup, &sent);
        let mut tokens: HashMap<u64, u32> = HashMap::new();
        let mut ended: HashMap<u64, What> = HashMap::new();
        for event in &events {
            prop_assert!(!ended.contains_key(&event.id), "{event:?} after its end");
            match event.what {
                What::First(count) => prop_assert!(tokens.insert(event.id, count).is_none()),
                What::Tokens(count) => *tokens.get_mut(&event.id).unwrap() += count,
                What::Finished
                | What::Rejected(_)
                | What::Refused(_)
                | What::Cut
                | What::Lost => { ended.insert(event.id, event.what); }
                What::Preempted => {}
            }
        }
        for one in &sent {
            match ended.get(&one.request.id) {
                Some(What::Finished) => {
                    prop_assert_eq!(tokens[&one.request.id], one.request.output);
                }
                Some(_) => {}
                None => prop_assert!(one.aborted.is_some(), "{:?} never ends", one.request),
            }
        }
        prop_assert!(events.is_sorted_by_key(|event| event.at));
        prop_assert_eq!(server.blocks().0, 0, "blocks are kept");
        prop_assert_eq!((server.running(), server.waiting()), (0, 0));
        prop_assert_eq!(server.waits_for(), None);
    }

    #[test]
    fn the_same_again_gives_the_same(setup in setups(), sent in sent()) {
        prop_assert_eq!(simulate(&setup, &sent).0, simulate(&setup, &sent).0);
    }

    #[test]
    fn with_all_answers_reserved_nothing_is_preempted(setup in setups(), sent in sent()) {
        let mut setup = setup;
        setup.profile.reserve = 1.0;
        let (events, _) = simulate(&setup, &sent);
        prop_assert!(events.iter().all(|event| event.what != What::Preempted));
    }
}
