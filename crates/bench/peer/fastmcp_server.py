"""A FastMCP server on PORT whose callers show tokens of ISSUER for AUDIENCE, checked with the keys at JWKS_URL."""

import os

from fastmcp import FastMCP
from fastmcp.server.auth.providers.jwt import JWTVerifier
from starlette.responses import PlainTextResponse

verifier = JWTVerifier(jwks_uri=os.environ["JWKS_URL"], issuer=os.environ["ISSUER"], audience=os.environ["AUDIENCE"], algorithm="ES256")
mcp = FastMCP("sums", auth=verifier)


@mcp.tool
async def add(a: int, b: int) -> int:
    """Adds two numbers."""
    return a + b


@mcp.custom_route("/readyz", methods=["GET"])
async def ready(_request):
    return PlainTextResponse("ready")


if __name__ == "__main__":
    mcp.run(transport="http", host="127.0.0.1", port=int(os.environ["PORT"]), path="/mcp", show_banner=False,
            stateless_http=True, json_response=True, log_level="error")
