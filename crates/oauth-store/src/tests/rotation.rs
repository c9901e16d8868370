//! The rotation suite of the rules, on a real database (see `loop_oauth::testing::rotation`).

use loop_oauth::testing::rotation;
use proptest::prelude::*;

use super::Db;

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_two_processes_and_a_thief_do_rotation_keeps_its_promises(
        script in prop::collection::vec(any::<u8>(), 1..60),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let played = runtime.block_on(async {
            let db = Db::new();
            let store = db.open().await;
            rotation::play(&store, &script).await
        });
        prop_assert_eq!(played, Ok(()));
    }
}
