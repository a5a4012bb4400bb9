"""Runs a small batch through the journal and the results file; the tests kill it wherever it is.

Arguments: the output folder, how many items, the seed of its dawdling, and `ordered` or `unordered`. It says a line for
each item that it runs, and notes it in the file `ran` of the output folder.
"""

import os
import random
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from hashlib import sha256
from pathlib import Path

from hf_spaces_runner.batch import journal as journal_module
from hf_spaces_runner.batch.folder import hold_batch_folder
from hf_spaces_runner.batch.item_json import is_good, item_body
from hf_spaces_runner.batch.journal import Journal
from hf_spaces_runner.batch.results_file import ResultsFile
from hf_spaces_runner.domain.item import Item, ItemResult
from hf_spaces_runner.domain.result import Status


def main(root: Path, items: int, seed: str, order: str) -> None:
    """Run the batch."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    with (
        hold_batch_folder(root, command="killed batch") as folder,
        ResultsFile(folder, in_order=order == "ordered", in_memory_bytes=5_000) as results,
        Journal.open(folder) as journal,
        ThreadPoolExecutor(4) as pool,
    ):
        ran = os.open(root / "ran", os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600)

        def run(item: Item, key: str, number: int) -> None:
            os.write(ran, f"{seed} {item.id}\n".encode())
            time.sleep(chance.expovariate(250))
            failed = item.index % 7 == 0
            text = f"{key[:10]} {number} " + "x" * (item.index * 37 % 3000)
            result = ItemResult(
                status=Status.FAILED if failed else Status.OK, text=text, error="no" if failed else None
            )
            body = item_body(result)
            journal.finish(key, number, body, ok=is_good(body), then=partial(results.add, item, body))
            sys.stdout.write("ran\n")
            sys.stdout.flush()

        for index in range(items):
            content = index // 3 if index % 5 == 0 else index  # some rows are equal
            item = Item(index=index, id=f"item-{index}", source=f"rows.jsonl:{index + 1}", given={"n": content})
            results.expect(index)
            key = sha256(str(content).encode()).hexdigest()
            number, body = journal.claim(key)
            if body is None:
                pool.submit(run, item, key, number)
            else:
                results.add(item, body)
        pool.shutdown()
    sys.stdout.write("done\n")
    sys.stdout.flush()


if __name__ == "__main__":
    journal_module.GROUP_S = 0.03  # so that it is killed around many commits
    main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4])
