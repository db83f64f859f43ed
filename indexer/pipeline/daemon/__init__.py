"""Watch daemon: its loop, lock, status and throttle."""
