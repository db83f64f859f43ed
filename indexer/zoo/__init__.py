"""Model zoo: builds models from weights, once, in processes of its own."""
