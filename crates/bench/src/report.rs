//! The figures as Markdown: each beside what it is measured against.

use std::fmt::Write as _;

use crate::load::{Measured, Turns};

/// Database, key, grants stored beforehand.
pub(crate) type Situation = (&'static str, &'static str, usize);

/// One kind of request in one situation.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) what: &'static str,
    /// Which database.
    pub(crate) at: &'static str,
    pub(crate) alg: &'static str,
    pub(crate) stored: usize,
    pub(crate) ours: Measured,
    /// Signatures that `openssl speed` makes in a second of time on a core; `None` where nothing is signed.
    pub(crate) limit: Option<f64>,
    /// The same of the peer.
    pub(crate) peer: Option<Measured>,
}

/// Times of one kind of request without and with something else going on.
#[derive(Clone, Debug)]
pub(crate) struct Flood {
    /// The request.
    pub(crate) what: &'static str,
    /// What else goes on.
    pub(crate) beside: &'static str,
    pub(crate) quiet: Turns,
    pub(crate) flooded: Turns,
}

impl Flood {
    fn line(&self) -> String {
        let (quiet, flooded) = (&self.quiet, &self.flooded);
        format!(
            "| {} | {} | {:.2} | {quiet} | {:.2} | {flooded} | {:.1} |",
            self.what,
            self.beside,
            quiet.all.within(50),
            flooded.all.within(50),
            flooded.all.within(99) / quiet.all.within(99).max(0.001)
        )
    }
}

/// Everything that was measured.
#[derive(Clone, Debug, Default)]
pub(crate) struct Report {
    pub(crate) machine: String,
    pub(crate) server_cores: usize,
    pub(crate) connections: usize,
    pub(crate) rows: Vec<Row>,
    pub(crate) floods: Vec<Flood>,
    /// The administrator's pages and their times.
    pub(crate) pages: Vec<(String, Measured)>,
    /// What, figure, what it is held against.
    pub(crate) others: Vec<[String; 3]>,
}

