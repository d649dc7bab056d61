//! The host that servers are stated to run on: its GPUs, and the links between them.

use super::context::{Context, as_number, as_whole, member};
use super::{ServerSpec, Start};
use crate::check::is_whole;
use crate::diagnostics::{Diagnostic, codes};
use crate::eval::{BlockValue, Evaluator, Value};
use crate::resolve::Flat;
use crate::source::Span;
use serde::Serialize;
use std::sync::Arc;

/// More GPUs than this are in no host.
const MOST_GPUS: u64 = 1024;

/// The GPUs of a cluster's node.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClusterSpec {
    pub name: String,
    pub node: String,
    /// How many there are.
    pub gpus: u64,
    /// Links between pairs of its GPUs; empty where none is stated.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<LinkSpec>,
}

/// A link between two GPUs of a node.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct LinkSpec {
    /// The lesser first.
    pub between: (u64, u64),
    /// Bytes per second, in each direction.
    pub bandwidth: f64,
    /// Seconds that an empty message takes; 0 where that is not said.
    pub latency: f64,
}

/// What ranks that work together can pass to each other at most.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Wire {
    /// Bytes per second out of each GPU, over all of its links.
    pub bandwidth: f64,
    /// Over the widest link of the node.
    pub widest: f64,
    /// Seconds of an empty message at least.
    pub latency: f64,
}

impl ClusterSpec {
    /// What so many ranks can pass at most, by the links that are stated; none without any. A rank
    /// sends over all links of its GPU at once, the others wait for the slowest, and they are on the
    /// GPUs next to each other where that is best: no sum of what is stated comes out higher.
    pub(super) fn wire(&self, ranks: u64) -> Option<Wire> {
        let least = |of: &mut dyn Iterator<Item = f64>| of.reduce(f64::min);
        let out = |gpu: u64| -> f64 {
            let links = self.links.iter();
            let own = links.filter(|link| link.between.0 == gpu || link.between.1 == gpu);
            own.map(|link| link.bandwidth).sum()
        };
        let ranks = ranks.max(1);
        let groups = (0..self.gpus / ranks).map(|group| group * ranks..(group + 1) * ranks);
        let bandwidth = groups.filter_map(|mut gpus| least(&mut gpus.by_ref().map(out)));
        Some(Wire {
            bandwidth: bandwidth.reduce(f64::max)?,
            widest: (self.links.iter().map(|link| link.bandwidth)).reduce(f64::max)?,
            latency: least(&mut self.links.iter().map(|link| link.latency))?,
        })
    }
}

/// A cluster as it is written, and the GPU of its node. What is wrong with it is reported.
pub(super) fn lower(eval: &Evaluator<'_>, block: &Arc<BlockValue>) -> Option<(ClusterSpec, Value)> {
    let flat = &block.flat;
    let mut nodes = flat.children_of("node");
    let node = match (nodes.next(), nodes.next()) {
        (Some(node), None) => node,
        // what should stand in its node was reported
        (None, _) if !is_whole(flat) => return None,
        (None, _) => {
            let message = format!("the {} has no node", flat.called());
            eval.report(
                Diagnostic::error(codes::MISSING_ATTRIBUTE, flat.head(), message)
                    .help("say what this host has: node here { gpu = gpus.h200, gpus = 8 }"),
            );
            return None;
        }
        (Some(_), Some(second)) => {
            let message = "servers are launched on this host, so a cluster has one node";
            eval.report(
                Diagnostic::error(codes::OUT_OF_RANGE, second.head(), message)
                    .help("keep the node that is this host"),
            );
            return None;
        }
    };
    let node = Arc::new(BlockValue::new(node.clone(), &block.scope));
    let place = |name: &str| {
        let attr = node.flat.attrs.get(name);
        attr.map_or(node.flat.head(), |attr| attr.expr.span)
    };
    let value = Value::Block(node.clone());
    let attr = |name| member(eval, &value, "node", name, place(name));
    let gpus = as_whole(&attr("gpus"))?;
    if gpus > MOST_GPUS {
        let message = format!("a node has at most {MOST_GPUS} GPUs");
        eval.report(Diagnostic::error(
            codes::OUT_OF_RANGE,
            place("gpus"),
            message,
        ));
        return None;
    }
    let mut links: Vec<(LinkSpec, Span)> = Vec::new();
    for link in node.flat.children_of("link") {
        between(eval, &node, link, gpus, &mut links);
    }
    let spec = ClusterSpec {
        name: flat.title().to_string(),
        node: node.flat.title().to_string(),
        gpus,
        links: links.into_iter().map(|(link, _)| link).collect(),
    };
    Some((spec, attr("gpu")))
}

