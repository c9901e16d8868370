//! A vault to measure: notes of some 4 kB with properties, Korean and English prose, links; the same for the same number.
//!
//! In: how many. Out: files, and every note's text for counting by hand. Never: a random source but its own.

use std::{fmt::Write as _, fs, path::Path};

use crate::Failure;

const NOUNS: &str = "결제 인증 서버 토큰 세션 사용자 구독 매출 현금흐름 런웨이 채용 조직 실험 가설 지표 전환율 온보딩 대시보드 보안 권한 감사 로그 캐시 색인 검색 문서 관계 프로젝트 과제 일정 예산 데이터 파이프라인 배포 장애 복구 백업 정책 계약 고객 투자 회의 결정 품질 성능 지연 용량 스키마 알림";
const PARTICLES: &str = "을 를 이 가 은 는 의 에 에서 으로 와 과 도 까지";
const VERBS: &str = "분리한다 유지한다 확인했다 개선되었다 검토한다 완료되었다 필요하다 측정한다 공유한다 배포했다 논의했다 추가한다";
const WORDS: &str = "oauth token session scope docker nginx cache index search schema relation ledger retention funnel metric latency rollout container audit policy webhook cursor snapshot graph backlink invoice payment refund pipeline stream";
const STATUSES: [&str; 5] = ["todo", "doing", "done", "blocked", "hold"];
const TAGS: [&str; 8] = [
    "mcp",
    "oauth",
    "finance",
    "people",
    "ops",
    "growth",
    "project/alpha",
    "research",
];

/// One note as it was written.
#[derive(Debug)]
pub(crate) struct Note {
    pub(crate) id: String,
    pub(crate) status: &'static str,
    pub(crate) tags: Vec<&'static str>,
    /// What is searched: properties' texts and the body, in small letters.
    pub(crate) text: String,
    pub(crate) links: Vec<String>,
}

/// Marsaglia's xorshift: the same numbers everywhere.
struct Dice(u64);

impl Dice {
    fn below(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap_or_default() % sides
    }

    fn of<'a>(&mut self, list: &[&'a str]) -> &'a str {
        list[self.below(list.len())]
    }
}

/// Writes so many notes.
pub(crate) fn write(vault: &Path, count: usize) -> Result<Vec<Note>, Failure> {
    let mut dice = Dice(0x2545_f491_4f6c_dd1d);
    let split = |text: &'static str| text.split(' ').collect::<Vec<_>>();
    let (nouns, particles, verbs, words) =
        (split(NOUNS), split(PARTICLES), split(VERBS), split(WORDS));
    let mut notes = Vec::with_capacity(count);
    for number in 0..count {
        let (id, project) = (format!("tsk-{number:06}"), dice.below(count / 50 + 1));
        let status = STATUSES[dice.below(STATUSES.len())];
        let first = dice.below(TAGS.len());
        let tags = vec![TAGS[first], TAGS[(first + 1 + dice.below(6)) % TAGS.len()]];
        let title = format!("{} {} {number}", dice.of(&nouns), dice.of(&nouns));
        let (mut body, mut links) = (format!("# {title}\n\n"), Vec::new());
        for line in 0..24 {
            for _ in 0..4 + dice.below(5) {
                let _ = match dice.below(6) {
                    0 => write!(body, "{} ", dice.of(&words)),
                    _ => write!(body, "{}{} ", dice.of(&nouns), dice.of(&particles)),
                };
            }
            let _ = writeln!(body, "{}.", dice.of(&verbs));
            if line % 8 == 0 {
                let target = format!("tsk-{:06}", dice.below(count));
                let _ = writeln!(body, "\n- [[{target}|{}]]\n", dice.of(&nouns));
                links.push(target);
            }
        }
        if number % 500 == 0 {
            let _ = writeln!(body, "유일한바늘{number:06} NEEDLE{number:06}XQ");
        }
        let (day, month) = (1 + dice.below(28), 1 + dice.below(12));
        let note = format!(
            "---\nentity_type: Task\nentity_id: {id}\nentity_name: {title}\nstatus: {status}\nproject_id: prj-{project:04}\n\
             assignee: person-{}\ndue: 2026-{month:02}-{day:02}\nupdated: 2026-{month:02}-{day:02}\nestimated_hours: {}\ntags: [{}]\n---\n{body}",
            dice.below(12),
            1 + dice.below(20),
            tags.join(", ")
        );
        let folder = vault.join(format!("{:02}_Area/prj-{project:04}", project % 20));
        fs::create_dir_all(&folder)?;
        fs::write(folder.join(format!("{id}.md")), &note)?;
        let text = format!("{id}\n{title}\n{}\n{body}", tags.join("\n")).to_lowercase();
        notes.push(Note {
            id,
            status,
            tags,
            text,
            links,
        });
    }
    Ok(notes)
}
