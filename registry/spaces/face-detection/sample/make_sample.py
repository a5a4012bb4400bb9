"""Renders `input.jpg`: the portrait of a person who does not exist, ray-marched from smooth shapes with numpy.

Run it with numpy and Pillow installed: `python make_sample.py`. It takes about a minute.
"""
# ruff: noqa: PLR2004 -- the numbers are the drawing

from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

Array = npt.NDArray[np.float32]
WIDTH, HEIGHT, OVERSAMPLING = 640, 480, 2
KEY_LIGHT = np.array([-0.55, 0.62, 0.8], np.float32) / np.linalg.norm([-0.55, 0.62, 0.8]).astype(np.float32)
RIM_LIGHT = np.array([0.85, 0.35, -0.45], np.float32) / np.linalg.norm([0.85, 0.35, -0.45]).astype(np.float32)
FAR = 9.0


def ellipsoid(p: Array, centre: tuple[float, float, float], radii: tuple[float, float, float]) -> Array:
    scaled = (p - np.float32(centre)) / np.float32(radii)
    length = np.linalg.norm(scaled, axis=-1)
    gradient = np.linalg.norm(scaled / np.float32(radii), axis=-1) + 1e-6
    return length * (length - 1) / gradient


def capsule(p: Array, a: tuple[float, float, float], b: tuple[float, float, float], radius: float) -> Array:
    start, axis = np.float32(a), np.float32(b) - np.float32(a)
    along = np.clip((p - start) @ axis / (axis @ axis), 0, 1)
    return np.linalg.norm(p - start - along[..., None] * axis, axis=-1) - radius


def join(a: Array, b: Array, softness: float) -> Array:
    blend = np.maximum(softness - np.abs(a - b), 0) / softness
    return np.minimum(a, b) - blend * blend * softness / 4


def carve(a: Array, b: Array, softness: float) -> Array:
    return -join(-a, b, softness)


def skin(p: Array) -> Array:
    """Distance to the head and neck; `q` is `p` with both sides folded onto one."""
    q = p * np.float32([0, 1, 1])
    q[..., 0] = np.abs(p[..., 0])
    d = join(ellipsoid(p, (0, 0.32, -0.12), (0.74, 0.84, 0.86)), ellipsoid(p, (0, -0.28, 0.1), (0.63, 0.76, 0.68)), 0.3)
    d = join(d, ellipsoid(p, (0, -0.9, 0.42), (0.22, 0.15, 0.17)), 0.3)
    d = join(d, ellipsoid(q, (0.33, -0.2, 0.45), (0.22, 0.2, 0.22)), 0.25)
    d = join(d, capsule(q, (0.08, 0.3, 0.68), (0.42, 0.3, 0.5), 0.07), 0.18)
    d = carve(d, ellipsoid(q, (0.29, 0.1, 0.86), (0.17, 0.1, 0.17)), 0.16)
    d = join(d, ellipsoid(q, (0.285, 0.09, 0.53), (0.17, 0.15, 0.16)), 0.04)
    d = join(d, capsule(p, (0, 0.22, 0.71), (0, -0.2, 0.9), 0.055), 0.13)
    d = join(d, ellipsoid(p, (0, -0.22, 0.89), (0.1, 0.085, 0.1)), 0.09)
    d = join(d, ellipsoid(q, (0.1, -0.25, 0.8), (0.065, 0.06, 0.08)), 0.06)
    d = carve(d, ellipsoid(q, (0.055, -0.305, 0.86), (0.03, 0.02, 0.04)), 0.03)
    smile = np.concatenate([q[..., :1], q[..., 1:2] - 0.5 * q[..., :1] ** 2, q[..., 2:]], axis=-1)
    d = join(d, ellipsoid(smile, (0, -0.515, 0.66), (0.21, 0.055, 0.12)), 0.06)
    d = join(d, ellipsoid(smile, (0, -0.605, 0.65), (0.18, 0.068, 0.12)), 0.06)
    d = carve(d, ellipsoid(smile, (0, -0.557, 0.8), (0.2, 0.01, 0.1)), 0.025)
    d = join(d, ellipsoid(q, (0.76, 0.02, -0.12), (0.08, 0.22, 0.15)), 0.06)
    return join(d, capsule(p, (0, -0.8, -0.15), (0, -1.9, -0.3), 0.4), 0.2)


