//! The table of metrics in the runbook is the catalogue. `UPDATE_README=1 cargo test --test documents` writes it.

use super::{read, root};
use wharf::ops::metrics::catalogue;

const RUNBOOK: &str = "deploy/RUNBOOK.md";
const BEGIN: &str = "<!-- metrics -->\n";
const END: &str = "<!-- /metrics -->";

#[test]
fn the_table_of_metrics_is_the_catalogue() {
    let runbook = read(RUNBOOK);
    let (before, rest) = runbook.split_once(BEGIN).expect("a mark where the table begins");
    let (found, after) = rest.split_once(END).expect("a mark where it ends");
    let expected = format!("\n{}\n", catalogue::markdown());
    if std::env::var_os("UPDATE_README").is_some() && found != expected {
        let text = format!("{before}{BEGIN}{expected}{END}{after}");
        std::fs::write(root().join(RUNBOOK), text).expect("the runbook can be written");
        return;
    }
    assert!(found == expected, "the table is not in step; UPDATE_README=1 writes this one:\n{expected}");
}
