//! `scn validate`: a table that can be run, one that is none, and rows that cannot.

use assert_cmd::Command;
use serde_json::Value;

const RUNS: &str = "\
engine,version,model,gpu,tp,isl,osl,concurrency,request_rate,num_prompts,output_tok_s,mean_ttft_ms,p50_itl_ms
vllm,0.26.0,Qwen2.5-7B,H200,1,1024,64,1,inf,4,206,31.9,4.74
vllm,0.26.0,Qwen2.5-7B,H200,1,1024,64,,5.0,20,206,49,4.9
";

const FIGURES: &str = "\
source,model,gpu,tp,pp,dp,ep,precision,isl,osl,concurrency_or_batch,metric,value,notes
real vLLM,Qwen2.5-7B-Instruct,H100-SXM,1,1,1,1,bf16,,,,num_gpu_blocks,65368,max_num_seqs 128; gpu_memory_utilization 0.9
real vLLM,Qwen2.5-7B-Instruct,H100-SXM,1,1,1,1,bf16,trace,trace,10/s,ttft_mean,30,
real vLLM,Unheard-Of-1B,H100-SXM,1,1,1,1,bf16,10,10,4,ttft_mean,30,
real vLLM,Llama-3.1-405B,H100-SXM,1,1,1,1,bf16,10,10,4,ttft_mean,30,
Magic 1.0,Qwen2.5-7B-Instruct,H100-SXM,1,1,1,1,bf16,10,10,4,ttft_mean,30,
";

fn validate(table: &str) -> (Option<i32>, Value, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("table.csv");
    std::fs::write(&path, table).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_scn"));
    let output = command
        .args(["validate", "table.csv", "--json", "-"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    let json = serde_json::from_slice(&output.stdout).unwrap_or(Value::Null);
    let said = String::from_utf8(output.stderr).unwrap();
    (output.status.code(), json, said)
}

#[test]
fn runs_are_simulated_and_compared_figure_by_figure() {
    let (code, json, said) = validate(RUNS);
    assert_eq!(code, Some(0), "{said}");
    let rows = json["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 6);
    for row in rows {
        let (measured, predicted) = (row["measured"].as_f64(), row["predicted"].as_f64());
        let (measured, predicted) = (measured.unwrap(), predicted.unwrap());
        assert_eq!(row["source"], "vllm 0.26.0");
        let error = row["relative_error"].as_f64().unwrap();
        assert!((error - (predicted / measured - 1.0)).abs() < 1e-9);
    }
    // a token of a single request on an idle server is what was measured, within a tenth
    let itl = rows.iter().find(|row| row["metric"] == "p50_itl_ms");
    let error = itl.unwrap()["relative_error"].as_f64().unwrap();
    assert!(error.abs() < 0.1, "{error}");
    assert_eq!(validate(RUNS).1, json, "the same again");
}

#[test]
fn rows_that_cannot_be_used_say_why() {
    let (code, json, said) = validate(FIGURES);
    assert_eq!(code, Some(0), "{said}");
    let rows = json["rows"].as_array().unwrap();
    let blocks = rows[0]["relative_error"].as_f64().unwrap();
    assert!(blocks.abs() < 0.05, "{blocks}");
    let taken = rows[0]["taken"].as_str().unwrap();
    assert!(taken.contains("128 requests at once"), "{taken}");
    let reasons = ["lengths", "no model", "does not fit", "engine is none"];
    for (row, reason) in rows[1..].iter().zip(reasons) {
        let why = row["unusable"].as_str().unwrap();
        assert!(why.contains(reason), "{why}");
        assert!(row.get("predicted").is_none());
    }
}

#[test]
fn what_is_no_such_table_is_wrong_usage() {
    let (code, _, said) = validate("a,b\n1,2\n");
    assert_eq!(code, Some(2));
    assert!(said.contains("is no table of measurements"), "{said}");
}