/// The pairs of a link, added to those before it.
fn between(
    eval: &Evaluator<'_>,
    node: &BlockValue,
    link: &Arc<Flat>,
    gpus: u64,
    links: &mut Vec<(LinkSpec, Span)>,
) {
    let value = Value::Block(Arc::new(BlockValue::new(link.clone(), &node.scope)));
    let figure = |name| {
        let place = link
            .attrs
            .get(name)
            .map_or(link.head(), |attr| attr.expr.span);
        as_number(&member(eval, &value, "link", name, place))
    };
    let (bandwidth, latency) = (figure("bandwidth"), figure("latency"));
    if bandwidth == Some(0.0) {
        let place = link.attrs.get("bandwidth");
        let place = place.map_or(link.head(), |attr| attr.expr.span);
        let message = "nothing gets over a link of 0";
        eval.report(
            Diagnostic::error(codes::OUT_OF_RANGE, place, message)
                .help("say what it carries per second; or leave the link out"),
        );
        return;
    }
    let written = link.attrs.get("between");
    let place = written.map_or(link.head(), |attr| attr.expr.span);
    let wrong = |message: String, help: &str| {
        eval.report(Diagnostic::error(codes::BAD_LINK, place, message).help(help));
    };
    let forms = "write ring(4), mesh(8), or pairs: [[0, 2], [1, 3]]";
    let pairs = match member(eval, &value, "link", "between", place) {
        Value::List(pairs) if !pairs.is_empty() => pairs,
        // a missing attribute was reported
        Value::Error | Value::None => return,
        Value::List(_) => return wrong("this link is between no GPUs".into(), forms),
        other => {
            let message = format!(
                "a link is between pairs of GPUs, this is {}",
                other.describe()
            );
            return wrong(message, forms);
        }
    };
    for pair in pairs.iter() {
        let ends = match pair {
            Value::Error => return,
            Value::List(ends) => ends.iter().map(as_whole).collect::<Option<Vec<u64>>>(),
            _ => None,
        };
        let Some([a, b]) = ends.as_deref() else {
            let shown = pair.shown().unwrap_or_else(|| pair.describe());
            return wrong(format!("{shown} is no pair of GPUs"), forms);
        };
        let (a, b) = (*a.min(b), *a.max(b));
        if b >= gpus {
            let message = format!(
                "there is no GPU {b} in {}: it has {gpus}",
                node.flat.quoted()
            );
            return wrong(message, "GPUs count from 0");
        }
        if a == b {
            let message = format!("a link of GPU {a} with itself connects nothing");
            return wrong(message, "name two GPUs");
        }
        if let Some((_, before)) = links.iter().find(|(known, _)| known.between == (a, b)) {
            let message = format!("GPU {a} and GPU {b} are linked twice");
            let mut found = Diagnostic::error(codes::BAD_LINK, place, message)
                .help("a link goes both ways: name each pair once");
            if *before != place {
                found = found.label(*before, "linked here");
            }
            eval.report(found);
            return;
        }
        let link = LinkSpec {
            between: (a, b),
            // one that is not said was reported
            bandwidth: bandwidth.unwrap_or(f64::INFINITY),
            latency: latency.unwrap_or(0.0),
        };
        links.push((link, place));
    }
}

