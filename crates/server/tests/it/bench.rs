//! `frontdesk bench`, small: that it measures and how it tells, never how long anything takes.

use std::process::Command;

use serde_json::Value;

#[test]
fn a_bench_measures_a_real_server_against_the_floor() {
    let output = Command::new(env!("CARGO_BIN_EXE_frontdesk"))
        .args([
            "bench",
            "fanout",
            "--quick",
            "--subscribers",
            "50",
            "--rounds",
            "1",
            "--json",
        ])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    // A debug build on a busy machine may be above the budgets; it must not fail to run.
    let code = output.status.code();
    assert!(matches!(code, Some(0 | 2)), "ended with {code:?}: {said}");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["quick"], true);
    assert_eq!(report["rounds"], 1);
    assert!(report["machine"]["cores"].as_u64().unwrap() > 0);
    let rows = report["rows"].as_array().unwrap();
    let names: Vec<&str> = rows
        .iter()
        .map(|row| row["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["fanout_one", "fanout_eight"]);
    for row in rows {
        assert_eq!(row["rounds"].as_array().unwrap().len(), 1, "{row}");
        assert!(
            row["value"].is_number() && row["fails_above"].is_number(),
            "{row}"
        );
        assert!(
            ["good", "fair", "fails"].contains(&row["verdict"].as_str().unwrap()),
            "{row}"
        );
    }
    let failing = rows.iter().any(|row| row["verdict"] == "fails");
    assert_eq!(code, Some(if failing { 2 } else { 0 }), "{said}");
    assert_eq!(said.contains("above the budget"), failing, "{said}");
    let facts = report["facts"].as_array().unwrap();
    let floor = facts
        .iter()
        .find(|fact| fact["what"] == "floor, CPU per delivery")
        .unwrap();
    assert!(floor["value"].as_f64().unwrap() > 0.0, "{floor}");
}

#[test]
fn the_bench_lists_what_it_can_measure_and_refuses_what_it_cannot() {
    let bench = |arguments: &[&str]| {
        Command::new(env!("CARGO_BIN_EXE_frontdesk"))
            .arg("bench")
            .args(arguments)
            .output()
            .unwrap()
    };
    let listed = String::from_utf8(bench(&["--list"]).stdout).unwrap();
    for scenario in [
        "floor",
        "fanout",
        "pairs",
        "idle",
        "append",
        "post-to-event",
        "storm",
    ] {
        assert!(
            listed.contains(scenario),
            "{scenario} is missing in\n{listed}"
        );
    }
    let refused = bench(&["fan-out"]);
    assert_eq!(refused.status.code(), Some(3));
    let refused = bench(&["floor", "--quick", "--budgets", "/nowhere/budgets.toml"]);
    assert_eq!(refused.status.code(), Some(3));
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(said.contains("/nowhere/budgets.toml"), "{said}");
}
