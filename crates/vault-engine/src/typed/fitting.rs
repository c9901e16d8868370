//! Every note that fits a query, for those who take all of them.

use std::sync::Arc;

use loop_shared::vault::IsoDate;

use super::{Query, QueryError, compare::Ready};
use crate::{Note, Snapshot};

/// Every note that fits, by path, however many there are; the order, groups and pages of the query are left out.
///
/// # Errors
/// [`QueryError`].
pub fn fitting(
    snapshot: &Snapshot,
    query: &Query,
    today: Option<&IsoDate>,
) -> Result<Vec<Arc<Note>>, QueryError> {
    query.check()?;
    let today = today.and_then(IsoDate::day);
    let condition = query.condition.as_ref();
    let ready = condition
        .map(|condition| Ready::of(condition, today))
        .transpose()?;
    let fits = |note: &&Arc<Note>| ready.as_ref().is_none_or(|ready| ready.holds(note));
    Ok(snapshot.notes().iter().filter(fits).cloned().collect())
}
