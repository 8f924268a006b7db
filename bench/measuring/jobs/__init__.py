"""The parts of `bench/jobs.py`: a target, ours, its peers, and what is compared."""
