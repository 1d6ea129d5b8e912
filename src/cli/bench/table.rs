//! What a measurement found, for people.

use super::figures::Latency;
use super::report::{ByTheClock, Report, Subject};
use std::fmt::{Display, Formatter, Result};

impl Display for Report {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let options = &self.options;
        writeln!(
            f,
            "{} connections, {} accounts, bodies of some 700 bytes; {} rounds of {} s, medians; {} cores, {}",
            options.connections, options.accounts, options.rounds, options.seconds, self.cores, self.filesystem
        )?;
        writeln!(f, "the machine itself stood still for {:.0} ms at most", self.longest_pause_ms)?;
        self.closed(f)?;
        self.ratios(f)?;
        self.commits(f)?;
        self.open(f)?;
        self.deliveries(f)?;
        self.engaged(f)
    }
}

impl Report {
    fn closed(&self, f: &mut Formatter<'_>) -> Result {
        writeln!(f)?;
        line(
            f,
            "closed loop",
            &[
                "webhooks/s",
                "p50 ms",
                "p99",
                "p99.9",
                "max",
                "CPU us",
                "CPU s",
                "load us",
                "peak MiB",
                "B/event",
                "not 200",
            ],
        )?;
        self.closed.iter().try_for_each(|subject| subject.show(f))
    }

    fn ratios(&self, f: &mut Formatter<'_>) -> Result {
        writeln!(f)?;
        for comparison in &self.comparisons {
            let (one, other) = (comparison.one.title(), comparison.other.title());
            if let Some(ratio) = comparison.by_rate {
                write!(
                    f,
                    "{one} / {other}: {:.2} (rounds from {:.2} to {:.2})",
                    ratio.median, ratio.lowest, ratio.highest
                )?;
            }
            match comparison.by_cpu {
                Some(ratio) => writeln!(f, "; by CPU time, the load's included: {ratio:.2}")?,
                None => writeln!(f)?,
            }
        }
        Ok(())
    }

    fn commits(&self, f: &mut Formatter<'_>) -> Result {
        for subject in &self.closed {
            if let (Some(events), Some(ms), Some(ready_s)) =
                (subject.events_per_commit, subject.commit_ms, subject.ready_s)
            {
                let title = subject.role.title();
                writeln!(f, "{title}: ready after {ready_s:.3} s; {events:.1} events share a sync, {ms:.2} ms each")?;
            }
        }
        Ok(())
    }

    fn open(&self, f: &mut Formatter<'_>) -> Result {
        if let Some(half) = &self.half {
            write!(f, "\nopen loop at half: ")?;
            half.show(f)?;
        }
        if let Some(burst) = &self.burst {
            write!(f, "\nburst at twice: ")?;
            burst.show(f)?;
        }
        Ok(())
    }

    fn deliveries(&self, f: &mut Formatter<'_>) -> Result {
        for drained in &self.drained {
            writeln!(
                f,
                "\ndeliveries in the closed loop: {:.0}/s, the last {:.2} s after the last answer, {} missing, {} repeated",
                drained.per_second, drained.behind_s, drained.missing, drained.repeated
            )?;
        }
        if let Some(delivered) = &self.delivered {
            writeln!(
                f,
                "\nat {:.0} webhooks/s: {} not 200, {} not delivered",
                delivered.rate, delivered.not_200, delivered.missing
            )?;
            writeln!(f, "  POST to 200       {}", Shown(delivered.answer))?;
            writeln!(f, "  POST to delivery  {}", Shown(delivered.delivery))?;
        }
        if let Some(batch) = &self.batch {
            let answer = shown(batch.answer_ms, 0);
            write!(
                f,
                "\n{} batches of {} statuses: 200 after {answer} ms, at most {:.0} ms",
                batch.batches, batch.statuses, batch.longest_ms
            )?;
            if !batch.not_200.is_empty() {
                write!(f, "; not 200: {:?}", batch.not_200)?;
            }
            match batch.arrived {
                Some(arrived) => writeln!(f, "; {arrived} of {} arrived one by one", batch.batches * batch.statuses)?,
                None => writeln!(f)?,
            }
        }
        Ok(())
    }

    fn engaged(&self, f: &mut Formatter<'_>) -> Result {
        for engaged in self.engaged.iter().flatten() {
            writeln!(
                f,
                "\n{} accounts: ready after {} s with {} MiB ({} MiB at most), {} MiB after webhooks for all",
                engaged.accounts,
                shown(engaged.ready_s, 3),
                engaged.ready_kib / 1024,
                engaged.peak_at_start_kib / 1024,
                engaged.after_load_kib / 1024
            )?;
        }
        Ok(())
    }
}

impl Subject {
    fn show(&self, f: &mut Formatter<'_>) -> Result {
        let of = |part: fn(&Latency) -> f64| shown(self.latency.as_ref().map(part), 2);
        let cells = [
            shown(self.per_second, 0),
            of(|latency| latency.p50_ms),
            of(|latency| latency.p99_ms),
            of(|latency| latency.p999_ms),
            of(|latency| latency.max_ms),
            shown(self.server_cpu_us, 1),
            format!("{:.1}", self.server_cpu_s),
            shown(self.load_cpu_us, 1),
            (self.peak_kib / 1024).to_string(),
            shown(self.bytes_per_event, 0),
            self.not_200.to_string(),
        ];
        line(f, self.role.title(), &cells.each_ref().map(String::as_str))
    }
}

impl ByTheClock {
    fn show(&self, f: &mut Formatter<'_>) -> Result {
        let Self { rate, connections, answered, not_200, late_s, .. } = self;
        writeln!(
            f,
            "{rate:.0} webhooks/s over {connections} connections; {answered} answered 200, {not_200} not; the last {late_s:.2} s late"
        )?;
        writeln!(f, "  {}", Shown(self.latency))
    }
}

/// Percentiles in words.
struct Shown(Option<Latency>);

impl Display for Shown {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self.0 {
            Some(Latency { p50_ms, p99_ms, p999_ms, max_ms }) => {
                write!(f, "p50 {p50_ms:.2} ms, p99 {p99_ms:.2} ms, p99.9 {p999_ms:.2} ms, max {max_ms:.2} ms")
            }
            None => write!(f, "nothing came"),
        }
    }
}

fn line(f: &mut Formatter<'_>, title: &str, cells: &[&str]) -> Result {
    write!(f, "{title:<16}")?;
    cells.iter().try_for_each(|cell| write!(f, "{cell:>11}"))?;
    writeln!(f)
}

fn shown(figure: Option<f64>, decimals: usize) -> String {
    figure.map_or_else(|| "-".to_owned(), |figure| format!("{figure:.decimals$}"))
}
