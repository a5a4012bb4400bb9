"""Where the batches of `make bench` run: a home of their own, and a registry with the Spaces that they need."""

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import docker

from hf_spaces_runner.batch.batch import Batch, BatchOptions
from hf_spaces_runner.batch.sources.spec import SourceSpec
from hf_spaces_runner.domain.batch_summary import BatchSummary
from hf_spaces_runner.domain.request import Request
from hf_spaces_runner.planning.pool_policy import PoolRules
from hf_spaces_runner.runner import Runner
from tests.engine.apps import app_source
from tests.engine.images import OWNER_LABEL, TEST_LABEL

VERSION = "5.49.1"
TRIVIAL, SLEEPING, SPHINX = f"trivial-{VERSION}".replace(".", "-"), "sleeping", "sphinx-transcription"
_PORT = 7860
_ENTRY = """  {id}:
    id: {id}
    docker_image: hf-spaces-runner-test/{repository}
    description: for make bench
    category: text_processing
    input_type: text
    output_type: text
    port: 7860
    status: available
    source: {source}
    endpoint: /echo
"""
_SLEEPS = "    import time\n\n    time.sleep(1)\n    return text\n"


@dataclass(frozen=True, slots=True)
class BatchPlace:
    """A home in `folder` for batches and what they are compared with."""

    folder: Path
    client: docker.DockerClient

    @property
    def environment(self) -> dict[str, str]:
        """What commands run with."""
        return {**os.environ, "HFSR_HOME": str(self.folder / "home")}

    def runner(self) -> Runner:
        """Return a new runner."""
        return Runner(settings={}, environment=self.environment)

    def image_of(self, space: str) -> str:
        """Return the image of `space`, built now unless it is here."""
        runner = self.runner()
        return runner.acquire_image(runner.find(space)).reference

    def run(
        self, space: str, sources: SourceSpec, *, containers: int, concurrency: int | None = None, total: int
    ) -> tuple[float, BatchSummary]:
        """Run a batch in a new folder; return how many seconds it took, its containers' start and end included.

        Raises:
            RuntimeError: an item failed.
        """
        options = BatchOptions(
            output=Path(tempfile.mkdtemp(dir=self.folder)) / "results",
            concurrency=concurrency,
            rules=PoolRules(max_containers=containers),
        )
        began = time.perf_counter()
        summary = Batch(self.runner(), Request(space=space), sources, options, total=total).run()
        taken_s = time.perf_counter() - began
        if summary.ok != total:
            raise RuntimeError(f"{summary.ok} of {total} items of {space} succeeded")
        return taken_s, summary

    @contextmanager
    def by_hand(self, image: str) -> Iterator[str]:
        """Yield the address of a container of `image`, as `docker run` starts it with nothing but a port."""
        labels = {TEST_LABEL: "bench", OWNER_LABEL: str(os.getpid())}
        environment = {"GRADIO_SERVER_NAME": "0.0.0.0", "GRADIO_ANALYTICS_ENABLED": "False"}
        container = self.client.containers.run(
            image, detach=True, labels=labels, environment=environment, ports={f"{_PORT}/tcp": ("127.0.0.1", 0)}
        )
        try:
            container.reload()
            bindings = container.ports[f"{_PORT}/tcp"] or [{}]
            yield f"http://127.0.0.1:{bindings[0]['HostPort']}"
        finally:
            container.remove(force=True)


@contextmanager
def batch_place() -> Iterator[BatchPlace]:
    """Yield a place whose images are all built; nothing but them is left."""
    client = docker.from_env()
    try:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            trivial = app_source("trivial", VERSION, folder)
            sleeping = app_source("trivial", VERSION, folder / "sleeping")
            script = sleeping / "app.py"
            script.write_text(script.read_text("utf-8").replace("    return text\n", _SLEEPS, 1), "utf-8")
            entries = (
                _ENTRY.format(id=TRIVIAL, repository="trivial", source=trivial),
                _ENTRY.format(id=SLEEPING, repository="sleeping", source=sleeping),
            )
            registry = folder / "home" / "config" / "registry.yaml"
            registry.parent.mkdir(parents=True)
            registry.write_text("spaces:\n" + "".join(entries), "utf-8")
            place = BatchPlace(folder, client)
            for space in (TRIVIAL, SLEEPING, SPHINX):
                place.image_of(space)
            yield place
    finally:
        client.close()
