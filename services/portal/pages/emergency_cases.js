// Cases of emergencies out of the history's entries: what was asked, by whom, what came of it, what the review found.

const KINDS = new Set(["asked", "declared", "relayed", "opened", "reviewed"].map((each) => `emergency_${each}`));
const FINDINGS = new Set(["justified", "not_justified"]);

// Newest first; what was refused at once is a case by itself. Only the oversight body tells of them.
export function cases(entries) {
  const gathered = new Map();
  const told = entries.filter(({ body, event }) => body === "oversight" && KINDS.has(event.kind));
  for (const entry of [...told].reverse()) {
    const name = typeof entry.event.detail?.case === "string" ? entry.event.detail.case : Symbol("refused at once");
    gathered.set(name, [...(gathered.get(name) ?? []), entry]);
  }
  return [...gathered.values()].map(caseOf).reverse();
}

function caseOf(entries) {
  const [asked] = entries;
  const done = Object.fromEntries(
    entries.filter(({ event }) => event.outcome !== "refused").map(({ event }) => [event.kind, event]),
  );
  const event = done.emergency_declared ?? asked.event;
  const detail = event.detail ?? {};
  const review = done.emergency_reviewed?.detail ?? {};
  return {
    began: asked.at,
    organisation: asked.organisation ?? "",
    steps: entries.map(stepOf),
    categories: texts(event.categories),
    years: Array.isArray(event.years) ? event.years.filter(Number.isInteger) : [],
    declared: "emergency_declared" in done,
    why: String(detail.why ?? ""),
    professionals: texts(detail.professionals),
    until: Number.isInteger(detail.until) ? detail.until : null,
    due: Number.isInteger(detail.review_due) ? detail.review_due : null,
    finding: FINDINGS.has(review.finding) ? review.finding : null,
    comment: String(review.comment ?? ""),
    late: review.late === true,
  };
}

const stepOf = ({ at, event, verdict }) => ({
  at,
  kind: event.kind.replace("emergency_", ""),
  refused: event.outcome === "refused",
  reason: String(event.reason ?? ""),
  proved: verdict === "proved",
});

const texts = (value) => (Array.isArray(value) ? value.filter((each) => typeof each === "string") : []);
