//! The figures as Markdown: each beside what it is measured against.

use crate::load::Measured;

/// One kind of request in one situation.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) what: &'static str,
    pub(crate) alg: &'static str,
    pub(crate) stored: usize,
    pub(crate) ours: Measured,
    /// Signatures a second of `openssl speed` on the same cores; `None` where nothing is signed.
    pub(crate) limit: Option<f64>,
    /// Requests a second of the peer.
    pub(crate) peer: Option<f64>,
}

/// Times of one kind of request without and with a flood of logins.
#[derive(Clone, Debug)]
pub(crate) struct Flood {
    pub(crate) what: &'static str,
    pub(crate) quiet: Measured,
    pub(crate) flooded: Measured,
}

/// Everything that was measured.
#[derive(Clone, Debug, Default)]
pub(crate) struct Report {
    pub(crate) machine: String,
    pub(crate) server_cores: usize,
    pub(crate) connections: usize,
    pub(crate) rows: Vec<Row>,
    pub(crate) floods: Vec<Flood>,
    /// What, figure, what it is held against.
    pub(crate) others: Vec<[String; 3]>,
}

impl Report {
    pub(crate) fn to_markdown(&self) -> String {
        let mut out = format!(
            "# Benchmarks\n\n\
             Written by `make bench` (`BENCH_FULL=1 make bench` also sends a million requests); figures of other \
             runs differ,\nratios should not.\n\n\
             - Machine: {}. The server, `openssl speed` and node-oidc-provider each have {} of the cores in turn; the \
             load has the rest.\n\
             - loop-auth: SQLite, `synchronous=FULL`: every answer waits for the disk. {} connections, real sockets, \
             profile `measured` (release without LTO).\n\
             - node-oidc-provider 9: one process, everything in memory, nothing durable; JWT access tokens, rotation on.\n\
             - *of the limit*: beside the signatures that `openssl speed` makes with the same key type on the same \
             cores in the same minute.\n\n",
            self.machine, self.server_cores, self.connections
        );
        out += "## Requests per second\n\n\
                | Request | Key | Grants stored | loop-auth /s | limit /s | of the limit | peer /s | times the peer | p50 ms | p99 ms |\n\
                |---|---|--:|--:|--:|--:|--:|--:|--:|--:|\n";
        for row in &self.rows {
            out += &row.line();
            out.push('\n');
        }
        out += "\nThe codes of the code exchange come on top of the grants stored. Introspection signs nothing.\n\n\
                ## While a flood of logins keeps bcrypt busy\n\n\
                All cores for everybody, a fixed number of requests a second.\n\n\
                | Request | p50 ms quiet | p99 ms quiet | p50 ms flooded | p99 ms flooded | p99 ratio |\n\
                |---|--:|--:|--:|--:|--:|\n";
        for flood in &self.floods {
            let (quiet, flooded) = (&flood.quiet, &flood.flooded);
            out += &format!(
                "| {} | {:.2} | {:.2} | {:.2} | {:.2} | {:.1} |\n",
                flood.what,
                quiet.within(50),
                quiet.within(99),
                flooded.within(50),
                flooded.within(99),
                flooded.within(99) / quiet.within(99).max(0.001)
            );
        }
        out += "\n## Start, memory, disk\n\n| What | Figure | Beside |\n|---|--:|---|\n";
        for [what, figure, beside] in &self.others {
            out += &format!("| {what} | {figure} | {beside} |\n");
        }
        out
    }

    /// Adds a figure and says it.
    pub(crate) fn other(&mut self, what: impl Into<String>, figure: String, beside: &str) {
        let line = [what.into(), figure, beside.to_owned()];
        println!("  {}: {} ({})", line[0], line[1], line[2]);
        self.others.push(line);
    }

    /// Fills in the peer's rate of a kind of request.
    pub(crate) fn set_peer(&mut self, what: &str, alg: &str, rate: f64) {
        for row in &mut self.rows {
            if row.what == what && row.alg == alg {
                row.peer = Some(rate);
            }
        }
    }
}

impl Row {
    /// As a line of the table.
    pub(crate) fn line(&self) -> String {
        let rate = self.ours.rate();
        let part = |limit: f64| format!("{:.0} %", 100.0 * rate / limit);
        let times = |peer: f64| format!("{:.1}", rate / peer);
        let number = |value: f64| format!("{value:.0}");
        let or_none = |text: Option<String>| text.unwrap_or_else(|| "–".to_owned());
        format!(
            "| {} | {} | {} | {rate:.0} | {} | {} | {} | {} | {:.1} | {:.1} |",
            self.what,
            self.alg,
            self.stored,
            or_none(self.limit.map(number)),
            or_none(self.limit.map(part)),
            or_none(self.peer.map(number)),
            or_none(self.peer.map(times)),
            self.ours.within(50),
            self.ours.within(99)
        )
    }
}
