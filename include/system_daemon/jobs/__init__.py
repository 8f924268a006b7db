"""Background jobs: Resque's queues, served without loss."""
