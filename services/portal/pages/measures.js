// What people measure themselves (`services.gateway.measurements`): LOINC code, UCUM unit, words, and what no living person
// is below or above.

export const MEASURES = {
  "body_weight": { "loinc": "29463-7", "unit": "kg", "ja": "体重", "en": "body weight", "least": 0, "most": 700 },
  "body_height": { "loinc": "8302-2", "unit": "cm", "ja": "身長", "en": "body height", "least": 10, "most": 300 },
  "body_temperature": { "loinc": "8310-5", "unit": "Cel", "ja": "体温", "en": "body temperature", "least": 10, "most": 50 },
  "systolic_pressure": { "loinc": "8480-6", "unit": "mm[Hg]", "ja": "収縮期血圧", "en": "systolic blood pressure", "least": 0, "most": 400 },
  "diastolic_pressure": { "loinc": "8462-4", "unit": "mm[Hg]", "ja": "拡張期血圧", "en": "diastolic blood pressure", "least": 0, "most": 300 },
  "heart_rate": { "loinc": "8867-4", "unit": "/min", "ja": "脈拍", "en": "heart rate", "least": 0, "most": 400 },
  "oxygen_saturation": { "loinc": "59408-5", "unit": "%", "ja": "酸素飽和度", "en": "oxygen saturation", "least": 0, "most": 100 },
  "blood_sugar": { "loinc": "2339-0", "unit": "mg/dL", "ja": "血糖", "en": "blood sugar", "least": 0, "most": 3000 }
};

const OWN_PATIENT = "Patient/me";

// A measurement as a FHIR R4 Observation; `at` is a Date.
export function observation(name, value, at) {
  const { loinc, unit, ja, en } = MEASURES[name];
  return {
    resourceType: "Observation",
    id: crypto.randomUUID(),
    status: "final",
    category: [
      { coding: [{ system: "http://terminology.hl7.org/CodeSystem/observation-category", code: "vital-signs" }] },
    ],
    code: { coding: [{ system: "http://loinc.org", code: loinc, display: en }], text: ja },
    subject: { reference: OWN_PATIENT },
    performer: [{ reference: OWN_PATIENT }],
    effectiveDateTime: at.toISOString().replace(/\.\d+Z$/, "+00:00"),
    valueQuantity: { value, unit, system: "http://unitsofmeasure.org", code: unit },
  };
}
