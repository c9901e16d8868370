//! How values stand in bytes, in memory and in the kept file: numbers in as few bytes as they need, texts behind their length.
//!
//! In: values, or bytes that may be anything. Out: bytes, or the values again.
//! Never: a length believed before it is compared with what is left; a panic; more memory asked for than the file is long.

mod rest;
mod written;

pub(crate) use rest::Rest;
pub(crate) use written::Written;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::Value;

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            (-1e9..1e9_f64).prop_map(Value::from),
            "\\PC{0,12}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::vec(("\\PC{0,6}", inner), 0..4)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(
            value in value(),
            number: u64,
            words: Vec<u32>,
            long: Vec<u64>,
            text in proptest::option::of("\\PC{0,20}"),
        ) {
            let mut out = Written::default();
            out.number(number);
            out.value(&value);
            out.words(&words);
            out.long_words(&long);
            out.maybe(text.as_deref());
            let mut rest = Rest(&out.0);
            prop_assert_eq!(rest.number(), Some(number));
            let mut skipped = rest;
            prop_assert_eq!(rest.value(), Some(value));
            prop_assert_eq!(skipped.skip_value(), Some(()));
            prop_assert_eq!(skipped.0, rest.0);
            prop_assert_eq!(rest.words(), Some(words));
            prop_assert_eq!(rest.long_words(), Some(long));
            prop_assert_eq!(rest.maybe(), Some(text.as_deref()));
            prop_assert!(rest.0.is_empty());
        }

        #[test]
        fn bytes_that_nobody_wrote_end_in_nothing_and_not_in_a_panic(bytes: Vec<u8>) {
            for read in [
                |mut rest: Rest<'_>| { rest.value(); },
                |mut rest: Rest<'_>| { rest.skip_value(); },
                |mut rest: Rest<'_>| { rest.words(); },
                |mut rest: Rest<'_>| { rest.long_words(); },
                |mut rest: Rest<'_>| { rest.maybe(); },
                |mut rest: Rest<'_>| { rest.many(|rest| rest.text().map(str::len)); },
            ] {
                read(Rest(&bytes));
            }
        }
    }
}
