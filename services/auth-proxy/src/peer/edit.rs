//! The few places where a message is not passed on as it came: progress tokens and ids.

use crate::wire::{Object, Raw, raw};

/// Parameters with the progress token of `_meta` replaced by `number`; the client's own token.
pub(super) fn with_token(params: Option<Raw>, number: u64) -> (Option<Raw>, Option<Raw>) {
    let Some(params) = params else {
        return (None, None);
    };
    let edited = || {
        let mut object = Object::parse(params.get()).ok()?;
        let mut meta = object.object("_meta")?;
        let token = meta.get("progressToken")?.clone();
        meta.set("progressToken", raw(&number.into()));
        object.set("_meta", meta.to_raw());
        Some((object.to_raw(), token))
    };
    match edited() {
        Some((params, token)) => (Some(params), Some(token)),
        None => (Some(params), None),
    }
}

/// The progress token of `_meta`.
pub(super) fn token(params: Option<&Raw>) -> Option<Raw> {
    let meta = Object::parse(params?.get()).ok()?.object("_meta")?;
    meta.get("progressToken").cloned()
}

/// A member of the parameters that is one of our numbers.
pub(super) fn number_in(params: Option<&Raw>, member: &str) -> Option<u64> {
    Object::parse(params?.get())
        .ok()?
        .get(member)?
        .get()
        .parse()
        .ok()
}

/// A member of the parameters, as it was written.
pub(super) fn member(params: Option<&Raw>, member: &str) -> Option<Raw> {
    Object::parse(params?.get()).ok()?.get(member).cloned()
}

/// Parameters with a member replaced.
pub(super) fn replaced(params: Option<&Raw>, member: &str, value: Raw) -> Option<Raw> {
    let mut object = Object::parse(params?.get()).ok()?;
    object.set(member, value);
    Some(object.to_raw())
}
