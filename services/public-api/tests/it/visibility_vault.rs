//! A vault whose notes share names, ids, links and words across the line between open and private.

/// What a planted note is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Open,
    Private,
    Ignored,
}

/// One note.
#[derive(Clone, Debug)]
pub(crate) struct Planted {
    pub(crate) path: String,
    pub(crate) id: String,
    pub(crate) alias: String,
    /// A word that stands in no other note.
    pub(crate) word: String,
    pub(crate) text: String,
    pub(crate) kind: Kind,
}

impl Planted {
    pub(crate) fn stem(&self) -> &str {
        let name = self.path.rsplit('/').next().unwrap();
        name.trim_end_matches(".md")
    }
}

/// Knuth's constants for 64 bits: the same vault for the same seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % bound
    }

    fn of<'a>(&mut self, items: &[&'a str]) -> &'a str {
        items[self.below(items.len())]
    }
}

const NOTES: usize = 24;

/// A vault of open, private and ignored notes.
pub(crate) fn vault(seed: u64) -> Vec<Planted> {
    let mut dice = Dice(seed);
    let ids: Vec<String> = (0..NOTES)
        .map(|n| format!("tsk-{:02}", n - n % 5))
        .collect();
    (0..NOTES).map(|n| planted(&mut dice, n, &ids)).collect()
}

fn planted(dice: &mut Dice, number: usize, ids: &[String]) -> Planted {
    let word = format!("고유{seed:03}word{number:02}", seed = dice.0 % 997);
    // Some share their stem, id and alias with others on either side.
    let stem = if dice.below(3) == 0 {
        "same".to_owned()
    } else {
        format!("{word}-note")
    };
    let (kind, folder, suffix, hidden) = match dice.below(8) {
        0 => (Kind::Private, "a", "", "visibility: private\n"),
        1 => (Kind::Private, "hr", "", ""),
        2 => (Kind::Private, "b", ".secret", ""),
        3 => (
            Kind::Private,
            "b",
            "",
            "title: \"broken\nvisibility: private\n",
        ),
        4 => (Kind::Ignored, "ignored", "", ""),
        _ => (
            Kind::Open,
            dice.of(&["a", "b", "c"]),
            "",
            dice.of(&["", "visibility: team\n", "due: not a day\n"]),
        ),
    };
    let other = |dice: &mut Dice| ids[dice.below(ids.len())].clone();
    let (id, alias) = (ids[number].clone(), format!("alias-{}", number % 7));
    let links = [
        other(dice),
        other(dice),
        "same".to_owned(),
        format!("alias-{}", dice.below(7)),
        "hr/same".to_owned(),
    ];
    let links = format!("[[{}]]", links.join("]] [["));
    let kinds = ["Task", "Project", "Hypothesis", "Person"];
    let text = format!(
        "---\nentity_type: {}\nentity_id: {id}\nentity_name: Task {word}\naliases: [{alias}]\nstatus: {}\nproject_id: {}\nparent_id: {}\nvalidates: [{}]\nassignee: person-{word}\ndue: 2026-0{}-10\ntags: [shared, \"{word}\"]\n{hidden}---\n# {word}\n\n공통 task {word} {word} {links}\n",
        dice.of(&kinds),
        dice.of(&["todo", "doing", "done"]),
        other(dice),
        other(dice),
        other(dice),
        1 + dice.below(9),
    );
    Planted {
        path: format!("{folder}/{number:02}/{stem}{suffix}.md"),
        id,
        alias,
        word,
        text,
        kind,
    }
}
