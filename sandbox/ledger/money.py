"""Money as whole cents and exchange rates as whole millionths: sums are exact."""

RATE_ONE = 1_000_000


def text(cents: int) -> str:
    sign = "-" if cents < 0 else ""
    units, rest = divmod(abs(cents), 100)
    return f"{sign}{units}.{rest:02d}"


def rate_text(rate: int) -> str:
    units, rest = divmod(rate, RATE_ONE)
    return f"{units}.{rest:06d}"


def in_base(amount: int, rate: int) -> int:
    """Convert to the base currency, rounding halves away from zero."""
    if rate == RATE_ONE:
        return amount
    return share(amount, rate, RATE_ONE)


def share(amount: int, part: int, whole: int) -> int:
    """Multiply by part / whole, rounding halves away from zero."""
    if amount < 0:
        return -((-amount * part * 2 + whole) // (2 * whole))
    return (amount * part * 2 + whole) // (2 * whole)
