//! The rules, one file each: its head comment is the page that `scn explain` shows.

mod baseline_of_itself;
mod below_resolution;
mod cold_baseline;
mod cold_batch;
mod compares_more_than_one_axis;
mod contradictory_checks;
mod cost_without_price;
mod drain_below_limit;
mod early_end;
mod even_arrivals;
mod few_requests_per_client;
mod few_rounds;
mod growth_backwards;
mod growth_without_quiesce;
mod idle_axis;
mod idle_clients;
mod judges_nothing;
mod lateness_of_closed_loop;
mod limit_above_timeout;
mod many_launches;
mod max_latency;
mod mean_latency;
mod no_warmup;
mod open_loop_above_capacity;
mod output_above_limit;
mod preallocated_memory;
mod random_answers;
mod random_without_seed;
mod rank_backwards;
mod rank_of_one;
mod rate_above_offered;
mod rate_of_closed_loop;
mod reads_infeasible;
mod redundant_percentile;
mod replicas_without_need;
mod retry_of_growth;
mod same_prompt;
mod sample_too_coarse;
mod superlinear_scaling;
mod throughput_above_offered;
mod timeout_below_phases;
mod tp_over_slow_link;
mod when_never_holds;

use super::view::View;
use crate::diagnostics::Diagnostic;
use crate::eval::Params;
use crate::resolve::{Flat, Program};
use crate::scenario::Case;

/// What is found in a scenario whose expressions are evaluated in each of its cases.
pub type MatrixRule = fn(&Program, &Params, &Flat, &[Case]) -> Vec<Diagnostic>;

/// What is found in one case.
pub type CaseRule = fn(&View<'_>) -> Vec<Diagnostic>;

/// What is found in a scenario and its cases.
pub type ScenarioRule = fn(&Flat, &[Case]) -> Vec<Diagnostic>;

pub const CASE_RULES: &[CaseRule] = &[
    few_requests_per_client::check,
    no_warmup::check,
    growth_without_quiesce::check,
    few_rounds::check,
    below_resolution::check,
    rate_of_closed_loop::check,
    lateness_of_closed_loop::check,
    random_answers::check,
    random_without_seed::check,
    output_above_limit::check,
    early_end::check,
    same_prompt::check,
    timeout_below_phases::check,
    limit_above_timeout::check,
    rate_above_offered::check,
    throughput_above_offered::check,
    sample_too_coarse::check,
    mean_latency::check,
    max_latency::check,
    cold_batch::check,
    cold_baseline::check,
    drain_below_limit::check,
    even_arrivals::check,
    redundant_percentile::check,
    growth_backwards::check,
    retry_of_growth::check,
    preallocated_memory::check,
    contradictory_checks::check,
    cost_without_price::check,
    open_loop_above_capacity::check,
    replicas_without_need::check,
    tp_over_slow_link::check,
    rank_backwards::check,
    idle_clients::check,
    baseline_of_itself::check,
];

/// What is found in checks that compare cases with each other.
pub const ACROSS_RULES: &[CaseRule] = &[
    superlinear_scaling::check,
    compares_more_than_one_axis::check,
];

pub const SCENARIO_RULES: &[ScenarioRule] = &[
    idle_axis::check,
    many_launches::check,
    judges_nothing::check,
    rank_of_one::check,
];

/// What is found in a scenario and all of its cases, those that cannot work among them.
pub const FEASIBILITY_RULES: &[ScenarioRule] = &[reads_infeasible::check];

/// What is found over all cases, those that cannot work among them.
pub const MATRIX_RULES: &[MatrixRule] = &[when_never_holds::check];
