//! What `wharf bench send` found, for people and as JSON.

use super::Options;
use super::flood::Flooded;
use crate::cli::bench::figures::Latency;
use crate::sandbox::NumberUsage;
use serde::Serialize;
use std::fmt::{Display, Formatter, Result};

/// All of it.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    /// What was asked for.
    pub(super) options: Options,
    /// What the store lay on.
    pub(super) filesystem: String,
    /// Cores of this machine.
    pub(super) cores: usize,
    /// The longest that this machine stood still meanwhile.
    pub(super) longest_pause_ms: f64,
    /// The sandbox alone.
    pub(super) direct: Direct,
    /// Through the queue.
    pub(super) queued: Queued,
    /// What the gateway adds to a synchronous send.
    pub(super) overhead: Overhead,
    /// The number with 80 messages per second.
    pub(super) paced: Paced,
    /// The number with 1000 messages per second, each taking 350 ms.
    pub(super) fast: Paced,
    /// The most memory of the gateway that was resident.
    pub(super) peak_kib: u64,
}

/// The sandbox alone.
#[derive(Debug, Serialize)]
pub(super) struct Direct {
    /// Sends answered per second.
    pub(super) per_second: f64,
    /// What was answered.
    pub(super) flooded: Flooded,
}

/// Through the queue.
#[derive(Debug, Serialize)]
pub(super) struct Queued {
    /// Messages that the sandbox took per second, from the first request on.
    pub(super) per_second: f64,
    /// Messages that it took.
    pub(super) taken: u64,
    /// Messages that the gateway answered per second.
    pub(super) kept_per_second: f64,
    /// What was answered.
    pub(super) flooded: Flooded,
}

/// What the gateway adds to a synchronous send.
#[derive(Debug, Serialize)]
pub(super) struct Overhead {
    /// Through the gateway.
    pub(super) through: Option<Latency>,
    /// To the sandbox.
    pub(super) direct: Option<Latency>,
    /// Answers other than 200.
    pub(super) not_200: u64,
}

/// How a number kept to its rate.
#[derive(Debug, Serialize)]
pub(super) struct Paced {
    /// Messages per second that it may have, in and out.
    pub(super) rate: u32,
    /// Messages that there were to send.
    pub(super) messages: u32,
    /// Messages that the sandbox took.
    pub(super) sent: u64,
    /// Messages that customers wrote meanwhile.
    pub(super) received: u64,
    /// Seconds until the last was taken.
    pub(super) seconds: f64,
    /// Messages sent per second.
    pub(super) per_second: f64,
    /// The most in any sliding second, in and out, against the rate.
    pub(super) worst_second: f64,
    /// What was sent against what the rate and the customers left.
    pub(super) used: f64,
    /// What was answered.
    pub(super) flooded: Flooded,
}

impl Paced {
    /// Of what the sandbox counted in so many seconds.
    pub(super) fn new(rate: u32, messages: u32, seconds: f64, usage: Option<NumberUsage>, flooded: Flooded) -> Self {
        let (sent, received, most) =
            usage.map_or((0, 0, 0), |usage| (usage.sent, usage.received, usage.most_in_a_second));
        let left = (f64::from(rate) * seconds - received as f64).max(1.0);
        Self {
            rate,
            messages,
            sent,
            received,
            seconds,
            per_second: sent as f64 / seconds,
            worst_second: most as f64 / f64::from(rate),
            used: sent as f64 / left,
            flooded,
        }
    }
}

impl Display for Report {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let Options { messages, accounts, connections, .. } = self.options;
        writeln!(
            f,
            "{messages} messages from {accounts} numbers over {connections} connections; {} cores, {}",
            self.cores, self.filesystem
        )?;
        writeln!(f, "the machine itself stood still for {:.0} ms at most", self.longest_pause_ms)?;
        self.rates(f)?;
        self.latencies(f)?;
        self.paces(f)?;
        writeln!(f, "\nthe gateway had {} MiB at most", self.peak_kib / 1024)
    }
}

impl Report {
    fn rates(&self, f: &mut Formatter<'_>) -> Result {
        writeln!(f)?;
        line(f, "limits off", &["sends/s", "answers/s", "taken", "not 2xx"])?;
        let Self { direct, queued, .. } = self;
        let rate = format!("{:.0}", direct.per_second);
        let messages = self.options.messages.to_string();
        line(f, "sandbox alone", &[&rate, &rate, &messages, &not_2xx(&direct.flooded)])?;
        let [rate, kept] = [queued.per_second, queued.kept_per_second].map(|rate| format!("{rate:.0}"));
        line(f, "through the queue", &[&rate, &kept, &queued.taken.to_string(), &not_2xx(&queued.flooded)])?;
        writeln!(f, "through the queue / sandbox alone: {:.2}", queued.per_second / direct.per_second)
    }

    fn latencies(&self, f: &mut Formatter<'_>) -> Result {
        writeln!(f)?;
        line(f, "one by one", &["p50 ms", "p99", "p99.9", "max"])?;
        let Overhead { through, direct, not_200 } = &self.overhead;
        for (title, latency) in [("direct call", direct), ("through wharf", through)] {
            let Some(Latency { p50_ms, p99_ms, p999_ms, max_ms }) = latency else { continue };
            let cells = [p50_ms, p99_ms, p999_ms, max_ms].map(|ms| format!("{ms:.2}"));
            line(f, title, &cells.each_ref().map(String::as_str))?;
        }
        if let (Some(through), Some(direct)) = (through, direct) {
            let (p50, p99) = (through.p50_ms - direct.p50_ms, through.p99_ms - direct.p99_ms);
            writeln!(f, "wharf adds p50 {p50:.2} ms, p99 {p99:.2} ms; {not_200} not 200")?;
        }
        Ok(())
    }

    fn paces(&self, f: &mut Formatter<'_>) -> Result {
        writeln!(f)?;
        line(f, "one number", &["sent/s", "sent", "of", "received", "seconds", "worst 1 s", "used", "not 2xx"])?;
        for (title, paced) in [("80/s", &self.paced), ("1000/s, 350 ms", &self.fast)] {
            let cells = [
                format!("{:.1}", paced.per_second),
                paced.sent.to_string(),
                paced.messages.to_string(),
                paced.received.to_string(),
                format!("{:.2}", paced.seconds),
                format!("{:.3}", paced.worst_second),
                format!("{:.1} %", paced.used * 100.0),
                not_2xx(&paced.flooded),
            ];
            line(f, title, &cells.each_ref().map(String::as_str))?;
        }
        writeln!(f, "worst 1 s: the most in any sliding second, in and out, / the rate; used: of what customers left")
    }
}

fn not_2xx(flooded: &Flooded) -> String {
    let other = flooded.answers.iter().filter(|(status, _)| !(200..300).contains(*status));
    (other.map(|(_, count)| count).sum::<u64>() + flooded.broken).to_string()
}

fn line(f: &mut Formatter<'_>, title: &str, cells: &[&str]) -> Result {
    write!(f, "{title:<18}")?;
    cells.iter().try_for_each(|cell| write!(f, "{cell:>11}"))?;
    writeln!(f)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_customers_wrote_is_no_part_of_what_could_be_sent() {
        let usage = NumberUsage {
            number: "1".into(),
            throughput: 80,
            sent: 600,
            received: 200,
            most_in_a_second: 84,
            throttled: 0,
            pair_violations: 0,
        };
        let paced = Paced::new(80, 1000, 10.0, Some(usage), Flooded::default());
        assert_eq!((paced.used, paced.worst_second, paced.per_second), (1.0, 1.05, 60.0));
    }
}
