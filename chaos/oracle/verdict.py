"""What was compared, and every way in which it does not agree."""

from dataclasses import dataclass, field


@dataclass
class Verdict:
    figures: dict[str, float] = field(default_factory=dict)
    violations: list[str] = field(default_factory=list)

    def add(self, name: str, figure: float) -> None:
        self.figures[name] = self.figures.get(name, 0) + figure

    def blame(self, violation: str) -> None:
        self.violations.append(violation)
