"""Similar pictures, near duplicates and copies."""
