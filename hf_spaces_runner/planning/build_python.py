"""Decides how the image of a Space of a Python SDK is built; the Dockerfile stays close to the Hub's own.

Facts: hf-spaces.md, section 2; for what sets the Hub's two builders apart see `builder`. Of the classic one, two things
differ on purpose. The SDK is installed before what the Space asks for, not after it, so that all Spaces of one SDK
version share that layer; its pin is repeated where the requirements are installed, so it still wins, and where they pin
another version it is installed once more after them, as the Hub does. And the Debian packages are those that the Space
seems to need, see `system_packages`.
"""

import json
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from hf_spaces_runner.domain.image import BuildPlan
from hf_spaces_runner.domain.labels import LABEL
from hf_spaces_runner.domain.request import Builder
from hf_spaces_runner.domain.space_source import SourceFile, SpaceSource
from hf_spaces_runner.errors import InvalidRegistryError
from hf_spaces_runner.planning.build_marks import (
    BUILD_FILES,
    CA_BUNDLE,
    UNFINISHED,
    copied,
    digest_of,
    labels_of,
    tag_of,
)
from hf_spaces_runner.planning.builder import HOME_APP, TRAITS, BuilderTraits
from hf_spaces_runner.planning.pip_command import Pip
from hf_spaces_runner.planning.preload import Preloading
from hf_spaces_runner.planning.sdk_pin import fighting_pins
from hf_spaces_runner.planning.system_packages import system_packages

SOURCE_FOLDER = "source"
"""Where the Space's files lie in the build context; their own names never stand in the Dockerfile."""

APP = HOME_APP
"""Where the Space's files lie in the image, as on the Hub."""

_VENV = "/opt/venv"
# Debian policy 5.6.1 for the name, 5.6.12 for the version. Nothing that matches means anything to a shell.
_PACKAGE = re.compile(r"[a-z0-9][a-z0-9+.-]+(?::[a-z0-9]+)?(?:=[0-9][A-Za-z0-9.+~:-]*)?")
_LISTS = ("pre-requirements.txt", "requirements.txt")


@dataclass(frozen=True, slots=True, kw_only=True)
class PythonSdk:
    """What sets one Python SDK apart: its package, what is installed beside it, its environment, and how it starts.

    `title` is its name for people. `bounds` keep newer packages away where no constraints do. `extras` of the package
    and the packages `also` are what this Space wants of it beyond what all do. The Space's own file stands between
    `starts_with` and `ends_with`. `port` is where it listens whatever `app_port` says, if it has such a port.
    `brings_hub_library`: huggingface_hub is among what it needs.
    """

    title: str
    package: str
    beside: tuple[str, ...]
    environment: Mapping[str, str]
    starts_with: tuple[str, ...]
    ends_with: tuple[str, ...] = ()
    bounds: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    port: int | None = None
    brings_hub_library: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Recipe:
    """What the lines are made of. `packages` are Debian's, `fights` says that requirements pin another SDK."""

    source: SpaceSource
    sdk: PythonSdk
    traits: BuilderTraits
    base_image: str
    packages: tuple[str, ...]
    constraints: SourceFile | None
    preloading: Preloading | None
    fights: bool

    @property
    def pin(self) -> str:
        return f"{self.sdk.package}=={self.source.front_matter.sdk_version}"

    @property
    def full_pin(self) -> str:
        extras = f"[{','.join(self.sdk.extras)}]" if self.sdk.extras else ""
        return shlex.quote(f"{self.sdk.package}{extras}=={self.source.front_matter.sdk_version}")


