//! Calls out: sends, deliveries, Graph.

use super::page::{Durations, Page};
use wharf_actors::meters::{CALL_BOUNDS_S, Meters};

pub(super) fn write(page: &mut Page, meters: &Meters) {
    page.put("wharf_send_attempts_total", meters.sends().map(|(result, count)| ([result], count as f64)));
    page.put("wharf_delivery_attempts_total", meters.deliveries().map(|(result, count)| ([result], count as f64)));
    let calls = meters.calls().map(|(purpose, result, count)| ([purpose, result], count as f64));
    page.put("wharf_graph_calls_total", calls);
    let times: Vec<_> = meters.times().map(|(purpose, times)| (purpose, times, times.buckets())).collect();
    let durations = times.iter().map(|(purpose, times, buckets)| {
        let (count, sum_s) = (times.count(), times.sum_s());
        ([*purpose], Durations { count, sum_s, bounds_s: &CALL_BOUNDS_S, buckets })
    });
    page.put_durations("wharf_graph_call_duration_seconds", durations);
}