/// The cluster that a server names, and its GPU: what is wrong with it is said where it stands.
pub(super) fn of_server(cx: &Context<'_>, server: &Flat) -> Option<(ClusterSpec, Value)> {
    let block = match cx.attr(server, "cluster") {
        Value::Block(block) => block,
        Value::None | Value::Error => return None,
        other => {
            let message = format!("`cluster` names a cluster, this is {}", other.describe());
            cx.eval.report(
                Diagnostic::error(codes::TYPE_MISMATCH, cx.place(server, "cluster"), message)
                    .help("define one: cluster host { node here { gpu = gpus.h200, gpus = 8 } }"),
            );
            return None;
        }
    };
    if server.attrs.contains_key("gpu") {
        let message = "the cluster says which GPU it is";
        cx.eval.report(
            Diagnostic::error(codes::CONTRADICTION, cx.place(server, "gpu"), message)
                .label(cx.place(server, "cluster"), "the cluster")
                .help("drop `gpu`, or `cluster`"),
        );
    }
    lower(cx.eval, &block)
}

/// Reports servers of a case that need more GPUs than their cluster has, or GPUs that nothing
/// connects. Servers of one case are up together, and have GPUs of their own.
pub(super) fn check(cx: &Context<'_>, servers: &[Arc<ServerSpec>]) {
    let mut taken: Vec<(&str, Vec<&ServerSpec>)> = Vec::new();
    for server in servers {
        let Some(cluster) = &server.cluster else {
            continue;
        };
        match taken.iter_mut().find(|(name, _)| *name == cluster.name) {
            Some((_, others)) => others.push(server),
            None => taken.push((&cluster.name, vec![server])),
        }
    }
    for (_, servers) in taken {
        let Some(cluster) = servers.iter().find_map(|server| server.cluster.as_ref()) else {
            continue;
        };
        match too_few(cx, cluster, &servers) {
            Some(found) => cx.eval.report(found),
            None => unconnected(cx, cluster, &servers)
                .into_iter()
                .for_each(|found| cx.eval.report(found)),
        }
    }
}

/// Where a server of the case names its cluster.
fn place(cx: &Context<'_>, server: &ServerSpec) -> Span {
    let mut blocks = cx.flat.children_of("server");
    let block = blocks.find(|block| block.title() == server.name);
    block.map_or(cx.flat.head(), |block| cx.place(block, "cluster"))
}

fn too_few(cx: &Context<'_>, cluster: &ClusterSpec, servers: &[&ServerSpec]) -> Option<Diagnostic> {
    let needed: u64 = servers.iter().map(|server| server.gpus).sum();
    if needed <= cluster.gpus {
        return None;
    }
    let last = servers.last()?;
    let (name, node) = (&cluster.name, &cluster.node);
    let has = format!("the node `{node}` of `{name}` has {}", cluster.gpus);
    let message = match servers {
        [one] => format!("`{}` needs {} GPUs, and {has}", one.name, one.gpus),
        several => {
            let sum: Vec<String> = several.iter().map(|s| s.gpus.to_string()).collect();
            let names: Vec<&str> = several.iter().map(|s| s.name.as_str()).collect();
            format!(
                "`{}` need {} = {needed} GPUs, and {has}",
                names.join("`, `"),
                sum.join(" + ")
            )
        }
    };
    let layout = |server: &&ServerSpec| {
        let l = server.layout;
        format!(
            "`{}`: tp {}, pp {}, dp {}, ep {}",
            server.name, l.tp, l.pp, l.dp, l.ep
        )
    };
    let layouts: Vec<String> = servers.iter().map(layout).collect();
    Some(
        Diagnostic::error(codes::TOO_FEW_GPUS, place(cx, last), message)
            .help(layouts.join("; "))
            .help("take a smaller layout, or leave such cases out: `infeasible = \"skip\"`, or `exclude when`"),
    )
}

