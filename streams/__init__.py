"""What we compute: pure, total and deterministic; no clock, no network, no log. Time comes in as an argument."""
