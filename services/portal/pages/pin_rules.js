// What may be chosen as a PIN and as its hint; judged here, as no PIN leaves this browser. Each rule that is broken has a
// name, under which the page's texts say it; null is a good one.

const LONGEST_HINT = 60;
const DIGITS_OF_JAPANESE = ["〇零", "一壱壹弌", "二弐貳贰弍", "三参參叁弎", "四肆", "五伍", "六陸陆", "七漆柒", "八捌", "九玖"];

export const PIN_RULES = {
  authentication(pin) {
    if (!/^[0-9]{4}$/.test(pin)) return "pin_four_digits";
    return isRun(pin) ? "pin_run" : null;
  },
  signature(pin) {
    const mixed = /[0-9]/.test(pin) && /[A-Za-z]/.test(pin);
    if (!/^[A-Za-z0-9]{6,16}$/.test(pin) || !mixed) return "pin_letters_and_digits";
    const parts = pin.toLowerCase().match(/[a-z]+|[0-9]+/g);
    return parts.every((part) => part.length > 1 && isRun(part)) ? "pin_runs" : null;
  },
};

export function hintRule(hint, pin) {
  const signs = [...hint];
  if (hint.trim() === "" || signs.length > LONGEST_HINT) return "hint_length";
  const plain = plainly(hint);
  // digits of other scripts are not read, so they are not let through
  if (/[^\P{N}0-9]/u.test(plain)) return "hint_tells";
  const wanted = pin.toLowerCase();
  const backwards = [...wanted].reverse().join("");
  const digits = plain.replace(/[^0-9]/g, "");
  const tells = [plain, digits].some((text) => text.includes(wanted) || text.includes(backwards));
  return tells ? "hint_tells" : null;
}

function isRun(text) {
  const codes = [...text].map((sign) => sign.codePointAt(0));
  const steps = new Set(codes.slice(1).map((code, place) => code - codes[place]));
  return steps.size <= 1 && [...steps].every((step) => step >= -1 && step <= 1);
}

function plainly(hint) {
  const folded = [...hint.normalize("NFKC").toLowerCase()].map((sign) => {
    const digit = DIGITS_OF_JAPANESE.findIndex((same) => same.includes(sign));
    return digit < 0 ? sign : String(digit);
  });
  return folded.join("").replace(/[^\p{L}\p{N}]/gu, "");
}
