"""A complete asyncio HTTP and WebSocket client with the API of aiohttp's client."""
