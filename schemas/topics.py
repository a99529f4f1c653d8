"""Every topic of ours by name, once; an installation may put a prefix before all of them (a setting)."""

EVENTS = "app.events"
DEAD_LETTERS = "app.events-dlt"
PROFILES = "user.profiles"
CONTROL = "churn.control"
POPULATION = "churn.population"
WARNINGS = "churn.warnings"
STAGES = "churn.stages"
SIGNS = "churn.signs"
DECISIONS = "churn.decisions"
OUTBOUND = "churn.outbound"
FEEDBACK = "churn.feedback"
BREAKERS = "churn.breakers"
LEASES = "churn.leases"
COUNTS = "churn.counts"

ALL = (
    EVENTS,
    DEAD_LETTERS,
    PROFILES,
    CONTROL,
    POPULATION,
    WARNINGS,
    STAGES,
    SIGNS,
    DECISIONS,
    OUTBOUND,
    FEEDBACK,
    BREAKERS,
    LEASES,
    COUNTS,
)
COMPACTED = frozenset({PROFILES, CONTROL, POPULATION, BREAKERS, LEASES})
"""Their newest record of a key holds; the broker may forget the older ones."""
ONE_PARTITION = frozenset({CONTROL, POPULATION, BREAKERS, LEASES, COUNTS})
"""They are not about one user, or are read whole by everybody."""
