//! All sessions of a site: in memory, and sealed in a folder so that a restart signs nobody out.
//!
//! In: sessions. Out: the session of an id. Never: an id on the disk (its hash), a token in plain, more than
//! [`MAX_SESSIONS`].

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};

use super::back_channel::Ends;
use super::seal::{Purpose, Seal};
use super::session::{Held, Session, SessionKey};

/// Most sessions at a time; the one that ends soonest makes room.
pub(crate) const MAX_SESSIONS: usize = 10_000;
/// Largest file that is read, in bytes.
const MAX_BYTES: u64 = 64 * 1024;
/// What the files are called.
const ENDING: &str = "session";

/// The sessions.
pub(crate) struct Sessions {
    all: Mutex<HashMap<SessionKey, Arc<Session>>>,
    folder: Option<PathBuf>,
    seal: Seal,
}

impl Sessions {
    /// Reads what was kept; files that do not open any more are removed.
    ///
    /// # Errors
    /// The folder cannot be made or read.
    pub(crate) fn open(
        folder: Option<PathBuf>,
        seal: Seal,
        now: DateTime<Utc>,
    ) -> io::Result<Self> {
        let mut all = HashMap::new();
        if let Some(folder) = &folder {
            make_folder(folder)?;
            for entry in std::fs::read_dir(folder)? {
                let path = entry?.path();
                if path.extension().is_none_or(|ending| ending != ENDING) {
                    continue;
                }
                let read = read(&path, &seal).filter(|session| !session.is_over(now));
                match read.filter(|_| all.len() < MAX_SESSIONS) {
                    Some(session) => drop(all.insert(session.key.clone(), Arc::new(session))),
                    None => forget(&path),
                }
            }
        }
        Ok(Self {
            all: Mutex::new(all),
            folder,
            seal,
        })
    }

    pub(crate) fn get(&self, id: &str, now: DateTime<Utc>) -> Option<Arc<Session>> {
        let found = self.lock().get(&SessionKey::of(id)).cloned()?;
        if found.is_over(now) {
            self.remove(&found.key);
            return None;
        }
        Some(found)
    }

    /// Adds a session and keeps it.
    pub(crate) async fn add(&self, session: Session, now: DateTime<Utc>) {
        let session = Arc::new(session);
        let mut gone: Vec<SessionKey> = Vec::new();
        {
            let mut all = self.lock();
            if all.len() >= MAX_SESSIONS {
                gone.extend(
                    all.values()
                        .filter(|held| held.is_over(now))
                        .map(|held| held.key.clone()),
                );
                let soonest = all.values().min_by_key(|held| held.facts.until);
                gone.extend(soonest.map(|held| held.key.clone()));
                for key in &gone {
                    all.remove(key);
                }
            }
            all.insert(session.key.clone(), Arc::clone(&session));
        }
        for key in gone {
            self.remove(&key);
        }
        let held = session.held.lock().await;
        self.keep(&session, &held).await;
    }

    /// Writes a session down, with the tokens that its caller has locked. A disk that fails costs a login after the next
    /// restart, and nothing now.
    pub(crate) async fn keep(&self, session: &Session, held: &Held) {
        let Some(path) = self.path(&session.key) else {
            return;
        };
        let Ok(sealed) = self.seal.seal(Purpose::Session, &session.stored(held)) else {
            return;
        };
        let written = tokio::task::spawn_blocking(move || write(&path, &sealed)).await;
        if !matches!(written, Ok(Ok(()))) {
            tracing::warn!("a session was not kept; a restart will sign its person in anew");
        }
        // Whoever signed out meanwhile stays so.
        if !self.lock().contains_key(&session.key) {
            self.remove(&session.key);
        }
    }

    pub(crate) fn remove(&self, key: &SessionKey) -> Option<Arc<Session>> {
        let removed = self.lock().remove(key);
        if let Some(path) = self.path(key) {
            forget(&path);
        }
        removed
    }

    /// Ends sessions because the issuer says so; how many there were.
    pub(crate) fn end(&self, ends: &Ends) -> usize {
        let meant = |session: &&Arc<Session>| match ends {
            Ends::Session(sid) => session.facts.sid.as_deref() == Some(sid),
            Ends::Subject(subject) => session.facts.subject == *subject,
        };
        let keys: Vec<_> = self
            .lock()
            .values()
            .filter(meant)
            .map(|session| session.key.clone())
            .collect();
        for key in &keys {
            self.remove(key);
        }
        keys.len()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<SessionKey, Arc<Session>>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn path(&self, key: &SessionKey) -> Option<PathBuf> {
        let folder = self.folder.as_ref()?;
        Some(folder.join(format!("{}.{ENDING}", key.0)))
    }
}

fn read(path: &Path, seal: &Seal) -> Option<Session> {
    let bytes = std::fs::metadata(path).ok()?.len();
    let sealed = (bytes <= MAX_BYTES).then(|| std::fs::read_to_string(path).ok())??;
    let plain = seal.open(Purpose::Session, &sealed)?;
    Session::restored(path.file_stem()?.to_str()?, &plain)
}

fn make_folder(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true).mode(0o700).create(folder)
}

/// Written beside and then renamed, so that no half a file is ever found.
fn write(path: &Path, sealed: &str) -> io::Result<()> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let beside = path.with_extension("writing");
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let mut file = options.open(&beside)?;
    file.write_all(sealed.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(beside, path)
}

fn forget(path: &Path) {
    match std::fs::remove_file(path) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => tracing::warn!(%error, "an ended session's file was not removed"),
    }
}
