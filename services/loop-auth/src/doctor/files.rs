//! Files: who may read them, and whether there is room.
//!
//! In: paths. Out: findings. Never: a file's content.

use std::{
    fs::OpenOptions,
    io::ErrorKind,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use super::Findings;
use crate::config::ServeArgs;

/// Less room than this stops a server soon.
const LITTLE: u64 = 1 << 30;
/// Less room than this stops it at any moment.
const NOTHING: u64 = 64 << 20;

/// Files that hold secrets.
pub(super) fn secrets(args: &ServeArgs, findings: &mut Findings) {
    let files = [
        args.keys.auth_encryption_secret_file.as_deref(),
        args.store.database_url_file.as_deref(),
        args.auth.admin_password_file.as_deref(),
    ];
    for file in files.into_iter().flatten() {
        private("secrets", file, findings);
    }
}

/// Whether only the owner may read a file (a group may, as secrets of containers are mounted so).
pub(super) fn private(what: &'static str, file: &Path, findings: &mut Findings) {
    let Ok(found) = file.metadata() else { return };
    let mode = found.permissions().mode() & 0o777;
    let name = file.display();
    if mode % 0o10 == 0 {
        findings.fine(what, format!("{name} has mode {mode:04o}"));
    } else {
        findings.problem(
            what,
            format!("everybody on this machine may read {name} (mode {mode:04o})"),
            format!(
                "chmod 600 {name}; if others have been on the machine, take it for known to them."
            ),
        );
    }
}

/// Whether a folder can be written to, has room, and is nobody else's to change.
pub(super) fn folder(folder: &Path, findings: &mut Findings) {
    let name = folder.display();
    if let Ok(found) = folder.metadata()
        && found.permissions().mode() & 0o002 != 0
    {
        findings.problem(
            "disk",
            format!("everybody on this machine may replace files in {name}"),
            format!("chmod o-w {name}"),
        );
    }
    let probe: PathBuf = folder.join(format!(".loop-auth-doctor-{}", std::process::id()));
    match OpenOptions::new().write(true).create_new(true).open(&probe) {
        Ok(_) => {
            let _ = std::fs::remove_file(&probe);
        }
        Err(error) => {
            let advice = match error.kind() {
                ErrorKind::PermissionDenied => {
                    format!("Run doctor as the server's user; if this is it: chown -R USER {name}")
                }
                ErrorKind::ReadOnlyFilesystem => {
                    "Mount it writable; look into the kernel's log, a failing disk is mounted read-only.".to_owned()
                }
                _ => "Free some room, or look into the kernel's log.".to_owned(),
            };
            findings.problem(
                "disk",
                format!("{name} cannot be written to: {error}"),
                advice,
            );
        }
    }
    room(folder, findings);
}

fn room(folder: &Path, findings: &mut Findings) {
    let Ok(found) = rustix::fs::statvfs(folder) else {
        return;
    };
    let free = found.f_bavail.saturating_mul(found.f_frsize);
    let said = format!("{} MiB are free at {}", free >> 20, folder.display());
    let advice =
        "Free some room: the database grows with every login, a backup needs as much again.";
    match free {
        ..NOTHING => findings.problem("disk", said, advice),
        NOTHING..LITTLE => findings.warning("disk", said, advice),
        _ => findings.fine("disk", said),
    }
}
