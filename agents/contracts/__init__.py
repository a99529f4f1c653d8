"""What is written down for others, made from the code: message schemas, and the tables of policy, settings, metrics.

``messages`` JSON Schemas · ``policy``, ``settings``, ``metrics`` their pages · a test compares all with docs/.
"""

from pathlib import Path

from agents.contracts import messages, metrics, policy, settings


def documents() -> dict[Path, str]:
    """Every generated document: its path from the project's root, and its text."""
    return {
        **{Path("docs/contracts") / f"{name}.json": text for name, text in messages.schemas().items()},
        Path("docs/policy.md"): policy.page(),
        Path("docs/settings.md"): settings.page(),
        Path("docs/metrics.md"): metrics.page(),
    }


def drifted(root: Path) -> dict[Path, str]:
    """The documents under ``root`` that are missing or say something else than the code, as they should be."""
    return {path: text for path, text in documents().items() if _text(root / path) != text}


def write(root: Path) -> list[Path]:
    """Every document under ``root`` says what the code says; returns those that did not before."""
    changed = drifted(root)
    for path, text in changed.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    return list(changed)


def _text(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None
