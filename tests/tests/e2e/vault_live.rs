//! A vault that changes, and breaks, under a running API.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::oauth::{Client, http, read};
use crate::support::stack::Stack;

/// How long a change may take to be seen.
const SOON: Duration = Duration::from_secs(1);

struct Reader {
    base: String,
    token: String,
}

impl Reader {
    async fn get(&self, path: &str) -> (u16, Value) {
        let request = http()
            .get(format!("{}{path}", self.base))
            .bearer_auth(&self.token);
        let answer = read(request).await;
        (answer.status, answer.body)
    }

    /// How many notes mention a word.
    async fn hits(&self, word: &str) -> u64 {
        let (status, body) = self.get(&format!("/api/search?q={word}")).await;
        assert_eq!(status, 200, "{body}");
        body["total"].as_u64().expect("a total")
    }

    /// Waits until a word has this many hits; fails when that takes longer than [`SOON`].
    async fn sees(&self, word: &str, hits: u64, what: &str) {
        let since = Instant::now();
        let mut seen = self.hits(word).await;
        while seen != hits {
            assert!(
                since.elapsed() < SOON,
                "{what}: {seen} hits instead of {hits} after a second"
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
            seen = self.hits(word).await;
        }
    }

    /// Every note that `/api/stats` lists a defect of.
    async fn notes_with_defects(&self) -> Vec<String> {
        let (_, stats) = self.get("/api/stats").await;
        let groups = stats["defects"].as_array().expect("defects");
        let examples = groups
            .iter()
            .flat_map(|group| group["examples"].as_array().expect("examples"));
        examples
            .filter_map(|example| Some(example["path"].as_str()?.to_owned()))
            .collect()
    }
}

fn run(test: impl AsyncFnOnce(&Stack, &Reader)) {
    let Some(stack) = Stack::start() else { return };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let client = Client::register(&stack).await;
        let tokens = client.login(&stack.mcp(), "mcp:read").await;
        let reader = Reader {
            base: stack.url.clone(),
            token: tokens.text("access_token"),
        };
        test(&stack, &reader).await;
    });
}

#[test]
fn an_edit_an_addition_a_rename_and_a_deletion_are_seen_within_a_second() {
    run(async |stack: &Stack, reader: &Reader| {
        let note = stack.vault.join("새 폴더/새 노트.md");
        fs::create_dir_all(note.parent().expect("a folder")).expect("a folder can be made");
        fs::write(
            &note,
            "---\nentity_type: Task\nentity_id: tsk-zebra\n---\n얼룩말zebra 첫줄\n",
        )
        .expect("written");
        reader.sees("얼룩말zebra", 1, "an added note").await;

        fs::write(
            &note,
            "---\nentity_type: Task\nentity_id: tsk-zebra\n---\n기린giraffe 둘째\n",
        )
        .expect("written");
        reader.sees("기린giraffe", 1, "an edited note").await;
        reader.sees("얼룩말zebra", 0, "what was edited away").await;

        let renamed = stack.vault.join("다른 이름.md");
        fs::rename(&note, &renamed).expect("renamed");
        let since = Instant::now();
        loop {
            let (status, body) = reader.get("/api/entities/tsk-zebra").await;
            if status == 200 && body.to_string().contains("다른 이름") {
                break;
            }
            assert!(since.elapsed() < SOON, "a renamed note: {status} {body}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }

        fs::remove_file(&renamed).expect("deleted");
        reader.sees("기린giraffe", 0, "a deleted note").await;
        let (status, _) = reader.get("/api/entities/tsk-zebra").await;
        assert_eq!(status, 404);
    });
}

/// Everything that should harm nothing else.
fn plant_trouble(vault: &Path) {
    fs::write(
        vault.join("broken.md"),
        "---\nentity_type: [Task\nstatus: : :\n---\nbrokenyaml bleibt lesbar\n",
    )
    .expect("written");
    fs::write(vault.join("huge.md"), vec![b'x'; 50 * 1024 * 1024]).expect("written");
    fs::write(
        vault.join("latin1.md"),
        b"---\nentity_type: Task\n---\ncaf\xe9 invalidutf8\n",
    )
    .expect("written");
    let outside = vault.parent().expect("a parent").join("outside.md");
    fs::write(&outside, "topsecretoutside\n").expect("written");
    std::os::unix::fs::symlink(&outside, vault.join("link.md")).expect("linked");
    for round in 0..50 {
        let vanishing = vault.join(format!("vanishing-{round}.md"));
        fs::write(&vanishing, "gone in a moment\n").expect("written");
        fs::remove_file(&vanishing).expect("deleted");
    }
    fs::write(
        vault.join("healthy.md"),
        "---\nentity_type: Task\n---\nhealthyneighbour\n",
    )
    .expect("written");
}

#[test]
fn trouble_in_the_vault_harms_nothing_else_and_is_listed() {
    run(async |stack: &Stack, reader: &Reader| {
        let before = reader.hits("prj-sori").await;
        assert!(before > 0);
        plant_trouble(&stack.vault);
        reader
            .sees("healthyneighbour", 1, "a healthy note among trouble")
            .await;
        reader
            .sees("brokenyaml", 1, "a note with broken YAML stays readable")
            .await;
        reader
            .sees("invalidutf8", 1, "a note with invalid UTF-8 stays readable")
            .await;
        assert_eq!(
            reader.hits("prj-sori").await,
            before,
            "the other notes are still there"
        );
        assert_eq!(
            reader.hits("topsecretoutside").await,
            0,
            "a symlink leads nowhere"
        );
        let (status, _) = reader.get("/api/notes/link.md").await;
        assert_ne!(status, 200, "nor by its path");
        let (status, _) = reader.get("/api/notes/..%2Foutside.md").await;
        assert!((400..500).contains(&status), "{status}");
        let (status, _) = reader.get("/readyz").await;
        assert!(status < 500);

        let listed = reader.notes_with_defects().await;
        for path in ["broken.md", "huge.md", "latin1.md", "link.md"] {
            assert!(
                listed.iter().any(|listed| listed == path),
                "{path} in {listed:?}"
            );
        }
    });
}
