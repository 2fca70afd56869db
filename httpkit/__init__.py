"""A complete asyncio HTTP and WebSocket client with the API of aiohttp's client."""

from httpkit.client.session import ClientSession
from httpkit.net.connectors import TCPConnector
from httpkit.values.messages import ClientTimeout

__all__ = ("ClientSession", "ClientTimeout", "TCPConnector")
