"""Evils of the hostile Space: answers that never end, are too long, or are no HTTP."""

import json
import os
import time
import zlib
from collections.abc import Iterable
from itertools import chain

from tests.engine.hostile.space import ESCAPES, MIB, Space, completed, config, evil, many

ELSEWHERE = os.environ.get("ELSEWHERE", "http://127.0.0.1:9")
COUNT = int(os.environ.get("COUNT", "20000"))
STARTS = 'data: {"msg": "process_starts"}\n\n'
FIVE_GB = 5000 * MIB


@evil("stream")
def endless_line(space: Space) -> None:
    space.stream(many("x"))


@evil("stream")
def endless_comments(space: Space) -> None:
    space.stream(many(": x\n"))


@evil("stream")
def endless_heartbeats(space: Space) -> None:
    space.stream(many('data: {"msg": "heartbeat"}\n\n'))


@evil("stream")
def informational_flood(space: Space) -> None:
    space.raw(many("HTTP/1.1 103 Early Hints\r\n\r\n"))


@evil("stream")
def a_byte_a_second(space: Space) -> None:
    space.stream(_slowly(completed()))


@evil("stream")
def a_byte_of_head_a_second(space: Space) -> None:
    space.raw(_slowly("HTTP/1.1 200 OK\r\nX-Header: " + "x" * 1000))


@evil("config")
def a_byte_of_config_a_second(space: Space) -> None:
    space.body(_slowly(config()))


@evil("file")
def a_byte_of_file_a_second(space: Space) -> None:
    space.body(_slowly("x" * 1000))


def _slowly(text: str) -> Iterable[str]:
    for character in text:
        yield character
        time.sleep(1)


@evil("stream")
def silence(space: Space) -> None:
    space.stream(['data: {"msg": "estimation", "rank": 4}\n\n'])
    space.connection.recv(1)


@evil("stream")
def five_gigabytes_of_text(space: Space) -> None:
    space.stream(chain(['data: {"msg": "process_completed", "output": {"data": ["'], many("x", FIVE_GB)))


@evil("join")
def five_gigabytes_of_ticket(space: Space) -> None:
    space.body(many(" ", FIVE_GB))


@evil("config")
def five_gigabytes_of_config(space: Space) -> None:
    space.body(chain([config()[:-1], ', "evil": ["'], many("x", FIVE_GB)))


@evil("file")
def five_gigabytes_of_file(space: Space) -> None:
    space.body(many("\0" * 65536, FIVE_GB))


@evil("file")
def five_gigabytes_announced(space: Space) -> None:
    space.head(f"Content-Length: {FIVE_GB}")
    space.raw(many("\0" * 65536, FIVE_GB))


@evil("file")
def more_than_announced(space: Space) -> None:
    space.head("Content-Length: 10")
    space.raw(["0123456789", "and more\r\n\r\n" * 10_000])


@evil("file")
def less_than_announced(space: Space) -> None:
    space.head("Content-Length: 100000")
    space.raw(["0123456789"])


@evil("file")
def no_file(space: Space) -> None:
    space.raw(["HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"])


@evil("file")
def redirect_of_the_file(space: Space) -> None:
    space.raw([f"HTTP/1.1 302 Found\r\nLocation: {ELSEWHERE}/x\r\nContent-Length: 0\r\n\r\n"])


@evil("file")
def redirect_to_itself(space: Space) -> None:
    space.raw([f"HTTP/1.1 307 Again\r\nLocation: {space.path}\r\nContent-Length: 0\r\n\r\n"])


@evil("stream")
def gzip_bomb(space: Space) -> None:
    packer = zlib.compressobj(wbits=31)
    space.head("Content-Type: text/event-stream", "Content-Encoding: gzip")
    space.raw(packer.compress(block) for block in many("\n", FIVE_GB))


@evil("stream")
def long_header(space: Space) -> None:
    space.head(f"X-Header: {ESCAPES}{'x' * MIB}")


@evil("stream")
def ten_thousand_headers(space: Space) -> None:
    space.head("Content-Type: text/event-stream", *["a:b"] * 10_000)
    space.raw([completed()])


@evil("stream")
def no_http(space: Space) -> None:
    space.close_connection = True
    space.raw(["HTTP/1.1 \x9b31m", "\x1b[31m" * 10_000, "\r\n\r\n"])


@evil("stream")
def half_an_event(space: Space) -> None:
    space.stream([STARTS, completed()[:40]])


@evil("stream")
def notes_flood(space: Space) -> None:
    note = json.dumps({"msg": "log", "level": "warning", "log": f"{ESCAPES}evil note"})
    progress = json.dumps({"msg": "progress", "progress_data": [{"index": 1, "length": 10**400, "desc": ESCAPES}]})
    space.stream([f"data: {note}\n\ndata: {progress}\n\n"] * COUNT)
    space.raw(['data: {"msg": "estimation", "rank": 1', "0" * 400, "}\n\n", completed()])
