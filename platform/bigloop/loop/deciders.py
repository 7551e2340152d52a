"""The agent of a campaign, built from what the campaign says of it."""

from __future__ import annotations

import inspect

from bigloop.contracts import Agent, Campaign, SpecError, plugins


def agent_of(campaign: Campaign) -> Agent:
    """Build the agent of a campaign.

    Raises:
        NotFoundError: it is not installed; lists those that are.
        SpecError: an option is unknown or wrong.
    """
    make = plugins.load("agents", campaign.agent)
    try:
        agent: Agent = make(campaign, **campaign.agent_options)
    except TypeError as error:
        known = [n for n in inspect.signature(make).parameters if n != "campaign"]
        raise SpecError(
            f"agent_options of {campaign.agent!r}: {error}; its options are "
            f"{', '.join(known) or 'none'}"
        ) from None
    return agent