impl Report {
    pub(crate) fn to_markdown(&self) -> String {
        let mut out = format!(
            "# Benchmarks\n\n\
             Written by `make bench` (`BENCH_FULL=1 make bench` also sends a million requests and floods longer); \
             figures of other runs differ,\nratios should not.\n\n\
             - Machine: {}. The server, `openssl speed` and node-oidc-provider each have {} of the cores in turn; the \
             load has the rest.\n\
             - loop-auth: SQLite, `synchronous=FULL`: every answer waits for the disk. {} connections, real sockets, \
             profile `measured` (release without LTO).\n\
             - node-oidc-provider 9: one process, everything in memory, nothing durable; JWT access tokens, rotation on.\n\
             - */CPU-s*: answers for each second that the server's process spent on a core, kernel and disk work for it \
             included; other work on the machine does not change it.\n\
             - *of the limit*: that, beside the signatures that `openssl speed` makes with the same kind of key in a \
             second on the same core in the same minute. 100 % would be a server that does nothing but sign.\n\n",
            self.machine, self.server_cores, self.connections
        );
        out += "## Requests per second\n\n\
                | Request | Database | Key | Grants stored | /s | /CPU-s | limit /CPU-s | of the limit | peer /s | peer /CPU-s | times the peer | p50 ms | p99 ms |\n\
                |---|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n";
        for row in &self.rows {
            out += &row.line();
            out.push('\n');
        }
        out += "\nThe codes of the code exchange come on top of the grants stored. Introspection signs nothing.\n\n\
                What holds a refresh back from the limit (profiled with `perf`: half of its time is the signature) is spread \
                thin: a fifth is the kernel\n(sockets, hand-overs between threads, the log and its fsync), a tenth the allocator, \
                a tenth SQLite, the rest HTTP, statements and rows.\nReads and writes are shared with the others of the moment \
                (decision 11), so no statement stands out any more; other allocators\n(mimalloc, jemalloc) gained nothing and took \
                more memory. A client's own token needs no write and fewer statements. With ES256\nthe signature is so cheap that \
                only this work is left. PostgreSQL's own processes are not counted in /CPU-s, and have all cores.\n\n\
                ## While something else goes on\n\n\
                All cores for everybody, 100 requests a second of each kind, 500 of them a turn, in turns of all situations: a p99 is that \
                of all turns,\nin brackets those of the best and the worst. Four connections send, each at moments of chance. Quiet a \
                second time shows what is noise.\nLogins are measured with the fewest grants stored, the rest with the most. Loop-auth \
                hashes on all cores but one. People who log in\nwithout a pause keep the hashing busy; where more come than may wait, \
                they come back after up to 100 ms, and hundreds of tries a second are\nrefused besides (decision 42).\n\
                A flood leaves others the cores that do not hash, of two cores one, on which its logins and refusals are work as any other. \
                Each flood\nstands beside its like, in which loop-auth hashes nothing: other programs do, on as many cores, alone; while \
                another loop-auth answers as\nmany logins whose passwords cost it a millisecond (bcrypt cost 4); and while it answers as \
                many pages as tries were answered in the second\nflood (decision 44).\n\n\
                | Request | Meanwhile | p50 ms quiet | p99 ms quiet | p50 ms meanwhile | p99 ms meanwhile | p99 ratio |\n\
                |---|---|--:|--:|--:|--:|--:|\n";
        for flood in &self.floods {
            out += &flood.line();
            out.push('\n');
        }
        out += "\n## The administrator's pages\n\n\
                Whole pages as a browser gets them, with the most grants stored, two connections one request after another. 100 ms is \
                wanted\nof each.\n\n| Page | p50 ms | p99 ms |\n|---|--:|--:|\n";
        for (page, times) in &self.pages {
            let (p50, p99) = (times.within(50), times.within(99));
            let _ = writeln!(out, "| {page} | {p50:.2} | {p99:.2} |");
        }
        out += "\n## Start, memory, disk, logins, backup\n\n| What | Figure | Beside |\n|---|--:|---|\n";
        for [what, figure, beside] in &self.others {
            let _ = writeln!(out, "| {what} | {figure} | {beside} |");
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
    pub(crate) fn set_peer(&mut self, what: &str, alg: &str, got: &Measured) {
        for row in &mut self.rows {
            if row.what == what && row.alg == alg {
                row.peer = Some(got.clone());
            }
        }
    }
}

impl Row {
    /// A row that the peer is not in yet.
    pub(crate) const fn new(
        what: &'static str,
        (at, alg, stored): Situation,
        ours: Measured,
        limit: Option<f64>,
    ) -> Self {
        Self {
            what,
            at,
            alg,
            stored,
            ours,
            limit,
            peer: None,
        }
    }

    /// As a line of the table.
    pub(crate) fn line(&self) -> String {
        let per_cpu = self.ours.per_cpu_second();
        let or_none = |text: Option<String>| text.unwrap_or_else(|| "–".to_owned());
        let limit = |show: &dyn Fn(f64) -> String| or_none(self.limit.map(show));
        let peer = |show: &dyn Fn(&Measured) -> String| or_none(self.peer.as_ref().map(show));
        format!(
            "| {} | {} | {} | {} | {:.0} | {per_cpu:.0} | {} | {} | {} | {} | {} | {:.1} | {:.1} |",
            self.what,
            self.at,
            self.alg,
            self.stored,
            self.ours.rate(),
            limit(&|limit| format!("{limit:.0}")),
            limit(&|limit| format!("{:.0} %", 100.0 * per_cpu / limit)),
            peer(&|peer| format!("{:.0}", peer.rate())),
            peer(&|peer| format!("{:.0}", peer.per_cpu_second())),
            peer(&|peer| format!("{:.1}", per_cpu / peer.per_cpu_second())),
            self.ours.within(50),
            self.ours.within(99)
        )
    }
}
