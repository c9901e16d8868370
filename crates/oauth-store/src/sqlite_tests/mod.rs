//! What only SQLite has: a file, and one writer.

mod files;
mod writers;