def plan_python_build(
    source: SpaceSource,
    sdk: PythonSdk,
    *,
    space_id: str,
    repository: str,
    base_image: str,
    constraints: SourceFile | None,
    ca_bundle: Path | None,
    builder: Builder = Builder.CLASSIC,
    preloading: Preloading | None = None,
    before: datetime | None = None,
) -> BuildPlan:
    """Return how the image of a Space of `sdk` is built; for the other arguments see `plan_build`.

    Raises:
        InvalidRegistryError: the source lacks something, or asks for what cannot be.
    """
    front = source.front_matter
    if front.sdk_version is None:
        raise InvalidRegistryError(f"{source.place_of('sdk_version')}: is missing, so no {sdk.title} is known")
    if front.app_file not in source.files:
        raise InvalidRegistryError(
            f"{source.place_of('app_file')}: there is no {front.app_file!r} here",
            hint=f"add {front.app_file}, or name another file with app_file",
        )
    traits = TRAITS[builder]
    # One call with constraints of ours would refuse what the Hub accepts; and they name what may be from after a day.
    constraints = None if traits.one_call or before is not None else constraints
    own = debian_packages(source.packages or "", source.folder / "packages.txt")
    pins = fighting_pins(source, sdk.package, front.sdk_version)
    recipe = _Recipe(
        source=source,
        sdk=sdk,
        traits=traits,
        base_image=base_image,
        packages=tuple(dict.fromkeys((*(traits.packages or system_packages(source)), *own))),
        constraints=constraints,
        preloading=preloading,
        fights=bool(pins) and not traits.one_call,
    )
    context = {} if preloading is None else preloading.files
    if constraints is not None:
        context |= {"constraints.txt": constraints}
    pip = Pip(with_ca_bundle=ca_bundle is not None, before=before)
    # What decides the content, so without the CA bundle and caches; only the texts with them are built from.
    decisive = _dockerfile(recipe, Pip(before=before), decisive=True)
    of_preloading = () if preloading is None else tuple(file.sha256 for file in preloading.files.values())
    constraining = constraints.sha256 if constraints is not None else ""
    digest = digest_of([decisive, source.sha256, constraining, base_image, *of_preloading])
    files: dict[str, Path] = {f"{SOURCE_FOLDER}/{name}": file.path for name, file in source.files.items()}
    files |= {name: file.path for name, file in context.items()}
    if ca_bundle is not None:
        files["ca-bundle.crt"] = ca_bundle
    return BuildPlan(
        tag=tag_of(repository, digest),
        base_image=base_image,
        python_version=front.python_version or traits.python_version,
        dockerfile=_dockerfile(recipe, pip, decisive=False),
        files=files,
        labels=labels_of(space_id, digest),
        buildkit_dockerfile=_dockerfile(recipe, pip.cached_for(repository), decisive=False),
        warnings=tuple(_fight(pin, sdk, front.sdk_version, traits) for pin in pins),
        before=before,
    )


def _fight(pin: str, sdk: PythonSdk, version: str, traits: BuilderTraits) -> str:
    told = f"requirements.txt asks for {pin}, and README.md for {sdk.package} {version}"
    if traits.one_call:
        return f"{told}: the Hub's current builder refuses that; --builder classic lets README.md win"
    return f"{told}, which wins here; the Hub's current builder refuses that"


def debian_packages(text: str, path: Path) -> tuple[str, ...]:
    """Return the Debian packages that `text`, the content of a packages.txt, lists; `#` begins a comment.

    Raises:
        InvalidRegistryError: a word is no package name; the message names file:line:column.
    """
    packages: list[str] = []
    for number, line in enumerate(text.splitlines(), start=1):
        for word in re.finditer(r"\S+", line.partition("#")[0]):
            if not _PACKAGE.fullmatch(word.group()):
                raise InvalidRegistryError(
                    f"{path}:{number}:{word.start() + 1}: {word.group()!r} is not the name of a Debian package"
                )
            packages.append(word.group())
    return tuple(packages)


def _dockerfile(recipe: _Recipe, pip: Pip, *, decisive: bool) -> str:
    source, sdk, traits = recipe.source, recipe.sdk, recipe.traits
    lines = first_lines(recipe.base_image, sdk.environment, with_ca_bundle=pip.with_ca_bundle, app=traits.app)
    if traits.newest_pip:
        lines.append(pip.of_today.install("--upgrade", "pip", ours=True))
    lines += pip.itself()
    if not traits.one_call:
        lines += _sdk_lines(recipe, pip)
    preload = recipe.preloading
    if preload is not None:
        if traits.one_call or not sdk.brings_hub_library:
            lines.append(pip.install("huggingface_hub", ours=True))
        lines += preload.lines(with_ca_bundle=pip.with_ca_bundle, decisive=decisive)
    if recipe.packages:
        lines += ["USER root", installing(recipe.packages), "USER user"]
    lines += _requirements_in_one_call(recipe, pip) if traits.one_call else _requirements(recipe, pip)
    if preload is not None:
        lines += preload.start_lines()
    lines += [
        # Old Gradio writes into the work directory, so it and all in it belong to the user.
        copied(f"{SOURCE_FOLDER}/", f"{traits.app}/"),
        f"EXPOSE {sdk.port or source.front_matter.app_port}",
        f"CMD {json.dumps([*sdk.starts_with, source.front_matter.app_file, *sdk.ends_with])}",
    ]
    return "\n".join(lines) + "\n"


