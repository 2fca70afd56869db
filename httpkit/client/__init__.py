"""Layer 3: policy. What to send, and what to do with the answer."""

from httpkit.client.aliases import names_of

# aiohttp has its session in a module of this name.
__getattr__ = names_of(
    __name__, ("client.session", "client.one_shot", "client.request", "client.response", "values.messages", "errors")
)
