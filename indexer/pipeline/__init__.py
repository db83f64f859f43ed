"""Pipeline: where intake, vision and library meet, in workers, scans and the daemon."""
