// What a FHIR R4 resource says, in a line: what it is about, its value, its day. Everything else stands in its whole text.

import { currentLanguage, word } from "./words.js";

const ABOUT = ["code", "medicationCodeableConcept", "vaccineCode", "type", "category"];
const DAYS = [
  "effectiveDateTime",
  "authoredOn",
  "occurrenceDateTime",
  "performedDateTime",
  "onsetDateTime",
  "recordedDate",
  "issued",
  "date",
  "created",
];
const PERIODS = ["effectivePeriod", "performedPeriod", "period", "billablePeriod"];

// Returns a title, or null, and facts: pairs of a text's key and a value.
export function clinical(resource) {
  if (resource === null) return { title: null, facts: [] };
  const about = ABOUT.map((name) => concept(resource[name])).find((told) => told !== null) ?? null;
  const kind = word("resources", resource.resourceType) ?? resource.resourceType;
  const facts = [
    ["value", value(resource)],
    ["day", moment(resource)],
  ].filter(([, told]) => told !== null);
  return { title: about === null ? kind : `${kind}: ${about}`, facts };
}

function concept(told) {
  const one = Array.isArray(told) ? told[0] : told;
  if (typeof one !== "object" || one === null) return null;
  const coded = Array.isArray(one.coding) ? one.coding[0] : null;
  // the text is in its author's language, the name of the code mostly in English
  const names = currentLanguage() === "en" ? [coded?.display, one.text] : [one.text, coded?.display];
  const found = names.find((each) => typeof each === "string") ?? coded?.code;
  return typeof found === "string" && found !== "" ? found : null;
}

function value(resource) {
  const { valueQuantity: quantity, valueString: text } = resource;
  if (typeof quantity?.value === "number") return `${quantity.value} ${quantity.unit ?? quantity.code ?? ""}`.trim();
  if (typeof text === "string") return text;
  const coded = concept(resource.valueCodeableConcept);
  if (coded !== null) return coded;
  if (!Array.isArray(resource.component)) return null;
  const parts = resource.component.map((each) => `${concept(each.code) ?? ""} ${value({ ...each, component: null }) ?? ""}`.trim());
  return parts.filter(Boolean).join("; ") || null;
}

function moment(resource) {
  const at = DAYS.map((name) => resource[name]).find((told) => typeof told === "string");
  const told = at ?? PERIODS.map((name) => resource[name]?.start).find((each) => typeof each === "string");
  if (told === undefined) return null;
  const date = new Date(told);
  // a year or a month is shown as it is written
  if (Number.isNaN(date.getTime()) || told.length < 10) return told;
  return new Intl.DateTimeFormat(currentLanguage(), { dateStyle: "medium" }).format(date);
}
