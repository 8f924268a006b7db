"""Whether the cluster around the configuration is ready: asked before the first task fails."""
