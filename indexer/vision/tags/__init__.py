"""Tags from model outputs: labels, vocabulary and rules."""
