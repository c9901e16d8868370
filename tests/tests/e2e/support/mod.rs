//! What the tests share: tools, a stack, an OAuth client, a real MCP client.

pub(crate) mod mcp;
pub(crate) mod oauth;
pub(crate) mod stack;
pub(crate) mod tools;