/// GPUs that a server's ranks need to talk over, and that no path of links connects. A node that
/// states no link is taken to connect all.
fn unconnected(
    cx: &Context<'_>,
    cluster: &ClusterSpec,
    servers: &[&ServerSpec],
) -> Vec<Diagnostic> {
    if cluster.links.is_empty() {
        return Vec::new();
    }
    let reach = reach(cluster);
    let mut next = 0;
    let mut out = Vec::new();
    for server in servers {
        let first: Vec<u64> = (next..next + server.gpus).collect();
        let gpus = visible(server).unwrap_or(first);
        next += server.gpus;
        // replicas that share no experts do not talk with each other
        let layout = server.layout;
        let apart = layout.dp > 1 && layout.ep == 1 && server.gpus % layout.dp == 0;
        let size = server.gpus / if apart { layout.dp } else { 1 };
        let groups = gpus.chunks(usize::try_from(size.max(1)).unwrap_or(usize::MAX));
        let of = |gpu: u64| usize::try_from(gpu).ok().and_then(|at| reach.get(at));
        let missing = groups.into_iter().find_map(|group| {
            let (first, rest) = group.split_first()?;
            let other = rest.iter().find(|other| of(**other) != of(*first))?;
            Some((*first, *other))
        });
        if let Some((a, b)) = missing {
            let message = format!(
                "`{}` uses GPU {a} and GPU {b} together, and no link of `{}` connects them",
                server.name, cluster.node
            );
            out.push(
                Diagnostic::error(codes::UNCONNECTED, place(cx, server), message)
                    .help("add a link between them, take a smaller layout, or name other GPUs in `CUDA_VISIBLE_DEVICES`"),
            );
        }
    }
    out
}

/// Of each GPU, the least that a path of links leads to.
fn reach(cluster: &ClusterSpec) -> Vec<u64> {
    let mut reach: Vec<u64> = (0..cluster.gpus).collect();
    for LinkSpec {
        between: (a, b), ..
    } in &cluster.links
    {
        let at = |gpu: &u64| {
            usize::try_from(*gpu)
                .ok()
                .and_then(|at| reach.get(at))
                .copied()
        };
        let (Some(a), Some(b)) = (at(a), at(b)) else {
            continue;
        };
        let (least, most) = (a.min(b), a.max(b));
        for of in reach.iter_mut().filter(|of| **of == most) {
            *of = least;
        }
    }
    reach
}

/// The GPUs that the server's own environment names by their numbers.
pub(super) fn visible(server: &ServerSpec) -> Option<Vec<u64>> {
    let Start::Launch { environment, .. } = &server.start else {
        return None;
    };
    let mut variables = environment.iter();
    let (_, word) = variables.find(|(name, _)| name == "CUDA_VISIBLE_DEVICES")?;
    let numbers = word
        .text
        .split(',')
        .map(|number| number.trim().parse().ok());
    let numbers: Vec<u64> = numbers.collect::<Option<_>>()?;
    (numbers.len() as u64 >= server.gpus).then_some(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_of_links_connects() {
        let cluster = ClusterSpec {
            name: "h".into(),
            node: "n".into(),
            gpus: 6,
            links: [(1, 2), (4, 5), (0, 2), (3, 5)].map(link).into(),
        };
        assert_eq!(reach(&cluster), [0, 0, 0, 3, 3, 3]);
    }

    fn link(between: (u64, u64)) -> LinkSpec {
        LinkSpec {
            between,
            bandwidth: 10.0,
            latency: 1e-6,
        }
    }

    #[test]
    fn ranks_pass_what_all_links_of_the_worst_placed_give() {
        let mut cluster = ClusterSpec {
            name: "h".into(),
            node: "n".into(),
            gpus: 4,
            links: [(0, 1), (1, 2), (2, 3), (0, 3), (0, 2)].map(link).into(),
        };
        cluster.links[2].bandwidth = 40.0;
        cluster.links[4].latency = 5e-7;
        let bandwidth = |ranks| cluster.wire(ranks).unwrap().bandwidth;
        // GPU 1 has two links; of two ranks, 2 and 3 are the better pair
        assert_eq!((bandwidth(4), bandwidth(2)), (20.0, 50.0));
        assert_eq!(cluster.wire(4).unwrap().latency, 5e-7);
        cluster.links.clear();
        assert_eq!(cluster.wire(4), None);
    }
}
