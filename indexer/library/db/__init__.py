"""Database: engine, schema, tables, and rows as values."""
