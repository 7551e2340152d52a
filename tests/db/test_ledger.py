from __future__ import annotations

import threading
from collections.abc import Callable

from bigloop.contracts import BudgetError, ConflictError, Suggestion, Verdict
from bigloop.db import Store


def test_a_race_never_overdraws(
    store: Store, suggest: Callable[..., Suggestion], approve: Verdict
) -> None:
    """Each of 4 threads wants as much as it can get, 0.7 of 10 at a time."""
    won: list[str] = []
    start = threading.Barrier(4)

    def reserve(seed: int) -> None:
        start.wait()
        number = 0
        while True:
            try:
                wanted = suggest(number, cost={"core_second": 0.7}, seed=seed)
                won.append(store.propose(wanted, approve, f"loop {seed}").id)
                number += 1
            except ConflictError:
                number = len(store.trials("cells"))
            except BudgetError:
                return

    threads = [threading.Thread(target=reserve, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    account = store.ledger("cells")["core_second"]
    assert len(won) == len(set(won)) == 14
    assert account.reserved == 9.8
    assert [t.proposal.number for t in store.trials("cells")] == list(range(14))