def hair(p: Array) -> Array:
    d = join(ellipsoid(p, (0.02, 0.48, -0.22), (0.88, 0.84, 0.9)), ellipsoid(p, (0, 0, -0.45), (0.86, 0.9, 0.62)), 0.3)
    d = carve(d, ellipsoid(p, (0.06, -0.3, 0.75), (0.68, 1.06, 0.95)), 0.12)
    strands = np.sin(34 * p[..., 0] + 7 * p[..., 1] * p[..., 0] + 3 * np.sin(3 * p[..., 2])) * np.sin(
        5 * p[..., 1] + 9 * p[..., 2]
    )
    return d + 0.01 * strands


def shirt(p: Array) -> Array:
    d = join(
        ellipsoid(p, (0, -2.12, -0.35), (1.55, 0.72, 0.62)), capsule(p, (0, -1.38, -0.3), (0, -2, -0.3), 0.52), 0.3
    )
    return carve(d, ellipsoid(p, (0, -1.16, 0.1), (0.46, 0.3, 0.55)), 0.05)


def scene(p: Array) -> Array:
    return np.minimum(np.minimum(skin(p), hair(p)), shirt(p))


def normals(p: Array) -> Array:
    steps = np.float32([[1, -1, -1], [-1, -1, 1], [-1, 1, -1], [1, 1, 1]])
    n = sum(step * scene(p + step * np.float32(0.002))[:, None] for step in steps)
    return n / (np.linalg.norm(n, axis=-1, keepdims=True) + 1e-9)


def shadow(p: Array, light: Array) -> Array:
    """How much of a wide lamp each point sees, 0 to 1."""
    seen, distance = np.ones(len(p), np.float32), np.full(len(p), 0.04, np.float32)
    for _ in range(26):
        d = scene(p + distance[:, None] * light)
        seen = np.minimum(seen, np.clip(0.5 + 4 * d / distance, 0, 1))
        distance += np.clip(d, 0.03, 0.2)
    return seen * seen * (3 - 2 * seen)


