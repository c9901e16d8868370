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
        for (what, requests, aim) in [
            ("tools/call of `search`, token verified", called, ""),
            (
                "tools/call of `get_entity`, token verified",
                looked,
                "60 × FastMCP",
            ),
            ("the same searches over REST, token verified", asked, ""),
        ] {
            let good =
                |body: &str| body.contains("\"results\"") || body.contains("structuredContent");
            let steps = || service::sending(&requests, CONNECTIONS, good);
            drive(running, steps(), Pace::Full, self.settings.time / 4)?; // warm
            let done = drive(running, steps(), Pace::Full, self.settings.time)?;
            self.report.add(notes.len(), what, figure(&done), aim);
        }
        Ok(())
    }

    /// A tool and a route that add two numbers, behind the door that every service has and without it.
    pub(super) fn checks(&mut self, service: &Service, count: usize) -> Result<(), Failure> {
        let running = service.setup.start_sums(&self.cores)?;
        let bearer = service.bearer();
        let (tool, terms) = ("add", json!({ "a": 1, "b": 2 }));
        for (what, with, without) in [
            (
                "tools/call that adds two numbers",
                call(&bearer, tool, &terms),
                call_at("/open", "", tool, &terms),
            ),
            (
                "a route that adds two numbers",
                http::get("/api/sum?a=1&b=2", &bearer),
                http::get("/open/sum?a=1&b=2", ""),
            ),
        ] {
            let (with, without) = ([with], [without]);
            let round = |requests: &[String]| {
                let steps =
                    service::sending(requests, CONNECTIONS, |body| body.contains("\"result\":3"));
                drive(&running, steps, Pace::Full, self.settings.time / ROUNDS)
            };
            round(&with)?; // warm
            let (mut checked, mut open) = (Measured::default(), Measured::default());
            for _ in 0..ROUNDS {
                checked = checked.and(&round(&with)?);
                open = open.and(&round(&without)?);
            }
            let share = 100.0 * checked.per_cpu_second() / open.per_cpu_second();
            let share = format!(
                "{} with, {} without: {share:.0} %",
                figure(&checked),
                figure(&open)
            );
            let what = format!("{what}, with a token and at the same mount without a door");
            self.report
                .add(count, &what, share, "95 % of the calls per CPU-s");
        }
        running.stop()
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
