"""Würstchen (arXiv 2306.00637): Stages A, B and C, their training in the order A, B, C, and export to a model
bundle.
"""
