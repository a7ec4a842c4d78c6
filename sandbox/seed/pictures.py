"""
Draw the catalogue's pictures, so that the project carries no photographs and fetches none.

Everything is drawn twice as large as it is saved; scaling down smooths the edges.
"""

from __future__ import annotations

import math
from io import BytesIO

from PIL import Image, ImageDraw, ImageFilter, ImageFont

SIZE = 800
S = 2  # drawn so many times larger
Colour = tuple[int, int, int]


def product_picture(*, kind: str, colour: str, title: str, note: str) -> bytes:
    """Return a JPEG of a `bag`, `tin`, `pot` or `cup` in this colour; the first two carry *title* and *note*."""
    tint = _rgb(colour)
    picture = _background(tint)
    _shadow(picture, kind)
    draw = ImageDraw.Draw(picture)
    {"bag": _bag, "tin": _tin, "pot": _pot, "cup": _cup}[kind](draw, tint, title, note)
    saved = BytesIO()
    picture.resize((SIZE, SIZE), Image.Resampling.LANCZOS).save(saved, "JPEG", quality=86, optimize=True)
    return saved.getvalue()


def _rgb(colour: str) -> Colour:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _mix(one: Colour, other: Colour, share: float) -> Colour:
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


def _scaled(*numbers: float) -> list[float]:
    return [number * S for number in numbers]


def _background(tint: Colour) -> Image.Image:
    """A wall that is lighter behind the thing, and a table."""
    light, dark = _mix(tint, (255, 250, 240), 0.88), _mix(tint, (238, 228, 212), 0.72)
    small = Image.new("RGB", (80, 80))
    for x in range(80):
        for y in range(80):
            distance = min(math.hypot(x - 40, y - 34) / 52, 1.0)
            small.putpixel((x, y), _mix(light, dark, distance))
    wall = small.resize((SIZE * S, SIZE * S), Image.Resampling.BICUBIC)
    table = _mix(tint, (214, 190, 158), 0.82)
    ImageDraw.Draw(wall).rectangle(_scaled(0, 640, SIZE, SIZE), fill=table)
    return wall.filter(ImageFilter.GaussianBlur(3))


def _shadow(picture: Image.Image, kind: str) -> None:
    half = {"bag": 190, "tin": 175, "pot": 215, "cup": 200}[kind]
    layer = Image.new("L", picture.size, 0)
    ImageDraw.Draw(layer).ellipse(_scaled(400 - half, 655, 400 + half + 40, 715), fill=120)
    layer = layer.filter(ImageFilter.GaussianBlur(22))
    picture.paste((46, 32, 20), mask=layer)


def _sides(draw: ImageDraw.ImageDraw, outline: list[tuple[float, float]], tint: Colour) -> None:
    """Fill an outline in upright strips, bright on the left and dark on the right, as light falls on a body."""
    left, right = min(x for x, _ in outline), max(x for x, _ in outline)
    mask = Image.new("L", (SIZE * S, SIZE * S), 0)
    ImageDraw.Draw(mask).polygon([(x * S, y * S) for x, y in outline], fill=255)
    strip = Image.new("RGB", (256, 1))
    for x in range(256):
        place = x / 255
        glow = math.exp(-(((place - 0.28) / 0.22) ** 2))
        strip.putpixel((x, 0), _mix(_mix(tint, (0, 0, 0), 0.12 + 0.3 * place), (255, 255, 255), 0.2 * glow))
    width = round((right - left) * S)
    body = strip.resize((width, SIZE * S), Image.Resampling.BICUBIC)
    draw._image.paste(
        body, (round(left * S), 0), mask.crop((round(left * S), 0, round(left * S) + width, SIZE * S))
    )


def _label(
    draw: ImageDraw.ImageDraw,
    box: tuple[float, float, float, float],
    tint: Colour,
    title: str,
    note: str,
    motif: str,
) -> None:
    left, top, right, bottom = box
    cream = (250, 245, 234)
    draw.rounded_rectangle(_scaled(*box), radius=14 * S, fill=cream)
    draw.rounded_rectangle(
        _scaled(left + 8, top + 8, right - 8, bottom - 8),
        radius=9 * S,
        outline=_mix(tint, cream, 0.35),
        width=2 * S,
    )
    middle = (left + right) / 2
    (_leaves if motif == "leaf" else _beans)(draw, middle, top + 62, tint)
    ink = _mix(tint, (20, 16, 12), 0.55)
    lines = _lines(title, (right - left - 34) * S)
    y = top + 116
    for line in lines:
        draw.text((middle * S, y * S), line, font=_font(33), fill=ink, anchor="mt")
        y += 40
    draw.text((middle * S, (bottom - 34) * S), note, font=_font(19), fill=_mix(ink, cream, 0.35), anchor="ms")


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size * S)