def _sdk_lines(recipe: _Recipe, pip: Pip) -> list[str]:
    """Return the lines that install the SDK, the same for all Spaces of its version."""
    if recipe.constraints is None:
        bounds = map(shlex.quote, recipe.sdk.bounds)
        return [pip.install(recipe.pin, *recipe.sdk.beside, *bounds, ours=True)]
    place = f"{BUILD_FILES}/constraints.txt"
    return [
        copied("constraints.txt", place),
        pip.install("--constraint", place, recipe.pin, *recipe.sdk.beside, ours=True),
    ]


def _requirements(recipe: _Recipe, pip: Pip) -> list[str]:
    """Return the lines that install what the Space asks for; the version of the SDK stays that of the front matter."""
    lines: list[str] = []
    wanted = [recipe.full_pin, *recipe.sdk.also]
    names = _lists(recipe.source)
    for name in names:
        # What the Space wants of the SDK comes with the last of its own lists.
        pins = wanted if name == names[-1] else [recipe.pin]
        lines.append(copied(f"{SOURCE_FOLDER}/{name}", f"{BUILD_FILES}/{name}"))
        lines.append(pip.install("--requirement", f"{BUILD_FILES}/{name}", *([] if recipe.fights else pins)))
    if recipe.fights:
        lines.append(pip.install(*wanted, *recipe.sdk.beside))
    elif not names and wanted != [recipe.pin]:
        lines.append(pip.install(*wanted))
    return lines


def _requirements_in_one_call(recipe: _Recipe, pip: Pip) -> list[str]:
    """Return the lines that have pip agree on all requirements and the SDK at once, or fail."""
    lines: list[str] = []
    last: tuple[str, ...] = ()
    for name in _lists(recipe.source):
        lines.append(copied(f"{SOURCE_FOLDER}/{name}", f"{BUILD_FILES}/{name}"))
        last = ("--requirement", f"{BUILD_FILES}/{name}")
        if name != _LISTS[-1]:
            lines.append(pip.install(*last))
            last = ()
    beside = (shlex.quote(word) for word in (*recipe.sdk.beside, *recipe.sdk.also))
    return [*lines, pip.install(*last, recipe.full_pin, *beside)]


def _lists(source: SpaceSource) -> list[str]:
    """Return the names of the lists of requirements that have anything in them, in the order of their use."""
    texts = (source.pre_requirements, source.requirements)
    return [name for name, text in zip(_LISTS, texts, strict=True) if text is not None and text.strip()]


def installing(packages: tuple[str, ...]) -> str:
    """Return the step that installs the Debian `packages`; the user must be root."""
    words = " ".join(packages)
    return (
        "RUN apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "
        f"{words} && apt-get clean && rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin"
    )


def first_lines(base_image: str, environment: Mapping[str, str], *, with_ca_bundle: bool, app: str = APP) -> list[str]:
    """Return the lines that every image begins with: the Hub's user, and a virtual environment of its own."""
    link = "" if app == APP else f" && ln -s {app} {APP}"
    lines = [
        f"FROM {base_image}",
        f'LABEL {LABEL}.built="{UNFINISHED}"',
        "ENV " + _pairs(environment),
        f"RUN useradd --create-home --uid 1000 user && mkdir -p {app} {_VENV} && chown user:user {app} {_VENV}{link}",
    ]
    if with_ca_bundle:
        lines.append(copied("ca-bundle.crt", CA_BUNDLE))
    return [*lines, "USER user", f"WORKDIR {app}", f"RUN python3 -m venv {_VENV}", f'ENV PATH="{_VENV}/bin:$PATH"']


def _pairs(values: Mapping[str, str]) -> str:
    return " ".join(f"{name}={value}" for name, value in sorted(values.items()))
