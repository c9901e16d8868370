//! The dashboard's texts, in every language.

use loop_shared::web::Phrase;

use super::{kpi_texts, page_texts, warning_texts};

/// Every table.
pub(super) const ALL: &[&[Phrase]] = &[page_texts::TEXTS, kpi_texts::TEXTS, warning_texts::TEXTS];
