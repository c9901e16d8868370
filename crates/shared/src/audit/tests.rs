//! The chain: every tampering is found, and told where.

use chrono::DateTime;
use proptest::prelude::*;

use super::*;

fn entry(number: i64) -> Entry {
    let at = DateTime::from_timestamp_millis(1_700_000_000_000 + number).unwrap();
    Entry::new(at, "login", Outcome::Done)
        .actor(format!("user:{number}"))
        .client("client")
        .address(Some("192.0.2.7".parse().unwrap()))
        .with("way", "password")
}

fn chain(length: i64) -> Vec<Record> {
    let mut head = Head::GENESIS;
    (0..length)
        .map(|number| {
            let record = link(head, entry(number));
            head = record.head();
            record
        })
        .collect()
}

fn fault(records: &[Record], remembered: Option<Head>) -> Option<(u64, Fault)> {
    verify(records, remembered)
        .err()
        .map(|broken| (broken.seq, broken.fault))
}

#[test]
fn a_whole_chain_has_the_head_of_its_last_record() {
    assert_eq!(verify(&[], None), Ok(Head::GENESIS));
    let records = chain(5);
    let head = records[4].head();
    assert_eq!(verify(&records, None), Ok(head));
    for remembered in [Head::GENESIS, records[0].head(), head] {
        assert_eq!(verify(&records, Some(remembered)), Ok(head));
    }
}

#[test]
fn what_was_taken_out_put_in_moved_or_cut_off_is_found_where_it_is() {
    let whole = chain(6);
    let head = whole[5].head();
    let mut deleted = whole.clone();
    deleted.remove(2);
    assert_eq!(
        fault(&deleted, None),
        Some((3, Fault::Missing { found: 4 }))
    );
    let mut twice = whole.clone();
    twice.insert(2, whole[1].clone());
    assert_eq!(
        fault(&twice, None),
        Some((3, Fault::OutOfOrder { found: 2 }))
    );
    let mut moved = whole.clone();
    moved.swap(1, 2);
    assert_eq!(fault(&moved, None), Some((2, Fault::Missing { found: 3 })));
    // A forger who computes hashes as well is found one record later ...
    let mut forged = whole.clone();
    forged[2] = link(whole[1].head(), entry(99));
    assert_eq!(fault(&forged, None), Some((4, Fault::Link)));
    // ... or, at the end of the chain or after writing all of it anew, by who remembers a head.
    let mut last = whole.clone();
    last[5] = link(whole[4].head(), entry(99));
    assert_eq!(fault(&last, None), None);
    assert_eq!(fault(&last, Some(head)), Some((6, Fault::Rewritten)));
    assert_eq!(fault(&whole[..4], None), None);
    assert_eq!(
        fault(&whole[..4], Some(head)),
        Some((5, Fault::CutOff { to: 6 }))
    );
    assert_eq!(fault(&[], Some(head)), Some((1, Fault::CutOff { to: 6 })));
}

#[test]
fn a_text_is_one_bounded_line_that_hides_nothing() {
    let long = "한".repeat(600);
    let entry = entry(1)
        .actor("a\r\nINFO forged line\u{1b}[2K")
        .subject(&long)
        .client("safe\u{202e}gnp.exe")
        .address(Some("::ffff:192.0.2.7".parse().unwrap()));
    assert_eq!(
        entry.actor.as_deref(),
        Some("a\u{fffd}\u{fffd}INFO forged line\u{fffd}[2K")
    );
    let subject = entry.subject.as_deref().unwrap();
    assert_eq!(subject.chars().count(), 512);
    assert!(subject.ends_with("한…"));
    assert_eq!(entry.client.as_deref(), Some("safe\u{fffd}gnp.exe"));
    assert_eq!(entry.address.as_deref(), Some("192.0.2.7"));
    let many = (0..40).fold(entry, |entry, n| entry.with(&format!("k{n:02}"), n));
    assert_eq!(many.details.len(), MAX_DETAILS);
}

#[test]
fn a_head_is_read_as_it_is_written() {
    let head = chain(3)[2].head();
    assert_eq!(head.to_string().parse(), Ok(head));
    for bad in [
        "",
        "3",
        "3:",
        "x:00",
        &head.to_string().to_uppercase(),
        &format!("{head}0"),
    ] {
        assert!(bad.parse::<Head>().is_err(), "{bad}");
    }
}

fn any_entry() -> impl Strategy<Value = Entry> {
    let text = || proptest::option::of(".{0,40}");
    let details = proptest::collection::vec((".{0,8}", ".{0,20}"), 0..4);
    (0..4_000_000_000_000_i64, text(), text(), text(), details).prop_map(
        |(at, actor, subject, client, details)| {
            let at = DateTime::from_timestamp_millis(at).unwrap();
            let mut entry = Entry::new(at, "event", Outcome::Refused);
            entry.actor = actor;
            entry.subject = subject;
            entry.client = client;
            details
                .into_iter()
                .fold(entry, |entry, (k, v)| entry.with(&k, v))
        },
    )
}

/// Changes one thing that a record says; hash and place stay.
fn tamper(record: &mut Record, what: u8) {
    let entry = &mut record.entry;
    match what {
        0 => entry.at += chrono::TimeDelta::milliseconds(1),
        1 => entry.event = "other".into(),
        2 => entry.outcome = Outcome::Done,
        3 => entry.actor = Some(format!("{}x", entry.actor.clone().unwrap_or_default())),
        4 => entry.subject = entry.subject.is_none().then(String::new),
        // A text moves from one field into the next.
        5 => match entry.client.take() {
            Some(client) => entry.address = Some(client),
            None => entry.client = Some(String::new()),
        },
        6 => {
            entry.details.insert("planted".to_owned(), String::new());
        }
        7 => record.prev.0[31] ^= 1,
        8 => record.hash.0[0] ^= 1,
        _ => record.seq += 1,
    }
}

proptest! {
    #[test]
    fn any_tampering_of_any_record_is_found(
        entries in proptest::collection::vec(any_entry(), 1..12),
        at in any::<prop::sample::Index>(),
        what in 0_u8..10,
    ) {
        let mut head = Head::GENESIS;
        let mut records: Vec<Record> = entries.into_iter().map(|entry| {
            let record = link(head, entry);
            head = record.head();
            record
        }).collect();
        prop_assert_eq!(verify(&records, None), Ok(head));
        let at = at.index(records.len());
        tamper(&mut records[at], what);
        let broken = verify(&records, Some(head)).unwrap_err();
        prop_assert!(broken.seq == at as u64 + 1, "{} at {}", broken, at);
    }

    #[test]
    fn a_line_reads_back_and_with_any_other_byte_does_not(
        entry in any_entry(),
        at in any::<prop::sample::Index>(),
        byte in 0x20_u8..0x7f,
    ) {
        let record = link(Head::GENESIS, entry);
        let line = record.to_line().unwrap();
        prop_assert!(!line.contains('\n'));
        let read = Record::from_line(&line);
        prop_assert_eq!(read.as_ref(), Some(&record));
        let mut bytes = line.clone().into_bytes();
        let at = at.index(bytes.len());
        prop_assume!(bytes[at] != byte);
        bytes[at] = byte;
        let read = String::from_utf8(bytes).ok().and_then(|line| Record::from_line(&line));
        // Another text is either no record, or one that does not have its hash.
        prop_assert!(read.is_none_or(|read| verify(&[read], Some(record.head())).is_err()));
    }
}
