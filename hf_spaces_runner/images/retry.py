"""How often, and how long apart, a pull is tried again."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hf_spaces_runner.errors import ImageRegistryUnreachableError
from hf_spaces_runner.orchestrator.docker_errors import TRANSIENT_VERDICTS

if TYPE_CHECKING:
    import tenacity


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """At most `attempts` tries. The wait between them doubles from `first_wait_s` up to `longest_wait_s`.

    Each wait is longer by a random part of at most `first_wait_s`.
    """

    attempts: int = 4
    first_wait_s: float = 0.5
    longest_wait_s: float = 8.0
    sleep: Callable[[float], None] = field(default=time.sleep, repr=False, compare=False)

    def retrying(self, before_wait: Callable[[int, BaseException], None]) -> "tenacity.Retrying":
        """Return the loop that tries again on transient faults only.

        `before_wait` is told the number of the try that failed, and its error.
        """
        import tenacity  # noqa: PLC0415 - only a pull needs it, and each run would pay for it

        def tell(state: tenacity.RetryCallState) -> None:
            error = state.outcome.exception() if state.outcome is not None else None
            if error is not None:
                before_wait(state.attempt_number, error)

        return tenacity.Retrying(
            stop=tenacity.stop_after_attempt(self.attempts),
            # The random part keeps processes that failed together from coming back together.
            wait=tenacity.wait_exponential(multiplier=self.first_wait_s, max=self.longest_wait_s)
            + tenacity.wait_random(0, self.first_wait_s),
            retry=tenacity.retry_if_exception(is_transient),
            before_sleep=tell,
            sleep=self.sleep,
            reraise=True,
        )


def is_transient(error: BaseException) -> bool:
    """Return whether the next try may go well: a broken connection, a time-out, or a fault of the registry's own."""
    return isinstance(error, ImageRegistryUnreachableError) and error.verdict in TRANSIENT_VERDICTS
