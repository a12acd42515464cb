"""Sets of positions in a list as integers: bit n is set if position n is in the set.

Sets are intersected with `&`, united with `|`, and counted with `bit_count()`, which takes microseconds for ten
thousand positions.
"""

from collections.abc import Iterable, Iterator

type Mask = int

_ONE = ord("1")


def mask_of(positions: Iterable[int]) -> Mask:
    """Return the mask of some positions."""
    positions = list(positions)
    # Written as binary digits, because setting a byte takes a third of the time of setting a bit.
    digits = bytearray(b"0") * (max(positions, default=0) + 1)
    for position in positions:
        digits[position] = _ONE
    digits.reverse()
    return int(digits, 2)


def positions_in(mask: Mask) -> Iterator[int]:
    """Yield the positions of a mask in ascending order."""
    return (position for position, bit in enumerate(reversed(f"{mask:b}")) if bit == "1")
