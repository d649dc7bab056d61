//! Networks of declared links: the routes that messages take, and how long several of them take at
//! once. A link carries its bandwidth in each direction. Flows that cross one share it max–min
//! fairly (Bertsekas and Gallager, *Data Networks*, 2nd edition, section 6.5.2): all grow alike
//! until a link is full, then those that do not cross it grow on. What one flow leaves when it has
//! ended goes to the others.

use serde::{Deserialize, Serialize};
use std::cmp::Ordering;
use thiserror::Error;

/// A link between two of the network's members.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Link {
    pub between: (usize, usize),
    /// Bytes per second, in each direction.
    pub bandwidth: f64,
    /// Seconds of an empty message.
    pub latency: f64,
}

/// Members, numbered from 0, and the links between them.
#[derive(Debug, Clone, PartialEq)]
pub struct Network {
    members: usize,
    links: Vec<Link>,
}

/// Two members between which no path of links leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("no path of links leads from {from} to {to}")]
pub struct Missing {
    pub from: usize,
    pub to: usize,
}

/// Seconds that something takes: so many, and so many for each byte.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Linear {
    pub latency: f64,
    pub per_byte: f64,
}

impl Linear {
    /// Seconds for so many bytes.
    pub fn seconds(self, bytes: f64) -> f64 {
        self.latency + self.per_byte * bytes
    }
}

/// A path through the network.
#[derive(Debug, Clone, PartialEq)]
struct Route {
    /// The links it crosses, each with its direction: twice the link's index, and 1 for backwards.
    lanes: Vec<usize>,
    latency: f64,
    /// The least bandwidth on it.
    narrowest: f64,
}

impl Route {
    /// The one to be taken comes first: the quickest for an empty message, of these the one over
    /// fewer links, of these the wider.
    fn order(&self, other: &Self) -> Ordering {
        let latency = self.latency.total_cmp(&other.latency);
        let hops = self.lanes.len().cmp(&other.lanes.len());
        let width = other.narrowest.total_cmp(&self.narrowest);
        latency.then(hops).then(width)
    }
}

impl Network {
    pub fn new(members: usize, links: Vec<Link>) -> Self {
        Self { members, links }
    }

    /// What a message from one member to another takes that has the network for itself.
    ///
    /// Errors: there is no path.
    pub fn send(&self, from: usize, to: usize) -> Result<Linear, Missing> {
        self.together(&[(from, to)])
    }

    /// What messages of one size take that are sent at once, until the last has come: the longest
    /// latency, and as long as the slowest is under way. That is in proportion to their size, as
    /// shares do not depend on it.
    ///
    /// Errors: two members have no path.
    pub fn together(&self, flows: &[(usize, usize)]) -> Result<Linear, Missing> {
        let others = flows.iter().filter(|(from, to)| from != to);
        let routes: Result<Vec<Route>, Missing> = others
            .map(|(from, to)| {
                let (from, to) = (*from, *to);
                self.route(from, to).ok_or(Missing { from, to })
            })
            .collect();
        let routes = routes?;
        let latency = routes.iter().map(|route| route.latency);
        Ok(Linear {
            latency: latency.fold(0.0, f64::max),
            per_byte: self.last(&routes),
        })
    }

    /// When the last of flows of one byte each has ended.
    fn last(&self, routes: &[Route]) -> f64 {
        let mut left: Vec<(f64, &Route)> = routes.iter().map(|route| (1.0, route)).collect();
        let mut now = 0.0;
        while !left.is_empty() {
            let rates = self.rates(&left);
            let ends = left
                .iter()
                .zip(&rates)
                .map(|((bytes, _), rate)| bytes / rate);
            let step = ends.fold(f64::INFINITY, f64::min);
            now += step;
            for ((bytes, _), rate) in left.iter_mut().zip(&rates) {
                *bytes -= rate * step;
            }
            // what is left by rounding is no byte
            left.retain(|(bytes, _)| *bytes > 1e-9);
        }
        now
    }

    /// The max–min fair rates of flows, in bytes per second.
    fn rates(&self, flows: &[(f64, &Route)]) -> Vec<f64> {
        let mut free: Vec<f64> = (self.links.iter())
            .flat_map(|link| [link.bandwidth, link.bandwidth])
            .collect();
        let mut crossing = vec![0_usize; free.len()];
        for lane in flows.iter().flat_map(|(_, route)| &route.lanes) {
            crossing[*lane] += 1;
        }
        let mut rates: Vec<Option<f64>> = vec![None; flows.len()];
        loop {
            let open = (0..free.len()).filter(|lane| crossing[*lane] > 0);
            let share = |lane: usize| free[lane] / crossing[lane] as f64;
            let Some(full) = open.min_by(|a, b| share(*a).total_cmp(&share(*b))) else {
                return rates
                    .into_iter()
                    .map(|rate| rate.unwrap_or(f64::INFINITY))
                    .collect();
            };
            let rate = share(full);
            for (flow, (_, route)) in flows.iter().enumerate() {
                if rates[flow].is_none() && route.lanes.contains(&full) {
                    rates[flow] = Some(rate);
                    for lane in &route.lanes {
                        free[*lane] = (free[*lane] - rate).max(0.0);
                        crossing[*lane] -= 1;
                    }
                }
            }
        }
    }