def _lines(title: str, width: float) -> list[str]:
    lines: list[str] = []
    for word in title.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and _font(33).getlength(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def _leaves(draw: ImageDraw.ImageDraw, x: float, y: float, tint: Colour) -> None:
    for tilt, shade in ((-55, 0.25), (0, 0.0), (55, 0.25)):
        _leaf(draw, x, y + 30, 62, tilt, _mix(tint, (255, 255, 255), shade))


def _leaf(draw: ImageDraw.ImageDraw, x: float, y: float, length: float, tilt: float, colour: Colour) -> None:
    turn = math.radians(tilt)
    points = []
    for side in (1, -1):
        steps = range(21) if side == 1 else range(20, -1, -1)
        for step in steps:
            along = step / 20
            across = side * math.sin(math.pi * along) * length * 0.2
            up = along * length
            points.append(
                (
                    (x + up * math.sin(turn) + across * math.cos(turn)) * S,
                    (y - up * math.cos(turn) + across * math.sin(turn)) * S,
                )
            )
    draw.polygon(points, fill=colour)


def _beans(draw: ImageDraw.ImageDraw, x: float, y: float, tint: Colour) -> None:
    for dx, dy, shade in ((-34, 8, 0.2), (34, 8, 0.2), (0, -8, 0.0)):
        colour = _mix(_mix(tint, (60, 32, 14), 0.45), (255, 255, 255), shade)
        draw.ellipse(_scaled(x + dx - 21, y + dy - 28, x + dx + 21, y + dy + 28), fill=colour)
        draw.arc(
            _scaled(x + dx - 9, y + dy - 26, x + dx + 9, y + dy + 2),
            80,
            280,
            fill=(250, 245, 234),
            width=3 * S,
        )
        draw.arc(
            _scaled(x + dx - 9, y + dy - 2, x + dx + 9, y + dy + 26),
            -100,
            100,
            fill=(250, 245, 234),
            width=3 * S,
        )


def _bag(draw: ImageDraw.ImageDraw, tint: Colour, title: str, note: str) -> None:
    _sides(draw, [(236, 170), (564, 170), (576, 236), (586, 690), (214, 690), (224, 236)], tint)
    dark = _mix(tint, (0, 0, 0), 0.35)
    draw.rectangle(_scaled(230, 164, 570, 214), fill=_mix(tint, (0, 0, 0), 0.2))
    for y in (180, 190, 200):
        draw.line(_scaled(230, y, 570, y), fill=dark, width=2 * S)
    draw.line(_scaled(262, 214, 250, 690), fill=_mix(tint, (255, 255, 255), 0.12), width=3 * S)
    draw.ellipse(_scaled(388, 242, 412, 266), fill=dark)
    _label(draw, (266, 300, 534, 620), tint, title, note, "bean")


def _tin(draw: ImageDraw.ImageDraw, tint: Colour, title: str, note: str) -> None:
    round_bottom = [
        (230 + 170 * (1 - math.cos(a)), 660 + 28 * math.sin(a)) for a in [math.pi * i / 30 for i in range(31)]
    ]
    _sides(draw, [(230, 220), *round_bottom, (570, 220)], tint)
    lid = _mix(tint, (30, 24, 20), 0.3)
    round_lid = [
        (222 + 178 * (1 - math.cos(a)), 246 + 26 * math.sin(a)) for a in [math.pi * i / 30 for i in range(31)]
    ]
    _sides(draw, [(222, 176), *round_lid, (578, 176)], lid)
    draw.ellipse(_scaled(222, 146, 578, 206), fill=_mix(lid, (255, 255, 255), 0.22))
    draw.ellipse(_scaled(246, 154, 554, 198), outline=_mix(lid, (255, 255, 255), 0.4), width=3 * S)
    _label(draw, (270, 314, 530, 616), tint, title, note, "leaf")


def _pot(draw: ImageDraw.ImageDraw, tint: Colour, title: str, note: str) -> None:
    dark = _mix(tint, (0, 0, 0), 0.3)
    draw.arc(_scaled(540, 380, 690, 590), -100, 110, fill=dark, width=28 * S)
    draw.polygon(
        [(p[0] * S, p[1] * S) for p in ((270, 520), (140, 350), (118, 372), (176, 470), (256, 610))],
        fill=dark,
    )
    body = [
        (400 + 205 * math.cos(a), 520 + 172 * math.sin(a)) for a in [2 * math.pi * i / 80 for i in range(80)]
    ]
    _sides(draw, body, tint)
    draw.ellipse(_scaled(290, 336, 510, 404), fill=_mix(tint, (0, 0, 0), 0.22))
    draw.pieslice(_scaled(296, 300, 504, 420), 180, 360, fill=_mix(tint, (255, 255, 255), 0.12))
    draw.ellipse(_scaled(374, 256, 426, 308), fill=dark)
    draw.rounded_rectangle(_scaled(300, 676, 500, 698), radius=8 * S, fill=dark)
    _leaves(draw, 400, 520, _mix(tint, (255, 255, 255), 0.5))


def _cup(draw: ImageDraw.ImageDraw, tint: Colour, title: str, note: str) -> None:
    dark = _mix(tint, (0, 0, 0), 0.28)
    draw.ellipse(_scaled(190, 640, 610, 716), fill=_mix(tint, (255, 255, 255), 0.35))
    draw.ellipse(_scaled(240, 650, 560, 694), fill=_mix(tint, (255, 255, 255), 0.15))
    draw.arc(_scaled(500, 420, 660, 590), -110, 120, fill=dark, width=26 * S)
    base = [
        (310 + 90 * (1 - math.cos(a)), 664 + 16 * math.sin(a)) for a in [math.pi * i / 20 for i in range(21)]
    ]
    _sides(draw, [(240, 400), (262, 560), *base, (538, 560), (560, 400)], tint)
    draw.ellipse(_scaled(240, 362, 560, 438), fill=_mix(tint, (255, 255, 255), 0.3))
    draw.ellipse(_scaled(258, 372, 542, 430), fill=(92, 56, 30))
    draw.ellipse(_scaled(300, 384, 470, 416), fill=(122, 78, 44))
    for x in (340, 400, 460):
        points = [((x + 14 * math.sin(y / 26)) * S, y * S) for y in range(210, 350, 3)]
        draw.line(points, fill=(255, 255, 255), width=6 * S, joint="curve")
