"""Values that flow through the rooms: frozen, picklable, equal by value."""
