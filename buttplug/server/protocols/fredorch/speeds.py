"""How long the Fredorch machine takes for a way at each speed."""

from __future__ import annotations

from collections.abc import Sequence

#: The highest speed. It has no time of its own: it is for all that is faster than the others.
FULL_SPEED = 20

#: Milliseconds at speeds 1 to 19, for ways of 1 to 15 steps. A speed is for times that are longer than its own.
TIMES: Sequence[Sequence[int]] = (
    (1000, 800, 400, 235, 200, 172, 155, 92, 60, 45, 38, 34, 32, 28, 27, 26, 25, 24, 23),
    (1500, 1000, 800, 680, 600, 515, 425, 265, 165, 115, 80, 70, 50, 48, 45, 35, 34, 33, 32),
    (2500, 2310, 1135, 925, 792, 695, 565, 380, 218, 155, 105, 82, 70, 68, 65, 60, 48, 45, 43),
    (3000, 2800, 1500, 1155, 965, 810, 690, 465, 260, 195, 140, 110, 85, 75, 74, 73, 70, 65, 60),
    (3400, 3232, 2305, 1380, 1200, 1165, 972, 565, 328, 235, 162, 132, 98, 78, 75, 74, 73, 72, 71),
    (3500, 3350, 2500, 1640, 1250, 1210, 1010, 645, 385, 275, 175, 160, 115, 95, 91, 90, 85, 80, 77),
    (3600, 3472, 2980, 2060, 1560, 1275, 1132, 738, 430, 310, 230, 170, 128, 122, 110, 108, 105, 103, 101),
    (3800, 3500, 3055, 2105, 1740, 1370, 1290, 830, 490, 355, 235, 195, 150, 140, 135, 132, 130, 125, 120),
    (3900, 3518, 3190, 2315, 2045, 1510, 1442, 1045, 552, 392, 280, 225, 172, 145, 140, 138, 135, 134, 132),
    (6000, 5755, 3240, 2530, 2135, 1605, 1500, 1200, 595, 425, 285, 245, 175, 170, 160, 155, 150, 145, 142),
    (6428, 5872, 3335, 2780, 2270, 1782, 1590, 1310, 648, 470, 315, 255, 182, 180, 175, 172, 170, 162, 160),
    (6730, 5950, 3490, 2995, 2395, 1890, 1650, 1350, 700, 500, 350, 290, 220, 190, 185, 180, 175, 170, 165),
    (6962, 6122, 3880, 3205, 2465, 1900, 1700, 1400, 835, 545, 375, 310, 228, 195, 190, 185, 182, 181, 180),
    (7945, 6365, 4130, 3470, 2505, 1910, 1755, 1510, 855, 580, 400, 330, 235, 210, 205, 200, 195, 190, 185),
    (8048, 7068, 4442, 3708, 2668, 1930, 1800, 1520, 878, 618, 428, 365, 260, 255, 250, 240, 230, 220, 210),
)


def speed_for(steps: int, duration: int) -> int:
    """Return the speed, 1 to 20, for a way of ``steps`` in ``duration`` ms; 0 for no way."""
    if not steps:
        return 0
    times = TIMES[min(steps, len(TIMES)) - 1]
    return next((speed for speed, time in enumerate(times, start=1) if time < duration), FULL_SPEED)


def time_for(steps: int, speed: int) -> int:
    """Return about how many milliseconds a way of ``steps`` takes at a speed, 1 to 20; none at speed 0."""
    if not steps or not speed:
        return 0
    times = TIMES[min(steps, len(TIMES)) - 1]
    return times[min(speed, len(times)) - 1]
