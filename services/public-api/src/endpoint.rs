//! What one REST endpoint is: its address, parameters and answer, said once. The route table serves by it, the OpenAPI
//! document is printed from it, so the two cannot disagree.
//!
//! In: nothing. Out: [`Endpoint`]. Never: handles a request.

use schemars::{JsonSchema, Schema, SchemaGenerator};

use crate::params::Param;

/// One `GET` endpoint.
#[derive(Clone, Copy)]
pub(crate) struct Endpoint {
    /// The address as OpenAPI writes it: `/api/notes/{path}`.
    pub(crate) path: &'static str,
    /// The address as actix matches it: `/api/notes/{path:.*}`.
    pub(crate) pattern: &'static str,
    /// `operationId`.
    pub(crate) id: &'static str,
    /// Where it stands in the description.
    pub(crate) group: Group,
    /// One line.
    pub(crate) summary: &'static str,
    /// The same in Korean.
    pub(crate) summary_ko: &'static str,
    /// What else there is to know.
    pub(crate) about: &'static str,
    /// The same in Korean.
    pub(crate) about_ko: &'static str,
    /// Parameters in the path.
    pub(crate) path_params: &'static [Param],
    /// Parameters in the query.
    pub(crate) query: &'static [Param],
    /// What a good answer holds.
    pub(crate) answer: Answer,
    /// Whether it can say that something does not exist.
    pub(crate) may_miss: bool,
}

/// The chapters of the description.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Group {
    /// What needs a token: the vault.
    Vault,
    /// What is open: health and this description.
    Service,
}

/// What a good answer holds.
#[derive(Clone, Copy)]
pub(crate) enum Answer {
    /// One JSON value, with an `ETag`.
    Json(SchemaOf),
    /// One JSON value a line, streamed, with an `ETag`.
    Lines(SchemaOf),
    /// The same, or a table, as it was asked for.
    Export(SchemaOf),
    /// Server-sent events, each with one JSON value.
    Events(SchemaOf),
    /// One JSON value, without an `ETag`: the present is asked for.
    Now(SchemaOf),
    /// How the service is: 200 or 503.
    Health,
    /// An OpenAPI document.
    Description,
}

/// Writes a type's schema and notes what it refers to.
pub(crate) type SchemaOf = fn(&mut SchemaGenerator) -> Schema;

/// The schema of `T`, by reference.
pub(crate) fn schema_of<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

impl Group {
    /// Every chapter, in order.
    pub(crate) const ALL: [Self; 2] = [Self::Vault, Self::Service];

    /// Tag, title, title in Korean.
    pub(crate) const fn names(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Vault => ("vault", "The vault", "볼트"),
            Self::Service => ("service", "The service", "서비스"),
        }
    }

    /// Whether its endpoints need a token with `mcp:read`.
    pub(crate) const fn needs_token(self) -> bool {
        matches!(self, Self::Vault)
    }
}

impl Answer {
    /// The media type of a good answer, unless another is asked for.
    pub(crate) const fn media_type(self) -> &'static str {
        self.media_types()[0]
    }

    /// The media types that a good answer may have.
    pub(crate) const fn media_types(self) -> &'static [&'static str] {
        match self {
            Self::Events(_) => &["text/event-stream"],
            Self::Json(_) | Self::Now(_) | Self::Health | Self::Description => {
                &["application/json"]
            }
            Self::Lines(_) => &["application/x-ndjson"],
            Self::Export(_) => &["application/x-ndjson", "text/csv"],
        }
    }

    /// Whether it says that a place is not kept any more.
    pub(crate) const fn is_followed(self) -> bool {
        matches!(self, Self::Events(_) | Self::Now(_))
    }

    /// Whether `If-None-Match` is understood.
    pub(crate) const fn is_conditional(self) -> bool {
        matches!(self, Self::Json(_) | Self::Lines(_) | Self::Export(_))
    }
}
