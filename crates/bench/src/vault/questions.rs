//! Questions whose answers are counted by hand, and how long they take.

use std::{
    collections::BTreeMap,
    fs,
    time::{Duration, Instant},
};

use super::{
    Bench,
    notes::Note,
    service::{self, Service, encoded, total},
};
use crate::{
    Failure,
    load::{Measured, Pace, drive},
    server::Running,
};

/// Frequent and rare words, compounds, prefixes, phrases, ids, filters.
const QUERIES: [&str; 20] = [
    "결제",
    "롤백",
    "현금흐름 런웨이",
    "현금흐름",
    "결제 오류",
    "키",
    "온보딩을",
    "대시보드 oauth",
    "oauth",
    "roll",
    "tokens",
    "session token",
    "\"oauth token\"",
    "\"결제 인증\"",
    "tsk-000123",
    "결제 -배포",
    "결제 status:doing",
    "유일한바늘000500",
    "NEEDLE000500XQ",
    "없는말이다",
];
const EDITS: usize = 20;

impl Bench {
    pub(super) fn questions(
        &mut self,
        service: &Service,
        running: &Running,
        notes: &[Note],
    ) -> Result<(), Failure> {
        let count = notes.len();
        let small = count <= 10_000;
        let one = |paths: Vec<String>| -> Result<Measured, Failure> {
            let requests: Vec<String> = paths.iter().map(|path| service.request(path)).collect();
            let steps = service::sending(&requests, 1, |_| true);
            drive(running, steps, Pace::Full, self.settings.time)
        };
        let paths = QUERIES.map(|query| format!("/api/search?q={}", encoded(query)));
        let searched = one(paths.into())?;
        let grouped = one(vec![format!("/api/query?q={}", encoded("group by status"))])?;
        let ids = notes
            .iter()
            .step_by((count / 50).max(1))
            .map(|note| &note.id);
        let links = |id: &String| format!("/api/graph?direction=in&limit=200&id={id}");
        let linked = one(ids.map(links).collect())?;
        self.report.add(
            count,
            "search p50 / p99, through HTTP with a token",
            format!("{:.2} / {:.2} ms", searched.within(50), searched.within(99)),
            if small { "< 1 / < 5 ms" } else { "p50 < 10 ms" },
        );
        self.report.add(
            count,
            "group and count, p50",
            format!("{:.2} ms", grouped.within(50)),
            if small { "< 10 ms" } else { "" },
        );
        self.report.add(
            count,
            "who links to a note, p50",
            format!("{:.2} ms", linked.within(50)),
            if small { "< 1 ms" } else { "" },
        );
        self.by_hand(service, running, notes)?;
        self.edits(service, running, count)
    }

    /// Totals of filtered searches, against the notes as they were written.
    fn by_hand(
        &mut self,
        service: &Service,
        running: &Running,
        notes: &[Note],
    ) -> Result<(), Failure> {
        let port = running.port;
        let ask = |path: &str| service.get(port, path);
        let (mut right, mut asked) = (0, 0);
        for word in ["결제", "배포", "oauth", "런웨이", "latency"] {
            for tag in ["oauth", "finance", "project"] {
                let query = format!("{word} tag:{tag}");
                let answer = ask(&format!("/api/search?limit=1&q={}", encoded(&query)))?;
                let tagged = |note: &&Note| {
                    let under = |own: &&str| *own == tag || own.starts_with(&format!("{tag}/"));
                    note.text.contains(word) && note.tags.iter().any(under)
                };
                asked += 1;
                right += usize::from(
                    total(&answer.body) == Some(notes.iter().filter(tagged).count() as u64),
                );
            }
        }
        let figure = format!("{right} of {asked} exact");
        self.report.add(
            notes.len(),
            "totals of filtered searches, against counting by hand",
            figure,
            "all",
        );
        self.groups_by_hand(service, running, notes)
    }

    /// Groups and backlinks, against the notes as they were written.
    fn groups_by_hand(
        &mut self,
        service: &Service,
        running: &Running,
        notes: &[Note],
    ) -> Result<(), Failure> {
        let ask = |path: &str| service.get(running.port, path);
        let mut groups: BTreeMap<&str, u64> = BTreeMap::new();
        for note in notes {
            *groups.entry(note.status).or_default() += 1;
        }
        let answer = ask(&format!("/api/query?q={}", encoded("group by status")))?;
        let has = |(status, count): (&&str, &u64)| {
            let spaced = answer.body.replace(' ', "");
            spaced.contains(&format!("\"{status}\"")) && spaced.contains(&format!(":{count}"))
        };
        let exact = groups.iter().filter(|group| has(*group)).count();
        let figure = format!("{exact} of {} exact", groups.len());
        self.report.add(
            notes.len(),
            "groups and their counts, against counting by hand",
            figure,
            "all",
        );
        let mut linked: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for note in notes {
            for target in note.links.iter().filter(|target| **target != note.id) {
                linked.entry(target).or_default().push(&note.id);
            }
        }
        let asked: Vec<_> = linked.iter().step_by((linked.len() / 50).max(1)).collect();
        let mut right = 0;
        for (id, sources) in &asked {
            let answer = ask(&format!(
                "/api/graph?direction=in&relation=link&limit=200&id={id}"
            ))?;
            right += usize::from(sources.iter().all(|source| answer.body.contains(source)));
        }
        let figure = format!("{right} of {} complete", asked.len());
        self.report.add(
            notes.len(),
            "backlinks, against counting by hand",
            figure,
            "all",
        );
        Ok(())
    }

    /// From the write of a file to the first search that finds its new word.
    fn edits(&mut self, service: &Service, running: &Running, count: usize) -> Result<(), Failure> {
        let file = service.vault.join("edited.md");
        let mut times = Vec::new();
        for round in 0..EDITS {
            let word = format!("방금쓴낱말{round}");
            let path = format!("/api/search?limit=1&q={}", encoded(&word));
            let began = Instant::now();
            fs::write(&file, &word)?;
            while total(&service.get(running.port, &path)?.body) != Some(1) {
                if began.elapsed() > Duration::from_secs(30) {
                    return Err("an edit is never seen".into());
                }
                std::thread::sleep(Duration::from_millis(1));
            }
            times.push(began.elapsed());
            std::thread::sleep(Duration::from_millis(100));
        }
        fs::remove_file(&file)?;
        times.sort();
        let millis = |at: usize| times.get(at).map_or(0.0, Duration::as_secs_f64) * 1000.0;
        let figure = format!("{:.0} / {:.0} ms", millis(EDITS / 2), millis(EDITS - 1));
        self.report
            .add(count, "edit to visible, middle / worst", figure, "< 200 ms");
        Ok(())
    }
}
