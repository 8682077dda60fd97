"""What Prometheus is told: how it is counted, gathered from all processes, and served."""
