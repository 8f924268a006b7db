"""What generated rows are called. Nobody of this name exists, and no address receives anything."""

from __future__ import annotations

GIVEN_NAMES = (
    "Ana", "Bao", "Carla", "Daniel", "Elena", "Farid", "Greta", "Hugo", "Ines", "Jorge",
    "Kaya", "Lucas", "Mei", "Nadia", "Oriol", "Paula", "Quim", "Rosa", "Samir", "Teresa",
)  # fmt: skip
FAMILY_NAMES = (
    "Alonso", "Berg", "Castillo", "Duran", "Evans", "Ferrer", "Garcia", "Huang", "Ibarra",
    "Jansen", "Kowalski", "Lopez", "Moreau", "Navarro", "Okafor", "Prieto", "Ruiz", "Serra",
    "Torres", "Vidal",
)  # fmt: skip
ZONES = (
    "Europe/Madrid", "Europe/Madrid", "Europe/Madrid", "Europe/Berlin", "Europe/Lisbon",
    "America/Bogota", "America/New_York", "Asia/Shanghai", "Atlantic/Canary", "UTC",
)  # fmt: skip
PROGRAMS = (
    "Heart failure", "Diabetes", "COPD", "Hip replacement", "Pregnancy", "Oncology follow-up",
    "Hypertension", "Kidney transplant", "Stroke rehabilitation", "Asthma", "Smoking cessation",
    "Cardiac surgery",
)  # fmt: skip
TEAMS = ("North clinic", "South clinic", "University hospital", "Health centre", "Home care")
TASKS = (
    "Blood pressure", "Weight", "Weekly questionnaire", "Medication diary", "Glucose profile",
    "Quality of life (EQ-5D)", "Pain scale", "Photo of the wound", "Exercise plan", "Sleep diary",
    "Nutrition advice", "Video visit",
)  # fmt: skip
TEAM_TASKS = ("Review of results", "Phone call", "Report to the doctor", "Plan adjustment")
SERVICE_TASK = "Import of measurements"
ACTIVITIES = (
    ("form", "All questions answered"),
    ("measurement", "128/82 mmHg, 71 bpm"),
    ("measurement", "78.4 kg"),
    ("form", "No pain today, walked for 30 minutes"),
    ("document", "Report of the visit, two pages"),
)


def address(case: int) -> tuple[str, str]:
    r"""E-mail and telephone of a patient; one may be missing (``\N``), never both."""
    # example.org and the numbers 555-0100 to 555-0199 are kept free for such purposes.
    email = r"\N" if case % 6 == 5 else f"patient{case}@example.org"
    phone = r"\N" if case % 6 == 2 else f"+1202555{100 + case % 100:04}"
    return email, phone
