//! The page of a scrape: samples under the names of the catalogue, as Prometheus reads them. Knows no figures.

use super::catalogue::{Metric, Shape, entry};
use prometheus::TextEncoder;
use prometheus::proto::{Bucket, Counter, Gauge, Histogram, LabelPair, Metric as Sample, MetricFamily, MetricType};

/// What is told at one scrape.
#[derive(Default)]
pub(super) struct Page(Vec<MetricFamily>);

/// Durations in buckets; those beyond the last bound are in `count` alone.
pub(super) struct Durations<'a> {
    pub(super) count: u64,
    pub(super) sum_s: f64,
    pub(super) bounds_s: &'a [f64],
    /// How many there are in each bucket alone.
    pub(super) buckets: &'a [u64],
}

impl Page {
    /// The one sample of a metric without labels.
    pub(super) fn one(&mut self, name: &str, value: f64) {
        self.put(name, [([""; 0], value)]);
    }

    /// Samples by what stands under their labels.
    pub(super) fn put<const LABELS: usize, L: Into<String>>(
        &mut self,
        name: &str,
        samples: impl IntoIterator<Item = ([L; LABELS], f64)>,
    ) {
        let metric = entry(name);
        self.add(metric, samples.into_iter().map(|(labels, value)| sample(metric, labels, value)).collect());
    }

    /// Histograms by what stands under their labels.
    pub(super) fn put_durations<'a, const LABELS: usize>(
        &mut self,
        name: &str,
        samples: impl IntoIterator<Item = ([&'a str; LABELS], Durations<'a>)>,
    ) {
        let metric = entry(name);
        let told = samples.into_iter().map(|(labels, durations)| {
            let mut told = sample(metric, labels, 0.0);
            told.set_histogram(histogram(&durations));
            told
        });
        self.add(metric, told.collect());
    }

    fn add(&mut self, metric: &Metric, samples: Vec<Sample>) {
        // A family without samples is not told at all.
        if samples.is_empty() {
            return;
        }
        let mut family = MetricFamily::default();
        family.set_name(metric.name.to_owned());
        family.set_help(metric.help.to_owned());
        family.set_field_type(match metric.shape {
            Shape::Counter => MetricType::COUNTER,
            Shape::Gauge => MetricType::GAUGE,
            Shape::Histogram => MetricType::HISTOGRAM,
        });
        family.set_metric(samples);
        self.0.push(family);
    }

    /// The page, in the order of names.
    pub(super) fn text(mut self) -> prometheus::Result<String> {
        self.0.sort_by(|left, right| left.name().cmp(right.name()));
        TextEncoder::new().encode_to_string(&self.0)
    }
}

fn sample<const LABELS: usize, L: Into<String>>(metric: &Metric, labels: [L; LABELS], value: f64) -> Sample {
    debug_assert_eq!(metric.labels.len(), LABELS, "{} has other labels", metric.name);
    let pairs = metric.labels.iter().zip(labels).map(|(name, value)| {
        let mut pair = LabelPair::default();
        pair.set_name((*name).to_owned());
        pair.set_value(value.into());
        pair
    });
    let mut sample = Sample::from_label(pairs.collect());
    match metric.shape {
        Shape::Counter => {
            let mut counter = Counter::default();
            counter.set_value(value);
            sample.set_counter(counter);
        }
        Shape::Gauge => {
            let mut gauge = Gauge::default();
            gauge.set_value(value);
            sample.set_gauge(gauge);
        }
        Shape::Histogram => {}
    }
    sample
}

fn histogram(durations: &Durations<'_>) -> Histogram {
    let mut below = 0;
    let buckets = durations.bounds_s.iter().zip(durations.buckets).map(|(bound, count)| {
        below += count;
        let mut bucket = Bucket::default();
        bucket.set_upper_bound(*bound);
        bucket.set_cumulative_count(below);
        bucket
    });
    let mut told = Histogram::default();
    told.set_bucket(buckets.collect());
    told.set_sample_count(durations.count);
    told.set_sample_sum(durations.sum_s);
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_sorted_and_says_what_each_metric_is() {
        let mut page = Page::default();
        page.one("wharf_store_open", 1.0);
        page.put("wharf_accounts", [(["a\"b"], 3.0)]);
        page.put("wharf_send_holds", [([""; 1], 0.0); 0]);
        let text = page.text().expect("a page");
        let samples: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
        assert_eq!(samples, ["wharf_accounts{gateway=\"a\\\"b\"} 3", "wharf_store_open 1"]);
        assert!(text.contains("# TYPE wharf_store_open gauge"), "{text}");
    }

    #[test]
    fn buckets_are_told_as_sums_of_all_below_and_the_slowest_only_in_the_count() {
        let mut page = Page::default();
        let durations = Durations { count: 6, sum_s: 9.5, bounds_s: &[0.1, 1.0], buckets: &[2, 3] };
        page.put_durations("wharf_commit_duration_seconds", [([], durations)]);
        let text = page.text().expect("a page");
        for line in ["_bucket{le=\"0.1\"} 2", "_bucket{le=\"1\"} 5", "_bucket{le=\"+Inf\"} 6", "_sum 9.5", "_count 6"] {
            assert!(text.contains(&format!("wharf_commit_duration_seconds{line}\n")), "{line} in {text}");
        }
    }
}
