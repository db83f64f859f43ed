"""Training of classifiers, and export of taught words."""
