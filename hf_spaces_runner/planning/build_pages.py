"""Decides how the pages of a static Space are made where its front matter has an `app_build_command`.

The Hub installs what `package.json` asks for and runs the command in the folder of the repository; many Spaces say
`npm run build` and no more, others `npm ci && npm run build`. Source: the Hub's documentation of static Spaces, and
Spaces that build there. Nothing of what the build needed gets into the image that serves the pages.
"""

import json
import re
import shlex

from hf_spaces_runner.domain.labels import LABEL
from hf_spaces_runner.domain.space_source import SpaceSource
from hf_spaces_runner.planning.build_marks import CA_BUNDLE, UNFINISHED, copied
from hf_spaces_runner.planning.build_python import APP, SOURCE_FOLDER

NO_NODE_IMAGE = (
    "no image of Node.js is here and no image registry was reachable: app_build_command runs on Debian's Node.js (18 in"
    " Debian 12); the setting node_image names an image with another"
)

_STAGE = "pages"
_HOME = "/home/user"
_MANIFEST = "package.json"
_LOCKS = ("npm-shrinkwrap.json", "package-lock.json")
_INSTALLS = re.compile(r"\b(?:npm|pnpm|yarn|bun)\s+(?:ci|clean-install|install|i)\b|\byarn\s*(?:$|&&|;)")
# Of npm alone, and only in this stage. What was fetched once for a lock file is taken from npm's own cache.
_ENVIRONMENT = {
    "HOME": _HOME,
    "npm_config_audit": "false",
    "npm_config_fund": "false",
    "npm_config_prefer_offline": "true",
    "npm_config_update_notifier": "false",
}
# Node and what is built on it, then OpenSSL and what is built on that.
_TRUST_VARIABLES = ("NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE")


def page_stage(source: SpaceSource, node_image: str | None, base_image: str, *, with_ca_bundle: bool) -> list[str]:
    """Return the stage that makes the pages of `source`; no line at all where nothing has to be made.

    `node_image` is what it begins with; where it is None, Debian's Node.js is installed on `base_image`.
    """
    front = source.front_matter
    if not front.app_build_command:
        return []
    environment = _ENVIRONMENT | (dict.fromkeys(_TRUST_VARIABLES, CA_BUNDLE) if with_ca_bundle else {})
    lines = [f"FROM {node_image or base_image} AS {_STAGE}", f'LABEL {LABEL}.built="{UNFINISHED}"', "USER root"]
    if node_image is None:
        lines.append(
            "RUN apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends nodejs npm"
            " && rm -rf /var/lib/apt/lists/*"
        )
    if with_ca_bundle:
        lines.append(copied("ca-bundle.crt", CA_BUNDLE))
    lines += [
        # By number: an image of Node.js has a user of its own with this one.
        f"RUN mkdir -p {APP} && chown -R 1000:1000 {_HOME}",
        "ENV " + " ".join(f"{name}={value}" for name, value in sorted(environment.items())),
        "USER 1000:1000",
        f"WORKDIR {APP}",
    ]
    if not _INSTALLS.search(front.app_build_command) and _MANIFEST in source.files:
        lines += _install(source)
    else:
        lines.append(copied(f"{SOURCE_FOLDER}/", f"{APP}/"))
    page = shlex.quote(f"./{front.app_file}")
    missing = shlex.quote(f"app_file: the command has made no {front.app_file}")
    # What only the build needs goes; .npmrc may hold a token.
    checked = f"test -f {page} || {{ echo {missing}; exit 1; }}; rm -rf node_modules .npmrc"
    return [*lines, _run(front.app_build_command), _run(checked)]


def pages_from_stage() -> str:
    """Return the line that copies what the stage has made."""
    return f"COPY --from={_STAGE} --chown=1000:1000 {json.dumps([f'{APP}/', f'{APP}/'])}"


def _install(source: SpaceSource) -> list[str]:
    """Return the steps that copy the source and install its packages.

    The first try is there for its layer, which a change of the source alone leaves as it is: it fills npm's cache. It
    may fail, since scripts of the packages and workspaces want the whole source.
    """
    locks = [name for name in _LOCKS if name in source.files]
    command = "npm ci" if locks else "npm install"
    lists = [name for name in (_MANIFEST, *locks, ".npmrc") if name in source.files]
    return [
        *(copied(f"{SOURCE_FOLDER}/{name}", f"{APP}/{name}") for name in lists),
        _run(f"{command} --ignore-scripts || true"),
        copied(f"{SOURCE_FOLDER}/", f"{APP}/"),
        _run(command),
    ]


def _run(command: str) -> str:
    # As JSON: whatever a command holds, it stays one step.
    return f"RUN {json.dumps(['/bin/sh', '-c', command])}"
