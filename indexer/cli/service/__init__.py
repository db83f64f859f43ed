"""Running as a service: systemd, sockets, signals and log."""
