"""A valid document of every kind, with text wherever text may stand."""

from __future__ import annotations

import hashlib
from typing import Any

MEASURED = {"observable": "life", "value": 700.0, "unit": "cycle", "age": 10.0}
SOLVENT = {"EC": 0.5, "DMC": 0.5}
CAMPAIGN: dict[str, Any] = {
    "name": "evil",
    "title": "title",
    "description": "description",
    "agent": "random",
    "parameters": {
        "rate": {"low": 1, "high": 6, "unit": "1/hour", "description": "rate"},
        "salt": {"choices": ["LiPF6"], "description": "salt"},
        "EC": {"low": 0, "high": 1, "description": "solvent"},
        "DMC": {"low": 0, "high": 1, "description": "solvent"},
    },
    "compositions": {
        "solvent": {
            "components": ["EC", "DMC"],
            "unit": "",
            "description": "both solvents",
        }
    },
    "constraints": {
        "slow": {
            "expression": "rate / 2",
            "unit": "1/hour",
            "at_most": 3.5,
            "description": "not too fast",
        }
    },
    "candidates": None,
    "observables": {
        "life": {"unit": "cycle", "low": 0, "high": 9000, "description": "life"},
        "half": {"unit": "cycle", "expression": "life / 2", "description": "half"},
        "mass": {"unit": "gram"},
    },
    "objective": {"observable": "life", "source": "full"},
    "sources": {
        "full": {
            "lab": "table",
            "options": {"table": "severson2019"},
            "observes": ["life"],
            "longest_age": 2500,
            "age_unit": "cycle",
            "cost": {"EUR": 1},
            "cost_per_age": {"cell_cycle": 1},
            "checklist": ["clear the bench"],
        },
        "quick": {
            "simulator": "forrester",
            "observes": ["life", "half"],
            "expressions": {"half": "life / 3"},
            "cost": {"EUR": 1},
        },
    },
    "predictor": {
        "model": "early-life",
        "predicts": "life",
        "early": ["half"],
        "options": {"option": "value"},
    },
    "budget": {"EUR": 10_000, "cell_cycle": 10_000_000},
    "reference_cost": {"EUR": 20_000},
    "approval": [
        {
            "source": "full",
            "cost_up_to": {"cell_cycle": 9000},
            "action": "ask",
            "who": "scientist",
            "reason": "it is long",
        }
    ],
}
_CLOSED = {k: v for k, v in CAMPAIGN["sources"]["full"].items() if k != "longest_age"}
SEVERAL: dict[str, Any] = {
    **{k: v for k, v in CAMPAIGN.items() if k not in ("objective", "predictor")},
    "objectives": [
        {"observable": "life", "source": "full"},
        {"observable": "mass", "goal": "minimize", "source": "full"},
    ],
    "requirements": {
        "life": {"at_least": 1, "unit": "cycle", "description": "it lives"}
    },
    "sources": {
        "full": {**_CLOSED, "observes": ["life", "mass"], "until_age": 2500},
        "quick": {
            **CAMPAIGN["sources"]["quick"],
            "learns": {
                "model": "prvae",
                "sources": ["full"],
                "start": "start.safetensors",
                "sha256": "0" * 64,
                "data": "runs",
                "options": {"option": "value"},
            },
        },
    },
}
"""What one campaign cannot say beside the other: several objectives, a requirement."""
SEVERAL_KEPT = {
    "objectives[].observable",
    "objectives[].source",
    "requirements{key}",
    "requirements{}.unit",
    "sources{}.learns.sources[]",
}
CAMPAIGN_KEPT = {
    "name",
    "agent",
    "parameters{key}",
    "parameters{}.unit",
    "compositions{key}",
    "compositions{}.components[]",
    "compositions{}.unit",
    "constraints{key}",
    "constraints{}.expression",
    "constraints{}.unit",
    "candidates",
    "observables{key}",
    "observables{}.unit",
    "observables{}.expression",
    "objective.observable",
    "objective.source",
    "sources{key}",
    "sources{}.lab",
    "sources{}.simulator",
    "sources{}.observes[]",
    "sources{}.expressions{key}",
    "sources{}.expressions{}",
    "sources{}.age_unit",
    "sources{}.cost{key}",
    "sources{}.cost_per_age{key}",
    "predictor.model",
    "predictor.predicts",
    "predictor.early[]",
    "budget{key}",
    "reference_cost{key}",
    "approval[].source",
}
NOTE = b"a note"
RESULT: dict[str, Any] = {
    "files": [
        {
            "name": "note.txt",
            "media_type": "text/plain",
            "description": "what it is",
            "sha256": hashlib.sha256(NOTE).hexdigest(),
            "size": len(NOTE),
        }
    ],
    "status": "success",
    "message": "message",
    "measurements": [MEASURED],
    "executed": {
        "rate": {"value": 2.0, "unit": "1/hour"},
        "salt": "what it was",
    },
    "specimen": "cell",
    "batch": "batch",
    "age": 10.0,
    "cost": {"cell_cycle": 10.0},
    "provenance": {"citations": "a paper"},
}
RESULT_KEPT = {
    "files[].sha256",
    "measurements[].observable",
    "measurements[].unit",
    "executed{key}",
    "executed{}.unit",
    "cost{key}",
}
OUTCOME = {**RESULT, "executed": {"rate": 2.0, "salt": "what it was"}}
OUTCOME_KEPT = RESULT_KEPT - {"executed{}.unit"}
DECISION: dict[str, Any] = {
    "agent": "agent",
    "model_version": "model",
    "score": 1.0,
    "terms": {
        name: {"value": 0.5, "unit": "cycle", "note": "note"}
        for name in ("mean", "sd_epistemic", "sd_aleatoric")
    },
    "runner_ups": [
        {
            "source": "full",
            "design": {"rate": 2.0, "salt": "salt", **SOLVENT},
            "specimen": "cell",
            "score": 0.5,
            "cost": {"cell_cycle": 1.0},
        }
    ],
    "flips": "flips",
    "seen": ["trial"],
}
MODEL: dict[str, Any] = {
    "id": "model",
    "campaign": "evil",
    "model": "model",
    "snapshot": "hash",
    "n_rows": 3,
    "status": "challenger",
    "metrics": {"specimen_out_rmse": 1.0},
    "parameters": {"name": "value"},
    "calibration": [],
    "artifact": "",
}
PAST: dict[str, Any] = {
    "rows": [
        {
            "source": "full",
            "design": {"rate": 3.0, "salt": "LiPF6", **SOLVENT},
            "specimen": "old cell",
            "batch": "old batch",
            "measurement": MEASURED,
        }
    ]
}


def below(place: str, kept: set[str]) -> set[str]:
    """Places of a document that stands inside another."""
    return {f"{place}.{name}" for name in kept}
