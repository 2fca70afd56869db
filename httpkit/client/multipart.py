"""The names of aiohttp's module of this name: reading and writing multipart bodies."""

from httpkit.client.body_part import BodyPartReader, BodyPartReaderPayload
from httpkit.client.multipart_reader import MultipartReader, MultipartResponseWrapper
from httpkit.client.multipart_writer import MultipartWriter
from httpkit.values.disposition import (
    BadContentDispositionHeader,
    BadContentDispositionParam,
    content_disposition_filename,
    parse_content_disposition,
)

__all__ = (
    "BadContentDispositionHeader",
    "BadContentDispositionParam",
    "BodyPartReader",
    "BodyPartReaderPayload",
    "MultipartReader",
    "MultipartResponseWrapper",
    "MultipartWriter",
    "content_disposition_filename",
    "parse_content_disposition",
)
