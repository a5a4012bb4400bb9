// The page: reads the color and the rule, and draws the palette.

import { code, palette, parse, textOn } from "./colors.js";

const [color, picker, rule, list, complaint, told] = ["color", "picker", "rule", "palette", "complaint", "told"].map((id) =>
  document.getElementById(id),
);

function swatch(hex) {
  const { text, contrast } = textOn(parse(hex));
  const button = document.createElement("button");
  button.type = "button";
  button.style.background = hex;
  button.style.color = text;
  button.textContent = hex;
  const note = document.createElement("small");
  note.textContent = `${text} text, ${contrast.toFixed(1)} : 1`;
  button.append(note);
  button.addEventListener("click", () => copy(hex));
  const item = document.createElement("li");
  item.append(button);
  return item;
}

async function copy(hex) {
  try {
    await navigator.clipboard.writeText(hex);
    told.textContent = `${hex} was copied`;
  } catch {
    told.textContent = hex; // the browser does not let pages copy
  }
}

function show() {
  const rgb = parse(color.value);
  complaint.hidden = rgb !== null;
  complaint.textContent = rgb === null ? "That is not a color: write it like #3b82f6" : "";
  if (rgb === null) return;
  picker.value = code(rgb);
  told.textContent = "";
  list.replaceChildren(...palette(rgb, rule.value).map(swatch));
}

color.addEventListener("input", show);
rule.addEventListener("input", show);
picker.addEventListener("input", () => {
  color.value = picker.value;
  show();
});
document.getElementById("choice").addEventListener("submit", (event) => event.preventDefault());
show();
