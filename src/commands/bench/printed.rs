//! What is printed of a measurement, with what was measured and on what.

use comfy_table::{ContentArrangement, Table, TableStyle};
use serde_json::json;

use crate::checkpoint::Checkpoint;
use crate::commands::bench::measured::Measured;
use crate::commands::bench::peak::Peak;
use crate::device::backend::Backend;
use crate::device::physical_cores;
use crate::report::aligned;
use crate::scoring::fingerprint::{ENGINE, ModelFingerprint};
use crate::support::count::count;
use crate::support::error::one_line;
use crate::support::version::ENGINE_VERSION;

#[expect(clippy::cast_precision_loss, reason = "rates for people")]
pub(super) fn table(
    measured: &[Measured],
    checkpoint: &Checkpoint,
    computing: &Backend,
    peak: Option<Peak>,
) -> String {
    let mut table = Table::new();
    table
        .load_style(TableStyle::new())
        .set_content_arrangement(ContentArrangement::Disabled);
    table.set_header([
        "length",
        "rows",
        "tokens",
        "seconds",
        "tokens/s",
        "pairs/s",
        "GFLOP/s",
        "of f32 peak",
    ]);
    for m in measured {
        table.add_row([
            m.label.clone(),
            m.rows.to_string(),
            m.tokens.to_string(),
            format!("{:.3}", m.seconds),
            format!("{:.0}", m.tokens as f64 / m.seconds),
            format!("{:.2}", m.rows as f64 / 2.0 / m.seconds),
            format!("{:.0}", m.flops / m.seconds / 1e9),
            peak.map_or_else(String::new, |peak| {
                format!("{:.0} %", 100.0 * m.flops / m.seconds / peak.all_threads)
            }),
        ]);
    }
    format!(
        "{}{}\n{}\n",
        aligned(table, 0, 2),
        machine(computing, peak),
        model(checkpoint, computing)
    )
}

/// What it was measured on.
fn machine(computing: &Backend, peak: Option<Peak>) -> String {
    let (device, dtype) = (computing.devices.name(), computing.dtype_name());
    let Some(peak) = peak else {
        return format!("{device}, {dtype}");
    };
    let cores = physical_cores();
    let cores = cores.map_or_else(String::new, |cores| format!(" on {}", count(cores, "core")));
    format!(
        "{device}, {}{cores}, {dtype}; in registers alone {:.0} GFLOP/s in f32, {:.2} times what \
         one thread does alone",
        count(rayon::current_num_threads(), "thread"),
        peak.all_threads / 1e9,
        peak.in_parallel()
    )
}

/// What was measured.
fn model(checkpoint: &Checkpoint, computing: &Backend) -> String {
    let facts = &checkpoint.facts;
    let commit = facts.commit.as_ref();
    let commit = commit.map_or_else(String::new, |commit| format!(", commit {commit}"));
    let hash = ModelFingerprint::new(checkpoint, computing, None).checkpoint;
    let spec = one_line(&facts.spec);
    format!(
        "{spec}{commit}, checkpoint {}; pairbench {}, code {ENGINE}",
        &hash[..12],
        *ENGINE_VERSION
    )
}

pub(super) fn json(
    measured: &[Measured],
    checkpoint: &Checkpoint,
    computing: &Backend,
    peak: Option<Peak>,
) -> String {
    let runs: Vec<_> = measured
        .iter()
        .map(|m| {
            json!({
                "length": m.label,
                "rows": m.rows,
                "tokens": m.tokens,
                "seconds": m.seconds,
                "flops": m.flops,
                "logits": m.logits,
            })
        })
        .collect();
    format!(
        "{}\n",
        json!({
            "pairbench": *ENGINE_VERSION,
            "engine": ENGINE,
            "spec": checkpoint.facts.spec,
            "commit": checkpoint.facts.commit,
            "checkpoint": ModelFingerprint::new(checkpoint, computing, None).checkpoint,
            "device": computing.devices.name(),
            "threads": rayon::current_num_threads(),
            "dtype": computing.dtype_name(),
            "physical_cores": physical_cores(),
            "peak_flops": peak.map(|peak| peak.all_threads),
            "peak_flops_of_one_thread": peak.map(|peak| peak.one_thread),
            "runs": runs,
        })
    )
}
