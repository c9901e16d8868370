//! Measures the engine over a vault: `cargo run --profile measured -p loop-vault --example measure -- FOLDER [STATE]`.
//!
//! In: a folder of notes, and one for what a second run takes from the first. Out: one line for each number, on standard output.

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use loop_vault::{
    Snapshot, Vault, VaultConfig,
    query::{EntityFilter, Page, Sort, entities},
    search::search,
};

/// Common and rare words, compounds, prefixes, phrases, ids, filters.
const QUERIES: [&str; 24] = [
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
    "prj-0000",
    "결제 -롤백",
    "결제 status:doing",
    "롤백 type:Task tag:oauth",
    "title:결제",
    "유일한바늘단어000500",
    "NEEDLE000500XQ",
    "없는말이다",
    "데이터 파이프라인 배포",
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let root = std::env::args().nth(1).ok_or("name a folder of notes")?;
    let began = Instant::now();
    let vault = Vault::open(VaultConfig {
        state: std::env::args().nth(2).map(Into::into),
        ..VaultConfig::new(&root)
    })?;
    let opened = began.elapsed();
    println!(
        "memory when open, recalled      {}, {}",
        memory(),
        vault.recalled()
    );
    let first = search(&vault.snapshot(), "결제", &Page::default())?;
    println!(
        "cold start to the first answer  {:?} (open {opened:?}), {} hits",
        began.elapsed(),
        first.total
    );
    while vault.snapshot().unindexed() > 0 {
        std::thread::sleep(Duration::from_millis(2));
    }
    println!("indexed                         {:?}", began.elapsed());
    let snapshot = vault.snapshot();
    println!(
        "notes, bytes, index bytes       {} {} {}",
        snapshot.notes().len(),
        snapshot.bytes(),
        snapshot.index_bytes()
    );
    println!("memory                          {}", memory());
    searches(&snapshot)?;
    lists(&snapshot)?;
    edit(&vault, &root)?;
    println!("memory at the end               {}", memory());
    Ok(())
}

fn searches(snapshot: &Snapshot) -> Result<(), Box<dyn std::error::Error>> {
    let page = Page {
        limit: 20,
        cursor: None,
    };
    let mut all = Vec::new();
    for q in QUERIES {
        let mut times = Vec::new();
        let mut total = 0;
        for _ in 0..40 {
            let began = Instant::now();
            total = black_box(search(snapshot, q, &page)?).total;
            times.push(began.elapsed());
        }
        times.sort();
        println!("  {:>8.1?} {:>8.1?} {total:>7}  {q}", times[20], times[39]);
        all.extend(times);
    }
    all.sort();
    println!(
        "search p50, p99                 {:?} {:?}",
        all[all.len() / 2],
        all[all.len() * 99 / 100]
    );
    Ok(())
}

fn lists(snapshot: &Snapshot) -> Result<(), Box<dyn std::error::Error>> {
    let filter = EntityFilter {
        types: vec!["Task".into()],
        statuses: vec!["doing".into()],
        ..EntityFilter::default()
    };
    let began = Instant::now();
    let total = entities(snapshot, &filter, Sort::default(), &Page::default())?.total;
    println!(
        "a filtered, sorted page         {:?}, {total} of {}",
        began.elapsed(),
        snapshot.notes().len()
    );
    Ok(())
}

fn edit(vault: &Vault, root: &str) -> Result<(), Box<dyn std::error::Error>> {
    let mut times = Vec::new();
    for round in 0..10 {
        let word = format!("방금쓴낱말{round}");
        let file = std::path::Path::new(root).join("measured.md");
        let began = Instant::now();
        std::fs::write(&file, &word)?;
        while search(&vault.snapshot(), &word, &Page::default())?.total == 0 {
            std::thread::sleep(Duration::from_millis(1));
        }
        times.push(began.elapsed());
        std::thread::sleep(Duration::from_millis(300));
    }
    std::fs::remove_file(std::path::Path::new(root).join("measured.md"))?;
    times.sort();
    println!(
        "edit to visible, median, worst  {:?} {:?}",
        times[5], times[9]
    );
    Ok(())
}

/// Resident and peak memory of this process, as Linux says.
fn memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let lines = status
        .lines()
        .filter(|line| line.starts_with("VmRSS") || line.starts_with("VmHWM"));
    lines
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect::<Vec<_>>()
        .join(", ")
}
