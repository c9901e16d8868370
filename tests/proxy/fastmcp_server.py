"""A FastMCP server over Streamable HTTP on PORT, for the tests of auth-proxy."""

import os

from fastmcp import Context, FastMCP

mcp = FastMCP("notes", instructions="A server of the tests.")


@mcp.tool
async def add(a: int, b: int) -> int:
    """Adds two numbers."""
    return a + b


@mcp.tool
async def count(steps: int, ctx: Context) -> str:
    """Tells its progress."""
    for step in range(1, steps + 1):
        await ctx.report_progress(step, steps)
    return "done"


@mcp.resource("note://{name}")
def note(name: str) -> str:
    """A note."""
    return f"the note {name}"


if __name__ == "__main__":
    mcp.run(transport="http", host=os.environ.get("HOST", "127.0.0.1"), port=int(os.environ["PORT"]), path="/mcp", show_banner=False)
