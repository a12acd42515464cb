"""Sets of positions in a list as integers: bit n is set if position n is in the set.

Sets are intersected with `&`, united with `|`, and counted with `bit_count()`, which takes microseconds for ten
thousand positions.
"""

from collections.abc import Iterable, Iterator

type Mask = int


def mask_of(positions: Iterable[int]) -> Mask:
    """Return the mask of some positions."""
    positions = list(positions)
    bits = bytearray(max(positions, default=0) // 8 + 1)
    for position in positions:
        bits[position // 8] |= 1 << position % 8
    return int.from_bytes(bits, "little")


def positions_in(mask: Mask) -> Iterator[int]:
    """Yield the positions of a mask in ascending order."""
    return (position for position, bit in enumerate(reversed(f"{mask:b}")) if bit == "1")
