"""The demo API: a small hardware shop with every odd corner of HTTP, offline and the same on every run.

`python -m httpkit_magics.demo` starts it, `httpkit_magics.demo.launch.start_demo()` starts it in a process of its own.
It needs the extra `demo` (starlette, uvicorn, websockets, python-multipart); `launch` needs nothing.
"""
