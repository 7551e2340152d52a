"""What every command starts from: settings, store, campaign, who acts."""

from __future__ import annotations

import getpass
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bigloop.config import Settings
    from bigloop.db import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """The options that stand before the command.

    Attributes:
        store_url: overrides the address of the store.
        folder: overrides the folder of the store, journals and reports.
        name: who acts, when it is not the user of the system.
    """

    store_url: str | None = None
    folder: Path | None = None
    name: str | None = None

    @property
    def actor(self) -> str:
        """In whose name decisions are recorded."""
        if self.name:
            return self.name
        try:
            return getpass.getuser()
        except (KeyError, OSError):
            return f"uid-{os.getuid()}"

    def settings(self, **changes: Any) -> Settings:
        """Defaults, file and environment, then the options given.

        Raises:
            SpecError: a setting is wrong.
        """
        import yaml
        from pydantic import ValidationError

        from bigloop.config import Settings
        from bigloop.contracts import SpecError

        given = {"store": self.store_url, "folder": self.folder, **changes}
        try:
            return Settings(**{k: v for k, v in given.items() if v is not None})
        except ValidationError as error:
            wrong = "; ".join(map(_wrong, error.errors()))
            raise SpecError(
                f"settings: {wrong}; correct bigloop.yaml or the BIGLOOP_ variables"
            ) from None
        except yaml.YAMLError as error:
            line = str(error).splitlines()[0]
            raise SpecError(f"bigloop.yaml is not YAML ({line}); correct it") from None

    def store(self) -> Store:
        """The store, which must exist: reading a wrong folder makes no new one.

        Raises:
            NotFoundError: there is none.
            StoreError: it cannot be opened.
        """
        from bigloop.contracts import NotFoundError
        from bigloop.db import Store

        url = self.settings().store_url
        path = Path(url.removeprefix("sqlite:///"))
        if url.startswith("sqlite:///") and not path.exists():
            raise NotFoundError(
                f"there is no store at {path}; start a campaign with `bigloop run "
                "FILE`, or point --folder or --store at one"
            )
        return Store.open(url)


def _wrong(item: Mapping[str, Any]) -> str:
    """One wrong setting; a secret is not repeated."""
    where = ".".join(map(str, item["loc"]))
    is_secret = "secret" in where or "secret" in str(item["input"])
    shown = "" if is_secret else f" = {item['input']!r}"
    return f"{where}{shown}: {item['msg']}"


def campaign_of(store: Store, name: str | None) -> str:
    """The campaign that is meant; the only one when no name is given.

    Raises:
        NotFoundError: there is none, or there are several.
    """
    from bigloop.contracts import NotFoundError

    if name is not None:
        return store.campaign(name).name
    names = [info.name for info in store.campaigns()]
    if len(names) == 1:
        return names[0]
    if not names:
        raise NotFoundError(
            "the store has no campaign; start one with `bigloop run FILE`"
        )
    raise NotFoundError(f"there are several campaigns; name one: {', '.join(names)}")
