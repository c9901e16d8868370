//! The figures of the vault as Markdown, each beside what it is held against.

use std::fmt::Write as _;

/// Everything that was measured.
#[derive(Debug, Default)]
pub(crate) struct Report {
    machine: String,
    /// Notes, what, figure, aim.
    rows: Vec<[String; 4]>,
    /// Peer, what, figure.
    peers: Vec<[String; 3]>,
}

impl Report {
    pub(crate) fn new(machine: String) -> Self {
        Self {
            machine,
            ..Self::default()
        }
    }

    /// Adds a figure and says it.
    pub(crate) fn add(&mut self, notes: usize, what: &str, figure: String, aim: &str) {
        println!("  {notes} notes, {what}: {figure} ({aim})");
        let row = [notes.to_string(), what.to_owned(), figure, aim.to_owned()];
        self.rows.push(row);
    }

    /// Adds a figure of a peer and says it.
    pub(crate) fn peer(&mut self, peer: &str, what: &str, figure: String) {
        println!("  {peer}, {what}: {figure}");
        self.peers.push([peer.to_owned(), what.to_owned(), figure]);
    }

    pub(crate) fn to_markdown(&self) -> String {
        let mut out = format!(
            "# Benchmarks of the vault\n\n\
             Written by `make bench` (`BENCH_FULL=1 make bench` also takes 100,000 notes); figures of other runs differ, ratios \
             should not.\n\n\
             - Machine: {}. The server has one half of the cores, the load the other; a start of it and a peer have \
             all of them.\n\
             - public-api: profile `measured` (release without LTO), over real sockets, every request with a token of loop-auth that \
             it verifies. Notes of 4 kB, half Korean; files in the page cache.\n\
             - *cold*: nothing of an earlier run; from the start of the process to the first answer that holds every hit. *second*: with \
             what the first run kept, nothing changed. *CPU-s*: seconds of the process on a core, which other work on the machine \
             does not lengthen as it does the others.\n\
             - *by hand*: the texts of all notes looked through, one by one, by this program.\n\
             - *the look at the token*: the same bytes at the same mount, behind every layer of the door (CORS, one and the same caller in \
             the request, scopes, its access line) but the look at the token. Below it the same without a token sent, and the mount \
             without the door: what carrying some 600 more bytes and writing an access line cost.\n\
             - *60 × 260 /s*: a FastMCP server with its verifier made 260 calls a second where the aim was set; below stands what it makes here.\n\
             - *edit to visible*: changes are gathered for 50 ms. A note that comes or goes has all links followed anew, since any of them may \
             mean it; the worst of these edits is one.\n\
             - Peers over stdio, each on the same notes, with a search of their own; times from request to answer.\n\n\
             | Notes | What | Figure | Aim |\n|--:|---|--:|---|\n",
            self.machine
        );
        for [notes, what, figure, aim] in &self.rows {
            let _ = writeln!(out, "| {notes} | {what} | {figure} | {aim} |");
        }
        if !self.peers.is_empty() {
            out += "\n## Peers\n\n| Peer | What | Figure |\n|---|---|--:|\n";
            for [peer, what, figure] in &self.peers {
                let _ = writeln!(out, "| {peer} | {what} | {figure} |");
            }
        }
        out
    }
}
