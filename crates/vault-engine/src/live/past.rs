//! Questions about the past, asked of an open vault. They run a program: never on a thread that serves others.

use std::sync::Arc;

use loop_shared::vault::NotePath;

use super::Vault;
use crate::{
    Sight, Snapshot,
    history::{History, HistoryError, Moment, PastChanges, Present, Versions},
    query::Page,
};

impl Vault {
    /// Whether there is a past to ask about.
    #[must_use]
    pub fn has_history(&self) -> bool {
        self.inner.history.is_some()
    }

    /// The vault at a day, a time or a commit, as a reader of this sight may see it today.
    ///
    /// # Errors
    /// [`HistoryError`].
    pub fn as_of(
        &self,
        as_of: &str,
        sight: Sight,
    ) -> Result<(Moment, Arc<Snapshot>), HistoryError> {
        let history = self.history()?;
        let moment = history.moment(as_of)?;
        let (whole, open) = (self.seen(Sight::Whole), self.seen(Sight::Open));
        let present = Present {
            whole: &whole,
            open: &open,
        };
        let picture = history.picture(&moment, present, sight)?;
        Ok((moment, picture))
    }

    /// What was written of a note, the newest first.
    ///
    /// # Errors
    /// [`HistoryError`].
    pub fn versions(
        &self,
        path: &NotePath,
        sight: Sight,
        page: &Page,
    ) -> Result<Versions, HistoryError> {
        self.history()?.versions(path, sight, page)
    }

    /// What changed from one moment to another, and who wrote it.
    ///
    /// # Errors
    /// [`HistoryError`].
    pub fn between(
        &self,
        from: &str,
        to: &str,
        sight: Sight,
        page: &Page,
    ) -> Result<PastChanges, HistoryError> {
        let (from, before) = self.as_of(from, sight)?;
        let (to, after) = self.as_of(to, sight)?;
        self.history()?.between((from, to), (&before, &after), page)
    }

    fn history(&self) -> Result<&History, HistoryError> {
        self.inner.history.as_ref().ok_or(HistoryError::None)
    }
}
