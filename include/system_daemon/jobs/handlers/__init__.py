"""What runs jobs: an endpoint of the platform, or a Python function."""
