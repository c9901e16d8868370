//! Links `loop-auth` so that less of it is read into memory at a start.
//!
//! An executable that may lie anywhere tells the loader which of its words are addresses: 1.8 MB, all read at every start and in
//! memory ever after. Packed, the same list is 17 kB (docs/decisions/0041).

use std::{env::var, process::Command};

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    // The program is to run where it is built, or on something newer.
    if var("HOST") == var("TARGET") && glibc().is_some_and(|version| version >= (2, 36)) {
        println!("cargo:rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
}

/// The version of this machine's GNU C library, where it has that one; its loader reads a packed list since 2.36.
fn glibc() -> Option<(u32, u32)> {
    let answer = Command::new("getconf").arg("GNU_LIBC_VERSION").output();
    let answer = String::from_utf8(answer.ok()?.stdout).ok()?;
    let (major, minor) = answer.trim().strip_prefix("glibc ")?.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}
