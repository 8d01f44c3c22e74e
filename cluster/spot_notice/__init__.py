"""Moves a worker's trials away before its machine goes; run by hand or as the agent that every worker starts."""
