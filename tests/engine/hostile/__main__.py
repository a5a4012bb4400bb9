"""Runs the hostile Space: the command of its image."""

import signal
from http.server import ThreadingHTTPServer

from tests.engine.hostile import answers, behaviour, schemas, streams
from tests.engine.hostile.space import EVIL, EVILS, Space

assert all(evils.__name__ for evils in (answers, behaviour, schemas, streams))  # imported for what they register
assert not EVIL or EVIL in EVILS, f"no evil is called {EVIL}"
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):  # it does not go when it is told to
    signal.signal(number, signal.SIG_IGN)
ThreadingHTTPServer(("", 7860), Space).serve_forever()