def smooth(low: float, high: float, value: Array) -> Array:
    t = np.clip((value - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


def mix(a: Array, b: tuple[float, float, float] | Array, amount: Array) -> Array:
    return a + (np.float32(b) - a) * amount[:, None]


def skin_colours(p: Array, rng: np.random.Generator) -> tuple[Array, Array]:
    """Colour and gloss of the skin, with what is painted on it: eyes, brows and lips."""
    x, y, front = np.abs(p[:, 0]), p[:, 1], p[:, 2] > 0.3
    colour = np.tile(np.float32([0.6, 0.35, 0.25]), (len(p), 1)) * rng.normal(1, 0.02, (len(p), 1)).astype(np.float32)
    flush = np.exp(-(((x - 0.36) / 0.2) ** 2) - ((y + 0.25) / 0.17) ** 2) + 0.7 * np.exp(
        -((x / 0.13) ** 2) - ((y + 0.22) / 0.1) ** 2
    )
    colour = mix(colour, (0.6, 0.2, 0.16), 0.5 * flush * front)
    gloss = np.full(len(p), 0.16, np.float32)

    lip_y = y - 0.5 * x**2
    bow = -0.49 + 0.02 * np.cos(x * 18) * np.exp(-((x / 0.14) ** 2)) - 0.9 * x**2 * (x < 0.3)
    lips = (
        smooth(0.012, -0.012, lip_y - bow) * smooth(-0.665, -0.63, lip_y + -1.5 * x**2) * smooth(0.235, 0.19, x) * front
    )
    colour, gloss = mix(colour, (0.42, 0.1, 0.1), 0.9 * lips), gloss + 0.25 * lips
    colour = mix(
        colour, (0.2, 0.06, 0.06), 0.85 * smooth(0.013, 0.004, np.abs(lip_y + 0.557)) * smooth(0.235, 0.2, x) * front
    )

    brow_y = 0.305 + 0.035 * smooth(0.1, 0.36, x) - 0.09 * smooth(0.36, 0.55, x)
    thickness = 0.05 - 0.06 * np.clip(x - 0.25, 0, 0.3)
    brow = smooth(thickness, thickness * 0.3, np.abs(y - brow_y)) * smooth(0.09, 0.15, x) * smooth(0.5, 0.42, x) * front
    hairs = 0.9 + 0.1 * np.sin(190 * x + 140 * y)
    colour = mix(colour, (0.07, 0.04, 0.03), 0.85 * brow * hairs)

    u = (x - 0.285) / 0.145
    upper, lower = 0.095 + 0.062 * (1 - u**2), 0.095 - 0.05 * (1 - u**2)
    opening = np.minimum(upper - y, y - lower)
    eye = smooth(-0.004, 0.006, opening) * (np.abs(u) < 1) * front
    lash = smooth(0.022, 0.006, np.abs(y - upper)) * (np.abs(u) < 1.02) * front
    crease = smooth(0.012, 0.004, np.abs(y - upper - 0.035 - 0.02 * (1 - u**2))) * smooth(1.05, 0.8, np.abs(u)) * front
    colour = mix(colour, (0.3, 0.14, 0.1), 0.5 * crease)
    iris = np.hypot(x - 0.285, y - 0.1)
    ball = mix(np.tile(np.float32([0.74, 0.7, 0.67]), (len(p), 1)), (0.1, 0.055, 0.03), smooth(0.066, 0.058, iris))
    ball = mix(ball, (0.2, 0.11, 0.05), smooth(0.055, 0.04, iris) * smooth(0.02, 0.03, iris))
    ball = mix(ball, (0.01, 0.01, 0.01), smooth(0.028, 0.022, iris))
    ball *= (0.45 + 0.55 * smooth(0, 0.05, upper - y))[:, None]
    glint = smooth(0.02, 0.01, np.hypot(p[:, 0] + 0.022 - np.sign(p[:, 0]) * 0.285, y - 0.127))
    ball = mix(ball, (2.2, 2.2, 2.2), glint)
    colour = mix(colour + (ball - colour) * eye[:, None], (0.03, 0.02, 0.02), 0.95 * lash)
    return colour, gloss * (1 - eye)


def shade(p: Array, view: Array, rng: np.random.Generator) -> Array:
    distances = np.stack([skin(p), hair(p), shirt(p)], axis=1)
    material = distances.argmin(axis=1)
    colour, gloss = skin_colours(p, rng)
    streak = np.sin(110 * p[:, 0] + 22 * p[:, 1] * p[:, 0] + 4 * np.sin(5 * p[:, 2])) * np.sin(
        4 * p[:, 1] + 7 * p[:, 2]
    )
    brown = (
        np.float32([0.085, 0.048, 0.03]) * (1 + 0.4 * streak + rng.normal(0, 0.15, len(p)).astype(np.float32))[:, None]
    )
    weave = 1 + 0.08 * np.sin(120 * p[:, 0]) * np.sin(120 * p[:, 1])
    blue = np.float32([0.07, 0.15, 0.27]) * weave.astype(np.float32)[:, None]
    colour = np.where((material == 1)[:, None], brown, np.where((material == 2)[:, None], blue, colour))
    gloss = np.where(material == 1, 0.2, np.where(material == 2, 0.02, gloss))

    n = normals(p)
    lit = shadow(p + n * np.float32(0.02), KEY_LIGHT)
    opening = np.ones(len(p), np.float32)
    for reach in (0.05, 0.12, 0.25, 0.45):
        opening -= np.clip(reach - scene(p + n * np.float32(reach)), 0, None) * 0.75
    opening = np.clip(opening, 0.15, 1)
    # Light that enters skin comes out redder and further on: wrap it around, the red most.
    wrap = np.where((material == 0)[:, None], np.float32([0.38, 0.2, 0.14]), np.float32(0.05))
    facing = n @ KEY_LIGHT
    diffuse = np.clip((facing[:, None] + wrap) / (1 + wrap), 0, 1) ** 1.15
    soft_lit = lit[:, None] ** np.where((material == 0)[:, None], np.float32([0.7, 1, 1.1]), np.float32(1))
    light = diffuse * soft_lit * np.float32([1.75, 1.58, 1.4])
    light += (opening * (0.55 + 0.45 * n[:, 1]))[:, None] * np.float32([0.28, 0.34, 0.42])
    light += (opening * np.clip(n @ np.float32([0.7, 0, 0.7]), 0, 1))[:, None] * np.float32([0.2, 0.18, 0.16])
    half = KEY_LIGHT - view
    half /= np.linalg.norm(half, axis=-1, keepdims=True)
    shine = gloss * lit * np.clip((n * half).sum(-1), 0, 1) ** np.where(material == 1, 18, 28)
    edge = np.clip(1 + (n * view).sum(-1), 0, 1) ** 3 * np.clip(n @ RIM_LIGHT + 0.4, 0, 1)
    return colour * light + shine[:, None] + (0.35 * edge * opening)[:, None] * np.float32([1, 0.95, 0.8])


def background(width: int, height: int, rng: np.random.Generator) -> Array:
    """An out-of-focus garden: greens, a bright upper corner and round spots of light."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32) / height
    sky = np.exp(-((x - 1.15) ** 2 + (y - 0.05) ** 2) / 0.35)[..., None]
    picture = np.float32([0.1, 0.17, 0.09]) * (1.1 - 0.5 * y)[..., None] + sky * np.float32([0.75, 0.8, 0.6])
    for _ in range(90):
        centre_x, centre_y, radius = (
            rng.uniform(0, width / height),
            rng.uniform(0, 0.9) ** 1.3,
            rng.uniform(0.02, 0.075),
        )
        tint = np.float32([rng.uniform(0.1, 0.5), rng.uniform(0.25, 0.55), rng.uniform(0.05, 0.25)]) * rng.uniform(
            0.1, 0.4
        )
        disc = smooth(radius * 1.15, radius * 0.75, np.hypot(x - centre_x, y - centre_y))
        picture += disc[..., None] * tint
    return picture


def render() -> Image.Image:
    rng = np.random.default_rng(7)
    width, height = WIDTH * OVERSAMPLING, HEIGHT * OVERSAMPLING
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    rays = np.stack([(x - width / 2) / height, (height / 2 - y) / height, np.full_like(x, -2.1)], axis=-1).reshape(
        -1, 3
    )
    rays /= np.linalg.norm(rays, axis=-1, keepdims=True)
    eye = np.float32([0, -0.2, 6.9])
    picture = background(width, height, rng).reshape(-1, 3)
    travelled, active = np.full(len(rays), 4.5, np.float32), np.arange(len(rays))
    hit = np.zeros(len(rays), bool)
    for _ in range(90):
        d = scene(eye + travelled[active, None] * rays[active])
        hit[active] = d < 0.001
        travelled[active] += 0.8 * d
        active = active[(d >= 0.001) & (travelled[active] < FAR)]
    points = eye + travelled[hit, None] * rays[hit]
    picture[hit] = shade(points.astype(np.float32), rays[hit], rng)

    fall_off = 1 - 0.45 * (((x / width - 0.5) ** 2 + (y / height - 0.5) ** 2) / 0.5)
    exposed = picture.reshape(height, width, 3) * 0.8 * fall_off[..., None]
    film = exposed * (2.51 * exposed + 0.03) / (exposed * (2.43 * exposed + 0.59) + 0.14)
    levels = (np.clip(film, 0, 1) ** (1 / 2.2) * 255).astype(np.uint8)
    small = Image.fromarray(levels).resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)
    small = small.filter(ImageFilter.GaussianBlur(0.5))
    grain = rng.normal(0, 2.2, (HEIGHT, WIDTH, 1)) + rng.normal(0, 1.0, (HEIGHT, WIDTH, 3))
    return Image.fromarray(np.clip(np.asarray(small) + grain, 0, 255).astype(np.uint8))


if __name__ == "__main__":
    render().save(Path(__file__).with_name("input.jpg"), quality=90)
