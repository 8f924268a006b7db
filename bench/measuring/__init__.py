"""What the programs of `bench/` share: surroundings to measure in, sampling, and the report."""
