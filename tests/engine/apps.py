"""Builds the small Gradio apps of tests/gradio_apps on any Gradio version and runs them as the runner would."""

import shutil
import tempfile
import time
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import docker

from hf_spaces_runner.domain.deadline import Deadline
from hf_spaces_runner.domain.progress import ignore_progress
from hf_spaces_runner.domain.request import Request
from hf_spaces_runner.domain.space import Space
from hf_spaces_runner.orchestrator.docker_engine import DockerEngine
from hf_spaces_runner.orchestrator.ownership import own_name
from hf_spaces_runner.orchestrator.readiness import wait_until_ready
from hf_spaces_runner.planning.launch_policy import LaunchDefaults, RunIdentity, plan_launch
from hf_spaces_runner.runner import Runner
from tests.engine.images import OWNER_LABEL, TEST_LABEL

APPS = Path(__file__).parent.parent / "gradio_apps"


def app_source(folder: str, version: str, target: Path) -> Path:
    """Return a copy of the app `folder` below `target`, its front matter completed with the Gradio `version`."""
    source = target / f"{folder}-{version}"
    shutil.copytree(APPS / folder, source, ignore=shutil.ignore_patterns("__pycache__"), dirs_exist_ok=True)
    readme = source / "README.md"
    readme.write_text(readme.read_text().replace("sdk: gradio\n", f"sdk: gradio\nsdk_version: {version}\n", 1))
    return source


class GradioApps:
    """Apps that were started so far; each runs until the end of the session."""

    def __init__(self, client: docker.DockerClient, folder: Path, stack: ExitStack) -> None:
        self._engine = DockerEngine(client)
        self._folder = folder
        self._stack = stack
        self._urls: dict[tuple[str, str, bool], str] = {}

    def base_url(self, version: str, folder: str, *, as_on_hub: bool = True) -> str:
        """Return the address of the app `folder` on Gradio `version`, started now unless it runs already.

        `as_on_hub`: it is told that it runs on the Hub, where it takes no direct calls.
        """
        key = (version, folder, as_on_hub)
        if key not in self._urls:
            self._urls[key] = self._start(version, folder, as_on_hub=as_on_hub)
        return self._urls[key]

    def _start(self, version: str, folder: str, *, as_on_hub: bool) -> str:
        source = app_source(folder, version, self._folder)
        space = Space(
            id=f"{folder}-{version}".replace("_", "-"), docker_image=f"hf-spaces-runner-test/{folder}", source=source
        )
        home = tempfile.mkdtemp(dir=self._folder)
        image = Runner(settings={}, environment={"HFSR_HOME": home}).acquire_image(space)
        spec = plan_launch(
            space,
            Request(space=space.id),
            LaunchDefaults(memory_bytes=2 * 1024**3, cpus=None, pids_limit=512, hf_cache="none"),
            RunIdentity(run_id=f"tests-{time.time_ns():x}", owner=own_name()),
        )
        if not as_on_hub:
            variables = {name: value for name, value in spec.environment.items() if name not in ("SPACE_ID", "SYSTEM")}
            spec = replace(spec, environment={**variables, "SYSTEM": ""})
        labels = {TEST_LABEL: "gradio app", OWNER_LABEL: own_name()}
        container = self._stack.enter_context(self._engine.create(replace(spec, image=image.reference, labels=labels)))
        container.start()
        wait_until_ready(container, Deadline.after(120, time.monotonic), ignore_progress)
        return f"http://127.0.0.1:{container.port}"
