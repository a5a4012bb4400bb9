// Colors as arithmetic: sRGB and HSL, the rules of the palettes, and the contrast of WCAG 2.1.

const CODE = /^#?(?:[0-9a-f]{3}|[0-9a-f]{6})$/i;

// Turns of the hue in degrees, and changes of the lightness in hundredths, for each of the five colors.
const RULES = {
  analogous: [[-60, 0], [-30, 0], [0, 0], [30, 0], [60, 0]],
  complementary: [[0, -15], [0, 0], [0, 15], [180, 0], [180, 15]],
  triadic: [[0, 0], [0, 15], [120, 0], [240, 0], [240, 15]],
  tetradic: [[0, 0], [90, 0], [180, 0], [270, 0], [0, 15]],
  shades: [[0, -30], [0, -15], [0, 0], [0, 15], [0, 30]],
};

/** Returns red, green and blue (0 to 255) of a code such as #3b82f6 or #38f, and null for anything else. */
export function parse(text) {
  const code = text.trim();
  if (!CODE.test(code)) return null;
  const digits = code.replace("#", "");
  const whole = digits.length === 3 ? [...digits].map((digit) => digit + digit).join("") : digits;
  return [0, 2, 4].map((at) => parseInt(whole.slice(at, at + 2), 16));
}

/** Returns the code of a color of three numbers. */
export function code(rgb) {
  return `#${rgb.map((part) => Math.round(part).toString(16).padStart(2, "0")).join("")}`;
}

/** Returns hue (degrees), saturation and lightness (0 to 1). */
export function toHsl(rgb) {
  const [red, green, blue] = rgb.map((part) => part / 255);
  const most = Math.max(red, green, blue);
  const least = Math.min(red, green, blue);
  const span = most - least;
  const lightness = (most + least) / 2;
  if (span === 0) return [0, 0, lightness];
  const saturation = span / (1 - Math.abs(2 * lightness - 1));
  const sector = most === red ? (green - blue) / span : most === green ? (blue - red) / span + 2 : (red - green) / span + 4;
  return [(sector * 60 + 360) % 360, saturation, lightness];
}

/** Returns red, green and blue (0 to 255). */
export function toRgb([hue, saturation, lightness]) {
  const reach = saturation * Math.min(lightness, 1 - lightness);
  return [0, 8, 4].map((shift) => {
    const sector = (shift + hue / 30) % 12;
    return 255 * (lightness - reach * Math.max(-1, Math.min(sector - 3, 9 - sector, 1)));
  });
}

/** Returns the five codes of the palette that `rule` makes of a color. */
export function palette(rgb, rule) {
  const [hue, saturation, lightness] = toHsl(rgb);
  return RULES[rule].map(([turn, change]) => {
    const moved = Math.min(0.95, Math.max(0.05, lightness + change / 100));
    return code(toRgb([(hue + turn + 360) % 360, saturation, change === 0 ? lightness : moved]));
  });
}

function luminance(rgb) {
  const [red, green, blue] = rgb.map((part) => {
    const share = part / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** Returns which text can be read better on a color, black or white, and its contrast (1 to 21). */
export function textOn(rgb) {
  const own = luminance(rgb);
  const onBlack = (own + 0.05) / 0.05;
  const onWhite = 1.05 / (own + 0.05);
  return onBlack >= onWhite ? { text: "black", contrast: onBlack } : { text: "white", contrast: onWhite };
}
