"""Measurements on throw-away servers; `script/bench NAME` runs `python -m benchmarks.NAME`."""
