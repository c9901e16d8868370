//! One record for each call, in a chain of hashes: who, through which client, which server and tool, what became of it.
//!
//! In: calls. Out: records in `AUDIT_FILE`, and figures. Never: arguments (their hash instead), results, tokens; a call that
//! waits for the disk.

use std::cell::Cell;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use loop_shared::audit::{Entry, FileLog, FileLogError, FileSettings, Handle, Outcome};
use loop_shared::auth::bearer::Caller;
use loop_shared::service::{Clock as _, SystemClock};
use sha2::{Digest as _, Sha256};

use crate::figures;
use crate::wire::{Object, Raw};

/// What of a server's data or doings is recorded.
const RECORDED: [&str; 3] = ["tools/call", "resources/read", "prompts/get"];

/// The log. Clones share it.
#[derive(Clone, Default)]
pub(crate) struct Audit(Option<Arc<Log>>);

struct Log {
    handle: Handle,
    /// Closes the file when the last clone goes.
    _file: FileLog,
}

/// A call that is recorded when this is dropped, with its end or without one.
pub(crate) struct Receipt {
    audit: Audit,
    entry: Cell<Option<Entry>>,
    /// Whether the entry says how it ended.
    is_over: Cell<bool>,
    server: Arc<str>,
    started: Instant,
}

impl Audit {
    /// Opens the log; without a path nothing is recorded.
    ///
    /// # Errors
    /// [`FileLogError`].
    pub(crate) fn open(path: Option<PathBuf>) -> Result<Self, FileLogError> {
        let Some(path) = path else {
            return Ok(Self::default());
        };
        let file = FileLog::open(&FileSettings::at(path))?;
        let handle = file.handle().ok_or(FileLogError::Closed)?;
        Ok(Self(Some(Arc::new(Log {
            handle,
            _file: file,
        }))))
    }

    /// Begins a record, where the method is one that is recorded.
    pub(crate) fn begin(
        &self,
        caller: &Caller,
        server: &Arc<str>,
        method: &str,
        params: Option<&Raw>,
    ) -> Receipt {
        let entry = RECORDED.contains(&method).then(|| {
            let params = params.and_then(|params| Object::parse(params.get()).ok());
            let params = params.unwrap_or_default();
            let named = params.text("name").or_else(|| params.text("uri"));
            let arguments = params.get("arguments").map_or("", |it| it.get());
            let hash = Sha256::digest(arguments);
            // The outcome is not known yet; whoever finishes says it.
            Entry::new(SystemClock.now(), "call", Outcome::Failed)
                .actor(format_args!("user:{}", caller.subject.as_str()))
                .client(caller.client_id.as_str())
                .subject(format_args!("server:{server}"))
                .with("method", method)
                .with("name", named.unwrap_or_default())
                .with("arguments", format_args!("{hash:x}"))
        });
        Receipt {
            audit: self.clone(),
            entry: Cell::new(entry),
            is_over: Cell::new(false),
            server: Arc::clone(server),
            started: Instant::now(),
        }
    }

    fn note(&self, entry: Entry) {
        let Some(log) = &self.0 else { return };
        if let Err(error) = log.handle.note(entry) {
            tracing::error!(%error, "a call is not in the audit log");
            figures::unrecorded();
        }
    }
}

impl Receipt {
    /// The end of the call; the first end counts. It is recorded when the receipt is dropped.
    pub(crate) fn finish(&self, outcome: Outcome, why: &'static str) {
        let Some(mut entry) = self.entry.take() else {
            return;
        };
        if self.is_over.replace(true) {
            return self.entry.set(Some(entry));
        }
        let took = self.started.elapsed();
        figures::call(&self.server, outcome, took);
        entry.outcome = outcome;
        let mut entry = entry.with("ms", took.as_millis());
        if !why.is_empty() {
            entry = entry.with("why", why);
        }
        self.entry.set(Some(entry));
    }
}

impl Drop for Receipt {
    fn drop(&mut self) {
        self.finish(Outcome::Failed, "the client went away or cancelled");
        if let Some(entry) = self.entry.take() {
            self.audit.note(entry);
        }
    }
}
