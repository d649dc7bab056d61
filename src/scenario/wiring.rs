//! The links of a cluster, as the simulator has them of the servers on it.

use super::cluster::visible;
use super::{ClusterSpec, ServerSpec};
use crate::cost::{Fabric, Link, Network};
use crate::sim::Setup;
use std::collections::HashMap;
use std::sync::Arc;

/// Gives the simulated servers of a case the links between their GPUs, where their clusters state
/// any. Servers are up together and take GPUs in order, as [`super::cluster::check`] counts them.
pub(super) fn lay(servers: &mut [Arc<ServerSpec>]) {
    let mut taken: HashMap<String, u64> = HashMap::new();
    for server in servers {
        let Some(cluster) = &server.cluster else {
            continue;
        };
        let next = taken.entry(cluster.name.clone()).or_default();
        let first = *next;
        *next += server.gpus;
        if cluster.links.is_empty() || !matches!(server.simulated, Some(Ok(_))) {
            continue;
        }
        let in_order = || (first..first + server.gpus).collect();
        let gpus: Vec<u64> = visible(server).unwrap_or_else(in_order);
        let network = network(cluster);
        let gpus: Vec<usize> = (gpus.into_iter())
            .take(usize::try_from(server.gpus).unwrap_or(usize::MAX))
            .filter_map(|gpu| usize::try_from(gpu).ok())
            .collect();
        let server = Arc::make_mut(server);
        if let Some(simulated) = &mut server.simulated
            && let Ok(setup) = simulated
            && let Err(why) = connect(setup, &network, &gpus)
        {
            *simulated = Err(why);
        }
    }
}

fn network(cluster: &ClusterSpec) -> Network {
    let whole = |gpu: u64| usize::try_from(gpu).unwrap_or(usize::MAX);
    let links = cluster.links.iter().map(|link| Link {
        between: (whole(link.between.0), whole(link.between.1)),
        bandwidth: link.bandwidth,
        latency: link.latency,
    });
    Network::new(whole(cluster.gpus), links.collect())
}

/// Replicas that take their steps together share experts, and are one to the links.
fn connect(setup: &mut Setup, network: &Network, gpus: &[usize]) -> Result<(), String> {
    let apart = match setup.lockstep {
        true => 1,
        false => setup.replicas.max(1) as usize,
    };
    let each = gpus.len() / apart;
    if each == 0 {
        return Ok(());
    }
    let fabrics: Result<Vec<Fabric>, _> = (gpus.chunks_exact(each).take(apart))
        .map(|gpus| Fabric::of(network, gpus, setup.ranks))
        .collect();
    setup.fabrics = fabrics.map_err(|missing| missing.to_string())?;
    Ok(())
}
