//! What others need for a search of the same notes, and a `FastMCP` server for calls behind a check of tokens.

use std::{
    process::Command,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::{
    Bench, CONNECTIONS,
    service::{self, Service, call},
    stdio::PeerLine,
};
use crate::{
    Failure,
    load::{Pace, drive},
    server::{Running, free_port},
};

/// Searches of a peer.
const SEARCHES: usize = 20;
/// Words that a peer is asked for in turn; `{query}` in its arguments.
const WORDS: [&str; 4] = ["결제", "롤백", "현금흐름 런웨이", "oauth token"];

impl Bench {
    pub(super) fn peers(&mut self, service: &Service, count: usize) -> Result<(), Failure> {
        self.cores.share()?;
        self.ripgrep(service);
        for line in self.settings.peers.clone() {
            let peer = PeerLine::parse(&line, &service.vault)?;
            println!("{} over {count} notes", peer.name);
            if let Err(failure) = self.peer(&peer) {
                self.report.peer(peer.name, "failed", failure.to_string());
            }
        }
        if let Err(failure) = self.fastmcp(service) {
            self.report.peer("FastMCP", "failed", failure.to_string());
        }
        self.cores.leave()
    }

    fn peer(&mut self, peer: &PeerLine) -> Result<(), Failure> {
        let arguments = |word: &str| -> Result<Value, Failure> {
            let text = peer.arguments.to_string().replace("{query}", word);
            Ok(serde_json::from_str(&text)?)
        };
        let began = Instant::now();
        let mut running = peer.start()?;
        running.call(peer.tool, &arguments(WORDS[0])?)?;
        let first = began.elapsed();
        let mut times = Vec::new();
        for turn in 0..SEARCHES {
            let word = WORDS[turn % WORDS.len()];
            let began = Instant::now();
            running.call(peer.tool, &arguments(word)?)?;
            times.push(began.elapsed());
        }
        let figure = format!("{:.1} s", first.as_secs_f64());
        self.report
            .peer(peer.name, "start to the first answer", figure);
        let figure = format!("{} / {} ms", millis(&mut times, 50), millis(&mut times, 99));
        self.report
            .peer(peer.name, "search p50 / p99, over stdio", figure);
        if let Some(memory) = running.memory() {
            self.report.peer(
                peer.name,
                "memory at most (its own process)",
                format!("{memory:.0} MiB"),
            );
        }
        Ok(())
    }

    /// The floor: every file read for every question.
    fn ripgrep(&mut self, service: &Service) {
        let mut times = Vec::new();
        for turn in 0..SEARCHES {
            let began = Instant::now();
            let found = Command::new("rg")
                .args(["--count", "--ignore-case", "--fixed-strings"])
                .arg(WORDS[turn % WORDS.len()])
                .arg(&service.vault)
                .output();
            if found.is_err() {
                self.report
                    .peer("ripgrep", "failed", "it is not installed".to_owned());
                return;
            }
            times.push(began.elapsed());
        }
        let figure = format!("{} / {} ms", millis(&mut times, 50), millis(&mut times, 99));
        self.report
            .peer("ripgrep", "one word in all files, p50 / p99", figure);
    }

    /// Calls of a tool that does nothing, behind `FastMCP`'s own verifier of the same tokens.
    fn fastmcp(&mut self, service: &Service) -> Result<(), Failure> {
        let Some((python, script)) = self.settings.fastmcp.clone() else {
            return Ok(());
        };
        let mut command = self.cores.on_server(&python);
        command.arg(script);
        let port = free_port()?;
        let issuer = service.setup.issuer();
        let settings = [
            ("JWKS_URL", format!("{issuer}/.well-known/jwks.json")),
            ("ISSUER", issuer),
            ("AUDIENCE", service.setup.resource()),
        ];
        let running = Running::start(command, port, &settings)?;
        self.cores.leave()?;
        let bearer = format!("Authorization: Bearer {}\r\n", service.token);
        let calls = [call(&bearer, "add", &json!({ "a": 1, "b": 2 }))];
        let steps = || service::sending(&calls, CONNECTIONS, |body| body.contains("result"));
        drive(&running, steps(), Pace::Full, Duration::from_secs(1))?;
        let called = drive(&running, steps(), Pace::Full, self.settings.time)?;
        let figure = format!(
            "{:.0} /s, {:.0} /CPU-s",
            called.rate(),
            called.per_cpu_second()
        );
        self.report.peer(
            "FastMCP with JWTVerifier",
            "tools/call that adds two numbers",
            figure,
        );
        self.cores.share()
    }
}

fn millis(times: &mut [Duration], percent: usize) -> String {
    times.sort();
    let at = (times.len() * percent / 100).min(times.len().saturating_sub(1));
    let millis = times.get(at).map_or(0.0, Duration::as_secs_f64) * 1000.0;
    format!("{millis:.1}")
}
