//! End-to-end tests live in `tests/tests/`; this library is empty because a package needs one.
