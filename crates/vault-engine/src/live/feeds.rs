//! One feed for each kind of reader; one for both where nothing can be private.

use std::sync::Arc;

use super::pictures::Pictures;
use crate::{
    Sight, VaultConfig, changes,
    feed::{Feed, Picture},
};

#[derive(Debug)]
pub(super) struct Feeds {
    whole: Arc<Feed>,
    open: Arc<Feed>,
}

impl Feeds {
    pub(super) fn begin(pictures: &Pictures, config: &VaultConfig) -> Self {
        let state = config.state.as_deref();
        let begin = |sight| Arc::new(Feed::begin(picture(pictures, sight), sight, state));
        let whole = begin(Sight::Whole);
        let open = match config.privacy {
            Some(_) => begin(Sight::Open),
            None => Arc::clone(&whole),
        };
        Self { whole, open }
    }

    pub(super) fn seen(&self, sight: Sight) -> Arc<Feed> {
        Arc::clone(match sight {
            Sight::Whole => &self.whole,
            Sight::Open => &self.open,
        })
    }

    /// Writes what was not written yet.
    pub(super) fn settle(&self, pictures: &Pictures) {
        self.whole.settle(picture(pictures, Sight::Whole));
        if !Arc::ptr_eq(&self.whole, &self.open) {
            self.open.settle(picture(pictures, Sight::Open));
        }
    }

    /// Takes in what changed for each.
    pub(super) fn record(&self, before: &Pictures, after: &Pictures) {
        let record = |feed: &Feed, sight| {
            let changes = changes::between(before.seen(sight), after.seen(sight));
            feed.record(&changes, picture(after, sight));
        };
        if !Arc::ptr_eq(&self.whole, &self.open) {
            record(&self.open, Sight::Open);
        }
        record(&self.whole, Sight::Whole);
    }
}

fn picture(pictures: &Pictures, sight: Sight) -> Picture<'_> {
    Picture {
        seen: pictures.seen(sight),
        whole: pictures.seen(Sight::Whole),
    }
}
