"""The Python SDK's client for HTTP+SSE (2024-11-05) through auth-proxy, in front of examples/fake_server.rs: URL, TOKEN."""

import asyncio
import os

from mcp import ClientSession
from mcp.client.sse import sse_client


async def main() -> None:
    headers = {"Authorization": f"Bearer {os.environ['TOKEN']}"}
    steps: list = []

    async def progress(done, total, message):
        steps.append(done)

    async with sse_client(os.environ["URL"], headers=headers) as (read, write), ClientSession(read, write) as session:
        hello = await session.initialize()
        assert hello.server_info.name == "fake", hello
        tools = await session.list_tools()
        assert [tool.name for tool in tools.tools] == ["echo", "die"], tools
        echoed = await session.call_tool("echo", {"text": "안녕"})
        assert "안녕" in echoed.content[0].text, echoed
        counted = await session.call_tool("progress", {}, progress_callback=progress)
        assert counted.content[0].text == "done", counted
    print(f"used: {len(steps)} steps")


asyncio.run(main())
