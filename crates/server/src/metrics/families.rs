//! Families of metrics as OpenMetrics writes them: a name, a help, and a row for each set of
//! labels. Which there are is for `metrics.rs` to say.

use std::fmt;

use engine::Distribution;
use prometheus_client::encoding::{DescriptorEncoder, EncodeGaugeValue, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Unit;

/// Where families are written.
pub(super) struct Families<'a>(pub(super) DescriptorEncoder<'a>);

/// One value of a family, with its labels.
pub(super) struct Row<V> {
    labels: Vec<(&'static str, String)>,
    value: V,
}

impl<V> Row<V> {
    pub(super) fn new(value: V) -> Self {
        Self {
            labels: Vec::new(),
            value,
        }
    }

    pub(super) fn with(mut self, label: &'static str, value: impl Into<String>) -> Self {
        self.labels.push((label, value.into()));
        self
    }

    pub(super) fn of_shard(self, id: u16) -> Self {
        self.with("shard", id.to_string())
    }
}

impl Families<'_> {
    /// What goes up and down.
    pub(super) fn gauges<V: EncodeGaugeValue>(
        &mut self,
        name: &str,
        help: &str,
        unit: Option<&Unit>,
        rows: impl IntoIterator<Item = Row<V>>,
    ) -> fmt::Result {
        let family = self.begin(name, help, unit, MetricType::Gauge)?;
        each(family, rows, |row, value| row.encode_gauge(&value))
    }

    /// What only goes up; the text shows the name with `_total` behind it.
    pub(super) fn counters(
        &mut self,
        name: &str,
        help: &str,
        rows: impl IntoIterator<Item = Row<u64>>,
    ) -> fmt::Result {
        let family = self.begin(name, help, None, MetricType::Counter)?;
        each(family, rows, |row, value| {
            row.encode_counter::<NoLabelSet, u64, f64>(&value, None)
        })
    }

    /// How long things took: recorded in microseconds, shown in seconds.
    pub(super) fn durations<'d>(
        &mut self,
        name: &str,
        help: &str,
        rows: impl IntoIterator<Item = Row<&'d Distribution>>,
    ) -> fmt::Result {
        let family = self.begin(name, help, Some(&Unit::Seconds), MetricType::Histogram)?;
        each(family, rows, |row, value| histogram(row, value, 1e6))
    }

    /// How large things were.
    pub(super) fn sizes<'d>(
        &mut self,
        name: &str,
        help: &str,
        rows: impl IntoIterator<Item = Row<&'d Distribution>>,
    ) -> fmt::Result {
        let family = self.begin(name, help, None, MetricType::Histogram)?;
        each(family, rows, |row, value| histogram(row, value, 1.0))
    }

    fn begin<'s>(
        &'s mut self,
        name: &'s str,
        help: &str,
        unit: Option<&'s Unit>,
        kind: MetricType,
    ) -> Result<MetricEncoder<'s>, fmt::Error> {
        self.0.encode_descriptor(name, help, unit, kind)
    }
}

fn each<V>(
    mut family: MetricEncoder<'_>,
    rows: impl IntoIterator<Item = Row<V>>,
    encode: impl Fn(&mut MetricEncoder<'_>, V) -> fmt::Result,
) -> fmt::Result {
    for Row { labels, value } in rows {
        // A family without labels would be written with an empty pair of braces.
        if labels.is_empty() {
            encode(&mut family, value)?;
        } else {
            encode(&mut family.encode_family(&labels)?, value)?;
        }
    }
    Ok(())
}

/// Bounds and sum are divided by `per_unit`.
fn histogram(row: &mut MetricEncoder<'_>, value: &Distribution, per_unit: f64) -> fmt::Result {
    let bounds = value.bounds.iter().map(|bound| *bound as f64 / per_unit);
    let counts = value.counts.iter().copied();
    let buckets: Vec<(f64, u64)> = bounds.chain([f64::INFINITY]).zip(counts).collect();
    let count = value.counts.iter().sum();
    let sum = value.sum as f64 / per_unit;
    row.encode_histogram::<NoLabelSet>(sum, count, &buckets, None)
}