    /// The path from one member to another (Dijkstra, "A note on two problems in connexion with
    /// graphs", 1959).
    fn route(&self, from: usize, to: usize) -> Option<Route> {
        let mut best: Vec<Option<Route>> = vec![None; self.members];
        let mut done = vec![false; self.members];
        *best.get_mut(from)? = Some(Route {
            lanes: Vec::new(),
            latency: 0.0,
            narrowest: f64::INFINITY,
        });
        loop {
            let open = (best.iter().enumerate()).filter(|(member, _)| !done[*member]);
            let reached = open.filter_map(|(member, route)| Some((member, route.as_ref()?)));
            let (member, route) = reached.min_by(|a, b| a.1.order(b.1))?;
            if member == to {
                return Some(route.clone());
            }
            let route = route.clone();
            done[member] = true;
            for (lane, next) in self.lanes(member) {
                let link = self.links[lane / 2];
                let mut longer = route.clone();
                longer.lanes.push(lane);
                longer.latency += link.latency;
                longer.narrowest = longer.narrowest.min(link.bandwidth);
                let known = best.get_mut(next)?;
                if known
                    .as_ref()
                    .is_none_or(|known| longer.order(known).is_lt())
                {
                    *known = Some(longer);
                }
            }
        }
    }

    /// The lanes out of a member, and where they lead.
    fn lanes(&self, member: usize) -> impl Iterator<Item = (usize, usize)> {
        let links = self.links.iter().enumerate();
        links.filter_map(move |(index, link)| match link.between {
            (a, b) if a == member => Some((2 * index, b)),
            (a, b) if b == member => Some((2 * index + 1, a)),
            _ => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn link(a: usize, b: usize, bandwidth: f64) -> Link {
        Link {
            between: (a, b),
            bandwidth,
            latency: 1.0,
        }
    }

    /// Four in a ring of links of 10 bytes per second.
    fn ring() -> Network {
        let links = (0..4).map(|n| link(n, (n + 1) % 4, 10.0)).collect();
        Network::new(4, links)
    }

    #[test]
    fn messages_take_the_shortest_path() {
        let next = ring().send(3, 0).unwrap();
        assert_eq!((next.latency, next.seconds(100.0)), (1.0, 11.0));
        assert_eq!(ring().send(0, 2).unwrap().latency, 2.0);
        // the diagonal is slower for an empty message than two hops, whatever its width
        let mut crossed = ring();
        crossed.links.push(Link {
            latency: 5.0,
            ..link(0, 2, 1000.0)
        });
        assert_eq!(crossed.send(0, 2), ring().send(0, 2));
        crossed.links[4].latency = 1.5;
        assert_eq!(crossed.send(0, 2).unwrap().per_byte, 1e-3);
        assert_eq!(ring().send(1, 1).unwrap().seconds(1e9), 0.0);
    }

    #[test]
    fn a_missing_path_is_said() {
        let network = Network::new(4, vec![link(0, 1, 1.0), link(2, 3, 1.0)]);
        assert_eq!(network.send(3, 1), Err(Missing { from: 3, to: 1 }));
        assert_eq!(
            network.together(&[(0, 1), (1, 2)]).unwrap_err().to_string(),
            "no path of links leads from 1 to 2"
        );
    }

    #[test]
    fn flows_share_a_link_and_take_what_others_leave() {
        // a chain 0 - 1 - 2 of which the second link is narrow
        let chain = Network::new(3, vec![link(0, 1, 10.0), link(1, 2, 4.0)]);
        let rates = |flows: &[(usize, usize)]| {
            let routes: Vec<Route> = flows
                .iter()
                .map(|(a, b)| chain.route(*a, *b).unwrap())
                .collect();
            chain.rates(&routes.iter().map(|route| (1.0, route)).collect::<Vec<_>>())
        };
        assert_eq!(rates(&[(0, 1), (0, 2)]), [6.0, 4.0]);
        assert_eq!(rates(&[(0, 2), (1, 2)]), [2.0, 2.0]);
        // each direction is its own
        assert_eq!(rates(&[(0, 1), (1, 0)]), [10.0, 10.0]);
        // 0 to 1 ends after 1/6 s; the other goes on at the 4 it had
        assert_eq!(chain.together(&[(0, 1), (0, 2)]).unwrap().per_byte, 0.25);
        // two over the wide link and one over both: 10/3 each until the end
        let three = chain.together(&[(0, 1), (0, 1), (0, 2)]).unwrap();
        assert!((three.per_byte - 0.3).abs() < 1e-12, "{three:?}");
    }

    proptest! {
        /// Max–min fair: no lane carries more than it can, and each flow crosses a full lane on which
        /// no other is faster.
        #[test]
        fn shares_are_fair(
            widths in prop::collection::vec(1.0..100.0_f64, 6),
            flows in prop::collection::vec((0..6_usize, 0..6_usize), 1..20),
        ) {
            let links = widths.iter().enumerate();
            let links = links.map(|(n, width)| link(n, (n + 1) % 6, *width)).collect();
            let network = Network::new(6, links);
            let routes = flows.iter().filter(|(from, to)| from != to);
            let routes = routes.map(|(from, to)| network.route(*from, *to).unwrap());
            let routes: Vec<Route> = routes.collect();
            let flows: Vec<(f64, &Route)> = routes.iter().map(|route| (1.0, route)).collect();
            let rates = network.rates(&flows);
            let on = |lane: usize| {
                let crossing = routes.iter().zip(&rates);
                crossing.filter(move |(route, _)| route.lanes.contains(&lane)).map(|(_, rate)| *rate)
            };
            for (route, rate) in routes.iter().zip(&rates) {
                let limited = route.lanes.iter().any(|lane| {
                    let width = widths[lane / 2];
                    let fastest = on(*lane).fold(0.0, f64::max);
                    on(*lane).sum::<f64>() > width * (1.0 - 1e-9) && *rate > fastest * (1.0 - 1e-9)
                });
                prop_assert!(limited, "{route:?} {rate}");
            }
            for lane in 0..12 {
                prop_assert!(on(lane).sum::<f64>() < widths[lane / 2] * (1.0 + 1e-9));
            }
        }
    }
}
