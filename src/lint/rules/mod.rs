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
mod exact_figure;
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
mod rows_not_told_apart;
mod same_prompt;
mod sample_too_coarse;
mod superlinear_scaling;
mod throughput_above_offered;
mod timeout_below_phases;
mod tp_over_slow_link;
mod when_never_holds;

use super::touched::{CHECKS, NAMES, NOTHING, Needs, PHASES, SERVERS, SETTINGS};
use super::view::View;
use crate::diagnostics::Diagnostic;
use crate::eval::Params;
use crate::resolve::{Flat, Program};
use crate::scenario::Case;

// Each stands with what it reads besides what it speaks of: where an error touches that, it is not
// asked. What it speaks of is whole, or is not shown to it.

/// What is found in a scenario whose expressions are evaluated in each of its cases.
pub type MatrixRule = fn(&Program, &Params, &Flat, &[Case]) -> Vec<Diagnostic>;

/// What is found in one case.
pub type CaseRule = fn(&View<'_>) -> Vec<Diagnostic>;

/// What is found in a scenario and its cases.
pub type ScenarioRule = fn(&Flat, &[Case]) -> Vec<Diagnostic>;

pub const CASE_RULES: &[(Needs, CaseRule)] = &[
    (NOTHING, few_requests_per_client::check),
    (PHASES | SERVERS, no_warmup::check),
    (NOTHING, growth_without_quiesce::check),
    (NOTHING, few_rounds::check),
    (NOTHING, below_resolution::check),
    (NOTHING, rate_of_closed_loop::check),
    (NOTHING, lateness_of_closed_loop::check),
    (SERVERS, random_answers::check),
    (NOTHING, random_without_seed::check),
    (NOTHING, output_above_limit::check),
    (NOTHING, early_end::check),
    (PHASES | SERVERS, same_prompt::check),
    (SETTINGS, timeout_below_phases::check),
    (NOTHING, limit_above_timeout::check),
    (NOTHING, rate_above_offered::check),
    (NOTHING, throughput_above_offered::check),
    (SETTINGS, sample_too_coarse::check),
    (CHECKS, mean_latency::check),
    (NOTHING, max_latency::check),
    (PHASES | SERVERS, cold_batch::check),
    (PHASES | SERVERS, cold_baseline::check),
    (NOTHING, drain_below_limit::check),
    (NOTHING, even_arrivals::check),
    (NOTHING, exact_figure::check),
    (NOTHING, redundant_percentile::check),
    (NOTHING, growth_backwards::check),
    (SETTINGS, retry_of_growth::check),
    (SERVERS, preallocated_memory::check),
    (NOTHING, contradictory_checks::check),
    (SERVERS, cost_without_price::check),
    (PHASES | SERVERS, open_loop_above_capacity::check),
    (PHASES | SERVERS, replicas_without_need::check),
    (SERVERS, tp_over_slow_link::check),
    (NOTHING, rank_backwards::check),
    (NOTHING, idle_clients::check),
    (NOTHING, baseline_of_itself::check),
];

/// What is found in checks that compare cases with each other.
pub const ACROSS_RULES: &[(Needs, CaseRule)] = &[
    (PHASES | SERVERS, superlinear_scaling::check),
    (PHASES | SERVERS, compares_more_than_one_axis::check),
];

pub const SCENARIO_RULES: &[(Needs, ScenarioRule)] = &[
    (NAMES, idle_axis::check),
    (SERVERS | SETTINGS, many_launches::check),
    (NAMES | SETTINGS, judges_nothing::check),
    (NOTHING, rank_of_one::check),
];

/// What is found in a scenario and all of its cases, those that cannot work among them.
pub const FEASIBILITY_RULES: &[(Needs, ScenarioRule)] =
    &[(SERVERS | SETTINGS, reads_infeasible::check)];

/// What is found over all cases, those that cannot work among them.
pub const MATRIX_RULES: &[(Needs, MatrixRule)] = &[
    (NOTHING, when_never_holds::check),
    (NOTHING, rows_not_told_apart::check),
];
