"""Text that can be read on a colour somebody chose (WCAG 2.2, 1.4.3)."""

import re
from dataclasses import dataclass

ENOUGH = 4.5
WHITE, BLACK = "#ffffff", "#000000"
_COLOUR = re.compile(r"#?([0-9a-fA-F]{6})")
_LINEAR_BELOW = 0.04045


@dataclass(frozen=True, slots=True)
class Contrast:
    """Which text stands on a colour, and how well it and the other one can be read."""

    text: str
    ratio: float
    white_ratio: float

    @property
    def is_white(self) -> bool:
        return self.text == WHITE


def parse(text: str) -> str:
    """Return the colour as `#1a56c9`.

    :raises ValueError: when it is none.
    """
    found = _COLOUR.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no colour.")
    return f"#{found[1].lower()}"


def contrast_on(colour: str) -> Contrast:
    """Choose white text where it can be read, else black; one of the two always can be."""
    white, black = _ratio(colour, WHITE), _ratio(colour, BLACK)
    if white >= ENOUGH:
        return Contrast(WHITE, white, white)
    return Contrast(BLACK, black, white)


def stylesheet(colour: str) -> str:
    """Return what a branded part of a page is dressed in."""
    text = contrast_on(colour).text
    return (
        f".branded .org-mark{{background:{colour};color:{text}}}"
        f".branded .btn.primary{{background:{colour};color:{text};"
        # An outline, for a colour that is hardly different from the page's ground.
        "box-shadow:inset 0 0 0 1px color-mix(in srgb,currentColor 25%,transparent)}"
        ".branded .btn.primary:hover{"
        "box-shadow:inset 0 0 0 2px color-mix(in srgb,currentColor 60%,transparent)}"
    )


def _ratio(one: str, other: str) -> float:
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    red, green, blue = (_linear(int(colour[at : at + 2], 16) / 255) for at in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(share: float) -> float:
    return share / 12.92 if share <= _LINEAR_BELOW else ((share + 0.055) / 1.055) ** 2.4
