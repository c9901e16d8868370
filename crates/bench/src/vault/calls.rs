//! How many calls a second, and what of that the check of tokens costs.

use serde_json::json;

use super::{
    Bench, CONNECTIONS,
    notes::Note,
    service::{self, Service, call, call_at},
};
use crate::{
    Failure, http,
    load::{Measured, Pace, drive},
    server::Running,
};

/// Rounds in which a request with a token and one without take turns, so that other work on the machine meets both.
const ROUNDS: u32 = 5;
/// What a verified call is held against, and the share of its calls per CPU-second that is aimed at.
const WITHOUT: [(&str, &str); 3] = [
    (
        "the same bytes behind all of the door but the look at the token",
        "95 %",
    ),
    ("the same layers, and no token sent", ""),
    ("the mount alone, no token sent, no access line written", ""),
];

impl Bench {
    /// How many a second, of tools and of REST.
    pub(super) fn calls(
        &mut self,
        service: &Service,
        running: &Running,
        notes: &[Note],
    ) -> Result<(), Failure> {
        let queries = ["결제", "oauth token", "유일한바늘000500", "현금흐름 런웨이"];
        let called: Vec<String> = queries.map(|query| service.call(query)).into();
        let ids = notes.iter().step_by((notes.len() / 50).max(1));
        let bearer = service.bearer();
        let looked: Vec<String> = ids
            .map(|note| call(&bearer, "get_entity", &json!({ "id": note.id })))
            .collect();
        let asked: Vec<String> = queries
            .map(|query| {
                let path = format!("/api/search?limit=10&q={}", service::encoded(query));
                service.request(&path)
            })
            .into();
        for (what, requests) in [
            ("tools/call of `search`, token verified", called),
            ("tools/call of `get_entity`, token verified", looked),
            ("the same searches over REST, token verified", asked),
        ] {
            let good =
                |body: &str| body.contains("\"results\"") || body.contains("structuredContent");
            let steps = || service::sending(&requests, CONNECTIONS, good);
            drive(running, steps(), Pace::Full, self.settings.time / 4)?; // warm
            let done = drive(running, steps(), Pace::Full, self.settings.time)?;
            self.report.add(notes.len(), what, figure(&done), "");
        }
        Ok(())
    }

    /// A tool and a route that add two numbers, behind the door that every service has and without it.
    pub(super) fn checks(&mut self, service: &Service, count: usize) -> Result<(), Failure> {
        let running = service.setup.start_sums(&self.cores)?;
        let bearer = service.bearer();
        let (tool, terms) = ("add", json!({ "a": 1, "b": 2 }));
        let sum = |path: &str, headers: &str| http::get(&format!("{path}/sum?a=1&b=2"), headers);
        let tool = |path: &str, headers: &str| call_at(path, headers, tool, &terms);
        for (what, aim, requests) in [
            (
                "tools/call that adds two numbers",
                "60 × 260 /s",
                [
                    tool("/mcp", &bearer),
                    tool("/unchecked", &bearer),
                    tool("/unchecked", ""),
                    tool("/open", ""),
                ],
            ),
            (
                "a route that adds two numbers",
                "",
                [
                    sum("/api", &bearer),
                    sum("/unchecked", &bearer),
                    sum("/unchecked", ""),
                    sum("/open", ""),
                ],
            ),
        ] {
            let done = self.in_turn(&running, &requests)?;
            let [checked, others @ ..] = done.as_slice() else {
                continue;
            };
            let what = format!("{what}, with a token that is verified");
            self.report.add(count, &what, figure(checked), aim);
            for (other, (without, aim)) in others.iter().zip(WITHOUT) {
                let share = 100.0 * checked.per_cpu_second() / other.per_cpu_second();
                let what = format!("… that, beside {without}");
                let share = format!("{share:.0} % of {}", figure(other));
                self.report.add(count, &what, share, aim);
            }
        }
        running.stop()
    }

    /// Sends each of these requests for as long, in turns.
    fn in_turn(&self, running: &Running, requests: &[String]) -> Result<Vec<Measured>, Failure> {
        let mut done = vec![Measured::default(); requests.len()];
        for round in 0..=ROUNDS {
            for (request, done) in requests.iter().zip(&mut done) {
                let good = |body: &str| body.contains("\"result\":3");
                let steps = service::sending(std::slice::from_ref(request), CONNECTIONS, good);
                let measured = drive(running, steps, Pace::Full, self.settings.time / ROUNDS)?;
                // The first round warms up.
                if round > 0 {
                    done.add(&measured);
                }
            }
        }
        Ok(done)
    }
}

fn figure(done: &Measured) -> String {
    format!(
        "{:.0} /s, {:.0} /CPU-s, p99 {:.1} ms",
        done.rate(),
        done.per_cpu_second(),
        done.within(99)
    )
}
