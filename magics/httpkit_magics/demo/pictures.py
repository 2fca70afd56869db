"""Media made from nothing: PNG, SVG, WAV, PDF, HTML, XML, CSV and NDJSON, as bytes. Pure."""

from __future__ import annotations

import csv
import io
import json
import math
import struct
import wave
import zlib
from collections.abc import Callable
from xml.sax.saxutils import escape

from httpkit_magics.demo import shop

WIDTH, HEIGHT = 160, 90


def png() -> bytes:
    """Return a picture of 160 by 90 pixels: a gradient with a hexagonal nut on it."""
    rows = bytearray()
    for y in range(HEIGHT):
        rows.append(0)  # filter: none
        for x in range(WIDTH):
            dx, dy = abs(x - WIDTH / 2), abs(y - HEIGHT / 2)
            is_nut = max(dx, dx / 2 + dy * 0.866) < 34 and dx * dx + dy * dy > 300
            rows += bytes((238, 126, 52)) if is_nut else bytes((40 + x // 2, 70 + y, 140))

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 2, 0, 0, 0)  # 8 bits, RGB
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(bytes(rows), 9))
        + chunk(b"IEND", b"")
    )


def svg() -> bytes:
    """Return a picture that holds a script, which a safe viewer never runs."""
    return (
        b'<svg xmlns="http://www.w3.org/2000/svg" width="160" height="90" viewBox="0 0 160 90">'
        b'<rect width="160" height="90" fill="#28468c"/>'
        b'<polygon points="80,11 110,28 110,62 80,79 50,62 50,28" fill="#ee7e34"/><circle cx="80" cy="45" r="17" fill="#28468c"/>'
        b'<script>window.top.demoScriptRan = "svg"; alert("a script of the response ran")</script>'
        b"</svg>\n"
    )


def wav() -> bytes:
    """Return a second of a 440 Hz tone: 8 kHz, 16 bits, mono."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(
            b"".join(struct.pack("<h", int(9000 * math.sin(math.tau * 440 * n / 8000))) for n in range(8000))
        )
    return out.getvalue()


def pdf() -> bytes:
    """Return a document of one page."""
    text = b"BT /F1 24 Tf 40 100 Td (A hardware shop) Tj ET"
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 300 200] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(text), text),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    )
    out = bytearray(b"%PDF-1.4\n")
    places = []
    for number, content in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    tail = b"xref\n0 6\n0000000000 65535 f \n%strailer << /Root 1 0 R /Size 6 >>\nstartxref\n%d\n%%%%EOF\n"
    return bytes(out) + tail % (table, len(out))


def html() -> bytes:
    """Return a page that tries to run scripts in the ways that pages do; `demoScriptRan` tells whether one did."""
    rows = "".join(
        f"<tr><td>{escape(item['name'])}</td><td>{item['price']:.2f} €</td></tr>" for item in shop.make_items()[:5]
    )
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>A hardware shop</title>
<style>h1 {{ color: #ee7e34 }}</style>
<script>window.top.demoScriptRan = "html"; document.title = "a script of the response ran";</script></head>
<body><h1>A hardware shop</h1><table>{rows}</table>
<img src="missing.png" alt="" onerror="window.top.demoScriptRan = 'onerror'">
<a href="javascript:window.top.demoScriptRan='href'">Open</a>
<iframe src="/anything" title="frame"></iframe>
<form action="/form" method="post"><input name="q"><button>Search</button></form>
</body></html>
""".encode()


def xml() -> bytes:
    """Return the catalogue with a namespace, an attribute, CDATA and a comment."""
    items = "".join(
        f'  <item id="{item["id"]}"><name>{escape(item["name"])}</name><price>{item["price"]}</price></item>\n'
        for item in shop.make_items()[:10]
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<!-- ten of the items -->\n'
        f'<shop xmlns="urn:example:shop">\n{items}  <note><![CDATA[<b>not markup</b> & so on]]></note>\n</shop>\n'
    ).encode()


def csv_table() -> bytes:
    """Return the catalogue as CSV with a head (RFC 4180)."""
    out = io.StringIO(newline="")
    table = csv.writer(out)
    table.writerow(("id", "name", "price", "stock", "tags", "created"))
    for item in shop.make_items():
        table.writerow(
            (item["id"], item["name"], item["price"], item["stock"], " ".join(item["tags"]), item["created"])
        )
    return out.getvalue().encode()


def ndjson() -> bytes:
    """Return the catalogue as one JSON object a line."""
    return b"".join(json.dumps(item, ensure_ascii=False).encode() + b"\n" for item in shop.make_items())


# name -> (Content-Type, how it is made)
MEDIA: dict[str, tuple[str, Callable[[], bytes]]] = {
    "png": ("image/png", png),
    "svg": ("image/svg+xml", svg),
    "wav": ("audio/wav", wav),
    "pdf": ("application/pdf", pdf),
    "html": ("text/html; charset=utf-8", html),
    "xml": ("application/xml", xml),
    "csv": ("text/csv; charset=utf-8; header=present", csv_table),
    "ndjson": ("application/x-ndjson", ndjson),
}
