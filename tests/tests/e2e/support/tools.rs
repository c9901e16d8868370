//! Which outside tools there are, and where the repository is.

use std::path::Path;

pub(crate) use loop_testkit::tools::tool;

/// The repository's own folder.
pub(crate) fn top() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("tests/ lies in the repository")
}
