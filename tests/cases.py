"""Hundreds of cases in one test, where each takes less time than pytest does for a test of its own."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

Test = Callable[..., Any]


def for_each(
    names: str | tuple[str, ...], cases: Iterable[Any], ids: Callable[[Any], object] = repr
) -> Callable[[Test], Test]:
    """Call a test with every case in turn, all within one test, which fails with every case that fails.

    Args:
        names: The test's argument that takes the case, or its arguments that take the parts of it.
        cases: The cases. The test's other arguments, such as fixtures, are the same objects for all of them.
        ids: Names a case for who reads of its failure.

    Raises:
        ValueError: There are no cases.
    """
    cases = list(cases)
    if not cases:
        raise ValueError("a test without cases tests nothing")
    taken = (names,) if isinstance(names, str) else names

    def calls(test: Test, others: dict[str, Any]) -> Iterator[tuple[object, Callable[[], Any]]]:
        for case in cases:
            values = (case,) if isinstance(names, str) else case
            yield ids(case), functools.partial(test, **dict(zip(taken, values, strict=True)), **others)

    def decorate(test: Test) -> Test:
        def run(**others: Any) -> None:
            failures = _Failures(len(cases))
            for name, call in calls(test, others):
                with failures.of(name):
                    call()
            failures.tell()

        async def run_async(**others: Any) -> None:
            failures = _Failures(len(cases))
            for name, call in calls(test, others):
                with failures.of(name):
                    await call()
            failures.tell()

        signature = inspect.signature(test)
        rest = [parameter for name, parameter in signature.parameters.items() if name not in taken]
        runs: Any = functools.wraps(test)(run_async if inspect.iscoroutinefunction(test) else run)
        runs.__signature__ = signature.replace(parameters=rest)
        return runs  # type: ignore[no-any-return]

    return decorate


class _Failures:
    """The cases that failed, each with why."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._errors: dict[str, BaseException] = {}

    @contextmanager
    def of(self, case: object) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # noqa: BLE001 whatever it is, this case failed by it
            self._keep(case, error)
        except pytest.fail.Exception as error:
            # This may be the end of the time for all of them.
            self._keep(case, error)
            self.tell()

    def _keep(self, case: object, error: BaseException) -> None:
        error.add_note(f"The case: {case}")
        self._errors[str(case)] = error

    def tell(self) -> None:
        """Raise all errors there were, if there were any."""
        if self._errors:
            message = f"{len(self._errors)} of {self._count} cases failed: {', '.join(self._errors)}"
            raise BaseExceptionGroup(message, list(self._errors.values()))
